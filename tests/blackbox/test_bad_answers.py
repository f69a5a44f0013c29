"""A counterpart whose answers are wrong, with the right certificate and mostly the right ledger key: nothing of it is taken, nothing of
ours counts as delivered, an operator is told why, and all is made up for when the counterpart is itself again."""
import http.server
import json
import ssl
import threading
import time
import uuid

import pytest

from ledger import FakeOffice, b64, leaf_hash
from office import AWAY, HOME

NDJSON = "application/x-ndjson"


class Gateway:
    """The home side's gateway, played: `answer(body)` gives status, media type and bytes."""

    def __init__(self, world, answer, date=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(world.home.tls / "gateway.crt", world.home.tls / "gateway.key")
        seen = self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seen.append(body)
                status, media, out = answer(body)
                self.send_response(status)
                self.send_header("Content-Type", media)
                self.send_header("Content-Length", str(len(out)))
                self.end_headers()
                try:
                    self.wfile.write(out)
                except OSError:
                    self.close_connection = True

            def date_time_string(self, timestamp=None):
                return date or super().date_time_string(timestamp)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", world.home.port + 1), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def peer_of(world):
    return FakeOffice(HOME, AWAY, world.home.directory / "ledger.key")


def receipt(office, body, first, leaves=None, kind="receipt"):
    """Appends a receipt over the messages of a batch, as docs/protocol.md describes it."""
    lines = body.split(b"\n")[1:-1]
    leaves = leaves or [leaf_hash(line) for line in lines]
    verdicts = [{"leaf": b64(leaf), "verdict": "done"} for leaf in leaves]
    entry = {"v": 1, "type": kind, "id": str(uuid.uuid4()), "from": HOME, "to": AWAY, "at": "2026-11-24T09:00:00.000+08:00",
             "body": {"first": first, "last": first + len(leaves) - 1, "tally": b64(bytes(32)), "verdicts": verdicts}}
    office.append(json.dumps(entry, separators=(",", ":")).encode())


def answer_with(change):
    """An answer like a good one, in which `change(office, body)` decides the receipts and returns changes of the header."""
    def make(world):
        def answer(body):
            office = peer_of(world)
            changes = change(office, body) or {}
            return 200, NDJSON, office.batch(first=1, old=0, changes={"sent": {"seq": 0, "hash": b64(bytes(32))}} | changes)
        return answer
    return make


def plain(status, media, out):
    return lambda world: lambda body: (status, media, out)


def foreign(office, body):
    receipt(office, body, 1)
    return {"from": "330503"}


def other_old(office, body):
    receipt(office, body, 1)
    return {"old": 1}


def skipping(office, body):
    receipt(office, body, 2)


def other_bytes(office, body):
    receipt(office, body, 1, [bytes(32)] * (body.count(b"\n") - 1))


def no_receipt(office, body):
    receipt(office, body, 1, kind="office.started")


def wrong_proof(office, body):
    receipt(office, body, 1)
    receipt(office, body, 1)
    header = office.header(1, 0)
    header["lines"][0]["path"] = b64(bytes(32))
    return {"lines": header["lines"]}


@pytest.mark.parametrize("make,level", [
    (plain(200, NDJSON, b"not a batch\n"), "err"), (plain(200, NDJSON, b"{}\n"), "err"), (plain(200, NDJSON, b""), "err"),
    (plain(200, NDJSON, b"x" * (9 << 20)), "err"), (plain(302, "text/html", b"elsewhere"), "err"), (plain(404, "text/html", b""), "err"),
    (plain(503, "application/problem+json", b"{"), "warning"), (plain(400, "application/problem+json", b'{"type":"nobody knows"}'), "err"),
    (answer_with(foreign), "err"), (answer_with(other_old), "err"), (answer_with(skipping), "err"), (answer_with(other_bytes), "err"),
    (answer_with(no_receipt), "err"), (answer_with(wrong_proof), "err"),
], ids=["text", "empty-object", "nothing", "huge", "redirect", "not-found", "busy", "unknown-problem", "foreign", "other-old", "skipping",
        "other-bytes", "no-receipt", "wrong-proof"])
def test_wrong_answers(fresh, make, level):
    gateway = Gateway(fresh, make(fresh))
    try:
        fresh.away.start()
        end = time.monotonic() + 10
        while not fresh.away.events("exchange_failed"):
            assert time.monotonic() < end, fresh.away.log_text()[-2000:]
            time.sleep(0.02)
        assert gateway.seen
        assert fresh.away.events("exchange_failed")[0]["level"] == level
        peer = fresh.away.window("GET", "/window/v1/office").json()["peers"][0]
        assert peer["unsent"] > 0
        assert fresh.away.metric("peer_messages_sent_total") == 0 and fresh.away.metric("peer_failures_total") >= 1
    finally:
        gateway.close()
    # the true counterpart: what was not delivered is delivered after a new start, which does not wait for the minute's end
    assert fresh.away.stop() == 0
    fresh.home.start()
    fresh.away.start()
    fresh.wait_catalogues()


def test_a_date_that_no_clock_shows(fresh):
    """In milliseconds it would not fit into 64 bits: no skew is counted from it."""
    gateway = Gateway(fresh, plain(503, "text/plain", b"")(fresh), date="Sun, 06 Nov 2147483647 08:49:37 GMT")
    try:
        fresh.away.start()
        end = time.monotonic() + 10
        while not fresh.away.events("exchange_failed"):
            assert time.monotonic() < end, fresh.away.log_text()[-2000:]
            time.sleep(0.02)
        assert gateway.seen and not fresh.away.events("clock_skew")
    finally:
        gateway.close()
