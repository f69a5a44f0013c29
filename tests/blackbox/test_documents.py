"""Written documents between two daemons: the five branches of 行政许可法 32, numbers in sequence, prints, voids, refusals."""
import concurrent.futures
import json
import os
import pathlib
import re
import stat
import subprocess
import uuid

import pytest

from desk import Desk
from office import AWAY, HOME, application, daemon_path

DEFECTS = [{"material": "照片", "defect": "缺少", "standard": "近期免冠", "cure": "补拍"},
           {"material": "户口簿", "defect": "缺第3页", "standard": "全部页", "cure": "补扫第3页"}]
RECEIPT = {"way": "direct", "place": "如东县政务服务中心", "received_at": "2026-11-23T10:00:00+08:00", "recipient": "张三",
           "server": "顾海燕", "documents": [{"name": "居民身份证", "copies": 1}]}
NUMBER = re.compile(r"^(桐政服|东政服)(收|受|补|不受|准|否|送|移)〔\d{4}〕(\d{6})号$")


def rows(office, number, staff="0007"):
    answer = office.window("GET", f"/window/v1/cases/{number}/documents", staff=staff)
    assert answer.status == 200, answer
    return {row["kind"]: row for row in answer.json()["rows"]}


def paper(office, case, kind, staff="0007", key=None, **members):
    return office.window("POST", f"/window/v1/cases/{case}/documents/{kind}/print", members, staff, key)


def void(office, case, kind, staff="0101", **members):
    return office.window("POST", f"/window/v1/cases/{case}/documents/{kind}/void", members, staff)


def flat(answer):
    """The text without its line ends: a long value goes on in the next line."""
    assert answer.status == 200, answer
    return re.sub(r"\n +(?=\S)", "", answer.json()["text"])


def received(pair, **members):
    number = pair.away.intake(**members).json()["case"]
    pair.home.wait_state(number, "received")
    return number


def act(pair, number, action, body=None):
    answer = pair.home.act(number, action, body)
    assert answer.status == 200, answer
    return answer.json()["document"]


def serial(number):
    return int(NUMBER.match(number).group(3))


REFUSALS = [
    {"reason_class": "NOT_REQUIRED", "reason": "依法不需要取得许可", "legal_basis": "行政许可法第三十二条第一款第一项"},
    {"reason_class": "NOT_COMPETENT", "reason": "不属本机关职权", "legal_basis": "行政许可法第三十二条第一款第二项", "referral": "嘉兴市公安局"},
]


def test_the_five_branches_of_article_32(pair):
    # (1) not required, (2) not competent: a refusal with reasons and remedies, numbered one after the other
    numbers = []
    for body in REFUSALS:
        case = received(pair)
        document = act(pair, case, "refuse", body)
        assert document["kind"] == "refusal_notice" and NUMBER.match(document["number"]).group(2) == "不受"
        numbers.append(serial(document["number"]))
        pair.away.wait_state(case, "refused")
        text = flat(paper(pair.away, case, "refusal_notice"))
        assert document["number"] in text and body["reason"] in text and "桐乡市行政审批专用章(1)" in text
        assert "六十日内向桐乡市人民政府申请行政复议" in text and "六个月内向桐乡市人民法院提起行政诉讼" in text
        assert "受桐乡市政务服务中心委托" in text and ("嘉兴市公安局" in text) == (body["reason_class"] == "NOT_COMPETENT")
    assert numbers[1] == numbers[0] + 1
    # (3) corrected on the spot: no notice, the receipt names what was corrected
    materials = [{"name": "原居民身份证", "form": "original", "original_seen": True, "remark": "当场更正"}]
    case = received(pair, materials=materials)
    text = flat(paper(pair.away, case, "intake_receipt"))
    assert "当场更正" in text and "收件不等于受理" in text and "东政服收〔" in text and "0573-00000001" in text
    # (4) the one-time notice, whole
    document = act(pair, case, "notice", {"defects": DEFECTS, "deadline": "2099-12-10"})
    assert NUMBER.match(document["number"]).group(2) == "补"
    pair.away.wait_state(case, "supplement_asked")
    text = flat(paper(pair.away, case, "supplement_notice"))
    for defect in DEFECTS:
        assert all(value in text for value in defect.values())
    assert "2099年12月10日" in text and "浙江省桐乡市示范路1号" in text
    # (5) complete: accepted, with both dates
    case = received(pair)
    document = act(pair, case, "accept")
    pair.away.wait_state(case, "accepted")
    text = flat(paper(pair.away, case, "acceptance_notice"))
    assert document["number"] in text and "承诺办结期限" in text and "0573-00012345" in text
    acceptance = pair.away.case(case).json()["acceptance"]
    assert acceptance["document_no"] == document["number"] and acceptance["seal"] == "桐乡市行政审批专用章(1)"
    assert acceptance["promised"] < acceptance["statutory"]


