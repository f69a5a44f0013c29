"""A window API that answers from memory: enough of docs/protocol.md to drive `tongban` without a daemon.

It can be told to break: FakeWindow.drop (answers lost after the work was done), .drop_patch (a PATCH cut off half way).
Certificates are made with openssl at start; nothing listens outside 127.0.0.1."""
import base64
import hashlib
import http.server
import json
import pathlib
import ssl
import subprocess
import threading
import urllib.parse

CASE = "320623261123000000122"


def make_certificates(directory):
    directory = pathlib.Path(directory)

    def run(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=directory)

    for name in ("ca", "other"):
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    for name, san in (("server", "IP:127.0.0.1"), ("staff", "URI:urn:tongban:staff:320623:0007")):
        (directory / f"{name}.ext").write_text(f"subjectAltName={san}\n")
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
            "-keyout", f"{name}.key", "-out", f"{name}.csr")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")


ITEM = {"office": "330483", "edition": 1, "code": "GA01", "version": 1, "name": "居民身份证换领",
        "department": "桐乡市公安局", "mode": "PROXY",
        "steps": "INOPD",
        "statutory_limit": {"days": 60, "unit": "calendar_day"}, "promised_limit": {"days": 20, "unit": "working_day"},
        "fee": "20元/证", "result": "居民身份证", "legal_basis": "居民身份证法第10-12条",
        "materials": [{"name": "居民身份证异地受理登记表", "form": "F", "required": True},
                      {"name": "原居民身份证", "form": "O", "required": True}]}
ROW = {"case": CASE, "state": "forwarded", "light": "yellow", "item": {"code": "GA01", "name": "居民身份证换领"}, "applicant": {"name": "张*"},
       "due": {"date": "2027-02-19", "provisional": True}, "times": {"handed_in": "2026-11-23T09:30:00.123+08:00"}, "actions": ["withdraw"]}


CLOCKS = {"case": CASE, "state": "accepted", "state_text": "已受理", "today": "2026-12-09", "light": "red", "rule": "PERMIT_5WD", "receipt": "home",
          "clocks": [{"clock": "acceptance", "name": "受理", "law": "行政许可法 32(4)", "step": False, "from": "2026-11-23", "due": "2026-11-30",
                      "provisional": False, "stopped": False, "ended": "2026-11-24", "left": 4, "overdue": 0, "light": ""},
                     {"clock": "decision", "name": "决定", "law": "行政许可法 42", "step": False, "from": "2026-11-23", "due": "2026-12-07",
                      "provisional": True, "stopped": False, "ended": None, "left": -2, "overdue": 2, "light": "red"}],
          "escalation": {"level": 3, "who": "window_head", "name": "窗口负责人"},
          "phases": [{"phase": "link", "name": "传输", "side": "link", "from": "2026-11-23T09:30:00.000+08:00",
                      "to": "2026-11-23T09:30:01.000+08:00", "days": 0, "limit": 0, "over": 0},
                     {"phase": "decision", "name": "审查决定", "side": "home", "from": "2026-11-23T09:40:00.000+08:00", "to": None,
                      "days": 12, "limit": 10, "over": 2}],
          "delay": {"intake": 0, "link": 0, "home": 2, "applicant": 0, "special": 0}}


