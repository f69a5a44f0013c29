#!/usr/bin/env python3
"""Headers: each compiles alone, opens with what it is for, guards itself, and each prototype stands in a commented paragraph."""
import concurrent.futures
import os
import re
import subprocess
import sys

from common import ROOT, code_only, files, read, report

PROTOTYPE = re.compile(r"^(?!static|typedef|#|\s|struct \w+ \{|enum|extern const|return|\})[\w *]+?[ *](\w+)\([^;{]*\)[^;{]*;", re.M)


def check_text(path, text):
    problems = []
    if not text.startswith("/*"):
        problems.append((path, 1, "opens with a comment that says what the module is for"))
    if not re.search(r"#ifndef \w+_H\n#define \w+_H\n", text):
        problems.append((path, 1, "include guard"))
    # paragraphs: between empty lines, with the line each begins at
    line, paragraphs = 1, []
    for paragraph in re.split(r"(\n[ \t]*\n)", text):
        paragraphs.append((line, paragraph))
        line += paragraph.count("\n")
    for start, paragraph in paragraphs:
        code = code_only(paragraph)
        for match in PROTOTYPE.finditer(code):
            before = paragraph[: match.end()] + paragraph[match.end():].split("\n", 1)[0]
            if "/*" not in before and "//" not in before:
                problems.append((path, start + code.count("\n", 0, match.start()), f"{match.group(1)} is not documented"))
    return problems


def compiles(path):
    command = [os.environ.get("CC", "gcc"), "-std=c11", "-D_GNU_SOURCE", '-DTONGBAN_VERSION="0"', "-Wall", "-Wextra", "-Werror", "-I", ROOT]
    command += os.environ.get("TONGBAN_HEADER_CFLAGS", "").split() + ["-fsyntax-only", "-x", "c", os.path.join(ROOT, path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode == 0:
        return []
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    first = next((text for text in lines if " error: " in text), lines[0] if lines else "?")
    return [(path, 1, "does not compile alone: " + first.split(" error: ")[-1])]


if __name__ == "__main__":
    headers = [p for p in files(".h") if not p.startswith("tests/")]
    # what a module keeps to itself is explained where it is done
    found = [p for path in headers if not path.endswith("_internal.h") for p in check_text(path, read(path))]
    if "--no-compile" not in sys.argv:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for problems in pool.map(compiles, headers):
                found += problems
    report(found)
