"""The branches of the law on a case through two real offices (行政许可法 32, 42, 45; domain.md 5): what staff do, what time does."""
import datetime
import os
import pathlib
import re
import subprocess
import time

import pytest

from office import AWAY, HOME, World, item

TOMORROW = (datetime.date.today() + datetime.timedelta(days=1)).isoformat()
LATER = f"{datetime.date.today().year + 2}-12-31"  # of a year whose holidays nobody has announced
NOTICE = {"defects": [{"material": "照片", "defect": "缺", "standard": "一寸", "cure": "补交"}], "deadline": LATER}
SUPPLEMENT = {"materials": [{"name": "照片", "form": "original"}]}
MATERIALS = [{"name": "申请表", "form": "F", "required": True}, {"name": "照片", "form": "P", "required": True, "deferrable": True}]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def law_item(code, **elements):
    return {**item(code, "测试事项" + code), "materials": MATERIALS, **elements}


def law_world(acceptance=False, proxies=False):
    """Two offices; the home side offers one item per rule."""
    world = World(proxies=proxies)
    world.write_catalogue(world.home, [
        law_item("GA01"), law_item("GA09", notice_rule="ONSPOT_DEEMED"),
        law_item("GA10", notice_rule="ONSPOT_ZJ", overdue_supplement="WITHDRAWN"), law_item("GA11", notice_rule="MARKET_3WD"),
        law_item("GA12", extension=None),
    ])
    if acceptance:
        world.home.edit(r"( +)steps: INOPD\n", r"\g<1>steps: INOPD\n\g<1>acceptance: true\n")
    return world


@pytest.fixture(scope="module")
def law():
    world = law_world()
    try:
        world.start()
        yield world
        assert world.stop() == [0, 0]
    finally:
        world.remove()


def done(answer):
    assert answer.status == 200, answer
    return answer.json()


def received(world, code="GA01", **members):
    answer = world.away.intake(item={"office": HOME, "code": code}, **members)
    assert answer.status == 201, answer
    number = answer.json()["case"]
    world.home.wait_state(number, "received", "0101")
    return number


def days_ago(days):
    when = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))) - datetime.timedelta(days=days)
    return when.isoformat(timespec="milliseconds")


def clocks(office, number, staff="0101"):
    return done(office.window("GET", f"/window/v1/cases/{number}/clocks", staff=staff))


# ---- 行政许可法 32: five branches, each with its written data ----

@pytest.mark.parametrize("reason_class, missing", [("NOT_REQUIRED", None), ("NOT_COMPETENT", "/referral"), ("INCOMPLETE", None)])
def test_refusals(law, reason_class, missing):
    number = received(law)
    body = {"reason_class": reason_class, "reason": "不予受理"}
    if missing:
        answer = law.home.act(number, "refuse", body)
        assert answer.status == 422 and answer.json()["field"] == missing
        body["referral"] = "如东县公安局"
    other = {"reason_class": "OTHER", "reason": "其他"}
    assert law.home.act(number, "refuse", other).json()["field"] == "/legal_basis"  # only the officer can say
    done(law.home.act(number, "refuse", body))
    document = law.away.wait_state(number, "refused")
    assert "第三十二条" in document["refusal"]["legal_basis"]
    assert "六十日" in document["refusal"]["remedies"] and "六个月" in document["refusal"]["remedies"]
    assert document["due"]["what"] == "delivery"


def test_corrected_on_the_spot(law):
    number = law.away.intake(forward=False, item={"office": HOME, "code": "GA01"}).json()["case"]
    wrong = {"kind": "person", "name": "李四", "certificate": {"type": "citizen-id", "number": "330483185001010010"}}
    answer = law.away.act(number, "correct", {"what": "姓名", "applicant": wrong}, staff="0007")
    assert answer.status == 422 and answer.json()["field"] == "/applicant/certificate/number"
    right = {"kind": "person", "name": "李四", "certificate": {"type": "citizen-id", "number": "33048318500101001X"}}
    done(law.away.act(number, "correct", {"what": "姓名写错", "applicant": right}, staff="0007"))
    assert [row["case"] for row in law.away.window("GET", "/window/v1/cases?q=%E6%9D%8E%E5%9B%9B").json()["rows"]] == [number]
    done(law.away.act(number, "forward", staff="0007"))
    document = law.home.wait_state(number, "received", "0101")
    assert document["applicant"]["name"] == "李四" and "what" not in document


