"""The registers between two offices: authorisations, delegated steps, papers, problems, contacts, pre-checks, notes, ratings."""
import hashlib
import time

import pytest

from office import WAIT_S

OFFER = {"items": "*", "steps": "INOPD", "from": "2021-01-01", "until": "2049-12-31", "announcement": "公告〔2026〕7号"}
NOTICE = {"defects": [{"material": "照片", "defect": "缺", "standard": "一寸", "cure": "补交"}], "deadline": "2031-01-01"}
DELIVERY = {"way": "pickup", "place": "intake", "documents": [{"name": "居民身份证"}]}
DELIVERED = {"way": "direct", "documents": [{"name": "居民身份证"}], "place": "如东县政务服务中心", "received_at": "2026-01-05T09:00:00+08:00",
             "recipient": "张三", "server": "顾海燕"}
HANDED = {"document": "一次性告知书", "way": "direct", "received_at": "2026-01-05T09:00:00+08:00", "recipient": "张三", "server": "顾海燕"}


def act(desk, kind, name, no=None, data=None, staff="0101", **envelope):
    path = f"/window/v1/registers/{kind}/" + (f"{no}/" if no else "") + f"acts/{name}"
    return desk.window("POST", path, {**envelope, "data": data or {}}, staff)


def done(answer):
    assert answer.status in (200, 201), answer
    return answer.json()


def show(office, kind, no, staff="0101"):
    return office.window("GET", f"/window/v1/registers/{kind}/{no}", staff=staff)


def rows(office, kind, query="", staff="0101"):
    return office.window("GET", f"/window/v1/registers/{kind}?limit=100{query}", staff=staff).json()["rows"]


def wait(office, kind, no, state, staff="0101", pending=False):
    """The object once it is in that state and nothing of ours waits for a receipt."""
    end = time.monotonic() + WAIT_S
    while True:
        answer = show(office, kind, no, staff)
        if answer.status == 200 and answer.json()["state"] == state and (pending or not answer.json()["pending"]):
            return answer.json()
        assert time.monotonic() < end, (office.code, answer, office.log_text()[-2000:])
        time.sleep(0.02)


def same_history(pair, kind, no):
    """Both sides tell the same story in the same order."""
    def story(office):
        return [(row["act"], row["at"], row["from"], row["rev"]) for row in show(office, kind, no).json()["history"] if row["rev"]]
    end = time.monotonic() + WAIT_S
    while story(pair.home) != story(pair.away):
        assert time.monotonic() < end, (story(pair.home), story(pair.away))
        time.sleep(0.02)
    return [one[0] for one in story(pair.home)]


def received(pair, **members):
    number = pair.away.intake(**members).json()["case"]
    pair.home.wait_state(number, "received", "0101")
    return number


# ---- authorisations ----

@pytest.fixture
def unauthorised(fresh):
    """Two offices that have authorised each other for nothing yet."""
    for office in fresh.offices.values():
        office.edit(r"authorisations:\n(  [^\n]*\n)*", "")
    return fresh.start()


def test_life_of_an_authorisation(unauthorised):
    pair = unauthorised
    assert pair.away.intake().problem() == "no-authorisation"
    no = done(act(pair.home, "authorisation", "offer", data={**OFFER, "acceptance": True}))["no"]
    assert no.startswith("A330483-")
    wait(pair.away, "authorisation", no, "offered")
    assert pair.away.intake().problem() == "no-authorisation", "an offer alone allows nothing"
    assert act(pair.home, "authorisation", "accept", no).problem() == "not-allowed", "who offers cannot accept"
    assert act(pair.away, "authorisation", "accept", no, staff="0007").problem() == "not-allowed", "a clerk at a window cannot, either"
    done(act(pair.away, "authorisation", "accept", no, {"signatory": "缪建国"}))
    document = wait(pair.away, "authorisation", no, "active")
    assert document["data"]["acceptance"] is True and document["data"]["accepted"]["signatory"] == "缪建国"
    assert document["data"]["open_cases"] == "finish" and document["data"]["in_name"] == "principal_by_delegate"
    number = received(pair)
    assert pair.away.case(number).status == 200
    # suspended: nothing new, but what was taken in is finished
    done(act(pair.home, "authorisation", "suspend", no, {"reason": "核查"}))
    wait(pair.away, "authorisation", no, "suspended")
    assert pair.away.intake().problem() == "no-authorisation"
    done(pair.home.act(number, "notice", NOTICE))
    pair.away.wait_state(number, "supplement_asked")
    supplement = {"materials": [{"name": "照片", "form": "copy"}]}
    done(pair.away.act(number, "supplement", supplement, "0007"))
    pair.home.wait_state(number, "supplemented", "0101")
    done(act(pair.home, "authorisation", "resume", no))
    wait(pair.away, "authorisation", no, "active")
    again = received(pair)
    done(act(pair.home, "authorisation", "revoke", no, {"reason": "协议终止", "open_cases": "stop", "announcement": "公告〔2026〕9号"}))
    wait(pair.away, "authorisation", no, "revoked")
    assert pair.away.intake().problem() == "no-authorisation"
    done(pair.home.act(again, "notice", NOTICE))
    pair.away.wait_state(again, "supplement_asked")
    assert pair.away.act(again, "supplement", supplement, "0007").problem() == "no-authorisation", "the revocation stops open cases, too"
    assert act(pair.home, "authorisation", "resume", no).problem() == "transition"
    assert same_history(pair, "authorisation", no) == ["offer", "accept", "suspend", "resume", "revoke"]


