"""Holds of cases in a review or a suit: kept from erasure, provable from the ledger, and compared with it both ways."""
import json
import os
import pathlib
import sqlite3
import subprocess

import pytest

from office import daemon_path, running
from test_recover import keep_copy, put_back, quiet, wait_state
from test_retention import age, closed_case, database


@pytest.fixture(name="world")
def linked():
    with running() as world:
        yield world


def entries(office, *words):
    return office.control_json("audit", "search", *words)["rows"]


def change(office, sql, *values):
    assert office.stop() == 0
    with sqlite3.connect(database(office)) as db:
        assert db.execute(sql, values).rowcount > 0
    db.close()
    office.start()


def differences(office):
    """But for the day of closing that `age` moved."""
    process = office.control("--json", "verify", wait=False)
    output, errors = process.communicate(timeout=60)
    assert process.returncode in (0, 1), errors
    return [(one["difference"], one["where"], one["detail"]) for one in json.loads(output)["done"]["differences"]
            if not one["detail"].startswith("closed: ")]


def test_who_held_it_when_and_why(world, tmp_path):
    """The counterpart learns nothing of it, and a proof of the case is as before: an earlier program reads it."""
    office = world.away
    number = closed_case(world)
    age(office, number, 11)
    before = office.window("GET", f"/window/v1/cases/{number}/bundle").json()
    office.control("retention", "hold", number, "--reason", "行政复议 嘉政复〔2026〕17号")
    row, = office.control_json("retention", "holds")["rows"]
    assert row["case"] == number and row["reason"] == "行政复议 嘉政复〔2026〕17号" and row["uid"] == os.getuid()
    held, = entries(office, "--type", "case.held")
    assert (held["case"], held["reason"], held["uid"], held["index"]) == (number, row["reason"], os.getuid(), row["entry"])
    assert held["at"] == row["since"] and held["to"] == "" and held["staff"] == ""
    assert office.control_json("retention", "plan")["rows"] == [] == office.control_json("retention", "run", "--yes")["rows"]
    assert differences(office) == []
    shown = office.control("audit", "search", "--case", number, language="zh_CN.UTF-8")
    assert "case.held" in shown and "嘉政复〔2026〕17号" in shown and str(os.getuid()) in shown
    assert "嘉政复" in office.control("retention", "holds", language="zh_CN.UTF-8")
    bundle = office.window("GET", f"/window/v1/cases/{number}/bundle")
    kinds = [json.loads(one["line"])["type"] for one in bundle.json()["entries"]]
    assert "case.held" not in kinds and len(kinds) == len(before["entries"]) + 1, "but for the view that the second is"
    (tmp_path / "bundle.json").write_text(json.dumps(bundle.json(), ensure_ascii=False))
    verify = subprocess.run([str(pathlib.Path(daemon_path()).with_name("tongban-verify")), "case", str(tmp_path / "bundle.json")],
                            capture_output=True, text=True, timeout=30, check=False)
    assert verify.returncode == 0, verify
    office.control("retention", "release", number, "--reason", "复议终结")
    assert [(one["type"], one["reason"]) for one in entries(office, "--case", number) if one["type"] in ("case.held", "case.released")] == [
        ("case.released", "复议终结"), ("case.held", "行政复议 嘉政复〔2026〕17号")], "the newest first"
    assert office.control_json("retention", "holds")["rows"] == []
    assert office.control_json("retention", "run", "--yes")["rows"][0]["cases"] == 1
    assert differences(office) == []
    assert entries(office, "--type", "case.held")[0]["reason"] == "行政复议 嘉政复〔2026〕17号", "it outlives what was erased"
    assert world.home.control_json("audit", "search", "--type", "case.held")["rows"] == []


