"""Files of cases: export and import as JSON and TSV, the same file twice, a killed client, bad rows, hostile files, memory."""
import hashlib
import json
import os
import signal
import stat
import subprocess
import time

import pytest

from desk import TONGBAN, Desk
from office import AWAY, HOME, ITEMS, World

CODE = ITEMS[HOME][0][0]
COLUMNS = ["item_office", "item_code", "applicant_kind", "applicant_name", "certificate_type", "certificate_number", "system", "number", "remark"]


@pytest.fixture(scope="module", name="pair")
def busy_pair():
    """Two offices whose clerks may ask as often as they like: files of cases are many requests, and limits have tests of their own."""
    world = World()
    try:
        for office in world.offices.values():
            office.admission(staff_per_s=100000)
        yield world.start()
        assert world.stop() == [0, 0]
    finally:
        world.remove()


@pytest.fixture
def desk(pair):
    return Desk(pair.away, "0007")


def row(number="", remark="", name="张三", system="社保系统", code=CODE, certificate="33048318500101001X"):
    return [HOME, code, "person", name, "citizen-id", certificate, system if number else "", number, remark]


def table(desk, name, rows, columns=COLUMNS):
    (desk.directory / name).write_text("".join("\t".join(cells) + "\n" for cells in [columns, *rows]), newline="")
    return name


def read_table(path):
    lines = path.read_text().split("\n")
    assert lines[-1] == ""
    return [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:-1]]


def imported(desk, name, *words, code=0):
    result = desk.directory / "result.tsv"
    desk.run("case", "import", name, *words, "--result", "result.tsv", "--force", code=code)
    return read_table(result)


def page(office, query):
    """A page of the list of cases."""
    answer = office.window("GET", f"/window/v1/cases?limit=100{query}")
    assert answer.status == 200, answer
    return answer.json()


def settled_count(office):
    """How many once nothing that was asked before is on its way."""
    found = count(office)
    while (again := (time.sleep(0.2), count(office))[1]) != found:
        found = again
    return found


def count(office):
    with_all = page(office, "")
    rows = with_all["rows"]
    while with_all["next"]:
        with_all = page(office, f"&cursor={with_all['next']}")
        rows += with_all["rows"]
    return len(rows)


TAKEN = ["item", "applicant", "agent", "materials", "comparison", "delivery", "form", "remark", "handed_in_at", "late", "numbers"]


def told(case):
    """What an import takes of a case."""
    said = {name: case[name] for name in TAKEN if name in case}
    said["item"] = {name: said["item"][name] for name in ("office", "code")}
    return said


FULL = {
    "applicant": {"kind": "person", "name": "𠮷田·张三", "certificate": {"type": "citizen-id", "number": "33048318500101001X"},
                  "mobile": "13900001234", "address": "=乌镇\\路1号"},
    "materials": [{"name": "原居民身份证", "form": "original", "original_seen": True, "pages": 2, "remark": "正反\n面"}],
    "comparison": {"result": "manual", "reason": "+照片旧"},
    "delivery": {"way": "mail", "address": "@桐乡", "recipient": "张三", "mobile": "13900001234"},
    "form": {"身高": 170, "地址": ["一", {"二": "\"'=\\n"}], "n": -3},
    "remark": "-第一行\n第二行",
}


@pytest.mark.parametrize("form", ["json", "tsv"])
def test_a_case_comes_back(pair, desk, form):
    case = pair.away.intake(**FULL).json()["case"]
    for system, value in (("公安系统", f"GA-{form}"), ("社保系统", f"=SB-{form}"), ("医保系统", "'YB" + form)):
        assert pair.away.window("POST", f"/window/v1/cases/{case}/numbers", {"system": system, "value": value}).status == 200
    name = f"full.{form}"
    assert "1件" in desk.run("case", "export", case, "--format", form, "--out", name)
    assert stat.S_IMODE((desk.directory / name).stat().st_mode) == 0o600
    # here it is known by its number; at the home office it is a new case of its own
    assert [(r["result"], r["case"]) for r in imported(desk, name)] == [("known", case)]
    other = Desk(pair.home, "0007")
    (other.directory / name).write_bytes((desk.directory / name).read_bytes())
    got = imported(other, name)
    assert [r["result"] for r in got] == ["taken"] and got[0]["case"].startswith(HOME)
    assert told(other.json("case", "show", got[0]["case"])) == told(desk.json("case", "show", case))
    other.run("case", "export", got[0]["case"], "--format", form, "--out", "again." + form)
    assert imported(other, "again." + form)[0]["result"] == "known"


