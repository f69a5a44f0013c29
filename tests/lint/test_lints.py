"""Each lint finds what is planted, and lets sound text pass; so does the counting of tests/run.py."""
import os
import re
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import banned  # noqa: E402
import headers  # noqa: E402
import layers  # noqa: E402
import run  # noqa: E402
import style  # noqa: E402
import tree  # noqa: E402


@pytest.mark.parametrize("path, text, wrong", [
    ("proto/a.c", '#include "daemon/base/log.h"\n', True),
    ("proto/a.c", '#include "proto/err.h"\n', False),
    ("proto/a.c", '#include "err.h"\n', True),
    ("proto/a.c", "#include <sqlite3.h>\n", True),
    ("proto/a.c", "#include <openssl/evp.h>\n", True),
    ("proto/suite.c", "#include <openssl/evp.h>\n", False),
    ("daemon/store/a.c", "#include <sqlite3.h>\n", False),
    ("daemon/store/a.c", '#include "daemon/office/office.h"\n', True),
    ("daemon/net/a.c", "#include <llhttp.h>\n", True),
    ("daemon/net/http1.c", "#include <llhttp.h>\n", False),
    ("daemon/net/a.c", '#include "daemon/store/store.h"\n', True),
    ("daemon/api/a.c", "#include <curl/curl.h>\n", True),
    ("daemon/office/a.c", 'const char *q = "SELECT a FROM b";\n', True),
    ("daemon/office/a.c", '/* "SELECT a FROM b" */\n', False),
    ("daemon/store/a.c", 'const char *q = "SELECT a FROM b";\n', False),
    ("daemon/new/a.c", "\n", True),
    ("daemon/main.c", '#include "daemon/api/api.h"\n', False),
    ("client/a.c", '#include "daemon/base/log.h"\n', True),
])
def test_layers(path, text, wrong):
    assert bool(layers.check(path, text)) == wrong


@pytest.mark.parametrize("text, wrong", [
    ("strcpy(a, b);", True), ("x = atoi (s);", True), ("/* strcpy(a, b) */", False), ('puts("strcpy(a)");', False),
    ("my_strcpy(a, b);", False), ("gmtime_r(&a, &b);", False), ("gmtime(&a);", True), ("world->random(c, o, n);", False),
    ("w.time(0);", False), ("t = time(NULL);", True),
])
def test_banned(text, wrong):
    assert bool(banned.check("daemon/office/a.c", text)) == wrong


@pytest.mark.parametrize("text, wrong", [
    ("int a;\n", False), ("int a; \n", True), ("\tint a;\n", True), ("int a;\r\n", True), ("int a;", True), ("int a;\n\n", True),
    ("x" * 141 + "\n", True), ("x" * 140 + "\n", False), ("张" * 140 + "\n", False), ("/* TO" "DO later */\n", True),
])
def test_style(text, wrong):
    assert bool(style.check("proto/a.c", text)) == wrong


GUARD = "/* a: what it is for. */\n#ifndef A_H\n#define A_H\n\n%s\n\n#endif\n"


@pytest.mark.parametrize("body, wrong", [
    ("/* Does a thing. */\nint a_do(void);", False), ("int a_do(void);", True), ("int a_do(void); /* or -1 */", False),
    ("/* Two. */\nint a_do(void);\nint a_undo(void);", False), ("/* One. */\nint a_do(void);\n\nint a_undo(void);", True),
    ("struct a {\n    int (*call)(void);\n};", False),
])
def test_headers(body, wrong):
    assert bool(headers.check_text("proto/a.h", GUARD % body)) == wrong
    assert headers.check_text("proto/a.h", "int x;\n")


@pytest.mark.parametrize("subject, wrong", [
    ("base: add the log", False), ("store, office: keep the verdict", False), ("Add the log", True), ("base: Add the log", True),
    ("base: add the log.", True), ("base:add", True),
])
def test_subjects(subject, wrong):
    assert bool(tree.check_subject(subject)) == wrong


def test_machine_paths():
    assert tree.check_text("a.md", "see /ho" "me/someone/x\n")
    assert not tree.check_text("a.md", "see /usr/share/llhttp\n")
    assert tree.check_text("a.md", "-----BEGIN PRIVATE " "KEY-----\nMIGH\n")


@pytest.mark.parametrize("output, status, expected", [
    ("", 0, (1, 0)), ("", 1, (0, 1)),
    ("[==========] Running 3 test(s).\n[  PASSED  ] 3 test(s).\n", 0, (3, 0)),
    ("[==========] Running 3 test(s).\n[  PASSED  ] 2 test(s).\n[  FAILED  ] 1 test(s), listed below:\n", 1, (2, 1)),
    ("[==========] g: Running 3 test(s).\n", -11, (0, 1)),
    ("[==========] Running 3 test(s).\n[  PASSED  ] 3 test(s).\n", 1, (3, 1)),
    ("[==========] Running 1 test(s).\n[  PASSED  ] 1 test(s).\n[==========] Running 2 test(s).\n[  PASSED  ] 2 test(s).\n", 0, (3, 0)),
])
def test_count(output, status, expected):
    assert run.count(output, status) == expected


def test_a_hanging_or_crashing_program_fails():
    assert run.run_program("x", ["sleep", "5"], {}, "/", 0.2).failed == 1
    assert run.run_program("x", ["sh", "-c", "kill -SEGV $$"], {}, "/", 5).failed == 1
    assert run.run_program("x", ["/nonexistent"], {}, "/", 5).failed == 1
    assert run.run_program("x", ["true"], {}, "/", 5).failed == 0


def test_every_metric_is_counted_somewhere():
    import common

    table = re.findall(r"^    M\(([A-Z_0-9]+), (?:counter|gauge)", common.read("daemon/base/metrics.h"), re.M)
    sources = "".join(common.read(path) for path in common.files(".c", under="daemon"))
    assert len(table) > 30
    assert [name for name in table if not re.search(rf"\bMETRIC_{name}\b", sources)] == []
    series = re.findall(r"^    S\(([A-Z_0-9]+), (?:counter|gauge|histogram)", common.read("daemon/base/series.h"), re.M)
    assert len(series) > 15
    assert [name for name in series if not re.search(rf"\bSERIES_{name}\b", sources)] == []