def test_what_is_refused(world):
    office = world.away
    number = closed_case(world)
    assert "--reason" in office.control("retention", "hold", number, code=2)
    assert "--reason" in office.control("retention", "release", number, code=2)
    for reason in ("两行\n原因", " 前有空格", "长" * 101):
        said = office.control("retention", "hold", number, "--reason", reason, code=1)
        assert "reason" in said, said
    assert "not held" in office.control("retention", "release", number, "--reason", "复议终结", code=1)
    assert "未处于暂缓清除" in office.control("retention", "release", number, "--reason", "复议终结", code=1, language="zh_CN.UTF-8")
    assert "not known" in office.control("retention", "hold", "320623261123000000017", "--reason", "复议", code=1)
    age(office, number, 11)
    assert office.control_json("retention", "run", "--yes")["rows"][0]["cases"] == 1
    assert "erased already" in office.control("retention", "hold", number, "--reason", "复议", code=1)
    assert entries(office, "--type", "case.held") == entries(office, "--type", "case.released") == [], "what was refused leaves nothing"


def test_the_table_is_compared_with_the_entries(world):
    office = world.away
    number = closed_case(world)
    office.control("retention", "hold", number, "--reason", "行政复议")
    change(office, "UPDATE retention_hold SET reason = '撤回'")
    assert differences(office) == [("hold-without-entry", number, "reason")]
    change(office, "DELETE FROM retention_hold")
    assert differences(office) == [("hold-lost", number, "row")]
    assert "hold it again" in office.control("verify", code=1).lower()
    office.control("retention", "hold", number, "--reason", "行政复议")
    assert differences(office) == []


def test_holds_of_the_version_before(world):
    """As the migration leaves them: they hold on, get an entry at the start of this version, and are compared from then on."""
    office = world.away
    number = closed_case(world)
    age(office, number, 11)
    assert office.stop() == 0
    with sqlite3.connect(database(office)) as db:
        db.execute("INSERT INTO retention_hold (case_id, at, uid, reason) SELECT id, 1790000000000, 1001, '行政诉讼' FROM cases "
                   "WHERE case_no = ?", (number,))
    db.close()
    office.start()
    held, = entries(office, "--type", "case.held")
    assert (held["case"], held["reason"], held["uid"], held["since"]) == (number, "行政诉讼", 1001, "2026-09-21T22:13:20.000+08:00")
    assert office.control_json("retention", "run", "--yes")["rows"] == []
    assert differences(office) == []
    assert office.stop() == 0
    office.start()
    assert len(entries(office, "--type", "case.held")) == 1, "once"
    office.control("retention", "release", number, "--reason", "判决生效")
    assert office.control_json("retention", "run", "--yes")["rows"][0]["cases"] == 1
    assert differences(office) == []


def test_a_restore_from_an_older_copy(world):
    """What was held and released since the copy is gone, table and entry; what the copy had still holds, and both still agree."""
    office, other = world.away, world.home
    released, lost = closed_case(world), closed_case(world)
    office.control("retention", "hold", released, "--reason", "行政复议")
    copy = keep_copy(office)
    office.control("retention", "release", released, "--reason", "复议终结")
    office.control("retention", "hold", lost, "--reason", "行政诉讼")
    office.wait_state(closed_case(world), "withdrawn")
    quiet(world)
    put_back(office, copy)
    office.start()
    wait_state(office, "behind")
    assert "ledger" in office.control("retention", "hold", lost, "--reason", "行政诉讼", code=1), "nothing is recorded before it is recovered"
    assert office.control_json("recover", "--apply")["done"]["sum"]["lost"] >= 2
    assert [row["case"] for row in office.control_json("retention", "holds")["rows"]] == [released]
    assert [row["case"] for row in entries(office, "--type", "case.held")] == [released]
    assert differences(office) == []
    office.control("retention", "hold", lost, "--reason", "行政诉讼")
    office.control("retention", "release", released, "--reason", "复议终结")
    assert [row["case"] for row in office.control_json("retention", "holds")["rows"]] == [lost]
    assert differences(office) == []
    quiet(world)
    assert other.metric("peer_differences_total") == 0
