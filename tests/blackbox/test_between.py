"""What happens between the parts of the law: written documents of every state, what time does, local cases, registers — in one life of a case."""
import datetime
import re
import time

import pytest

import test_joint
import test_registers
from office import AWAY, HOME, WAIT_S
from test_case_law import SUPPLEMENT, days_ago, done, law_item, law_world, received, tongban

SOON = (datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))) + datetime.timedelta(days=30)).date().isoformat()
GAPS = {"gaps": [{"material": "照片", "standard": "一寸白底"}], "deadline": SOON}
SPECIAL = {"kind": "hearing", "basis": "行政许可法第四十六条", "days": 5, "unit": "working_day"}
EXTENSION = {"reason": "案情复杂", "approver": "王局长", "days": 10}


@pytest.fixture(scope="module")
def law():
    """The window's receipt counts as the home side's: the authorisation includes acceptance."""
    world = law_world(acceptance=True)
    try:
        world.start()
        yield world
        assert world.stop() == [0, 0]
    finally:
        world.remove()


def page(office, number, kind, staff):
    """The printed page without its line ends: a long value goes on in the next line."""
    answer = office.window("POST", f"/window/v1/cases/{number}/documents/{kind}/print", {}, staff)
    assert answer.status == 200, answer
    return re.sub(r"\n *(?=\S)", "\n", re.sub(r"\n {4,}(?=\S)", "", answer.json()["text"]))


def both(world, number, kind):
    """The page as each side prints it; the delegate's names the principal, all else is the same."""
    home, away = page(world.home, number, kind, "0101"), page(world.away, number, kind, "0007")
    assert "受桐乡市政务服务中心委托，本文书由如东县政务服务中心代为打印" in away.replace("\n", "") and "代为打印" not in home
    assert "桐乡市行政审批专用章(1)" in home and "桐乡市行政审批专用章(1)" in away
    assert re.findall(r"桐政服\w+〔\d{4}〕\d{6}号", home)[0] == re.findall(r"桐政服\w+〔\d{4}〕\d{6}号", away)[0]
    return away


def wait_extension(office, number):
    end = time.monotonic() + WAIT_S
    while "extension" not in office.case(number).json():
        assert time.monotonic() < end, office.log_text()[-2000:]
        time.sleep(0.02)


def chinese(date):
    return f"{date[:4]}年{date[5:7]}月{date[8:10]}日"


def test_each_state_has_its_page(law):
    number = received(law)
    done(law.home.act(number, "tolerate", GAPS))
    document = law.away.wait_state(number, "tolerated")
    text = both(law, number, "tolerant_acceptance")
    tolerance = document["tolerance"]
    for words in ("照片", "一寸白底", chinese(SOON), chinese(tolerance["promised"]), chinese(tolerance["statutory"]), "撤销受理"):
        assert words in text, text
    assert tolerance["promised"] == document["due"]["date"] or document["due"]["what"] != "decision"
    scan = law.away.directory / "照片.pdf"
    scan.write_bytes(test_joint.pdf("photo"))
    got = tongban(law.away, "0007", "material", "add", number, str(scan), "--name", "照片")
    assert got.returncode == 0, got.stderr
    law.home.wait_case(number, lambda row: row["rev"] >= 4, "0101")
    end = time.monotonic() + WAIT_S
    while law.home.act(number, "cure").status != 200:  # the file is still on its way
        assert time.monotonic() < end
        time.sleep(0.05)
    special = done(law.home.act(number, "special", SPECIAL))
    assert special["document"]["kind"] == "special_procedure_notice"
    document = law.away.wait_state(number, "special_procedure")
    text = both(law, number, "special_procedure_notice")
    for words in ("听证", "5个工作日", chinese(document["special"]["until"]), "第四十六条"):
        assert words in text, text
    assert "hearing" not in text
    done(law.home.act(number, "resume", {"result": "听证笔录"}))
    extended = done(law.home.act(number, "extend", EXTENSION))
    assert extended["document"]["kind"] == "extension_notice"
    wait_extension(law.away, number)
    text = both(law, number, "extension_notice")
    for words in ("案情复杂", "王局长", "10个工作日", chinese(extended["due"]["date"])):
        assert words in text, text
    done(law.home.act(number, "deny", {"reason": "不符合条件"}))
    law.away.wait_state(number, "denied")
    assert "六十日" in both(law, number, "decision_deny")