def views(desk, case):
    return sum(row["type"] == "case.viewed" for row in desk.json("case", "accountability", case)["rows"])


@pytest.mark.parametrize("form", ["json", "tsv"])
def test_a_case_of_the_other_side_in_a_later_state(pair, desk, form):
    case = pair.away.intake(remark="已受理的件" + form).json()["case"]
    pair.home.wait_state(case, "received")
    assert pair.home.act(case, "accept", {}).status == 200
    officer = Desk(pair.home, "0101")
    officer.run("case", "export", case, "--format", form, "--out", "accepted." + form)
    written = (officer.directory / f"accepted.{form}").read_text()
    if form == "tsv":
        said = read_table(officer.directory / "accepted.tsv")[0]
        assert said["accepted"] and said["received"] and said["due"] and said["item_version"] == "1" and not said["decided"]
    else:
        said = json.loads(written)[0]
        assert said["times"]["accepted"] and said["due"]["date"]
    assert (said["case"], said["state"], said["intake"]) == (case, "accepted", AWAY)
    (desk.directory / f"accepted.{form}").write_text(written, newline="")
    new = imported(desk, "accepted." + form)[0]
    assert new["result"] == "taken" and new["case"] != case
    new, old = pair.away.case(new["case"]).json(), officer.json("case", "show", case)
    assert told(new) == told(old) and (new["state"], old["state"]) == ("intaken", "accepted")


def test_an_export_is_a_view_and_is_not_overwritten(pair, desk):
    cases = [pair.away.intake().json()["case"] for _ in range(2)]
    before = [views(desk, case) for case in cases]
    desk.run("case", "export", *cases, "--format", "json", "--out", "two.json")
    assert [views(desk, case) for case in cases] == [n + 1 for n in before]
    said = json.loads((desk.directory / "two.json").read_text())
    assert [c["case"] for c in said] == cases and said[0]["state"] in ("forwarded", "received") and said[0]["due"]["date"]
    assert "actions" not in said[0]
    assert "--force" in desk.run("case", "export", cases[0], "--out", "two.json", code=2)
    assert len(json.loads((desk.directory / "two.json").read_text())) == 2
    desk.run("case", "export", cases[0], "--out", "two.json", "--force")
    assert [r["case"] for r in read_table(desk.directory / "two.json")] == [cases[0]]
    # one that fails leaves what was there, and nothing of its own
    desk.run("case", "export", cases[0], "320623261126000999990", "--out", "two.json", "--force", code=1)
    desk.run("case", "export", "320623261126000999990", "--out", "new.json", code=1)
    assert [r["case"] for r in read_table(desk.directory / "two.json")] == [cases[0]]
    assert sorted(p.name for p in desk.directory.glob("two*")) == ["two.json"] and not (desk.directory / "new.json").exists()
    assert [c["case"] for c in json.loads(desk.run("case", "export", "--list", "--limit", "2", "--json"))] == cases[::-1]
    desk.run("case", "export", code=2)
    desk.run("case", "export", "--list", cases[0], code=2)
    desk.run("case", "export", cases[0], "--format", "xml", code=2)


def test_the_same_file_doubles_nothing(pair, desk):
    before = count(pair.away)
    name = table(desk, "twice.tsv", [row("T-1"), row("T-2"), row(remark="无编号"), row(remark="无编号二")])
    first = imported(desk, name)
    assert [r["result"] for r in first] == ["taken"] * 4 and count(pair.away) == before + 4
    assert pair.away.case(first[0]["case"]).json()["state"] == "intaken"  # not forwarded
    again = imported(desk, name)
    assert [(r["result"], r["case"]) for r in again] == [("known", r["case"]) for r in first] and count(pair.away) == before + 4
    # the same rows as JSON, in another order and among new ones
    desk.run("case", "export", *[r["case"] for r in first[:2]], "--format", "json", "--out", "twice.json")
    assert [r["result"] for r in imported(desk, "twice.json")] == ["known", "known"]
    # another row with the number of a case is that case, whoever sends it and however long ago it was
    assert [r["case"] for r in imported(desk, table(desk, "other.tsv", [row("T-1", remark="另一行")]))] == [first[0]["case"]]
    # with --forward afterwards: what is there is not taken in a second time
    last = imported(desk, name, "--forward", code=1)
    assert [r["result"] for r in last] == ["known", "known", "failed", "failed"] and "case forward" in last[2]["error"] + last[2]["remedy"]
    assert count(pair.away) == before + 4
    done = imported(desk, table(desk, "forward.tsv", [row("T-3")]), "--forward")
    pair.home.wait_state(done[0]["case"], "received")


