"""A day of an office: whole cases with scans, from the first scan to completion, by clerks at both windows.  The daemons share one core, as on
the smallest server; the clerks have the rest of the machine."""
import hashlib
import os
import queue
import threading
import time

import office as harness

CLERKS = 8
SCANS, SCAN_BYTES = 5, 600_000  # the 3 MB a case of docs/explanation/sizing.md
ASK_AGAIN_S, WAIT_S = 0.05, 60
DELIVERY = {"way": "pickup", "place": "intake", "documents": [{"name": "居民身份证"}]}
DELIVERED = {"way": "direct", "documents": [{"name": "居民身份证"}], "place": "如东县政务服务中心", "received_at": "2026-01-05T09:00:00+08:00",
             "recipient": "张三", "server": "顾海燕"}


class Clerk:
    """One person at each side, each with one connection; `times` takes (what, ms)."""

    def __init__(self, world, times):
        self.world, self.times = world, times
        self.sides = {"away": (world.away, "0007"), "home": (world.home, "0101")}
        self.connections = {side: office.connect_window(staff) for side, (office, staff) in self.sides.items()}

    def ask(self, side, method, path, body=None, headers=None):
        office, staff = self.sides[side]
        return office.window(method, path, body, staff, headers=headers, connection=self.connections[side])

    def timed(self, what, side, *request, headers=None):
        begin = time.perf_counter()
        answer = self.ask(side, *request, headers=headers)
        self.times.append((what, (time.perf_counter() - begin) * 1000))
        assert answer.status in (200, 201, 204), answer
        return answer

    def scan(self):
        content = b"%PDF-1.7\n" + os.urandom(SCAN_BYTES)
        digest = hashlib.sha256(content).hexdigest()
        metadata = f"sha256 {harness.base64_text(digest)},type {harness.base64_text('application/pdf')}"
        self.timed("scan announced", "away", "POST", "/window/v1/materials", None, headers={
            "Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": metadata})
        self.timed("scan sent", "away", "PATCH", f"/window/v1/materials/{digest}", content, headers={
            "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        return digest

    def wait(self, side, number, state):
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            rows = self.ask(side, "GET", f"/window/v1/cases?q={number}").json()["rows"]
            if rows and rows[0]["state"] == state and not rows[0].get("pending"):
                self.timed("case opened", side, "GET", f"/window/v1/cases/{number}")
                return
            time.sleep(ASK_AGAIN_S)
        raise AssertionError(f"{number} is not {state} at {side}")

    def act(self, side, number, action, body):
        self.timed("step", side, "POST", f"/window/v1/cases/{number}/actions/{action}", body)

    def case(self):
        materials = [{"name": f"材料{n + 1}", "form": "copy", "sha256": self.scan()} for n in range(SCANS)]
        number = self.timed("intake", "away", "POST", "/window/v1/cases", harness.application(harness.HOME, materials=materials)).json()["case"]
        self.wait("home", number, "received")
        self.act("home", number, "accept", {})
        self.act("home", number, "grant", {"result": {"name": "居民身份证", "number": "33048318500101001X"}})
        self.act("home", number, "delivery", DELIVERY)
        self.wait("away", number, "delivering")
        self.act("away", number, "deliver", DELIVERED)
        self.wait("home", number, "delivered")
        self.act("home", number, "complete", {})
        self.wait("away", number, "completed")


def work(world, todo, times, failures):
    clerk = Clerk(world, times)
    try:
        while True:
            todo.get_nowait()
            clerk.case()
    except queue.Empty:
        pass
    except Exception as error:  # pylint: disable=broad-except
        failures.append(error)


def run(world, cases, cpu_seconds, memory_kb):
    """`world` runs; the figures of the day."""
    offices = list(world.offices.values())
    for office in offices:
        for task in os.listdir(f"/proc/{office.process.pid}/task"):
            os.sched_setaffinity(int(task), {0})
    before, begin = [cpu_seconds(o.process) for o in offices], time.monotonic()
    todo, times, failures = queue.Queue(), [], []
    for n in range(cases):
        todo.put(n)
    threads = [threading.Thread(target=work, args=(world, todo, times, failures)) for _ in range(CLERKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    seconds = time.monotonic() - begin
    cpu = [cpu_seconds(o.process) - b for o, b in zip(offices, before)]
    sorted_times = {}
    for what, ms in sorted(times, key=lambda pair: pair[1]):
        sorted_times.setdefault(what, []).append(ms)
    return {
        "cases": cases, "seconds": round(seconds, 1), "cases_per_second": round(cases / seconds, 2),
        "cpu_ms_per_case": {o.code: round(c * 1000 / cases, 2) for o, c in zip(offices, cpu)},
        "peak_rss_kb": {o.code: memory_kb(o.process, "VmHWM") for o in offices},
        "times": {what: {"p50_ms": round(ms[len(ms) // 2], 2), "p99_ms": round(ms[len(ms) * 99 // 100], 2)} for what, ms in sorted_times.items()},
    }
