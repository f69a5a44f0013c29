"""Too much of everything: one who asks too often, one who floods, connections without end, peers that take their time.

Latencies are compared with those of the same office a moment before, with wide margins: the machine may be busy with other things.
"""
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import time

import pytest

import office as harness
from desk import Desk
from office import AWAY, HOME, World, application, daemon_path

BUILD = pathlib.Path(daemon_path()).parents[1]
SANITIZED = any(word in str(BUILD) for word in ("asan", "tsan"))
LIST = "/window/v1/todo"
IDLE_EACH = 48 * 1024  # bytes of one idle TLS connection, at most; measured: about 21 KiB
STAFF_PER_S, BURST = 20, 200


@pytest.fixture(scope="module")
def office():
    """One office whose staff may ask 20 times a second, and who may have 1,200 connections, 300 of one sender."""
    world = World()
    try:
        world.away.edit(r"\nstaff:\n", '\nstaff:\n  - {id: "0008", name: 李四, role: window}\n')
        harness.make_certificate(world.away.tls, "staff-0008", world.away.tls / "staff-ca", "clientAuth", f"URI:urn:tongban:staff:{AWAY}:0008")
        world.away.admission(staff_per_s=STAFF_PER_S, connections=1200, connections_of_one=300)
        world.away.start()
        result = []
        world.away.slow = threading.Thread(target=trickle, args=(world.away, result), daemon=True), result
        world.away.slow[0].start()
        yield world.away
        assert world.away.stop() == 0
    finally:
        world.remove()


