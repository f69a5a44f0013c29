"""Stores of earlier versions (tests/fixtures) under this one: brought up to date, verified, and their open case carried to its end."""
import json
import re
import shutil
import sqlite3
import subprocess
import tarfile

import pytest

from office import ROOT, daemon_path
from test_exchange import DELIVERED, DELIVERY, done

STORES = sorted((ROOT / "tests" / "fixtures").glob("store-v*.tar.xz"))


def schema(path):
    with sqlite3.connect(path) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
    db.close()
    return version


@pytest.fixture(name="old", params=STORES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def old_offices(request, fresh):
    """Two offices with the ledgers and keys of the fixture; certificates and configuration are today's."""
    with tarfile.open(request.param) as archive:
        archive.extractall(fresh.directory / "old")
    place = fresh.directory / "old"
    for office in fresh.offices.values():
        shutil.rmtree(office.directory / "data")
        shutil.copytree(place / office.code / "data", office.directory / "data")
        shutil.copy(place / office.code / "ledger.key", office.directory / "ledger.key")
        shutil.copy(place / office.code / "catalogue.yaml", office.directory / "catalogue.yaml")
    for office in fresh.offices.values():
        key = (place / fresh.other(office).code / "ledger.vkey").read_text().strip()
        office.edit(r"ledger_key: [^\n]*", "ledger_key: " + key.replace("\\", r"\\"))
    fresh.cases = json.loads((place / "cases.json").read_text())
    fresh.version = int(re.search(r"store-v(\d+)", request.param.name).group(1))
    return fresh


def test_an_earlier_store_is_brought_up_to_date(old, tmp_path):
    data = old.away.directory / "data"
    assert schema(data / "office.db") == old.version
    old.start()
    copy = data / f"office.db.v{old.version}"
    assert schema(copy) == old.version and not list(data.glob("*.partial"))
    assert old.away.events("migration_copy") and old.away.events("migrated")
    for office in old.offices.values():
        assert "nothing differs" in office.control("verify")
    assert old.away.case(old.cases["ended"]).json()["state"] == "completed"
    number = old.cases["open"]
    assert old.away.window("GET", f"/window/v1/materials/{old.cases['material']}").status == 200
    done(old.home.act(number, "grant", {"result": {"name": "居民身份证", "number": "33048318500101001X"}}))
    old.away.wait_state(number, "granted")
    done(old.home.act(number, "delivery", DELIVERY))
    old.away.wait_state(number, "delivering")
    done(old.away.act(number, "deliver", DELIVERED, staff="0007"))
    old.home.wait_state(number, "delivered", "0101")
    done(old.home.act(number, "complete"))
    old.away.wait_state(number, "completed")
    old.home.wait_state(old.away.intake().json()["case"], "received", "0101")  # and a new one begins
    for office in old.offices.values():
        assert "nothing differs" in office.control("verify")
    old.away.control("backup", "--out", str(tmp_path))


def test_an_older_program_refuses_a_newer_store(fresh):
    """The number of a schema that does not exist yet stands for a newer program."""
    fresh.start()
    assert fresh.away.stop() == 0
    path = fresh.away.directory / "data" / "office.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    before = path.read_bytes()
    said = subprocess.run([daemon_path(), "--config", str(fresh.away.config)], capture_output=True, text=True, timeout=30, check=False)
    assert said.returncode == 1 and "has schema 9999" in said.stderr and "use the newer program" in said.stderr
    assert path.read_bytes() == before


def test_copies_before_migrations_do_not_pile_up(old):
    data = old.away.directory / "data"
    for version in range(old.version + 1):
        (data / f"office.db.v{version}").write_bytes(b"left by an interrupted start")
    (data / f"office.db.v{old.version}.partial").write_bytes(b"half")
    old.away.start()
    assert schema(data / f"office.db.v{old.version}") == old.version  # what was there is not taken for a copy
    assert len(list(data.glob("office.db.v[1-9]*"))) <= 3
