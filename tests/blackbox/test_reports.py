"""Reports, their check against the ledger, accountability, and who may ask for what, with two real offices and the staff's program."""
import concurrent.futures
import csv
import hashlib
import io
import json
import os
import pathlib
import re
import sqlite3
import subprocess

import pytest

from office import AWAY, HOME, World

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TONGBAN_BUILD", "build/release")
TONGBAN = os.environ.get("TONGBAN", str(BUILD / "client" / "tongban"))
VERIFY = str(BUILD / "bin" / "tongban-verify")
REPORTS = ["intake", "daily", "desks", "mail", "supplement", "overdue", "figures", "meeting", "authorisation", "catalogue", "step",
           "delegation", "transfer", "originals", "problem", "rating", "contact"]
NAME, NUMBER, MOBILE = "欧阳试例", "33048318500101001X", "13900001234"
DEFECT = {"material": "原居民身份证", "defect": "缺失", "standard": "原件", "cure": "补交"}
WORDS = {"name": "居民身份证", "number": "330483"}


def run(office, *words, staff="0201", lang="C.UTF-8"):
    """The staff's program at one office, by default as its supervisor."""
    config = office.world.directory / "client" / f"{office.code}-{staff}.yaml"
    config.write_text(re.sub(r"https://127.0.0.1:\d+", f"https://127.0.0.1:{office.port}", config.read_text()))
    environment = {**os.environ, "LANG": lang, "LC_ALL": lang}
    return subprocess.run([TONGBAN, "--config", str(config), *words], capture_output=True, text=True, env=environment, timeout=120,
                          stdin=subprocess.DEVNULL, cwd=office.world.directory)


def document(office, *words, **more):
    got = run(office, *words, "--json", **more)
    assert got.returncode in (0, 1), got.stderr
    return json.loads(got.stdout)


def person(**more):
    return {"kind": "person", "name": NAME, "certificate": {"type": "citizen-id", "number": NUMBER}, "mobile": MOBILE, **more}


def take(world, code="GA01"):
    answer = world.away.intake(code=code, applicant=person())
    assert answer.status == 201, answer
    number = answer.json()["case"]
    world.home.wait_state(number, "received", staff="0101")
    return number


def decide(world, number):
    for action, body in (("accept", {}), ("grant", {"result": WORDS}),
                         ("delivery", {"way": "mail", "place": "intake", "recipient": NAME, "address": "某路1号", "documents": [{"name": "居民身份证"}]})):
        assert world.home.act(number, action, body).status == 200, action
    world.away.wait_state(number, "delivering")


def deliver(world, number):
    body = {"way": "mail", "documents": [{"name": "居民身份证"}], "place": "某路1号", "received_at": "2026-11-20T10:00:00+08:00",
            "recipient": NAME, "server": "顾海燕", "carrier": "=EMS" + "快" * 40, "tracking_no": "EE123456785CN"}
    answer = world.away.act(number, "deliver", body, staff="0007")
    assert answer.status == 200, answer
    world.home.wait_state(number, "delivered", staff="0101")


@pytest.fixture(scope="module")
def done():
    """Four cases: delivered by mail, being delivered, a supplement asked, refused."""
    world = World()
    try:
        world.start()
        world.cases = [take(world) for _ in range(3)] + [take(world, "GA09")]
        decide(world, world.cases[0])
        deliver(world, world.cases[0])
        decide(world, world.cases[1])
        answer = world.home.act(world.cases[2], "notice", {"deadline": "2099-12-10", "defects": [DEFECT]})
        assert answer.status == 200, answer
        world.away.wait_state(world.cases[2], "supplement_asked")
        refusal = {"reason_class": "NOT_COMPETENT", "reason": "不属于本机关职权", "legal_basis": "行政许可法32条", "referral": "公安局"}
        assert world.home.act(world.cases[3], "refuse", refusal).status == 200
        world.away.wait_state(world.cases[3], "refused")
        yield world
        assert world.stop() == [0, 0], "a daemon did not end cleanly"
    finally:
        world.remove()


# ---- figures ----
def measure(report, section, key="all"):
    return [(row["count"], row["of"], row["value"]) for row in report["rows"] if (row["section"], row["key"]) == (section, key)]


