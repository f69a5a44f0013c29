"""The daemon erases by night what is over its retention, says so, and never what is held."""
import datetime
import json
import sqlite3
import subprocess
import time

import pytest

from office import World, daemon_path
from test_retention import age_all, closed_case, database, due
from test_backup import until

SOON_S = 40


@pytest.fixture(name="world")
def linked():
    world = World()
    try:
        world.start()
        yield world
        assert world.stop() == [0, 0], "a daemon did not end cleanly"
    finally:
        world.remove()


def configure(office, **members):
    text = ", ".join(f"{key}: {value}" for key, value in members.items())
    with open(office.config, "a", encoding="utf-8") as file:
        file.write(f"retention: {{{text}}}\n")


def minutes_ago(minutes):
    """As the clock of an office says it."""
    then = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))) - datetime.timedelta(minutes=minutes)
    return f'"{then:%H:%M}"'


def status(office):
    """0: nothing is wrong, 1: something is; the halls' certificates and calendars may be."""
    process = office.control("--json", "status", wait=False)
    output, errors = process.communicate(timeout=60)
    assert process.returncode in (0, 1), errors
    return json.loads(output)


def state(office):
    return status(office)["retention"]


def missed_a_night(office):
    """The last pass ended two days ago."""
    long_ago = int(time.time() - 2 * 86400) * 1000
    assert office.stop() == 0
    with sqlite3.connect(database(office)) as db:
        db.execute("INSERT OR REPLACE INTO retention_sweep VALUES (1, ?, ?, 0, 0)", (long_ago - 1, long_ago))
    db.close()
    office.start()


def test_a_missed_night_is_made_up_for(world):
    office = world.away
    numbers = [closed_case(world) for _ in range(2)]
    office.control("retention", "hold", numbers[1], "--reason", "行政复议")
    configure(office, sweep="true", at=minutes_ago(5))
    age_all(office, numbers)
    assert due(office) == 1, "the held one is not"
    missed_a_night(office)
    found = until(lambda: state(office) if (state(office) or {}).get("erased") == 1 else None, SOON_S)
    assert found["sweep"] and found["due"] == 0 and found["kept"] == 0 and found["last"]
    assert "applicant" not in office.case(numbers[0]).json() and "applicant" in office.case(numbers[1]).json()
    assert len(office.events("retention_swept")) == 1
    assert office.metric("retention_due_cases") == 0 and office.metric("retention_swept_timestamp_seconds") > time.time() - 120
    shown = office.control("status", wait=False).communicate(timeout=60)[0]
    assert "0 cases due; last erased" in shown
    office.control("retention", "release", numbers[1])
    assert due(office) == 1


def test_without_it_what_is_due_is_told(world):
    office = world.away
    number = closed_case(world)
    age_all(office, [number])
    found = until(lambda: state(office) if state(office)["due"] == 1 else None, SOON_S)
    assert not found["sweep"] and found["last"] is None and found["erased"] == 0
    findings = status(office)["findings"]
    assert [one["number"] for one in findings if one["finding"] == "retention-old"] == [1]
    assert "applicant" in office.case(number).json(), "nothing is erased without being told to"


def test_the_first_night_waits_for_its_hour(world):
    office = world.away
    number = closed_case(world)
    configure(office, sweep="true", at=minutes_ago(-120))
    age_all(office, [number])
    until(lambda: state(office)["due"] == 1, SOON_S)
    time.sleep(7)
    assert state(office)["due"] == 1 and "applicant" in office.case(number).json()


def test_an_interrupted_one_goes_on_after_the_start(world):
    office = world.away
    number = closed_case(world)
    configure(office, sweep="true", at=minutes_ago(-120))
    age_all(office, [number])
    now = int(time.time() * 1000)
    assert office.stop() == 0
    with sqlite3.connect(database(office)) as db:
        db.execute("INSERT OR REPLACE INTO retention_sweep VALUES (1, ?, ?, 3, 0)", (now - 1000, now - 86400000))
    db.close()
    office.start()
    until(lambda: state(office)["erased"] == 1, SOON_S)
    assert "applicant" not in office.case(number).json()


@pytest.mark.parametrize("members, word", [({"at": '"25:00"'}, "no time of day"), ({"archive": "here"}, "absolute")])
def test_what_makes_no_sense_is_refused(world, members, word):
    office = world.away
    assert office.stop() == 0
    before = office.config.read_text(encoding="utf-8")
    configure(office, **members)
    said = subprocess.run([daemon_path(), "--check-config", "--config", str(office.config)], capture_output=True, text=True, check=False)
    assert said.returncode and word in said.stdout + said.stderr
    office.config.write_text(before, encoding="utf-8")
    office.start()
