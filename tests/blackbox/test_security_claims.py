"""What docs/explanation/security.md says that no other test shows: what a stolen key opens, and what it does not."""
import json
import re
import socket
import ssl

import pytest

from office import ROOT, World, make_certificate

NAME, NUMBER = "欧阳试例", "33048318500101001X"


@pytest.fixture(scope="module")
def world():
    world = World()
    try:
        yield world.start()
        assert world.stop() == [0, 0]
    finally:
        world.remove()


@pytest.fixture(scope="module")
def case(world):
    answer = world.away.intake(applicant={"kind": "person", "name": NAME, "certificate": {"type": "citizen-id", "number": NUMBER},
                                          "mobile": "13900001234"})
    assert answer.status == 201, answer
    number = answer.json()["case"]
    world.home.wait_state(number, "received", staff="0101")
    return number


def staff_certificate(office, directory, name, number):
    """What the thief of the staff authority's key makes."""
    return make_certificate(directory, name, office.tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{office.code}:{number}")


def opens(office, certificate):
    return office.window("GET", "/window/v1/office", certificate=certificate).status == 200


def test_the_staff_authority_is_everybody_of_the_configuration_and_nobody_enrolled(world, tmp_path):
    office = world.away
    first = staff_certificate(office, tmp_path, "first", "0450")
    office.control("staff", "enrol", "0450", "--name", "卢小兰", "--role", "window", "--certificate", f"{first}.crt")
    assert opens(office, first)
    forged = staff_certificate(office, tmp_path, "forged", "0450")
    assert office.window("GET", "/window/v1/office", certificate=forged).problem() == "not-allowed"
    assert opens(office, staff_certificate(office, tmp_path, "configured", "0007"))
    with pytest.raises((ssl.SSLError, OSError)):
        office.peer("POST", "/peer/v1/messages", b"{}", certificate=forged)


def test_a_gateway_key_opens_no_window(world):
    for gateway in (world.away.tls / "gateway", world.home.tls / "gateway"):
        with pytest.raises((ssl.SSLError, OSError)):
            world.away.window("GET", "/window/v1/cases", certificate=gateway)


def test_a_clerk_sees_every_case_of_the_office_and_the_audit_tells(world, case, tmp_path):
    other = staff_certificate(world.away, tmp_path, "other", "0451")
    world.away.control("staff", "enrol", "0451", "--name", "卢小兰", "--role", "window", "--certificate", f"{other}.crt")
    answer = world.away.window("GET", f"/window/v1/cases/{case}", certificate=other)
    assert answer.status == 200 and NAME in answer.body.decode()
    assert case in world.away.control("audit", "views", "--staff", "0451")


def test_a_suspended_person_has_a_key_that_opens_nothing(world, tmp_path):
    lost = staff_certificate(world.away, tmp_path, "lost", "0452")
    world.away.control("staff", "enrol", "0452", "--name", "卢小兰", "--role", "window", "--certificate", f"{lost}.crt")
    assert opens(world.away, lost)
    world.away.control("staff", "suspend", "0452", "--reason", "证书遗失")
    assert not opens(world.away, lost)


def test_a_copy_of_the_data_holds_persons_and_no_key(world, case):
    """Why the backup medium is as secret as the server, and why it cannot sign."""
    for office in (world.home, world.away):
        copy = b"".join(path.read_bytes() for path in sorted((office.directory / "data").rglob("*")) if path.is_file())
        assert NAME.encode() in copy and NUMBER.encode() in copy and case.encode() in copy
        for key in (office.directory / "ledger.key", *office.tls.glob("*.key")):
            secret = max(re.findall(rb"[A-Za-z0-9+/=]{40,}", key.read_bytes()), key=len)
            assert secret not in copy, key


def test_the_signing_key_is_for_the_daemon_alone(world):
    for office in (world.home, world.away):
        assert (office.directory / "ledger.key").stat().st_mode & 0o077 == 0


def test_a_handler_acts_as_nobody_else_and_changes_nothing_that_stands(world):
    """Who decides is who the certificate says; what was decided stays, with the number."""
    number = world.away.intake().json()["case"]
    world.home.wait_state(number, "received", staff="0101")
    other = {"staff": f"{world.home.code}:0007", "role": "window"}
    for forged in ({"actor": other}, other):
        assert world.home.act(number, "accept", forged).status in (400, 422), forged
    assert world.home.act(number, "accept").status == 200
    before = world.home.window("GET", f"/window/v1/cases/{number}/timeline", staff="0101").body
    for method in ("DELETE", "PUT", "PATCH"):
        for path in (f"cases/{number}", f"cases/{number}/timeline", f"cases/{number}/actions/accept"):
            assert world.home.window(method, f"/window/v1/{path}", {}, staff="0101").status in (404, 405), (method, path)
    assert world.home.act(number, "accept").problem() in ("transition", "already-done")
    assert world.home.window("GET", f"/window/v1/cases/{number}/timeline", staff="0101").body == before
    rows = world.home.control_json("audit", "search", "--case", number, "--type", "case.accepted")["rows"]
    assert [row["staff"] for row in rows] == [f"{world.home.code}:0101"]


def test_a_handler_decides_nothing_of_the_other_office(world, case):
    for action in ("accept", "refuse", "grant"):
        assert world.away.act(case, action, {}, staff="0101").problem() in ("not-allowed", "transition"), action


def test_what_the_operator_reads_names_no_applicant(world, case):
    for office in (world.home, world.away):
        for words in (("status",), ("peer", "list"), ("queue", "list"), ("audit", "search"), ("audit", "search", "--case", case), ("audit", "views"),
                      ("staff", "list"), ("key", "list"), ("log", "levels"), ("verify",), ("recover",), ("retention", "plan")):
            said = office.control(*words, wait=False).communicate(timeout=60)[0]
            assert said and not any(secret in said for secret in (NAME, NUMBER, "13900001234")), words
    assert case in world.away.control("audit", "search", "--case", case), "the search finds the case that was looked for"


def test_no_command_of_the_operator_makes_an_entry_of_a_case(world, case):
    table = (ROOT / "client" / "tongbanctl_table.c").read_text()
    groups = set(re.findall(r'\.group = "([a-z]+)"', table))
    assert {"staff", "audit", "retention"} < groups and not groups & {"case", "joint", "register"}
    for command in ("case-act", "case-new", "act", "intake"):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(world.away.socket))
            peer.sendall(json.dumps({"command": command, "request": {"case": case, "action": "withdraw"}}).encode() + b"\n")
            assert b'"problem"' in peer.recv(65536), command
