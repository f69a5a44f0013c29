"""The catalogue from file to counterpart: lint, publish, history, retire, pages and search, with the real programs."""
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import time

import pytest

from ledger import FakeOffice, verdicts
from office import AWAY, HOME, ITEMS, ROOT, WAIT_S, World, daemon_path, item

TONGBAN = os.environ.get("TONGBAN", str(pathlib.Path(daemon_path()).parents[1] / "client" / "tongban"))


class Desk:
    """`tongban` at one office, as the given member of staff."""

    def __init__(self, office, directory, staff="0101"):
        self.directory = pathlib.Path(directory)
        self.config = self.directory / f"{office.code}-{staff}.yaml"
        self.config.write_text(f"server: https://127.0.0.1:{office.port}\nauthority: {office.tls}/staff-ca.crt\n"
                               f"certificate: {office.tls}/staff-{staff}.crt\nkey: {office.tls}/staff-{staff}.key\noffice: \"{office.code}\"\n")

    def run(self, *words, lang="C.UTF-8"):
        env = {"PATH": os.environ["PATH"], "LANG": lang, "HOME": str(self.directory), "TONGBAN_CONFIG": str(self.config)}
        env.update({k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN", "TSAN", "TONGBAN_LOCALE"))})
        return subprocess.run([TONGBAN, *words], capture_output=True, text=True, env=env, timeout=60, stdin=subprocess.DEVNULL,
                              cwd=self.directory)

    def json(self, *words, status=0):
        got = self.run("--json", *words)
        assert got.returncode == status, (words, got.stdout, got.stderr)
        return json.loads(got.stdout)

    def file(self, name, items, office=HOME):
        path = self.directory / name
        path.write_text(json.dumps({"office": office, "items": items}, ensure_ascii=False, indent=1))
        return str(path)


def wait(what, test):
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        got = what()
        if test(got):
            return got
        time.sleep(0.02)
    raise AssertionError(got)


def changed(code, name, version=1, **elements):
    return item(code, name, version) | elements


def rows(office, query="", staff="0101"):
    return office.window("GET", f"/window/v1/items?{query}", staff=staff).json()["rows"]


@pytest.fixture
def desks(fresh, tmp_path):
    fresh.start()
    return fresh, Desk(fresh.home, tmp_path), Desk(fresh.away, tmp_path)


def test_publish_reaches_the_peer_and_a_case_keeps_its_version(desks):
    world, home, away = desks
    name = ITEMS[HOME][0][1]
    old = world.away.intake().json()["case"]
    world.home.wait_state(old, "received")
    world.cut()
    path = home.file("new.yaml", [changed("GA01", name, 2, fee="20元/证", conditions=["本人到场"]), changed("GA50", "新事项")])
    answer = home.json("catalogue", "publish", path, "--note", "年度调整")
    assert answer["office"] == HOME and answer["edition"] == 2 and answer["staff"] == f"{HOME}:0101"
    assert [x["code"] for x in answer["changes"]["added"]] == ["GA50"] and answer["changes"]["removed"] == []
    assert {x["path"] for x in answer["changes"]["changed"][0]["elements"]} == {"fee", "conditions"}
    # not acknowledged: the home side says so, the counterpart's window has it not
    states = {row["code"]: row["peers"] for row in rows(world.home, f"office={HOME}")}
    assert states["GA01"] == [{"office": AWAY, "state": "waiting"}] and states["GA09"] == [{"office": AWAY, "state": "taken"}]
    assert {row["code"]: row["version"] for row in rows(world.away, f"office={HOME}")} == {"GA01": 1, "GA09": 1}
    assert world.away.intake(item={"office": HOME, "code": "GA50"}).problem() == "item-unknown"
    assert "not yet acknowledged" in home.run("item", "list", "GA50").stdout
    world.restore()
    wait(lambda: {row["code"]: row["version"] for row in rows(world.away, f"office={HOME}")}, lambda got: got.get("GA50") == 1)
    wait(lambda: rows(world.home, "q=GA50")[0]["peers"][0]["state"], lambda state: state == "taken")
    # both sides show the same change, with who published it
    for desk in (home, away):
        row = desk.json("catalogue", "history", "GA01", "--office", HOME)["rows"][0]
        assert row["edition"] == 2 and row["staff"] == f"{HOME}:0101" and row["note"] == "年度调整"
        assert row["changes"]["changed"][0]["from"] == 1 and row["changes"]["changed"][0]["to"] == 2 and row["changes"]["added"] == []
    assert home.json("catalogue", "history")["rows"][0]["peers"][0]["state"] == "taken"
    assert "收费标准: 0元 → 20元/证" in away.run("catalogue", "history", lang="zh_CN.UTF-8").stdout
    # the open case keeps what the applicant was told; new ones get the new version
    assert world.away.case(old).json()["item"]["version"] == 1
    assert world.away.window("GET", f"/window/v1/items/{HOME}/GA01?version=1").json()["fee"] == "0元"
    new = world.away.intake().json()["case"]
    assert world.away.case(new).json()["item"]["version"] == 2
    assert world.away.intake(item={"office": HOME, "code": "GA01", "version": 1}).problem() == "item-retired"
    # withdrawn: no intake, but the open case goes on
    answer = home.json("catalogue", "retire", "GA01", "--reason", "并入一件事")
    assert answer["changes"]["removed"] == [{"code": "GA01", "name": name, "version": 2, "reason": "并入一件事"}]
    wait(world.away.intake, lambda got: got.status != 201 and got.problem() in ("item-unknown", "item-retired"))  # 201: not there yet
    assert away.json("catalogue", "history", "GA01")["rows"][0]["changes"]["removed"][0]["reason"] == "并入一件事"
    assert world.home.act(old, "accept").status == 200
    assert world.home.window("GET", f"/window/v1/items/{HOME}/GA01?version=1", staff="0101").json()["current"] is False
    # it may come back, but only as something newer
    assert home.run("catalogue", "publish", home.file("back.yaml", [changed("GA01", name, 2, fee="20元/证", conditions=["本人到场"])])).returncode == 1
    assert home.json("catalogue", "publish", home.file("back.yaml", [changed("GA01", name, 3)]))["edition"] == 4


def test_last_day(desks):
    world, home, _ = desks
    answer = home.json("catalogue", "retire", "GA09", "--reason", "到期", "--last-day", "2026-01-31")
    assert answer["changes"]["changed"][0]["elements"][0]["path"] == "effective_to"
    wait(lambda: rows(world.away, "q=GA09"), lambda got: got and got[0]["version"] == 2 and got[0]["in_force"] is False)
    assert world.away.intake(item={"office": HOME, "code": "GA09"}).problem() == "item-retired"
    assert home.run("catalogue", "retire", "GA01", "--reason", "x", "--last-day", "2020-01-01").returncode == 1  # before its first day
    assert home.run("catalogue", "retire", "GA01", "--reason", "x", "--last-day", "tomorrow").returncode == 1
    assert home.run("catalogue", "retire", "NONE", "--reason", "x").returncode == 1
    assert home.run("catalogue", "retire", "GA01").returncode == 2


def test_a_version_for_a_later_day_ends_nothing_before_it(desks):
    world, home, away = desks
    name = ITEMS[HOME][0][1]
    home.json("catalogue", "publish", home.file("later.yaml", [changed("GA01", name, 2, fee="30元", effective_from="2099-01-01"),
                                                               changed("GA51", "明年新增", effective_from="2099-01-01")]))
    wait(lambda: {row["code"]: row for row in rows(world.away, f"office={HOME}")}, lambda got: "GA51" in got)
    got = {row["code"]: row for row in rows(world.away, f"office={HOME}")}
    assert got["GA01"]["version"] == 1 and got["GA01"]["in_force"] and got["GA01"]["next"] == {"version": 2, "effective_from": "2099-01-01"}
    assert got["GA51"]["in_force"] is False
    assert "version 2 from 2099-01-01" in away.run("item", "list", "GA01", "--office", HOME).stdout
    assert world.away.window("GET", f"/window/v1/items/{HOME}/GA01").json() | {"x": 1} == world.away.window(
        "GET", f"/window/v1/items/{HOME}/GA01?version=1").json() | {"x": 1, "next": 2, "current": True}
    case = world.away.intake().json()["case"]
    world.home.wait_state(case, "received")
    assert world.away.case(case).json()["item"]["version"] == 1
    assert world.away.intake(item={"office": HOME, "code": "GA01", "version": 1}).status == 201
    assert world.away.intake(item={"office": HOME, "code": "GA01", "version": 2}).problem() == "item-retired"
    answer = world.away.intake(item={"office": HOME, "code": "GA51"})
    assert answer.problem() == "item-retired" and answer.json()["detail"] == "item GA51 begins on 2099-01-01"


def test_what_is_not_published(desks):
    world, home, away = desks
    name = ITEMS[HOME][0][1]
    same = home.file("same.yaml", [item(code, name) for code, name in ITEMS[HOME]])
    assert home.json("catalogue", "publish", same, status=1)["type"].endswith("catalogue-unchanged")
    stale = home.file("stale.yaml", [changed("GA01", name, 1, fee="5元")])
    problem = home.json("catalogue", "publish", stale, status=1)
    assert problem["type"].endswith("item-version") and "raise it to 2" in problem["detail"]
    assert home.json("catalogue", "publish", stale, "--dry-run")["changed"][0]["code"] == "GA01"
    assert away.json("catalogue", "publish", stale, status=4)["type"].endswith("wrong-office")
    window = Desk(world.home, home.directory, "0007")
    assert window.json("catalogue", "publish", home.file("w.yaml", [changed("GA01", name, 2, fee="5元")]), status=4)["type"].endswith("not-allowed")
    assert window.json("catalogue", "retire", "GA01", "--reason", "x", status=4)["type"].endswith("not-allowed")
    assert home.json("catalogue", "history", "--office", HOME)["rows"][0]["edition"] == 1  # nothing of that left a trace
    assert home.json("catalogue", "publish", stale, "--bump")["changes"]["changed"][0]["to"] == 2
    for body in ({"items": [{}]}, {"items": {}}, {"retire": ["GA01"]}, {"unknown": 1}, {"items": [changed("A B", "x")]}, {"note": ""},
                 {"items": [changed("GA01", name, 2147483648)]}):
        assert world.home.window("POST", "/window/v1/catalogue", body, staff="0101").problem() == "field", body
    assert world.home.window("POST", "/window/v1/catalogue", {"items": []}, staff="0101", key="").problem() == "idempotency-key-missing"
    key = "one-key"
    body = {"items": [changed("GA77", "另一事项")]}
    first = world.home.window("POST", "/window/v1/catalogue", body, staff="0101", key=key)
    again = world.home.window("POST", "/window/v1/catalogue", body, staff="0101", key=key)
    assert first.status == again.status == 201 and first.body == again.body and again.headers["idempotent-replayed"] == "true"


def test_large_editions(desks):
    world, home, _ = desks
    name = ITEMS[HOME][0][1]
    items = [changed(f"ZZ{n:02}", name, 1, statutory_note="甲" * 1900) for n in range(60)]
    assert world.home.window("POST", "/window/v1/catalogue", {"items": items}, staff="0101").status == 201
    for one in items:
        one |= {"version": 2, "statutory_note": "乙" * 1900}
    first = world.home.window("POST", "/window/v1/catalogue", {"items": items}, staff="0101", key="large")
    again = world.home.window("POST", "/window/v1/catalogue", {"items": items}, staff="0101", key="large")
    assert first.status == 201 and again.body == first.body and len(first.json()["changes"]["changed"]) == 60
    wait(lambda: rows(world.away, "q=ZZ59")[0]["version"] if rows(world.away, "q=ZZ59") else 0, lambda version: version == 2)
    row = home.json("catalogue", "history", "ZZ07")["rows"][0]
    assert row["changes"]["changed"][0]["elements"][0]["new"] == "乙" * 1900  # the history has it all
    for n, one in enumerate(items):
        one |= {"code": f"YY{n:02}", "version": 1}
    assert world.home.window("POST", "/window/v1/catalogue", {"items": items}, staff="0101").problem() == "too-large"  # more than one entry holds
    assert rows(world.home, "q=YY") == []


def test_a_start_undoes_nothing(fresh, tmp_path):
    world = fresh
    name = ITEMS[HOME][0][1]
    world.start()
    home = Desk(world.home, tmp_path)
    home.json("catalogue", "publish", home.file("new.yaml", [changed("GA01", name, 5, fee="20元/证"), changed("GA50", "新事项")]))
    home.json("catalogue", "retire", "GA09", "--reason", "取消")

    def versions():
        return {row["code"]: row["version"] for row in rows(world.home, f"office={HOME}")}

    def restart(items):
        world.home.stop()
        if items is not None:
            world.write_catalogue(world.home, items)
        world.home.start()
        return versions()

    assert restart(None) == {"GA01": 5, "GA50": 1}
    assert home.json("catalogue", "history")["rows"][0]["edition"] == 3
    # what somebody changes in the files is published, and nothing else of them
    files = [item(code, name) for code, name in ITEMS[HOME]]
    assert restart([*files, item("GA60", "文件新增")]) == {"GA01": 5, "GA50": 1, "GA60": 1}
    assert home.json("catalogue", "history")["rows"][0]["staff"] == ""
    # a change under an old number is not taken, and said at every start
    assert restart([changed("GA01", name, 2, fee="1元"), *files[1:], item("GA60", "文件新增")])["GA01"] == 5
    assert world.home.events("catalogue_items_not_newer")[-1]["code"] == "GA01"
    count = len(world.home.events("catalogue_items_not_newer"))
    assert restart(None)["GA01"] == 5 and len(world.home.events("catalogue_items_not_newer")) == count + 1
    assert restart([changed("GA01", name, 6, fee="1元"), *files[1:]]) == {"GA01": 6, "GA50": 1}  # GA60 left the files
    # the counterpart has followed all of it
    wait(lambda: {row["code"]: row["version"] for row in rows(world.away, f"office={HOME}")}, lambda got: got == {"GA01": 6, "GA50": 1})


def test_an_edition_from_before_there_was_a_history(fresh, tmp_path):
    """A database of an older program knows the edition, but neither its history nor where it got to: it goes out once more."""
    world = fresh
    world.start()
    world.home.stop()
    database = next(world.home.directory.rglob("office.db"))
    connection = sqlite3.connect(database)
    with connection:
        for table in ("edition_history", "edition_sent", "catalogue_files"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("UPDATE item SET first_edition = 0")
    connection.close()
    world.home.start()
    home = Desk(world.home, tmp_path)
    row = home.json("catalogue", "history", "--office", HOME)["rows"][0]
    assert row["edition"] == 2 and row["changes"] == {"added": [], "removed": [], "changed": []}
    wait(lambda: {row["peers"][0]["state"] for row in rows(world.home, f"office={HOME}")}, lambda states: states == {"taken"})
    world.home.stop()
    world.home.start()
    assert len(home.json("catalogue", "history", "--office", HOME)["rows"]) == 1  # once is enough


def test_the_home_side_sees_a_refusal(fresh, tmp_path):
    """The counterpart knows version 2 with other content (its home side was restored from an old copy): it refuses, and says why."""
    world = fresh
    world.start()
    world.away.stop()
    connection = sqlite3.connect(next(world.away.directory.rglob("office.db")))
    with connection:
        connection.execute("INSERT INTO item (office, code, version, edition, name, json) VALUES (?, 'GA01', 2, 0, 'x', ?)",
                           (HOME, json.dumps(changed("GA01", "x", 2))))
    connection.close()
    world.away.start()
    home = Desk(world.home, tmp_path)
    home.json("catalogue", "publish", home.file("a.yaml", [changed("GA01", ITEMS[HOME][0][1], 2, fee="5元")]))
    row = wait(lambda: home.json("catalogue", "history")["rows"][0], lambda row: row["peers"][0]["state"] != "waiting")
    assert row["peers"][0]["state"] == "refused" and "raise it to 3" in row["peers"][0]["problem"]
    assert {row["code"]: row["peers"][0]["state"] for row in rows(world.home, f"office={HOME}")} == {"GA01": "refused", "GA09": "taken"}
    assert "已拒绝" in home.run("catalogue", "history", lang="zh_CN.UTF-8").stdout
    assert {row["code"]: row["version"] for row in rows(world.away, f"office={HOME}")} == {"GA01": 1, "GA09": 1}
    home.json("catalogue", "publish", home.file("a.yaml", [changed("GA01", ITEMS[HOME][0][1], 3, fee="5元")]))  # as it was told
    wait(lambda: rows(world.away, "q=GA01")[0]["version"], lambda version: version == 3)


def test_lint_names_file_and_line(tmp_path, desks):
    _, home, _ = desks
    good = home.file("good.yaml", [changed("GA01", "甲")])
    got = home.run("catalogue", "lint", good)
    assert got.returncode == 0 and "errors: 0" in got.stdout and re.search(r"good\.yaml:\d+: warning: GA01: a window will miss", got.stdout)
    assert home.run("catalogue", "lint", good, "--strict").returncode == 1
    (tmp_path / "bad.yaml").write_text("office: \"330483\"\nitems:\n  - code: GA01\n    version: 1\n    fee: 0\n  - code: GA01\n    nmae: 甲\n")
    bad = home.json("catalogue", "lint", "bad.yaml", status=1)
    assert [(error["line"], error["field"]) for error in bad["errors"]][0][0] == 3 and len(bad["errors"]) > 20  # every mistake, not only the first
    assert any(error["line"] == 7 and error["field"] == "/nmae" for error in bad["errors"])
    for text, line in (("office: [\n", 2), ("office: 12\nitems: []\n", 1), ("", 1), ("office: \"330483\"\nitems: 1\nextra: 1\n", 3), ("a: &x 1\n", 1)):
        (tmp_path / "bad.yaml").write_text(text)
        errors = home.json("catalogue", "lint", "bad.yaml", status=1)["errors"]
        assert line in [error["line"] for error in errors], (text, errors)
    assert home.json("catalogue", "lint", "missing.yaml", status=1)["errors"][0]["line"] == 0
    (tmp_path / "empty").mkdir()
    assert home.run("catalogue", "lint", "empty").returncode == 1
    assert home.run("catalogue", "publish", "bad.yaml").returncode == 1


def test_the_catalogues_of_the_tree_are_clean_and_published(desks):
    world, home, away = desks
    for office in (HOME, AWAY):
        lint = home.json("catalogue", "lint", str(ROOT / "config/catalogue" / office))
        assert lint["items"] == 104 and lint["errors"] == []
    answer = home.json("catalogue", "publish", str(ROOT / "config/catalogue" / HOME), "--bump")
    assert len(answer["changes"]["added"]) == 102 and len(answer["changes"]["changed"]) == 2
    wait(lambda: len(rows(world.away, f"office={HOME}")), lambda count: count == 104)
    found = {query: {row["code"] for row in rows(world.away, f"office={HOME}&{query}")} for query in (
        "q=jmsfz", "q=ylbx%20zyjx", "q=BD0", "q=%E7%A4%BE%E4%BF%9D", "subject=E", "mode=JOINT", "category=%E5%85%AC%E7%A7%AF%E9%87%91",
        "q=%E4%BA%8C%E6%89%8B%E6%88%BF", "q=nothing")}
    assert found["q=jmsfz"] == {"GA01", "GA02", "GA03", "GA04"}
    assert {"SB01", "SB02"} <= found["q=ylbx%20zyjx"] and found["q=BD0"] == {"BD01", "BD02", "BD03"}
    assert "SB05" in found["q=%E7%A4%BE%E4%BF%9D"] and "SC01" in found["subject=E"] and "GA01" not in found["subject=E"]
    assert "GA05" in found["mode=JOINT"] and found["q=%E4%BA%8C%E6%89%8B%E6%88%BF"] == {"BD03"} and found["q=nothing"] == set()
    assert found["category=%E5%85%AC%E7%A7%AF%E9%87%91"] == {f"GJ0{n}" for n in range(1, 8)}
    assert world.away.window("GET", "/window/v1/items?subject=X").problem() == "field"
    # both pages of an item, at the other office's desk
    guide = away.run("item", "guide", "BD02", "--office", HOME).stdout
    assert guide.startswith("# 抵押权注销登记 服务指南") and "不动产登记证明" in guide and "行政复议" in guide
    got = away.run("item", "manual", "BD02", "--office", HOME, "--out", "manual.md")
    assert got.returncode == 0 and "不动产登记暂行条例第17条" in (away.directory / "manual.md").read_text()
    assert away.json("item", "guide", "GA01", "--office", HOME)["markdown"].startswith("# ")
    assert away.run("item", "guide", "NONE").returncode == 1
    shown = away.run("item", "show", "GA01", "--office", HOME, lang="zh_CN.UTF-8").stdout
    assert "勘查标准" in shown and "发改价格〔2003〕2322号" in shown


def test_diff_of_files_and_with_what_is_published(desks):
    _, home, _ = desks
    name = ITEMS[HOME][0][1]
    one, two = home.file("one.yaml", [changed("GA01", name)]), home.file("two.yaml", [changed("GA01", name, 2, fee="1元"), changed("GA02", "乙")])
    diff = home.json("catalogue", "diff", one, two)
    assert [x["code"] for x in diff["added"]] == ["GA02"] and diff["changed"][0]["elements"][0]["new"] == "1元"
    assert home.json("catalogue", "diff", one) == {"added": [], "removed": [], "changed": []}
    assert [x["code"] for x in home.json("catalogue", "diff", one, "--whole")["removed"]] == ["GA09"]
    assert "~ GA01" in home.run("catalogue", "diff", one, two).stdout


def test_import_refuses_a_bad_table(tmp_path, desks):
    _, home, _ = desks
    table = (ROOT / "config/catalogue/items.tsv").read_text().splitlines()

    def run(lines, *words):
        (tmp_path / "t.tsv").write_text("\n".join(lines) + "\n")
        return home.run("catalogue", "import", "t.tsv", "--office", HOME, "--out", "made", *words)

    good = run(table[:3])
    assert good.returncode == 0 and (tmp_path / "made/GA.yaml").exists()
    assert run(table[:3]).returncode == 2 and run(table[:3], "--force").returncode == 0  # nothing is replaced unasked
    for lines, words in (([table[0], table[1].replace("60CD", "60XX")], "t.tsv:2"), ([table[0], "a\tb"], "t.tsv:2"), ([table[0]], "no item"),
                         (["x\ty"], "t.tsv:1"), ([table[0], table[1].replace("[F]", "[Q]")], "t.tsv:2"), ([table[0], table[1].replace("PROXY", "PIGEON")], "mode")):
        got = run(lines, "--force")
        assert got.returncode == 1 and words in got.stderr, (got.returncode, got.stderr)
    assert home.run("catalogue", "import", "t.tsv", "--office", "1", "--out", "made").returncode == 2
    assert home.run("catalogue", "import", "none.tsv", "--office", HOME, "--out", "made").returncode == 2


def test_import_says_what_is_wrong_with_a_file(tmp_path, desks):
    """The rights of a file are not to be checked when it was read; its content is not to be changed when it was not."""
    _, home, _ = desks
    rights, content = "Check the name and the rights of the file", "Change in the file what the detail names, then import it again"
    (tmp_path / "good.tsv").write_text("\n".join((ROOT / "config/catalogue/items.tsv").read_text().splitlines()[:3]) + "\n")
    (tmp_path / "workbook.tsv").write_bytes(b"PK\x03\x04\x00\x00")
    (tmp_path / "large.tsv").write_text("code\tname\n" * 200000)
    (tmp_path / "bad.yaml").write_text("needed_when: [")
    (tmp_path / "list.yaml").write_text("- 1\n")

    def remedy(table, *words):
        got = home.run("--json", "catalogue", "import", table, "--office", HOME, "--out", "made", *words)
        assert got.returncode == 2, got
        problem = json.loads(got.stdout or got.stderr)
        assert problem["detail"], problem
        return problem["remedy"]

    for name in ("workbook.tsv", "large.tsv"):
        assert remedy(name) == content, name
    for name in ("none.tsv", "."):
        assert remedy(name) == rights, name
    for name in ("bad.yaml", "list.yaml"):
        assert remedy("good.tsv", "--rules", name) == content, name
    for name in ("none.yaml", "."):
        assert remedy("good.tsv", "--rules", name) == rights, name
    assert "请按详情改正文件内容" in home.run("catalogue", "import", "workbook.tsv", "--office", HOME, "--out", "made", lang="zh_CN.UTF-8").stderr
    assert not (tmp_path / "made").exists()


def test_a_peer_verifies_what_it_takes():
    """The counterpart played by the test: editions that do not fit what is here are refused, and nothing of them is offered."""
    world = World()
    try:
        world.home.start()
        peer = FakeOffice(AWAY, HOME, world.away.directory / "ledger.key")
        editions = [
            ("done", 1, [item("RS01", "甲", 2)], {}),
            ("refused", 2, [changed("RS01", "甲", 2, fee="5元")], {}),        # other content under the same version
            ("refused", 2, [item("RS01", "甲", 1)], {}),                      # back to an older one
            ("refused", 1, [item("RS01", "甲", 2)], {}),                      # an edition that is here
            ("invalid", 2, [changed("RS01", "甲", 3, unknown=1)], {}),
            ("refused", 2, [item("RS01", "甲", 2)], {"office": HOME}),        # in another office's name
            ("invalid", 2, [item("RS01", "甲", 2), item("RS01", "甲", 2)], {}),
            ("done", 2, [changed("RS01", "甲", 3, fee="5元"), item("RS02", "乙")], {"note": "增加", "retired": []}),
        ]
        for _, number, items, more in editions:
            peer.message("catalogue.published", {"office": AWAY, "edition": number, "published": "2026-01-01", "items": items, **more})
        answer = world.home.peer("POST", "/peer/v1/messages", peer.batch())
        assert [verdict["verdict"] for verdict in verdicts(answer.body)] == [edition[0] for edition in editions]
        assert {row["code"]: row["version"] for row in rows(world.home, f"office={AWAY}")} == {"RS01": 3, "RS02": 1}
        history = world.home.window("GET", f"/window/v1/catalogue/history?office={AWAY}&limit=1").json()
        assert history["rows"][0]["edition"] == 2 and history["rows"][0]["note"] == "增加" and history["next"]
        older = world.home.window("GET", f"/window/v1/catalogue/history?office={AWAY}&limit=1&cursor={history['next']}").json()
        assert older["rows"][0]["edition"] == 1 and older["next"] is None and "peers" not in older["rows"][0]
        assert world.home.window("GET", f"/window/v1/catalogue?office={AWAY}").json()["edition"] == 2
        assert world.home.window("GET", "/window/v1/catalogue?office=320509").problem() == "not-found"
        assert world.home.stop() == 0
    finally:
        world.remove()
