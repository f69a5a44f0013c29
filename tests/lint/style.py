#!/usr/bin/env python3
"""Form of source files: width, tabs, trailing white space, final newline, no unfinished marks."""
import re

from common import files, read, report

# 120 is the aim (.clang-format); a sentence or a call may run over it rather than break badly, never further than this.
WIDTH = 140
WIDTH_OTHER = 165
SOURCES = (".c", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt", ".sql", "dev", "run")
# A row of a table and a line that begins with a literal (SQL, texts) are easier to read whole.
TABLE_ROW = re.compile(r"\\$|^\s*\{.*\},?\s*(/\*.*\*/)?$|^\s*[({]?\"|^\s*[A-Z_]+\(.*\)[,;]?$")
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b(?!_)")


def check(path, text):
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > (WIDTH if path.endswith((".c", ".h")) else WIDTH_OTHER) and not (path.endswith((".c", ".h")) and TABLE_ROW.search(line)):
            problems.append((path, number, f"{len(line)} columns, more than {WIDTH}"))
        if "\t" in line:
            problems.append((path, number, "tab"))
        if "\r" in line:
            problems.append((path, number, "carriage return"))
        if line.rstrip("\r") != line.rstrip():
            problems.append((path, number, "white space at the end"))
        if path.endswith((".c", ".h")) and MARKS.search(line):
            problems.append((path, number, "unfinished work is an issue, not a comment"))
    if text and not text.endswith("\n"):
        problems.append((path, text.count("\n") + 1, "no newline at the end"))
    if text.endswith("\n\n"):
        problems.append((path, text.count("\n"), "empty line at the end"))
    return problems


if __name__ == "__main__":
    report([p for path in files(*SOURCES) for p in check(path, read(path))])