def connect(pair):
    """The link is there again; what waits for it, however long it was away, goes now."""
    pair.restore()
    for office in pair.offices.values():
        office.control("queue", "retry")


def test_what_was_done_in_ignorance_of_a_revocation_is_refused(unauthorised):
    pair = unauthorised
    no = done(act(pair.home, "authorisation", "offer", data={**OFFER, "open_cases": "stop"}))["no"]
    wait(pair.away, "authorisation", no, "offered")
    done(act(pair.away, "authorisation", "accept", no))
    wait(pair.away, "authorisation", no, "active")
    pair.cut()
    done(act(pair.home, "authorisation", "revoke", no, {"reason": "协议终止"}))
    number = pair.away.intake().json()["case"]  # it cannot know yet
    connect(pair)
    wait(pair.away, "authorisation", no, "revoked")
    end = time.monotonic() + WAIT_S
    while True:
        line = [row for row in pair.away.window("GET", f"/window/v1/cases/{number}/timeline").json()["rows"] if row["type"] == "case.submitted"][0]
        if line["verdict"]:
            break
        assert time.monotonic() < end
        time.sleep(0.05)
    assert line["verdict"] == "refused"
    assert pair.home.window("GET", f"/window/v1/cases?q={number}", staff="0101").json()["rows"] == []


@pytest.mark.parametrize("change, field", [
    ({"steps": "INX"}, "/steps"), ({"steps": "II"}, "/steps"), ({"until": "2020-01-01"}, "/until"), ({"items": "GA01, GA09"}, "/items"),
    ({"acceptance": True, "steps": "NOPD"}, "/acceptance"), ({"announcement": None}, "/announcement"), ({"open_cases": "perhaps"}, "/open_cases"),
    ({"from": "gestern"}, "/from"), ({"surprise": 1}, "/surprise"),
])
def test_a_wrong_offer_is_refused_with_its_field(pair, change, field):
    data = {name: value for name, value in {**OFFER, **change}.items() if value is not None}
    answer = act(pair.home, "authorisation", "offer", data=data)
    assert answer.problem() == "field" and answer.json()["field"] == field, answer


def test_only_own_items_can_be_authorised(pair):
    assert act(pair.home, "authorisation", "offer", data={**OFFER, "items": "RS01"}).problem() == "item-unknown"
    assert act(pair.home, "authorisation", "offer", data={**OFFER, "items": "GA01,class:户籍身份证"}).status == 201


# ---- delegated steps ----

