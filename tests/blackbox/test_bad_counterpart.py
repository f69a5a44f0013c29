"""A counterpart gone bad, by silence or by a flood, with its true gateway key: what that does to the exchange with the others."""
import json
import pathlib
import socket
import subprocess
import threading
import time

import pytest

from office import AWAY, HOME, THIRD, World, application, daemon_path

CROWD = pathlib.Path(daemon_path()).parent / "crowd"
SOON_S = 10  # an exchange that waited for the bad one would take its timeout, which is longer


@pytest.fixture(name="world")
def two_of_three():
    """The third office does not run; what speaks with its keys is the test."""
    world = World(codes=(HOME, AWAY, THIRD))
    try:
        world.home.start()
        world.away.start()
        end = time.monotonic() + 20
        while world.away.window("GET", f"/window/v1/items/{HOME}/GA01").status != 200:
            assert time.monotonic() < end
            time.sleep(0.05)
        yield world
        assert world.home.stop() == 0 and world.away.stop() == 0
    finally:
        world.remove()


def carried(world):
    """Seconds until a case from the good counterpart is here, and the receipt there."""
    begin = time.monotonic()
    answer = world.away.intake()
    assert answer.status == 201, answer
    world.home.wait_state(answer.json()["case"], "received", staff="0101")
    world.away.wait_state(answer.json()["case"], "received")
    return time.monotonic() - begin


class Silent:
    """Takes every connection, reads, and never says a word."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.taken = []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        for one in (self.listener, *self.taken):
            one.close()


def test_one_that_is_silent_does_not_hold_up_the_others(world):
    silent = Silent(world.offices[THIRD].port + 1)
    try:
        world.home.control("queue", "retry")
        end = time.monotonic() + 20
        while not silent.taken:
            assert time.monotonic() < end, "the silent one was never asked"
            time.sleep(0.02)
        times = [carried(world) for _ in range(5)]
        assert max(times) < SOON_S, times
        states = {row["office"]: row["state"] for row in world.home.control_json("peer", "list")["peers"]}
        assert states[AWAY] == "ok" and states[THIRD] != "ok", states
    finally:
        silent.close()


def test_one_that_floods_does_not_hold_up_the_others(world):
    third, before = world.offices[THIRD], [carried(world) for _ in range(5)]
    body = json.dumps({"v": 1, "from": THIRD, "to": HOME, "lines": []}).encode() + b"\n"
    batch = world.directory / "batch.http"
    batch.write_bytes(b"POST /peer/v1/messages HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-ndjson\r\n"
                      + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    flood = subprocess.Popen([CROWD, "--port", str(world.home.port + 1), "--ca", world.home.tls / "peer-ca.crt", "--cert", third.tls / "gateway.crt",
                              "--key", third.tls / "gateway.key", "--connections", "48", "--hosts", "1", "--request", batch, "--seconds", "5"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(1)
        during = [carried(world) for _ in range(5)]
        done = json.loads(flood.communicate(timeout=30)[0])
    finally:
        flood.kill()
        flood.wait()
    assert done["refused_429"] + done["refused_503"] > 0, done
    assert max(during) < max(20 * max(before), 2), (before, during)
    assert world.home.window("POST", "/window/v1/cases", application(AWAY), "0007").status == 201, "nor the windows"
