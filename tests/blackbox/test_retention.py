"""What is over its retention is erased, byte for byte, and what the ledger proves stays proved."""
import json
import pathlib
import socket
import sqlite3
import subprocess
import tarfile
import time

import pytest

from desk import Desk
from office import application, daemon_path, running
from planted import PLANTED, hits
from test_registers import DELIVERED, DELIVERY, done
from test_reports import document

YEAR_MS = 366 * 86400 * 1000


@pytest.fixture(name="world")
def linked():
    with running() as world:
        yield world


def closed_case(world):
    home, away = world.home, world.away
    number = away.intake().json()["case"]
    home.wait_state(number, "received")
    assert away.act(number, "withdraw", {"reason": "不办了"}, staff="0007").status == 200
    home.wait_state(number, "withdrawn")
    away.wait_state(number, "withdrawn")
    return number


def database(office):
    return next(path for path in office.directory.rglob("*.db") if path.is_file())


def age(office, number, years):
    """The row is a cache of the entry: moving its date is moving the clock."""
    assert office.stop() == 0
    with sqlite3.connect(database(office)) as db:
        db.execute("UPDATE cases SET closed = closed - ? WHERE case_no = ?", (years * YEAR_MS, number))
    db.close()
    office.start()


def test_plan_hold_run_and_the_proof_stays(world, tmp_path):
    home, away = world.home, world.away
    number = closed_case(world)
    name = away.case(number).json()["applicant"]["name"]
    assert away.control_json("retention", "plan")["rows"] == []
    age(away, number, 11)
    plan = away.control_json("retention", "plan")["rows"]
    assert [row["first"] for row in plan] == [[number]]
    away.control("retention", "hold", number, "--reason", "行政复议")
    assert away.control_json("retention", "run", "--yes")["rows"] == []
    away.control("retention", "release", number, "--reason", "复议终结")
    assert away.case(number).json()["applicant"]["name"] == name
    ran = away.control_json("retention", "run", "--yes")["rows"]
    assert ran[0]["cases"] == 1 and ran[0]["lines"] >= 2
    assert away.control_json("retention", "plan")["rows"] == []
    shown = away.case(number)
    assert shown.status == 200 and "applicant" not in shown.json(), shown
    bundle = away.window("GET", f"/window/v1/cases/{number}/bundle")
    assert bundle.status == 200, bundle
    assert name not in json.dumps(bundle.json(), ensure_ascii=False)
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle.json(), ensure_ascii=False))
    verify = subprocess.run([str(pathlib.Path(daemon_path()).with_name("tongban-verify")), "case", str(path)], capture_output=True, text=True, check=False)
    assert verify.returncode == 0, verify
    assert "erased on" in verify.stdout
    assert home.case(number, staff="0101").json()["applicant"]["name"] == name, "each side erases its own copy"
    assert away.control_json("verify")["done"]["differences"] == [], "an erased line is no difference"
    (tmp_path / "backups").mkdir()
    saved = away.control_json("backup", "--out", str(tmp_path / "backups"))
    assert saved, "a backup takes erased lines as they are"
    assert away.stop() == 0
    raw = b"".join(file.read_bytes() for file in database(away).parent.iterdir() if file.is_file() and ".db" in file.name)
    assert name.encode() not in raw
    away.start()
    assert away.case(number).status == 200, "a start finds an erased line sound"


def test_materials_go_and_the_timeline_stays(world):
    home, away = world.home, world.away
    content = b"%PDF-1.4 planted 19491001 " + b"x" * 3000
    digest = away.upload(content)
    digest = digest if isinstance(digest, str) else digest["sha256"]
    materials = [{"name": "户口簿", "form": "copy", "sha256": digest}]
    answer = away.intake(materials=materials)
    assert answer.status in (200, 201), answer
    number = answer.json()["case"]
    home.wait_state(number, "received")
    assert away.act(number, "withdraw", {"reason": "不办了"}, staff="0007").status == 200
    away.wait_state(number, "withdrawn")
    age(away, number, 11)
    assert away.control_json("retention", "plan")["rows"][0]["bytes"] == len(content)
    assert away.control_json("retention", "run", "--yes")["rows"][0]["materials"] == 1
    assert not [path for path in away.directory.rglob(digest) if path.is_file()]
    assert away.window("GET", f"/window/v1/cases/{number}/timeline").status == 200
    assert [path for path in home.directory.rglob(digest) if path.is_file()], "the counterpart keeps its own copy"