def test_one_notice_with_its_consequence(law):
    number = received(law, "GA10")
    assert law.home.act(number, "notice", dict(NOTICE, deadline="2020-01-01")).json()["field"] == "/deadline"
    done(law.home.act(number, "notice", NOTICE))
    document = law.away.wait_state(number, "supplement_asked")
    assert "视为撤回" in document["notice"]["consequence"]
    assert document["light"] == "grey" and document["due"] == {"date": LATER, "provisional": True, "what": "supplement"}
    done(law.away.act(number, "supplement", SUPPLEMENT, staff="0007"))
    law.home.wait_state(number, "supplemented", "0101")
    assert law.home.act(number, "notice", NOTICE).problem() == "one-notice-only"
    done(law.home.act(number, "accept"))
    assert law.away.wait_state(number, "accepted")["light"] == "green"


# ---- tolerance, review, special procedure, extension ----

def test_tolerant_acceptance(law):
    number = received(law)
    assert law.home.act(number, "tolerate", {"gaps": [{"material": "申请表"}], "deadline": TOMORROW}).json()["field"] == "/gaps/0/material"
    done(law.home.act(number, "tolerate", {"gaps": [{"material": "照片"}], "deadline": TOMORROW}))
    document = law.away.wait_state(number, "tolerated")
    assert document["times"]["accepted"] and "撤销受理" in document["tolerance"]["consequence"]
    assert law.home.act(number, "revoke", {"reason": "未补齐", "legal_basis": "规定"}).problem() == "transition"
    assert number in {row["case"] for row in law.away.window("GET", "/window/v1/todo").json()["rows"]}
    done(law.away.act(number, "supplement", SUPPLEMENT, staff="0007"))
    document = law.home.wait_case(number, lambda row: row["rev"] >= 4, "0101")
    assert document["state"] == "tolerated" and [m["name"] for m in document["materials"]][-1] == "照片"
    done(law.home.act(number, "cure"))
    law.away.wait_state(number, "accepted")


def test_review_special_extension(law):
    number = received(law)
    done(law.home.act(number, "accept"))
    before = clocks(law.home, number)
    one = {"kind": "substantive_review", "officers": [{"name": "甲"}]}
    assert law.home.act(number, "review", one).json()["field"] == "/officers"
    done(law.home.act(number, "review", {"kind": "substantive_review", "officers": [{"name": "甲"}, {"name": "乙"}]}))
    special = {"kind": "hearing", "basis": "行政许可法第四十六条", "days": 5, "unit": "working_day"}
    assert law.home.act(number, "special", dict(special, kind="holiday")).status == 422
    done(law.home.act(number, "special", special))
    document = law.away.wait_state(number, "special_procedure")
    assert document["light"] == "grey" and document["special"]["until"] > datetime.date.today().isoformat()
    assert law.home.act(number, "grant").problem() == "transition"
    done(law.home.act(number, "resume", {"result": "听证笔录"}))
    extension = {"reason": "案情复杂", "approver": "王局长", "days": 10}
    assert law.home.act(number, "extend", dict(extension, days=11)).json()["field"] == "/days"
    assert law.home.act(number, "extend", {"reason": "案情复杂", "days": 10}).json()["field"] == "/approver"
    done(law.home.act(number, "extend", extension))
    assert law.home.act(number, "extend", dict(extension, days=1)).problem() == "already-done"
    document = law.away.wait_case(number, lambda row: row["rev"] >= 7)
    assert document["extension"]["due"] == document["due"]["date"]
    assert "extend" not in law.home.case(number, "0101").json()["actions"]
    after = {row["clock"]: row for row in clocks(law.away, number, "0007")["clocks"]}
    assert after["decision"]["due"] > {row["clock"]: row for row in before["clocks"]}["decision"]["due"]
    done(law.home.act(number, "deny", {"reason": "不符合条件"}))
    assert "六十日" in law.away.wait_state(number, "denied")["decision"]["remedies"]


