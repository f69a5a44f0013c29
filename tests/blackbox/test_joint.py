"""Joint cases (多地联办): one intake, legs at three offices, each with its own number, clock and decision."""
import contextlib
import http.client
import json
import os
import pty
import random
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
import unicodedata
import urllib.parse
import uuid

import pytest

from office import AWAY, HOME, ROOT, THIRD, WAIT_S, World, application, daemon_path, item

TRIO = (HOME, AWAY, THIRD)
OFFICES = {"applicant": THIRD, "other": AWAY}


def leg(name, office, code, after=(), **more):
    return {"name": name, "office": office, "item": code, **({"after": list(after)} if after else {}), **more}


MOVE = [  # the household move: permit here, move-out there, move-in here
    leg("permit", "intake", "P1", materials=["book", "photo"], limit={"days": 10, "unit": "working_day"}),
    leg("out", "other", "P2", ["permit"], materials=["book"], passes=["permit"], limit={"days": 5, "unit": "working_day"}),
    leg("in", "intake", "P3", ["out"], materials=["book"], passes=["permit", "out"]),
]
FAN = [leg("a", "other", "P1"), leg("b", "applicant", "P1"), leg("c", "intake", "P1"), leg("d", "other", "P2", ["b"], required=False)]


def joint_item(code, legs, rule="ALL_GRANTED"):
    return item(code, "joint " + code) | {"mode": "JOINT", "legs": legs, "joint_rule": rule}


RULES = ("ALL_GRANTED", "REQUIRED_GRANTED", "ANY_GRANTED", "ALL_DECIDED")
TEMPLATES = [joint_item("MOVE", MOVE)] + [joint_item("FAN" + str(i), FAN, rule) for i, rule in enumerate(RULES)]
TEMPLATES += [joint_item("TWICE", [leg("a", "other", "P1"), leg("b", "other", "P2", ["a"]), leg("c", "applicant", "P1", ["b"], passes=["a"])])]
TEMPLATES += [joint_item("NEST", [leg("a", "intake", "MOVE")]), joint_item("CITY", [leg("a", "intake", "P1"), leg("b", "other", "P2", ["a"])])]
LEGS = [item(code, "leg " + code) for code in ("P1", "P2", "P3")]


def make(**options):
    world = World(codes=TRIO, **options)
    for office in world.offices.values():
        world.write_catalogue(office, [item("GA01", "居民身份证遗失补领"), *LEGS, *TEMPLATES])
    return world


def wait_items(world):
    """Until every office knows the legs of every other."""
    for office in world.offices.values():
        for other in world.others(office):
            end = time.monotonic() + WAIT_S
            while office.window("GET", f"/window/v1/items/{other.code}/P3").status != 200:
                assert time.monotonic() < end, office.log_text()[-2000:]
                time.sleep(0.02)


@contextlib.contextmanager
def running_trio():
    """Three offices with joint items that run and know each other, for the time of a test or of a file; each must end cleanly."""
    world = make()
    try:
        world.start()
        wait_items(world)
        yield world
        assert world.stop() == [0, 0, 0], "a daemon did not end cleanly"
    finally:
        world.remove()


@pytest.fixture(scope="module")
def trio():
    with running_trio() as world:
        yield world


@pytest.fixture
def fresh_trio():
    """Three of its own for one test, with links that can be cut."""
    world = make(proxies=True)
    try:
        world.start()
        wait_items(world)
        yield world
    finally:
        world.remove()


@pytest.fixture
def trio_shipped():
    """Three offices with the shipped joint items."""
    world = World(codes=TRIO)
    try:
        for office in world.offices.values():
            office.edit(r"catalogue:\n(  - [^\n]*\n)*", f"catalogue:\n  - '{ROOT}/config/catalogue/{office.code}/joint.yaml'\n")
        world.start()
        yield world
    finally:
        world.remove()


def form(code, offices=OFFICES, **members):
    body = application(HOME, code, **members)
    del body["forward"]
    return body | {"item": {"code": code}} | ({"offices": offices} if offices is not None else {})


def open_joint(world, code, key=None, offices=OFFICES, **members):
    answer = world.home.window("POST", "/window/v1/joint", form(code, offices, **members), key=key)
    assert answer.status == 201, answer
    return answer.json()


def joint(world, number):
    answer = world.home.window("GET", f"/window/v1/joint/{number}")
    assert answer.status == 200, answer
    return answer.json()


def legs(document):
    return {one["name"]: one for one in document["legs"]}


def states(document):
    return {one["name"]: one["state"] for one in document["legs"]}


def wait_leg(world, number, name, *wanted):
    """The leg once it is in one of the states."""
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        document = joint(world, number)
        if legs(document)[name]["state"] in wanted:
            return legs(document)[name]
        time.sleep(0.02)
    raise AssertionError((name, wanted, document))


