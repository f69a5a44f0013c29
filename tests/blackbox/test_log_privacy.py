"""No personal data in the log: a day at both offices with planted names and numbers in every field of every route, at level debug, in both
forms of the log; then the logs and the metrics are searched for each of them."""
import http.client
import itertools
import json
import re
import socket
import ssl
import subprocess
import time
import urllib.parse

import pytest

import journal
import test_registers
from desk import TONGBAN
from ledger import FakeOffice
from office import AWAY, HOME, ROOT, WAIT_S, World, application, base64_text, make_certificate
from planted import PLANTED, broken_bodies, forms, hits, leaves, variants, with_leaf
from test_bad_answers import NDJSON, Gateway
from test_peer_api import case_number, submit
from test_registers import DELIVERED, DELIVERY, NOTICE, OFFER, done

NAME, NUMBER, FILE = PLANTED["name"], PLANTED["number"], PLANTED["file"]
STAFF = ("0007", "0101", "0201", "0301", "0302", "0303", "0304", "0305")


def loud(office):
    office.edit(r"\nlog: [^\n]*", "\nlog: {level: debug}")


def planted_application(office):
    document = application(office)
    document["applicant"] = {**document["applicant"], "name": NAME, "certificate": {"type": "citizen-id", "number": NUMBER},
                             "mobile": PLANTED["mobile"]}
    return document