def test_silence_makes_a_numbered_notice_of_the_day_of_receipt(law):
    past = days_ago(40)
    numbers = {code: received(law, code, handed_in_at=past, late=True) for code in ("GA01", "GA09", "GA10")}
    assert law.home.stop() == 0
    law.home.start()
    for code, words in (("GA01", "第三十二条第一款第四项"), ("GA09", "不动产登记暂行条例第十七条"), ("GA10", "第三十二条第一款第四项")):
        law.home.wait_state(numbers[code], "accepted", "0101")
        acceptance = law.away.wait_state(numbers[code], "accepted")["acceptance"]
        assert acceptance["document_no"].startswith("桐政服受〔")
        text = both(law, numbers[code], "acceptance_notice")
        assert f"受理日期：{chinese(past)}" in text.replace(" ", ""), text
        assert acceptance["document_no"] in text and words in text.replace("\n", "")
        assert chinese(acceptance["promised"]) in text


# ---- local cases (本地办件): one office is both sides ----

def local(world, code="GA01", **members):
    answer = world.home.intake(item={"office": HOME, "code": code}, **members)
    assert answer.status == 201, answer
    return answer.json()["case"]


def kinds(world, number, staff):
    rows = world.home.window("GET", f"/window/v1/cases/{number}/documents", staff=staff).json()["rows"]
    return {row["kind"]: row["printable"] for row in rows}


def test_a_local_case_prints_the_documents_of_both_sides(law):
    number = local(law)
    done(law.home.act(number, "accept"))
    assert kinds(law, number, "0007") == {"intake_receipt": True, "power_of_attorney": True, "acceptance_notice": True}
    receipt = page(law.home, number, "intake_receipt", "0007")
    assert "东政服" not in receipt and "桐政服收〔" in receipt and "收件专用章" in receipt and "委托代收" not in receipt and "传送" not in receipt
    notice = page(law.home, number, "acceptance_notice", "0101")
    assert "桐政服受〔" in notice and "委托" not in notice and "行政审批专用章" in notice
    void = {"reason": "打印错误"}
    assert law.home.window("POST", f"/window/v1/cases/{number}/documents/intake_receipt/void", void, "0101").problem() == "not-allowed"
    done(law.home.window("POST", f"/window/v1/cases/{number}/documents/intake_receipt/void", void, "0007"))
    assert "代替已作废的" in page(law.home, number, "intake_receipt", "0007")
    done(law.home.window("POST", f"/window/v1/cases/{number}/documents/acceptance_notice/void", void, "0101"))


def test_silence_counts_from_the_own_window(law):
    past = days_ago(40)
    number = local(law, handed_in_at=past, late=True)
    assert law.home.stop() == 0
    law.home.start()
    document = law.home.wait_state(number, "accepted", "0101")
    assert document["acceptance"]["receipt"] == "intake" and document["times"]["accepted"] == past
    assert chinese(past) in page(law.home, number, "acceptance_notice", "0101")


