#!/usr/bin/env python3
"""Kills either daemon of a loaded pair at random moments, again and again, and looks for what was lost or done twice.

    run.py [--build DIR] [--kills N] [--seed S] [--plant]

While intakes run without a pause, one daemon or the other gets SIGKILL and is started again at once.  Every acknowledged intake must then
exist once, at both offices, under the number that was promised.  --plant removes one case from the comparison's view of the home side, to
show that the comparison would notice.  Exit 0 when nothing was lost and nothing doubled; the seed is printed for replay.
"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "blackbox"))
import office as harness  # noqa: E402


def start_load(world, build, acked, part, count):
    away = world.away
    return subprocess.Popen([str(build / "bin" / "load"), "--port", str(away.port), "--ca", str(away.tls / "staff-ca.crt"), "--cert",
                             str(away.tls / "staff-0007.crt"), "--key", str(away.tls / "staff-0007.key"), "--home", harness.HOME, "--item",
                             harness.ITEMS[harness.HOME][0][0], "--count", str(count), "--connections", "8", "--rate", "150", "--acked", str(acked),
                             "--prefix", f"part{part}", "--patience", "120"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def all_cases(office):
    """case number → confirmed state, of every case at the office."""
    cases, cursor, connection = {}, None, office.connect_window()
    while True:
        path = "/window/v1/cases?limit=100" + (f"&cursor={cursor}" if cursor else "")
        page = office.window("GET", path, connection=connection).json()
        for row in page["rows"]:
            assert row["case"] not in cases, f"doubled in the list of {office.code}: {row['case']}"
            cases[row["case"]] = (row["state_confirmed"], row["pending"])
        cursor = page["next"]
        if not cursor:
            return cases


def wait_quiet(world, seconds=180):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rows = [peer for o in world.offices.values() for peer in o.window("GET", "/window/v1/office").json()["peers"]]
        if all(peer["unsent"] == 0 for peer in rows):
            return
        time.sleep(0.2)
    raise AssertionError("the offices did not come to rest")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release", type=pathlib.Path)
    parser.add_argument("--kills", default=500, type=int)
    parser.add_argument("--seed", default=int(time.time()), type=int)
    parser.add_argument("--plant", action="store_true")
    options = parser.parse_args()
    build = options.build.resolve()
    os.environ["TONGBAN_BUILD"] = str(build)
    dice = random.Random(options.seed)
    world = harness.World()
    for office in world.offices.values():
        office.admission(staff_per_s=100000, peer_per_s=100000)  # one certificate stands for a whole hall
    world.start()
    acked = world.directory / "acked"
    loads, kills, begin = [], 0, time.monotonic()
    part = 0
    running = start_load(world, build, acked, part, 3000)
    while kills < options.kills:
        if running.poll() is not None:
            loads.append(json.loads(running.stdout.read()))
            part += 1
            running = start_load(world, build, acked, part, 3000)
        time.sleep(dice.uniform(0.0, 0.25))
        victim = dice.choice([world.home, world.away])
        victim.kill()
        victim.start()
        kills += 1
        if kills % 50 == 0:
            print(f"{kills} kills, {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    loads.append(json.loads(running.communicate(timeout=300)[0]))
    wait_quiet(world)
    promised = [line.split() for line in acked.read_text().splitlines()]
    at_home, at_away = all_cases(world.home), all_cases(world.away)
    if options.plant:
        at_home.pop(promised[0][1])
    lost = [number for _, number in promised if number not in at_home or number not in at_away]
    doubled = (len(at_away) - len({number for _, number in promised})) + (len(promised) - len({key for key, _ in promised}))
    differing = [n for n in at_away if at_home.get(n, (None,))[0] != at_away[n][0] or at_away[n][1]]
    result = {"seed": options.seed, "kills": kills, "seconds": round(time.monotonic() - begin, 1), "acknowledged": len(promised), "cases_at_intake": len(at_away),
              "cases_at_home": len(at_home), "lost": len(lost), "doubled": doubled, "states_that_differ": len(differing),
              "reconnects": sum(l["reconnects"] for l in loads), "gave_up": sum(l["gave_up"] for l in loads)}
    print(json.dumps(result))
    world.stop()
    sys.exit(0 if not lost and not doubled and not differing and not result["gave_up"] else 1)


if __name__ == "__main__":
    main()
