"""The hook directory: a site's own programs are told each event, at least once and in order, and hold up nobody."""
import json
import os
import subprocess
import time

import pytest

from office import HOME, daemon_path

HOOK = """#!/usr/bin/python3
import json, os, sys
line = sys.stdin.read()
with open({log!r}, "a", encoding="utf-8") as log:
    row = dict(json.loads(line), env={{name: value for name, value in os.environ.items() if name.startswith("TONGBAN_")}}, group=os.getpgrp() == os.getpid(),
               open={{int(fd): os.readlink(f"/proc/self/fd/{{fd}}") for fd in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{{fd}}")}})
    log.write(json.dumps(row) + "\\n")
{more}
"""


def configure(office, timeout=30):
    directory = office.directory / "hooks.d"
    directory.mkdir(mode=0o755)
    office.config.write_text(office.config.read_text() + f"\nhooks: {{directory: '{directory}', timeout_s: {timeout}}}\n")
    return directory


def write_hook(directory, name, log, more="", mode=0o755):
    path = directory / name
    path.write_text(HOOK.format(log=str(log), more=more))
    path.chmod(mode)
    return path


def told(log):
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def wait_for(test, office, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if test():
            return
        time.sleep(0.05)
    raise AssertionError(office.log_text()[-3000:])


def has(log, case, kind):
    return any(row["case"] == case and row["type"] == kind for row in told(log))


def test_events_of_both_sides_in_order_without_persons(fresh):
    log = fresh.directory / "told"
    write_hook(configure(fresh.home), "10-line-system", log)
    fresh.start()
    number = fresh.away.intake().json()["case"]
    fresh.home.wait_state(number, "received")
    assert fresh.home.act(number, "accept").status == 200
    fresh.away.wait_state(number, "accepted")
    wait_for(lambda: has(log, number, "case.accepted"), fresh.home)
    rows = [row for row in told(log) if row["case"] == number]
    assert [(row["type"], row["own"]) for row in rows] == [("case.submitted", False), ("case.received", True), ("case.accepted", True)]
    assert rows[0]["verdict"] == "done" and rows[0]["from"] == "320623" and rows[2]["rev"] == 3
    text = log.read_text()
    assert "\\u5f20\\u4e09" not in text and "33048318500101001X" not in text and "13900001234" not in text
    assert rows[2]["env"] == {"TONGBAN_OFFICE": HOME, "TONGBAN_HOOK": "10-line-system", "TONGBAN_EVENT": rows[2]["id"],
                              "TONGBAN_TYPE": "case.accepted", "TONGBAN_CASE": number, "TONGBAN_ATTEMPT": "1"}
    assert all(row["group"] for row in rows)
    assert all({int(fd) for fd in row["open"]} - {3} == {0, 1, 2} for row in rows), rows  # 3: the directory, or the log itself
    ids = [row["id"] for row in told(log)]
    assert len(ids) == len(set(ids))
    assert fresh.home.metric("hook_failures_total") == 0
    wait_for(lambda: fresh.home.metric("hook_behind_entries") <= 1, fresh.home)
    assert fresh.stop() == [0, 0]


def test_nothing_is_lost_over_kills(fresh):
    log = fresh.directory / "told"
    write_hook(configure(fresh.away), "hook", log)
    fresh.start()
    numbers = []
    for _ in range(4):
        numbers += [fresh.away.intake().json()["case"] for _ in range(5)]
        time.sleep(0.2)
        fresh.away.kill()
        time.sleep(0.5)  # as systemd does: a program that was just being started holds our ports until its exec
        fresh.away.start()
    wait_for(lambda: all(has(log, number, "case.submitted") for number in numbers), fresh.away)
    first = {}
    for row in told(log):
        if row["type"] == "case.submitted":
            first.setdefault(row["case"], len(first))
    assert sorted(first, key=first.get) == numbers  # first seen in the order of the ledger
    assert fresh.stop() == [0, 0]


def test_a_failing_hook_is_tried_again_and_holds_up_nobody(fresh):
    bad, good = fresh.directory / "bad", fresh.directory / "good"
    directory = configure(fresh.away)
    write_hook(directory, "a-bad", bad, "sys.stderr.write('no database\\n' * 1000)\nsys.exit(0 if os.environ['TONGBAN_ATTEMPT'] == '3' else 7)")
    write_hook(directory, "b-good", good)
    fresh.start()
    number = fresh.away.intake().json()["case"]
    wait_for(lambda: has(good, number, "case.submitted"), fresh.away)
    wait_for(lambda: has(bad, number, "case.submitted"), fresh.away)
    wait_for(lambda: len([row for row in told(bad) if row["case"] == number]) >= 3, fresh.away)
    attempts = [row["env"]["TONGBAN_ATTEMPT"] for row in told(bad) if row["case"] == number]
    assert attempts[:3] == ["1", "2", "3"]
    assert len({row["id"] for row in told(bad)[:3]}) == 1
    failed = fresh.away.events("hook_failed")
    assert failed[0]["hook"] == "a-bad" and failed[0]["status"] == 7
    assert len(fresh.away.events("hook_said")) <= 20 * len(told(bad))
    assert fresh.away.metric("hook_failures_total") >= 2 and fresh.away.metric("hook_last_failure_seconds") > 1_000_000_000
    assert fresh.stop() == [0, 0]


def test_a_hook_that_hangs_is_ended_with_its_children(fresh):
    log, pids = fresh.directory / "told", fresh.directory / "pids"
    more = ("import signal, subprocess, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            f"child = subprocess.Popen(['sleep', '600'])\nopen({str(pids)!r}, 'a').write(f'{{child.pid}}\\n')\n"
            "time.sleep(600 if os.environ['TONGBAN_ATTEMPT'] == '1' else 0)")
    write_hook(configure(fresh.away, timeout=1), "hook", log, more.replace("{{", "{").replace("}}", "}"))
    fresh.start()
    number = fresh.away.intake().json()["case"]
    wait_for(lambda: fresh.away.events("hook_failed"), fresh.away)
    assert fresh.away.events("hook_failed")[0]["detail"] == "timed out"
    wait_for(lambda: any(row["case"] == number and int(row["env"]["TONGBAN_ATTEMPT"]) >= 2 for row in told(log)), fresh.away, 60)
    time.sleep(0.5)
    for pid in map(int, pids.read_text().split()[:2]):  # of both tries of the first event
        state = open(f"/proc/{pid}/stat").read().split()[2] if os.path.exists(f"/proc/{pid}/stat") else "gone"
        assert state in ("gone", "Z"), "a child outlived its hook"
    assert fresh.stop() == [0, 0]


def test_stopping_does_not_wait_for_a_hook(fresh):
    log = fresh.directory / "told"
    write_hook(configure(fresh.away), "hook", log, "import time; time.sleep(600)")
    fresh.start()
    number = fresh.away.intake().json()["case"]
    wait_for(lambda: told(log), fresh.away)
    started = time.monotonic()
    assert fresh.stop() == [0, 0]
    assert time.monotonic() - started < 8 and number


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o644])
def test_a_file_that_others_may_write_is_not_run(fresh, mode):
    log = fresh.directory / "told"
    path = write_hook(configure(fresh.away), "hook", log, mode=mode)
    fresh.start()
    number = fresh.away.intake().json()["case"]
    wait_for(lambda: fresh.away.events("hook_refused"), fresh.away)
    assert not told(log)
    path.chmod(0o755)  # put right: it is told everything
    wait_for(lambda: has(log, number, "case.submitted"), fresh.away)
    assert fresh.stop() == [0, 0]