def test_notice_and_delivery_are_asked_for_and_evidenced(pair):
    number = received(pair)
    done(pair.home.act(number, "notice", NOTICE))
    pair.away.wait_state(number, "supplement_asked")
    step = [row for row in rows(pair.away, "step", f"&case={number}")]
    assert [row["step"] for row in step] == ["notice"] and step[0]["turn"] and step[0]["due"]
    no = step[0]["no"]
    mine = pair.away.window("GET", "/window/v1/registers?limit=100").json()["rows"]
    assert no in {row["no"] for row in mine}, "it waits on the to-do list"
    assert act(pair.away, "step", "done", no, staff="0007").json()["field"] == "/handed_over"
    left = {**HANDED, "way": "left_in_place"}
    assert act(pair.away, "step", "done", no, {"handed_over": left}, "0007").json()["field"] == "/handed_over"
    done(act(pair.away, "step", "acknowledge", no, staff="0007"))
    done(act(pair.away, "step", "done", no, {"handed_over": HANDED}, "0007"))
    wait(pair.home, "step", no, "done")
    document = show(pair.home, "step", no).json()
    assert document["data"]["evidence"]["handed_over"]["recipient"] == "张*", "whoever needs the name opens the case"
    done(pair.away.act(number, "supplement", {"materials": [{"name": "照片", "form": "copy"}]}, "0007"))
    pair.home.wait_state(number, "supplemented", "0101")
    done(pair.home.act(number, "accept"))
    done(pair.home.act(number, "grant", {"result": {"name": "居民身份证"}}))
    done(pair.home.act(number, "delivery", DELIVERY))
    pair.away.wait_state(number, "delivering")
    done(pair.away.act(number, "deliver", DELIVERED, "0007"))
    pair.home.wait_state(number, "delivered", "0101")
    delivery = [row["no"] for row in rows(pair.home, "step", f"&case={number}") if row["step"] == "delivery"]
    assert len(delivery) == 1
    wait(pair.home, "step", delivery[0], "done")
    wait(pair.away, "step", delivery[0], "done")
    assert same_history(pair, "step", delivery[0]) == ["request", "done"]
    steps = pair.home.window("GET", f"/window/v1/cases/{number}/steps", staff="0101").json()["rows"]
    assert [(row["step"], row["state"]) for row in steps] == [("intake", "done"), ("original", "done"), ("person", "done"), ("notice", "done"),
                                                             ("delivery", "done")]
    assert show(pair.away, "step", delivery[0]).json()["history"][-1]["authorisation"], "each delegated step names its authorisation"


def test_original_verification_on_request(pair):
    scan = pair.away.upload(b"%PDF-1.4 an old card")
    number = received(pair, materials=[{"name": "原居民身份证", "form": "copy", "sha256": scan}])
    request = {"step": "original", "task": "请核对原件", "materials": [{"name": "原居民身份证"}]}
    assert act(pair.away, "step", "request", data=request, case=number).problem() == "not-allowed", "only the home side asks"
    no = done(act(pair.home, "step", "request", data=request, case=number))["no"]
    wait(pair.away, "step", no, "requested")
    seen = {"material": "原居民身份证", "sha256": scan, "agrees": True, "after": "returned", "seen_by": "顾海燕"}
    done(act(pair.away, "step", "done", no, {"originals": [seen]}, "0007"))
    document = wait(pair.home, "step", no, "done")
    assert document["data"]["evidence"]["originals"] == [seen]


def test_a_step_without_authorisation_is_refused(unauthorised):
    pair = unauthorised
    no = done(act(pair.home, "authorisation", "offer", data={**OFFER, "steps": "I"}))["no"]
    wait(pair.away, "authorisation", no, "offered")
    done(act(pair.away, "authorisation", "accept", no))
    wait(pair.away, "authorisation", no, "active")
    number = received(pair, materials=None, comparison=None)
    assert act(pair.home, "step", "request", data={"step": "person"}, case=number).problem() == "no-authorisation"
    done(pair.home.act(number, "notice", NOTICE))
    pair.away.wait_state(number, "supplement_asked")
    assert rows(pair.home, "step", f"&case={number}") == [], "the home side has to hand over its notice itself"


def test_open_steps_end_with_the_case(pair):
    number = received(pair)
    no = done(act(pair.home, "step", "request", data={"step": "person"}, case=number))["no"]
    wait(pair.away, "step", no, "requested")
    done(pair.away.act(number, "withdraw", {"reason": "申请人撤回"}, "0007"))
    pair.home.wait_state(number, "withdrawn", "0101")
    wait(pair.home, "step", no, "void")
    wait(pair.away, "step", no, "void")


def test_crossing_acts_end_alike(fresh):
    """Both sides act on the same step while the link is down: the home side decides, both end with its order."""
    pair = fresh.start()
    number = received(pair)
    no = done(act(pair.home, "step", "request", data={"step": "person"}, case=number))["no"]
    wait(pair.away, "step", no, "requested")
    pair.cut()
    done(act(pair.home, "step", "void", no, {"reason": "不再需要"}))
    done(act(pair.away, "step", "done", no, {"comparison": {"result": "match", "officer": "顾海燕"}}, "0007"))
    assert show(pair.away, "step", no).json()["state"] == "done"
    connect(pair)
    wait(pair.away, "step", no, "void")
    assert wait(pair.home, "step", no, "void")["data"].get("evidence") is None
    assert [row["verdict"] for row in show(pair.away, "step", no).json()["history"] if row["act"] == "done"] == ["refused"]