def wait_joint(world, number, state):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        document = joint(world, number)
        if document["state"] == state:
            return document
        time.sleep(0.02)
    raise AssertionError((state, document))


def decide(world, one, action="grant", result=None):
    """The officer of the leg's office accepts and decides it."""
    office, case = world.offices[one["office"]], one["case"]
    office.wait_state(case, "received")
    assert office.act(case, "accept").status == 200
    body = {"result": result} if result else {}
    if action == "deny":
        body["reason"] = "the conditions are not met"
    answer = office.act(case, action, body)
    assert answer.status == 200, answer


def entries(office, kind):
    """Bodies of the office's own entries about joint cases, from its database."""
    with tempfile.TemporaryDirectory() as copy:  # no other program may open the live one
        for name in ("office.db", "office.db-wal"):
            if (office.directory / "data" / name).exists():
                shutil.copy(office.directory / "data" / name, copy)
        with sqlite3.connect(f"{copy}/office.db") as db:
            lines = [json.loads(row[0]) for row in db.execute("SELECT line FROM entry ORDER BY idx")]
    return [line for line in lines if line["type"] == kind]


def pdf(name, size=20000):
    return b"%PDF-1.4\n" + name.encode() + b"\n" + uuid.uuid4().hex.encode() * (size // 32) + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"


# ---- local cases ----

def test_local_case_from_window_to_archive(trio):
    home = trio.home
    answer = home.window("POST", "/window/v1/cases", application(HOME, "GA01"))
    assert answer.status == 201, answer
    case = answer.json()["case"]
    assert (answer.json()["state"], answer.json()["pending"]) == ("received", False)
    assert answer.json()["home"] == answer.json()["intake"] == HOME
    assert case in [row["case"] for row in home.window("GET", "/window/v1/todo", staff="0101").json()["rows"]]
    assert home.act(case, "accept", staff="0007").problem() == "not-allowed"
    assert home.act(case, "accept").status == 200
    assert home.act(case, "grant").status == 200
    documents = [{"name": "居民身份证", "copies": 1}]
    assert home.act(case, "delivery", {"way": "pickup", "place": "intake", "documents": documents}).status == 200
    assert case in [row["case"] for row in home.window("GET", "/window/v1/todo").json()["rows"]]
    receipt = {"way": "direct", "place": "窗口", "documents": documents, "received_at": "2026-11-24T09:00:00+08:00", "recipient": "张三",
               "server": "沈佳怡"}
    assert home.act(case, "deliver", receipt, staff="0007").status == 200
    assert home.act(case, "complete").json()["state"] == "completed"
    rows = home.window("GET", f"/window/v1/cases/{case}/timeline").json()["rows"]
    assert [row["rev"] for row in rows] == [1, 2, 3, 4, 5, 6, 7] and not any(row["pending"] for row in rows)
    bundle = home.window("GET", f"/window/v1/cases/{case}/bundle").json()
    assert len(bundle["entries"]) >= 7 and [one["office"] for one in bundle["offices"]] == [HOME]


def test_local_case_taken_in_first_and_forwarded_later(trio):
    home = trio.home
    case = home.window("POST", "/window/v1/cases", application(HOME, "GA01", forward=False)).json()["case"]
    assert home.case(case).json()["state"] == "intaken"
    assert home.act(case, "accept").status == 403 or home.act(case, "accept").status == 409
    digest = home.upload(pdf("later"))
    material = {"materials": [{"name": "later", "form": "copy", "sha256": digest}]}
    assert home.act(case, "material", material, staff="0007").status == 200
    assert home.act(case, "forward", staff="0007").json()["state"] == "received"
    assert home.act(case, "notice", {"defects": [{"material": "x", "defect": "y", "standard": "z", "cure": "w"}],
                                     "deadline": "2099-01-04"}).status == 200
    assert home.act(case, "supplement", material, staff="0007").json()["state"] == "supplemented"
    assert home.act(case, "withdraw", {"reason": "no longer needed"}, staff="0007").json()["state"] == "withdrawn"
    second = home.window("POST", "/window/v1/cases", application(HOME, "GA01", forward=False)).json()["case"]
    assert home.act(second, "abandon", {"reason": "twice"}, staff="0007").json()["state"] == "abandoned"


def test_nothing_of_a_local_case_leaves(trio):
    before = len(entries(trio.home, "case.submitted"))
    case = trio.home.window("POST", "/window/v1/cases", application(HOME, "GA01")).json()["case"]
    own = [line for line in entries(trio.home, "case.submitted") if line["case"] == case]
    assert len(entries(trio.home, "case.submitted")) == before + 1
    assert "to" not in own[0] and "seq" not in own[0] and "authorisation" not in own[0] and own[0]["rev"] == 1
    for other in trio.others(trio.home):
        assert other.window("GET", f"/window/v1/cases?q={case}").json()["rows"] == []


# ---- the whole way ----

def test_the_household_move(trio):
    book, photo = trio.home.upload(pdf("book")), trio.home.upload(pdf("photo"))
    materials = [{"name": "book", "form": "original", "original_seen": True, "sha256": book},
                 {"name": "photo", "form": "copy", "sha256": photo}]
    document = open_joint(trio, "MOVE", materials=materials)
    number = document["joint"]
    assert document["state"] == "running" and document["outlook"] == "running" and document["progress"] == {"granted": 0, "settled": 0, "of": 3}
    assert states(document) == {"permit": "open", "out": "waiting", "in": "waiting"}
    first = legs(document)["permit"]
    assert first["case_state"] == "received" and first["limit_due"]["date"] and legs(document)["out"]["waits_for"] == ["permit"]
    # the permit's own result goes on to the move-out
    permit = trio.home.upload(pdf("permit"), staff="0101")
    decide(trio, first, result={"name": "准予迁入证明", "number": "TX-1", "sha256": permit})
    second = legs(joint(trio, number))["out"]
    assert second["state"] == "open" and second["office"] == AWAY and second["case"] != first["case"]
    trio.away.wait_state(second["case"], "received")
    there = trio.away.case(second["case"]).json()
    assert there["joint"] == {"id": number, "title": "joint MOVE", "leg": "out", "n": 2, "of": 3, "limit": {"days": 5, "unit": "working_day"}}
    assert [one["name"] for one in there["materials"]] == ["book", "准予迁入证明"]
    assert [one.get("sha256") for one in there["materials"]] == [book, permit] and all(one["here"] for one in there["materials"])
    # the move-out's certificate comes back and goes on to the move-in
    certificate = trio.away.upload(pdf("certificate"), staff="0101")
    decide(trio, second, result={"name": "户口迁移证", "sha256": certificate})
    third = wait_leg(trio, number, "in", "open")
    trio.home.wait_state(third["case"], "received")
    last = trio.home.case(third["case"]).json()
    assert [one["name"] for one in last["materials"]] == ["book", "准予迁入证明", "户口迁移证"]
    assert last["times"]["handed_in"] > there["times"]["handed_in"]
    decide(trio, third)
    done = joint(trio, number)
    assert (done["state"], done["outlook"], done["progress"]["granted"]) == ("granted", "granted", 3) and done["closed_at"]
    opened = [line for line in entries(trio.home, "joint.opened") if line["case"] == number]
    closed = [line for line in entries(trio.home, "joint.closed") if line["case"] == number]
    assert len(opened) == len(closed) == 1
    assert opened[0]["actor"]["staff"] == f"{HOME}:0007" and "actor" not in closed[0]  # the last leg closes it, nobody else
    assert closed[0]["body"]["state"] == "granted"
    assert [one["case"] for one in closed[0]["body"]["legs"]] == [first["case"], second["case"], third["case"]]
    # what a leg's office knows of the joint case is in its case; the joint case itself is the opener's
    assert trio.away.window("GET", f"/window/v1/joint/{number}").problem() == "not-found"
    assert trio.home.case(number).problem() == "not-found" and "joint case" in trio.home.case(number).json()["detail"]
    for office, one in ((trio.home, first), (trio.away, second), (trio.home, third)):
        assert office.window("GET", f"/window/v1/cases/{one['case']}/bundle").status == 200


def test_parallel_legs_begin_together(trio):
    document = open_joint(trio, "FAN0")
    assert states(document) == {"a": "open", "b": "open", "c": "open", "d": "waiting"}
    cases = {one["name"]: one["case"] for one in document["legs"]}
    for name, office in (("a", trio.away), ("b", trio.offices[THIRD]), ("c", trio.home)):
        office.wait_state(cases[name], "received")
    handed = {name: trio.home.case(cases[name]).json()["times"]["handed_in"] for name in "abc"}
    assert len(set(handed.values())) == 1, "received by all at once (浙江 art. 5)"


def test_one_city_alone(trio):
    """一件事 within one office: nothing leaves, the legs still follow each other."""
    document = open_joint(trio, "CITY", offices={"other": HOME})
    decide(trio, legs(document)["a"])
    second = legs(joint(trio, document["joint"]))["b"]
    assert second["office"] == HOME and second["case_state"] == "received"
    decide(trio, second)
    assert joint(trio, document["joint"])["state"] == "granted"


def test_a_joint_item_is_not_one_case(trio):
    for office, home in ((trio.home, HOME), (trio.away, HOME)):
        answer = office.window("POST", "/window/v1/cases", application(home, "MOVE"))
        assert answer.problem() == "field" and "joint new" in answer.json()["detail"]


def local_day():
    """Today at the offices."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))


def test_the_shipped_templates(trio_shipped):
    """LB01 and LB02 as they are in config/catalogue, each leg under the clock that the law gives it."""
    world = trio_shipped
    for code, other, limits in (("LB01", THIRD, (10, 5, 1)), ("LB02", AWAY, (15, 15, 15))):
        before = local_day()
        answer = world.home.window("POST", "/window/v1/joint", form(code, {"other": other}))
        assert answer.status == 201, answer
        number = answer.json()["joint"]
        for n, days in enumerate(limits):
            name = answer.json()["legs"][n]["name"]
            one = wait_leg(world, number, name, "open")
            # from the day on which it was opened; midnight may have been since
            due = [json.loads(tongban(world, world.home, "--json", "calendar", "add", day, str(days)))["date"] for day in (before, local_day())]
            assert one["limit"] == {"days": days, "unit": "working_day"} and one["limit_due"]["date"] in due
            office = world.offices[one["office"]]
            assert one["office"] == (other if n == 1 else HOME)
            office.wait_state(one["case"], "received")
            accepted = office.act(one["case"], "accept").json()
            assert accepted["due"]["what"] == "decision" and accepted["due"]["date"] in due
            assert office.act(one["case"], "grant").status == 200
        wait_joint(world, number, "granted")


# ---- a leg's refusal ----

ENDS = {  # rule -> state when b is refused (and d, which hangs on it, never opened), and when only the optional d is
    "ALL_GRANTED": ("refused", "refused"), "REQUIRED_GRANTED": ("refused", "partly"), "ANY_GRANTED": ("granted", "granted"),
    "ALL_DECIDED": ("partly", "partly"),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_refused_leg_stops_its_followers_and_nothing_else(trio, rule):
    document = open_joint(trio, "FAN" + str(RULES.index(rule)))
    number, one = document["joint"], legs(document)
    third = trio.offices[THIRD]
    third.wait_state(one["b"]["case"], "received")
    refusal = {"reason_class": "NOT_REQUIRED", "reason": "not needed", "legal_basis": "行政许可法32"}
    assert third.act(one["b"]["case"], "refuse", refusal).status == 200
    wait_leg(trio, number, "b", "refused")
    document = joint(trio, number)
    assert states(document) == {"a": "open", "b": "refused", "c": "open", "d": "stopped"}
    assert document["state"] == "running" and legs(document)["d"]["case"] is None and legs(document)["d"]["reason"]
    assert document["outlook"] == ("refused" if rule in ("ALL_GRANTED", "REQUIRED_GRANTED") else "running")
    decide(trio, one["a"])
    decide(trio, one["c"])
    assert wait_joint(trio, number, ENDS[rule][0])["progress"] == {"granted": 2, "settled": 4, "of": 4}


@pytest.mark.parametrize("rule", RULES)
def test_a_denied_optional_leg(trio, rule):
    document = open_joint(trio, "FAN" + str(RULES.index(rule)))
    number = document["joint"]
    for name in "abc":
        decide(trio, legs(document)[name])
    last = wait_leg(trio, number, "d", "open")
    assert joint(trio, number)["outlook"] == ("granted" if rule == "ANY_GRANTED" else "running")
    decide(trio, last, "deny")
    assert states(wait_joint(trio, number, ENDS[rule][1]))["d"] == "refused"


def test_one_leg_withdrawn_by_the_applicant(trio):
    document = open_joint(trio, "FAN3")
    number, one = document["joint"], legs(document)
    trio.offices[THIRD].wait_state(one["b"]["case"], "received")
    assert trio.home.act(one["b"]["case"], "withdraw", {"reason": "changed my mind"}, staff="0007").status == 200
    wait_leg(trio, number, "b", "withdrawn")
    assert states(joint(trio, number)) == {"a": "open", "b": "withdrawn", "c": "open", "d": "stopped"}


def test_withdrawing_the_whole(trio):
    document = open_joint(trio, "FAN0")
    number, one = document["joint"], legs(document)
    decide(trio, one["c"])
    path = f"/window/v1/joint/{number}/withdraw"
    assert trio.home.window("POST", path, {}).problem() == "field"
    assert trio.home.window("POST", path, {"reason": "moved away"}, staff="0101").problem() == "not-allowed"
    key = str(uuid.uuid4())
    answer = trio.home.window("POST", path, {"reason": "moved away"}, key=key)
    assert answer.status == 200 and answer.json()["withdrawn"] and states(answer.json())["d"] == "stopped"
    assert trio.home.window("POST", path, {"reason": "moved away"}, key=key).body == answer.body
    assert trio.home.window("POST", path, {"reason": "moved away"}).problem() in ("already-done", "transition")
    done = wait_joint(trio, number, "withdrawn")
    assert states(done) == {"a": "withdrawn", "b": "withdrawn", "c": "granted", "d": "stopped"}
    trio.away.wait_state(one["a"]["case"], "withdrawn")
    assert trio.home.window("POST", path, {"reason": "again"}).problem() == "transition"


def test_a_local_leg_is_withdrawn_at_once(trio):
    number = open_joint(trio, "MOVE")["joint"]
    answer = trio.home.window("POST", f"/window/v1/joint/{number}/withdraw", {"reason": "no"})
    assert answer.json()["state"] == "withdrawn" and states(answer.json()) == {"permit": "withdrawn", "out": "stopped", "in": "stopped"}


# ---- materials ----

def test_the_same_material_crosses_once(fresh_trio):
    size = 3_000_000
    content = b"%PDF-1.4\n" + os.urandom(size) + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    digest = fresh_trio.home.upload(content)
    link, third = fresh_trio.links[HOME, AWAY], fresh_trio.links[HOME, THIRD]
    document = open_joint(fresh_trio, "TWICE", materials=[{"name": "book", "form": "copy", "sha256": digest}])
    number = document["joint"]
    fresh_trio.away.wait_state(legs(document)["a"]["case"], "received")
    once = link.carried
    assert size < once < 1.2 * size
    result = os.urandom(size)
    paper = fresh_trio.away.upload(b"%PDF-1.4\n" + result + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n", staff="0101")
    decide(fresh_trio, legs(document)["a"], result={"name": "paper", "sha256": paper})
    second = wait_leg(fresh_trio, number, "b", "open")
    fresh_trio.away.wait_state(second["case"], "received")
    assert link.carried - once < 0.1 * size, "the second leg's office has it"
    assert fresh_trio.away.metric("materials_received_total") == 2
    decide(fresh_trio, second)
    last = wait_leg(fresh_trio, number, "c", "open")
    fresh_trio.offices[THIRD].wait_state(last["case"], "received")
    assert 2 * size < third.carried < 2.3 * size, "the material and the earlier leg's result"
    there = fresh_trio.offices[THIRD].case(last["case"]).json()["materials"]
    assert [one["sha256"] for one in there] == [digest, paper] and all(one["here"] for one in there)


# ---- when something breaks ----

def test_one_link_down_and_back(fresh_trio):
    for pair in ((HOME, AWAY), (AWAY, HOME)):
        fresh_trio.links[pair].cut()
    document = open_joint(fresh_trio, "FAN0")
    number, one = document["joint"], legs(document)
    decide(fresh_trio, one["b"])
    decide(fresh_trio, one["c"])
    assert wait_leg(fresh_trio, number, "d", "open")["case_pending"]
    assert states(joint(fresh_trio, number)) == {"a": "open", "b": "granted", "c": "granted", "d": "open"}
    for pair in ((HOME, AWAY), (AWAY, HOME)):
        fresh_trio.links[pair].restore()
    for office in fresh_trio.offices.values():
        office.control("queue", "retry")
    decide(fresh_trio, one["a"])
    decide(fresh_trio, legs(joint(fresh_trio, number))["d"])
    wait_joint(fresh_trio, number, "granted")


def test_killed_in_the_middle(fresh_trio):
    home, away = fresh_trio.home, fresh_trio.away
    key = str(uuid.uuid4())
    document = open_joint(fresh_trio, "MOVE", key=key)
    home.kill()
    home.start()
    assert open_joint(fresh_trio, "MOVE", key=key) == document, "what was answered is there, once"
    assert len(entries(home, "joint.opened")) == 1
    decide(fresh_trio, legs(document)["permit"])
    home.kill()
    home.start()
    second = legs(joint(fresh_trio, document["joint"]))["out"]
    assert second["state"] == "open", "the next leg came with the decision before it, or not at all"
    away.wait_state(second["case"], "received")
    home.kill()
    decide(fresh_trio, second)
    away.kill()
    away.start()
    home.start()
    third = wait_leg(fresh_trio, document["joint"], "in", "open")
    decide(fresh_trio, third)
    home.kill()
    home.start()
    assert joint(fresh_trio, document["joint"])["state"] == "granted"
    assert len([line for line in entries(home, "case.submitted") if line["body"].get("joint")]) == 3


def spoil(office, sql):
    """Changes what an office believes while it is down."""
    assert office.stop() == 0
    with sqlite3.connect(office.directory / "data" / "office.db") as db:
        assert db.execute(sql).rowcount
    office.start()


def test_a_leg_that_cannot_be_opened_any_more(fresh_trio):
    document = open_joint(fresh_trio, "MOVE")
    spoil(fresh_trio.home, f"UPDATE authorisation SET until_day = 1 WHERE principal = '{AWAY}'")
    decide(fresh_trio, legs(document)["permit"])
    done = wait_joint(fresh_trio, document["joint"], "refused")
    assert states(done) == {"permit": "granted", "out": "refused", "in": "stopped"}
    assert "authorised" in legs(done)["out"]["reason"] and legs(done)["out"]["case"] is None
    answer = fresh_trio.home.window("POST", "/window/v1/joint", form("MOVE"))
    assert answer.problem() == "no-authorisation" and answer.json()["detail"].startswith("leg out: ")


def test_a_leg_that_its_office_does_not_take(fresh_trio):
    spoil(fresh_trio.away, f"UPDATE authorisation SET until_day = 1 WHERE principal = '{AWAY}'")
    number = open_joint(fresh_trio, "FAN2")["joint"]
    assert "did not take" in wait_leg(fresh_trio, number, "a", "refused")["reason"]
    assert states(joint(fresh_trio, number)) == {"a": "refused", "b": "open", "c": "open", "d": "waiting"}


# ---- lists and bad input ----

def test_lists_mask_and_page(trio):
    number = open_joint(trio, "MOVE")["joint"]
    rows = trio.home.window("GET", "/window/v1/joint?limit=1").json()
    assert [row["joint"] for row in rows["rows"]] == [number] and rows["next"]
    older = trio.home.window("GET", f"/window/v1/joint?limit=100&cursor={rows['next']}").json()["rows"]
    assert number not in [row["joint"] for row in older]
    for word in (number, "张三", "33048318500101001X"):
        rows = trio.home.window("GET", f"/window/v1/joint?open=1&q={urllib.parse.quote(word)}").json()["rows"]
        assert number in [row["joint"] for row in rows] and all(row["state"] == "running" for row in rows)
    for text in (json.dumps(rows, ensure_ascii=False), json.dumps(joint(trio, number), ensure_ascii=False)):
        assert "张三" not in text and "33048318500101001X" not in text
    assert trio.home.window("GET", "/window/v1/joint?q=nobody").json()["rows"] == []
    assert trio.home.window("GET", "/window/v1/joint?limit=0").problem() == "field"


BAD = [
    ("a leg of legs", form("NEST"), "field"),
    ("unknown item", form("NONE"), "item-unknown"), ("not a joint item", form("P1"), "field"), ("no offices", form("MOVE", None), "field"),
    ("offices of another kind", form("MOVE", ["x"]), "field"), ("unknown role", form("MOVE", {"third": AWAY}), "field"),
    ("not an office", form("MOVE", {"other": "x"}), "field"), ("a number", form("MOVE", {"other": 320623}), "field"),
    ("unknown office", form("MOVE", {"other": "110101"}), "field"), ("foreign item", form("MOVE") | {"item": {"code": "MOVE", "office": AWAY}}, "field"),
    ("no item", {k: v for k, v in form("MOVE").items() if k != "item"}, "field"), ("forward", form("MOVE") | {"forward": True}, "field"),
    ("a joint of its own", form("MOVE") | {"joint": {"id": "1"}}, "field"), ("legs of its own", form("MOVE") | {"legs": FAN}, "field"),
    ("no applicant", {k: v for k, v in form("MOVE").items() if k != "applicant"}, "field"),
    ("future", form("MOVE") | {"handed_in_at": "2099-01-01T00:00:00+08:00"}, "field"),
    ("material elsewhere", form("MOVE") | {"materials": [{"name": "book", "form": "copy", "sha256": "0" * 64}]}, "material-missing"),
    ("a list", [], "malformed"), ("not JSON", b"{", "malformed"),
]


@pytest.mark.parametrize("body,problem", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_requests_leave_nothing(trio, body, problem):
    before = len(entries(trio.home, "joint.opened")), len(entries(trio.home, "case.submitted"))
    answer = trio.home.window("POST", "/window/v1/joint", body)
    assert answer.problem() in (problem, "field" if problem == "malformed" else problem), answer
    assert (len(entries(trio.home, "joint.opened")), len(entries(trio.home, "case.submitted"))) == before


def test_bad_numbers_and_roles(trio):
    for number in ("x", "1" * 21, "330483261124000000012"):
        assert trio.home.window("GET", f"/window/v1/joint/{number}").status == 404
        assert trio.home.window("POST", f"/window/v1/joint/{number}/withdraw", {"reason": "x"}).status == 404
    assert trio.home.window("POST", "/window/v1/joint", form("MOVE"), staff="0101").problem() == "not-allowed"
    assert trio.home.window("POST", "/window/v1/joint", form("MOVE"), key="").problem() == "idempotency-key-missing"
    leg_by_hand = application(HOME, "GA01") | {"joint": {"id": "1" * 21, "title": "t", "leg": "l", "n": 1, "of": 1}}
    assert trio.home.window("POST", "/window/v1/cases", leg_by_hand).problem() == "field"


LOOP = [leg("a", "intake", "P1", ["c"]), leg("b", "intake", "P1", ["a"]), leg("c", "intake", "P1", ["b"])]
TEMPLATES_THAT_ARE_WRONG = {
    "a circle": LOOP, "itself": [leg("a", "intake", "P1", ["a"])], "100 legs": [leg(str(i), "intake", "P1") for i in range(100)],
    "the same name": [leg("a", "intake", "P1"), leg("a", "intake", "P2")], "none": [], "nobody": [leg("a", "intake", "P1", ["x"])],
    "an office": [leg("a", "everywhere", "P1")], "passes what it has not": [leg("a", "intake", "P1"), leg("b", "intake", "P1", passes=["a"])],
    "a limit": [leg("a", "intake", "P1", limit={"days": 0, "unit": "working_day"})], "a member": [leg("a", "intake", "P1", colour="red")],
}


@pytest.mark.parametrize("name", TEMPLATES_THAT_ARE_WRONG)
def test_wrong_templates_stop_the_start(trio, name):
    office = trio.home
    path = office.directory / "catalogue.yaml"
    good = path.read_text()
    try:
        trio.write_catalogue(office, [item("GA01", "居民身份证遗失补领"), joint_item("BAD", TEMPLATES_THAT_ARE_WRONG[name])])
        done = subprocess.run([daemon_path(), "--config", str(office.config), "--check-config"], capture_output=True, check=False)
        assert done.returncode == 2 and b"legs" in done.stdout + done.stderr, done
    finally:
        path.write_text(good)


# ---- the program ----

def desk(world, office, staff, lang):
    """Command and environment of a member of staff of a real office."""
    config = world.directory / f"{office.code}-{staff}.yaml"
    config.write_text(f"server: https://127.0.0.1:{office.port}\nauthority: {office.tls}/staff-ca.crt\n"
                      f"certificate: {office.tls}/staff-{staff}.crt\nkey: {office.tls}/staff-{staff}.key\noffice: \"{office.code}\"\n")
    program = os.environ.get("TONGBAN") or os.path.join(os.path.dirname(os.path.dirname(daemon_path())), "client", "tongban")
    environment = {**os.environ, "LANG": lang, "LC_ALL": lang, "HOME": str(world.directory), "XDG_STATE_HOME": str(world.directory / "state")}
    return [program, "--config", str(config)], environment


def tongban(world, office, *words, staff="0007", lang="C.UTF-8", code=0, **files):
    """One run of `tongban`; `files` are documents that it finds."""
    for name, document in files.items():
        (world.directory / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False))
    command, environment = desk(world, office, staff, lang)
    done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, cwd=world.directory, env=environment)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


def columns(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@pytest.mark.parametrize("lang,words", [("C.UTF-8", ("Leg", "waits for: permit", "Next: ")),
                                        ("zh_CN.UTF-8", ("环节", "等待：permit", "下一步：", "办理中"))])
def test_the_program_shows_the_tree(trio, lang, words):
    home = trio.home
    shown = tongban(trio, home, "item", "show", "MOVE", "--office", HOME, lang=lang)
    assert "--other-office" in shown and "tongban joint new --item MOVE --other-office CODE" in shown
    application_form = {k: v for k, v in form("MOVE", None).items() if k != "materials"}
    out = tongban(trio, home, "--json", "joint", "new", "--file", "move.json", "--other-office", AWAY, lang=lang, move=application_form)
    number = json.loads(out)["joint"]
    out = tongban(trio, home, "joint", "show", number, lang=lang)
    assert not (lang.startswith("zh") and "green" in out), out
    assert all(word in out for word in words), out
    lines = [line for line in out.splitlines() if "─ " in line]
    assert len(lines) == 3 and lines[0].startswith("└─ permit") and lines[1].startswith("   └─ out") and lines[2].startswith("      └─ in")
    assert len({columns(line[:line.index(" P")]) for line in lines}) == 1, "aligned"
    assert number in tongban(trio, home, "joint", "list", "--open", lang=lang)
    assert json.loads(tongban(trio, home, "--json", "joint", "list", number))["rows"][0]["joint"] == number
    case = legs(joint(trio, number))["permit"]["case"]
    assert number in tongban(trio, home, "case", "show", case, lang=lang)
    told = tongban(trio, home, "case", "show", number, code=1, lang=lang)
    assert "tongban joint show" in told
    tongban(trio, home, "joint", "withdraw", number, code=2, lang=lang)
    tongban(trio, home, "joint", "withdraw", number, "--reason", "x", staff="0101", code=4, lang=lang)
    assert number in tongban(trio, home, "joint", "withdraw", number, "--reason", "moved away", lang=lang)
    tongban(trio, home, "joint", "withdraw", number, "--reason", "again", code=1, lang=lang)


def test_the_program_asks_for_the_offices(trio):
    body = {k: v for k, v in form("MOVE", None).items() if k != "materials"}
    (trio.directory / "ask.json").write_text(json.dumps(body, ensure_ascii=False))
    command, environment = desk(trio, trio.home, "0007", "C.UTF-8")
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen([*command, "joint", "new", "--file", "ask.json"], stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True,
                              cwd=trio.directory, env=environment) as program:
            os.write(ours, AWAY.encode() + b"\n")
            out = program.communicate(timeout=30)[0]
        assert program.returncode == 0 and "the first legs are under way" in out, out
        assert "Office of the legs" in os.read(ours, 4096).decode()
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("words,code", [
    (("joint", "show", "1"), 1), (("joint", "show"), 2), (("joint", "new", "--item", "MOVE"), 2), (("joint", "list", "--limit", "0"), 2),
    (("joint", "show", "330483261124000000012"), 1), (("joint", "new", "--file", "nowhere.json"), 2), (("joint", "nonsense"), 2)])
def test_the_program_refuses(trio, words, code):
    assert tongban(trio, trio.home, *words, code=code)


def verify(world, bundle, *offices):
    path = world.directory / "bundle.json"
    path.write_text(json.dumps(bundle, ensure_ascii=False))
    keys = [word for office in offices for word in ("--key", (office.directory / "ledger.vkey").read_text().strip())]
    program = os.path.join(os.path.dirname(os.path.dirname(daemon_path())), "bin", "tongban-verify")
    return subprocess.run([program, "case", *keys, str(path)], capture_output=True, text=True, check=False)


def test_proofs_of_a_joint_case_and_of_a_local_leg(trio):
    home = trio.home
    number = open_joint(trio, "MOVE")["joint"]
    home.window("POST", f"/window/v1/joint/{number}/withdraw", {"reason": "no"})
    case = legs(joint(trio, number))["permit"]["case"]
    for what, kinds in ((number, ["joint.opened", "joint.withdrawn", "joint.closed"]),
                        (case, ["case.submitted", "case.received", "case.withdrawn", "case.viewed"])): # fetching it is a view, and in it
        bundle = home.window("GET", f"/window/v1/cases/{what}/bundle").json()
        assert [json.loads(one["line"])["type"] for one in bundle["entries"]] == kinds
        done = verify(trio, bundle, home)
        assert done.returncode == 0 and "?" not in done.stdout.split("proved:")[0], done.stdout + done.stderr
        bundle["entries"][0]["line"] = bundle["entries"][0]["line"].replace("张三", "张四")
        assert verify(trio, bundle, home).returncode == 1


def test_a_refusal_names_the_leg_in_both_languages(trio):
    body = {k: v for k, v in form("MOVE", {"other": "110101"}).items() if k != "materials"}
    assert "leg out: office 110101 is not a counterpart" in tongban(trio, trio.home, "joint", "new", "--file", "bad.json", code=1, bad=body)
    told = tongban(trio, trio.home, "joint", "new", "--file", "bad.json", code=1, lang="zh_CN.UTF-8", bad=body)
    assert "环节“out”：" in told and "counterpart" not in told


# ---- under load, with kills ----

def test_kills_at_random_moments(fresh_trio):
    """Clerk and officers work on while the office of the intake is killed again and again: each leg comes once, each joint case ends."""
    home, numbers, chance = fresh_trio.home, [], random.Random(7)
    stop = threading.Event()

    def insist(call):
        """Repeats under the same key until there is an answer: what the office did before it was killed counts once."""
        while True:
            try:
                return call()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)

    def clerk():
        for _ in range(6):
            key = str(uuid.uuid4())
            answer = insist(lambda key=key: home.window("POST", "/window/v1/joint", form("MOVE"), key=key))
            assert answer.status == 201, answer
            numbers.append(answer.json()["joint"])

    def officer(office):
        while not stop.is_set():
            rows = insist(lambda: office.window("GET", "/window/v1/todo?limit=100", staff="0101")).json()["rows"]
            for row in rows:
                for action in ("accept", "grant"):
                    if action in row["actions"]:
                        insist(lambda row=row, action=action: office.act(row["case"], action))
            time.sleep(0.02)

    workers = [threading.Thread(target=clerk)] + [threading.Thread(target=officer, args=(office,)) for office in (home, fresh_trio.away)]
    for worker in workers:
        worker.start()
    for _ in range(8):
        time.sleep(chance.uniform(0.05, 0.5))
        home.kill()
        home.start()
    workers[0].join(240)
    assert not workers[0].is_alive()
    try:
        for number in numbers:
            document = wait_joint(fresh_trio, number, "granted")
            assert document["progress"] == {"granted": 3, "settled": 3, "of": 3}
    finally:
        stop.set()
        for worker in workers:
            worker.join(30)
    assert len(set(numbers)) == 6
    opened = [(line["body"]["joint"]["id"], line["body"]["joint"]["leg"]) for line in entries(home, "case.submitted")]
    assert sorted(opened) == sorted((number, name) for number in numbers for name in ("permit", "out", "in"))
    assert sorted(line["case"] for line in entries(home, "joint.closed")) == sorted(numbers)
