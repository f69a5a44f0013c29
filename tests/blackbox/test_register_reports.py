"""Reports made from the registers: two offices keep them, a supervisor reads them, and a replay of the acts finds what was changed."""
import csv
import datetime
import io
import json

import pytest

from office import AWAY, HOME, World
from test_registers import DELIVERED, DELIVERY, HANDED, NOTICE, OFFER, act, done, received, wait
from test_reports import database, document, run

NAMES = ["step", "delegation", "transfer", "originals", "problem", "rating", "contact", "authorisation", "mail", "overdue", "meeting"]
PAPERS = [{"name": "户口簿", "originals": 2, "copies": 1}]
OPENED = {"opened_by": "陆文斌", "second": "缪建国", "seal_intact": True,
          "differences": [{"name": "户口簿", "listed": 2, "found": 1, "remark": "缺一本"}]}
CONTACT = {"name": "陆文斌", "function": "liaison", "department": "政务数据办", "phone": "0573-88000001", "deputy": "缪建国", "deputy_phone": "0573-88000002"}


def late_day():
    """A day that is over by the offices' clock, whatever the day is on which the tests run."""
    return (datetime.date.today() - datetime.timedelta(days=40)).isoformat()  # never in this month, whose report begins on its first day


def transfers(world, number):
    """Kept at the window, posted home, one of two missing when the bag is opened; a second bag is on its way and late."""
    away, home = world.away, world.home
    done(act(away, "transfer", "keep", data={"documents": [{"name": "户口簿", "originals": 4}]}, staff="0007", case=number))
    numbers = []
    for bag, data in (("F001", {}), ("F002", {"posted_on": late_day()})):
        no = done(act(away, "transfer", "pack", data={"documents": PAPERS, "bag": bag, "packed_by": "顾海燕"}, staff="0007", case=number))["no"]
        wait(home, "transfer", no, "packed")
        done(act(away, "transfer", "send", no, {"carrier": "EMS", "tracking_no": "EE123456785CN", **data}, "0007"))
        wait(home, "transfer", no, "sent")
        numbers.append(no)
    done(act(home, "transfer", "open", numbers[0], OPENED))
    wait(away, "transfer", numbers[0], "differs")
    return numbers


def problems(world, number):
    home, away = world.home, world.away
    solved = done(act(home, "problem", "raise", data={"class": "delay", "subject": "等候过久"}, case=number))["no"]
    wait(away, "problem", solved, "raised")
    done(act(away, "problem", "take", solved, {"responsible": "顾海燕", "due": "2099-01-01"}, "0007"))
    done(act(away, "problem", "measure", solved, {"measure": "增开窗口"}, "0007"))
    wait(home, "problem", solved, "measured")
    done(act(home, "problem", "close", solved, {"result": "已改善"}))
    wait(away, "problem", solved, "closed")
    late = done(act(away, "problem", "raise", data={"class": "mail", "subject": "遗失未赔", "due": late_day()}, staff="0007"))["no"]
    wait(home, "problem", late, "raised")
    done(act(home, "problem", "meet", late, {"meeting": datetime.date.today().isoformat(), "question": "是否更换寄递企业"}))
    return solved, late


def ratings(world, number):
    found = []
    for about, level, channel in (("home_department", 1, "qr"), ("home_department", 4, "pc"), ("intake_window", 5, "tablet"),
                                  ("intake_window", 5, "default")):
        data = {"about": about, "level": level, "channel": channel}
        found.append(done(act(world.away, "rating", "record", data=data, staff="0007", case=number))["no"])
        wait(world.home, "rating", found[-1], "bad" if level < 3 else "rated")
    done(act(world.home, "rating", "call-back", found[0], {"called_by": "陆文斌", "finding": "等候过久"}))
    wait(world.away, "rating", found[0], "called_back")
    return found


@pytest.fixture(scope="module")
def kept():
    """One case with something on every register."""
    world = World()
    try:
        world.start()
        number = received(world)
        done(world.home.act(number, "notice", NOTICE))
        world.away.wait_state(number, "supplement_asked")
        step = world.away.window("GET", f"/window/v1/registers/step?case={number}").json()["rows"][0]["no"]
        done(act(world.away, "step", "done", step, {"handed_over": HANDED}, "0007"))
        late = done(act(world.home, "step", "request", data={"step": "original", "due": late_day()}, case=number))["no"]
        wait(world.away, "step", late, "requested")
        world.transfers = transfers(world, number)
        world.problems = problems(world, number)
        world.ratings = ratings(world, number)
        contact = done(act(world.home, "contact", "add", data=CONTACT))["no"]
        wait(world.away, "contact", contact, "listed")
        grant = done(act(world.home, "authorisation", "offer", data={**OFFER, "acceptance": True, "open_cases": "stop"}))["no"]
        wait(world.away, "authorisation", grant, "offered")
        done(act(world.away, "authorisation", "accept", grant))
        wait(world.home, "authorisation", grant, "active")
        done(act(world.home, "authorisation", "suspend", grant, {"reason": "核查"}))
        wait(world.away, "authorisation", grant, "suspended")
        wait(world.home, "step", step, "done")
        world.number, world.step, world.late, world.contact, world.grant = number, step, late, contact, grant
        yield world
        assert world.stop() == [0, 0], "a daemon did not end cleanly"
    finally:
        world.remove()


