#!/usr/bin/env python3
"""./dev check: everything about the tree that a run of the tests does not show.  One line per check, details of failures only;
the last line is `N passed, N failed`.  With --quick only the checks that need no build."""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
JOBS = os.cpu_count() or 1
LOGS = os.path.join(ROOT, "build", "log")
SEEDS_IN_CHECK = 300  # behind the thousand of ./dev test; CI has half an hour
YEARS_IN_CHECK = 3  # on each core
SHOWN_LINES = 60
CASES = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
# Client, packages and pages: with the address sanitizer other files make the same requests.
NOT_UNDER_ASAN = r"test_(packages|width|clerk_hour|tutorial|demo_scenes|set_up|desk|cli|documents|register_reports|recover_killed|pki|log_privacy|reports)\.py"
ONLY_UNDER_ASAN = r"^(?!simulation/finds)"  # whether planted faults are found does not depend on it
# The thread sanitizer is for what the daemon's threads do at the same time, and slow: the tests that make them meet.
UNDER_TSAN = (r"test_(exchange|between|restart|peer_api|window_api|materials|overload|control|hooks|metrics|staff|manager|certificates|"
              r"reports|revisions)\.py")
ONLY_UNDER_TSAN = r"^(unit/(net|base|api|peer)/|unit/store/test_(threads|turns|copy)|tests/blackbox)"


def run(command, environment=None, timeout=1800):
    """(status, output) of a command in the tree."""
    try:
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        return 1, (late.stdout or b"").decode("utf-8", "replace") + f"\ndid not end within {timeout} s"
    except OSError as error:
        return 1, str(error)


def build(preset, cmake_options):
    """Configures and builds build/<preset>."""
    status, output = run(["cmake", "--preset", preset, "-DTONGBAN_TESTS=ON", *cmake_options])
    if status == 0:
        status, output = run(["cmake", "--build", f"build/{preset}", "--parallel", str(JOBS)])
    return status, output


def lint(name):
    return lambda: run([sys.executable, f"tests/lint/{name}.py"])


def lint_tests():
    return run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/lint"])


def cppcheck():
    sources = [d for d in ("proto", "daemon", "client") if os.path.isdir(os.path.join(ROOT, d))]
    return run(["cppcheck", "--enable=warning,performance,portability", "--inline-suppr", "--error-exitcode=1", "--quiet",
                "--std=c11", "-j", str(JOBS), "-I", ".", "--include=tests/lint/cppcheck.h", "-D_GNU_SOURCE", '-DTONGBAN_VERSION="0"', "--suppressions-list=" +
                "tests/lint/cppcheck.suppressions", "--template={file}:{line}: {id}: {message}", *sources])


def clang_tidy():
    """The compile commands of the clang build, our own sources only."""
    path = os.path.join(ROOT, "build/clang/compile_commands.json")
    with open(path, encoding="utf-8") as handle:
        units = sorted({os.path.relpath(unit["file"], ROOT) for unit in json.load(handle)})
    units = [unit for unit in units if unit.startswith(("proto/", "daemon/", "client/"))]
    if not units:
        return 1, "no sources in " + path

    def one(unit):
        return run(["clang-tidy", "-p", "build/clang", "--quiet", unit])

    output, worst = [], 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for status, text in pool.map(one, units):
            if status:
                worst = 1
                output.append(text)
    return worst, "\n".join(output)


def tests_in(preset, environment, slow, skip, only=None):
    """The whole suite, black box included: the daemons that those tests start are the ones of this build."""
    command = [sys.executable, "tests/run.py", "--build", f"build/{preset}", "--slow", str(slow), "--jobs", str(JOBS), "--pytest", "tests/blackbox"]
    command += ["--skip", skip] + (["--only", only] if only else [])
    return lambda: run(command, environment)


def machines():
    """./dev system without the two tests that wait longest.  Where no machine boots it says so and why."""
    status, output = run([sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tests/system", "-k",
                          "not cable_cut and not two_offices"], {"TONGBAN_BUILD": "build/gcc"})
    reasons = dict.fromkeys(re.findall(r"^SKIPPED .*?: (.*)$", output, re.M))
    if reasons:
        print(f"skipped: {'; '.join(reasons)}", flush=True)
    return status, output