def test_a_local_case_through_all_rules(law):
    number = local(law)
    steps = [("notice", {"defects": [{"material": "照片", "defect": "缺", "standard": "一寸", "cure": "补交"}], "deadline": SOON}),
             ("supplement", SUPPLEMENT), ("tolerate", GAPS), ("supplement", SUPPLEMENT), ("cure", {}),
             ("review", {"kind": "substantive_review", "officers": [{"name": "甲"}, {"name": "乙"}]}), ("special", SPECIAL),
             ("resume", {"result": "听证笔录"}), ("extend", EXTENSION), ("deny", {"reason": "不符合条件"}),
             ("delivery", {"way": "pickup", "place": "home", "documents": [{"name": "不予决定书"}]}),
             ("deliver", {"way": "left_in_place", "place": "住所", "received_at": days_ago(0), "recipient": "张三", "server": "陆文斌",
                          "refusal_reason": "拒收", "witnesses": [{"name": "赵六"}], "documents": [{"name": "不予决定书"}]}),
             ("complete", {})]
    for action, body in steps:
        done(law.home.act(number, action, body))
    assert law.home.case(number, "0101").json()["state"] == "completed"
    kept = {"documents": [{"name": "照片", "originals": 1}]}
    done_or_created(test_registers.act(law.home, "transfer", "keep", data=kept, staff="0007", case=number))
    back = {**kept, "recipient": "张三", "received_at": days_ago(0), "server": "沈佳怡"}
    done_or_created(test_registers.act(law.home, "transfer", "hand-back", data=back, staff="0007", case=number))
    packed = {**kept, "bag": "B1", "packed_by": "沈佳怡"}
    assert test_registers.act(law.home, "transfer", "pack", data=packed, staff="0007", case=number).problem() == "not-allowed"
    assert law.home.window("GET", f"/window/v1/cases/{number}/originals", staff="0007").json()["balanced"]
    assert test_registers.act(law.home, "note", "write", data={"text": "已电话告知"}, staff="0007", case=number).problem() == "not-allowed"
    rating = {"about": "home_department", "level": 2, "channel": "pc"}
    bad = test_registers.act(law.home, "rating", "record", data=rating, staff="0007", case=number)
    done_or_created(bad)
    done_or_created(test_registers.act(law.home, "rating", "call-back", bad.json()["no"], {"called_by": "陆文斌", "finding": "解释清楚"}, "0101"))
    bundle = law.home.directory / "local.json"
    assert tongban(law.home, "0101", "case", "proof", number, "--out", str(bundle)).returncode == 0
    for name in ("intake", "supplement", "overdue", "figures", "mail"):
        got = tongban(law.home, "0201", "report", "check", name)
        assert got.returncode == 0, got.stdout + got.stderr
    for kind in ("supplement_notice", "tolerant_acceptance", "special_procedure_notice", "extension_notice", "decision_deny", "delivery_receipt"):
        text = page(law.home, number, kind, "0101")
        assert "委托" not in text and "代为" not in text, text
    assert law.home.window("GET", f"/window/v1/cases/{number}/steps", staff="0007").json()["rows"] == []
    report = law.home.window("GET", f"/window/v1/cases/{number}/accountability", staff="0101")
    assert report.status == 200, report
    clocks = done(law.home.window("GET", f"/window/v1/cases/{number}/clocks", staff="0101"))
    assert clocks["escalation"] is None and all(phase["over"] == 0 for phase in clocks["phases"])
    assert AWAY not in law.home.window("GET", f"/window/v1/cases/{number}/bundle", staff="0101").body.decode()


# ---- joint cases: what the law does to a leg, and what the catalogue does ----

@pytest.fixture(scope="module")
def three():
    with test_joint.running_trio() as world:
        yield world


def test_legs_that_end_without_a_decision(three):
    document = test_joint.open_joint(three, "FAN3")
    legs = test_joint.legs(document)
    ends = {"a": ("return", {"reason_class": "DUPLICATE", "reason": "重复申请", "agreed": True}),
            "b": ("abort", {"reason_class": "FORCE_MAJEURE", "reason": "不可抗力", "approver": "王局长"}),
            "c": ("refuse", {"reason_class": "NOT_REQUIRED", "reason": "不需要许可"})}
    for name, (action, body) in ends.items():
        office, case = three.offices[legs[name]["office"]], legs[name]["case"]
        office.wait_state(case, "received", "0101")
        done(office.act(case, action, body))
    closed = test_joint.wait_joint(three, document["joint"], "refused")
    assert test_joint.states(closed) == {"a": "withdrawn", "b": "withdrawn", "c": "refused", "d": "stopped"}