def test_meeting_pack_says_the_same_on_both_sides(done):
    for office, direction in ((done.home, "remote"), (done.away, "local")):
        report = document(office, "report", "meeting")
        assert measure(report, "volume") == [(4, 0, "4")]
        assert measure(report, "direction", direction) == [(4, 0, "4")]
        assert measure(report, "mode", "PROXY") == [(4, 0, "4")]
        assert measure(report, "item", "GA01") == [(3, 0, "3")] and measure(report, "item", "GA09") == [(1, 0, "1")]
        assert measure(report, "supplement") == [(1, 4, "25.0% (1/4)")]
        assert measure(report, "refusal") == [(1, 3, "33.3% (1/3)")]
        assert measure(report, "speed") == [(0, 2, "0.00 (0/2)")]
        assert measure(report, "mail") == [(0, 2, "0.0% (0/2)")]
        nothing = [(row["measure"], row["value"]) for row in report["rows"] if row["section"] in ("rating", "problem")]
        assert nothing == [("ratings", "0"), ("problems_open", "0")], "a register without entries counts nothing, it does not lack data"


def test_registers(done):
    for office in (done.home, done.away):
        intake = document(office, "report", "intake")
        assert [row["case"] for row in intake["rows"]] == sorted(done.cases)
        assert all(row["applicant"].endswith("*") and NAME[-2:] not in row["applicant"] for row in intake["rows"])
        assert intake["totals"]["materials"] == 4
        mail = {row["case"]: row for row in document(office, "report", "mail")["rows"]}
        assert set(mail) == set(done.cases[:2])
        assert (mail[done.cases[0]]["tracking_no"], mail[done.cases[0]]["status"]) == ("EE123456785CN", "mail_received")
        assert mail[done.cases[1]]["status"] == "mail_under_way"
        rows = document(office, "report", "supplement")["rows"]
        assert [(row["case"], row["deadline"], row["in_time"]) for row in rows] == [(done.cases[2], "2099-12-10", "waiting")]
        assert document(office, "report", "overdue")["rows"] == []
        grants = document(office, "report", "authorisation")["rows"]
        assert {(row["principal"], row["delegate"], row["status"]) for row in grants} == {(HOME, AWAY, "in_force"), (AWAY, HOME, "in_force")}
        assert {row["code"] for row in document(office, "report", "catalogue")["rows"]} == {"GA01", "GA09", "RS01"}


def test_same_checkpoint_same_figures(done):
    one, two = (document(done.home, "report", "figures") for _ in range(2))
    assert one == two
    size = json.loads(done.home.window("GET", "/window/v1/reports/figures", staff="0201").body)["checkpoint"]["size"]
    assert one["checkpoint"]["size"] == size and len(one["checkpoint"]["root"]) == 44 and one["begun"] is None


def test_filters_and_periods(done):
    assert document(done.home, "report", "intake", "--item", "GA09")["totals"]["rows"] == 1
    assert document(done.home, "report", "intake", "--office", "330503")["rows"] == []
    assert document(done.home, "report", "intake", "--office", AWAY)["totals"]["rows"] == 4
    assert document(done.home, "report", "intake", "--quarter", "2021Q1")["rows"] == []
    quarter = document(done.home, "report", "meeting", "--quarter", "2021Q1")
    assert (quarter["from"], quarter["to"]) == ("2021-01-01", "2021-03-31")
    assert {row["value"] for row in quarter["rows"]} == {"", "0", "1"}, "an authorisation of the configuration begins in that quarter"
    assert [row["measure"] for row in quarter["rows"]].count("no_data") == 9
    later = document(done.home, "report", "meeting", "--quarter", "2021Q2")["rows"]
    assert {(row["section"], row["value"]) for row in later if row["measure"] != "no_data"} == {
        ("rating", "0"), ("problem", "0"), ("step", "0"), ("authorisation", "0")}


@pytest.mark.parametrize("words", [["--from", "2026-02-30"], ["--to", "yesterday"], ["--quarter", "2026Q5"], ["--quarter", "Q4"],
                                   ["--quarter", "2026Q4", "--from", "2026-10-01"], ["--since", "2026-10-01"]])
def test_bad_periods_are_usage(done, words):
    got = run(done.home, "report", "intake", *words)
    assert got.returncode == 2 and got.stderr, got


