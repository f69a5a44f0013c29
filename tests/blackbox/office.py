"""Two or more real daemons in a temporary directory, and ways to talk to them.

`World` makes keys, certificates and configurations of offices (330483 and 320623 unless told) with config/demo/make-office.sh; `Office` runs one
daemon and speaks its three APIs.  Everything on 127.0.0.1.  Persons are made up.
"""
import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME, AWAY, THIRD = "330483", "320623", "330503"
START_S, STOP_S, WAIT_S = 20, 20, 20
PORTS_BLOCK = 100
held_block = None

ITEMS = {
    HOME: [("GA01", "居民身份证遗失补领"), ("GA09", "户口迁移审批")],
    AWAY: [("RS01", "社会保险登记")],
    THIRD: [("GA01", "居民身份证遗失补领")],
}


def daemon_path():
    """The program under test: TONGBAND, that of TONGBAN_BUILD, or the newest build."""
    if os.environ.get("TONGBAND"):
        return os.environ["TONGBAND"]
    if os.environ.get("TONGBAN_BUILD"):
        return str(pathlib.Path(os.environ["TONGBAN_BUILD"]).resolve() / "bin" / "tongband")
    builds = [ROOT / "build" / preset / "bin" / "tongband" for preset in ("release", "debug", "asan")]
    built = [path for path in builds if path.exists()]
    assert built, "no tongband is built"
    return str(max(built, key=lambda path: path.stat().st_mtime))


def control_path():
    """The tongbanctl that was built with it; TONGBAND may be a wrapper somewhere else."""
    build = os.environ.get("TONGBAN_BUILD")
    return pathlib.Path(build).resolve() / "bin" / "tongbanctl" if build else pathlib.Path(daemon_path()).with_name("tongbanctl")


def item(code, name, version=1, until=None):
    """One catalogue item as YAML flow text (JSON is YAML)."""
    document = {
        "code": code, "version": version, "name": name, "name_en": "item_" + code.lower(), "category": "户籍身份证", "department": "公安局",
        "task_type": "20", "subject": "P", "mode": "PROXY", "steps": "INOPD", "in_person": False,
        "materials": [{"name": "原居民身份证", "form": "O", "required": True}], "statutory_limit": {"days": 60, "unit": "calendar_day"},
        "promised_limit": {"days": 20, "unit": "working_day"}, "project_type": "committed", "fee": "0元", "result": "居民身份证",
        "legal_basis": "居民身份证法第10-12条", "effective_from": "2021-01-01", "approximate": [],
    }
    if until:
        document["effective_to"] = until
    return document


def port_block():
    """The first port of a block that this process alone looks for ports in, for its life: suites run beside each other."""
    global held_block
    for first in range(20000, 32000, PORTS_BLOCK) if held_block is None else ():
        handle = open(os.path.join(tempfile.gettempdir(), f"tongban-ports-{first}"), "w", encoding="ascii")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            continue
        held_block = first, handle
        break
    assert held_block, "no free block of ports"
    return held_block[0]


def free_ports(count):
    """The first of `count` consecutive ports that are free now."""
    block = port_block()
    for first in range(block, block + PORTS_BLOCK - count + 1):
        held = []
        try:
            for port in range(first, first + count):
                holder = socket.socket()
                holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the daemon: a connection that just ended is no bar
                held.append(holder)
                holder.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for holder in held:
                holder.close()
    raise AssertionError("no free ports")


