"""Lists and reports narrowed to the window and township where a case was taken in, with two real offices."""
import json
import pathlib
import sqlite3
import subprocess

import pytest

from desk import Desk
from office import AWAY, World, daemon_path, make_certificate
from test_desk import fits

TONGBANCTL = pathlib.Path(daemon_path()).with_name("tongbanctl")
TOWN, OTHER = f"{AWAY}101", f"{AWAY}102"


def staff(office, *words):
    subprocess.run([TONGBANCTL, "--socket", f"{office.directory}/ctl", "staff", *words], check=True, capture_output=True, timeout=30)


def enrol(office, number, window, township, role="window"):
    base = make_certificate(office.tls, f"staff-{number}", office.tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{office.code}:{number}")
    staff(office, "enrol", number, "--name", "卢小兰", "--role", role, "--certificate", f"{base}.crt",
          *(("--window", window) if window else ()), *(("--township", township) if township else ()))


def take(office, number, **more):
    answer = office.intake(staff=number, **more)
    assert answer.status == 201, answer
    return answer.json()["case"]


@pytest.fixture(scope="module", name="hall")
def taken_in_at_windows():
    """Two windows of two townships, one person who moves between them, one who sits nowhere."""
    world = World()
    try:
        world.start()
        away = world.away
        enrol(away, "0401", "一号窗口", TOWN)
        enrol(away, "0402", "二号窗口", OTHER)
        away.cases = {"one": [take(away, "0401"), take(away, "0401", forward=False)], "two": [take(away, "0402")], "none": [take(away, "0007")]}
        staff(away, "change", "0401", "--window", "二号窗口", "--township", OTHER, "--reason", "调岗")
        away.cases["moved"] = [take(away, "0401")]
        for case in (*away.cases["two"], *away.cases["moved"], away.cases["one"][0]):
            world.home.wait_state(case, "received", "0101")
        assert away.act(away.cases["one"][1], "forward", staff="0402").status == 200 # forwarded from another window: taken in at the first
        world.home.wait_state(away.cases["one"][1], "received", "0101")
        world.home.wait_state(away.cases["none"][0], "received", "0101")
        yield away
        assert world.stop() == [0, 0], "a daemon did not end cleanly"
    finally:
        world.remove()


def listed(office, query, staff_no="0007", path="cases"):
    answer = office.window("GET", f"/window/v1/{path}?{query}", staff=staff_no)
    assert answer.status == 200, answer
    return [row["case"] for row in answer.json()["rows"]]


ONE, TWO = "window=%E4%B8%80%E5%8F%B7%E7%AA%97%E5%8F%A3", "window=%E4%BA%8C%E5%8F%B7%E7%AA%97%E5%8F%A3"


def test_the_list_is_that_of_the_window(hall):
    one, two = hall.cases["one"], hall.cases["two"] + hall.cases["moved"]
    assert listed(hall, ONE) == one[::-1] and listed(hall, TWO) == two[::-1]
    assert listed(hall, f"township={TOWN}") == one[::-1] and listed(hall, f"township={OTHER}") == two[::-1]
    assert listed(hall, f"{ONE}&township={OTHER}") == []
    assert listed(hall, f"{ONE}&open=1&state=received") == [one[0]] or listed(hall, f"{ONE}&open=1") == one[::-1]
    assert listed(hall, f"{ONE}&q={one[0]}") == [one[0]] and listed(hall, f"{TWO}&q={one[0]}") == []
    assert len(listed(hall, f"{TWO}&q=%E5%BC%A0%E4%B8%89")) == len(two)
    assert hall.window("GET", "/window/v1/cases?township=330483101").problem() == "field"
    assert hall.window("GET", "/window/v1/cases?window=%20x").problem() == "field"
    home = hall.world.home
    assert listed(home, TWO, "0101") == [] and len(listed(home, "limit=100", "0101")) == 5 # the counterpart's windows are not ours


def test_pages_of_a_window_go_on(hall):
    two = hall.cases["two"] + hall.cases["moved"]
    first = hall.window("GET", f"/window/v1/cases?{TWO}&limit=1").json()
    assert [row["case"] for row in first["rows"]] == [two[1]] and first["next"]
    assert listed(hall, f"{TWO}&limit=1&cursor={first['next']}") == [two[0]]


def test_the_todo_list_is_that_of_the_window(hall):
    waiting = take(hall, "0402", forward=False)
    try:
        assert listed(hall, TWO, path="todo") == [waiting] == listed(hall, f"township={OTHER}", path="todo")
        assert listed(hall, ONE, path="todo") == [] and waiting in listed(hall, "", path="todo")
        desk = Desk(hall, "0402")
        shown = fits(desk.run("todo", "--window", "二号窗口"))
        assert waiting in shown and "各台账不分窗口" in shown
        assert json.loads(desk.run("todo", "--township", TOWN, "--json")) == {"rows": [], "registers": []}
    finally:
        assert hall.act(waiting, "abandon", {"reason": "误收"}, "0402").status == 200


def test_reports_of_a_window_agree_with_the_ledger(hall):
    supervisor = Desk(hall, "0201")
    one, two = hall.cases["one"], hall.cases["two"] + hall.cases["moved"]
    assert sorted(row["case"] for row in supervisor.json("report", "intake", "--window", "一号窗口")["rows"]) == sorted(one)
    assert {row["case"] for row in supervisor.json("report", "intake", "--township", OTHER)["rows"]} >= set(two)
    assert supervisor.json("report", "daily", "--window", "一号窗口")["totals"]["total"] == 2
    assert supervisor.json("report", "meeting", "--window", "五号窗口")["rows"][0]["count"] == 0
    for words in (("intake", "--window", "一号窗口"), ("desks",), ("intake", "--by", "window"), ("overdue", "--township", TOWN)):
        assert supervisor.json("report", "check", *words)["agree"] is True, words
    assert "窗口" in supervisor.run("report", "contact", "--window", "一号窗口", code=1)
    assert "staff" in supervisor.run("report", "daily", "--by", "staff", code=1)


def test_the_intake_adds_up(hall):
    supervisor = Desk(hall, "0201")
    rows = supervisor.json("report", "intake", "--by", "window")["rows"]
    assert {row["window"]: row["cases"] for row in rows} == {"一号窗口": 2, "二号窗口": 3, "": 1}
    assert {(row["township"], row["staff"]) for row in rows} == {("", "")}
    people = {row["staff"]: row["cases"] for row in supervisor.json("report", "intake", "--by", "staff")["rows"]}
    assert people == {f"{AWAY}:0401": 3, f"{AWAY}:0402": 2, f"{AWAY}:0007": 1}
    towns = {row["township"]: row["cases"] for row in supervisor.json("report", "desks", "--by", "township")["rows"]}
    assert towns == {TOWN: 2, OTHER: 3, "": 1}
    assert len(supervisor.json("report", "desks")["rows"]) == 4
    shown = fits(supervisor.run("report", "intake", "--by", "window"))
    assert "工号" not in shown and "一号窗口" in shown # a column that nothing stands in is left out


def test_one_entry_per_place_and_not_per_case(hall):
    with sqlite3.connect(f"file:{next(hall.directory.rglob('office.db'))}?mode=ro", uri=True) as db:
        lines = [json.loads(line) for (line,) in db.execute("SELECT CAST(line AS TEXT) FROM entry ORDER BY idx")]
    placed = [entry["body"] for entry in lines if entry["type"] == "staff.placed"]
    assert placed == [{"staff": f"{AWAY}:0401", "window": "一号窗口", "township": TOWN}, {"staff": f"{AWAY}:0402", "window": "二号窗口", "township": OTHER},
                      {"staff": f"{AWAY}:0401", "window": "二号窗口", "township": OTHER}]
    assert all("to" not in entry for entry in lines if entry["type"] == "staff.placed")


def test_a_row_that_says_another_window_is_found(hall):
    """Last: it damages the row."""
    case = hall.cases["one"][0]
    assert hall.stop() == 0
    with sqlite3.connect(next(hall.directory.rglob("office.db"))) as db:
        db.execute("UPDATE cases SET desk = '五号窗口' WHERE case_no = ?", (case,))
        db.execute("UPDATE staff_desk SET desk = '五号窗口' WHERE staff = ?", (f"{AWAY}:0402",))
    hall.start()
    checked = json.loads(Desk(hall, "0201").run("report", "check", "desks", "--json", code=1))
    found = {(one["case"], one["field"]) for one in checked["differences"]}
    assert (case, "window") in found and (f"{AWAY}:0402", "staff.placed") in found, checked