def both(world, name, *words):
    """The rows, which both sides tell alike."""
    one, two = (document(office, "report", name, *words)["rows"] for office in (world.home, world.away))
    strip = [[{key: value for key, value in row.items() if key != "direction"} for row in rows] for rows in (one, two)]
    assert strip[0] == strip[1]
    return one


# ---- the ledgers ----
def test_steps(kept):
    rows = {row["no"]: row for row in both(kept, "step")}
    assert set(rows) == {kept.step, kept.late}
    assert (rows[kept.step]["state"], rows[kept.step]["light"], rows[kept.step]["step"], rows[kept.step]["office"]) == ("done", "", "notice", AWAY)
    assert rows[kept.late]["light"] == "red" and rows[kept.late]["days_late"] > 10
    sums = {row["step"]: row for row in both(kept, "delegation")}
    assert {key: sums["notice"][key] for key in ("requested", "done", "open", "late")} == {"requested": 1, "done": 1, "open": 0, "late": 0}
    assert {key: sums["original"][key] for key in ("requested", "done", "open", "late")} == {"requested": 1, "done": 0, "open": 1, "late": 1}


def test_transfers_and_originals(kept):
    rows = both(kept, "transfer")
    assert [row["state"] for row in rows] == ["kept", "differs", "sent"] and [row["originals"] for row in rows] == [4, 2, 2]
    first, late = rows[1:]
    assert (first["route"], first["bag"], first["documents"], first["differences"]) == (f"{AWAY} {HOME}", "F001", "户口簿", 1)
    assert first["opened_by"] == "陆文斌, 缪建国" and first["days_late"] == 0
    assert late["opened"] is None and late["days"] > 10 and late["days_late"] > 8
    originals, = both(kept, "originals")
    assert {key: originals[key] for key in ("kept", "at_intake", "at_home", "moving", "lost", "returned", "balanced")} == {
        "kept": 4, "at_intake": 0, "at_home": 1, "moving": 2, "lost": 1, "returned": 0, "balanced": "balanced"}
    mail = both(kept, "mail")
    assert {(row["what"], row["status"], row["by"]) for row in mail} == {("mail_papers", "mail_received", "intake")}
    assert both(kept, "mail", "--from", late_day())[1:], "the late bag was posted in an earlier period"


def test_problems_and_ratings(kept):
    solved, late = (next(row for row in both(kept, "problem") if row["no"] == no) for no in kept.problems)
    assert [solved[key] for key in ("case", "office", "class", "responsible", "measure", "result", "state")] == [
        kept.number, HOME, "delay", "顾海燕", "增开窗口", "已改善", "closed"]
    assert late["case"] == "" and late["days_late"] > 10 and late["meeting"] == datetime.date.today().isoformat()
    rows = {row["no"]: row for row in both(kept, "rating")}
    assert [rows[no]["counted"] for no in kept.ratings] == [1, 1, 1, 0]
    bad = rows[kept.ratings[0]]
    assert (bad["office"], bad["state"], bad["call_days"], bad["fixed"]) == (HOME, "called_back", 0, None)


def test_contacts_and_authorisations(kept):
    contact, = both(kept, "contact")
    assert (contact["office"], contact["phone"], contact["deputy_phone"], contact["state"]) == (HOME, CONTACT["phone"], CONTACT["deputy_phone"], "listed")
    rows = both(kept, "authorisation")
    assert len(rows) == 3 and [row["no"] for row in rows] == ["", "", kept.grant], "those of the configuration stand beside it"
    mine = rows[-1]
    assert (mine["status"], mine["acceptance"], mine["open_cases"], mine["in_name"]) == ("suspended", 1, "stop", "principal_by_delegate")
    day = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date().isoformat()
    assert mine["spans"] == f"{day}..{day}" and mine["announcement"] == OFFER["announcement"]


