"""E-licences (电子证照): the item's word about them, the identifier of GB/T 36904, and a counterpart whose program does not know them."""
import json
import time

import pytest

from desk import Desk
from office import AWAY, HOME, WAIT_S, World, item

ID = "1.2.156.3005.2.11100000000013127D031.11330483MB0000019A.20240000001.001.H"
OTHER = "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9"
SEEN, FETCHED, PLAIN = "居民身份证", "社会保障卡", "申请表"
MATERIALS = [{"name": SEEN, "form": "O", "required": True, "licence": "seen", "standard": "在有效期内"},
             {"name": FETCHED, "form": "E", "required": True, "licence": "fetched"},
             {"name": PLAIN, "form": "F", "required": True, "licence": "none"}]
FORM = {"name": PLAIN, "form": "form"}
WHERE = {"office": HOME, "code": "GA01"}


def electronic(name, licence=ID, **more):
    return {"name": name, "form": "electronic", "licence_id": licence, **more}


def make(knows=True):
    """Two offices; the home side's item speaks of e-licences.  Without `knows` nobody tells the other about them."""
    world = World()
    world.write_catalogue(world.home, [item("GA01", "居民身份证遗失补领") | {"materials": MATERIALS}, item("GA09", "户口迁移审批")])
    if not knows:
        for office in world.offices.values():
            office.edit("licences: true", "licences: false")
    return world


def running(world):
    try:
        yield world.start()
        assert world.stop() == [0, 0]
    finally:
        world.remove()


@pytest.fixture(scope="module")
def pair():
    yield from running(make())


@pytest.fixture(scope="module")
def older():
    yield from running(make(knows=False))


def licences(document):
    return [m.get("licence_id") for m in document["materials"]]


def sent(office, case, kind):
    """The body of the message as it stands in this office's ledger."""
    lines = [json.loads(e["line"]) for e in office.window("GET", f"/window/v1/cases/{case}/bundle").json()["entries"]]
    return next(line["body"] for line in lines if line["type"] == kind)


def element(office, code="GA01"):
    rows = office.window("GET", f"/window/v1/items/{HOME}/{code}").json()["materials"]
    return [m.get("licence") for m in rows]


# ---- what the item says ----

def test_seen_needs_the_identifier_and_fetched_nothing(pair):
    handed = [{"name": SEEN, "form": "original", "original_seen": True}, FORM]
    answer = pair.away.intake(item=WHERE, materials=handed, forward=False)
    unseen = [{"material": SEEN, "lack": "licence_unseen", "deferrable": False, "standard": "在有效期内"}]
    assert answer.status == 201 and answer.json()["lacks"] == unseen
    case = answer.json()["case"]
    assert pair.away.act(case, "material", {"materials": [electronic(SEEN)]}, "0007").status == 200
    answer = pair.away.act(case, "forward", staff="0007")
    assert answer.status == 200 and "lacks" not in answer.json()
    there = pair.home.wait_state(case, "received", "0101")
    assert "lacks" not in there and licences(there) == [None, None, ID]
    assert sent(pair.away, case, "case.submitted")["materials"][2]["licence_id"] == ID


def test_a_licence_alone(pair):
    """Without a scan where the item speaks of a licence; elsewhere the scan is wanted too."""
    case = pair.away.intake(item=WHERE, materials=[electronic(SEEN), electronic(FETCHED, OTHER), FORM]).json()["case"]
    assert licences(pair.home.wait_state(case, "received", "0101")) == [ID, OTHER, None]
    for name in (PLAIN, "别的材料"):
        answer = pair.away.intake(item=WHERE, materials=[FORM, electronic(name)])
        assert answer.problem() == "field" and answer.json()["field"] == "/materials/1/sha256", answer
    scan = pair.away.upload(b"%PDF-1.4 licence")
    assert pair.away.intake(item=WHERE, materials=[electronic(PLAIN, sha256=scan)]).status == 201