def test_decisions_and_delivery(pair):
    case = received(pair)
    act(pair, case, "accept")
    document = act(pair, case, "grant", {"result": {"name": "居民身份证", "number": "A1", "valid_until": "2046-11-23"}})
    assert document["kind"] == "decision_grant" and "准〔" in document["number"]
    documents = [{"name": "居民身份证"}]
    assert pair.home.act(case, "delivery", {"way": "pickup", "place": "intake", "documents": documents}).status == 200
    pair.away.wait_state(case, "delivering")
    assert "2046年11月23日" in paper(pair.away, case, "decision_grant").json()["text"]
    answer = pair.away.act(case, "deliver", RECEIPT, staff="0007")
    assert answer.json()["document"]["number"].startswith("东政服送〔")
    text = flat(paper(pair.away, case, "delivery_receipt"))
    assert "如东县政务服务中心收件专用章" in text and "送达回证" in text and "直接送达" in text and "10时00分" in text
    pair.home.wait_state(case, "delivered")
    at_home = paper(pair.home, case, "delivery_receipt", staff="0101").json()
    assert at_home["number"] == answer.json()["document"]["number"] and "代为送达" in at_home["text"]
    denied = received(pair)
    act(pair, denied, "accept")
    document = act(pair, denied, "deny", {"reason": "不符合条件"})
    text = flat(paper(pair.home, denied, "decision_deny", staff="0101"))
    assert document["number"] in text and "不符合条件" in text and "行政复议" in text and "委托，本文书" not in text


def test_a_reprint_is_marked_counted_and_recorded(pair):
    case = received(pair)
    key = str(uuid.uuid4())
    assert rows(pair.away, case)["intake_receipt"]["number"] == ""
    first = paper(pair.away, case, "intake_receipt", key=key)
    assert first.status == 200 and first.json()["print"] == 1 and "补印" not in first.json()["text"]
    again = paper(pair.away, case, "intake_receipt", key=key)
    assert again.headers["idempotent-replayed"] == "true" and again.json() == first.json()
    second = paper(pair.away, case, "intake_receipt", format="markdown").json()
    assert second["reprint"] and second["number"] == first.json()["number"] and "补印：第2次打印" in second["text"].replace("\\", "")
    assert "# 收件凭证" in second["text"]
    row = rows(pair.away, case)["intake_receipt"]
    assert (row["printed"], row["void"], row["number"]) == (2, False, first.json()["number"])
    entries = [json.loads(entry["line"]) for entry in pair.away.window("GET", f"/window/v1/cases/{case}/bundle").json()["entries"]]
    prints = [entry for entry in entries if entry["type"] == "document.printed"]
    assert [entry["body"]["print"] for entry in prints] == [1, 2]
    assert {entry["actor"]["staff"] for entry in prints} == {f"{AWAY}:0007"}