# ---- papers ----

PAPERS = [{"name": "户口簿", "originals": 1}, {"name": "结婚证", "originals": 2, "copies": 1}]


def sums(office, number):
    got = office.window("GET", f"/window/v1/cases/{number}/originals", staff="0101").json()
    assert got["kept"] == got["at_intake"] + got["at_home"] + got["moving"] + got["lost"] + got["returned"], got
    return {name: got[name] for name in ("kept", "at_intake", "at_home", "moving", "lost", "returned", "balanced")}


def sent(pair, number):
    done(act(pair.away, "transfer", "keep", data={"documents": PAPERS}, staff="0007", case=number))
    no = done(act(pair.away, "transfer", "pack", data={"documents": PAPERS, "bag": "F0001", "packed_by": "顾海燕"}, staff="0007", case=number))["no"]
    assert act(pair.away, "transfer", "pack", data={"documents": PAPERS, "bag": "F0002", "packed_by": "顾海燕"}, staff="0007",
               case=number).problem() == "transition", "no original is packed twice"
    wrong = act(pair.away, "transfer", "send", no, {"carrier": "EMS", "tracking_no": "EE123456784CN"}, "0007")
    assert wrong.json()["field"] == "/tracking_no"
    done(act(pair.away, "transfer", "send", no, {"carrier": "EMS", "tracking_no": "EE123456785CN", "insured_yuan": 300}, "0007"))
    wait(pair.home, "transfer", no, "sent")
    return no


def test_originals_are_counted_from_hand_to_hand(pair):
    number = received(pair)
    assert act(pair.away, "transfer", "pack", data={"documents": PAPERS, "bag": "F0001", "packed_by": "顾海燕"}, staff="0007",
               case=number).problem() == "transition", "nothing was left here"
    no = sent(pair, number)
    wait(pair.away, "transfer", no, "sent")
    assert sums(pair.home, number) == {"kept": 3, "at_intake": 0, "at_home": 0, "moving": 3, "lost": 0, "returned": 0, "balanced": True}
    opening = {"opened_by": "陆文斌", "second": "陆文斌", "seal_intact": True}
    assert act(pair.home, "transfer", "open", no, opening).json()["field"] == "/second"
    assert act(pair.away, "transfer", "open", no, {**opening, "second": "沈佳怡"}, "0007").problem() == "not-allowed", "the sender does not open it"
    done(act(pair.home, "transfer", "open", no, {**opening, "second": "沈佳怡"}))
    wait(pair.away, "transfer", no, "opened")
    assert sums(pair.away, number)["at_home"] == 3
    back = {"documents": PAPERS, "recipient": "张三", "received_at": "2026-11-24T10:00:00+08:00", "server": "顾海燕"}
    assert act(pair.away, "transfer", "hand-back", data=back, staff="0007", case=number).problem() == "transition", "they are at the home side"
    done(act(pair.home, "transfer", "hand-back", data=back, case=number))
    assert sums(pair.home, number)["returned"] == 3


def test_differences_losses_and_returns(pair):
    number = received(pair)
    no = sent(pair, number)
    opening = {"opened_by": "陆文斌", "second": "沈佳怡", "seal_intact": False, "differences": [{"name": "结婚证", "listed": 1, "found": 1}]}
    assert act(pair.home, "transfer", "open", no, opening).json()["field"] == "/differences/listed"
    opening["differences"] = [{"name": "结婚证", "listed": 2, "found": 1, "remark": "封签破损"}]
    assert done(act(pair.home, "transfer", "open", no, opening))["state"] == "differs"
    wait(pair.away, "transfer", no, "differs")
    assert sums(pair.away, number) == {"kept": 3, "at_intake": 0, "at_home": 2, "moving": 0, "lost": 1, "returned": 0, "balanced": True}
    done(act(pair.away, "transfer", "settle", no, {"explanation": "在本窗口找到", "recovered": 1}, "0007"))
    wait(pair.home, "transfer", no, "settled")
    assert sums(pair.home, number) == {"kept": 3, "at_intake": 1, "at_home": 2, "moving": 0, "lost": 0, "returned": 0, "balanced": True}
    other = received(pair)
    no = sent(pair, other)
    done(act(pair.away, "transfer", "come-back", no, {"reason": "地址有误"}, "0007"))
    wait(pair.home, "transfer", no, "came_back")
    assert sums(pair.away, other)["at_intake"] == 3
    done(act(pair.away, "transfer", "send", no, {"carrier": "EMS", "tracking_no": "EE987654326CN"}, "0007"))
    wait(pair.home, "transfer", no, "sent")
    done(act(pair.home, "transfer", "lose", no, {"reason": "邮路中断"}))
    wait(pair.away, "transfer", no, "lost")
    assert sums(pair.home, other)["lost"] == 3
    done(act(pair.away, "transfer", "write-off", no, {"explanation": "补办并赔付", "compensation_yuan": 300}, "0007"))
    wait(pair.home, "transfer", no, "written_off")