def test_overdue_names_who_has_to_know(kept):
    rows = {row["no"]: row for row in both(kept, "overdue") if row["no"]}
    assert set(rows) == {kept.late, kept.transfers[1], kept.problems[1]}
    assert {row["level"] for row in rows.values()} == {"meeting"} and {row["light"] for row in rows.values()} == {"red"}
    assert (rows[kept.late]["office"], rows[kept.late]["side"], rows[kept.late]["clock"]) == (AWAY, "intake", "step")
    assert (rows[kept.transfers[1]]["office"], rows[kept.transfers[1]]["side"]) == (HOME, "home")
    assert (rows[kept.problems[1]]["office"], rows[kept.problems[1]]["side"]) == (HOME, "")


def test_meeting(kept):
    rows, other = (document(office, "report", "meeting", "--from", late_day())["rows"] for office in (kept.home, kept.away))
    assert [row for row in rows if row["section"] != "direction"] == [row for row in other if row["section"] != "direction"]
    found = {(row["section"], row["key"], row["measure"]): row["value"] for row in rows}
    assert found["rating", f"{HOME} home", "average_level"] == "2.50 (5/2)"
    assert found["rating", f"{HOME} home", "bad_rate"] == "50.0% (1/2)"
    assert found["rating", f"{HOME} home", "called_back_rate"] == "100.0% (1/1)"
    assert found["rating", f"{HOME} home", "put_right_rate"] == "0.0% (0/1)"
    assert found["rating", f"{AWAY} intake", "average_level"] == "5.00 (5/1)", "nobody rated by default"
    assert found["problem", "delay", "problems_solved"] == "1" and found["problem", "mail", "problems_open"] == "1"
    assert found["problem", "mail", "problems_late"] == "1"
    agenda, = [row for row in rows if row["section"] == "agenda"]
    assert agenda["key"] == kept.problems[1] and agenda["label"].endswith("是否更换寄递企业")
    assert found["mail", "mail_papers", "lost_rate"] == "0.0% (0/2)"
    assert found["step", f"{AWAY} original", "late_steps"] == "1/1"
    assert [found["authorisation", kept.grant, act] for act in ("granted", "accepted", "suspended")] == ["1"] * 3


def test_periods(kept):
    for name in ("step", "delegation", "transfer", "problem", "rating", "mail", "authorisation"):
        assert both(kept, name, "--from", "2020-01-01", "--to", "2020-03-31") == [], name
    assert both(kept, "problem", "--office", AWAY) and not both(kept, "problem", "--office", "330503")
    assert len(both(kept, "problem", "--item", "GA01")) == 1, "the other one is about no case"


# ---- forms, roles ----
@pytest.mark.parametrize("name", NAMES)
def test_three_forms(kept, name):
    for office in (kept.home, kept.away):
        for staff in ("0201", "0101", "0007"):
            assert document(office, "report", name, staff=staff)["rows"], (name, staff)
        rows = list(csv.reader(io.StringIO(run(office, "report", name, "--csv").stdout, newline="")))
        assert len({len(row) for row in rows}) == 1 and len(rows) > 1
        table = run(office, "report", name, lang="zh_CN.UTF-8")
        assert table.returncode == 0 and "下一步" in table.stdout and "合计" in table.stdout
        for text in (table.stdout, run(office, "report", name, "--json").stdout):
            assert "张三" not in text, "who received the notice"


def test_chinese_words(kept):
    for name, words in (("step", ["一次性告知", "已完成", "待办"]), ("transfer", ["申请人", "在途", "核对有差异"]), ("problem", ["已办结", "待处置"]),
                        ("rating", ["已回访待整改", "系统默认"]), ("authorisation", ["中止", "受托方停止办理"]), ("meeting", ["例会议题", "平均等级", "授权"]),
                        ("overdue", ["委托环节", "例会"]), ("mail", ["移交材料"]), ("contact", ["在岗"]), ("originals", ["平衡"])):
        text = run(kept.home, "report", name, "--csv", lang="zh_CN.UTF-8").stdout
        for word in words:
            assert word in text, (name, word, text)


# ---- the check ----
@pytest.mark.parametrize("name", NAMES)
def test_agrees(kept, name):
    for office in (kept.home, kept.away):
        checked = document(office, "report", "check", name)
        assert checked["agree"] and checked["differences"] == [], checked
        assert checked["checked"]["objects"] > 0 or name == "originals"