def memory(office):
    for line in pathlib.Path(f"/proc/{office.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


CROWDS = []


@pytest.fixture(autouse=True)
def dispersed():
    """No crowd of a test that failed stands in the way of the next."""
    yield
    while CROWDS:
        program = CROWDS.pop()
        program.kill()
        program.wait()


def crowd(office, connections, *more, staff=None, hosts=40):
    """The program `crowd`, with a certificate of the staff, or (None) the gateway of the counterpart."""
    base = office.tls / f"staff-{staff}" if staff else office.world.other(office).tls / "gateway"
    authority = "staff-ca" if staff else "peer-ca"
    program = subprocess.Popen([str(BUILD / "bin" / "crowd"), "--port", str(office.port + (0 if staff else 1)), "--ca", str(office.tls / f"{authority}.crt"),
                                "--cert", f"{base}.crt", "--key", f"{base}.key", "--connections", str(connections), "--hosts", str(hosts),
                                *map(str, more)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    CROWDS.append(program)
    return program


def exhaust(office, staff, path=LIST, connection=None):
    """Asks until it is refused; the refusal."""
    connection = connection or office.connect_window(staff)
    for asked in range(10 * BURST):
        answer = office.window("GET", path, staff=staff, connection=connection)
        if answer.status != 200:
            return asked, answer, connection
    raise AssertionError("never refused")


def test_429_names_the_wait(office):
    before = office.metric("api_limited_total")
    asked, answer, connection = exhaust(office, "0007")
    assert asked >= BURST
    assert (answer.status, answer.problem(), answer.headers["retry-after"]) == (429, "too-often", "1"), answer
    assert "connection" not in answer.headers  # the next request needs no new handshake
    assert office.metric("api_limited_total") > before
    # others are not concerned, nor is what the same person changes
    assert office.window("GET", LIST, staff="0008").status == 200
    assert office.window("POST", "/window/v1/cases", {}, "0007").status == 422
    time.sleep(1.1)
    assert office.window("GET", LIST, staff="0007", connection=connection).status == 200
    connection.close()
    assert office.events("too_often")[0]["sender"] == f"{AWAY}:0007"


def test_what_does_not_exist_is_counted(office):
    connection = office.connect_window("0008")
    told = []
    while 429 not in told and len(told) < 10 * BURST:
        told.append(office.window("GET", f"/window/v1/nowhere/{len(told)}", staff="0008", connection=connection).status)
    assert set(told[:-1]) == {404} and told[-1] == 429 and len(told) >= BURST - 2, told
    time.sleep(0.6)
    connection.close()


def test_refused_changes_are_not_done(office):
    connection = office.connect_window("0008")
    while True:
        answer = office.window("POST", "/window/v1/cases", {"form": "x" * 5000}, "0008", connection=connection)
        if answer.status == 429:
            break
        assert answer.status == 422, answer
    assert answer.problem() == "too-often" and answer.headers["retry-after"] == "1"
    assert "connection" not in answer.headers
    connection.close()


def test_the_client_waits_as_told(office):
    desk = Desk(office, "0007")
    begin = time.monotonic()
    _, _, connection = exhaust(office, "0007")
    connection.close()
    assert isinstance(desk.json("todo"), dict)  # refused first, then asked again
    assert time.monotonic() - begin < 20


def sample(office, staff, seconds, connection):
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        at = time.perf_counter()
        answer = office.window("GET", LIST, staff=staff, connection=connection)
        times.append(time.perf_counter() - at)
        assert answer.status == 200, answer
        time.sleep(0.1)
    times.sort()
    return times


def test_fair_share_under_a_flood(office):
    """A counterpart and a colleague flood with 48 connections each; a clerk's lists stay what they were."""
    time.sleep(1)  # the bucket of the tests before
    batch = office.world.directory / "batch.http"
    body = json.dumps({"v": 1, "from": HOME, "to": AWAY, "lines": []}).encode() + b"\n"
    batch.write_bytes(b"POST /peer/v1/messages HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                      + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    intake = office.world.directory / "intake.http"
    body = json.dumps(application(HOME), ensure_ascii=False).encode()
    intake.write_bytes(b"POST /window/v1/cases HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: f@@@@@@@@\r\n"
                       + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    connection = office.connect_window("0007")
    alone = sample(office, "0007", 1.5, connection)
    floods = [crowd(office, 48, "--request", batch, "--seconds", 4), crowd(office, 48, "--request", intake, "--seconds", 4, staff="0008")]
    time.sleep(0.5)
    flooded = sample(office, "0007", 3, connection)
    done = [json.loads(flood.communicate(timeout=30)[0]) for flood in floods]
    connection.close()
    assert all(one["refused_429"] + one["refused_503"] > 0 for one in done), done
    middle = len(flooded) // 2
    assert flooded[middle] < 20 * alone[len(alone) // 2] + 0.1, (alone, flooded, done)
    assert flooded[-1] < 2, flooded
    assert len(flooded) >= 10
    assert office.admin("/healthz").status == 200


def wait_open(office, most, seconds=10):
    end = time.monotonic() + seconds
    while office.metric("http_connections_open") > most and time.monotonic() < end:
        time.sleep(0.05)
    assert office.metric("http_connections_open") <= most


def test_idle_connections_cost_little(office):
    """1,000 of them, from the counterpart and from two of the staff; all go when the other side goes."""
    before, evicted = memory(office), office.metric("http_connections_evicted_total")
    crowds = [crowd(office, 300), crowd(office, 300, staff="0007"), crowd(office, 300, staff="0008"), crowd(office, 100, staff="0101")]
    opened = [json.loads(one.stdout.readline())["open"] for one in crowds]
    assert sum(opened) == 1000
    count = office.metric("http_connections_open")
    assert office.metric("http_connections_evicted_total") == evicted
    each = (memory(office) - before) / 1000
    assert office.window("GET", "/window/v1/office", staff="0201").status == 200
    for one in crowds:
        one.stdin.close()
        one.wait(10)
    wait_open(office, 20)
    if not SANITIZED and count > 990:
        assert each < IDLE_EACH, each


def test_one_sender_cannot_take_all(office):
    """600 with one certificate: it is left with 300, and a colleague comes in.  From one address it is the same for everybody there."""
    one = crowd(office, 600, staff="0008")
    json.loads(one.stdout.readline())
    assert office.metric("http_connections_open") <= 300 + 5
    assert office.metric("http_connections_evicted_total") >= 300
    assert office.window("GET", LIST, staff="0201").status in (200, 403)
    one.stdin.close()
    one.wait(10)
    wait_open(office, 20)
    one = crowd(office, 280, staff="0008", hosts=1)
    two = crowd(office, 280, staff="0101", hosts=1)
    for program in (one, two):
        json.loads(program.stdout.readline())
    assert office.metric("http_connections_open") <= 300 + 5
    for program in (one, two):
        program.stdin.close()
        program.wait(10)
    assert office.events("connections_full")


def test_half_open_connections_do_not_shut_the_door(office):
    """Sockets that never begin their handshake, as many as the listener takes and more."""
    held = []
    for n in range(1300):
        s = socket.socket()
        s.bind((f"127.0.0.{2 + n % 8}", 0))
        s.settimeout(5)
        s.connect(("127.0.0.1", office.port))
        held.append(s)
    assert office.window("GET", "/window/v1/office", staff="0101").status == 200
    for s in held:
        s.close()
    wait_open(office, 20)


def trickle(office, result):
    """A request whose body comes a byte now and then; seconds until it was ended."""
    s = ssl.SSLContext.wrap_socket(office.context(office.tls / "staff-ca.crt", office.tls / "staff-0101"),
                                   socket.create_connection(("127.0.0.1", office.port), timeout=30), server_hostname="127.0.0.1")
    s.sendall(b"POST /window/v1/cases HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\nContent-Length: 60000\r\n\r\n")
    begin = time.monotonic()
    s.settimeout(0.3)
    while time.monotonic() - begin < 25:
        try:
            s.sendall(b"x")
            if s.recv(1000) is not None:
                break
        except TimeoutError:
            continue
        except OSError:
            break
    result.append(time.monotonic() - begin)
    s.close()


def test_a_slow_sender_is_cut(office):
    """Progress all the time, but far below the rate: ten seconds is what it has in hand.  It began with the first test."""
    thread, result = office.slow
    thread.join(40)
    assert result and 5 < result[0] < 20, result


def test_limits_are_checked(office):
    other = office.world.home
    other.admission(staff_per_s=0)
    done = subprocess.run([daemon_path(), "--config", str(other.config), "--check-config"], capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode != 0 and "staff_per_s must be 1 to 100000" in done.stderr + done.stdout, done


def test_the_counterpart_waits_as_told():
    """One request a second is all that the home side allows: the messages come late, in order, and none is lost."""
    world = World()
    try:
        world.home.admission(peer_per_s=1)
        world.start()
        numbers = []
        for _ in range(25):
            answer = world.away.intake()
            assert answer.status == 201, answer
            numbers.append(answer.json()["case"])
            time.sleep(0.05)
        for number in numbers:
            world.home.wait_state(number, "received", staff="0101")
        assert world.home.metric("api_limited_total") >= 1
        assert world.home.metric("api_limited_total") < 12  # it was asked again when it said, not before
        assert world.stop() == [0, 0]
    finally:
        world.remove()
