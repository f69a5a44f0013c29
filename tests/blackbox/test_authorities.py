"""A new authority follows on the old one, at the windows and between the offices, and a certificate of ours that ended: nobody is sent
away who need not be."""
import json
import ssl
import subprocess
import time

import pytest

from office import HOME, World, daemon_path, make_certificate

OFFICE = "/window/v1/office"


@pytest.fixture(name="world")
def two_offices():
    world = World()
    try:
        yield world
    finally:
        world.remove()


def authority(office, name):
    """A new authority of the office; its path without suffix."""
    base = office.tls / name
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256", "-days", "3650",
                    "-subj", f"/CN={name}", "-keyout", f"{base}.key", "-out", f"{base}.crt", "-addext", "basicConstraints=critical,CA:TRUE",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign"], check=True, capture_output=True)
    return base


def both(old, new):
    """The file of the old one now holds both, the old one first, as whoever appends does."""
    with open(f"{old}.crt", "a", encoding="ascii") as text:
        text.write(new.with_suffix(".crt").read_text())


def expired(office, name, signer, usage, names):
    base = make_certificate(office.directory, name, office.tls / signer, usage, names)
    subprocess.run(["openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", f"{office.tls / signer}.crt", "-CAkey", f"{office.tls / signer}.key",
                    "-days", "-1", "-out", f"{base}.crt", "-extfile", f"{base}.ext", "-set_serial", "77"], check=True, capture_output=True)
    return base


def replace(office, name, base):
    for suffix in ("crt", "key"):
        (office.tls / f"{name}.{suffix}").write_bytes(base.with_suffix("." + suffix).read_bytes())


def carried(world):
    number = world.away.intake().json()["case"]
    world.home.wait_state(number, "received", staff="0101")
    world.away.wait_state(number, "received")


def check(office, code):
    done = subprocess.run([daemon_path(), "--check-config", "--config", office.config], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == code, done
    return done.stdout + done.stderr


def test_staff_of_the_old_and_of_the_new_authority_work_side_by_side(world):
    home = world.home.start()
    new = authority(home, "staff-ca-2")
    person = make_certificate(home.directory, "person", new, "clientAuth", f"URI:urn:tongban:staff:{HOME}:0007")
    with pytest.raises((ssl.SSLError, OSError)):
        home.window("GET", OFFICE, certificate=person)
    both(home.tls / "staff-ca", new)
    home.control("reload")
    assert home.window("GET", OFFICE, certificate=person).status == 200
    assert home.window("GET", OFFICE).status == 200, "and the old one counts until it is taken out"
    assert home.stop() == 0


def test_the_gateways_go_over_one_after_the_other(world):
    world.start()
    world.wait_catalogues()
    new = authority(world.away, "peer-ca-2")
    both(world.away.tls / "peer-ca", new)  # what the home side has as `authority` of this counterpart
    world.home.control("reload")
    carried(world)
    replace(world.away, "gateway", make_certificate(world.away.directory, "next", new, "serverAuth,clientAuth",
                                                    f"URI:urn:tongban:office:{world.away.code},IP:127.0.0.1"))
    world.away.control("reload")
    carried(world)
    assert "answers" in world.home.control("peer", "test", world.away.code), "its server shows the new one"
    assert world.stop() == [0, 0]


def test_an_authority_of_one_office_does_not_make_the_other(world):
    """Two in a file are two of that office; a certificate of either must name it."""
    home = world.home.start()
    new = authority(world.away, "peer-ca-2")
    both(world.away.tls / "peer-ca", new)
    home.control("reload")
    other = make_certificate(home.directory, "other", new, "clientAuth", f"URI:urn:tongban:office:{HOME}")
    assert home.peer("POST", "/peer/v1/messages", b"{}", certificate=other).problem() == "wrong-office"
    assert home.stop() == 0


def test_a_whole_bundle_is_no_pin(world):
    file = world.home.tls / "staff-ca.crt"
    file.write_text(file.read_text() * 5)
    assert "more than 4 authorities" in check(world.home, 2)


def test_an_ended_gateway_certificate_does_not_send_the_windows_home(world):
    home = world.home
    replace(home, "gateway", expired(home, "late", "peer-ca", "serverAuth,clientAuth", f"URI:urn:tongban:office:{HOME},IP:127.0.0.1"))
    assert "expired certificate" in check(home, 2), "who looks is told"
    home.start()
    assert home.window("GET", OFFICE).status == 200
    end = time.monotonic() + 20
    while not [one for one in home.control_json("status", code=1)["findings"] if one["finding"].startswith("certificate")]:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert "expired" in home.control("reload", code=3), "a reload takes none that has ended"
    assert home.stop() == 0


def test_a_key_that_is_not_the_gateways_is_found_by_the_check(world):
    world.home.edit(r"gateway_key: tls/gateway.key", "gateway_key: tls/window.key")
    assert "cannot use the key 'tls/window.key'" in check(world.home, 2).replace(str(world.home.directory) + "/", "")


def test_the_list_shows_each_authority_of_a_file(world):
    home = world.home
    both(home.tls / "staff-ca", authority(home, "staff-ca-2"))
    home.start()
    rows = json.loads(home.control("--json", "certificate", "list", code=1))["rows"] # status 1: they have less than 30 days
    shown = [one for one in rows if one["use"] == "staff-authority"]
    assert len({one["fingerprint"] for one in shown}) == len(shown) == 2 and len({one["file"] for one in shown}) == 1
    assert shown[1]["subject"] == "CN=staff-ca-2"
    assert len([one for one in rows if one["use"] == "window"]) == 1


def test_a_certificate_of_staff_is_no_server(world):
    home = world.home
    check(home, 0)
    replace(home, "window", make_certificate(home.directory, "wrong", home.tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{HOME}:0007"))
    assert "is no certificate for a server" in check(home, 2)
