"""Certificates in use, installed while the daemon runs, and revoked: at our servers, at our client, on connections that are open."""
import datetime
import json
import os
import pathlib
import subprocess
import time

import pytest

from office import WAIT_S, World, control_path, make_certificate

TONGBANCTL = control_path()
OFFICE = "/window/v1/office"


class Lists:
    """Revocation lists of an authority made by make-office.sh, with openssl: revoked and outdated as a test wants."""

    def __init__(self, authority, directory):
        self.authority, self.directory = authority, directory
        directory.mkdir()
        (directory / "index").touch()
        (directory / "number").write_text("01\n")
        (directory / "ca.cnf").write_text(f"[ca]\ndefault_ca=c\n[c]\ndatabase={directory}/index\ncrlnumber={directory}/number\n"
                                          f"certificate={authority}.crt\nprivate_key={authority}.key\ndefault_md=sha256\ndefault_crl_days=30\n")
        self.write()

    @property
    def file(self):
        return self.directory / "list.pem"

    def openssl(self, *words):
        subprocess.run(["openssl", "ca", "-config", self.directory / "ca.cnf", *words], check=True, capture_output=True)

    def write(self, *words):
        self.openssl("-gencrl", "-out", self.directory / "new.pem", *words)
        os.replace(self.directory / "new.pem", self.file)

    def revoke(self, certificate):
        self.openssl("-revoke", certificate)
        self.write()

    def age(self, days):
        """A list made so many days ago, good for a year by its own word."""
        made = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days)
        stamp = "%Y%m%d%H%M%SZ"
        self.write("-crl_lastupdate", made.strftime(stamp), "-crl_nextupdate", (made + datetime.timedelta(days=3650)).strftime(stamp))


def control(office, *words, code=0):
    done = subprocess.run([TONGBANCTL, "--socket", f"{office.directory}/ctl", *words], capture_output=True, text=True, check=False, timeout=30,
                          env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def rows(office, code=0):
    done = subprocess.run([TONGBANCTL, "--socket", f"{office.directory}/ctl", "--json", "certificate", "list"], capture_output=True, text=True,
                          check=False)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return {(row["use"], row["office"]): row for row in json.loads(done.stdout)["rows"]}


@pytest.fixture(name="world")
def two_offices(tmp_path):
    """Both offices with revocation lists of each other's gateways and of their staff; good for two years, as real ones are."""
    world = World(proxies=True)
    try:
        for office in world.offices.values():
            office.staff_list = Lists(office.tls / "staff-ca", office.directory / "staff-crl")
            office.gateway_list = Lists(office.tls / "peer-ca", office.directory / "gateway-crl")
        for office in world.offices.values():
            renew(office, "window", "serverAuth", "staff-ca")
            renew(office, "gateway", "serverAuth,clientAuth", "peer-ca")
            office.edit(r"(window: \{[^}]*)\}", rf"\1, crl: {office.staff_list.file}}}")
            office.edit(r"(\n    ledger_key:)", rf"\n    crl: {world.other(office).gateway_list.file}\1")
        yield world
    finally:
        world.remove()


def renew(office, name, usage, authority, days=730):
    made = make_certificate(office.directory, f"new-{name}", office.tls / authority, usage, f"URI:urn:tongban:office:{office.code},IP:127.0.0.1", days)
    for suffix in ("crt", "key"):
        os.replace(f"{made}.{suffix}", office.tls / f"{name}.{suffix}")


def wait_for(test, seconds=WAIT_S):
    end = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < end
        time.sleep(0.05)


def new(office, name, usage="serverAuth", authority="staff-ca", names=None, days=730):
    names = names or f"URI:urn:tongban:office:{office.code},IP:127.0.0.1"
    return make_certificate(office.directory, name, office.tls / authority if authority else None, usage, names, days)


def install(office, kind, base, *words, code=0):
    return control(office, "certificate", "install", kind, "--certificate", f"{base}.crt", "--key", f"{base}.key", *words, code=code)


def test_the_list_names_every_certificate_in_use_and_warns_a_month_before(world):
    home = world.home.start()
    named = rows(home, code=1)  # the authorities of the demonstration have fewer than 30 days
    assert set(named) == {("window", home.code), ("gateway", home.code), ("gateway-client", home.code), ("staff-authority", home.code),
                          ("peer-authority", world.away.code)}
    window = named["window", home.code]
    shown = subprocess.run(["openssl", "x509", "-in", home.tls / "window.crt", "-noout", "-fingerprint", "-sha256"], capture_output=True, text=True,
                           check=True).stdout
    assert window["fingerprint"] == shown.split("=")[1].strip().replace(":", "").lower()
    assert window["urn"] == f"urn:tongban:office:{home.code}" and window["subject"] == "CN=new-window" and window["issuer"].startswith("CN=staff auth")
    assert named["staff-authority", home.code]["crl"]["outdated"] is False
    text = control(home, "certificate", "list", code=1)
    assert "days left" in text and "revocations" in text and "0 days old" in text


def test_a_request_has_the_right_name_and_a_secret_key(world, tmp_path):
    code = world.home.code
    words = ["certificate", "request", "gateway", "--office", code, "--address", "127.0.0.1,gateway.example", "--out", str(tmp_path / "gw")]
    control(world.home, *words)
    text = subprocess.run(["openssl", "req", "-in", tmp_path / "gw.csr", "-noout", "-text", "-verify"], capture_output=True, text=True, check=True)
    assert f"URI:urn:tongban:office:{code}, IP Address:127.0.0.1, DNS:gateway.example" in text.stdout
    assert (tmp_path / "gw.key").stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "gw.key").read_bytes()
    assert "there already" in control(world.home, *words, code=2)
    assert (tmp_path / "gw.key").read_bytes() == before
    assert "addresses" in control(world.home, *words[:5], "--out", str(tmp_path / "other"), code=2)