def seeds():
    """The simulation with further seeds than ./dev test has, and some virtual years, a share of them on each core."""
    programs = [os.path.join(ROOT, "build/gcc", directory, "simulation") for directory in ("tests/simulation", "tests", "bin")]
    built = [program for program in programs if os.path.isfile(program)]
    if not built:
        return 1, "the simulation was not built"
    share = SEEDS_IN_CHECK // JOBS + 1
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        done = list(pool.map(lambda n: run([built[0], str(1001 + n * share), str(share)]), range(JOBS)))
        done += list(pool.map(lambda n: run([built[0], str(3 + n * YEARS_IN_CHECK), str(YEARS_IN_CHECK), "--year"]), range(JOBS)))
    return max(status for status, _ in done), "\n".join(output for _, output in done)


def checks(quick, cmake_options):
    yield "style", lint("style")
    yield "layers", lint("layers")
    yield "banned functions", lint("banned")
    yield "headers", lint("headers")
    yield "tree and history", lint("tree")
    yield "tests of the lints", lint_tests
    if quick:
        return
    yield "cppcheck", cppcheck
    yield "gcc -Werror", lambda: build("gcc", cmake_options)
    yield "clang -Werror", lambda: build("clang", cmake_options)
    yield "clang-tidy", clang_tidy
    if os.path.isdir(os.path.join(ROOT, "tests/simulation")):
        yield f"simulation, {SEEDS_IN_CHECK} seeds", seeds
    yield "machines with systemd", machines
    yield "asan+ubsan build", lambda: build("asan", cmake_options + ["-DTONGBAN_SEEDS=60"])
    yield "asan+ubsan tests", tests_in("asan", {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS":
                                                "print_stacktrace=1:halt_on_error=1"}, 6, NOT_UNDER_ASAN, ONLY_UNDER_ASAN)
    yield "tsan build", lambda: build("tsan", cmake_options + ["-DTONGBAN_SEEDS=30"])
    yield "tsan tests", tests_in("tsan", {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1"}, 10, r"^(?!" + UNDER_TSAN + ")",
                                   ONLY_UNDER_TSAN)


def main():
    arguments, cmake_options = sys.argv[1:], []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, cmake_options = arguments[:at], arguments[at + 1:]
    if [a for a in arguments if a != "--quick"]:
        print("usage: ./dev check [--quick]", file=sys.stderr)
        return 2
    os.makedirs(LOGS, exist_ok=True)
    for old in glob.glob(os.path.join(LOGS, "check-*.log")):
        os.unlink(old)
    passed = failed = 0
    for name, action in checks("--quick" in arguments, cmake_options):
        started = time.monotonic()
        try:
            status, output = action()
        except Exception as error:  # a check that breaks is a failed check, the others still run
            status, output = 1, f"{type(error).__name__}: {error}"
        log = os.path.join(LOGS, "check-" + re.sub(r"[^a-z0-9]+", "-", name.lower()) + ".log")
        with open(log, "w", encoding="utf-8") as handle:
            handle.write(output)
        counted = CASES.findall(output)
        note = f" ({counted[-1][0]} cases)" if counted and status == 0 else ""
        print(f"{'FAIL' if status else 'ok  '} {name}{note}, {time.monotonic() - started:.1f} s", flush=True)
        if status:
            lines = output.splitlines()
            if len(lines) > SHOWN_LINES:
                lines = lines[: SHOWN_LINES // 2] + [f"[… {len(lines) - SHOWN_LINES} lines, all in {os.path.relpath(log, ROOT)}]"] + \
                    lines[-SHOWN_LINES // 2:]
            print("\n".join("    " + line for line in lines), flush=True)
            failed += 1
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    if not shutil.which("cmake"):
        print("run this as ./dev check", file=sys.stderr)
    sys.exit(main())