@pytest.mark.parametrize("wrong, part", [
    (ID[:-1] + "G", "check character"), (ID.replace("3005.2", "3005.3"), "starts with"), (ID.replace("D031", "D31"), "licence type"),
    (ID.replace("11330483MB0000019A", "1133048"), "issuer"), (ID.replace(".001.", ".1."), "version"), ("", ""), (5, ""),
])
def test_a_wrong_identifier_says_which_part(pair, wrong, part):
    answer = pair.away.intake(item=WHERE, materials=[FORM, electronic(SEEN, wrong)])
    assert answer.problem() == "field" and answer.json()["field"] == "/materials/1/licence_id" and part in answer.json()["detail"]


def test_the_supplement(pair):
    case = pair.away.intake(item=WHERE, materials=[FORM]).json()["case"]
    pair.home.wait_state(case, "received", "0101")
    notice = {"defects": [{"material": SEEN, "defect": "未查验电子证照", "cure": "出示电子证照"}], "deadline": "2099-12-31"}
    assert pair.home.act(case, "notice", notice).status == 200
    pair.away.wait_state(case, "supplement_asked")
    assert pair.away.act(case, "supplement", {"materials": [electronic(PLAIN)]}, "0007").json()["field"] == "/materials/0/sha256"
    assert pair.away.act(case, "supplement", {"materials": [electronic(SEEN)]}, "0007").status == 200
    assert ID in licences(pair.home.wait_state(case, "supplemented", "0101"))


# ---- where it is shown, and where not ----

def test_it_is_shown_where_the_case_is_opened(pair):
    case = pair.away.intake(item=WHERE, materials=[electronic(SEEN, remark="手机出示"), FORM]).json()["case"]
    pair.home.wait_state(case, "received", "0101")
    for path in (f"/window/v1/cases?q={case}", "/window/v1/todo", f"/window/v1/cases/{case}/timeline"):
        for office, staff in ((pair.away, "0007"), (pair.home, "0101"), (pair.home, "0201")):
            assert ID not in office.window("GET", path, staff=staff).body.decode(), path
    assert ID not in pair.home.log_text() + pair.away.log_text()
    printed = pair.away.window("POST", f"/window/v1/cases/{case}/documents/intake_receipt/print", {}).json()["text"]
    assert ID in "".join(printed.split()) and "手机出示" in "".join(printed.split())
    shown = Desk(pair.home, "0101").run("case", "show", case)
    assert ID in shown and "电子证照" in shown and "备注中" not in shown


def test_the_commands(pair):
    desk = Desk(pair.away, "0007")
    case = pair.away.intake(item=WHERE, materials=[FORM], forward=False).json()["case"]
    said = desk.run("material", "add", case, "--name", SEEN, "--licence", ID[:-1] + "G", code=1)
    assert "校验" in said and ID not in said
    desk.run("material", "add", case, "--name", SEEN, code=2)
    desk.run("material", "add", case, "--licence", ID, code=2)
    desk.run("material", "add", case, "a.pdf", "b.pdf", "--name", SEEN, "--licence", ID, code=2)
    assert "扫描件" in desk.run("material", "add", case, "--name", PLAIN, "--licence", ID, code=1)
    assert "电子证照已加入办件" in desk.run("material", "add", case, "--name", SEEN, "--licence", ID)
    (desk.directory / "card.pdf").write_bytes(b"%PDF-1.4 card")
    desk.run("material", "add", case, "card.pdf", "--name", FETCHED, "--licence", OTHER)
    assert licences(desk.json("case", "show", case)) == [None, ID, OTHER]
    assert "出示电子证照" in desk.run("item", "show", "GA01", "--office", HOME)
    desk.run("item", "guide", "GA01", "--office", HOME, "--out", "指南.md")
    guide = (desk.directory / "指南.md").read_text()
    desk.run("item", "manual", "GA01", "--office", HOME, "--out", "手册.md")
    manual = (desk.directory / "手册.md").read_text()
    assert "记录电子证照标识（GB/T 36904）" in manual and "自行调取电子证照，不收扫描件" in manual
    assert "原件，出示电子证照" in guide and "电子材料（系统核验），属地调取电子证照" in guide