def test_an_installed_certificate_is_in_use_when_the_command_returns(world):
    world.start()
    home = world.home
    old = (home.tls / "window.crt").read_bytes()
    fresh = new(home, "fresh")
    assert "in use" in install(home, "window", fresh)
    assert (home.tls / "window.crt").read_bytes() == pathlib.Path(f"{fresh}.crt").read_bytes()
    assert (home.tls / "window.crt.old").read_bytes() == old
    assert rows(home, code=1)["window", home.code]["subject"] == "CN=fresh"
    connection = home.connect_window()
    connection.request("GET", OFFICE)
    assert connection.getresponse().status == 200
    names = dict(pair[0] for pair in connection.sock.getpeercert()["subject"])
    assert names["commonName"] == "fresh"
    gateway = new(home, "gateway2", "serverAuth,clientAuth", "peer-ca")
    install(home, "gateway", gateway)
    number = world.away.intake().json()["case"]
    home.wait_state(number, "received")  # the new gateway serves, and is a client
    home.act(number, "accept")
    world.away.wait_state(number, "accepted")


def files(office):
    """Keys and certificates as they lie there; openssl's own serial numbers beside them do not count."""
    return {path: path.read_bytes() for path in office.tls.iterdir() if path.suffix != ".srl"}


def test_what_cannot_work_is_not_installed(world):
    world.start()
    home = world.home
    before = files(home)
    cases = [
        ("window", new(home, "name", names=f"URI:urn:tongban:office:{world.away.code},IP:127.0.0.1"), "URN"),
        ("window", new(home, "two", names=f"URI:urn:tongban:office:{home.code},URI:urn:tongban:staff:{home.code}:1"), "URN"),
        ("window", new(home, "usage", "clientAuth"), "extended key usage"),
        ("gateway", new(home, "half", "serverAuth", "peer-ca"), "extended key usage"),
        ("window", new(home, "alone", authority=None), "did not sign"),
        ("gateway", new(home, "wrongca", "serverAuth,clientAuth", "staff-ca"), "another authority"),
    ]
    for kind, base, why in cases:
        assert why in install(home, kind, base, code=2), base
    good = new(home, "good")
    os.replace(home.directory / "name.key", home.directory / "good.key")
    assert "does not belong" in install(home, "window", good, code=2)
    good = new(home, "good")
    os.chmod(f"{good}.key", 0o644)
    assert "everybody may read" in install(home, "window", good, code=2)
    (home.directory / "good.key").write_bytes(os.urandom(2000))
    os.chmod(f"{good}.key", 0o600)
    assert "no key in PEM form" in install(home, "window", good, code=2)
    (home.directory / "good.crt").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert "no certificate" in install(home, "window", good, code=2)
    assert "window or gateway" in install(home, "staff", good, code=2)
    assert files(home) == before
    assert home.metric("tls_reloads_total") == 0


def test_an_expired_certificate_is_not_installed(world):
    world.start()
    home = world.home
    base = new(home, "late")
    subprocess.run(["openssl", "x509", "-req", "-in", f"{base}.csr", "-CA", home.tls / "staff-ca.crt", "-CAkey", home.tls / "staff-ca.key", "-days", "-1",
                    "-out", f"{base}.crt", "-extfile", home.directory / "late.ext", "-set_serial", "77"], check=True, capture_output=True)
    assert "expired" in install(home, "window", base, code=2)


def test_when_the_daemon_does_not_take_it_the_old_files_are_back(world):
    world.start()
    home = world.home
    before = (home.tls / "window.crt").read_bytes(), (home.tls / "window.key").read_bytes()
    (home.tls / "gateway.crt").write_text("a mistake of somebody else\n")  # so that the reload fails
    text = install(home, "window", new(home, "fresh"), code=3)
    assert "back in place" in text and "cannot read a certificate" in text
    assert ((home.tls / "window.crt").read_bytes(), (home.tls / "window.key").read_bytes()) == before
    assert home.window("GET", OFFICE).status == 200