def test_figures_of_an_erased_case_still_agree(world):
    away = world.away
    number = closed_case(world)
    age(away, number, 11)
    assert away.control_json("retention", "run", "--yes")["rows"][0]["cases"] == 1
    age(away, number, -11)
    got = document(away, "report", "check", "intake")
    assert got["agree"], json.dumps(got, ensure_ascii=False)[-900:]


def planted_case(office, **members):
    """Withdrawn, with planted names and numbers in every part."""
    document = application(office.world.other(office).code, **members)
    document["applicant"] = {**document["applicant"], "name": PLANTED["name"], "mobile": PLANTED["mobile"],
                             "certificate": {"type": "citizen-id", "number": PLANTED["number"]}}
    number = done(office.window("POST", "/window/v1/cases", document))["case"]
    office.wait_state(number, "received")
    done(office.act(number, "withdraw", {"reason": PLANTED["text"]}, staff="0007"))
    office.wait_state(number, "withdrawn")
    return number


def age_all(office, cases):
    assert office.stop() == 0
    with sqlite3.connect(database(office)) as db:
        db.executemany("UPDATE cases SET closed = closed - ? WHERE case_no = ?", [(11 * YEAR_MS, number) for number in cases])
    db.close()
    office.start()


def planted_bytes(office):
    """Hits in all bytes of the data directory: database, write-ahead log, materials."""
    return [hit for path in sorted(database(office).parent.rglob("*")) if path.is_file() for hit in hits(path.read_bytes(), path.name)]


def due(office):
    return sum(row["cases"] for row in office.control_json("retention", "plan")["rows"])


def test_no_byte_is_left(world):
    office = world.away
    scan = b"%PDF-1.7\n" + PLANTED["name"].encode() + b"\n%%EOF\n"
    material = {"name": "原居民身份证", "form": "original", "original_seen": True, "sha256": office.upload(scan)}
    cases = [planted_case(office, materials=[material]) for _ in range(25)]
    age_all(office, cases)
    assert planted_bytes(office) and due(office) == 25
    assert sum(row["cases"] for row in office.control_json("retention", "run", "--yes")["rows"]) == 25
    assert due(office) == 0
    time.sleep(3)  # the write-ahead log is emptied when the writer rests
    assert office.stop() == 0
    assert planted_bytes(office) == []
    office.start()


def test_killed_in_the_middle(world):
    office = world.away
    cases = [planted_case(office) for _ in range(60)]
    age_all(office, cases)
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(office.socket))
        control.sendall(b'{"command":"retention-run","request":{}}\n')
        time.sleep(0.02)
        office.kill()
    office.start()
    left = due(office)
    assert sum(row["cases"] for row in office.control_json("retention", "run", "--yes")["rows"]) == left
    assert due(office) == 0 and json.loads(office.control("--json", "verify"))["done"]["difference_count"] == 0
    time.sleep(3)
    assert office.stop() == 0
    assert planted_bytes(office) == []
    office.start()


def test_a_whole_case_at_both_sides(world):
    """With its delegated steps and its decision: each side erases its own, and what is left agrees with itself."""
    home, away = world.home, world.away
    number = done(away.intake())["case"]
    home.wait_state(number, "received")
    done(home.act(number, "accept"))
    away.wait_state(number, "accepted")
    done(home.act(number, "grant", {"result": {"name": "居民身份证"}}))
    away.wait_state(number, "granted")
    done(home.act(number, "delivery", DELIVERY))
    away.wait_state(number, "delivering")
    done(away.act(number, "deliver", DELIVERED, staff="0007"))
    home.wait_state(number, "delivered", "0101")
    done(home.act(number, "complete"))
    away.wait_state(number, "completed")
    for office in (home, away):
        age_all(office, [number])
        assert sum(row["cases"] for row in office.control_json("retention", "run", "--yes")["rows"]) == 1
        staff = "0101" if office is home else "0007"
        for page in ("", "/timeline", "/accountability", "/clocks", "/bundle"):
            assert office.window("GET", f"/window/v1/cases/{number}{page}", staff=staff).status == 200, page
        assert office.control_json("verify")["done"]["difference_count"] == 0


