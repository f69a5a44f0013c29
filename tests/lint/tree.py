#!/usr/bin/env python3
"""The tree and its history: no machine paths or secrets in files, every unit test is registered by the glob, commit subjects
have the form `area: imperative`."""
import os
import re
import subprocess
import sys

from common import ROOT, files, read, report

MACHINE = re.compile(r"(?<![\w./-])/(home|Users|root|work|workspace|mnt)/[\w.-]+")
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/]|PRIVATE\+KEY\+[\w/.-]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{20}")
SUBJECT = re.compile(r"^[a-z][a-z0-9._/-]*(, ?[a-z][a-z0-9._/-]*)*: [^\sA-Z].*[^.\s]$")
TEXT = (".c", ".h", ".py", ".sh", ".cmake", ".txt", ".md", ".yaml", ".yml", ".json", ".sql", ".tsv", ".service", ".po", ".1", ".5",
        ".8", "dev", "run")
# Keys that tests are made of and that protect nothing.
TEST_KEYS = re.compile(r"^tests/")


def check_text(path, text):
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        if MACHINE.search(line) and path != "tests/lint/tree.py":
            problems.append((path, number, f"path of one machine: {MACHINE.search(line).group(0)}"))
    if SECRET.search(text) and not TEST_KEYS.match(path):
        problems.append((path, 1, "a private key"))
    return problems


def check_subject(subject):
    if subject.startswith(("Merge ", "Revert ")):
        return None
    if not SUBJECT.match(subject):
        return f"commit subject is not `area: imperative`: {subject}"
    if len(subject) > 100:
        return f"commit subject longer than 100 characters: {subject}"
    return None


def check_history():
    command = ["git", "-c", "safe.directory=*", "-C", ROOT, "log", "--format=%h %s"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError):
        print("no history here: commit subjects not looked at", file=sys.stderr)
        return []
    found = []
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        commit, _, subject = line.partition(" ")
        wrong = check_subject(subject)
        if wrong:
            found.append(("commit " + commit, 0, wrong))
    return found


def check_unit_tests():
    """A program in tests/unit that the glob does not take would be a test that nobody runs."""
    built = re.search(r"foreach\(layer ([^)]*)\)", read("tests/CMakeLists.txt")).group(1).split()
    found = []
    for path in files(".c", under="tests/unit"):
        parts = path.split("/")
        if len(parts) != 4 or parts[2] not in built:
            found.append((path, 1, "tests/CMakeLists.txt does not build this directory"))
        elif "int main(" in read(path) and not os.path.basename(path).startswith("test_"):
            found.append((path, 1, "a test program is named test_*.c"))
    return found


if __name__ == "__main__":
    report([p for path in files(*TEXT) for p in check_text(path, read(path))] + check_unit_tests() + check_history())
