"""What an operator does with tongbanctl: is anything wrong, what waits, the counterparts, the intake closed for maintenance."""
import datetime
import json
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time

import pytest

from office import ROOT, control_path, running

WAIT_S = 20


@pytest.fixture(name="world", scope="module")
def linked():
    with running(proxies=True) as world:
        yield world


@pytest.fixture(autouse=True)
def mended(world):
    yield
    world.restore()
    for office in world.offices.values():
        office.control("drain", "--end")
        for other in world.others(office):
            office.control("peer", "resume", other.code)


def until(test, seconds=WAIT_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = test()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come")


def queue(office):
    return office.control_json("queue", "list")


def finding(office, name):
    status = json.loads(run(office, "--json", "status"))
    return next((one for one in status["findings"] if one["finding"] == name), None)


def run(office, *words):
    process = office.control(*words, wait=False)
    return process.communicate(timeout=60)[0]


def test_a_sound_office_says_so(world):
    status = json.loads(run(world.home, "--json", "status"))
    assert status["office"] == world.home.code and status["state"] == "running"
    assert {one["finding"] for one in status["findings"]} <= {"certificate-soon", "calendar-soon"}  # time passes: the year ends
    assert [peer["state"] for peer in status["peers"]] == ["ok"]
    covered = max(line[:4] for line in (ROOT / "config/calendar/holidays.tsv").read_text().splitlines()[1:])
    left = (datetime.date(int(covered), 12, 31) - datetime.datetime.now(datetime.timezone.utc).date()).days
    assert status["certificate_days"] > 0 and status["calendar_days"] in (left, left - 1, left + 1) and status["store"]["ledger_size"] >= 0
    text = run(world.home, "status")
    assert world.away.code in text
    assert max(len(line.encode("gb18030")) for line in text.splitlines()) <= 80


def test_what_waits_is_listed_without_names_and_goes_when_the_link_is_back(world):
    world.cut()
    case = world.away.intake().json()["case"]
    rows = until(lambda: queue(world.away)["rows"])
    assert [row["case"] for row in rows if row["type"] == "case.submitted"] == [case]
    text = world.away.control("queue", "list")
    assert case in text and "case.submitted" in text
    world.restore()
    world.away.control("queue", "retry")
    until(lambda: not queue(world.away)["rows"])
    assert "nothing waits" in world.away.control("queue", "list")


def test_what_holds_up_the_messages_is_said(world):
    world.cut()
    world.away.intake()
    until(lambda: queue(world.away)["held"])
    held = queue(world.away)["held"][0]
    assert held["peer"] == world.home.code and held["failures"] > 0 and held["detail"] and not held["paused"]
    text = world.away.control("queue", "list")
    assert f"{world.home.code}: not delivered" in text and held["detail"] in text and "without gaps" in text and "queue retry" in text
    # by its number, as the list shows it
    assert "without gaps" in world.away.control("queue", "park", str(queue(world.away)["rows"][0]["seq"]), code=1)
    assert "without gaps" not in world.away.control("queue", "park", "ab" * 31, code=1)
    world.restore()
    world.away.control("queue", "retry")
    until(lambda: not queue(world.away)["rows"] and not queue(world.away)["held"])


def test_who_is_paused_is_not_counted_as_tried(world):
    assert world.away.control_json("queue", "retry")["done"] == {"peers": 1, "paused": 0}
    world.away.control("peer", "pause", world.home.code)
    assert world.away.control_json("queue", "retry", code=1)["done"] == {"peers": 0, "paused": 1}
    assert "peer resume" in world.away.control("queue", "retry", "--office", world.home.code, code=1)
    world.away.intake()
    assert f"{world.home.code}: paused" in world.away.control("queue", "list")


def test_a_test_of_one_that_is_paused_meanwhile_ends(world):
    world.home.process.send_signal(signal.SIGSTOP)  # the line is there, and nobody answers
    try:
        testing = world.away.control("peer", "test", world.home.code, wait=False)
        time.sleep(1)
        assert testing.poll() is None
        began = time.monotonic()
        world.away.control("peer", "pause", world.home.code)
        assert "paused meanwhile" in testing.communicate(timeout=10)[0] and testing.returncode == 1
        assert time.monotonic() - began < 5
    finally:
        world.home.process.send_signal(signal.SIGCONT)


def test_it_speaks_of_itself(world):
    for words in (("peer", "list", "--nonsense"), ("nonsense",), ("queue", "nonsense"), ("staff", "enrol", "0099")):
        text = world.home.control(*words, code=2)
        assert "tongbanctl: " in text and "See: tongbanctl --help" in text and "tongban: " not in text and "tongban help" not in text, text
    assert "请看：tongbanctl --help" in world.home.control("nonsense", code=2, language="zh_CN.UTF-8")


def test_a_material_is_parked_and_let_go_again(world):
    digest = world.away.upload(b"%PDF-1.4\n" + b"to be damaged" * 100)
    world.cut()
    assert world.away.intake(materials=[{"name": "原居民身份证", "form": "copy", "sha256": digest}]).status == 201
    stored = next(path for path in world.away.directory.rglob(f"*{digest[2:]}*") if path.is_file())
    stored.chmod(0o600)
    stored.write_bytes(b"%PDF-1.4\n" + b"x" * (stored.stat().st_size - 9))
    world.restore()
    world.away.control("queue", "retry")
    until(lambda: world.away.events("material_failed"))
    assert [row["parked"] for row in queue(world.away)["materials"] if row["material"] == digest] == [False]
    assert "parked" in world.away.control("queue", "park", digest)
    assert [row["parked"] for row in queue(world.away)["materials"] if row["material"] == digest] == [True]
    assert "parked" in world.away.control("queue", "list")
    failures = len(world.away.events("material_failed"))
    world.away.control("queue", "retry")
    time.sleep(1)
    assert len(world.away.events("material_failed")) == failures, "a parked material was tried"
    world.away.control("queue", "park", digest, "--end")
    until(lambda: len(world.away.events("material_failed")) > failures)
    assert "not wait" in world.away.control("queue", "park", "0" * 64, code=1)
    assert "SHA-256" in world.away.control("queue", "park", "abc", code=1)
    world.away.control("queue", "park", digest)


def test_a_counterpart_is_tested_for_real(world):
    said = world.home.control_json("peer", "test", world.away.code)["done"]
    assert said["ok"] and said["ms"] < 20000
    assert "answers" in world.home.control("peer", "test", world.away.code)
    world.cut()
    said = world.home.control_json("peer", "test", world.away.code, code=1)["done"]
    assert not said["ok"] and said["detail"]
    assert "failed" in run(world.home, "peer", "test", world.away.code)
    world.restore()
    world.home.control("peer", "test", world.away.code)
    assert "no counterpart" in world.home.control("peer", "test", "110101", code=1)


def test_a_paused_counterpart_gets_nothing_until_it_is_resumed(world):
    world.away.control("peer", "pause", world.home.code)
    assert finding(world.away, "peer-paused")["about"] == world.home.code
    case = world.away.intake().json()["case"]
    time.sleep(0.5)
    assert any(row["case"] == case for row in queue(world.away)["rows"])
    assert "paused" in world.away.control("peer", "list")
    assert world.away.control("peer", "test", world.home.code, code=1)
    world.away.control("peer", "resume", world.home.code)
    until(lambda: not queue(world.away)["rows"])
    assert finding(world.away, "peer-paused") is None
    assert world.away.events("peer_paused") and world.away.events("peer_resumed")


def test_a_drained_office_refuses_intake_and_delivers_the_rest(world):
    world.cut()
    case = world.away.intake().json()["case"]
    waiting = world.away.control("drain", "--wait", wait=False)
    until(lambda: world.away.intake().status == 503)
    answer = world.away.intake()
    assert answer.problem() == "maintenance" and int(answer.headers["retry-after"]) >= 1
    assert finding(world.away, "draining")["level"] == "notice"
    assert world.away.case(case).status == 200  # everything else goes on
    assert waiting.poll() is None
    world.restore()
    world.away.control("queue", "retry")
    output, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0 and "every message is delivered" in output and "wait" in errors
    world.away.control("drain", "--end")
    assert world.away.intake().status == 201


def test_an_asker_who_leaves_harms_nobody(world):
    world.cut()
    world.away.intake()
    waiting = world.away.control("drain", "--wait", wait=False)
    until(lambda: finding(world.away, "draining"))
    waiting.kill()
    waiting.communicate()
    assert json.loads(run(world.away, "--json", "status"))["state"] == "draining"


def test_a_drain_shows_that_it_lives_and_notices_who_left(world):
    world.cut()
    world.away.intake()
    first = world.away.control("drain", "--wait", wait=False)
    time.sleep(0.3)
    waiting = [world.away.control("drain", "--wait", wait=False) for _ in range(15)]
    time.sleep(12)
    for one in waiting:
        one.kill()
        one.communicate()
    first.terminate()
    assert first.communicate(timeout=10)[1].count("messages that wait") >= 2, "a client that hears nothing for a minute gives up"
    time.sleep(12)
    assert json.loads(run(world.away, "--json", "status"))["state"] == "draining", "sixteen that left hold the socket"


def test_a_drain_does_not_end_while_nobody_knows_what_waits(world):
    world.cut()
    world.away.intake()
    name, = [path for path in world.away.directory.rglob("*.db") if path.is_file()][:1]
    waiting = None
    with sqlite3.connect(name, timeout=10) as db:
        db.execute("ALTER TABLE peer RENAME TO peer_away")
    try:
        waiting = world.away.control("drain", "--wait", wait=False)
        time.sleep(3)
        assert waiting.poll() is None, waiting.communicate()
    finally:
        with sqlite3.connect(name, timeout=10) as db:
            db.execute("ALTER TABLE peer_away RENAME TO peer")
        if waiting:
            waiting.kill()
            waiting.communicate()


def test_the_log_is_changed_while_it_runs(world):
    levels = {row["area"]: row["level"] for row in world.home.control_json("log", "set", "debug", "--area", "peer")["rows"]}
    assert levels["peer"] == "debug" and levels["api"] == "info"
    world.home.control("peer", "test", world.away.code)
    assert until(lambda: world.home.events("batch_delivered") or world.home.events("idle"))
    assert {row["level"] for row in world.home.control_json("log", "set", "info", "--area", "peer")["rows"]} == {"info"}
    for words in (("log", "set", "loud"), ("log", "set", "info", "--area", "moon"), ("log", "set", "default")):
        world.home.control(*words, code=1)


def test_an_area_with_a_level_of_its_own_is_named(world):
    for words in (("debug", "--area", "peer"), ("err", "--area", "net")):
        world.home.control("log", "set", *words)
    said = world.home.control("log", "set", "warning")
    assert "own, whatever the others have: net, peer" in said and "log set default --area" in said
    rows = {row["area"]: row for row in world.home.control_json("log", "levels")["rows"]}
    assert (rows["peer"]["level"], rows["peer"]["own"]) == ("debug", True) and (rows["api"]["level"], rows["api"]["own"]) == ("warning", False)
    world.home.control("log", "set", "default", "--area", "peer")
    assert "whatever" not in world.home.control("log", "set", "default", "--area", "net")
    rows = world.home.control_json("log", "set", "info")["rows"]
    assert {row["level"] for row in rows} == {"info"} and not any(row["own"] for row in rows)


def test_entries_are_searched(world):
    case = world.away.intake().json()["case"]
    rows = world.away.control_json("audit", "search", "--case", case)["rows"]
    assert [row["type"] for row in rows][-1] == "case.submitted" and rows[-1]["staff"].endswith("0007")
    assert all(row["case"] == case for row in rows)
    assert world.away.control_json("audit", "search", "--case", case, "--type", "case.decided")["rows"] == []
    assert world.away.control_json("audit", "search", "--until", "2020-01-01")["rows"] == []
    assert case in world.away.control("audit", "search", "--case", case)
    assert "kind" in world.away.control("audit", "search", "--type", "case.nonsense", code=1)


def test_a_bundle_has_what_helps_and_nothing_that_harms(world, tmp_path):
    path = tmp_path / "bundle.json"
    world.home.control("bundle", "--out", str(path), "--log", str(world.home.log))
    bundle = json.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert bundle["status"]["office"] == world.home.code and bundle["configuration"]["window"]["port"] == world.home.port
    assert isinstance(bundle["configuration"]["staff"], int) and bundle["versions"]["sqlite"] and "tongban_" in bundle["metrics"]
    assert any(isinstance(line, dict) and line.get("event") == "ready" for line in bundle["log"])
    text = path.read_text()
    assert "PRIVATE KEY" not in text and "陆文斌" not in text
    assert "exists" in world.home.control("bundle", "--out", str(path), "--log", str(world.home.log), code=2).lower()
    piped = json.loads(world.home.control("bundle", "--out", "-", "--log", str(world.home.log)))
    assert piped["configuration"] == bundle["configuration"] and not pathlib.Path("-").exists()


def test_what_a_hook_said_is_not_in_the_bundle(world, tmp_path):
    """A hook is a program of the site: what it writes is in the log as it is, and may name anybody."""
    log = tmp_path / "log"
    log.write_text('{"event":"hook_said","text":"欧阳试例"}\n{"TONGBAN_EVENT":"hook_said","TONGBAN_TEXT":"欧阳试例"}\n{"event":"ready"}\n')
    world.home.control("bundle", "--out", str(tmp_path / "bundle.json"), "--log", str(log))
    text = (tmp_path / "bundle.json").read_text()
    assert json.loads(text)["log"] == [{"event": "ready"}] and "试例" not in text and "\\u6b27" not in text


def test_a_bundle_keeps_the_newest_lines(world, tmp_path):
    log = tmp_path / "journalctl"
    log.write_text("#!/bin/sh\nawk 'BEGIN { for (i = 1; i <= 5000; i++) printf \"{\\\"n\\\":%d,\\\"x\\\":\\\"%01400d\\\"}\\n\", i, 0 }'\n")
    log.chmod(0o755)
    out = tmp_path / "bundle.json"
    subprocess.run([control_path(), "--socket", str(world.home.socket), "bundle", "--out", str(out)], check=True,
                   env={"PATH": f"{tmp_path}:/usr/bin:/bin", "LANG": "C"}, stdout=subprocess.DEVNULL)
    lines = json.loads(out.read_text())["log"]
    assert len(lines) > 1000 and lines[-1]["n"] == 5000


def test_the_pages_are_made_from_the_table(world):
    root = pathlib.Path(__file__).resolve().parents[2]
    for option, page in (("--manual", "docs/reference/tongbanctl-commands.md"), ("--man", "client/man/tongbanctl.8"),
                         ("--complete", "client/completion/tongbanctl")):
        made = subprocess.run([control_path(), option], capture_output=True, text=True, check=True).stdout
        assert made == (root / page).read_text(), f"make {page} anew with tongbanctl {option}"


def test_every_finding_has_its_page_and_its_words_in_chinese(world):
    root = pathlib.Path(__file__).resolve().parents[2]
    table = (root / "proto/finding.h").read_text()
    pages = re.findall(r'"((?:how-to|explanation)/[a-z-]+\.md)"\)', table)
    assert len(pages) == len(re.findall(r"^    F\(", table, re.M)) and all(page for page in pages)
    assert [page for page in pages if not (root / "docs" / page).exists()] == []


def test_a_status_sends_the_reader_to_a_page_in_his_language(world, tmp_path):
    world.home.control("drain")
    try:
        for language, page in (("C", "docs/how-to/maintenance.md"), ("zh_CN.UTF-8", "docs/zh/maintenance.md")):
            text = world.home.control("status", code=1, language=language)
            assert re.search(rf"^    (see|参见) +{page}$", text, re.M), text
            assert (pathlib.Path(__file__).resolve().parents[2] / page).exists()
        installed = tmp_path / "tongbanctl"  # away from the build tree
        shutil.copy(control_path(), installed)
        process = subprocess.run([installed, "--socket", str(world.home.socket), "status"], capture_output=True, text=True, timeout=60, check=False,
                                 env={"LANG": "zh_CN.UTF-8", "TONGBAN_LOCALEDIR": str(control_path().parents[1] / "client" / "locale")})
        assert re.search(r"^    参见 +/\S*/share/doc/tongban-common/zh/maintenance\.md$", process.stdout, re.M), process.stdout
    finally:
        world.home.control("drain", "--end")


def test_a_word_that_is_no_yes_opens_and_closes_nothing(world):
    for wrong in ('{"command":"drain","request":{"end":1}}', '{"command":"drain","request":{"wait":"yes"}}'):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(world.home.socket))
            peer.sendall(wrong.encode() + b"\n")
            assert b"problem:field" in peer.recv(65536)
    assert json.loads(run(world.home, "--json", "status"))["state"] == "running"
    world.home.control("bundle", "--out", "/nowhere/bundle", "--log", "/nowhere/log", code=2)


def test_nonsense_is_refused(world):
    for words in (("peer", "pause"), ("peer", "pause", world.away.code, "--wait"), ("status", "now"), ("nothing",), ()):
        assert "tongbanctl" in world.home.control(*words, code=2)
