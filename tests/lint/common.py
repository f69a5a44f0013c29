"""What the lints share: which files there are, and C text without comments or literals."""
import os
import re
import sys

ROOT = os.environ.get("TONGBAN_LINT_ROOT") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = {".git", "build", "__pycache__", ".pytest_cache", "demo-run"}


def files(*suffixes, under=""):
    """Paths relative to the tree, sorted, of the files that end in one of the suffixes (all when none is given)."""
    found = []
    for directory, names, entries in os.walk(os.path.join(ROOT, under)):
        names[:] = [n for n in names if n not in SKIPPED]
        for entry in entries:
            path = os.path.relpath(os.path.join(directory, entry), ROOT)
            if (not suffixes or entry.endswith(suffixes)) and not os.path.islink(os.path.join(ROOT, path)):
                found.append(path)
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace", newline="") as handle:
        return handle.read()


TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def without_comments(text):
    return TOKEN.sub(lambda m: blank(m) if m.group(0).startswith(("//", "/*")) else m.group(0), text)


def code_only(text):
    """The text with comments and literals blanked; positions and lines stay."""
    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def report(problems):
    """Prints problems (path, line, text) and ends the program."""
    for path, line, text in sorted(set(problems)):
        print(f"{path}:{line}: {text}")
    sys.exit(1 if problems else 0)