def test_what_is_published_for_later_does_not_stop_joint_cases(three):
    """Template and leg have a version that begins later: until then the one before holds, as for single cases."""
    template = dict(next(one for one in test_joint.TEMPLATES if one["code"] == "CITY"), version=2, effective_from="2099-01-01")
    part = dict(next(one for one in test_joint.LEGS if one["code"] == "P2"), version=2, effective_from="2099-01-01")
    done_or_created(three.home.window("POST", "/window/v1/catalogue", {"items": [template]}, "0101"))
    done_or_created(three.away.window("POST", "/window/v1/catalogue", {"items": [part]}, "0101"))
    end = time.monotonic() + WAIT_S
    while not three.home.window("GET", f"/window/v1/items/{AWAY}/P2").json().get("next"):
        assert time.monotonic() < end
        time.sleep(0.02)
    document = test_joint.open_joint(three, "CITY")
    # the version that holds when the turn of the leg comes is the one it is decided by
    part.update(version=3, effective_from="2021-01-01", name="leg P2 new")
    done_or_created(three.away.window("POST", "/window/v1/catalogue", {"items": [part]}, "0101"))
    while three.home.window("GET", f"/window/v1/items/{AWAY}/P2").json()["version"] != 3:
        assert time.monotonic() < end
        time.sleep(0.02)
    test_joint.decide(three, test_joint.legs(document)["a"])
    leg = test_joint.wait_leg(three, document["joint"], "b", "open")
    pinned = {"office": AWAY, "code": "P2", "version": 3, "name": "leg P2 new"}
    assert three.home.case(leg["case"]).json()["item"] == pinned == leg["item"]


def test_a_leg_whose_item_was_withdrawn_meanwhile(three):
    """What was promised at the counter cannot be kept: the leg says why, and the joint case does not wait for it."""
    document = test_joint.open_joint(three, "CITY")
    done_or_created(three.away.window("POST", "/window/v1/catalogue", {"retire": [{"code": "P2", "reason": "取消"}]}, "0101"))
    end = time.monotonic() + WAIT_S
    while three.home.window("GET", f"/window/v1/items/{AWAY}/P2").status == 200:
        assert time.monotonic() < end
        time.sleep(0.02)
    test_joint.decide(three, test_joint.legs(document)["a"])
    closed = test_joint.wait_joint(three, document["joint"], "refused")
    leg = test_joint.legs(closed)["b"]
    assert leg["state"] == "refused" and leg["case"] is None and "P2" in leg["reason"]


def done_or_created(answer):
    assert answer.status in (200, 201), answer


# ---- authorisations on paper; what the window has to hand over ----

