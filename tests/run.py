#!/usr/bin/env python3
"""Runs every test program of a build directory and the pytest suites, and counts single cases.

One line per suite, details only of failures; the last line is exactly `N passed, N failed`.  A program that crashes, hangs or
fails without saying which case counts as one failed case.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CMOCKA = re.compile(r"^\[  (PASSED|FAILED) +\] (\d+) test\(s\)", re.M)
CMOCKA_START = re.compile(r"^\[==========\].* Running \d+ test", re.M)
DEFAULT_TIMEOUT = 300
PYTEST_TIMEOUT = 1200
SHOWN = 12000


class Result:
    """passed and failed cases of one suite, and what to show when some failed."""

    def __init__(self, name, passed, failed, seconds, output, note=""):
        self.name, self.passed, self.failed = name, passed, failed
        self.seconds, self.output, self.note = seconds, output, note

    def show(self):
        word = "ok  " if not self.failed else "FAIL"
        tail = f"  ({self.note})" if self.note else ""
        print(f"{word} {self.name}: {self.passed} passed, {self.failed} failed, {self.seconds:.1f} s{tail}", flush=True)
        if self.failed:
            text = self.output if len(self.output) <= SHOWN else self.output[: SHOWN // 3] + "\n[…]\n" + self.output[-SHOWN * 2 // 3:]
            print("\n".join("    " + line for line in text.splitlines()), flush=True)


def count(output, status):
    """(passed, failed) of one program from its output and exit status."""
    passed = sum(int(n) for word, n in CMOCKA.findall(output) if word == "PASSED")
    failed = sum(int(n) for word, n in CMOCKA.findall(output) if word == "FAILED")
    if not CMOCKA_START.search(output):
        return (1, 0) if status == 0 else (0, 1)
    if status != 0 and failed == 0:
        failed = 1
    return passed, failed


def run_program(name, command, environment, directory, timeout):
    """Runs one test program to its end or its time limit."""
    started = time.monotonic()
    note = ""
    try:
        done = subprocess.run(command, cwd=directory, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
        output, status = done.stdout.decode("utf-8", "replace"), done.returncode
        if status < 0:
            note = f"died of signal {-status}"
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"").decode("utf-8", "replace"), -1
        note = f"did not end within {timeout:.0f} s"
    except OSError as error:
        output, status = str(error), -1
    passed, failed = count(output, status)
    return Result(name, passed, failed, time.monotonic() - started, output, note)


def ctest_programs(build):
    """(name, command, environment, directory, timeout, serial) of every registered test."""
    listing = subprocess.run(["ctest", "--show-only=json-v1"], cwd=build, stdout=subprocess.PIPE, check=True)
    for test in json.loads(listing.stdout)["tests"]:
        properties = {p["name"]: p["value"] for p in test.get("properties", [])}
        environment = dict(item.split("=", 1) for item in properties.get("ENVIRONMENT", []))
        yield (test["name"], test.get("command"), environment, properties.get("WORKING_DIRECTORY", build),
               float(properties.get("TIMEOUT", DEFAULT_TIMEOUT)), bool(properties.get("RUN_SERIAL", False)))


def run_ctest(build, jobs, slow, only):
    """Runs the programs of a build directory, several at a time; `slow` multiplies their time limits (sanitizers)."""
    results, serial = [], []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = []
        for name, command, environment, directory, timeout, alone in ctest_programs(build):
            if only and not re.search(only, name):
                continue
            if not command:
                results.append(Result(name, 0, 1, 0, "the program was not built"))
                continue
            job = (name, command, environment, directory, timeout * slow)
            if alone:
                serial.append(job)
            else:
                running.append(pool.submit(run_program, *job))
        for future in running:
            results.append(future.result())
            results[-1].show()
    for job in serial:
        results.append(run_program(*job))
        results[-1].show()
    return results


def run_pytest(directory, build, jobs, skip):
    """Runs the files of one pytest suite, several at a time: most of their time they wait.  The largest first."""
    names = sorted(glob.glob(os.path.join(ROOT, directory, "test_*.py")), key=os.path.getsize, reverse=True)
    names = [name for name in names if not skip or not re.search(skip, os.path.basename(name))]
    with concurrent.futures.ThreadPoolExecutor(jobs + 1) as pool:  # one more than there are cores: they wait
        return list(pool.map(lambda path: run_pytest_file(os.path.relpath(path, ROOT), build), names))


def run_pytest_file(directory, build):
    """Runs one file; an empty one counts nothing."""
    report = os.path.join(build, "pytest-" + directory.replace("/", "-") + ".xml")
    if os.path.exists(report):
        os.unlink(report)
    environment = {"TONGBAN_BUILD": build, "TONGBAN_ROOT": ROOT, "PYTHONDONTWRITEBYTECODE": "1"}
    result = run_program(directory, [sys.executable, "-m", "pytest", "-q", "-x" if os.environ.get("TONGBAN_FAIL_FAST") else "-ra",
                                     "-p", "no:cacheprovider", "--junitxml", report, directory], environment, ROOT, PYTEST_TIMEOUT)
    passed = failed = skipped = 0
    try:
        for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped += int(suite.get("skipped", 0))
            failed += bad
            passed += int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0))
    except (OSError, xml.etree.ElementTree.ParseError):
        failed = 0 if "no tests ran" in result.output else 1
    if result.note and not failed:
        failed = 1
    note = "; ".join(part for part in (result.note, f"{skipped} skipped" if skipped else "") if part)
    summary = Result(directory, passed, failed, result.seconds, result.output, note)
    summary.show()
    return summary


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="build directory with the ctest programs")
    parser.add_argument("--pytest", action="append", default=[], metavar="DIR", help="pytest suite to run after them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--slow", type=float, default=1, help="multiply the time limits")
    parser.add_argument("--skip", help="regular expression on the names of files of the pytest suites")
    parser.add_argument("--only", help="regular expression on the names of ctest programs and suites")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    results = run_ctest(build, options.jobs, options.slow, options.only)
    for directory in options.pytest:
        if not options.only or re.search(options.only, directory):
            results += run_pytest(directory, build, options.jobs, options.skip)
    failed = [r for r in results if r.failed]
    if failed:
        print("failed: " + ", ".join(r.name for r in failed))
    print(f"{sum(r.passed for r in results)} passed, {sum(r.failed for r in results)} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