@pytest.fixture(params=["json", "journal"])
def day(request, monkeypatch, tmp_path):
    """Two offices at level debug, whose staff have planted names; with the journal as their log, or without."""
    records = None
    if request.param == "journal":
        if not journal.possible():
            pytest.skip("no namespaces for a journal of our own (unshare -rm)")
        records = journal.Journal(tmp_path / "journal")
    world = World()
    for office, name in ((world.home, PLANTED["peer_staff"]), (world.away, PLANTED["staff"])):
        text = re.sub(r"(id: \"\d+\", name: )[^,]+", rf"\g<1>{name}", office.config.read_text())
        rows = "".join(f'  - {{id: "{number}", name: {name}, role: {role}}}\n' for number, role in zip(
            STAFF[3:], ("liaison", "auditor", "assisted", "portal", "kiosk")))
        office.config.write_text(re.sub(r"^staff:\n", "staff:\n" + rows, text, flags=re.M))
        loud(office)
        for number in STAFF[3:]:
            make_certificate(office.tls, f"staff-{number}", office.tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{office.code}:{number}")
    if records:
        monkeypatch.setenv("TONGBAND", str(records.starter))
    try:
        world.start()
        yield world, records
    finally:
        world.remove()
        if records:
            records.close()


# ---- a day as it should be ----

def an_ordinary_day(world):
    """One case through both offices and acts of the registers, everything valid; the case's number."""
    away, home = world.away, world.home
    scan = away.upload(b"%PDF-1.4\n" + NAME.encode() + b" " + NUMBER.encode())
    document = planted_application(HOME)
    document["materials"][0] |= {"sha256": scan}
    number = done(away.window("POST", "/window/v1/cases", document))["case"]
    home.wait_state(number, "received", "0101")
    assert NAME in home.case(number, "0101").body.decode(), "the planted is really in the case"
    notice = json.loads(json.dumps(NOTICE))
    notice["defects"][0]["defect"] = PLANTED["text"]
    done(home.act(number, "notice", notice))
    away.wait_state(number, "supplement_asked")
    done(away.act(number, "supplement", {"materials": [{"name": FILE, "form": "copy"}]}, "0007"))
    home.wait_state(number, "supplemented", "0101")
    done(home.act(number, "accept"))
    home.act(number, "grant", {"delivery": DELIVERY})
    test_registers.act(away, "note", "write", data={"text": PLANTED["text"]}, case=number)
    test_registers.act(home, "problem", "raise", data={"class": "standard", "text": PLANTED["text"], "question": PLANTED["text"]}, case=number)
    test_registers.act(home, "contact", "set", data={"name": PLANTED["peer_staff"], "phone": PLANTED["mobile"], "duty": "联络员"})
    test_registers.act(away, "authorisation", "offer", data={**OFFER, "announcement": PLANTED["text"]})
    away.act(number, "deliver", {**DELIVERED, "recipient": NAME, "server": PLANTED["staff"]}, "0007")
    for office, staff in itertools.product((home, away), STAFF):
        office.case(number, staff)
        office.window("GET", f"/window/v1/cases?q={urllib.parse.quote(NAME)}", staff=staff)
        office.window("GET", f"/window/v1/materials/{scan}", staff=staff)
    return number


# ---- everything in every field ----

def routes():
    text = (ROOT / "proto" / "openapi.yaml").read_text().split("\ncomponents:\n")[0]
    for path, body in re.findall(r"^  (/\S+):\n((?:    .*\n|\n)*)", text, re.M):
        for method in re.findall(r"^    (get|post|patch|head|put|delete):", body, re.M):
            yield method.upper(), path


def words(page, heading):
    return sorted(set(re.findall(heading, (ROOT / "docs" / "reference" / page).read_text(), re.M)))


def every_route(office, number):
    """Each window route with the planted in path, query, headers and body, by each kind of staff."""
    values = itertools.cycle(PLANTED.values())
    connections = {staff: office.connect_window(staff) for staff in STAFF}
    status = {}

    def ask(method, path, body=None, staff="0007", **options):
        try:
            answer = office.window(method, path, body, staff, connection=connections[staff], **options)
        except (OSError, http.client.HTTPException):
            connections[staff].close()
            connections[staff] = office.connect_window(staff)
            return
        status.setdefault(answer.status, 0)
        status[answer.status] += 1
        if answer.headers.get("connection") == "close":
            connections[staff].close()

    for method, pattern in routes():
        if not pattern.startswith("/window/") or pattern.endswith("/events"):
            continue
        for staff in STAFF:
            path = re.sub(r"\{\w+\}", lambda _: urllib.parse.quote(next(values), safe=""), pattern)
            ask(method, path, {} if method == "POST" else None, staff)
            query = "&".join(f"{urllib.parse.quote(key)}={urllib.parse.quote(next(values))}" for key in (
                "q", "case", "code", "office", "number", "name", "from", "until", "state", "limit", "after", "sort", "staff", next(values)))
            real = pattern.replace("{no}", number).replace("{action}", "accept").replace("{kind}", "note").replace("{act}", "write")
            real = re.sub(r"\{\w+\}", lambda _: urllib.parse.quote(next(values), safe=""), real)
            ask(method, f"{real}?{query}", {} if method == "POST" else None, staff)
        if method == "POST":
            real = re.sub(r"\{\w+\}", lambda _: urllib.parse.quote(next(values), safe=""), pattern.replace("{no}", number))
            for body in broken_bodies(NAME):
                ask("POST", real, body, "0101")
    for header in ("X-Request-Id", "Idempotency-Key", "User-Agent", "Content-Type", "Accept", "Upload-Metadata", "Upload-Length", "Upload-Checksum",
                   "Upload-Offset", "Tus-Resumable", "Last-Event-ID", "Cookie", "Range", "Expect", "Content-Encoding", "Referer", NUMBER):
        for value in (NUMBER, PLANTED["latin"], urllib.parse.quote(NAME), base64_text(NAME), PLANTED["mobile"]):
            ask("POST", "/window/v1/materials", b"x", headers={header: value})
            ask("GET", "/window/v1/cases", headers={header: value})
    return status


def every_field(office, number):
    """The bodies of intake, steps and registers with the planted at each leaf."""
    good = planted_application(office.world.other(office).code)
    for value in (NAME, NUMBER, PLANTED["text"]):
        for body in variants(good, value):
            office.window("POST", "/window/v1/cases", body)
    bodies = {"notice": NOTICE, "grant": {"delivery": DELIVERY}, "deliver": DELIVERED, "supplement": {"materials": [{"name": FILE, "form": "copy"}]},
              "deny": {"reason": PLANTED["text"]}, "return": {"reason": PLANTED["text"]}}
    for action in words("case-machine.md", r"^\s+\w+ --> \w+: (\w+)"):
        for body in variants(bodies.get(action, {"reason": "x"}), NAME):
            for staff in ("0007", "0101"):
                office.act(number, action, body, staff)
    for kind in words("registers.md", r"^## \S+ `(\w+)`"):
        acts = set(re.findall(r"^### .*?`([a-z-]+)`", (ROOT / "docs" / "reference" / "registers.md").read_text(), re.M)) or {"write"}
        for name in sorted(acts | {"offer", "write", "raise", "set", "open", "record", "send", "ask", "answer"}):
            data = {"text": PLANTED["text"], "name": NAME, "phone": PLANTED["mobile"], NAME: NAME}
            test_registers.act(office, kind, name, data=data, case=number)
            test_registers.act(office, kind, name, urllib.parse.quote(NAME), data=data)


def uploads(office):
    for value in (NAME, NUMBER, FILE):
        for metadata in (f"sha256 {base64_text(value)},type {base64_text('application/pdf')}", f"filename {base64_text(value)}",
                         f"sha256 {base64_text('0' * 64)},type {base64_text(value)},name {base64_text(value)}", value.encode().hex()):
            office.window("POST", "/window/v1/materials", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "20", "Upload-Metadata": metadata})
    digest = "1" * 64  # the bytes are not those
    office.create_upload(digest, len(NUMBER), "application/pdf")
    office.patch_upload(digest, 0, NUMBER.encode())


