"""The small authority of `tongbanctl pki`: what it issues is what a daemon takes, and what hostile or careless input gets."""
import os
import pathlib
import ssl
import stat
import subprocess
import threading

import pytest

from office import daemon_path, make_certificate

TONGBANCTL = pathlib.Path(daemon_path()).with_name("tongbanctl")
PASSPHRASE = "a passphrase of a test"


class Authority:
    def __init__(self, directory):
        self.base = directory
        (directory / "passphrase").write_text(PASSPHRASE + "\n")

    def run(self, verb, *words, code=0, passphrase="passphrase", directory="ca"):
        secret = ["--passphrase-file", passphrase] if passphrase and verb != "list" else []
        done = subprocess.run([TONGBANCTL, "pki", verb, directory, *words, *secret], cwd=self.base, capture_output=True, text=True, check=False,
                              timeout=30, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, start_new_session=True, stdin=subprocess.DEVNULL)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def issue(self, kind, out, *words, **more):
        return self.run("issue", "--kind", kind, "--out", out, *words, **more)

    def rows(self):
        import json
        return json.loads(self.run("list", "--json"))["rows"]


@pytest.fixture(name="ca")
def an_authority(tmp_path):
    authority = Authority(tmp_path)
    authority.run("init", "--office", "330483")
    return authority


