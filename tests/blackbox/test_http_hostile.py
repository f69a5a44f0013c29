"""A real server (http_probe: daemon/net and nothing else) against peers that mean no good or do not know better.

All waiting is shortened by --scale; every test ends with the server still answering, and the server's exit status says whether
every exchange was closed and the loop could be closed."""
import json
import os
import pathlib
import random
import re
import resource
import socket
import ssl
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("TONGBAN_BUILD", "build/release")
PROBE = str(BUILD / "tests" / "blackbox" / "http_probe")
SCALE = 20  # 10 s become 500 ms, 30 s become 1.5 s


def openssl(*args, cwd):
    subprocess.run(["openssl", *args], cwd=cwd, check=True, capture_output=True, timeout=20)


class Certificates:
    def __init__(self, path):
        self.path = path

    def __getitem__(self, name):
        return str(self.path / name)

    def key(self, name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key", cwd=self.path)

    def authority(self, name):
        self.key(name)
        openssl("req", "-x509", "-key", f"{name}.key", "-out", f"{name}.pem", "-days", "30", "-subj", f"/CN={name}", cwd=self.path)

    def leaf(self, name, authority, san, usage="clientAuth", days="30"):
        self.key(name)
        openssl("req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=self.path)
        text = f"basicConstraints=CA:FALSE\nsubjectAltName={san}\n" + (f"extendedKeyUsage={usage}\n" if usage else "")
        (self.path / f"{name}.ext").write_text(text)
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial",
                "-days", days, "-extfile", f"{name}.ext", "-out", f"{name}.pem", cwd=self.path)

    def fingerprint(self, name):
        out = subprocess.run(["openssl", "x509", "-in", self[f"{name}.pem"], "-noout", "-fingerprint", "-sha256"], check=True,
                             capture_output=True, text=True, timeout=20).stdout
        return out.split("=")[1].strip().replace(":", "").lower()


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    c = Certificates(tmp_path_factory.mktemp("certs"))
    c.authority("ca")
    c.authority("other")
    c.leaf("server", "ca", "DNS:localhost,IP:127.0.0.1", usage="serverAuth")
    c.leaf("staff", "ca", "URI:urn:tongban:staff:320623:0007")
    c.leaf("office", "ca", "URI:urn:tongban:office:330483")
    c.leaf("nobody", "ca", "DNS:example.invalid")
    c.leaf("two", "ca", "URI:urn:tongban:office:330483,URI:urn:tongban:office:320623")
    c.leaf("odd", "ca", "URI:urn:tongban:office:33048x")
    c.leaf("expired", "ca", "URI:urn:tongban:office:330483", days="-1")
    c.leaf("purpose", "ca", "URI:urn:tongban:office:330483", usage="serverAuth")
    c.leaf("nopurpose", "ca", "URI:urn:tongban:office:330483", usage=None)
    c.leaf("foreign", "other", "URI:urn:tongban:office:330483")
    c.key("selfsigned")
    openssl("req", "-x509", "-key", "selfsigned.key", "-out", "selfsigned.pem", "-days", "30", "-subj", "/CN=self", "-addext",
            "subjectAltName=URI:urn:tongban:office:330483", "-addext", "extendedKeyUsage=clientAuth", cwd=c.path)
    return c


class Server:
    def __init__(self, certs, tls, *args):
        self.certs = certs if tls else None
        command = [PROBE, "--scale", str(SCALE), *args]
        if tls:
            command += ["--cert", certs["server.pem"], "--key", certs["server.key"], "--ca", certs["ca.pem"]]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def raw(self):
        s = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s

    def context(self, client="staff", version=None):
        context = ssl.create_default_context(cafile=self.certs["ca.pem"])
        if client:
            context.load_cert_chain(self.certs[f"{client}.pem"], self.certs[f"{client}.key"])
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    def connect(self, client="staff", version=None):
        s = self.raw()
        return self.context(client, version).wrap_socket(s, server_hostname="localhost") if self.certs else s

    def stats(self):
        with self.connect() as s:
            return json.loads(ask(s, b"GET /stats HTTP/1.1\r\nHost: a\r\n\r\n")[2])

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) * 1024

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=10)


@pytest.fixture(scope="module")
def plain(certs):
    server = Server(certs, False)
    yield server
    assert server.stop() == 0


@pytest.fixture(scope="module")
def tls(certs):
    server = Server(certs, True)
    yield server
    assert server.stop() == 0