def test_bad_requests_are_problems(done):
    for query, field in (("from=2026-12-01&to=2026-11-01", "/to"), ("from=1990-01-01&to=2026-11-01", "/from"), ("from=2026-13-01", "/from"),
                         ("to=x", "/to"), ("quarter=2026Q9", "/quarter"), ("quarter=2026Q1&to=2026-01-01", "/quarter"), ("office=33", "/office"),
                         ("item=" + "x" * 64, "/item"), ("cursor=-1", "/cursor"), ("cursor=abc", "/cursor"), ("cursor=" + "9" * 18, "/cursor"),
                         ("cursor=" + "9" * 40, "/cursor"), ("from=1969-12-31", "/from")):
        answer = done.home.window("GET", f"/window/v1/reports/intake?{query}", staff="0201")
        assert answer.problem() == "field" and answer.json()["field"] == field, (query, answer)
    assert done.home.window("GET", "/window/v1/reports/none", staff="0201").problem() == "not-found"
    assert run(done.home, "report", "none").returncode == 2
    # the end of a source is not an error: nothing comes behind it
    answer = done.home.window("GET", f"/window/v1/reports/intake?cursor={2**47}", staff="0201")
    assert answer.status == 200 and answer.json()["rows"] == []


# ---- forms ----
def test_csv(done):
    got = run(done.away, "report", "mail", "--csv")
    assert got.returncode == 0
    rows = list(csv.reader(io.StringIO(got.stdout, newline="")))
    assert rows[0][0] == "case" and len(rows) == 3 and {len(row) for row in rows} == {11}
    carrier = rows[0].index("carrier")
    assert "'=EMS" + "快" * 19 in [row[carrier] for row in rows], "a spreadsheet would run it; and a long one is cut between characters"
    raw = done.away.world.directory / "mail.csv"
    got = run(done.away, "report", "mail", "--bom", "--out", str(raw), lang="zh_CN.UTF-8")
    assert got.returncode == 0 and "下一步" in got.stdout
    content = raw.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and b"\r\n" in content and "办件编号".encode() in content
    assert raw.stat().st_mode & 0o777 == 0o600
    assert run(done.away, "report", "mail", "--csv", "--out", "/nonexistent/x").returncode != 0


def test_json_file_and_table(done):
    path = done.directory / "meeting.json"
    assert run(done.home, "report", "meeting", "--out", str(path)).returncode == 0
    assert json.loads(path.read_text())["report"] == "meeting"
    for lang, next_word, total in (("C.UTF-8", "Next: ", "Total: 4 rows"), ("zh_CN.UTF-8", "下一步：", "合计 4 行")):
        got = run(done.home, "report", "intake", lang=lang)
        assert got.returncode == 0 and next_word in got.stdout and total in got.stdout
        assert all(line == line.rstrip() for line in got.stdout.splitlines())
    assert {row["name"] for row in document(done.home, "report", "list")["rows"]} == set(REPORTS)


def test_no_face_in_any_report(done):
    for office in (done.home, done.away):
        for staff in ("0007", "0101", "0201"):
            texts = [run(office, "report", name, "--json", staff=staff) for name in REPORTS]
            texts += [run(office, "case", "accountability", number, "--json", staff=staff) for number in done.cases]
            for got in texts:
                assert got.returncode == 0, got.stderr
                for secret in (NAME, NUMBER, MOBILE, "某路"):
                    assert secret not in got.stdout


# ---- the check ----
@pytest.mark.parametrize("name", REPORTS)
def test_reports_agree_with_the_ledger(done, name):
    for office in (done.home, done.away):
        checked = document(office, "report", "check", name)
        assert checked["agree"] and checked["differences"] == [], checked
        if name in ("intake", "figures", "meeting"):
            assert checked["checked"]["cases"] == 4 and checked["checked"]["entries"] > 20


def database(office):
    return sqlite3.connect(office.directory / "data" / "office.db")