def problem(name, status, detail="", **more):
    return status, {"type": "urn:tongban:problem:" + name, "title": "server title", "status": status, "detail": detail,
                    "remedy": "r", **more}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def send(self, status, doc=None, headers=()):
        body = b"" if doc is None else json.dumps(doc, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if doc is not None:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def cut(self):
        self.close_connection = True
        try:
            self.connection.unwrap()
        except (OSError, ValueError):
            pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self):
        world, url = self.server.world, urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        world.seen.append((self.command, self.path))
        if url.path == "/window/v1/items":
            self.send(200, {"rows": [] if world.empty else [{**ITEM, "materials": 2}], "next": None})
        elif url.path == "/window/v1/items/330483/GA01":
            self.send(200, ITEM)
        elif url.path == "/window/v1/cases":
            state = world.state
            rows = [dict(ROW, state=state)] * 2 if "cursor" not in query else [dict(ROW, state=state)]
            self.send(200, {"rows": [] if world.empty else rows, "next": None if "cursor" in query or world.empty else "c2"})
        elif url.path == f"/window/v1/cases/{CASE}":
            self.send(200, world.case())
        elif url.path == f"/window/v1/cases/{CASE}/timeline":
            self.send(200, {"case": CASE, "state": world.state, "rev": len(world.timeline), "rows": world.timeline})
        elif url.path == f"/window/v1/cases/{CASE}/clocks":
            self.send(200, CLOCKS)
        elif url.path == f"/window/v1/cases/{CASE}/bundle":
            self.send(200, {"v": 1, "entries": []})
        elif url.path == f"/window/v1/cases/{CASE}/events":
            self.events()
        elif url.path == "/window/v1/todo":
            self.send(200, {"rows": [] if world.empty else [ROW], "next": None})
        elif url.path == "/window/v1/registers":
            self.send(200, {"rows": [], "next": None})
        elif url.path == "/window/v1/office":
            self.send(200, {"office": "320623", "name": "如东县政务办", "staff": {"id": "0007", "name": "测试", "role": "window"}, "peers": []})
        else:
            self.send(*problem("not-found", 404, "no such case"))

    def events(self):
        world = self.server.world
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        world.streams += 1
        self.wfile.write(b": hello\n\n")
        if world.streams > 1:  # the first stream breaks without an event
            world.state = "completed"
            world.timeline.append({"rev": 2, "at": "2026-11-23T10:00:00.000+08:00", "from": "330483",
                                   "type": "case.completed", "summary": {}})
            self.wfile.write(f'event: state\r\ndata: {{"case":"{CASE}","state":"completed","rev":2,"at":"x"}}\r\n\r\n'.encode())
        self.cut()

    def do_HEAD(self):
        world = self.server.world
        world.seen.append((self.command, self.path))
        name = self.path.rsplit("/", 1)[1]
        length, data = world.uploads.get(name, (0, b""))
        self.send(200, None, [("Upload-Offset", str(len(data))), ("Upload-Length", str(length)),
                              ("Tus-Resumable", "1.0.0")])

    def do_PATCH(self):
        world = self.server.world
        name, offset = self.path.rsplit("/", 1)[1], int(self.headers["Upload-Offset"])
        length, data = world.uploads[name]
        if world.drop_patch and offset == len(data):
            world.drop_patch -= 1
            world.uploads[name] = (length, data + self.rfile.read(1000))
            return self.cut()
        piece = self.body()
        if offset != len(data):
            return self.send(*problem("upload-offset", 409))
        world.seen.append((self.command, offset, len(piece)))
        if self.headers["Upload-Checksum"] != "sha256 " + base64.b64encode(hashlib.sha256(piece).digest()).decode():
            return self.send(*problem("checksum-mismatch", 460))
        data += piece
        world.uploads[name] = (length, data)
        if len(data) == length and hashlib.sha256(data).hexdigest() != name:
            return self.send(*problem("material-mismatch", 422))
        self.send(204, None, [("Upload-Offset", str(len(data)))])

    def do_POST(self):
        world, body = self.server.world, self.body()
        if self.path == "/window/v1/materials":
            pairs = dict(pair.split(" ") for pair in self.headers["Upload-Metadata"].split(","))
            name = base64.b64decode(pairs["sha256"]).decode()
            world.types.append(base64.b64decode(pairs["type"]).decode())
            length, data = world.uploads.setdefault(name, (int(self.headers["Upload-Length"]), b""))
            return self.send(201, None, [("Location", "/window/v1/materials/" + name),
                                         ("Upload-Offset", str(len(data)))])
        key = self.headers.get("Idempotency-Key")
        if not key:
            return self.send(*problem("idempotency-key-missing", 400))
        if key not in world.answers:
            world.bodies.append((self.path, json.loads(body)))
            world.answers[key] = world.refusal or (201 if self.path.endswith("/cases") else 200, world.case())
        if world.drop:
            world.drop -= 1
            return self.cut()
        self.send(*world.answers[key])


class FakeWindow:
    def __init__(self, certificates):
        self.uploads, self.answers, self.bodies, self.seen, self.types = {}, {}, [], [], []
        self.empty, self.changes = False, {}  # lists without rows; members of the case that differ
        self.state, self.streams, self.drop, self.drop_patch, self.refusal = "forwarded", 0, 0, 0, None
        self.timeline = [{"rev": 1, "at": "2026-11-23T09:30:00.123+08:00", "from": "320623", "type": "case.submitted",
                          "staff": "320623:0007",
                          "verdict": "done", "pending": False, "summary": {}}]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{certificates}/server.pem", f"{certificates}/server.key")
        context.load_verify_locations(f"{certificates}/ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, address):
                pass  # a client that does not trust us is a test, not a trace on the terminal

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.world = self
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def case(self):
        return {"case": CASE, "home": "330483", "intake": "320623",
                "item": {"office": "330483", "code": "GA01", "version": 1, "name": "居民身份证换领"},
                "state": self.state, "pending": False, "rev": 1, "times": {"handed_in": "2026-11-23T09:30:00.123+08:00"},
                "due": {"date": "2027-02-19", "provisional": True, "what": "decision"}, "actions": [], "next": "",
                "applicant": {"name": "张三", "certificate": {"type": "citizen-id", "number": "33048318500101001X"},
                              "mobile": "13900001234"},
                "materials": [{"name": "原居民身份证", "form": "original", "original_seen": True,
                               "sha256": "0" * 64, "here": True}], **self.changes}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