def test_a_case_goes_into_an_archive(world, tmp_path):
    """Whole, in order, with a manifest that sha256sum reads and a proof that verifies."""
    away = world.away
    desk = Desk(away, "0007")
    content = b"%PDF-1.4\n" + b"scan" * 5000
    number = done(away.intake(materials=[{"name": "原居民身份证", "form": "copy", "sha256": away.upload(content)}]))["case"]
    world.home.wait_state(number, "received")
    away.wait_state(number, "received")
    said = desk.run("case", "archive", number, "--out", "case.tar")
    assert "sha256sum" in said
    path = desk.directory / "case.tar"
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as tar:
        names = tar.getnames()
        tar.extractall(tmp_path)
    assert names[0].endswith("/case.json") and names[-1].endswith("/manifest.sha256") and all(name.startswith(f"{number}/") for name in names)
    inside = tmp_path / number
    checked = subprocess.run(["sha256sum", "--strict", "-c", "manifest.sha256"], cwd=inside, capture_output=True, text=True, check=False)
    assert checked.returncode == 0 and checked.stdout.count("OK") == len(names) - 1, checked
    assert next(inside.glob("materials/01-*")).read_bytes() == content
    assert json.loads((inside / "metadata.json").read_text())["case"] == number and "归档文件目录" in (inside / "contents.txt").read_text()
    verify = subprocess.run([str(pathlib.Path(daemon_path()).with_name("tongban-verify")), "case", str(inside / "proof.json")],
                            capture_output=True, text=True, check=False)
    assert verify.returncode == 0, verify
    assert "--force" in desk.run("case", "archive", number, "--out", "case.tar", code=2)
    desk.run("case", "archive", number, "--out", "case.tar", "--force")
    desk.run("case", "archive", "320623261123000000017", "--out", "none.tar", code=1)
    assert not (desk.directory / "none.tar").exists(), "nothing is left of an archive that failed"


def test_an_archive_has_the_result_and_says_what_it_has_not(world, tmp_path):
    """The document that was granted goes in, too; a scan that is not at this office is told and not passed over."""
    away, home = world.away, world.home
    desk = Desk(home, "0007")
    content, result = b"%PDF-1.4\n" + b"scan" * 3000, b"%PDF-1.4\n" + b"card" * 4000
    number = done(away.intake(materials=[{"name": "原居民身份证", "form": "copy", "sha256": away.upload(content)}]))["case"]
    home.wait_state(number, "received")
    done(home.act(number, "accept"))
    done(home.act(number, "grant", {"result": {"name": "居民身份证", "sha256": home.upload(result)}}))
    said = desk.run("case", "archive", number, "--out", "whole.tar")
    assert "不在" not in said
    with tarfile.open(desk.directory / "whole.tar") as tar:
        tar.extractall(tmp_path)
    inside = tmp_path / number
    assert next(inside.glob("result/01-*")).read_bytes() == result and next(inside.glob("materials/01-*")).read_bytes() == content
    assert json.loads((inside / "metadata.json").read_text())["missing"] == 0 and "居民身份证" in (inside / "contents.txt").read_text()
    checked = subprocess.run(["sha256sum", "--strict", "-c", "manifest.sha256"], cwd=inside, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked


def test_an_archive_on_a_full_disk(world):
    """What is said is that the disk is full, not that the office is away; nothing is left of it."""
    away = world.away
    desk = Desk(away, "0007")
    content = b"%PDF-1.4\n" + b"scan" * 500000
    number = done(away.intake(materials=[{"name": "原居民身份证", "form": "copy", "sha256": away.upload(content)}]))["case"]
    tongban = str(pathlib.Path(daemon_path()).parent.parent / "client" / "tongban")
    limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 1000; exec \"$@\"", "sh", tongban, "case", "archive", number, "--out", "full.tar"]
    got = subprocess.run(limited, cwd=desk.directory, env=desk.environment("C.UTF-8", 200), capture_output=True, text=True, check=False)
    assert got.returncode == 2 and "File too large" in got.stderr, got
    assert not list(desk.directory.glob("full.tar*"))
