"""The daemon erases by night what is over its retention, says so, and never what is held."""
import datetime
import hashlib
import json
import sqlite3
import subprocess
import tarfile
import time

import pytest

from office import control_path, daemon_path, running
from test_retention import age_all, closed_case, database, due
from test_backup import until

SOON_S = 40


@pytest.fixture(name="world")
def linked():
    with running() as world:
        yield world


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
    assert office.metric("retention_sweep") == 1 and office.metric("retention_failed") == 0 and office.metric("retention_due_age_seconds") == 0
    assert office.metric("retention_due_cases") == 0 and office.metric("retention_swept_timestamp_seconds") > time.time() - 120
    shown = office.control("status", wait=False).communicate(timeout=60)[0]
    assert "cases due: 0; last erased" in shown
    office.control("retention", "release", numbers[1], "--reason", "复议终结")
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


# ---- archived before erased ----

def case_with_material(world, content):
    office = world.away
    answer = office.intake(materials=[{"name": "户口簿", "form": "copy", "sha256": office.upload(content)}])
    number = answer.json()["case"]
    world.home.wait_state(number, "received")
    assert office.act(number, "withdraw", {"reason": "不办了"}, staff="0007").status == 200
    office.wait_state(number, "withdrawn")
    world.home.wait_state(number, "withdrawn")
    return number


def erased_entry(office, number):
    with sqlite3.connect(f"file:{database(office)}?mode=ro", uri=True) as db:
        lines = [json.loads(row[0]) for row in db.execute("SELECT line FROM entry")]
    db.close()
    return next(line["body"] for line in lines if line["type"] == "case.erased" and line["case"] == number)


def test_the_archive_is_there_before_the_case_goes(world, tmp_path):
    office = world.away
    content = b"%PDF-1.4 planted 19491001 " + b"x" * 300000
    number = case_with_material(world, content)
    name = office.case(number).json()["applicant"]["name"]
    place = tmp_path / "archives"
    place.mkdir()
    configure(office, archive=place)
    age_all(office, [number])
    assert office.control_json("retention", "run", "--yes")["rows"][0]["cases"] == 1
    assert "applicant" not in office.case(number).json()
    path = place / f"{number}.tar"
    assert [one.name for one in place.iterdir()] == [path.name] and path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as tar:
        tar.extractall(tmp_path)
    inside = tmp_path / number
    checked = subprocess.run(["sha256sum", "--strict", "-c", "manifest.sha256"], cwd=inside, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked
    assert next(inside.glob("materials/01-*")).read_bytes() == content
    assert json.loads((inside / "case.json").read_text())["applicant"]["name"] == name
    assert {one.name for one in inside.iterdir()} == {"case.json", "timeline.json", "clocks.json", "documents.json", "proof.json", "materials",
                                                      "contents.txt", "metadata.json", "manifest.sha256"}
    verify = subprocess.run([str(control_path().with_name("tongban-verify")), "case", str(inside / "proof.json")],
                            capture_output=True, text=True, check=False)
    assert verify.returncode == 0 and "erased" not in verify.stdout, verify
    assert erased_entry(office, number)["archive"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert office.control_json("verify")["done"]["difference_count"] == 0


def test_without_its_archive_nothing_is_erased(world, tmp_path):
    office = world.away
    place = tmp_path / "away"
    damaged, whole = case_with_material(world, b"%PDF-1.4 one" * 100), case_with_material(world, b"%PDF-1.4 two" * 100)
    configure(office, archive=place)
    age_all(office, [damaged, whole])
    ran = office.control_json("retention", "run", "--yes", code=1)
    assert ran["kept"] == 2 and ran["rows"] == []
    assert "archive could not be written" in office.control("retention", "run", "--yes", code=1)
    assert "No such file" in office.events("retention_kept")[-1]["detail"]
    assert "retention-failed" in {one["finding"] for one in status(office)["findings"]}
    assert (office.metric("retention_failed"), office.metric("retention_sweep"), office.metric("retention_due_cases")) == (1, 0, 2)
    assert office.metric("retention_due_age_seconds") >= 86400 * 300
    place.mkdir()
    (digest,) = {one["sha256"] for one in office.case(damaged).json()["materials"]}
    next(office.directory.rglob(f"materials/{digest[:2]}/{digest}")).write_bytes(b"%PDF-1.4 xxx" * 100)
    ran = office.control_json("retention", "run", "--yes", code=1)
    assert ran["kept"] == 1 and sum(row["cases"] for row in ran["rows"]) == 1
    assert "applicant" in office.case(damaged).json() and "applicant" not in office.case(whole).json()
    assert [one.name for one in place.iterdir()] == [f"{whole}.tar"], "nothing is left of one that failed"
    assert state(office)["kept"] == 1 and state(office)["due"] == 1


def test_more_than_a_page_by_night(world, tmp_path):
    office = world.away
    numbers = [closed_case(world) for _ in range(23)]
    place = tmp_path / "archives"
    place.mkdir()
    configure(office, sweep="true", at=minutes_ago(5), archive=place)
    age_all(office, numbers)
    missed_a_night(office)
    until(lambda: state(office)["erased"] == 23, SOON_S)
    assert len(list(place.iterdir())) == 23 and due(office) == 0
