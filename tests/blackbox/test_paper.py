"""Documents on paper: the printable page and its QR code; progress by case number and query code; recognition of results."""
import base64
import hashlib
import html.parser
import json
import re
import shutil
import sqlite3
import subprocess
import urllib.parse

import pytest

from office import AWAY, HOME, ROOT, application, make_certificate
from test_documents import VERIFY, act, desk, paper, received, void

HOSTILE = "<script>alert(1)</script>\"'&lt;</bdi>"


class Page(html.parser.HTMLParser):
    """Elements, attributes and text of a page, as a browser reads them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.words, self.style = set(), set(), [], ""
        self.inside = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.inside = tag
        for name, value in attrs:
            if name == "content" and "default-src" in value:
                self.policy = value

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "style":
            self.style += data
        self.words.append(data)


def scan(page, directory):
    """What a reader of QR codes sees on the page."""
    picture = re.search(r"<svg .*?</svg>", page, re.S).group()
    (directory / "code.svg").write_text(picture)
    subprocess.run(["rsvg-convert", "--zoom", "4", "-o", directory / "code.png", directory / "code.svg"], check=True, timeout=60)
    got = subprocess.run(["zbarimg", "--quiet", "--raw", directory / "code.png"], capture_output=True, text=True, check=True, timeout=60)
    return got.stdout.strip()


def query_code(office, case, staff="0007"):
    return re.search(r"查询码：\s*([0-9A-F]{8})", paper(office, case, "intake_receipt", staff=staff).json()["text"]).group(1)


@pytest.mark.skipif(not shutil.which("zbarimg") or not shutil.which("rsvg-convert"), reason="needs zbar-tools and librsvg2-bin")
def test_the_code_on_the_page_is_read(pair):
    case = received(pair)
    page = paper(pair.away, case, "intake_receipt", format="html").json()["text"]
    assert scan(page, pair.directory) == f"tongban:{case}?q={query_code(pair.away, case)}"


def test_the_page_is_plain_and_needs_nothing(pair):
    case = received(pair)
    page = Page(paper(pair.away, case, "intake_receipt", format="html").json()["text"])
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form", "a", "base"} and {"svg", "table", "h1"} <= page.tags
    assert not page.attributes & {"src", "href", "style"} and not any(name.startswith("on") for name in page.attributes)
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert page.policy.startswith("default-src 'none'") and f"style-src 'sha256-{digest}'" in page.policy
    assert "url(" not in page.style and "@import" not in page.style and "size:A4" in page.style


def test_hostile_names_stay_words(pair):
    materials = [{"name": HOSTILE, "form": "original", "original_seen": True, "remark": HOSTILE}]
    case = received(pair, applicant=application(HOME)["applicant"] | {"name": HOSTILE}, materials=materials)
    text = paper(pair.away, case, "intake_receipt", format="html").json()["text"]
    page = Page(text)
    assert "script" not in page.tags and "<script" not in text
    assert "".join(page.words).count(HOSTILE) == 3
    assert text.count("<bdi>") == text.count("</bdi>")


def test_copies_are_marked_on_the_page(pair):
    case = received(pair)
    first = paper(pair.away, case, "intake_receipt", format="html").json()
    assert "补印" not in first["text"] and "作废" not in first["text"]
    assert "补印：第2次打印" in paper(pair.away, case, "intake_receipt", format="html").json()["text"]
    assert void(pair.away, case, "intake_receipt", staff="0007", reason="<b>错</b>").status == 200
    text = paper(pair.away, case, "intake_receipt", format="html", number=first["number"]).json()["text"]
    assert "【作废】" in text and "&lt;b&gt;错&lt;/b&gt;" in text
    text = paper(pair.away, case, "intake_receipt", format="html").json()["text"]
    assert "本文书代替已作废的" in text and first["number"] in text
    assert paper(pair.away, case, "intake_receipt", format="pdf").json()["field"] == "/format"


def test_the_desk_writes_the_page(pair):
    case = received(pair)
    out = pair.directory / "desk-320623-0007" / "receipt.html"
    got = desk(pair.away, "case", "document", case, "intake_receipt", "--format", "html", "--out", str(out))
    assert got.returncode == 0 and out.read_text().startswith("<!DOCTYPE html>") and out.read_text().endswith("</html>\n")
    got = desk(pair.away, "item", "form", "GA01", "--format", "html")
    assert got.returncode == 0 and "<svg" not in got.stdout and "代理授权委托书" in got.stdout


# ---- progress by case number and query code ----

def progress(office, case, code, staff="0007"):
    return office.window("GET", f"/window/v1/progress?case={case}&code={code}", staff=staff)


def test_progress_in_plain_words_without_a_person(pair):
    case = received(pair)
    pair.away.wait_state(case, "received")
    code = query_code(pair.away, case)
    for office, staff in ((pair.away, "0007"), (pair.home, "0101")):
        answer = progress(office, case, code, staff)
        assert answer.status == 200, answer
        doc = answer.json()
        assert (doc["state"], doc["turn"], doc["bring"]) == ("received", "home", False) and "审查是否受理" in doc["text"]
        assert doc["office"] == "桐乡市政务服务中心" and doc["dates"] and set(doc["dates"][0]) == {"name", "due", "provisional", "stopped"}
        assert "张三" not in answer.body.decode() and "33048318500101001X" not in answer.body.decode()
        assert "13900001234" not in answer.body.decode()
    assert progress(pair.away, case, code.lower()).status == 200
    act(pair, case, "notice", {"defects": [{"material": "照片", "defect": "缺少", "standard": "近期", "cure": "补拍"}], "deadline": "2099-12-10"})
    pair.away.wait_state(case, "supplement_asked")
    doc = progress(pair.away, case, code).json()
    assert (doc["turn"], doc["office"], doc["bring"]) == ("applicant", "", True) and "补正" in doc["text"]


def test_a_wrong_code_and_an_unknown_case_are_one_answer(pair):
    case = received(pair)
    code = query_code(pair.away, case)
    wrong = "00000000" if code != "00000000" else "11111111"
    before = pair.away.metric("progress_wrong_total")
    answers = [progress(pair.away, case, wrong), progress(pair.away, "320623261123999999990", code), progress(pair.away, case, ""),
               progress(pair.away, case, code[:7]), progress(pair.away, case, code + "0"), progress(pair.away, "1", code)]
    bodies = [{k: v for k, v in answer.json().items() if k != "instance"} for answer in answers]
    assert {answer.status for answer in answers} == {404} and all(body == bodies[0] for body in bodies)
    assert pair.away.metric("progress_wrong_total") == before + len(answers)


def test_progress_is_limited_per_case_and_certificate(fresh):
    fresh.start()
    case = received(fresh)
    code = query_code(fresh.away, case)
    got = [progress(fresh.away, case, code) for _ in range(12)]
    assert [answer.status for answer in got] == [200] * 10 + [429] * 2
    assert got[-1].headers["retry-after"] == "60" and got[-1].problem() == "too-often"
    assert [progress(fresh.away, f"{n:021d}", code).status for n in range(48)] == [404] * 48
    assert progress(fresh.away, "9" * 21, code).problem() == "too-often"
    assert fresh.away.metric("progress_limited_total") == 3 and len(fresh.away.events("progress_limited")) == 3
    assert progress(fresh.away, f"{7:021d}", code, staff="0101").status == 404, "another certificate has its own count"


def channel(world, role):
    """A certificate of a new member of staff with this role at the intake side."""
    office, number = world.away, {"portal": "0901", "kiosk": "0902", "assisted": "0903"}[role]
    office.stop()
    office.edit(r"\nstaff:\n", f'\nstaff:\n  - {{id: "{number}", name: 渠道, role: {role}}}\n')
    make_certificate(office.tls, f"staff-{number}", office.tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{AWAY}:{number}")
    office.start()
    return number


@pytest.mark.parametrize("role", ["portal", "kiosk", "assisted"])
def test_a_channel_takes_in_and_asks_and_nothing_else(fresh, role):
    fresh.start()
    staff = channel(fresh, role)
    away = fresh.away
    scan_of = away.upload(b"%PDF-1.4 " + role.encode(), staff=staff)
    taken = away.window("POST", "/window/v1/cases", application(HOME), staff)
    assert taken.status == 201, taken
    case, code = taken.json()["case"], taken.json()["query"]
    fresh.home.wait_state(case, "received", staff="0101")
    assert code == query_code(away, case) and progress(away, case, code, staff).status == 200
    for path in (f"/cases/{case}", f"/cases/{case}/timeline", f"/cases/{case}/documents", f"/cases/{case}/bundle", "/cases", "/todo", "/office",
                 "/registers", "/reports/intake", f"/materials/{scan_of}"):
        answer = away.window("GET", "/window/v1" + path, staff=staff)
        assert answer.problem() == "not-allowed", path
    assert away.act(case, "withdraw", {"reason": "x"}, staff=staff).problem() == "not-allowed"
    # both sides keep which way it came in: the role of the actor of the signed entry
    for office in (away, fresh.home):
        bundle = office.window("GET", f"/window/v1/cases/{case}/bundle", staff="0101").json()
        first = json.loads(bundle["entries"][0]["line"])
        assert first["type"] == "case.submitted" and first["actor"]["role"] == role


def test_the_desk_asks_for_progress(pair):
    case = received(pair)
    code = query_code(pair.away, case)
    got = desk(pair.away, "progress", case, code, lang="zh_CN.UTF-8")
    assert got.returncode == 0 and "审查是否受理" in got.stdout and "现在由桐乡市政务服务中心办理" in got.stdout
    got = desk(pair.away, "progress", f"tongban:{case}?q={code}")
    assert got.returncode == 0 and "checks whether it can be accepted" in got.stdout and ": until " in got.stdout
    assert json.loads(desk(pair.away, "--json", "progress", case, code).stdout)["case"] == case
    assert desk(pair.away, "progress", case, "xyz").returncode == 2 and desk(pair.away, "progress", case).returncode == 2
    got = desk(pair.away, "progress", case, "00000000" if code != "00000000" else "11111111", lang="zh_CN.UTF-8")
    assert got.returncode == 1 and "没有与此编号和查询码相符的办件" in got.stderr


# ---- recognition of results ----

def check(office, staff="0007", **query):
    answer = office.window("GET", "/window/v1/results?" + urllib.parse.urlencode(query), staff=staff)
    assert answer.status == 200, answer
    return answer.json()


def granted(world, licence):
    case = received(world)
    act(world, case, "accept")
    number = act(world, case, "grant", {"result": {"name": "居民身份证", "number": licence, "valid_until": "2046-11-23"}})["number"]
    world.away.wait_state(case, "granted")
    return case, number


def proved(office, row, directory):
    """The auditor's program agrees that the entry of the document stands in the ledger of the office that issued it."""
    key = (directory / row["issuer"]["office"] / "ledger.vkey").read_text().strip()
    (directory / "entry.json").write_text(row["entries"][0]["line"])
    (directory / "entry.tlog-proof").write_text(row["entries"][0]["proof"])
    got = subprocess.run([VERIFY, "proof", "--key", key, "--entry", directory / "entry.json", directory / "entry.tlog-proof"],
                         capture_output=True, text=True, timeout=60)
    return got.returncode == 0, got