def test_a_number_of_another_system_is_another_case(pair, desk):
    first = imported(desk, table(desk, "one.tsv", [row("S-1"), row("S-1", system="公安系统")]))
    assert [r["result"] for r in first] == ["taken", "taken"] and first[0]["case"] != first[1]["case"]


def test_a_killed_client(pair, desk):
    before = count(pair.away)
    rows = [row(f"K-{n}" if n % 2 else "", remark=f"中断{n}") for n in range(300)]
    name = table(desk, "killed.tsv", rows)
    run = subprocess.Popen([TONGBAN, "case", "import", name, "--result", "half.tsv"], cwd=desk.directory, env=desk.environment("C.UTF-8", 80),
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while count(pair.away) < before + 20:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.02)  # so that the client gets on
    run.send_signal(signal.SIGKILL)
    assert run.wait(10) == -signal.SIGKILL
    there = settled_count(pair.away)
    assert before + 20 <= there < before + 300
    written = (desk.directory / "half.tsv").read_text().split("\n")
    assert there - before - 1 <= len(written) - 2 <= there - before  # the result file says what was done
    result = imported(desk, name)
    assert len(result) == 300 and len({r["case"] for r in result}) == 300
    assert count(pair.away) == before + 300
    assert sum(r["result"] == "known" for r in result) == there - before
    numbers = pair.away.case(result[1]["case"]).json()["numbers"]
    assert numbers == [{"system": "社保系统", "value": "K-1"}]