def test_the_questions_of_the_intake(pair):
    """A licence that the window is to see is asked for until it is right; one that is fetched is not."""
    desk = Desk(pair.away, "0007")
    answers = ["张三", "1", "33048318500101001X", "13900001234", "n", "1", "y", ID[:-1] + "G", ID, "", "1", "", "1", "2", "", "y"]
    shown, _ = desk.answer("case", "new", "--item", "GA01", "--office", HOME, answers=answers)
    assert shown.count("电子证照标识（未查验的留空）") == 2 and FETCHED + "：" not in shown, shown


# ---- a counterpart whose program does not know it ----

def test_an_older_counterpart_gets_it_in_the_remark(older):
    """What it would refuse is not sent; nothing is lost, and whoever knows the words reads them back."""
    assert element(older.home) == ["seen", "fetched", "none"] and element(older.away) == [None, None, None]
    scan = older.away.upload(b"%PDF-1.4 older")
    case = older.away.intake(item=WHERE, materials=[electronic(SEEN, sha256=scan, remark="手机出示"), FORM], forward=False).json()["case"]
    assert older.away.case(case).json()["materials"][0]["licence_id"] == ID
    assert "licence_in_remark" not in older.away.case(case).json()["materials"][0]
    assert older.away.act(case, "forward", staff="0007").status == 200
    there = older.home.wait_state(case, "received", "0101")
    told = sent(older.away, case, "case.submitted")["materials"]
    assert told[0]["remark"] == f"电子证照标识 {ID}；手机出示" and "licence_id" not in told[0] and told[1] == FORM
    for document in (there, older.away.case(case).json()):
        first = document["materials"][0]
        assert first["licence_id"] == ID and first["licence_in_remark"] is True and first["remark"] == "手机出示"
    assert "lacks" not in there
    shown = Desk(older.away, "0007").run("case", "show", case)
    assert f"1  {ID}\n   对方在材料备注中看到" in shown
    direct = older.away.intake(item=WHERE, materials=[electronic(SEEN, sha256=scan), FORM]).json()["case"]
    older.home.wait_state(direct, "received", "0101")
    assert sent(older.away, direct, "case.submitted")["materials"][0]["remark"] == f"电子证照标识 {ID}"


def test_the_longest_remark_is_refused_before_it_is_too_long(older):
    scan = older.away.upload(b"%PDF-1.4 long")
    answer = older.away.intake(item=WHERE, materials=[electronic(SEEN, sha256=scan, remark="长" * 2000)])
    assert answer.problem() == "field" and answer.json()["field"] == "/materials/0/remark"


def test_the_element_comes_when_the_setting_is_changed():
    """The next edition brings it, with the versions as they are; taken back it is left out again."""
    world = make(knows=False)
    try:
        world.start()
        for step, (setting, wanted) in enumerate([("true", ["seen", "fetched", "none"]), ("false", [None, None, None])]):
            world.home.stop()
            world.home.edit(rf"(office: {AWAY}.*?licences: )\w+", rf"\g<1>{setting}")
            world.home.start()
            more = item(f"NEW{step}", "新事项")
            answer = world.home.window("POST", "/window/v1/catalogue", {"items": [more]}, "0101")
            assert answer.status == 201, answer
            end = time.monotonic() + WAIT_S
            while world.away.window("GET", f"/window/v1/items/{HOME}/NEW{step}").status != 200:
                assert time.monotonic() < end, world.home.log_text()[-2000:]
                time.sleep(0.02)
            assert element(world.away) == wanted and element(world.home) == ["seen", "fetched", "none"]
    finally:
        world.stop()
        world.remove()