@pytest.fixture(params=["plain", "tls"])
def server(request):
    server = request.getfixturevalue(request.param)
    yield server
    assert server.process.poll() is None, "the server died"
    with server.connect() as s:
        assert ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200


def read_answer(s):
    """One answer: status, headers, body; None when the peer closed or cut without one."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = s.recv(65536)
            if not piece:
                return None
            data += piece
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:])}
        status = int(lines[0].split()[1])
        if status == 100:
            return status, headers, body
        while len(body) < int(headers.get("content-length", 0)):
            piece = s.recv(65536)
            if not piece:
                return None
            body += piece
        return status, headers, body
    except (ConnectionError, ssl.SSLError):
        return None


def ask(s, request):
    try:
        s.sendall(request)
    except (ConnectionError, ssl.SSLError):
        pass  # it may have answered and closed already
    return read_answer(s)


def is_closed(s, within=5):
    s.settimeout(within)
    try:
        while s.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except (ConnectionError, ssl.SSLError):
        return True


# --- certificates ---

@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("client", [None, "expired", "selfsigned", "foreign", "purpose", "nopurpose"])
def test_refused_certificates(tls, client, version):
    before = tls.stats()["refused_handshakes"]
    with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
        with tls.connect(client, version) as s:
            s.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
            assert s.recv(1000), "closed without an answer"
    assert tls.stats()["refused_handshakes"] == before + 1


def test_old_tls_is_refused(tls):
    context = tls.context()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)), tls.raw() as s:
        context.wrap_socket(s, server_hostname="localhost")


@pytest.mark.parametrize("client,kind,office,staff", [
    ("staff", 2, "320623", "320623:0007"), ("office", 1, "330483", ""), ("nobody", 0, "", ""), ("two", 0, "", ""), ("odd", 0, "", "")])
def test_identity(tls, certs, client, kind, office, staff):
    with tls.connect(client) as s:
        who = json.loads(ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[2])
    assert who == {"kind": kind, "office": office, "staff": staff, "authority": certs.fingerprint("ca")}


@pytest.mark.parametrize("garbage", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\xff\xff" + b"\xff" * 70000,
                                     random.Random(1).randbytes(5000), b"\x80\x2e\x01\x00\x02" + b"a" * 50])
def test_garbage_instead_of_tls(tls, garbage):
    before = tls.stats()["refused_handshakes"]
    with tls.raw() as s:
        try:
            s.sendall(garbage)
        except ConnectionError:
            pass
        assert is_closed(s)
    after = tls.stats()["refused_handshakes"]
    assert after == before + 1


# --- smuggling shapes over a real socket: refused once, and the second request in the same bytes is never answered ---

HOST = b"Host: a\r\n"
SMUGGLED = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
SHAPES = {
    "cl-te": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "cl-cl": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n", 400),
    "chunked": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    "xchunked": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "+5": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n\r\nhello", 400),
    "nul": (b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400),
    "bare-lf": (b"GET /hello HTTP/1.1\nHost: a\n\n", 400),
    "lone-cr": (b"POST /echo HTTP/1.1\r\n" + HOST + b"X: Y\rContent-Length: 5\r\n\r\n", 400),
    "folded": (b"POST /echo HTTP/1.1\r\n" + HOST + b" Content-Length: 31\r\n\r\n", 400),
    "space-colon": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length : 5\r\n\r\n", 400),
    "version": (b"GET /hello HTTP/9.9\r\n" + HOST + b"\r\n", 505),
    "absolute": (b"GET http://b/hello HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "two-hosts": (b"GET /hello HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "upgrade": (b"GET /hello HTTP/1.1\r\n" + HOST + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n", 501),
    "big-head": (b"GET /hello HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1024 * 1024 + b"\r\n\r\n", 413),
    "fields": (b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 64 + b"\r\n", 413),
    "big-target": (b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 413),
    "encoded-slash": (b"GET /a%2fb HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 400),
    "dots": (b"GET /../hello HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 400),
    "encoded-nul": (b"GET /hello%00 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 400),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_smuggling_shapes(server, shape):
    request, status = SHAPES[shape]
    with server.connect() as s:
        answer = ask(s, request + SMUGGLED)
        assert answer and answer[0] == status
        assert answer[1]["content-type"] == "application/problem+json"
        assert answer[1]["connection"] == "close"
        assert json.loads(answer[2])["status"] == status  # nothing behind the one document
        assert is_closed(s)


def trace(tail, ago=0):
    """A request id of this moment, or of `ago` seconds before."""
    digits = f"{int((time.time() - ago) * 1000):012x}"
    return f"{digits[:8]}-{digits[8:]}-{tail}"


def test_pipelined_second_request_waits_and_is_answered(server):
    one, two = (trace(tail).encode() for tail in ("7001", "7002"))
    with server.connect() as s:
        # bodies without a hexadecimal digit: the ids of the requests have those
        s.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Request-Id: " + one + b"\r\n\r\nuvw"
                  b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX-Request-Id: " + two + b"\r\nConnection: close\r\n\r\nxyz")
        data = b""
        while piece := s.recv(65536):
            data += piece
    assert data.index(b"X-Request-Id: " + one) < data.index(b"uvw") < data.index(b"X-Request-Id: " + two) < data.index(b"xyz")
    assert data.count(b"HTTP/1.1 200") == 2


# --- ordinary use at the edges ---

def test_methods_head_and_not_found(server):
    with server.connect() as s:
        s.sendall(b"HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        data = s.recv(65536)
        assert data.startswith(b"HTTP/1.1 200") and data.endswith(b"\r\n\r\n") and b"Content-Length: 0" not in data
        answer = ask(s, b"DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer[0] == 405 and answer[1]["allow"] == "GET"
        assert ask(s, b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 404
        # no form, a name, a time that is not now, a whole id of another version: each is replaced
        for bad in (b"bad id", b"33048318500101001X", b"019a3f5c-8f21-7c4", trace("7001", ago=3600).encode(), trace("4001").encode(), b"x" * 300):
            answer = ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + bad + b"\r\n\r\n")
            assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}", answer[1]["x-request-id"]) and answer[1]["x-request-id"].encode() != bad
        whole = trace("7abc") + "-8000-00163e0a0b0c"
        assert ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + whole.encode() + b"\r\n\r\n")[1]["x-request-id"] == whole[:18]


def test_body_over_its_limit(server):
    with server.connect() as s:
        answer = ask(s, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" + b"a" * 65537)
        assert answer[0] == 413 and answer[1]["connection"] == "close"
        assert is_closed(s)
    with server.connect() as s:
        answer = ask(s, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n" + b"a" * 65536)
        assert answer[0] == 200 and answer[2] == b"a" * 65536
        answer = ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na")
        assert answer[0] == 413


def test_expect_continue(server):
    with server.connect() as s:
        assert ask(s, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")[0] == 100
        assert ask(s, b"abc")[2] == b"abc"
        answer = ask(s, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\nExpect: 100-continue\r\n\r\n")
        assert answer[0] == 413  # before the body


def test_upload(server):
    size = 3 * 1024 * 1024 + 17
    before = server.stats()["uploaded"]
    head = b"PATCH /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nContent-Type: %s\r\n\r\n"
    with server.connect() as s:
        assert ask(s, head % (size, b"application/offset+octet-stream") + bytes(size))[0] == 204
        assert ask(s, head % (5, b"text/plain") + b"hello")[0] == 415
    assert server.stats()["uploaded"] == before + size


# --- slow and silent peers ---

def test_nothing_sent(server):
    with server.raw() as s:  # half-open for TLS, idle for plain
        begin = time.monotonic()
        assert is_closed(s)
        assert time.monotonic() - begin > 0.3


def test_idle_after_a_request(server):
    with server.connect() as s:
        assert ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
        begin = time.monotonic()
        assert is_closed(s)
        assert time.monotonic() - begin > 1


def test_head_byte_by_byte(server):
    request = b"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100
    with server.connect() as s:
        begin = time.monotonic()
        try:
            for byte in request:
                s.sendall(bytes([byte]))
                time.sleep(0.02)  # each is progress, the head as a whole is too slow
        except (ConnectionError, ssl.SSLError):
            pass
        assert time.monotonic() - begin < 4
        answer = read_answer(s)
        assert answer is None or answer[0] == 408


def test_stalled_body(server):
    with server.connect() as s:
        answer = ask(s, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert answer[0] == 408 and answer[1]["connection"] == "close"
        assert is_closed(s)


def test_trickled_body(server):
    """Never stalls, but is slower than the minimum rate on average."""
    with server.connect() as s:
        s.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n")
        begin = time.monotonic()
        try:
            while time.monotonic() - begin < 4:
                s.sendall(b"a" * 100)
                time.sleep(0.05)
        except (ConnectionError, ssl.SSLError):
            pass
        assert time.monotonic() - begin < 3


def test_never_reading(server):
    before = server.stats()["timeouts"]
    with server.connect() as s:
        s.sendall(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.3)
        assert server.memory() < 300 * 1024 * 1024
        end = time.monotonic() + 6
        while server.stats()["live"] and time.monotonic() < end:
            time.sleep(0.1)
    stats = server.stats()
    assert stats["live"] == 0 and stats["timeouts"] == before + 1


def test_trickled_reading(server):
    """Reads all the time, but slower than the minimum rate."""
    before = server.stats()["timeouts"]
    with server.connect() as s:
        s.sendall(b"GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        end = time.monotonic() + 10
        try:
            while server.stats()["live"] and time.monotonic() < end:
                s.recv(100)
                time.sleep(0.05)
        except (ConnectionError, ssl.SSLError):
            pass
    stats = server.stats()
    assert stats["live"] == 0 and stats["timeouts"] == before + 1


def test_quiet_stream_outlives_the_idle_limit(server):
    with server.connect() as s:
        s.sendall(b"GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(2.2)
        assert server.stats()["live"] == 1
    end = time.monotonic() + 3
    while server.stats()["live"] and time.monotonic() < end:
        time.sleep(0.05)
    assert server.stats()["live"] == 0  # noticed at once that the peer has gone


def test_reset_in_mid_body(server):
    for path in (b"POST /echo", b"PATCH /upload"):
        with server.connect() as s:
            s.sendall(path + b" HTTP/1.1\r\nHost: a\r\nContent-Type: application/offset+octet-stream\r\n"
                      b"Content-Length: 60000\r\n\r\n" + b"a" * 1000)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    end = time.monotonic() + 3
    while server.stats()["live"] and time.monotonic() < end:
        time.sleep(0.05)
    assert server.stats()["live"] == 0


# --- many ---

def test_beyond_the_maximum_waits_in_the_backlog(certs):
    server = Server(certs, False, "--max", "3", "--scale", "1")
    held = [server.raw() for _ in range(3)]
    for s in held:
        assert ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
        s.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n")  # a request has begun: nobody takes its place
    time.sleep(0.1)
    late = server.raw()
    late.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
    late.settimeout(0.2)
    with pytest.raises(TimeoutError):
        late.recv(1)
    held.pop().close()
    late.settimeout(5)
    assert read_answer(late)[0] == 200
    for s in [*held, late]:
        s.close()
    assert server.stop() == 0


def test_beyond_the_maximum_the_oldest_idle_goes(certs):
    server = Server(certs, False, "--max", "3", "--scale", "1")
    held = [server.raw() for _ in range(3)]
    for s in held:
        assert ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
    held[0].sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n")
    time.sleep(0.1)
    late = server.raw()
    assert ask(late, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
    held[1].settimeout(5)
    assert held[1].recv(1) == b""  # idle for the longest time
    assert ask(held[0], b"\r\n")[0] == 200
    assert ask(held[2], b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
    for s in [*held, late]:
        s.close()
    assert server.stop() == 0


def test_out_of_descriptors(certs):
    server = Server(certs, False)
    subprocess.run(["prlimit", f"--pid={server.process.pid}", "--nofile=40:40"], check=True, timeout=5)
    many = []
    for _ in range(100):
        s = socket.create_connection(("127.0.0.1", server.port), timeout=2)
        s.setblocking(False)
        many.append(s)
    time.sleep(0.3)
    before = server.cpu()
    time.sleep(0.5)
    assert server.cpu() - before < 0.2, "spins"
    for s in many:
        s.close()
    time.sleep(0.3)
    assert server.stats()["open"] >= 1
    assert server.stop() == 0


def test_many_idle_connections(certs):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(2000, hard - 200)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 5000), hard))
    server = Server(certs, True, "--scale", "1")
    context = server.context()
    with server.connect() as s:
        assert ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
    before = server.memory()
    begin = time.monotonic()
    idle = []
    for _ in range(count):
        s = context.wrap_socket(server.raw(), server_hostname="localhost")
        assert ask(s, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 200
        idle.append(s)
    assert server.stats()["open"] == count + 1
    each = (server.memory() - before) / count
    print(f"\n{count} idle TLS connections after one request: {each / 1024:.1f} KiB each, {time.monotonic() - begin:.1f} s")
    cpu = server.cpu()
    time.sleep(0.5)
    assert server.cpu() - cpu < 0.1
    for s in idle:
        s.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert server.stop() == 0
    if "asan" not in PROBE and "tsan" not in PROBE:
        assert each < 64 * 1024