def strangers(office, tmp_path):
    """What somebody can say who has no business here."""
    for text in (NAME, NUMBER, PLANTED["latin"]):
        raw = text.encode()
        for port in (office.port, office.port + 1, office.port + 2):
            for bytes_ in (raw, b"GET /" + raw + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + raw + b": " + raw + b"\r\nHost: " + raw + b"\r\n\r\n"):
                with socket.create_connection(("127.0.0.1", port), 5) as one:
                    one.sendall(bytes_)
                    one.shutdown(socket.SHUT_WR)
                    one.settimeout(5)
                    try:
                        one.recv(4096)
                    except OSError:
                        pass
    connection = office.connect_window()
    for head in (f"{PLANTED['latin']} / HTTP/1.1\r\nHost: a\r\n\r\n", f"GET {NAME} HTTP/1.1\r\nHost: a\r\n\r\n", f"GET / {NUMBER}\r\n\r\n",
                 f"GET / HTTP/1.1\r\n{NAME}: x\r\n\r\n", f"GET / HTTP/1.1\r\nHost: {NUMBER}\r\nContent-Length: {NUMBER}\r\n\r\n",
                 f"GET /%ZZ{NUMBER} HTTP/1.1\r\nHost: a\r\n\r\n", f"GET / HTTP/1.1\r\nTransfer-Encoding: {NUMBER}\r\nHost: a\r\n\r\n"):
        connection.close()
        connection.connect()
        connection.sock.sendall(head.encode())
        try:
            connection.sock.recv(4096)
        except OSError:
            pass
    connection.close()
    serial = itertools.count()
    for names in (f"URI:urn:tongban:staff:{office.code}:{NUMBER}", f"URI:urn:tongban:staff:{office.code}:0007-{NUMBER}", f"DNS:{NUMBER}",
                  f"URI:urn:tongban:office:{NUMBER}", f"email:{PLANTED['mail']}"):
        for authority, port in ((office.tls / "staff-ca", office.port), (None, office.port), (office.world.other(office).tls / "peer-ca", office.port + 1)):
            if authority and not (authority.parent / (authority.name + ".key")).exists():
                continue
            base = make_certificate(tmp_path, f"{PLANTED['latin']} {NUMBER} {next(serial)}", authority, "clientAuth", names)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.load_cert_chain(f"{base}.crt", f"{base}.key")
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as plain, context.wrap_socket(plain, server_hostname="planted.invalid") as tls:
                    tls.sendall(b"GET /window/v1/office HTTP/1.1\r\nHost: a\r\n\r\n")
                    tls.recv(4096)
            except OSError:
                pass


def hostile_counterpart(office):
    """With the counterpart's own certificate, but no batch of it."""
    for body in itertools.chain(broken_bodies(NAME), broken_bodies(NUMBER)):
        office.peer("POST", "/peer/v1/messages", body)
        office.peer("POST", "/peer/v1/messages", body + b"\n" + body + b"\n")
    for header in ("X-Request-Id", "User-Agent", "Content-Type", "Upload-Metadata"):
        office.peer("POST", "/peer/v1/messages", b"{}\n", headers={header: NUMBER})
    office.peer("POST", f"/peer/v1/{urllib.parse.quote(NAME)}", b"{}")
    office.peer("POST", "/peer/v1/materials", b"", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "20", "Upload-Metadata": base64_text(NAME)})


