#!/usr/bin/env python3
"""Measures what design.md 7 promises, on this machine, with two real daemons; JSON on standard output.

    run.py [--build DIR] [--cases N] [--connections N] [--million N] [--ledger N] [--day N] [--recover N] [--only NAME[,NAME]]

Parts: fsync (the disk alone), idle (also with 10,000 TLS connections), flood (the others' requests while one floods), cases (end to end), light (latency
of one intake), todo (the lists of the morning and the sweep of due dates with 100,000 open cases), material (beside curl to nginx over the same TLS),
day (whole cases with scans, the daemons on one core), million (start and lists with many cases), ledger (appending at size), recover (a
day is taken back from the counterpart).  The last four take minutes and run when a number is given.
"""
import argparse
import hashlib
import json
import multiprocessing
import os
import pathlib
import re
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "blackbox"))
import office as harness  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
ITEM = harness.ITEMS[harness.HOME][0][0]
MATERIAL_MB = 200


def say(text):
    print(text, file=sys.stderr, flush=True)


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_kb(process, name):
    return int(re.search(rf"{name}:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text()).group(1))


def metrics(office):
    text = office.admin("/metrics").body.decode()
    return {m.group(1): float(m.group(2)) for m in re.finditer(r"^tongban_(\w+) ([\d.e+-]+)$", text, re.M)}


def difference(before, after):
    return {name: after[name] - before.get(name, 0) for name in after}


def load(world, build, count, connections, rate=0, prefix="load"):
    away = world.away
    command = [str(build / "bin" / "load"), "--port", str(away.port), "--ca", str(away.tls / "staff-ca.crt"), "--cert", str(away.tls / "staff-0007.crt"),
               "--key", str(away.tls / "staff-0007.key"), "--home", harness.HOME, "--item", ITEM, "--count", str(count), "--connections",
               str(connections), "--rate", str(rate), "--body", "4096", "--prefix", prefix]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout)


def wait_receipts(world, seconds=120):
    """Until every message of the intake side has its verified receipt."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        peers = world.away.window("GET", "/window/v1/office").json()["peers"]
        if all(peer["unsent"] == 0 for peer in peers):
            return
        time.sleep(0.02)
    raise AssertionError("receipts are missing")


def bench_fsync(_options):
    """Append 16 KiB and sync, 300 times: the floor under every acknowledgement."""
    with tempfile.NamedTemporaryFile(dir=tempfile.gettempdir()) as file:
        times = []
        for _ in range(300):
            os.write(file.fileno(), b"x" * 16384)
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    times.sort()
    return {"p50_ms": round(times[150], 3), "p99_ms": round(times[297], 3)}


def bench_idle(options):
    world = harness.World().start()
    time.sleep(3)
    before = [cpu_seconds(o.process) for o in world.offices.values()]
    time.sleep(10)
    result = {"rss_kb": [memory_kb(o.process, "VmRSS") for o in world.offices.values()],
              "cpu_ms_in_10_s": [round((cpu_seconds(o.process) - b) * 1000) for o, b in zip(world.offices.values(), before)]}
    world.stop()
    for listener, port, authority, certificate in (("window", 0, "staff-ca", "staff-0007"), ("peer", 1, "peer-ca", None)):
        result[f"{listener}_connections"] = idle_connections(options, port, authority, certificate)
    return result


def crowd(world, build, port, authority, certificate, connections, *more):
    """The program `crowd` against the away office, with a certificate of its staff or (None) the gateway of the home office."""
    away = world.away
    base = away.tls / certificate if certificate else world.home.tls / "gateway"
    return subprocess.Popen([str(build / "bin" / "crowd"), "--port", str(away.port + port), "--ca", str(away.tls / f"{authority}.crt"), "--cert",
                             f"{base}.crt", "--key", f"{base}.key", "--connections", str(connections), "--hosts", "40", *map(str, more)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def idle_connections(options, port, authority, certificate, count=10000):
    """Memory of one office with `count` TLS connections, both certificates shown, then silent.  Idle ones
    are closed after LIMIT_HTTP_IDLE_MS: on a slow machine fewer are open at once, and those count."""
    world = harness.World()
    try:
        # as many as the files of a process allow on one listener; the rest of them is for the other
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        count = min(count, (most - 512) // 2)
        world.away.admission(connections=count, connections_of_one=count)
        world.away.start()
        before = memory_kb(world.away.process, "VmRSS")
        begin = time.monotonic()
        program = crowd(world, options.build, port, authority, certificate, count)
        open_now, after = 0, before
        while not select.select([program.stdout], [], [], 0.5)[0] or not open_now:
            open_then, then = metrics(world.away)["http_connections_open"], memory_kb(world.away.process, "VmRSS")
            if open_then >= open_now:
                open_now, after = open_then, then
        opened = json.loads(program.stdout.readline())["open"]
        seconds = time.monotonic() - begin
        if metrics(world.away)["http_connections_open"] >= open_now:
            open_now, after = metrics(world.away)["http_connections_open"], memory_kb(world.away.process, "VmRSS")
        at = time.perf_counter()
        answer = world.away.admin("/healthz")
        asked = (time.perf_counter() - at) * 1000
        assert answer.status in (200, 503), answer
        program.stdin.close()
        program.wait()
        return {"opened": opened, "open_at_most": int(open_now), "seconds": round(seconds, 1), "rss_kb_before": before, "rss_kb": after,
                "bytes_each": round((after - before) * 1024 / max(open_now - 1, 1)), "healthz_ms_meanwhile": round(asked, 1)}
    finally:
        world.remove()


def sample(office, seconds, staff, rate=50):
    """Small requests of one member of staff, `rate` a second: latencies in ms of a list and of an intake, sorted; refusals."""
    times, refused, connection = {"list": [], "intake": []}, 0, office.connect_window(staff)
    begin, n = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        n += 1
        time.sleep(max(0, begin + n / rate - time.monotonic()))
        kind = "intake" if n % 2 else "list"
        at = time.perf_counter()
        if kind == "list":
            answer = office.window("GET", "/window/v1/todo", staff=staff, connection=connection)
        else:
            answer = office.window("POST", "/window/v1/cases", harness.application(harness.HOME), staff, connection=connection)
        times[kind].append((time.perf_counter() - at) * 1000)
        refused += answer.status not in (200, 201)
    connection.close()
    out = {"refused": refused}
    for kind, taken in times.items():
        taken.sort()
        out[kind] = {"p50_ms": round(taken[len(taken) // 2], 2), "p99_ms": round(taken[len(taken) * 99 // 100], 2), "max_ms": round(taken[-1], 2)}
    return out


def sample_scans(office, seconds, staff, rate=10):
    """Small scans of 20 KB uploaded whole by one member of staff: latencies in ms of both requests together."""
    times, connection, begin, n = [], office.connect_window(staff), time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        n += 1
        time.sleep(max(0, begin + n / rate - time.monotonic()))
        content = b"%PDF-1.7\n" + os.urandom(20000)
        digest = hashlib.sha256(content).hexdigest()
        metadata = f"sha256 {harness.base64_text(digest)},type {harness.base64_text('application/pdf')}"
        at = time.perf_counter()
        answer = office.window("POST", "/window/v1/materials", staff=staff, connection=connection, headers={
            "Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), "Upload-Metadata": metadata})
        assert answer.status == 201, answer
        answer = office.window("PATCH", f"/window/v1/materials/{digest}", content, staff, connection=connection, headers={
            "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        assert answer.status == 204, answer
        times.append((time.perf_counter() - at) * 1000)
    connection.close()
    times.sort()
    return {"p50_ms": round(times[len(times) // 2], 2), "p99_ms": round(times[len(times) * 99 // 100], 2), "max_ms": round(times[-1], 2)}


def upload_for_ever(office, staff, megabytes, ended, moved):
    """One huge material after the other, as fast as the office takes them, until `ended`.  A process of its own that stands back, as a
    window's machine is another one: in a thread it would hold the interpreter from the clerk whose answers are timed."""
    os.nice(19)
    connection = office.connect_window(staff)
    filler = os.urandom(1 << 20) * megabytes
    while not ended.is_set():
        content = b"%PDF-1.7\n" + os.urandom(16) + filler
        digest = hashlib.sha256(content).hexdigest()
        answer = office.create_upload(digest, len(content), staff=staff)
        assert answer.status == 201, answer
        answer = office.window("PATCH", f"/window/v1/materials/{digest}", content, staff, connection=connection, headers={
            "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
        assert answer.status == 204, answer
        with moved.get_lock():
            moved.value += megabytes
    connection.close()


def flood_of_materials(office, staff, other, seconds, uploads=4, megabytes=100):
    """Small scans and small requests of one clerk, alone and while another uploads huge materials on several connections."""
    out = {"alone": {"scan": sample_scans(office, seconds, staff), **sample(office, seconds, staff)}}
    ended, moved = multiprocessing.Event(), multiprocessing.Value("q", 0)
    senders = [multiprocessing.Process(target=upload_for_ever, args=(office, other, megabytes, ended, moved)) for _ in range(uploads)]
    for sender in senders:
        sender.start()
    time.sleep(1)
    out["during"] = {"scan": sample_scans(office, seconds, staff), **sample(office, seconds, staff)}
    ended.set()
    for sender in senders:
        sender.join()
    assert not any(sender.exitcode for sender in senders)
    out["megabytes_moved"] = moved.value
    return out


def batch_request(world, path):
    """A batch of the home office's gateway as it stands on the wire; the receiving office refuses it after looking at it."""
    header = {"v": 1, "from": harness.HOME, "to": harness.AWAY, "checkpoint": "x", "old": 0, "consistency": "", "seen": 0, "lines": []}
    body = json.dumps(header).encode() + b"\n"
    path.write_bytes(f"POST /peer/v1/messages HTTP/1.1\r\nHost: {world.away.code}\r\nContent-Type: application/x-ndjson\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)


def bench_flood(options, seconds=10, connections=64):
    """One clerk's lists and intakes at an office, alone and while somebody else sends as fast as 64 connections can: a counterpart
    (batches, questions about materials), another member of staff (intakes, lists).  Look at the ratios: all runs on one machine."""
    world = harness.World()
    try:
        world.away.edit(r"\nstaff:\n", '\nstaff:\n  - {id: "0008", name: 李四, role: window}\n')
        harness.make_certificate(world.away.tls, "staff-0008", world.away.tls / "staff-ca", "clientAuth",
                                 f"URI:urn:tongban:staff:{harness.AWAY}:0008")
        world.start()
        requests = {name: world.directory / f"{name}.http" for name in ("batches", "materials", "intakes", "lists")}
        batch_request(world, requests["batches"])
        requests["materials"].write_bytes(b"HEAD /peer/v1/materials/" + b"0" * 64 + b" HTTP/1.1\r\nHost: a\r\nTus-Resumable: 1.0.0\r\n\r\n")
        body = json.dumps(harness.application(harness.HOME), ensure_ascii=False).encode()
        requests["intakes"].write_bytes(b"POST /window/v1/cases HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: f@@@@@@@@\r\n"
                                        + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        requests["lists"].write_bytes(b"GET /window/v1/cases?limit=100 HTTP/1.1\r\nHost: a\r\n\r\n")
        out = {"alone": sample(world.away, seconds, "0007")}
        for name, request in requests.items():
            port, authority, certificate = (1, "peer-ca", None) if name in ("batches", "materials") else (0, "staff-ca", "staff-0008")
            program = crowd(world, options.build, port, authority, certificate, connections, "--request", request, "--seconds", seconds + 1)
            time.sleep(0.5)
            out[name] = sample(world.away, seconds, "0007")
            out[name]["flood"] = json.loads(program.communicate()[0])
            out[name]["rss_kb"] = memory_kb(world.away.process, "VmRSS")
        for kind in ("list", "intake"):
            out[f"p99_ratio_{kind}"] = {name: round(out[name][kind]["p99_ms"] / out["alone"][kind]["p99_ms"], 1) for name in requests}
        out["huge_materials"] = flood_of_materials(world.away, "0007", "0008", seconds)
        return out
    finally:
        world.remove()


def loaded_world():
    """Two offices that bear what `load` sends with one certificate."""
    world = harness.World()
    for office in world.offices.values():
        office.admission(staff_per_s=100000, peer_per_s=100000)
    return world.start()


def bench_cases(options):
    world = loaded_world()
    load(world, options.build, 500, 16, prefix="warm")
    wait_receipts(world)
    cpu = {code: cpu_seconds(o.process) for code, o in world.offices.items()}
    counted = {code: metrics(o) for code, o in world.offices.items()}
    begin = time.monotonic()
    result = load(world, options.build, options.cases, options.connections)
    wait_receipts(world)
    seconds = time.monotonic() - begin
    delta = {code: difference(counted[code], metrics(o)) for code, o in world.offices.items()}
    used = {code: cpu_seconds(o.process) - cpu[code] for code, o in world.offices.items()}
    sent = sum(d.get("peer_messages_sent_total", 0) for d in delta.values())
    out = {"cases": result["requests"], "seconds_to_last_verified_receipt": round(seconds, 2), "cases_per_second": round(result["requests"] / seconds, 1),
           "intake": result, "messages": sent,
           "signatures_per_message": round(sum(d.get("ledger_signatures_total", 0) for d in delta.values()) / max(sent, 1), 4),
           "fsyncs_per_message": round(sum(d.get("store_fsyncs_total", 0) for d in delta.values()) / max(sent, 1), 4),
           "cpu_seconds_per_1000_cases": {code: round(s / result["requests"] * 1000, 3) for code, s in used.items()},
           "peak_rss_kb": {code: memory_kb(o.process, "VmHWM") for code, o in world.offices.items()}}
    world.stop()
    return out


def bench_light(options):
    world = loaded_world()
    result = load(world, options.build, 400, 4, rate=20, prefix="light")
    world.stop()
    return result


def bench_material(options):
    """The same file by curl: PATCH to the window, PUT to nginx, both over TLS with the same certificate, alternating three times; also with
    the sync that nginx leaves out."""
    world = harness.World().start()
    away = world.away
    directory = world.directory / "bench"
    directory.mkdir()
    port = harness.free_ports(1)
    (directory / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {directory}/pid; error_log {directory}/error.log; user root;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {directory}/body; proxy_temp_path {directory}/p; fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u;
 scgi_temp_path {directory}/s; client_max_body_size 0;
 server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {away.tls}/window.crt; ssl_certificate_key {away.tls}/window.key; root {directory}/root;
  ssl_client_certificate {away.tls}/staff-ca.crt; ssl_verify_client on;
  location / {{ dav_methods PUT; }} }} }}
""")
    (directory / "root").mkdir()
    nginx = subprocess.Popen(["nginx", "-c", str(directory / "nginx.conf"), "-p", str(directory)], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    tls = ["--cacert", str(away.tls / "staff-ca.crt"), "--cert", str(away.tls / "staff-0007.crt"), "--key", str(away.tls / "staff-0007.key")]
    rates = {"tongban_mb_s": [], "nginx_mb_s": [], "nginx_synced_mb_s": []}
    for turn in range(3):
        path = directory / f"file{turn}"
        with open(path, "wb") as file:
            file.write(b"%PDF-1.7\n")
            for _ in range(MATERIAL_MB):
                file.write(os.urandom(1 << 20))
        length = path.stat().st_size
        begin = time.monotonic()
        subprocess.run(["curl", "-sS", "--fail", *tls, "-T", str(path), f"https://127.0.0.1:{port}/f{turn}"], check=True)
        rates["nginx_mb_s"].append(round(length / 1e6 / (time.monotonic() - begin), 1))
        subprocess.run(["sync", "-d", str(directory / "root" / f"f{turn}")], check=True)
        rates["nginx_synced_mb_s"].append(round(length / 1e6 / (time.monotonic() - begin), 1))
        digest = subprocess.run(["sha256sum", str(path)], stdout=subprocess.PIPE, check=True).stdout.split()[0].decode()
        answer = away.create_upload(digest, length)
        assert answer.status == 201, answer
        begin = time.monotonic()
        subprocess.run(["curl", "-sS", "--fail", *tls, "-X", "PATCH", "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Offset: 0", "-H", "Expect:", "-H",
                        "Content-Type: application/offset+octet-stream", "-T", str(path), f"https://127.0.0.1:{away.port}/window/v1/materials/{digest}"],
                       check=True)
        rates["tongban_mb_s"].append(round(length / 1e6 / (time.monotonic() - begin), 1))
        path.unlink()
    nginx.terminate()
    nginx.wait()
    rates["peak_rss_kb"] = memory_kb(away.process, "VmHWM")
    for other in ("nginx", "nginx_synced"):
        rates[f"ratio_to_{other}"] = round(sorted(rates["tongban_mb_s"])[1] / sorted(rates[f"{other}_mb_s"])[1], 3)
    rates["note"] = "ours hashes, checks and syncs the file before it answers; nginx_synced is nginx and then fdatasync of its file"
    world.stop()
    shutil.rmtree(world.directory)
    return rates


def bench_million(options):
    world = loaded_world()
    world.stop()
    away = world.away
    filled = json.loads(subprocess.run([str(options.build / "bin" / "bulk"), str(away.config), harness.HOME, ITEM, str(options.million)],
                                       stdout=subprocess.PIPE, check=True).stdout)
    begin = time.monotonic()
    away.start()
    ready = time.monotonic() - begin
    connection = away.connect_window()
    pages = {"list": "/window/v1/cases?limit=20", "list_open": "/window/v1/cases?open=1&limit=20", "list_state": "/window/v1/cases?state=forwarded&limit=20",
             "by_name": "/window/v1/cases?q=%E6%B5%8B%E8%AF%9577&limit=20", "todo": "/window/v1/todo"}
    times = {}
    for name, path in pages.items():
        taken = []
        for _ in range(50):
            at = time.perf_counter()
            answer = away.window("GET", path, connection=connection)
            taken.append((time.perf_counter() - at) * 1000)
            assert answer.status == 200, answer
        taken.sort()
        times[name] = {"p50_ms": round(taken[25], 2), "p99_ms": round(taken[49], 2)}
    out = {"fill": filled, "ready_s": round(ready, 3), "pages": times, "rss_kb": memory_kb(away.process, "VmRSS"),
           "database_mb": round(database_kb(away) / 1000)}
    away.stop()
    shutil.rmtree(world.directory)
    return out


def bench_ledger(options):
    with tempfile.TemporaryDirectory(dir=options.build) as directory:
        done = subprocess.run([str(options.build / "bin" / "bench_ledger"), str(options.ledger)], cwd=directory, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def timed(runs, act):
    taken = []
    for _ in range(runs):
        at = time.perf_counter()
        act()
        taken.append((time.perf_counter() - at) * 1000)
    taken.sort()
    return {"p50_ms": round(taken[runs // 2], 2), "p99_ms": round(taken[runs * 99 // 100], 2), "max_ms": round(taken[-1], 2)}


def bench_todo(options):
    """100,000 open cases, 400,000 closed ones and 5,000 open objects of the registers: the lists of the morning in the process, then over mutual
    TLS, then the whole command; the sweep of due dates with 50 cases due."""
    import desk  # pylint: disable=import-outside-toplevel
    world = loaded_world()
    world.stop()
    home = world.home
    measured = json.loads(subprocess.run([str(options.build / "bin" / "bench_todo"), str(home.config), ITEM, "100000", "400000", "5000"],
                                         stdout=subprocess.PIPE, check=True).stdout)
    home.start()
    connection = home.connect_window(staff="0101")
    pages = {"todo": "/window/v1/todo?limit=100", "todo_20": "/window/v1/todo", "cases_open": "/window/v1/cases?open=1&limit=100",
             "registers": "/window/v1/registers?limit=100"}

    def get(path):
        answer = home.window("GET", path, connection=connection)
        assert answer.status == 200, answer

    out = {"in_process": measured, "over_tls": {name: timed(200, lambda path=path: get(path)) for name, path in pages.items()}}
    person = desk.Desk(home, "0101")
    out["tongban_todo"] = timed(50, lambda: person.run("todo"))
    out["tongban_todo_json"] = timed(50, lambda: person.run("todo", "--json"))
    out["rss_kb"] = memory_kb(home.process, "VmRSS")
    home.stop()
    shutil.rmtree(world.directory)
    return out


def database_kb(office):
    return (office.directory / "data" / "office.db").stat().st_size / 1024


def bench_day(options):
    import day  # pylint: disable=import-outside-toplevel
    world = loaded_world()
    world.stop()
    empty = [database_kb(office) for office in world.offices.values()]
    world.start()
    out = day.run(world, options.day, cpu_seconds, memory_kb)
    world.stop()
    out["database_kb_per_case"] = {o.code: round((database_kb(o) - kb) / options.day, 1) for o, kb in zip(world.offices.values(), empty)}
    shutil.rmtree(world.directory)
    return out


def take_back(world, office):
    """The older copy of this office's store is in its place: from the question to the last entry taken back."""
    office.start()
    begin = time.monotonic()
    while not office.metric("ledger_behind"):
        assert time.monotonic() - begin < 60, "it is not behind"
        time.sleep(0.1)
    before, cpu, begin = memory_kb(office.process, "VmHWM"), cpu_seconds(office.process), time.monotonic()
    plan = office.control_json("recover", code=1)["done"]
    planned = time.monotonic() - begin
    begin = time.monotonic()
    done = office.control_json("recover", "--apply")["done"]
    assert done["applied"], done
    out = {"entries_missing": plan["seen"] - plan["size"], "sum": done["sum"], "plan_seconds": round(planned, 2),
           "apply_seconds": round(time.monotonic() - begin, 2), "cpu_seconds": round(cpu_seconds(office.process) - cpu, 2),
           "peak_rss_kb_before": before, "peak_rss_kb": memory_kb(office.process, "VmHWM")}
    office.control("queue", "retry")
    wait_receipts(world)
    return out


def bench_recover(options):
    """A copy of the night before is restored in the evening, at each side."""
    out = {"cases": options.recover or 3000}
    for side in ("away", "home"):
        world = loaded_world()
        office = getattr(world, side)
        load(world, options.build, 100, 16, prefix="warm")
        wait_receipts(world)
        office.stop()
        store, copy = office.directory / "data", office.directory / "copy"
        shutil.copytree(store, copy)
        office.start()
        load(world, options.build, out["cases"], 16)
        wait_receipts(world)
        office.stop()
        shutil.rmtree(store)
        copy.rename(store)
        out[side] = take_back(world, office)
        world.stop()
        shutil.rmtree(world.directory)
    return out


PARTS = {"fsync": bench_fsync, "idle": bench_idle, "flood": bench_flood, "light": bench_light, "cases": bench_cases, "todo": bench_todo, "material": bench_material,
         "day": bench_day, "million": bench_million, "ledger": bench_ledger, "recover": bench_recover}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--cases", default=20000, type=int)
    parser.add_argument("--connections", default=64, type=int)
    parser.add_argument("--million", default=0, type=int)
    parser.add_argument("--day", default=0, type=int)
    parser.add_argument("--ledger", default=0, type=int)
    parser.add_argument("--recover", default=0, type=int)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    options.build = options.build.resolve()
    os.environ["TONGBAN_BUILD"] = str(options.build)
    # the daemons' stores on the disk of the build, not on a memory file system
    tempfile.tempdir = str(options.build / "bench")
    os.makedirs(tempfile.tempdir, exist_ok=True)
    wanted = options.only.split(",") if options.only else [n for n in PARTS if getattr(options, n, 1)]
    results = {"cores": os.cpu_count()}
    for name in wanted:
        say(f"bench: {name} …")
        results[name] = PARTS[name](options)
        say(json.dumps(results[name], ensure_ascii=False))
    shutil.rmtree(tempfile.tempdir, ignore_errors=True)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