def test_in_whose_name_and_the_letter(fresh):
    """The letter from the register, before both sign it and after; documents name the delegate unless the authorisation says not to."""
    for office in fresh.offices.values():
        office.edit(r"authorisations:\n(  [^\n]*\n)*", "")
    fresh.start()
    offer = {**test_registers.OFFER, "items": "GA01,class:户籍身份证", "in_name": "principal", "open_cases": "stop", "limits": "限自然人申请",
             "supervision": "每季度抽查", "signatory": "王局长", "announced_on": "2026-01-04"}
    no = created(fresh.home, offer)["no"]
    test_registers.wait(fresh.away, "authorisation", no, "offered")
    got = tongban(fresh.away, "0101", "authorisation", "letter", no)
    assert got.returncode == 0, got.stderr
    for words in ("授权委托书", "待接受", "桐乡市政务服务中心", "如东县政务服务中心", "GA01、户籍身份证类全部事项", "限自然人申请", "每季度抽查",
                  "2026年01月04日", "停止办理", "不注明受委托机关", offer["announcement"], no):
        assert words in got.stdout.replace("\n", ""), got.stdout
    done(test_registers.act(fresh.away, "authorisation", "accept", no, {"signatory": "缪建国"}))
    test_registers.wait(fresh.away, "authorisation", no, "active")
    test_registers.wait(fresh.home, "authorisation", no, "active")
    out = fresh.home.directory / "letter.md"
    got = tongban(fresh.home, "0101", "authorisation", "letter", no, "--format", "markdown", "--out", str(out))
    assert got.returncode == 0 and "签字盖章" in got.stdout and "缪建国" in out.read_text() and out.read_text().startswith("# 授权委托书")
    assert tongban(fresh.home, "0101", "authorisation", "letter", "A330483-2026-999").returncode == 1
    assert tongban(fresh.home, "0101", "authorisation", "letter", "x").returncode == 2
    got = tongban(fresh.home, "0101", "authorisation", "list", "--print")
    lines = got.stdout.splitlines()
    assert got.returncode == 0 and lines[0].startswith("# ") and lines[3] == "|" + " --- |" * (lines[2].count("|") - 1)
    assert lines[4].startswith(f"| {no} | 生效 | 如东县 | GA01,class:户籍身份证 | INOPD |") and len(lines) == 5
    number = test_registers.received(fresh)
    done(fresh.home.act(number, "accept"))
    fresh.away.wait_state(number, "accepted")
    text = page(fresh.away, number, "acceptance_notice", "0007")
    assert "受桐乡市政务服务中心委托" not in text and "桐乡市行政审批专用章" in text
    letter = page(fresh.away, number, "authorisation_letter", "0007")
    assert "限自然人申请" in letter and "停止办理" in letter


def created(office, offer):
    answer = test_registers.act(office, "authorisation", "offer", data=offer)
    assert answer.status == 201, answer
    return answer.json()


def test_what_is_printed_is_handed_over_as_a_step(law):
    number = received(law)
    done(law.home.act(number, "accept"))
    done(law.home.act(number, "special", SPECIAL))
    done(law.home.act(number, "resume", {"result": "听证笔录"}))
    extended = done(law.home.act(number, "extend", EXTENSION))
    wait_extension(law.away, number)
    steps = test_registers.rows(law.away, "step", f"&case={number}")
    end = time.monotonic() + WAIT_S
    while len(steps) < 2 and time.monotonic() < end:
        time.sleep(0.02)
        steps = test_registers.rows(law.away, "step", f"&case={number}")
    tasks = {row["task"]: row["no"] for row in steps}
    task = "延期通知书 " + extended["document"]["number"]
    assert [row["step"] for row in steps] == ["notice", "notice"] and all(row["turn"] for row in steps) and task in tasks
    out = law.away.directory / "page.txt"
    got = tongban(law.away, "0007", "case", "document", number, "extension_notice", "--out", str(out))
    assert got.returncode == 0 and f"tongban step done {tasks[task]}" in got.stdout, got.stdout
    got = tongban(law.away, "0007", "step", "show", tasks[task])
    assert f"tongban case documents {number}" in got.stdout and task in got.stdout
    done(test_registers.act(law.away, "step", "done", tasks[task], {"handed_over": test_registers.HANDED}, "0007"))
    test_registers.wait(law.home, "step", tasks[task], "done")
    got = tongban(law.away, "0007", "case", "document", number, "extension_notice", "--out", str(out))
    assert "tongban step done" not in got.stdout and "补印" in out.read_text()
    got = tongban(law.home, "0101", "case", "track", number).stdout
    assert "委托环节：委托" in got and "委托环节：完成" in got and ".act" not in got and "一次性告知" in got, got
    got = tongban(law.home, "0101", "case", "accountability", number).stdout
    assert "委托环节：委托" in got and ".act" not in got, got
    done(law.home.act(number, "grant", {"result": {"name": "居民身份证"}}))


# ---- the catalogue where a clerk needs it ----