def test_reload_says_whether_it_worked(world):
    home = world.home.start()
    assert "in use" in control(home, "reload")
    assert home.metric("tls_reloads_total") == 1
    (home.directory / "staff-crl" / "list.pem").write_text("garbage\n")
    assert "revocation list" in control(home, "reload", code=3)
    assert home.window("GET", OFFICE).status == 200  # all as before


def test_a_revoked_person_is_refused_at_the_handshake_and_on_an_open_connection(world):
    home = world.home.start()
    connection, other = home.connect_window("0007"), home.connect_window("0101")
    for one in (connection, other):
        one.request("GET", OFFICE)
        answer = one.getresponse()
        assert answer.status == 200 and answer.read()
    home.staff_list.revoke(home.tls / "staff-0007.crt")
    control(home, "reload")
    connection.request("GET", OFFICE)
    answer = connection.getresponse()
    assert answer.status == 403 and "revoked" in json.loads(answer.read())["detail"]
    with pytest.raises(OSError):
        home.window("GET", OFFICE, staff="0007")
    other.request("GET", OFFICE)
    assert other.getresponse().status == 200
    assert home.window("GET", OFFICE, staff="0101").status == 200


def test_a_revoked_gateway_is_refused_as_client_and_as_server(world):
    world.start()
    home, away = world.home, world.away
    number = away.intake().json()["case"]
    home.wait_state(number, "received")
    home.gateway_list.revoke(home.tls / "gateway.crt")
    # as server: Rudong's client does not go on with Tongxiang's gateway, on a kept connection neither
    control(away, "reload")
    second = away.intake().json()["case"]
    time.sleep(3)
    assert home.window("GET", f"/window/v1/cases?q={second}").json()["rows"] == []
    # as client: Rudong's server refuses Tongxiang's
    with pytest.raises(OSError):
        away.peer("GET", "/peer/v1/checkpoint", certificate=home.tls / "gateway")
    # a new certificate of the same authority, and all goes on
    install(home, "gateway", new(home, "gateway2", "serverAuth,clientAuth", "peer-ca"))
    control(away, "reload")  # what does not verify is tried again after a minute; this does it now
    home.wait_state(second, "received")
    home.act(number, "accept")
    away.wait_state(number, "accepted")


def test_an_outdated_list_alarms_but_goes_on(world):
    home = world.home
    home.staff_list.revoke(home.tls / "staff-0201.crt")
    home.staff_list.age(40)
    home.start()
    assert home.window("GET", OFFICE).status == 200
    with pytest.raises(OSError):  # what it revokes stays revoked
        home.window("GET", OFFICE, staff="0201")
    wait_for(lambda: home.metric("crl_outdated") == 1)
    assert home.metric("crl_age_seconds") // 86400 == 40
    event = home.events("crl_outdated")[-1]
    assert event["use"] == "staff-authority" and event["age_days"] == 40
    assert rows(home, code=1)["staff-authority", home.code]["crl"]["outdated"] is True
    assert "40 days old: outdated" in control(home, "certificate", "list", code=1)


@pytest.mark.parametrize("words", [("-crl_lastupdate", "20260101000000Z", "-crl_nextupdate", "20260102000000Z"), None])
def test_strict_an_outdated_list_closes_the_door(world, words):
    """By its own date, and by our age; a fresh one opens it again."""
    home = world.home
    with open(home.config, "a", encoding="utf-8") as text:
        text.write("crl_strict: true\n")
    if words:
        home.staff_list.write(*words)
    else:
        home.staff_list.age(40)
    home.start()
    with pytest.raises(OSError):
        home.window("GET", OFFICE)
    home.staff_list.write()
    control(home, "reload")
    assert home.window("GET", OFFICE).status == 200


def test_strict_an_outdated_list_stops_our_client_too(world):
    away = world.away
    with open(away.config, "a", encoding="utf-8") as text:
        text.write("crl_strict: true\n")
    world.home.gateway_list.age(40)
    for office in world.offices.values():
        office.start()
    wait_for(lambda: away.metric("peer_failures_total") >= 1)
    assert world.home.metric("peer_batches_taken_total") == 0
    world.home.gateway_list.write()
    control(away, "reload")
    world.wait_catalogues()


def test_a_list_of_another_authority_is_not_taken(world, tmp_path):
    home = world.home
    foreign = Lists(world.away.tls / "staff-ca", tmp_path / "foreign")
    os.replace(foreign.file, home.staff_list.file)
    done = home.start(wait=False).process.wait(20)
    home.process = None
    assert done != 0 and "is not signed by the authority" in home.log_text()