def test_no_extension_where_the_item_has_none(law):
    number = received(law, "GA12")
    done(law.home.act(number, "accept"))
    assert law.home.act(number, "extend", {"reason": "无", "approver": "王局长", "days": 1}).problem() == "transition"


def test_return_and_abort(law):
    number = received(law)
    body = {"reason_class": "WRONG_ITEM", "reason": "选错事项", "agreed": False}
    assert law.home.act(number, "return", body).json()["field"] == "/agreed"
    done(law.home.act(number, "return", dict(body, agreed=True)))
    assert law.away.wait_state(number, "returned")["return"]["reason_class"] == "WRONG_ITEM"
    number = received(law)
    done(law.home.act(number, "accept"))
    done(law.home.act(number, "abort", {"reason_class": "DEATH", "reason": "申请人死亡", "approver": "王局长"}))
    document = law.away.wait_state(number, "aborted")
    assert document["actions"] == [] and "第七十条" in document["termination"]["legal_basis"]


@pytest.mark.parametrize("action", ["deem", "lapse", "received"])
def test_nobody_plays_the_system(law, action):
    number = received(law)
    for office, staff in ((law.home, "0101"), (law.home, "0007"), (law.away, "0007")):
        assert office.act(number, action, {}, staff=staff).problem() == "not-allowed"


STATES = {"received": ["refuse", "notice", "tolerate", "return", "abort"], "accepted": ["special", "extend", "deny", "review", "abort"],
          "tolerated": ["revoke", "cure", "supplement"]}


@pytest.fixture(scope="module")
def standing(law):
    """One case in each of these states."""
    numbers = {state: received(law) for state in STATES}
    done(law.home.act(numbers["accepted"], "accept"))
    done(law.home.act(numbers["tolerated"], "tolerate", {"gaps": [{"material": "照片"}], "deadline": TOMORROW}))
    return numbers


@pytest.mark.parametrize("state, action", [(state, action) for state, actions in STATES.items() for action in actions])
@pytest.mark.parametrize("body", [[1], "x", 7, {"deadline": 7, "days": "x", "gaps": {"a": 1}, "officers": 1, "reason_class": 5, "unit": []}])
def test_bad_bodies_get_words(law, standing, state, action, body):
    number = standing[state]
    answer = law.home.window("POST", f"/window/v1/cases/{number}/actions/{action}", body, "0101")
    assert answer.status in (400, 422) or (action == "revoke" and answer.status == 409), answer
    assert answer.problem() in ("field", "malformed", "transition")
    assert law.home.window("GET", f"/window/v1/cases?q={number}", staff="0101").json()["rows"][0]["state"] == state


# ---- what time does ----

def test_silence_is_acceptance_only_where_the_law_says_so():
    """Handed in long ago at a window that may accept: the receipt there counts, and the days for the notice are over."""
    world = law_world(acceptance=True)
    try:
        world.start()
        past = days_ago(40)
        deemed, onspot, never = (received(world, code, handed_in_at=past, late=True) for code in ("GA01", "GA09", "GA11"))
        fresh = received(world)
        assert world.home.window("GET", f"/window/v1/cases?q={deemed}", staff="0101").json()["rows"][0]["light"] == "red"
        # before the minute timer comes round: a notice is too late all the same
        assert world.home.act(deemed, "notice", NOTICE).problem() == "transition"
        assert world.home.stop() == 0
        world.home.start()
        for number in (deemed, onspot):
            document = world.home.wait_state(number, "accepted", "0101")
            assert document["times"]["accepted"] == past == document["times"]["handed_in"]
            assert document["times"]["received"] > past and document["acceptance"]["receipt"] == "intake"
            document = world.away.wait_state(number, "accepted")
            assert document["times"]["accepted"] == past
        assert world.home.case(deemed, "0101").json()["acceptance"]["rule"] == "PERMIT_5WD"
        assert world.home.case(never, "0101").json()["state"] == "received"
        assert world.home.case(fresh, "0101").json()["state"] == "received"
        assert world.home.events("tick")[-1]["deemed"] == 2
        rows = world.away.window("GET", f"/window/v1/cases/{deemed}/timeline").json()["rows"]
        assert [row["type"] for row in rows] == ["case.submitted", "case.received", "case.deemed"] and rows[2]["staff"] == ""
        # nothing more happens by itself, also after another start
        assert world.home.stop() == 0
        world.home.start()
        assert world.home.case(fresh, "0101").json()["state"] == "received"
        assert len(world.away.window("GET", f"/window/v1/cases/{deemed}/timeline").json()["rows"]) == 3
        assert world.stop() == [0, 0]
    finally:
        world.remove()