def test_a_reprint_says_what_the_first_print_said(pair):
    """Later supplements and other staff do not change the paper, but for the mark."""
    case = pair.away.intake(forward=False).json()["case"]
    first = paper(pair.away, case, "intake_receipt").json()["text"]
    assert pair.away.act(case, "forward", staff="0007").status == 200
    pair.home.wait_state(case, "received")
    act(pair, case, "notice", {"defects": DEFECTS, "deadline": "2099-12-10"})
    pair.away.wait_state(case, "supplement_asked")
    late = {"materials": [{"name": "补交的照片", "form": "original", "original_seen": True}]}
    assert pair.away.act(case, "supplement", late, staff="0007").status == 200
    pair.home.wait_state(case, "supplemented")
    again = paper(pair.away, case, "intake_receipt").json()["text"]
    assert "补交的照片" not in again and again.split("\n", 1)[1].strip() == first.strip()


def test_void_keeps_the_number_and_the_next_print_takes_a_new_one(pair):
    case = received(pair)
    first = paper(pair.away, case, "intake_receipt").json()["number"]
    assert void(pair.away, case, "intake_receipt", staff="0007").problem() == "field"
    assert void(pair.away, case, "intake_receipt", staff="0007", reason="打印错误").status == 200
    assert void(pair.away, case, "intake_receipt", staff="0007", reason="再来").problem() == "already-done"
    new = paper(pair.away, case, "intake_receipt").json()
    assert serial(new["number"]) == serial(first) + 1 and new["replaces"] == first and not new["reprint"]
    assert f"代替已作废的{first}" in new["text"]
    old = paper(pair.away, case, "intake_receipt", number=first).json()
    assert old["void"] and "【作废】" in old["text"] and "打印错误" in old["text"] and first in old["text"]
    listed = [row for row in pair.away.window("GET", f"/window/v1/cases/{case}/documents").json()["rows"] if row["kind"] == "intake_receipt"]
    assert [row["void"] for row in listed] == [True, False]


def test_void_of_a_home_document(pair):
    case = received(pair)
    number = act(pair, case, "accept")["number"]
    assert void(pair.home, case, "acceptance_notice", staff="0007", reason="x").problem() == "not-allowed"
    pair.away.wait_state(case, "accepted")
    assert void(pair.away, case, "acceptance_notice", staff="0007", reason="x").problem() == "not-allowed"
    assert void(pair.home, case, "acceptance_notice", reason="日期有误").status == 200
    new = paper(pair.home, case, "acceptance_notice", staff="0101").json()
    assert new["number"] != number and number in new["text"] and "桐乡市行政审批专用章(1)" in new["text"]


def test_numbers_have_no_gaps_under_refusals_and_haste(pair):
    cases = [received(pair) for _ in range(8)]
    before = serial(act(pair, received(pair), "accept")["number"])

    def accept(case):
        assert pair.home.act(case, "accept", {"promised": "nonsense"}).problem() == "field"
        number = act(pair, case, "accept")["number"]
        assert pair.home.act(case, "accept").problem() == "transition"
        return serial(number)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = sorted(pool.map(accept, cases))
    assert got == list(range(before + 1, before + 9))


def test_lists_and_blank_forms(pair):
    case = received(pair)
    kinds = rows(pair.away, case)
    assert {"intake_receipt", "transfer_list", "authorisation_letter", "power_of_attorney"} == set(kinds)
    assert kinds["intake_receipt"]["issuer"] == AWAY and kinds["authorisation_letter"]["issuer"] == HOME
    assert {kind for kind, row in kinds.items() if row["proposed"]} == {"intake_receipt"} # nothing moves, nobody asked for a form
    clerk = Desk(pair.away, "0007")
    def following():
        return [line for line in clerk.run("case", "documents", case).splitlines() if line.startswith("下一步：")][0]
    assert "intake_receipt" in following()
    paper(pair.away, case, "intake_receipt")
    assert "transfer_list" not in following()
    clerk.run("transfer", "pack", "--case", case, "--documents.name", "原居民身份证", "--documents.originals", "0", "--documents.copies", "1",
              "--bag", "F009", "--packed-by", "顾海燕")
    assert "transfer_list" in following()
    text = flat(paper(pair.away, case, "transfer_list"))
    assert "移〔" in text and "原居民身份证" in text and "差异说明：____" in text
    text = flat(paper(pair.away, case, "authorisation_letter"))
    assert "桐政办发〔2021〕6号" in text and "收件受理、一次性告知、原件核验、人证比对、审批结果送达" in text
    text = flat(paper(pair.away, case, "power_of_attorney"))
    assert "受委托人（代理人）：____" in text and "张三" in text