def test_planted_differences_are_found(fresh):
    """A changed row, a lost event, a lost case: each is found, and the figures that come from the ledger stay right."""
    fresh.start()
    cases = [take(fresh) for _ in range(3)]
    decide(fresh, cases[0])
    assert run(fresh.home, "report", "check", "meeting").returncode == 0
    fresh.home.stop()
    with database(fresh.home) as db:
        db.execute("UPDATE cases SET decided = decided + 86400000 WHERE case_no = ?", (cases[0],))
        db.execute("UPDATE cases SET local_state = 6 WHERE case_no = ?", (cases[1],))
    fresh.home.start()
    got = run(fresh.home, "report", "check", "meeting", lang="zh_CN.UTF-8")
    assert got.returncode == 1 and "不一致" in got.stdout and cases[0] in got.stdout
    checked = document(fresh.home, "report", "check", "intake")
    found = {(one["case"], one["field"]) for one in checked["differences"]}
    assert (cases[0], "decided") in found and (cases[1], "state") in found and not checked["agree"]
    states = {row["case"]: row["state"] for row in checked["rows"]}
    assert states[cases[1]] == "received", "the check shows what the entries say"
    fresh.home.stop()
    with database(fresh.home) as db:
        db.execute("UPDATE cases SET decided = decided - 86400000 WHERE case_no = ?", (cases[0],))
        db.execute("UPDATE cases SET local_state = 3 WHERE case_no = ?", (cases[1],))
        case_id, = db.execute("SELECT id FROM cases WHERE case_no = ?", (cases[2],)).fetchone()
        db.execute("DELETE FROM event WHERE id >> 20 = ?", (case_id,))
        db.execute("DELETE FROM cases WHERE id = ?", (case_id,))
    fresh.home.start()
    checked = document(fresh.home, "report", "check", "daily")
    assert not checked["agree"]
    assert {(one["case"], one["field"]) for one in checked["differences"]} == {(cases[2], "case.received"), (cases[2], "case.submitted")}
    assert fresh.stop() == [0, 0]


@pytest.mark.parametrize("sql, report, found", [
    ("UPDATE authorisation SET until_day = until_day + 1 WHERE principal = '330483'", "authorisation", {("authorisation.granted", 1)}),
    ("UPDATE authorisation SET announcement = 'x' WHERE principal = '320623'", "authorisation", {("authorisation.granted", 1)}),
    ("UPDATE item SET json = replace(json, '公安局', '民政局') WHERE office = '330483'", "catalogue", {("catalogue.published", 2)}),
    ("UPDATE item SET json = replace(json, '公安局', '民政局') WHERE office = '320623'", "catalogue", {("catalogue.published", 1)})])
def test_planted_differences_in_registers(fresh, sql, report, found):
    fresh.start()
    assert document(fresh.home, "report", "check", report)["agree"]
    fresh.home.stop()
    with database(fresh.home) as db:
        assert db.execute(sql).rowcount >= 1
    fresh.home.start()
    checked = document(fresh.home, "report", "check", report)
    fields = [one["field"] for one in checked["differences"]]
    assert not checked["agree"] and {(field, fields.count(field)) for field in fields} == found
    assert fresh.stop() == [0, 0]


def test_a_refused_message_leaves_no_time_behind(fresh):
    """A withdrawal that crosses a decision is refused by the home side; the case is not closed by it."""
    fresh.start()
    number = take(fresh)
    fresh.cut()
    assert fresh.home.act(number, "accept").status == 200
    assert fresh.home.act(number, "grant", {"result": WORDS}).status == 200
    assert fresh.away.act(number, "withdraw", {"reason": "不办了"}, staff="0007").status == 200
    fresh.restore()
    document_ = fresh.away.wait_state(number, "granted", seconds=60)
    assert "closed" not in document_["times"]
    checked = document(fresh.away, "report", "check", "intake")
    assert checked["agree"], checked["differences"]
    assert document(fresh.home, "report", "check", "intake")["agree"], "a message that was not taken is not missing"
    history = document(fresh.away, "case", "accountability", number)
    assert [flag["flag"] for flag in history["flags"]] == ["refused"]
    line = history["rows"][history["flags"][0]["line"] - 1]
    assert (line["type"], line["verdict"]) == ("case.withdrawn", "refused") and line["problem"]
    assert fresh.stop() == [0, 0]


def test_supplement_of_a_case_that_was_first_only_taken_in(fresh):
    """What was recorded before the forwarding stands before the supplement, not over it."""
    fresh.start()
    number = fresh.away.intake(forward=False, applicant=person()).json()["case"]
    assert fresh.away.act(number, "forward", {}, staff="0007").status == 200
    fresh.home.wait_state(number, "received", staff="0101")
    assert fresh.home.act(number, "notice", {"deadline": "2099-12-10", "defects": [DEFECT]}).status == 200
    fresh.away.wait_state(number, "supplement_asked")
    more = {"materials": [{"name": "户口簿", "form": "original"}]}
    assert fresh.away.act(number, "supplement", more, staff="0007").status == 200
    fresh.away.wait_state(number, "supplemented")
    for office, staff in ((fresh.home, "0101"), (fresh.away, "0007")):
        names = [one["name"] for one in office.case(number, staff).json()["materials"]]
        assert names == ["原居民身份证", "户口簿"], office.code
    assert document(fresh.away, "report", "check", "intake")["agree"]
    assert fresh.stop() == [0, 0]


