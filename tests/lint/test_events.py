"""Every LOG( of the program is a row of daemon/base/log_events.inc with its area and level, no row is without a LOG(, what outsiders can
cause has a limit, and the journal reads the catalogues."""
import os
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import common  # noqa: E402

TABLE = "daemon/base/log_events.inc"
ROW = re.compile(r"^(EVENT|FACT)\((\w+), (\w+), (\w+), (\w+),", re.M)
GRAVITY = ["ERR", "WARNING", "NOTICE", "INFO", "DEBUG"]
# each is the shadow of an entry that the counterpart signed, or of an exchange that we began: no more of them than of those
COUNTED_BY_THE_LEDGER = {"message_taken", "message_settled", "batch_delivered", "material_delivered"}
# written by exchange_log: acts that were done, questions at debug; refusals take their limit there
BY_HAND = {"request_done", "request_read", "request_refused"}


def table():
    return {word: (level, area, cause) for _, word, level, area, cause in ROW.findall(common.read(TABLE))}


def calls(text):
    """(line, limited, levels, area, words) of each LOG( and LOG_LIMITED( of a file."""
    plain = common.without_comments(text)
    for match in re.finditer(r"\b(?:LOG(_LIMITED)?|log_event)\(", plain):
        depth, arguments, start = 1, [], match.end()
        for at in range(match.end(), len(plain)):
            depth += {"(": 1, ")": -1}.get(plain[at], 0)
            if depth == 0 or (depth == 1 and plain[at] == ","):
                arguments.append(plain[start:at].strip())
                start = at + 1
            if depth == 0:
                break
        if arguments[0].startswith("enum "):
            continue  # where log_event itself is defined
        if match.group(1):
            arguments.pop(0)
        yield (common.line_of(plain, match.start()), bool(match.group(1)), set(re.findall(r"LOG_LEVEL_(\w+)", arguments[0])),
               arguments[1].removeprefix("LOG_"), re.findall(r'"(\w+)"', arguments[2]))


def sources():
    return [path for path in common.files(".c", under="daemon") if path != "daemon/base/log_journal.c"]


def wrong(path, text, rows):
    found = []
    for line, limited, levels, area, words in calls(text):
        if not words:
            found.append(f"{path}:{line}: the event is no literal")
        for word in words:
            if word not in rows:
                found.append(f"{path}:{line}: event {word} is not in {TABLE}")
                continue
            level, its_area, cause = rows[word]
            if area != its_area:
                found.append(f"{path}:{line}: event {word} is of area {its_area}")
            if levels and len(words) == 1 and min(levels, key=GRAVITY.index) != level:
                found.append(f"{path}:{line}: the gravest level of {word} is {level}")
            outside = cause in ("ANYONE", "PEER", "STAFF") and word not in COUNTED_BY_THE_LEDGER | BY_HAND
            if outside and not limited and path.split("/")[1] in ("net", "api", "peer"):
                found.append(f"{path}:{line}: outsiders can cause {word}: LOG_LIMITED")
    return found


def test_every_call_is_a_row():
    rows = table()
    assert [problem for path in sources() for problem in wrong(path, common.read(path), rows)] == []


def test_every_row_is_called():
    called = {word for path in sources() for call in calls(common.read(path)) for word in call[4]}
    # the limits' own line is written in the log itself
    assert not set(table()) - called


def test_each_word_stands_once():
    words = [row[1] for row in ROW.findall(common.read(TABLE))]
    assert len(words) == len(set(words)) and len(words) > 50


def test_the_lint_finds_what_it_is_for():
    rows = {"known": ("ERR", "NET", "ANYONE")}
    good = 'LOG_LIMITED(LOG_LIMIT_X, LOG_LEVEL_ERR, LOG_NET, "known", LOG_INT("n", f(1, 2)));'
    assert not wrong("daemon/net/x.c", good, rows)
    for bad in ('LOG(LOG_LEVEL_ERR, LOG_NET, "known", LOG_INT("n", 1));', 'LOG_LIMITED(LOG_LIMIT_X, LOG_LEVEL_INFO, LOG_NET, "known", X);',
                'LOG_LIMITED(LOG_LIMIT_X, LOG_LEVEL_ERR, LOG_TLS, "known", X);', 'LOG(LOG_LEVEL_ERR, LOG_NET, "unknown", X);',
                'LOG(LOG_LEVEL_ERR, LOG_NET, word, X);'):
        assert wrong("daemon/net/x.c", bad, rows), bad


def test_the_journal_reads_the_catalogues(tmp_path):
    if not shutil.which("journalctl"):
        pytest.skip("no journalctl on this machine")
    (tmp_path / "usr/lib/systemd/catalog").mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    names = ("tongban.catalog", "tongban.zh_CN.catalog")
    for name in names:
        shutil.copy(os.path.join(common.ROOT, "systemd", name), tmp_path / "usr/lib/systemd/catalog" / name)

    def journalctl(*arguments):
        ran = subprocess.run(["journalctl", f"--root={tmp_path}", *arguments], capture_output=True, text=True, check=False)
        assert ran.returncode == 0 and not ran.stderr, ran.stderr
        return ran.stdout

    journalctl("--update-catalog")
    ids = re.findall(r'"([0-9a-f]{32})"', common.read(TABLE))
    listed = journalctl("--list-catalog").split("\n")
    assert len(ids) > 25 and sorted(ids) == sorted(line.split()[0] for line in listed if line)
    for name in names:
        assert sorted(re.findall(r"^-- ([0-9a-f]{32})$", common.read(f"systemd/{name}"), re.M)) == sorted(ids)
    assert "What to do: " in journalctl("--dump-catalog", ids[0])
    # the other language is in the same database, under its name: the machine need not have that locale
    database = (tmp_path / "var/lib/systemd/catalog/database").read_bytes()
    assert b"zh_CN" in database and database.count("处置：".encode()) == len(ids)


def test_the_journal_is_kept_for_six_months():
    options = dict(line.split("=", 1) for line in common.read("systemd/journald-tongban.conf").splitlines() if re.match(r"[A-Z]\w+=", line))
    assert options["Storage"] == "persistent" and int(options["MaxRetentionSec"].removesuffix("day")) >= 184
    # the keys that journald.conf(5) of Debian 12 knows; journald only warns about others, in its own log
    assert set(options) <= {"Storage", "MaxFileSec", "MaxRetentionSec", "SystemMaxUse", "SystemKeepFree", "Seal", "RateLimitIntervalSec", "RateLimitBurst"}
    assert "systemd/journald-tongban.conf" in common.read("docs/how-to/read-metrics-and-log.md")
