#!/usr/bin/env python3
"""./dev coverage: what the tests reached, from a build with the preset `coverage` that has run them.

    coverage.py --build DIR [WORD…]

One line per directory; with words, also the files with one of them in their path and the ranges of lines that nothing reached.  Exit 1
when a directory of REQUIRED has less than 90 % of its lines.
"""
import argparse
import collections
import itertools
import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
REQUIRED = ("proto", "daemon/office", "daemon/peer")
LEAST_PERCENT = 90.0


def measure(build):
    """gcovr's records: a file, its lines, their branches."""
    command = ["gcovr", "--root", ROOT, "--json", "-", "--filter", "proto/", "--filter", "daemon/", "--filter", "client/",
               "--gcov-ignore-parse-errors", "-j", str(os.cpu_count() or 1), build]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["files"]


def percent(hit, total):
    return 100.0 * hit / total if total else 100.0


def ranges(numbers):
    """12-14, 20 of [12, 13, 14, 20]."""
    out = []
    for _, group in itertools.groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        out.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ", ".join(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/coverage")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    sums = collections.defaultdict(lambda: [0, 0, 0, 0])
    for record in sorted(measure(options.build), key=lambda one: one["file"]):
        lines = [line for line in record["lines"] if not line["gcovr/noncode"]]
        # the compiler's own branches (unwinding, a throw) are none that a test could take
        branches = [branch for line in lines for branch in line["branches"] if not branch["throw"]]
        missed = {line["line_number"] for line in lines if not line["count"]}
        total = sums[os.path.dirname(record["file"])]
        for at, number in enumerate((len(lines) - len(missed), len(lines), sum(1 for b in branches if b["count"]), len(branches))):
            total[at] += number
        if any(word in record["file"] for word in options.words):
            print(f"{record['file']}: {percent(len(lines) - len(missed), len(lines)):.1f} % of lines; not reached: {ranges(missed)}")
    low = []
    print(f"{'directory':<18}{'lines':>8}{'reached':>10}{'branches':>10}{'taken':>10}")
    for directory, (hit, lines, taken, branches) in sorted(sums.items()):
        print(f"{directory:<18}{lines:>8}{percent(hit, lines):>8.1f} %{branches:>10}{percent(taken, branches):>8.1f} %")
        if directory in REQUIRED and percent(hit, lines) < LEAST_PERCENT:
            low.append(directory)
    if low:
        print(f"fewer than {LEAST_PERCENT:.0f} % of the lines are reached in: {', '.join(low)}", file=sys.stderr)
    sys.exit(1 if low else 0)


if __name__ == "__main__":
    main()