def openssl(*words, cwd, code=0):
    done = subprocess.run(["openssl", *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout + done.stderr


def test_each_kind_has_the_names_and_uses_that_the_daemon_demands(ca):
    ca.issue("window", "window", "--address", "127.0.0.1,window.example")
    ca.issue("gateway", "gateway", "--address", "127.0.0.1")
    ca.issue("staff", "staff", "--number", "0007")
    expected = {
        "window": ("URI:urn:tongban:office:330483, IP Address:127.0.0.1, DNS:window.example", "TLS Web Server Authentication", 730),
        "gateway": ("URI:urn:tongban:office:330483, IP Address:127.0.0.1", "TLS Web Server Authentication, TLS Web Client Authentication", 730),
        "staff": ("URI:urn:tongban:staff:330483:0007", "TLS Web Client Authentication", 365),
    }
    for name, (names, usage, days) in expected.items():
        text = openssl("x509", "-in", f"{name}.crt", "-noout", "-ext", "subjectAltName,extendedKeyUsage,basicConstraints,keyUsage", cwd=ca.base)
        assert [line.strip() for line in text.splitlines() if "urn:" in line] == [names], text
        assert usage in [line.strip() for line in text.splitlines()], text
        assert "CA:FALSE" in text
        openssl("x509", "-in", f"{name}.crt", "-noout", "-checkend", str((days - 1) * 86400), cwd=ca.base)
        openssl("x509", "-in", f"{name}.crt", "-noout", "-checkend", str((days + 1) * 86400), cwd=ca.base, code=1)
        openssl("verify", "-x509_strict", "-crl_check", "-CRLfile", "ca/authority.crl", "-CAfile", "ca/authority.crt", f"{name}.crt", cwd=ca.base)
        assert stat.S_IMODE((ca.base / f"{name}.key").stat().st_mode) == 0o600
    assert [row["kind"] for row in ca.rows()] == ["window", "gateway", "staff"]
    assert len({row["serial"] for row in ca.rows()}) == 3 and all(len(row["serial"]) == 32 for row in ca.rows())


def test_the_authority_key_is_encrypted_and_opens_with_its_passphrase_only(ca):
    key = ca.base / "ca" / "authority.key"
    assert "ENCRYPTED" in key.read_text() and stat.S_IMODE(key.stat().st_mode) == 0o600
    (ca.base / "wrong").write_text("another passphrase\n")
    assert "passphrase is wrong" in ca.issue("staff", "x", "--number", "1", passphrase="wrong", code=2)
    assert not (ca.base / "x.crt").exists() and ca.rows() == []
    assert "no terminal" in ca.issue("staff", "x", "--number", "1", passphrase=None, code=2)
    (ca.base / "short").write_text("short\n")
    assert "too short" in ca.run("init", "--office", "330483", passphrase="short", directory="other", code=2)
    assert not (ca.base / "other" / "authority.key").exists()
    read, write = os.pipe()
    os.write(write, PASSPHRASE.encode() + b"\n")
    done = subprocess.run([TONGBANCTL, "pki", "crl", "ca", "--passphrase-fd", str(read)], cwd=ca.base, pass_fds=[read], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_a_request_is_signed_without_its_key_leaving_its_machine(ca):
    make_certificate(ca.base, "elsewhere", None, "clientAuth", "URI:urn:tongban:staff:330483:0008")
    ca.issue("staff", "signed", "--number", "0008", "--request", "elsewhere.csr")
    assert not (ca.base / "signed.key").exists()
    assert openssl("x509", "-in", "signed.crt", "-noout", "-pubkey", cwd=ca.base) == openssl("pkey", "-in", "elsewhere.key", "-pubout", cwd=ca.base)


def test_a_request_gets_no_name_that_the_operator_did_not_say(ca):
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=evil", "-keyout", "e.key", "-out", "e.csr",
            "-addext", "subjectAltName=URI:urn:tongban:office:320623", cwd=ca.base)
    assert "another name" in ca.issue("staff", "e", "--number", "0009", "--request", "e.csr", code=2)
    openssl("req", "-new", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak", "-keyout", "w.key", "-out", "w.csr", cwd=ca.base)
    assert "P-256" in ca.issue("staff", "w2", "--number", "0009", "--request", "w.csr", code=2)
    (ca.base / "torn.csr").write_text((ca.base / "e.csr").read_text().replace("A", "B", 3))
    ca.issue("staff", "torn", "--number", "0009", "--request", "torn.csr", code=2)
    (ca.base / "garbage.csr").write_bytes(os.urandom(3000))
    assert "no certificate request" in ca.issue("staff", "g", "--number", "0009", "--request", "garbage.csr", code=2)
    assert ca.rows() == []


def test_revoked_certificates_stand_in_the_list_with_their_cause(ca):
    ca.issue("staff", "one", "--number", "0001")
    ca.issue("staff", "two", "--number", "0002")
    ca.run("revoke", "--certificate", "one.crt", "--cause", "keyCompromise")
    assert "revoked" in openssl("verify", "-crl_check", "-CRLfile", "ca/authority.crl", "-CAfile", "ca/authority.crt", "one.crt", cwd=ca.base, code=2)
    openssl("verify", "-crl_check", "-CRLfile", "ca/authority.crl", "-CAfile", "ca/authority.crt", "two.crt", cwd=ca.base)
    assert "Key Compromise" in openssl("crl", "-in", "ca/authority.crl", "-noout", "-text", cwd=ca.base)
    assert "revoked already" in ca.run("revoke", "--certificate", "one.crt", code=2)
    ca.run("revoke", "--serial", ca.rows()[1]["serial"], "--cause", "superseded")
    assert [row["cause"] for row in ca.rows()] == ["keyCompromise", "superseded"]
    before = openssl("crl", "-in", "ca/authority.crl", "-noout", "-crlnumber", cwd=ca.base)
    ca.run("crl", "--days", "7")
    assert openssl("crl", "-in", "ca/authority.crl", "-noout", "-crlnumber", cwd=ca.base) != before


def test_a_list_of_each_month_is_never_late(ca):
    """The manual says: every month.  A month has up to 31 days, and somebody may be ill on the first."""
    ca.run("crl")
    dates = dict(line.split("=") for line in openssl("crl", "-in", "ca/authority.crl", "-noout", "-lastupdate", "-nextupdate", cwd=ca.base).splitlines())
    made, ends = (ssl.cert_time_to_seconds(dates[name]) for name in ("lastUpdate", "nextUpdate"))
    assert 33 * 86400 < ends - made <= 35 * 86400


def test_a_refusal_does_not_speak_of_the_rights_of_a_file(ca):
    for words in (("--kind", "staf", "--out", "x"), ("--kind", "staff", "--out", "x"), ("--kind", "staff", "--number", "0009", "--out", "x", "--days", "0")):
        said = ca.run("issue", *words, code=2)
        assert "was not done" in said and "rights" not in said, said


def test_certificates_of_others_and_unknown_words_are_refused(ca):
    make_certificate(ca.base, "foreign", None, "clientAuth", "URI:urn:tongban:staff:330483:0001")
    assert "did not issue" in ca.run("revoke", "--certificate", "foreign.crt", code=2)
    assert "by --certificate or by --serial" in ca.run("revoke", code=2)
    assert "32 hexadecimal" in ca.run("revoke", "--serial", "12", code=2)
    assert "causes are" in ca.run("revoke", "--serial", "0" * 32, "--cause", "whim", code=2)
    assert "kinds are" in ca.issue("boss", "x", code=2)
    assert "addresses" in ca.issue("gateway", "x", code=2)
    assert "addresses" in ca.issue("gateway", "x", "--address", "a,URI:urn:tongban:office:320623", code=2)
    assert "number" in ca.issue("staff", "x", "--number", "0001/2", code=2)
    for days in ("0", "-1", "3651", "soon", ""):
        assert "number of days" in ca.issue("staff", "x", "--number", "1", "--days", days, code=2)
    assert ca.rows() == [] and not list(ca.base.glob("x.*"))


def test_nothing_is_ever_written_over(ca):
    ca.issue("staff", "one", "--number", "0001")
    before = (ca.base / "one.key").read_bytes()
    assert "there already" in ca.issue("staff", "one", "--number", "0002", code=2)
    assert (ca.base / "one.key").read_bytes() == before and len(ca.rows()) == 1
    assert "authority in this directory" in ca.run("init", "--office", "330483", code=2)


def test_a_damaged_index_or_an_open_key_stops_everything(ca):
    ca.issue("staff", "one", "--number", "0001")
    index = ca.base / "ca" / "index.tsv"
    good = index.read_text()
    for bad in ("", "garbage\n", good.replace("330483", "33048"), good[:-1], good + good.splitlines()[1] + "\n", good.replace("staff", "boss")):
        index.write_text(bad)
        assert "damaged" in ca.issue("staff", "two", "--number", "0002", code=2)
        assert index.read_text() == bad and not (ca.base / "two.key").exists()
    index.write_text(good)
    (ca.base / "ca" / "authority.key").chmod(0o644)
    assert "everybody may read" in ca.issue("staff", "two", "--number", "0002", code=2)


def test_two_at_once_lose_no_certificate(ca):
    results = []

    def one(number):
        done = subprocess.run([TONGBANCTL, "pki", "issue", "ca", "--kind", "staff", "--number", str(number), "--out", f"n{number}", "--passphrase-file",
                               "passphrase"], cwd=ca.base, capture_output=True, check=False)
        results.append((number, done.returncode))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = {number for number, code in results if code == 0}
    assert done and {int(row["urn"].rsplit(":", 1)[1]) for row in ca.rows()} == done
    assert {int(path.stem[1:]) for path in ca.base.glob("n*.crt")} == done


def test_nothing_outlives_the_authority(tmp_path):
    ca = Authority(tmp_path)
    ca.run("init", "--office", "330483", "--days", "10")
    ca.issue("staff", "one", "--number", "0001")
    openssl("x509", "-in", "one.crt", "-noout", "-checkend", str(11 * 86400), cwd=ca.base, code=1)