# ---- around the case ----

def test_a_problem_is_handled_and_may_go_to_the_meeting(pair):
    raised = {"class": "standard", "subject": "照片标准不一致", "text": "两地要求不同"}
    no = done(act(pair.away, "problem", "raise", data=raised, staff="0007"))["no"]
    wait(pair.home, "problem", no, "raised")
    done(act(pair.home, "problem", "take", no, {"responsible": "陆文斌", "due": "2026-12-31"}))
    done(act(pair.home, "problem", "measure", no, {"measure": "统一为一寸白底"}))
    wait(pair.away, "problem", no, "measured")
    done(act(pair.away, "problem", "meet", no, {"meeting": "2026-12-20"}, "0007"))
    done(act(pair.away, "problem", "reopen", no, {"reason": "仍有差异"}, "0007"))
    wait(pair.home, "problem", no, "taken")
    done(act(pair.home, "problem", "measure", no, {"measure": "已更新指南"}))
    wait(pair.away, "problem", no, "measured")
    done(act(pair.away, "problem", "close", no, {"result": "已统一"}, "0007"))
    document = wait(pair.home, "problem", no, "closed")
    assert len(document["data"]["measures"]) == 2 and document["data"]["meeting"]["meeting"] == "2026-12-20"
    assert same_history(pair, "problem", no) == ["raise", "take", "measure", "meet", "reopen", "measure", "close"]


def test_contacts_are_known_on_both_sides(pair):
    card = {"name": "陆文斌", "function": "liaison", "department": "公安局", "items": "GA01", "phone": "0573-88000001", "duty_hours": "工作日 8:30-17:00",
            "deputy": "沈佳怡", "deputy_phone": "0573-88000002"}
    no = done(act(pair.home, "contact", "add", data=card))["no"]
    wait(pair.away, "contact", no, "listed")
    assert act(pair.away, "contact", "remove", no).problem() == "not-allowed", "each office keeps its own"
    assert act(pair.home, "contact", "away", no, {"from": "2026-12-02", "until": "2026-12-01"}).json()["field"] == "/until"
    done(act(pair.home, "contact", "away", no, {"from": "2026-12-01", "until": "2026-12-05"}))
    listed = [row for row in rows(pair.away, "contact") if row["no"] == no]
    wait(pair.away, "contact", no, "away")
    listed = [row for row in rows(pair.away, "contact") if row["no"] == no]
    assert listed[0]["deputy_phone"] == "0573-88000002" and listed[0]["absence"]["until"] == "2026-12-05"


def test_a_precheck_shows_papers_before_there_is_a_case(pair):
    content = b"%PDF-1.4 shown beforehand"
    scan = pair.away.upload(content)
    asked = {"item": "GA01", "question": "这张照片可以吗", "materials": [{"name": "照片", "sha256": scan}]}
    missing = {**asked, "materials": [{"name": "照片", "sha256": hashlib.sha256(b"never uploaded").hexdigest()}]}
    assert act(pair.away, "precheck", "ask", data=missing, staff="0007").problem() == "material-missing"
    no = done(act(pair.away, "precheck", "ask", data=asked, staff="0007"))["no"]
    wait(pair.home, "precheck", no, "asked")
    end = time.monotonic() + WAIT_S
    while (answer := pair.home.window("GET", f"/window/v1/materials/{scan}", staff="0101")).status != 200:
        assert time.monotonic() < end, answer
        time.sleep(0.05)
    assert answer.body == content
    answer = {"opinion": "incomplete", "advice": "请用白底", "points": [{"material": "照片", "defect": "底色", "cure": "重拍"}]}
    done(act(pair.home, "precheck", "answer", no, answer))
    wait(pair.away, "precheck", no, "answered")
    number = received(pair)
    done(act(pair.away, "precheck", "close", no, {"case": number}, "0007"))
    wait(pair.home, "precheck", no, "closed")