@pytest.mark.parametrize("kind,staff,problem", [
    ("intake_receipt", "0101", "not-allowed"), ("acceptance_notice", "0007", "not-found"), ("love_letter", "0007", "not-found"),
    ("x" * 40, "0007", "not-found")])
def test_refused_prints(pair, kind, staff, problem):
    case = received(pair)
    assert paper(pair.away, case, kind, staff=staff).problem() == problem
    assert void(pair.away, case, kind, staff=staff, reason="x").problem() in (problem, "not-found")


def test_bad_requests(pair):
    case = received(pair)
    assert paper(pair.home, case, "intake_receipt", staff="0007").problem() == "not-allowed"
    assert paper(pair.away, case, "intake_receipt", format="pdf").problem() == "field"
    assert paper(pair.away, case, "intake_receipt", colour="red").problem() == "field"
    assert paper(pair.away, case, "intake_receipt", number="东政服收〔1999〕000001号").problem() == "not-found"
    assert paper(pair.away, case, "intake_receipt", key="").problem() == "idempotency-key-missing"
    assert paper(pair.away, "320623261123000000990", "intake_receipt").problem() == "not-found"
    assert void(pair.away, case, "intake_receipt", staff="0007", reason="x").problem() == "not-found"
    assert pair.away.window("GET", "/window/v1/cases/320623261123000000990/documents").problem() == "not-found"
    assert pair.home.act(case, "accept", {"document_no": "桐政服受〔2026〕999999号"}).problem() == "field"
    assert pair.home.act(case, "accept", {"seal": "私章"}).problem() == "field"
    assert rows(pair.away, case)["intake_receipt"]["printed"] == 0


def test_a_document_that_lacks_data_is_refused_and_takes_no_number(pair):
    """The receipt needs the home side's telephone, which is configured."""
    case = received(pair)
    before = serial(paper(pair.away, case, "intake_receipt").json()["number"])
    text = pair.away.config.read_text()
    pair.away.stop()
    pair.away.edit(r"    phone: 0573-\d+\n", "")
    pair.away.start()
    other = received(pair)
    answer = paper(pair.away, other, "intake_receipt")
    assert answer.problem() == "field" and answer.json()["field"].endswith("home/phone")
    pair.away.stop()
    pair.away.config.write_text(text)
    pair.away.start()
    assert serial(paper(pair.away, other, "intake_receipt").json()["number"]) == before + 1


def test_typed_numbers(pair):
    """An office whose counterpart runs an older version numbers nothing; what it types is kept and printed as far as it goes."""
    text = pair.home.config.read_text()
    pair.home.stop()
    pair.home.edit(r"documents:\n", "documents:\n  typed_numbers: true\n")
    pair.home.start()
    case = received(pair)
    answer = pair.home.act(case, "accept", {"document_no": "桐公受〔2026〕7号"})
    assert answer.status == 200 and "document" in answer.json()
    bare = received(pair)
    answer = pair.home.act(bare, "accept")
    assert answer.status == 200 and "document" not in answer.json()
    pair.away.wait_state(bare, "accepted")
    assert paper(pair.away, bare, "acceptance_notice").problem() == "field"
    assert "seal" not in pair.away.case(case).json().get("acceptance", {})
    pair.home.stop()
    pair.home.config.write_text(text)
    pair.home.start()