class Answer:
    """Status, headers (lower case) and body of one answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {k.lower(): v for k, v in headers}, body

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """Name of the problem, checked for its form."""
        assert self.headers.get("content-type", "").startswith("application/problem+json"), (self.status, self.body[:300])
        document = self.json()
        assert document["status"] == self.status
        assert document["title"] and document["type"].startswith("urn:tongban:problem:")
        return document["type"].removeprefix("urn:tongban:problem:")

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Office:
    """One office: its files, its daemon, its ports."""

    def __init__(self, world, code, port):
        self.world, self.code, self.port = world, code, port
        self.directory = world.directory / code
        self.config = self.directory / "office.yaml"
        self.tls = self.directory / "tls"
        self.process = None
        self.log = self.directory / "log"
        self.socket = self.directory / "ctl"

    # ---- life ----
    def start(self, wait=True):
        assert self.process is None
        # quoted: the sanitizer's options end at a space, and the tree may lie in a directory with one
        suppressions = f"suppressions='{pathlib.Path(__file__).parent / 'tsan.suppressions'}'"
        environment = {**os.environ, "TSAN_OPTIONS": ":".join(filter(None, [os.environ.get("TSAN_OPTIONS"), suppressions]))}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([daemon_path(), "--config", str(self.config)], stderr=log, stdout=log, stdin=subprocess.DEVNULL,
                                            env=environment)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if self.admin("/healthz").status in (200, 503):
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"{self.code} did not start ({self.process.poll()}):\n{self.log_text()[-4000:]}")

    def stop(self, number=signal.SIGTERM):
        """Exit status after a signal."""
        process, self.process = self.process, None
        if process is None:
            return None
        process.send_signal(number)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{self.code} did not stop:\n{self.log_text()[-4000:]}") from None

    def kill(self):
        return self.stop(signal.SIGKILL)

    def log_text(self):
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def events(self, name):
        """Log lines of one event."""
        lines = [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == name]

    def edit(self, pattern, replacement):
        """Changes the configuration; the pattern must be there."""
        text = self.config.read_text()
        changed, count = re.subn(pattern, replacement, text, flags=re.S)
        assert count, pattern
        self.config.write_text(changed)

    def admission(self, **values):
        """Sets `admission` of the configuration."""
        members = ", ".join(f"{key}: {value}" for key, value in values.items())
        self.config.write_text(re.sub(r"^admission: .*\n", "", self.config.read_text(), flags=re.M) + f"\nadmission: {{{members}}}\n")

    # ---- talking ----
    def context(self, authority, certificate=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(authority)
        if certificate:
            context.load_cert_chain(f"{certificate}.crt", f"{certificate}.key")
        return context

    def connect_window(self, staff="0007", certificate=None):
        context = self.context(self.tls / "staff-ca.crt", certificate or self.tls / f"staff-{staff}")
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=WAIT_S)

    def connect_peer(self, certificate):
        return http.client.HTTPSConnection("127.0.0.1", self.port + 1, context=self.context(self.tls / "peer-ca.crt", certificate), timeout=WAIT_S)

    def window(self, method, path, body=None, staff="0007", key=None, headers=None, certificate=None, connection=None):
        """One request of a member of staff; a POST gets a new idempotency key unless one is given ("" for none)."""
        headers = dict(headers or {})
        if method == "POST" and key != "" and "Idempotency-Key" not in headers:
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        own = connection is None
        connection = connection or self.connect_window(staff, certificate)
        try:
            return exchange(connection, method, path, body, headers)
        finally:
            if own:
                connection.close()

    def peer(self, method, path, body=None, certificate=None, headers=None):
        """One request to the peer API, by default with the counterpart's gateway certificate."""
        certificate = certificate or self.world.other(self).tls / "gateway"
        connection = self.connect_peer(certificate)
        try:
            return exchange(connection, method, path, body, {"Content-Type": "application/x-ndjson", **(headers or {})})
        finally:
            connection.close()

    def admin(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port + 2, timeout=WAIT_S)
        try:
            return exchange(connection, "GET", path, None, {})
        finally:
            connection.close()

    def control(self, *words, code=0, language="C", wait=True):
        """What `tongbanctl` prints (of a failure: what it says); wait=False: the running process."""
        command = [control_path(), "--socket", str(self.socket), *words]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={"LANG": language, "LC_ALL": language, "PATH": "/usr/bin:/bin"})
        if not wait:
            return process
        output, errors = process.communicate(timeout=60)
        assert process.returncode == code, (process.returncode, output, errors)
        return output if code == 0 or output else errors

    def control_json(self, *words, code=0):
        return json.loads(self.control("--json", *words, code=code))

    def metric(self, name):
        """Present value of one metric."""
        for line in self.admin("/metrics").body.decode().splitlines():
            if line.startswith(f"tongban_{name} "):
                return float(line.split()[-1])
        raise AssertionError(f"no metric {name}")

    # ---- what tests do often ----
    def intake(self, staff="0007", key=None, **members):
        return self.window("POST", "/window/v1/cases", application(self.world.other(self).code, **members), staff, key)

    def act(self, case, action, body=None, staff="0101", key=None):
        return self.window("POST", f"/window/v1/cases/{case}/actions/{action}", body or {}, staff, key)

    def case(self, number, staff="0007"):
        return self.window("GET", f"/window/v1/cases/{number}", staff=staff)

    def wait_case(self, number, test, staff="0007", seconds=WAIT_S):
        """The case document once `test` holds for it."""
        end = time.monotonic() + seconds
        answer = None
        while time.monotonic() < end:
            answer = self.window("GET", f"/window/v1/cases?q={number}", staff=staff)
            rows = answer.json()["rows"] if answer.status == 200 else []
            if rows and test(rows[0]):
                return self.case(number, staff).json()
            time.sleep(0.02)
        raise AssertionError(f"{self.code}: {number} is {answer}\n{self.log_text()[-2000:]}")

    def wait_state(self, number, state, staff="0007", pending=False, seconds=WAIT_S):
        return self.wait_case(number, lambda row: row["state"] == state and (pending or not row.get("pending")), staff, seconds)

    def upload(self, content, media="application/pdf", staff="0007"):
        """Uploads a material whole; its name."""
        digest = hashlib.sha256(content).hexdigest()
        answer = self.create_upload(digest, len(content), media, staff)
        assert answer.status == 201, answer
        offset = int(answer.headers.get("upload-offset", 0))
        if offset < len(content):
            answer = self.patch_upload(digest, offset, content[offset:], staff)
            assert answer.status == 204, answer
        return digest

    def create_upload(self, digest, length, media="application/pdf", staff="0007"):
        metadata = f"sha256 {base64_text(digest)},type {base64_text(media)}"
        return self.window("POST", "/window/v1/materials", staff=staff,
                           headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": metadata})

    def patch_upload(self, digest, offset, content, staff="0007"):
        return self.window("PATCH", f"/window/v1/materials/{digest}", content, staff,
                           headers={"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"})


def base64_text(text):
    import base64
    return base64.b64encode(text.encode()).decode()


def exchange(connection, method, path, body, headers):
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return Answer(answer.status, answer.getheaders(), answer.read())


def application(office, code=None, forward=True, **members):
    """An intake request about a made-up person."""
    document = {
        "item": {"office": office, "code": code or ITEMS[office][0][0]},
        "applicant": {"kind": "person", "name": "张三", "certificate": {"type": "citizen-id", "number": "33048318500101001X"},
                      "mobile": "13900001234"},
        "materials": [{"name": "原居民身份证", "form": "original", "original_seen": True}],
        "comparison": {"result": "match", "score": 93},
        "forward": forward,
    }
    document.update(members)
    return {name: value for name, value in document.items() if value is not None}


class Proxy(threading.Thread):
    """A TCP link that can be cut: between an office and its counterpart's gateway."""

    def __init__(self, port, target):
        super().__init__(daemon=True)
        self.target, self.up, self.pairs, self.ended = target, True, {}, False
        self.carried = 0  # bytes, both ways
        self.listener = socket.create_server(("127.0.0.1", port))
        self.wake_read, self.wake_write = os.pipe()
        self.start()

    def cut(self):
        self.up = False
        os.write(self.wake_write, b"x")

    def restore(self):
        self.up = True

    def close(self):
        self.ended = True
        os.write(self.wake_write, b"x")
        self.join(5)
        os.close(self.wake_read)  # not by the thread: it may see `ended` before the write
        os.close(self.wake_write)

    def drop(self, one):
        two = self.pairs.pop(one, None)
        self.pairs.pop(two, None)
        for end in (one, two):
            if end:
                end.close()

    def accept(self):
        client, _ = self.listener.accept()
        if not self.up:
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            client.close()
            return
        self.pairs[client], self.pairs[server] = server, client

    def run(self):
        while not self.ended:
            ready, _, _ = select.select([self.listener, self.wake_read, *self.pairs], [], [], 5)
            for source in ready:
                if source is self.listener:
                    self.accept()
                elif source == self.wake_read:
                    os.read(self.wake_read, 100)
                elif source in self.pairs:
                    try:
                        data = source.recv(65536)
                        if not data or not self.up:
                            raise OSError
                        self.pairs[source].sendall(data)
                        self.carried += len(data)
                    except OSError:
                        self.drop(source)
            if not self.up:
                for source in list(self.pairs):
                    self.drop(source)
        for source in list(self.pairs):
            self.drop(source)
        self.listener.close()


class World:
    """Offices, each a counterpart of all others, and the links between them."""

    templates = {}  # codes -> directory with their keys, made once

    def __init__(self, directory=None, proxies=False, codes=(HOME, AWAY)):
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="tongban-"))
        count = len(codes)
        first = free_ports(3 * count + count * (count - 1))
        if codes not in World.templates:
            World.templates[codes] = pathlib.Path(tempfile.mkdtemp(prefix="tongban-template-"))
            make_offices(World.templates[codes], codes, first)
        for name in os.listdir(World.templates[codes]):
            shutil.copytree(World.templates[codes] / name, self.directory / name)
        self.offices = {code: Office(self, code, first + 3 * i) for i, code in enumerate(codes)}
        self.home, self.away = self.offices[HOME], self.offices[AWAY]
        self.proxies, self.links = [], {}  # links: (from, to) -> Proxy
        for office in self.offices.values():
            self.configure(office, first + 3 * count, proxies)

    def link(self, office, other, spare, proxies):
        """Port at which one office finds the gateway of another."""
        if not proxies:
            return other.port + 1
        port = spare + len(self.proxies)
        self.proxies.append(Proxy(port, other.port + 1))
        self.links[office.code, other.code] = self.proxies[-1]
        return port

    def configure(self, office, spare, proxies):
        office.edit(r"(window: \{address: 127.0.0.1, port: )\d+", rf"\g<1>{office.port}")
        office.edit(r"(peer: \{address: 127.0.0.1, port: )\d+", rf"\g<1>{office.port + 1}")
        office.edit(r"(admin: \{port: )\d+", rf"\g<1>{office.port + 2}")
        for other in self.others(office):
            office.edit(rf"(office: {other.code}\n    name: [^\n]*\n    url: https://127.0.0.1:)\d+",
                        rf"\g<1>{self.link(office, other, spare, proxies)}")
        catalogue = office.directory / "catalogue.yaml"
        self.write_catalogue(office, [item(code, name) for code, name in ITEMS[office.code]])
        office.edit(r"catalogue:\n(  - [^\n]*\n)*", f"catalogue:\n  - '{catalogue}'\n")
        with open(office.config, "a", encoding="utf-8") as text:
            text.write(f"control: {office.socket}\n")

    def write_catalogue(self, office, items):
        text = json.dumps({"office": office.code, "items": items}, ensure_ascii=False, indent=1)
        (office.directory / "catalogue.yaml").write_text(text)

    def others(self, office):
        return [other for other in self.offices.values() if other is not office]

    def other(self, office):
        """The counterpart of one of the first two."""
        return self.offices[AWAY if office.code == HOME else HOME]

    def start(self):
        for office in self.offices.values():
            office.start(wait=False)
        for office in self.offices.values():
            office.wait_ready()
        self.wait_catalogues()
        return self

    def wait_catalogues(self):
        """Until each side knows the other's items and may act for it."""
        for office, other in ((one, two.code) for one in self.offices.values() for two in self.others(one)):
            end = time.monotonic() + WAIT_S
            while time.monotonic() < end:
                rows = office.window("GET", f"/window/v1/items?office={other}").json().get("rows", [])
                if len(rows) >= len(ITEMS[other]):
                    break
                time.sleep(0.02)
            else:
                logs = "\n".join(f"{one.code}:\n{one.log_text()[-3000:]}" for one in self.offices.values())
                raise AssertionError(f"{office.code} has no catalogue of {other}\n{logs}")

    def stop(self):
        statuses = [office.stop() for office in self.offices.values()]
        for proxy in self.proxies:
            proxy.close()
        self.proxies = []
        return statuses

    def cut(self):
        for proxy in self.proxies:
            proxy.cut()

    def restore(self):
        for proxy in self.proxies:
            proxy.restore()

    def remove(self):
        for office in self.offices.values():
            if office.process:
                office.kill()
        for proxy in self.proxies:
            proxy.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def make_offices(directory, codes, port):
    ports = [str(port + 3 * i) for i in range(len(codes))]
    subprocess.run(["bash", str(ROOT / "config" / "demo" / "make-office.sh"), str(directory), *ports], check=True,
                   env={**os.environ, "TONGBAND": daemon_path(), "OFFICES": " ".join(codes)}, stdout=subprocess.DEVNULL)


def make_certificate(directory, name, authority, usage, names, days=29):
    """A certificate signed by `authority` (path without suffix; None: signed by itself).  Returns the path without suffix."""
    base = pathlib.Path(directory) / name
    subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-sha256", "-subj", f"/CN={name}",
                    "-keyout", f"{base}.key", "-out", f"{base}.csr"], check=True, capture_output=True)
    extensions = base.with_suffix(".ext")
    extensions.write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
                          f"extendedKeyUsage={usage}\nsubjectAltName={names}\n")
    signer = ["-signkey", f"{base}.key"] if authority is None else ["-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial"]
    subprocess.run(["openssl", "x509", "-req", "-in", f"{base}.csr", *signer, "-days", str(days), "-sha256", "-out", f"{base}.crt",
                    "-extfile", str(extensions)], check=True, capture_output=True)
    return base


@contextlib.contextmanager
def running(**options):
    """Two offices that run and know each other, for the time of a test or of a file; each must end cleanly."""
    world = World(**options)
    try:
        world.start()
        yield world
        assert world.stop() == [0, 0], "a daemon did not end cleanly"
    finally:
        world.remove()