PLANTED = [
    ("UPDATE object SET doc = replace(doc, '等候过久', '没有问题') WHERE kind = 3", "problem", {"subject"}),
    ("UPDATE object SET doc = json_set(doc, '$.result', json('{\"result\":\"x\"}')) WHERE kind = 3", "problem", {"result"}),
    ("UPDATE object SET state = 4, local_state = 4, open = 0 WHERE kind = 3", "problem", {"state", "confirmed"}),
    ("UPDATE object SET opened = opened - 86400000, due_day = due_day + 1 WHERE kind = 3", "problem", {"opened", "due"}),
    ("UPDATE object SET owner = '320623', other = '330483' WHERE kind = 3", "problem", {"owner", "other"}),
    ("UPDATE object SET doc = replace(doc, '\"level\":1', '\"level\":5') WHERE kind = 7", "meeting", {"level"}),
    ("DELETE FROM object_event WHERE id >> 20 IN (SELECT id FROM object WHERE kind = 3)", "problem", None),
    ("DELETE FROM object WHERE kind = 3", "problem", {"problem.act"}),
    ("UPDATE authorisation_span SET until_ms = until_ms + 86400000", "authorisation", {"spans", "cover"}),
    ("UPDATE authorisation SET finish = 1 - finish WHERE registered = 1", "authorisation", {"cover"}),
    ("UPDATE object SET doc = replace(doc, '\"originals\":3', '\"originals\":2') WHERE kind = 2", "originals", {"originals.kept", "originals.at_intake"}),
]


@pytest.fixture(scope="module")
def plain():
    """A problem, a bad rating, originals and an authorisation that ended, at rest; each test takes its own copy of the database."""
    world = World()
    try:
        world.start()
        number = received(world)
        data = {"class": "delay", "subject": "等候过久", "due": "2099-01-01"}
        wait(world.away, "problem", done(act(world.home, "problem", "raise", data=data))["no"], "raised")
        bad = {"about": "home_department", "level": 1, "channel": "qr"}
        wait(world.home, "rating", done(act(world.away, "rating", "record", data=bad, staff="0007", case=number))["no"], "bad")
        keep = {"documents": [{"name": "户口簿", "originals": 3}]}
        wait(world.home, "transfer", done(act(world.away, "transfer", "keep", data=keep, staff="0007", case=number))["no"], "kept")
        grant = done(act(world.home, "authorisation", "offer", data=OFFER))["no"]
        wait(world.away, "authorisation", grant, "offered")
        done(act(world.away, "authorisation", "accept", grant))
        wait(world.home, "authorisation", grant, "active")
        done(act(world.home, "authorisation", "revoke", grant, {"reason": "终止"}))
        wait(world.away, "authorisation", grant, "revoked")
        assert world.stop() == [0, 0]
        world.whole = {}
        for office in world.offices.values():
            db = database(office)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()
            world.whole[office.code] = (office.directory / "data" / "office.db").read_bytes()
        yield world
    finally:
        world.remove()


@pytest.mark.parametrize("sql, report, fields", PLANTED)
def test_planted_differences_are_found(plain, sql, report, fields):
    for office in (plain.home, plain.away):
        path = office.directory / "data" / "office.db"
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        path.write_bytes(plain.whole[office.code])
        office.start()
        assert document(office, "report", "check", report)["agree"]
        assert office.stop() == 0
        with database(office) as db:
            assert db.execute(sql).rowcount >= 1
        db.close()
        office.start()
        checked = document(office, "report", "check", report)
        said = run(office, "report", "check", report, lang="zh_CN.UTF-8")
        assert office.stop() == 0
        found = {one["field"] for one in checked["differences"]}
        assert not checked["agree"] and (fields is None or found == fields), checked["differences"]
        assert said.returncode == 1 and "不一致" in said.stdout
        for one in checked["differences"]:
            assert "等候过久" not in json.dumps(one, ensure_ascii=False), "texts stay out of the differences"


# ---- who did what ----
def test_accountability_of_the_registers(kept):
    for office in (kept.home, kept.away):
        history = document(office, "case", "accountability", kept.number)
        acts = [(row["register"]["kind"], row["register"]["act"], row["office"]) for row in history["rows"] if row["register"]]
        for wanted in (("step", "request", HOME), ("step", "done", AWAY), ("transfer", "keep", AWAY), ("transfer", "open", HOME),
                       ("rating", "record", AWAY), ("rating", "call-back", HOME), ("problem", "raise", HOME)):
            assert wanted in acts
        row = next(row for row in history["rows"] if row["register"] and row["register"]["act"] == "done")
        assert row["step"] == "N" and row["authorisation"]["announcement"] and row["register"]["no"] == kept.step
        assert len(row["ledger"]["leaf"]) == 64 and row["arrived"] and row["staff"] == f"{AWAY}:0007"
        assert (row["register"]["kind_zh"], row["register"]["act_zh"]) == ("委托环节", "完成")
        flags = {flag["flag"] for flag in history["flags"]}
        assert flags == {"step-late", "originals-open"}, history["flags"]
        text = run(office, "case", "accountability", kept.number, "--out", "-", lang="zh_CN.UTF-8").stdout
        for word in (f"委托环节：完成 {kept.step}", "材料移交：开封核对", "好差评：回访", "委托环节超期"):
            assert word in text, text