def found(world, records):
    """All hits in what both offices wrote."""
    result = []
    for office in world.offices.values():
        result += hits(office.log_text(), f"log of {office.code}")
        if office.process:
            result += hits(office.admin("/metrics").body, f"metrics of {office.code}")
            result += hits(office.admin("/healthz").body, f"health of {office.code}")
    if records:
        result += hits(b"\n".join(records.raw), "journal")
    return result


def test_a_day_leaves_no_personal_data_in_the_log(day, tmp_path):
    world, records = day
    number = an_ordinary_day(world)
    statuses = {}
    for office in world.offices.values():
        for status, count in every_route(office, number).items():
            statuses[status] = statuses.get(status, 0) + count
        every_field(office, number)
        uploads(office)
        strangers(office, tmp_path)
        hostile_counterpart(office)
    assert {200, 400, 403, 404} <= set(statuses) and sum(statuses.values()) > 500, statuses
    assert found(world, records) == []
    for office in world.offices.values():
        bundle = tmp_path / f"bundle-{office.code}.json"
        office.control("bundle", "--out", str(bundle), "--log", str(office.log))
        assert hits(bundle.read_bytes()) == [], "in the support bundle"
    assert world.stop() == [0, 0]
    assert found(world, records) == [], "at the end"
    if records:
        records.close()
        names = {record["TONGBAN_EVENT"] for record in records.records}
        assert len(records.records) > 500 and all({"MESSAGE", "PRIORITY", "TONGBAN_AREA"} <= set(record) for record in records.records)
        assert records.events("handshake_refused")[0]["MESSAGE_ID"] == "80ea97f5c7db4eefb9b427738c4c56e3"
        assert not any(office.log_text().startswith("{") for office in world.offices.values()), "nothing is written twice"
    else:
        names = {json.loads(line)["event"] for office in world.offices.values() for line in office.log_text().splitlines()}
    assert not {"ready", "request_done", "request_read", "request_refused", "message_taken", "message_settled", "batch_refused",
                "handshake_refused", "bad_request", "material_refused", "material_stored", "lines_suppressed", "stopped"} - names


def test_what_a_hostile_counterpart_signs_leaves_none_either(tmp_path):
    world = World()
    try:
        loud(world.home)
        world.home.start()
        fake = FakeOffice(AWAY, HOME, world.away.directory / "ledger.key")
        submit(world, fake)
        good = json.loads(fake.lines[-1])
        for path in leaves(good["body"]):
            submit(world, fake, body={path[0]: with_leaf(good["body"], path, NAME)[path[0]]})
        submit(world, fake, body={NAME: NUMBER})
        for case in (NUMBER, NAME):
            fake.message("case.submitted", good["body"], case=case)
        for member in ("id", "authorisation", NAME, "at"):
            fake.message("case.submitted", good["body"], case=good["case"], **{member: NUMBER})
        for kind in ("note.act", "problem.act", "contact.act", NAME, "receipt", "catalogue.published"):
            for no in (NAME, NUMBER, "N320623-2026-1"):
                fake.message(kind, {"no": no, "act": NAME, "data": {"text": PLANTED["text"], NAME: NUMBER}}, case=good["case"])
        fake.message("note.act", {}, actor={"staff": NAME, "role": NAME})
        answer = world.home.peer("POST", "/peer/v1/messages", fake.batch())
        assert answer.status == 200, answer
        for changes in ({"from": NAME}, {"to": NUMBER}, {"checkpoint": NAME}, {"consistency": NAME}, {"sent": {"seq": 0, "hash": NAME}}, {NAME: NAME}):
            world.home.peer("POST", "/peer/v1/messages", fake.batch(changes=changes))
        assert len(world.home.events("message_taken")) == len(fake.lines)
        assert {"done", "refused", "invalid"} >= {line["verdict"] for line in world.home.events("message_taken")}
        assert found(world, None) == []
        assert world.home.stop() == 0
        assert hits(world.home.log_text(), "at the end") == []
    finally:
        world.remove()


