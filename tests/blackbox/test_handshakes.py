"""A flood of handshakes from many addresses, none of which is ever completed: who came in lately still comes in within seconds."""
import multiprocessing
import socket
import ssl
import time

import pytest

from office import World

HOSTS, FLOODERS, PER_S, OPEN_EACH, SECONDS = 240, 2, 4000, 900, 14
KNOWN, STRANGER = "127.0.1.1", "127.0.1.2"  # neither among the hosts of the flood


def hello():
    """The first message of a client, which costs the server a signature and the client nothing."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing).do_handshake()
    return outgoing.read()


def flood(port, first, message, until, counted):
    kept, n, begin = [], 0, time.monotonic()
    while time.monotonic() < until:
        time.sleep(max(0, begin + n / PER_S - time.monotonic()))
        s = socket.socket()
        s.setblocking(False)
        s.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        s.bind((f"127.0.0.{2 + (first + n) % HOSTS}", 0))
        n += 1
        s.connect_ex(("127.0.0.1", port))
        try:
            s.send(message)
        except OSError:
            pass
        kept.append(s)
        if len(kept) > OPEN_EACH:
            kept.pop(0).close()
    counted.value = n


def enter(office, source):
    """Seconds until a member of staff has an answer, from this address; tried again as a client does."""
    begin = time.monotonic()
    while time.monotonic() - begin < SECONDS:
        try:
            raw = socket.create_connection(("127.0.0.1", office.port), timeout=4, source_address=(source, 0))
            with office.context(office.tls / "staff-ca.crt", office.tls / "staff-0101").wrap_socket(raw, server_hostname="127.0.0.1") as s:
                s.sendall(b"GET /window/v1/office HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                if s.recv(12) == b"HTTP/1.1 200":
                    return time.monotonic() - begin
        except OSError:
            time.sleep(0.1)
    return SECONDS


def test_a_flood_of_handshakes():
    world = World()
    try:
        world.away.admission(connections=1200, connections_of_one=300)
        world.away.start()
        assert enter(world.away, KNOWN) < 4
        idle = world.away.connect_window("0101")
        assert world.away.window("GET", "/window/v1/office", staff="0101", connection=idle).status == 200  # and now it is idle
        until, counts = time.monotonic() + SECONDS, [multiprocessing.Value("l", 0) for _ in range(FLOODERS)]
        floods = [multiprocessing.Process(target=flood, args=(world.away.port, n * 97, hello(), until, counts[n])) for n in range(FLOODERS)]
        for one in floods:
            one.start()
        time.sleep(2)
        took = [enter(world.away, KNOWN) for _ in range(5)]
        assert world.away.window("GET", "/window/v1/office", staff="0101", connection=idle).status == 200  # not pushed out
        assert world.away.stop() == 0
        world.away.start()  # in the middle of it
        took.append(enter(world.away, KNOWN))
        assert time.monotonic() < until, "the flood was over"
        for one in floods:
            one.join(SECONDS + 5)
        assert max(took) < 3, took
        assert sum(count.value for count in counts) > 2 * FLOODERS * OPEN_EACH, "this was no flood"
        assert world.away.metric("http_connections_evicted_total") > 0
        assert enter(world.away, STRANGER) < 4  # and everybody when it is over
        assert world.away.stop() == 0
    finally:
        world.remove()