def test_accountability_names_the_registered_authorisation(fresh):
    """Steps under an authorisation of the register show its number; one done after its end, in ignorance, is refused and flagged."""
    for office in fresh.offices.values():
        office.edit(r"authorisations:\n(  [^\n]*\n)*", "")
    fresh.start()
    grant = done(act(fresh.home, "authorisation", "offer", data={**OFFER, "open_cases": "stop"}))["no"]
    wait(fresh.away, "authorisation", grant, "offered")
    done(act(fresh.away, "authorisation", "accept", grant))
    wait(fresh.home, "authorisation", grant, "active")
    number = received(fresh)
    request = {"step": "original", "task": "请核对原件"}
    no = done(act(fresh.home, "step", "request", data=request, case=number))["no"]
    wait(fresh.away, "step", no, "requested")
    fresh.cut()
    done(act(fresh.home, "authorisation", "revoke", grant, {"reason": "终止"}))
    seen = {"originals": [{"material": "户口簿", "agrees": True, "after": "returned", "seen_by": "顾海燕"}]}
    done(act(fresh.away, "step", "done", no, seen, "0007"))
    fresh.restore()
    wait(fresh.away, "authorisation", grant, "revoked")
    wait(fresh.away, "step", no, "requested")
    history = document(fresh.away, "case", "accountability", number)
    submitted = next(row for row in history["rows"] if row["type"] == "case.submitted")
    assert submitted["authorisation"]["no"] == grant
    refused = next(row for row in history["rows"] if row["register"] and row["register"]["act"] == "done")
    assert (refused["verdict"], refused["problem"], refused["step"]) == ("refused", "no-authorisation", "O")
    assert ("no-authorisation", refused["n"]) in {(flag["flag"], flag["line"]) for flag in history["flags"]}
    assert grant in run(fresh.away, "case", "accountability", number, "--out", "-").stdout
    for office in (fresh.home, fresh.away):
        for name in ("step", "authorisation", "meeting"):
            assert document(office, "report", "check", name)["agree"], (office.code, name)
    assert fresh.stop() == [0, 0]


def test_delivery_is_no_late_step(fresh):
    """What the home side asks for and the window does at once leaves no flag."""
    fresh.start()
    number = received(fresh)
    for action, body in (("accept", {}), ("grant", {"result": {"name": "居民身份证", "number": "330483"}}), ("delivery", DELIVERY)):
        done(fresh.home.act(number, action, body))
    fresh.away.wait_state(number, "delivering")
    done(fresh.away.act(number, "deliver", DELIVERED, "0007"))
    fresh.home.wait_state(number, "delivered", "0101")
    history = document(fresh.home, "case", "accountability", number)
    assert [flag for flag in history["flags"] if flag["flag"] == "step-late"] == []
    assert fresh.stop() == [0, 0]


def test_pages_of_objects_continue(fresh):
    """More objects than one page holds: told to one side, read in pages, none twice."""
    fresh.start()
    no = done(act(fresh.home, "problem", "raise", data={"class": "other", "subject": "x"}))["no"]
    wait(fresh.away, "problem", no, "raised")
    assert fresh.stop() == [0, 0]
    count = 2300
    with database(fresh.home) as db:
        columns = "kind, owner, other, case_id, case_no, uuid, state, local_state, pending, rev, opened, changed, due_day, open, turn, doc"
        db.execute(f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
                   f"INSERT INTO object (no, {columns}) SELECT 'P330483-2026-' || (i + 100), {columns} FROM n, object WHERE no = ?", (no,))
    db.close()
    fresh.home.start()
    cursor, seen, pages = "", [], 0
    while cursor is not None:
        page = fresh.home.window("GET", f"/window/v1/reports/problem?cursor={cursor}", staff="0201").json()
        assert len(page["rows"]) <= 1000
        seen += [row["no"] for row in page["rows"]]
        cursor, pages = page["next"], pages + 1
    assert pages >= 3 and len(seen) == len(set(seen)) == count
    assert document(fresh.home, "report", "problem")["totals"]["rows"] == count
    assert fresh.home.stop() == 0