@pytest.mark.parametrize("words", [("export", "--format", "json"), ("export", "--format", "tsv"), ("archive",)])
def test_what_is_not_whole_has_no_name(pair, desk, words):
    """Killed in the middle: a file with the name that was asked for is one that is whole, and the next run is not in the way of this one."""
    number = pair.away.intake().json()["case"]
    cases = [number] * (55 if words[0] == "export" else 1)
    out = desk.directory / "out"
    out.unlink(missing_ok=True)

    def whole():
        content = out.read_bytes()
        return content.endswith({"json": b"}\n]\n", "tsv": b"\n", "archive": bytes(1024)}[words[-1]]) and \
            (words[-1] != "tsv" or content.count(b"\n") == len(cases) + 1)

    for wait in (0.01, 0.02, 0.03, 0.05, 0.08, 0.12):
        run = subprocess.Popen([TONGBAN, "case", words[0], *cases, *words[1:], "--out", "out"], cwd=desk.directory,
                               env=desk.environment("C.UTF-8", 80), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        time.sleep(wait)
        run.send_signal(signal.SIGKILL)
        if run.wait(10) == -signal.SIGKILL:
            assert not out.exists() or whole(), wait  # killed while it ended
            part = desk.directory / "out.part"
            assert not part.exists() or part.stat().st_mode & 0o777 == 0o600
        out.unlink(missing_ok=True)
    desk.run("case", words[0], *cases, *words[1:], "--out", "out")
    assert whole() and out.stat().st_mode & 0o777 == 0o600 and not (desk.directory / "out.part").exists()


def test_two_that_write_one_file(pair, desk):
    number = pair.away.intake().json()["case"]
    runs = [subprocess.Popen([TONGBAN, "case", "export", *[number] * 55, "--format", "json", "--out", "both"], cwd=desk.directory,
                             env=desk.environment("C.UTF-8", 80), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL) for _ in range(2)]
    assert 0 in [run.wait(30) for run in runs]
    assert len(json.loads((desk.directory / "both").read_text())) == 55


def test_a_client_that_died_before_the_number(pair, desk):
    """The key is as the page says, so the row finds the case that an earlier run has left without its number."""
    body = {"item": {"office": HOME, "code": CODE}, "remark": "半途", "applicant": {
        "kind": "person", "name": "张三", "certificate": {"type": "citizen-id", "number": "33048318500101001X"}}}
    said = [json.dumps(part, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            for part in (body, [{"system": "社保系统", "value": "H-1"}], {**body, "forward": False})]
    key = hashlib.sha256("\n".join(["tongban case import", *said[:2]]).encode()).hexdigest()
    case = pair.away.window("POST", "/window/v1/cases", said[2].encode(), key=key, headers={"Content-Type": "application/json"}).json()["case"]
    assert "numbers" not in pair.away.case(case).json()
    assert [(r["result"], r["case"]) for r in imported(desk, table(desk, "died.tsv", [row("H-1", "半途")]))] == [("known", case)]
    assert pair.away.case(case).json()["numbers"] == [{"system": "社保系统", "value": "H-1"}]


def test_scans_are_named_not_sent(pair, desk):
    scan = b"%PDF-1.4\n" + b"scan of the exchange of files"
    digest = pair.away.upload(scan)
    taken = [{"name": "原居民身份证", "form": "copy", "original_seen": True, "sha256": digest}]
    case = pair.away.intake(materials=taken, forward=False).json()["case"]
    desk.run("case", "export", case, "--format", "json", "--out", "scan-named.json")
    material = json.loads((desk.directory / "scan-named.json").read_text())[0]["materials"][0]
    assert material["sha256"] == digest and material["size"] == len(scan)
    other = Desk(pair.home, "0007")
    forms = [{"item": {"office": HOME, "code": CODE}, "applicant": {"kind": "person", "name": "赵六", "certificate": {
        "type": "citizen-id", "number": "33048318500101001X"}}, "materials": [{**material, "sha256": one}]} for one in ("0" * 64, digest)]
    pair.home.upload(scan)
    (other.directory / "scans.json").write_text("\n".join(json.dumps(form) for form in forms))
    result = imported(other, "scans.json", code=1)
    assert [r["result"] for r in result] == ["failed", "taken"] and result[0]["remedy"]


def test_columns_in_chinese_and_a_spreadsheet(pair, desk):
    chinese = ["备注", "证件号码", "证件类型", "申请人名称", "申请人类型", "事项编码", "属地代码", "申请材料", "办件编号", "事后补录", "收件时间"]
    materials = '"[{""name"":""原居民身份证"",""form"":""original""}]"'
    cells = ['"他说""好"""', "33048318500101001X", "citizen-id", "钱七", "person", CODE, HOME, materials, "not-read", "是",
             "2026-11-20T09:30:00.000+08:00"]
    name = table(desk, "chinese.tsv", [cells], chinese)
    case = pair.away.case(imported(desk, name)[0]["case"]).json()
    assert case["remark"] == '他说"好"' and case["late"] is True and case["materials"][0]["form"] == "original"
    assert case["times"]["handed_in"].startswith("2026-11-20T09:30")


def test_who_may_take_in_nothing(pair):
    officer = Desk(pair.away, "0101")
    officer.run("case", "import", table(officer, "officer.tsv", [row(), row(remark="二")]), "--result", "officer-result.tsv", code=4)
    assert (officer.directory / "officer-result.tsv").read_text().count("\n") == 1


def test_bad_rows_are_named_and_the_others_go_on(pair, desk):
    before = count(pair.away)
    rows = [row("B-1"), row("B-2", name=""), row("B-3", certificate="330483185001010010"), row("B-4", code="NO99"), row("B-5", remark="C:\\x"),
            row("B-6")[:-1], row("B-7", remark="'=\\n\\\\"), row("33048318500101001X"), row("B-9", system="")]
    result = imported(desk, table(desk, "bad.tsv", rows), code=1)
    assert [r["result"] for r in result] == ["taken"] + ["failed"] * 5 + ["taken"] + ["failed"] * 2
    assert [r["line"] for r in result] == [str(n) for n in range(2, 11)]
    fields = [r["field"].split(" ")[0] for r in result]
    assert fields == ["", "applicant_name", "certificate_number", "item_code", "remark", "", "", "number", "system"]
    assert all(r["error"] and r["remedy"] for r in result if r["result"] == "failed")
    assert count(pair.away) == before + 2
    shown = desk.run("case", "import", "bad.tsv", code=1)
    assert "第3行" in shown and "申请人名称" in shown and "怎么办" in shown and "2件此前已收" in shown and "7行" in shown
    said = json.loads(desk.run("case", "import", "bad.tsv", "--json", code=1))
    assert said["known"] == 2 and said["failed"] == 7 and [f["line"] for f in said["failures"]] == [3, 4, 5, 6, 7, 9, 10]
    assert pair.away.case(result[6]["case"]).json()["remark"] == "=\n\\"
    # the corrected file
    rows[1] = row("B-2")
    assert [r["result"] for r in imported(desk, table(desk, "bad.tsv", rows[:2]))] == ["known", "taken"]


def test_json_of_others(pair, desk):
    form = {"item": {"office": HOME, "code": CODE}, "forward": True,
            "applicant": {"kind": "person", "name": "李四", "certificate": {"type": "citizen-id", "number": "33048318500101001X"}}}
    (desk.directory / "form.json").write_text(json.dumps(form, indent=2, ensure_ascii=False))
    first = imported(desk, "form.json")
    assert first[0]["result"] == "taken" and pair.away.case(first[0]["case"]).json()["state"] == "intaken"
    lines = "\n".join(json.dumps({**form, "remark": f"行{n}"}) for n in range(3)) + "\n{\"item\": \"open\n" + json.dumps({**form, "x": 1})
    (desk.directory / "lines.json").write_text(lines)
    result = imported(desk, "lines.json", code=1)
    assert [(r["line"], r["result"]) for r in result] == [("1", "taken"), ("2", "taken"), ("3", "taken"), ("4", "failed"), ("5", "failed")]
    assert result[4]["field"] == "/x"
    # no file of this machine goes out because a file from elsewhere names it
    for number, material in enumerate(({"name": "原居民身份证", "form": "copy", "file": "/etc/passwd"},
                                       {"name": "原居民身份证", "form": "copy", "sha256": "@/etc/passwd"})):
        (desk.directory / "scan.json").write_text(json.dumps({**form, "materials": [material]}))
        assert imported(desk, "scan.json", code=1)[0]["field"].startswith("/materials/0/"), number


HEADER = "\t".join(COLUMNS)
GOOD = "\t".join(row())


@pytest.mark.parametrize("content, code, said", [
    (f"{HEADER}\n{GOOD}\n".encode("utf-16"), 2, "iconv -f UTF-16"), (f"{HEADER}\n{GOOD}\n".encode("utf-16-be"), 2, "UTF-8"),
    ("事项编码\t属地代码\n".encode("gb18030"), 2, "iconv -f GB18030"),
    (f"{HEADER}\n{GOOD.replace('33048318500101001X', '3.30483E+17')}\n".encode(), 1, "近似数"),
    (f"{HEADER}\n{GOOD.replace('33048318500101001X', '330483********001X')}\n".encode(), 1, "certificate_number"),
    (b'{"remark": 1e999}', 1, "第1行"), (b'{"remark": "a", "remark": "b"}', 1, "第1行"), (b'{"remark": "a\\u0000b"}', 1, "第1行"),
    (f"{HEADER}\tmaterials\n{GOOD}\t{'[' * 3000}\n".encode(), 1, "materials"),
    (f"{HEADER}\thanded_in_at\n{GOOD}\t9999-99-99T00:00:00+08:00\n".encode(), 1, "handed_in_at"),
    (f"{HEADER}\tcomparison_score\n{GOOD}\t99999999999999999999\n".encode(), 1, "comparison_score"),
    (b"", 2, "文件是空的"), (b"\xef\xbb\xbf", 2, "文件是空的"), (b"\n\r\n", 2, "文件是空的"),
    (b"\xff\xfea\0b\0", 2, "UTF-8"), (b"a\0b\n", 2, "UTF-8"), (b"\xd5\xc5\xc8\xfd\t\xc0\xee\n", 2, "UTF-8"),
    (f"{HEADER}\tnonsense\n{GOOD}\tx\n".encode(), 2, "nonsense"), (f"{HEADER}\tremark\n{GOOD}\tx\n".encode(), 2, "remark"),
    ("item_code\titem_office\n".encode(), 2, "applicant_kind"), (HEADER.replace("\t", ",").encode(), 2, "item_office,"),
    (("\t".join(["remark"] * 65) + "\n").encode(), 2, "列"), (b"x" * (300 * 1024), 2, "UTF-8"),
    (b"PK\x03\x04 no table\n", 2, "按详情改正文件内容"), (b"", 2, "按详情改正文件内容"), (b"PK\x03\x04\x14\0\x06\0\n", 2, "制表符分隔的文本"),
    (HEADER.encode(), 0, "0行"), (f"\ufeff{HEADER}\r\n{GOOD}\r\n\r\n\t\t\t\t\t\t\t\t\r\n".encode(), 0, "1行"),
    (f"{HEADER}\n".encode() + GOOD.encode() + b"\0\n" + GOOD.encode() + b"\xff\n" + GOOD.encode() + b"\n", 1, "NUL"),
    (f"{HEADER}\n{GOOD}{'x' * (300 * 1024)}\n{GOOD}\n".encode(), 1, "第2行"), (f"{HEADER}\n{GOOD}\t\t\n".encode(), 1, "11"),
    (b"[" * 5000, 0, "0行"), (b"{" * 5000, 1, "第1行"), (b"[{}]", 1, "/item"), (b"[1]", 1, "第1行"),
    (b'{"a":' * 100 + b"1" + b"}" * 100, 1, "第1行"), ("事项编码\t属地代码\t申请人类型\t申请人名称\t证件类型\t证件号码\n".encode(), 0, "0行"),
])
def test_hostile_files(desk, content, code, said):
    (desk.directory / "hostile").write_bytes(content)
    assert said in desk.run("case", "import", "hostile", "--dry-run", code=code)


def test_what_is_no_file(desk):
    (desk.directory / "dir").mkdir()
    fifo = desk.directory / "fifo"
    os.mkfifo(fifo)
    for name in ("dir", "fifo", "/dev/zero"):
        assert "普通文件" in desk.run("case", "import", name, code=2)
    desk.run("case", "import", "nothing.tsv", code=2)
    name = table(desk, "result-there.tsv", [row()])
    assert "--force" in desk.run("case", "import", name, "--dry-run", "--result", name, code=2)
    assert "普通文件" in desk.run("case", "import", name, "--dry-run", "--result", "fifo", "--force", code=2)


@pytest.mark.parametrize("form", ["json", "tsv"])
def test_a_long_file_takes_no_more_memory(desk, form):
    name = desk.directory / f"long.{form}"
    with name.open("w") as out:
        if form == "tsv":
            out.write(HEADER + "\n")
            out.writelines("\t".join(row(f"L-{n}", "备" * 300)) + "\n" for n in range(20000))
        else:
            out.writelines(json.dumps({"item": {"office": HOME, "code": CODE}, "remark": "备" * 300, "applicant": {
                "kind": "person", "name": "张三", "certificate": {"type": "citizen-id", "number": "33048318500101001X"}}},
                ensure_ascii=False) + "\n" for _ in range(20000))
    assert name.stat().st_size > 19_000_000
    pid = os.posix_spawn(TONGBAN, [TONGBAN, "--json", "case", "import", str(name), "--dry-run"],
                         {**desk.environment("C.UTF-8", 80), "TONGBAN_CONFIG": str(desk.directory / "tongban.yaml")},
                         file_actions=[(os.POSIX_SPAWN_OPEN, 1, str(desk.directory / "said"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)])
    peak = 0  # of this program; ru_maxrss would begin with that of the test, whose memory the new process has until it execs
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        with open(f"/proc/{pid}/status", encoding="ascii") as figures:
            peak = max([peak] + [int(line.split()[1]) for line in figures if line.startswith("VmHWM")])
        time.sleep(0.005)
    status = ended[1]
    assert status == 0 and json.loads((desk.directory / "said").read_text())["checked"] == 20000
    assert 0 < peak < 60_000 or "ASAN_OPTIONS" in os.environ, peak


def test_too_many_rows(desk):
    with (desk.directory / "many.tsv").open("w") as out:
        out.write(HEADER + "\n")
        out.writelines(["x\n"] * 100_001)
    said = desk.run("case", "import", "many.tsv", "--dry-run", code=2)
    assert "100000" in said and said.count("第") < 300


def test_the_number_of_one_system_finds_its_case_only(pair, desk):
    case = imported(desk, table(desk, "find.tsv", [row("F-1", name="王五")]))[0]["case"]
    ask = pair.away.window
    assert [r["case"] for r in ask("GET", "/window/v1/cases?q=F-1&system=%E7%A4%BE%E4%BF%9D%E7%B3%BB%E7%BB%9F").json()["rows"]] == [case]
    for query in ("q=F-1&system=other", "q=%E7%8E%8B%E4%BA%94&system=%E7%A4%BE%E4%BF%9D%E7%B3%BB%E7%BB%9F", f"q={case}&system=x", "system=x"):
        assert ask("GET", "/window/v1/cases?" + query).json() == {"rows": [], "next": None}
    assert ask("GET", "/window/v1/cases?system=" + "x" * 61).problem() == "field"


def test_an_office_that_is_away(fresh):
    fresh.start()
    desk = Desk(fresh.away, "0007")
    fresh.stop()
    name = table(desk, "away.tsv", [row("A-1"), row("A-2")])
    said = desk.run("case", "import", name, "--result", "away-result.tsv", code=3)
    assert "不重复" in said or "同一文件" in said
    assert (desk.directory / "away-result.tsv").read_text().count("\n") == 1