def test_without_authority_the_arrival_counts(law):
    number = received(law, handed_in_at=days_ago(40), late=True)
    done(law.home.act(number, "accept"))
    document = clocks(law.home, number)
    assert document["receipt"] == "home"
    intake = [phase for phase in document["phases"] if phase["side"] == "intake"][0]
    assert intake["over"] > 10 and document["delay"]["home"] == 0 and document["delay"]["intake"] == intake["over"]


def test_a_new_calendar_moves_dates_and_says_so():
    world = law_world()
    try:
        world.start()
        number = received(world)
        done(world.home.act(number, "accept"))
        due = world.away.wait_state(number, "accepted")["due"]["date"]
        holiday = world.home.directory / "calendar.tsv"
        text = re.sub(rf"^{due}\t.*\n", "", (ROOT / "config" / "calendar" / "holidays.tsv").read_text(), flags=re.M)
        # what was a working day, perhaps one that makes up for a holiday, is one no more
        holiday.write_text(text.rstrip("\n") + f"\n{due}\tholiday\t临时放假\n")
        world.home.edit(r"calendar: [^\n]*", f"calendar: '{holiday}'")
        assert world.home.stop() == 0
        world.home.start()
        document = world.home.wait_case(number, lambda row: row["due"]["date"] != due, "0101")
        assert document["due"]["date"] > due
        end = time.monotonic() + 10
        while not world.home.events("calendar_applied") and time.monotonic() < end:
            time.sleep(0.05)
        assert world.home.events("calendar_applied")[-1]["changed"] == 1
        bundle = world.home.window("GET", f"/window/v1/cases/{number}/bundle", staff="0101").body.decode()
        assert "case.recalculated" in bundle and due in bundle
        assert world.stop() == [0, 0]
    finally:
        world.remove()


# ---- the staff's program ----

def tongban(office, staff, *words):
    config = office.directory / f"tongban-{staff}.yaml"
    config.write_text(f"server: https://127.0.0.1:{office.port}\nauthority: {office.tls}/staff-ca.crt\n"
                      f"certificate: {office.tls}/staff-{staff}.crt\nkey: {office.tls}/staff-{staff}.key\noffice: \"{office.code}\"\n")
    build = ROOT / os.environ.get("TONGBAN_BUILD", "build/release")
    env = {**os.environ, "LANG": "zh_CN.UTF-8", "TONGBAN_CONFIG": str(config), "HOME": str(office.directory)}
    return subprocess.run([str(build / "client" / "tongban"), *words], capture_output=True, text=True, env=env, timeout=60,
                          stdin=subprocess.DEVNULL, check=False)


def test_by_command_line(law):
    number = received(law)
    got = tongban(law.home, "0101", "case", "tolerate", number, "--gaps.material", "照片", "--deadline", TOMORROW)
    assert got.returncode == 0 and "容缺受理" in got.stdout, got.stderr + got.stdout
    got = tongban(law.home, "0101", "case", "revoke", number, "--reason", "未补齐", "--legal-basis", "规定")
    assert got.returncode == 1 and "申请人可以在" in got.stderr
    got = tongban(law.home, "0101", "case", "cure", number)
    assert got.returncode == 0, got.stderr
    got = tongban(law.home, "0101", "case", "clocks", number)
    assert got.returncode == 0 and "决定" in got.stdout and "绿" in got.stdout, got.stdout
    got = tongban(law.home, "0101", "todo")
    assert got.returncode == 0 and "灯" in got.stdout and number in got.stdout
    assert tongban(law.away, "0007", "case", "cure", number).returncode == 4
    assert law.home.window("GET", f"/window/v1/cases/{AWAY}261123000000122/clocks", staff="0101").problem() == "not-found"