def test_a_result_is_known_on_both_sides_with_proof(fresh):
    fresh.start()
    case, number = granted(fresh, "JZ-2046-01")
    fresh.cut()  # what a side has, it answers without the link
    for office, staff, here in ((fresh.home, "0101", True), (fresh.away, "0007", False)):
        for wanted in (number, "JZ-2046-01"):
            answer = check(office, staff, number=wanted)
            row, = answer["rows"]
            assert answer["known"] and (row["number"], row["kind"], row["case"]) == (number, "decision_grant", case)
            assert (row["issuer"]["office"], row["issued_here"], row["standing"]) == (HOME, here, "in_force")
            assert row["result"]["number"] == "JZ-2046-01" and "张三" not in json.dumps(row, ensure_ascii=False)
            good, got = proved(office, row, fresh.directory)
            assert good, got
            forged = row | {"entries": [row["entries"][0] | {"line": row["entries"][0]["line"].replace("JZ-2046-01", "JZ-2046-02")}]}
            assert not proved(office, forged, fresh.directory)[0]
    fresh.restore()


def test_a_forged_number_is_unknown_and_says_whom_to_ask(pair):
    case, number = granted(pair, "JZ-1")
    forged = number.replace("0000", "9999")
    for office, staff, other in ((pair.home, "0101", AWAY), (pair.away, "0007", HOME)):
        for wanted in (forged, number[:-1], "JZ-", "' OR 1=1 --", "%"):
            answer = check(office, staff, number=wanted)
            assert not answer["known"] and answer["rows"] == [] and [whom["office"] for whom in answer["ask"]] == [other]
    code = query_code(pair.away, case)
    assert {row["kind"] for row in check(pair.away, case=case, code=code)["rows"]} >= {"decision_grant", "acceptance_notice", "intake_receipt"}
    assert not check(pair.away, case=case, code="00000000" if code != "00000000" else "11111111")["known"]
    assert pair.away.window("GET", "/window/v1/results").problem() == "field"
    assert pair.away.window("GET", "/window/v1/results?number=" + urllib.parse.quote(number), staff="0201").problem() == "not-allowed"