def test_the_form_check_is_said_before_and_after(law):
    """What is missing is taken in all the same (行政许可法 32(4)), but never in silence; what the notice lacks of words the item has."""
    lacks = [{"material": "申请表", "lack": "missing", "deferrable": False}, {"material": "照片", "lack": "missing", "deferrable": True}]
    item = {"office": HOME, "code": "GA01"}
    answer = law.away.intake(item=item, forward=False)
    assert answer.status == 201 and answer.json()["lacks"] == lacks
    number = answer.json()["case"]
    got = tongban(law.away, "0007", "case", "show", number)
    assert "形式审查" in got.stdout and "申请表：缺少" in got.stdout and "照片：缺少，可容缺" in got.stdout
    done(law.away.act(number, "material", {"materials": [{"name": "申请表", "form": "form"}]}, staff="0007"))
    assert done(law.away.act(number, "forward", staff="0007"))["lacks"] == lacks[1:]
    assert law.home.wait_state(number, "received", "0101")["lacks"] == lacks[1:]
    done(law.home.act(number, "notice", {"defects": [{"material": "照片", "defect": "缺", "standard": "一寸", "cure": "补交"}], "deadline": SOON}))
    law.away.wait_state(number, "supplement_asked")
    done(law.away.act(number, "supplement", SUPPLEMENT, staff="0007"))
    assert "lacks" not in law.home.wait_state(number, "supplemented", "0101")
    whole = [{"name": "申请表", "form": "form"}, {"name": "照片", "form": "electronic"}]
    assert "lacks" not in law.away.intake(item=item, materials=whole).json()


def test_items_say_what_is_right_and_how_it_is_delivered(fresh):
    materials = [{"name": "身份证", "form": "O", "required": True, "standard": "在有效期内"},
                 {"name": "照片", "form": "P", "required": True, "deferrable": True, "standard": "近期免冠"},
                 {"name": "社保记录", "form": "E", "required": True}, {"name": "委托书", "form": "O", "required": False, "needed_when": "代办"}]
    fresh.write_catalogue(fresh.home, [law_item("GA01", delivery=["mail"]) | {"materials": materials}, law_item("GA09")])
    fresh.start()
    item = {"office": HOME, "code": "GA01"}
    pickup = {"way": "pickup", "place": "intake"}
    assert fresh.away.intake(item=item, delivery=pickup).json()["field"] == "/delivery/way"
    assert fresh.away.intake(item={"office": HOME, "code": "GA09"}, delivery={"way": "electronic"}).json()["field"] == "/delivery/way"
    assert fresh.away.intake(item={"office": HOME, "code": "GA09"}, delivery=pickup).status == 201
    handed = [{"name": "身份证", "form": "copy"}, {"name": "照片", "form": "electronic"}]
    answer = fresh.away.intake(item=item, materials=handed).json()
    assert answer["lacks"] == [{"material": "身份证", "lack": "original_unseen", "deferrable": False, "standard": "在有效期内"}]
    fresh.home.wait_state(answer["case"], "received", "0101")
    notice = {"defects": [{"material": "身份证", "defect": "未见原件", "cure": "出示原件"}, {"material": "收据", "defect": "缺", "cure": "补交"}],
              "deadline": SOON}
    assert fresh.home.act(answer["case"], "notice", notice).json()["field"] == "/defects/1/standard"
    done(fresh.home.act(answer["case"], "notice", {**notice, "defects": notice["defects"][:1]}))
    assert fresh.home.case(answer["case"], "0101").json()["notice"]["defects"][0]["standard"] == "在有效期内"
    other = fresh.away.intake(item=item).json()["case"]
    fresh.home.wait_state(other, "received", "0101")
    done(fresh.home.act(other, "tolerate", {"gaps": [{"material": "照片"}], "deadline": SOON}))
    assert "近期免冠" in page(fresh.home, other, "tolerant_acceptance", "0101")