def test_links_strange_names_and_open_directories(fresh):
    log = fresh.directory / "told"
    directory = configure(fresh.away)
    target = write_hook(fresh.directory, "elsewhere", log)
    (directory / "link").symlink_to(target)
    write_hook(directory, "a b", log)
    write_hook(directory, ".hidden", log)
    home = configure(fresh.home)
    write_hook(home, "hook", log)
    home.chmod(0o777)
    fresh.start()
    number = fresh.away.intake().json()["case"]
    fresh.home.wait_state(number, "received")
    wait_for(lambda: fresh.away.events("hook_refused"), fresh.away)
    assert [row["hook"] for row in fresh.away.events("hook_left_out")] == ["a b"]
    assert fresh.home.events("hooks_refused") and not told(log)
    assert fresh.stop() == [0, 0]


def test_a_new_hook_begins_now_and_an_old_one_where_it_was(fresh):
    old, new = fresh.directory / "old", fresh.directory / "new"
    directory = configure(fresh.away)
    write_hook(directory, "old", old)
    fresh.start()
    first = fresh.away.intake().json()["case"]
    other = fresh.away.intake().json()["case"]
    wait_for(lambda: has(old, other, "case.submitted"), fresh.away)  # so the first one is written down as taken: only `other` may come again
    fresh.away.stop()
    write_hook(directory, "new", new)
    fresh.away.start()
    second = fresh.away.intake().json()["case"]
    wait_for(lambda: has(old, second, "case.submitted") and has(new, second, "case.submitted"), fresh.away)
    assert not has(new, first, "case.submitted")
    assert len([row for row in told(old) if row["case"] == first and row["type"] == "case.submitted"]) == 1
    assert fresh.stop() == [0, 0]


def test_a_message_comes_before_what_it_caused(fresh):
    log = fresh.directory / "told"
    write_hook(configure(fresh.home), "hook", log)
    fresh.start()
    fresh.cut()
    numbers = [fresh.away.intake().json()["case"] for _ in range(30)]
    fresh.restore()
    wait_for(lambda: has(log, numbers[-1], "case.received"), fresh.home, 60)
    rows = [(row["case"], row["type"]) for row in told(log)]
    assert all(rows.index((number, "case.submitted")) < rows.index((number, "case.received")) for number in numbers)
    assert [case for case, kind in rows if kind == "case.submitted"] == numbers
    assert len(set(rows)) == len(rows)
    assert fresh.stop() == [0, 0]


def test_the_lag_of_a_failing_hook_grows(fresh):
    log = fresh.directory / "told"
    write_hook(configure(fresh.away), "hook", log, "sys.exit(1)")
    fresh.start()
    for _ in range(5):
        fresh.away.intake()
    wait_for(lambda: fresh.away.metric("hook_behind_entries") >= 5 and fresh.away.metric("hook_failing") == 1, fresh.away)
    assert fresh.stop() == [0, 0]


@pytest.mark.parametrize("value, words", [("{timeout_s: 30}", "directory"), ("{directory: /nonexistent}", "does not exist"),
                                          ("{directory: /tmp, timeout_s: 0}", "1 to 600"), ("{directory: /tmp, timeout_s: 601}", "1 to 600"),
                                          ("{directory: /tmp, shell: yes}", "unknown key")])
def test_a_bad_configuration_is_refused(fresh, value, words):
    fresh.home.config.write_text(fresh.home.config.read_text() + f"\nhooks: {value}\n")
    got = subprocess.run([daemon_path(), "--check-config", "--config", str(fresh.home.config)], capture_output=True, text=True, check=False)
    assert got.returncode == 2 and words in got.stderr, got