def test_a_void_document_is_no_longer_in_force(pair):
    case, number = granted(pair, "JZ-2")
    assert paper(pair.home, case, "decision_grant", staff="0101").status == 200
    assert void(pair.home, case, "decision_grant", reason="打印错误").status == 200
    row, = check(pair.home, "0101", number=number)["rows"]
    assert row["standing"] == "void" and row["void"]["reason"] == "打印错误" and row["issued_here"]
    row, = check(pair.away, number=number)["rows"]
    assert not row["issued_here"], "the other side says that only the issuer knows"
    again = paper(pair.home, case, "decision_grant", staff="0101").json()["number"]
    row, = check(pair.home, "0101", number=again)["rows"]
    assert row["standing"] == "in_force" and again != number


def test_an_expired_one(pair): # a revoked one, by a clock that runs: tests/unit/office/test_result.c
    case = received(pair)
    act(pair, case, "accept")
    number = act(pair, case, "grant", {"result": {"name": "许可证", "number": "JZ-3", "valid_until": "2020-01-01"}})["number"]
    assert check(pair.home, "0101", number=number)["rows"][0]["standing"] == "expired"


def test_the_desk_checks_a_result(pair):
    case, number = granted(pair, "JZ-4")
    got = desk(pair.away, "result", "check", number.replace("〔", "[").replace("〕", "]"), lang="zh_CN.UTF-8")
    assert got.returncode == 0 and "有效" in got.stdout and "桐乡市政务服务中心" in got.stdout and "只有出具单位知道" in got.stdout
    got = desk(pair.home, "result", "check", "JZ-4", staff="0101")
    assert got.returncode == 0 and "in force" in got.stdout and "later" not in got.stdout and number in got.stdout
    got = desk(pair.away, "result", "check", f"tongban:{case}?q={query_code(pair.away, case)}")
    assert got.returncode == 0 and number in got.stdout
    got = desk(pair.away, "result", "check", "JZ-不存在", lang="zh_CN.UTF-8")
    assert got.returncode == 1 and "没有此文书的记录" in got.stdout and "0573" in got.stdout
    assert json.loads(desk(pair.away, "--json", "result", "check", number).stdout)["known"]


def test_an_older_database_learns_its_numbers(fresh):
    """The migration finds in the ledgers what the office would have kept."""
    fresh.start()
    granted(fresh, "JZ-5")
    fresh.stop()
    fill = (ROOT / "daemon" / "store" / "migrations" / "010_result.sql").read_text().partition("INSERT OR IGNORE")
    for office in (fresh.home, fresh.away):
        with sqlite3.connect(next((office.directory / "data").glob("*.db"))) as db:
            before = sorted(db.execute("SELECT number, case_id FROM result_number").fetchall())
            db.execute("DELETE FROM result_number")
            db.execute(fill[1] + fill[2])
            assert sorted(db.execute("SELECT number, case_id FROM result_number").fetchall()) == before and len(before) == 3