def test_application_data_is_printed_as_it_is(pair):
    name = "𬎆䶮·阿卜杜拉"
    applicant = application(HOME)["applicant"] | {"name": name, "address": "| 甲 | <b>*乙*</b>"}
    case = received(pair, applicant=applicant)
    assert name in paper(pair.away, case, "intake_receipt").json()["text"]
    assert name in paper(pair.away, case, "intake_receipt", format="markdown").json()["text"]


# ---- the program of the staff ----

TONGBAN = pathlib.Path(daemon_path()).parents[1] / "client" / "tongban"
VERIFY = pathlib.Path(daemon_path()).parent / "tongban-verify"


def desk(office, *words, staff="0007", lang="C.UTF-8"):
    """One command of `tongban` at this office."""
    directory = office.world.directory / f"desk-{office.code}-{staff}"
    directory.mkdir(exist_ok=True)
    (directory / "tongban.yaml").write_text(
        f"server: https://127.0.0.1:{office.port}\nauthority: {office.tls}/staff-ca.crt\ncertificate: {office.tls}/staff-{staff}.crt\n"
        f"key: {office.tls}/staff-{staff}.key\noffice: \"{office.code}\"\n")
    env = {"PATH": os.environ["PATH"], "LANG": lang, "HOME": str(directory), "TONGBAN_CONFIG": str(directory / "tongban.yaml")}
    env.update({k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN", "TSAN", "TONGBAN_LOCALE"))})
    return subprocess.run([TONGBAN, *words], capture_output=True, text=True, env=env, cwd=directory, stdin=subprocess.DEVNULL, timeout=60)


def last_line(got):
    assert got.returncode == 0, got
    return [line for line in got.stdout.splitlines() if line.startswith(("Next: ", "下一步："))][-1]


@pytest.mark.parametrize("lang", ["C.UTF-8", "zh_CN.UTF-8"])
def test_the_desk_says_what_to_print(pair, lang):
    zh = lang.startswith("zh")
    form = pair.directory / "form.json"
    form.write_text(json.dumps(application(HOME), ensure_ascii=False))
    got = desk(pair.away, "case", "new", "--file", str(form), lang=lang)
    case = re.search(r"\d{21}", got.stdout).group()
    assert f"tongban case document {case} intake_receipt" in last_line(got) and ("收件凭证" in got.stdout) == zh
    pair.home.wait_state(case, "received")
    got = desk(pair.home, "case", "accept", case, staff="0101", lang=lang)
    assert "桐政服受〔" in got.stdout and ("受理通知书" in got.stdout) == zh
    assert "case document" not in last_line(got), "the intake window hands it over"
    pair.away.wait_state(case, "accepted")
    assert f"tongban case document {case} acceptance_notice" in last_line(desk(pair.away, "case", "show", case, lang=lang))
    assert desk(pair.home, "case", "grant", case, "--result.name", "居民身份证", staff="0101").returncode == 0
    assert desk(pair.home, "case", "delivery", case, "--way", "pickup", "--place", "intake", "--documents.name", "居民身份证",
                staff="0101").returncode == 0
    pair.away.wait_state(case, "delivering")
    got = desk(pair.away, "case", "deliver", case, "--way", "direct", "--documents.name", "居民身份证", "--place", "如东窗口", "--recipient",
               "张三", "--server", "顾海燕", "--received-at", "2026-11-24T10:30:00+08:00", lang=lang)
    assert f"tongban case document {case} delivery_receipt" in last_line(got) and "东政服送〔" in got.stdout


def test_the_desk_lists_prints_and_voids(pair):
    case = received(pair)
    got = desk(pair.away, "case", "documents", case, lang="zh_CN.UTF-8")
    assert got.returncode == 0 and "收件凭证" in got.stdout and "打印次数" in got.stdout and "下一步：" in got.stdout
    out = pair.directory / "desk-320623-0007" / "收件凭证.txt"
    out.unlink(missing_ok=True)
    got = desk(pair.away, "case", "document", case, "intake_receipt", "--out", str(out), lang="zh_CN.UTF-8")
    assert got.returncode == 0 and stat.S_IMODE(out.stat().st_mode) == 0o600 and "收件不等于受理" in out.read_text()
    got = desk(pair.away, "case", "document", case, "intake_receipt", "--format", "markdown")
    assert got.returncode == 0 and got.stdout.lstrip().startswith("（补印") and "Next:" not in got.stdout
    number = json.loads(desk(pair.away, "--json", "case", "document", case, "intake_receipt").stdout)["number"]
    got = desk(pair.away, "case", "void-document", case, "intake_receipt", "--reason", "打印错误", lang="zh_CN.UTF-8")
    assert got.returncode == 0 and number in got.stdout and "已作废" in got.stdout
    rows = json.loads(desk(pair.away, "--json", "case", "documents", case).stdout)["rows"]
    assert [row["void"] for row in rows if row["number"] == number] == [True]
    assert desk(pair.away, "case", "void-document", case, "intake_receipt").returncode == 2
    assert desk(pair.away, "case", "void-document", case, "intake_receipt", "--reason", "再来").returncode == 1
    assert desk(pair.away, "case", "document", case, "love_letter").returncode == 1
    assert desk(pair.away, "case", "document", case, "../../items").returncode == 1
    assert desk(pair.away, "case", "document", case).returncode == 2
    assert desk(pair.away, "case", "document", case, "acceptance_notice").returncode == 1
    got = desk(pair.away, "case", "document", case, "intake_receipt", staff="0101", lang="zh_CN.UTF-8")
    assert got.returncode == 4 and "收件地窗口人员" in got.stderr


def test_prints_are_part_of_the_proof(pair):
    case = received(pair)
    assert paper(pair.away, case, "intake_receipt").status == 200
    assert void(pair.away, case, "intake_receipt", staff="0007", reason="打印错误").status == 200
    bundle = pair.directory / "bundle.json"
    bundle.write_bytes(pair.away.window("GET", f"/window/v1/cases/{case}/bundle").body)
    keys = [word for office in (HOME, AWAY) for word in ("--key", (pair.directory / office / "ledger.vkey").read_text().strip())]
    got = subprocess.run([VERIFY, "case", *keys, bundle], capture_output=True, text=True, timeout=60)
    assert got.returncode == 0 and "document.printed" in got.stdout and "document.voided" in got.stdout, got


def test_a_blank_power_of_attorney(pair):
    got = desk(pair.away, "item", "form", "GA01")
    assert got.returncode == 0 and "代理授权委托书" in got.stdout and "居民身份证遗失补领" in got.stdout and "签署日期" in got.stdout
    assert desk(pair.away, "item", "form", "GA01", "--format", "pdf").returncode == 2
    assert desk(pair.away, "item", "form", "XX99").returncode == 1
    out = pair.directory / "form.md"
    got = desk(pair.away, "item", "form", "GA01", "--format", "markdown", "--out", str(out), lang="zh_CN.UTF-8")
    assert got.returncode == 0 and out.read_text().startswith("# 代理授权委托书") and "下一步：" in got.stdout


def test_what_follows_from_the_name_of_the_office(pair):
    """Prefix, seal and the bodies of the remedies without a word of configuration."""
    text = pair.home.config.read_text()
    pair.home.stop()
    pair.home.edit(r"\ndocuments:\n.*?\nauthorisations:", "\ndocuments: {phone: 0573-1}\nauthorisations:")
    pair.home.start()
    case = received(pair)
    number = act(pair, case, "refuse", REFUSALS[0])["number"]
    assert number.startswith("桐政服不受〔")
    text_there = flat(paper(pair.home, case, "refusal_notice", staff="0101"))
    assert "桐乡市政务服务中心行政审批专用章" in text_there and "桐乡市人民政府" in text_there and "桐乡市人民法院" in text_there
    other = received(pair)
    act(pair, other, "accept")
    assert paper(pair.home, other, "acceptance_notice", staff="0101").json()["field"].endswith("home/complaint")
    pair.home.stop()
    pair.home.config.write_text(text)
    pair.home.start()