def test_what_a_hostile_gateway_answers_leaves_none_either(fresh):
    problem = json.dumps({"type": f"urn:tongban:problem:{NAME}", "title": NAME, "detail": PLANTED["text"], "status": 400, "field": NUMBER,
                          "instance": NUMBER, "remedy": NAME}, ensure_ascii=False).encode()
    known = problem.replace(f"urn:tongban:problem:{NAME}".encode(), b"urn:tongban:problem:busy")
    answers = [(400, "application/problem+json", problem), (503, "application/problem+json", known), (200, NDJSON, NAME.encode()),
               (200, "text/" + NUMBER, problem), (302, PLANTED["latin"], b""), (200, NDJSON, problem + b"\n" + problem)]
    present = []
    gateway = Gateway(fresh, lambda body: present[0])
    loud(fresh.away)
    try:
        for count, present[:] in enumerate(([answer] for answer in answers), 1):
            fresh.away.start()  # anew: after a refusal it waits a minute
            end = time.monotonic() + 10
            while len(fresh.away.events("exchange_failed")) < count:
                assert time.monotonic() < end, fresh.away.log_text()[-2000:]
                time.sleep(0.02)
            assert fresh.away.stop() == 0
        assert len(gateway.seen) >= len(answers) and found(fresh, None) == []
    finally:
        gateway.close()


def test_the_search_finds_what_it_is_for():
    for name, value in PLANTED.items():
        for how, written in forms(value):
            if len(written) >= 8:
                assert hits(b'{"event":"x","reason":"' + written + b'"}'), (name, how)
    assert hits(f"…{NUMBER[3:14]}…") and hits(NAME) and not hits("张* 3304**********001X 320623261123000000017")


def test_the_request_id_is_found_at_both_offices(pair):
    """docs/how-to/follow-a-request.md: one search finds who asked, what arrived, and the verdict."""
    first = pair.away.intake()
    number, trace = done(first)["case"], first.headers["x-request-id"]
    pair.home.wait_state(number, "received", "0101")
    pair.away.wait_state(number, "received")

    def lines(office, count):
        """What is said of it; the state is to be seen a moment before its line is written."""
        end = time.monotonic() + WAIT_S
        while True:
            found = [json.loads(line) for line in office.log_text().splitlines() if trace in line]
            if len(found) >= count or time.monotonic() > end:
                return found
            time.sleep(0.02)

    [asked, settled] = lines(pair.away, 2)
    assert (asked["event"], asked["request"], asked["staff"], asked["status"], asked["about"]) == ("request_done", trace, f"{AWAY}:0007", 201, number)
    assert (settled["event"], settled["request"], settled["verdict"], settled["case"], settled["peer"]) == (
        "message_settled", trace, "done", number, HOME)
    [taken] = lines(pair.home, 1)
    assert (taken["event"], taken["request"], taken["verdict"], taken["case"], taken["peer"]) == ("message_taken", trace, "done", number, AWAY)
    assert taken["entry"] == settled["entry"] and taken["entry"].startswith(trace)
    # an officer's decision, and a refusal that has no entry
    answer = pair.home.act(number, "accept")
    pair.away.wait_state(number, "accepted")
    trace = answer.headers["x-request-id"]
    assert [line["event"] for line in lines(pair.away, 1)] == ["message_taken"]
    refused = pair.home.act(number, "accept")
    assert refused.json()["instance"] == "urn:tongban:request:" + refused.headers["x-request-id"]
    trace = refused.headers["x-request-id"]
    assert [(line["event"], line["problem"], line["about"]) for line in lines(pair.home, 1)] == [("request_refused", refused.problem(), number)]


def test_two_requests_with_one_id_make_two_entries(pair):
    """Whoever sends the same id twice has two entries of different ids: what makes them unique is the office's."""
    first = pair.away.intake()
    trace = first.headers["x-request-id"]
    second = pair.away.window("POST", "/window/v1/cases", application(HOME), headers={"X-Request-Id": trace})
    assert second.status == 201 and second.headers["x-request-id"] == trace
    for answer in (first, second):
        pair.home.wait_state(answer.json()["case"], "received", "0101")
    ids = {line["entry"] for line in pair.home.events("message_taken") if line["request"] == trace}
    assert len(ids) == 2 and all(one.startswith(trace) for one in ids)


def test_the_client_names_the_request(pair, tmp_path):
    config = tmp_path / "client.yaml"
    config.write_text(re.sub(r":\d+$", f":{pair.away.port}", (pair.directory / "client" / f"{AWAY}-0007.yaml").read_text(), flags=re.M)
                      .replace("../", f"{pair.directory}/"))
    ran = subprocess.run([TONGBAN, "--config", str(config), "--json", "case", "show", case_number(87654321)], capture_output=True, text=True,
                         check=False, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    trace = json.loads(ran.stdout)["instance"].removeprefix("urn:tongban:request:")
    assert pair.away.events("request_refused")[-1]["request"] == trace