# ---- pages ----
def test_pages_continue(fresh):
    """More cases than one page holds, put in without a network."""
    fresh.start()
    assert fresh.stop() == [0, 0]
    count = 2300
    subprocess.run([str(BUILD / "bin" / "bulk"), str(fresh.away.config), HOME, "GA01", str(count)], check=True, capture_output=True)
    fresh.away.start()
    cursor, pages, seen = "", 0, []
    while cursor is not None:
        answer = fresh.away.window("GET", f"/window/v1/reports/intake?cursor={cursor}", staff="0201")
        assert answer.status == 200, answer
        page = answer.json()
        assert len(page["rows"]) <= 1000 and page["progress"]["of"] == count
        seen += [row["case"] for row in page["rows"]]
        cursor, pages = page["next"], pages + 1
    assert pages >= 3 and len(seen) == len(set(seen)) == count
    assert document(fresh.away, "report", "intake")["totals"]["rows"] == count
    assert document(fresh.away, "report", "daily")["totals"]["local"] == count
    checked = document(fresh.away, "report", "check", "meeting")
    assert checked["agree"] and checked["checked"]["cases"] == count
    assert fresh.away.stop() == 0


def test_many_ask_at_once(done):
    """Pages wait for each other, nobody is turned away, and a list is answered meanwhile."""
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        reports = [pool.submit(done.home.window, "GET", f"/window/v1/reports/{name}?verify=1", None, "0201") for name in REPORTS * 4]
        lists = [pool.submit(done.home.window, "GET", "/window/v1/cases") for _ in range(8)]
        answers = [one.result() for one in reports]
        assert {answer.status for answer in answers + [one.result() for one in lists]} == {200}
        assert [answer.json()["report"] for answer in answers] == REPORTS * 4


# ---- who did what ----
def test_accountability(done):
    number = done.cases[0]
    assert done.home.case(number, "0101").status == 200  # a view of the whole is part of the history
    history = document(done.home, "case", "accountability", number)
    types = [row["type"] for row in history["rows"]]
    assert types[:2] == ["case.submitted", "case.received"] and "case.viewed" in types
    for wanted in ("case.accepted", "case.decided", "case.delivery", "case.delivered"):
        assert types.count(wanted) == 1
    by_type = {row["type"]: row for row in history["rows"]}
    submitted, accepted, delivered = (by_type[f"case.{name}"] for name in ("submitted", "accepted", "delivered"))
    assert (submitted["office"], submitted["staff"], submitted["role"], submitted["step"]) == (AWAY, f"{AWAY}:0007", "window", "I")
    assert submitted["authorisation"]["announcement"] == "桐政办发〔2021〕6号" and submitted["authorisation"]["until"] == "2031-03-11"
    assert delivered["step"] == "D" and submitted["arrived"] and accepted["arrived"]
    assert (accepted["office"], accepted["role"], accepted["authorisation"]) == (HOME, "handler", None)
    assert history["flags"] == []
    # the same entries on both sides: leaf and place agree
    other = document(done.away, "case", "accountability", number)
    places = [{(row["ledger"]["office"], row["ledger"]["index"]): row["ledger"]["leaf"] for row in one["rows"] if row["type"] != "case.viewed"}
              for one in (history, other)]
    assert places[0] == places[1] and len(places[0]) == len(types) - types.count("case.viewed")


def test_each_line_is_in_the_proof(done):
    number = done.cases[0]
    done.away.case(number)
    history = document(done.away, "case", "accountability", number)
    bundle = done.directory / "bundle.json"
    assert run(done.away, "case", "proof", number, "--out", str(bundle), staff="0007").returncode == 0
    keys = [word for code in (HOME, AWAY) for word in ("--key", (done.directory / code / "ledger.vkey").read_text().strip())]
    got = subprocess.run([VERIFY, "case", *keys, str(bundle)], capture_output=True, text=True, timeout=60)
    assert got.returncode == 0, got.stdout + got.stderr
    leaves = {hashlib.sha256(b"\0" + entry["line"].encode()).hexdigest() for entry in json.loads(bundle.read_text())["entries"]}
    assert {row["ledger"]["leaf"] for row in history["rows"]} <= leaves