def test_notes_and_ratings(pair):
    number = received(pair)
    no = done(act(pair.home, "note", "write", data={"text": "请确认联系电话"}, case=number))["no"]
    wait(pair.away, "note", no, "asked")
    done(act(pair.away, "note", "answer", no, {"text": "已确认"}, "0007"))
    wait(pair.home, "note", no, "answered")
    good = done(act(pair.away, "rating", "record", data={"about": "intake_window", "level": 5, "channel": "tablet"}, staff="0007", case=number))
    assert good["state"] == "rated"
    bad = done(act(pair.away, "rating", "record", data={"about": "home_department", "level": 1, "channel": "qr"}, staff="0007", case=number))
    assert bad["state"] == "bad"
    wait(pair.home, "rating", bad["no"], "bad")
    assert act(pair.away, "rating", "call-back", bad["no"], {"called_by": "顾海燕", "finding": "无"}, "0007").problem() == "not-allowed"
    assert act(pair.away, "rating", "record", data={"about": "home_department", "level": 6, "channel": "qr"}, staff="0007",
               case=number).json()["field"] == "/level"
    done(act(pair.home, "rating", "call-back", bad["no"], {"called_by": "陆文斌", "finding": "等候过久"}))
    done(act(pair.home, "rating", "put-right", bad["no"], {"measure": "增开窗口", "level": 4}))
    wait(pair.away, "rating", bad["no"], "put_right")
    types = [row["type"] for row in pair.away.window("GET", f"/window/v1/cases/{number}/timeline").json()["rows"]]
    assert types.count("note.act") == 2 and types.count("rating.act") == 4


# ---- bad requests, restarts ----

def test_unknown_things_are_named(pair):
    assert pair.home.window("GET", "/window/v1/registers/horoscope").problem() == "not-found"
    assert act(pair.home, "problem", "explode").problem() == "not-found"
    assert show(pair.home, "problem", "P330483-2026-99999").problem() == "not-found"
    assert act(pair.home, "problem", "take", "A330483-2026-1", {"responsible": "x"}).problem() == "not-found"
    assert act(pair.home, "note", "write", data={"text": "x"}).json()["field"] == "/case"
    assert act(pair.home, "problem", "raise", data={"class": "other", "subject": "x"}, office="999999").json()["field"] == "/office"
    assert pair.home.window("POST", "/window/v1/registers/problem/acts/raise", {"extra": 1}, "0101").problem() in ("field", "malformed")


def test_a_repetition_gets_the_same_answer(pair):
    body = {"data": {"class": "other", "subject": "重复请求"}}
    first = pair.home.window("POST", "/window/v1/registers/problem/acts/raise", body, "0101", key="the-same-key")
    again = pair.home.window("POST", "/window/v1/registers/problem/acts/raise", body, "0101", key="the-same-key")
    assert first.status == 201 and again.body == first.body and again.headers["idempotent-replayed"] == "true"
    other = pair.home.window("POST", "/window/v1/registers/problem/acts/raise", {"data": {"class": "other", "subject": "x"}}, "0101", key="the-same-key")
    assert other.problem() == "idempotency-key-reused"


def test_acts_wait_for_the_link_and_survive_a_kill(fresh):
    pair = fresh.start()
    number = received(pair)
    pair.cut()
    note = done(act(pair.home, "note", "write", data={"text": "一"}, case=number))["no"]
    own = done(act(pair.away, "note", "write", data={"text": "二"}, staff="0007", case=number))
    assert own["pending"], "the home side has not numbered it yet"
    pair.home.kill()
    pair.away.kill()
    pair.restore()
    pair.home.start()
    pair.away.start()
    wait(pair.away, "note", note, "asked")
    wait(pair.home, "note", own["no"], "asked")
    wait(pair.away, "note", own["no"], "asked")
    timelines = []
    for office in (pair.home, pair.away):
        lines = office.window("GET", f"/window/v1/cases/{number}/timeline").json()["rows"]
        timelines.append([(row["rev"], row["type"], row["at"]) for row in lines])
    assert timelines[0] == timelines[1] and all(rev for rev, _, _ in timelines[0])
