"""What docs/explanation/security.md says that no other test shows: what a stolen key opens, and what it does not."""
import re
import ssl

import pytest

from office import World, make_certificate

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