def test_accountability_forms(done):
    number = done.cases[2]
    for lang, heading in (("C.UTF-8", "# Who did what on the case"), ("zh_CN.UTF-8", "# 办件责任追溯")):
        path = done.directory / "history.md"
        got = run(done.home, "case", "accountability", number, "--out", str(path), lang=lang)
        assert got.returncode == 0 and path.read_text().startswith(f"{heading} {number}")
        assert path.read_text().count("\n| ") >= 5
    got = run(done.home, "case", "accountability", number, lang="zh_CN.UTF-8")
    assert "一次性告知" in got.stdout and "tongban-verify" in got.stdout
    assert run(done.home, "case", "accountability", "320623991231000000014").returncode in (1, 2)
    assert run(done.home, "case", "accountability", "x").returncode != 0


# ---- roles ----
def requests(number, problem):
    """Method, path, body of each route of the window API, as proto/access.c has them."""
    text = (ROOT / "proto" / "access.c").read_text().replace('CASE "', '"/window/v1/cases/{no}').replace('WINDOW "', '"/window/v1')
    text = text.replace("CASE,", '"/window/v1/cases/{no}",')
    rows = re.findall(r'\{"([A-Z]+)", "([^"]+)", ACCESS_KIND_(\w+)\}', text)
    assert len(rows) == text.count(", ACCESS_KIND_")
    fill = {"object": problem, "no": number, "office": HOME, "code": "GA01", "action": "accept", "sha256": "0" * 64, "name": "figures", "kind": "problem",
            "act": "raise"}
    for method, pattern, kind in rows:
        yield method, re.sub(r"\{(\w+)\}", lambda m: fill[m.group(1)], pattern), kind


def test_every_route_for_every_role(done):
    closed = {"CASE_LIST", "CASE_READ", "CASE_WRITE", "CASE_TRACE", "PROOF", "MATERIAL", "DOCUMENT", "REGISTER_WRITE", "JOINT", "JOINT_READ",
              "CATALOGUE_WRITE", "CASE_TAKE", "UPLOAD", "PROGRESS", "RESULT"}
    kinds = set()
    raised = done.home.window("POST", "/window/v1/registers/problem/acts/raise", {"data": {"class": "other", "subject": "x"}}, "0101").json()["no"]
    for method, path, kind in requests(done.cases[1], raised):
        kinds.add(kind)
        if path.endswith("/events") or "{" in path:
            continue  # a stream that stays open; its row is the timeline's
        headers = {"Tus-Resumable": "1.0.0"} if "/materials" in path else {}
        body = {} if method == "POST" and "/materials" not in path else None
        if method == "PATCH":
            body, headers = b"x", {**headers, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        if method == "POST" and "/materials" in path:
            headers |= {"Upload-Length": "4", "Upload-Metadata": "sha256 " + "MDAw" * 21 + "MA==,type YXBwbGljYXRpb24vcGRm"}
        answer = done.home.window(method, path, body, staff="0201", headers=headers)
        if kind in closed:
            assert answer.status == 403, (method, path, answer)
            needed = "handler" if kind == "CATALOGUE_WRITE" else "window or handler"
            if method != "HEAD":
                assert answer.problem() == "not-allowed" and f"needs the role {needed}" in answer.json()["detail"], (method, path, answer)
        else:
            assert answer.status in (200, 204), (method, path, answer)
        # the other roles keep what they had: never refused for their role (the act itself may be impossible now)
        for staff in ("0007", "0101"):
            answer = done.home.window(method, path, body, staff=staff, headers=headers)
            assert answer.status != 403 or "needs the role window or handler" not in answer.body.decode(), (staff, method, path, answer)
    assert closed < kinds and {"REPORT", "ACCOUNTABILITY", "SELF", "CATALOGUE"} < kinds


def test_supervisor_at_the_command_line(done):
    number = done.cases[1]
    for words in (["case", "show", number], ["case", "list"], ["case", "track", number], ["case", "proof", number], ["case", "accept", number],
                  ["todo"]):
        for lang, said in (("C.UTF-8", "window or handler"), ("zh_CN.UTF-8", "窗口或承办")):
            got = run(done.home, *words, lang=lang)
            assert got.returncode == 4 and said in got.stderr + got.stdout, (words, got)
    for words in (["office"], ["item", "list"], ["item", "show", "GA01"], ["report", "figures"], ["case", "accountability", number]):
        assert run(done.home, *words).returncode == 0, words
