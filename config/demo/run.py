#!/usr/bin/env python3
"""./dev demo: two offices on this machine, one real application from window to delivery, its timeline and its proof.

--joint runs three offices and one joint case instead: the household move and the pension transfer from one intake (joint.py).
--full runs three offices and every scene of scenes.py, and compares what both sides have of each case.
--keep leaves the offices running and says how to talk to them; --stop ends offices that were left running.  Everything is made
anew below build/demo; only the ports of the configuration are listened on, only on loopback.
"""
import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("TONGBAN_BUILD", os.path.join(ROOT, "build", "release")))
DEMO = os.path.join(ROOT, "build", "demo")
PORTS = {"330483": 7401, "320623": 7501, "330503": 7601}  # window; peer and admin follow
PLACES = {"330483": "桐乡 Tongxiang", "320623": "如东 Rudong", "330503": "南浔 Nanxun"}
TWO, ALL = ("330483", "320623"), tuple(PORTS)
READY_S, STOP_S, STEP_S = 20, 15, 30


class DemoError(Exception):
    """What went wrong, in words for the person at the terminal."""


def program(name):
    """Path of a built program."""
    for directory in ("bin", "client", "daemon", "tests"):
        path = os.path.join(BUILD, directory, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise DemoError(f"the program {name} is not built in {BUILD}")


def say(chinese, english):
    print(f"● {chinese} · {english}", flush=True)


# ---- the two offices ----

def pid_file(office):
    return os.path.join(DEMO, office, "pid")


def running(office):
    """Process of an office left running, or None; a number reused by another program is not taken for it."""
    try:
        with open(pid_file(office), encoding="ascii") as handle:
            pid = int(handle.read())
        with open(f"/proc/{pid}/cmdline", "rb") as handle:
            command = handle.read().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.path.basename(command[0]) == b"tongband" and os.fsencode(office_config(office)) in command else None


def office_config(office):
    return os.path.join(DEMO, office, "office.yaml")


def gone(pid):
    """True when the process has ended (its children's table entry is ours to clear when we started it)."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    except ChildProcessError:
        pass
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as handle:
            return handle.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def stop():
    """Ends the offices cleanly; returns how many were running."""
    pids = [pid for pid in map(running, PORTS) if pid]
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_S
    for pid in pids:
        while not gone(pid):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
    for office in PORTS:
        if os.path.exists(pid_file(office)):
            os.unlink(pid_file(office))
    return len(pids)


def check_ports(offices):
    taken = []
    for first in (PORTS[office] for office in offices):
        for port in range(first, first + 3):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    taken.append(str(port))
    if taken:
        raise DemoError("another program listens on port " + ", ".join(taken) + " of 127.0.0.1; end it, then try again")


def start(office):
    log = os.path.join(DEMO, office, "log.jsonl")
    with open(log, "ab") as out:
        process = subprocess.Popen([program("tongband"), "--config", office_config(office)], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=out, start_new_session=True)
    with open(pid_file(office), "w", encoding="ascii") as handle:
        handle.write(str(process.pid))
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORTS[office] + 2}/healthz", timeout=2) as answer:
                if json.load(answer)["status"] in ("ok", "disk-low"):
                    return
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.05)
    with open(log, encoding="utf-8", errors="replace") as handle:
        tail = "".join(handle.readlines()[-15:])
    raise DemoError(f"office {office} did not become ready; the end of {log}:\n{tail}")


# ---- people ----

class Person:
    """Somebody with a certificate, working with `tongban`."""

    missing = DemoError  # what a command ends with when its object has not arrived

    def __init__(self, office, number):
        self.office = office
        self.config = os.path.join(DEMO, "client", f"{office}-{number}.yaml")

    def command(self, *words):
        return [program("tongban"), "--config", self.config, *words]

    def run(self, *words):
        """One command; its JSON answer."""
        done = subprocess.run(self.command("--json", *words), cwd=os.path.join(DEMO, "papers"), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        if done.returncode:
            raise DemoError(f"tongban {' '.join(words)}: exit status {done.returncode}\n"
                            + (done.stdout + done.stderr).decode("utf-8", "replace"))
        return json.loads(done.stdout)

    def show(self, *words):
        """One command, as the person sees it."""
        subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, check=False)

    def wait_item(self, office, code):
        """Waits until the catalogue of the other office has arrived."""
        deadline = time.monotonic() + STEP_S
        while True:
            try:
                return self.run("item", "show", code, "--office", office)
            except DemoError as error:
                if "item-unknown" not in str(error) and "not-found" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    raise DemoError(f"the catalogue of office {office} did not arrive within {STEP_S} s") from error
            time.sleep(0.2)

    def wait(self, number, *states):
        """Waits until the case is in one of the states and nothing of it is under way."""
        deadline, case = time.monotonic() + STEP_S, {}
        while time.monotonic() < deadline:
            try:
                case = self.run("case", "show", number)
                if case["state"] in states and not case.get("pending"):
                    return case
            except DemoError as error:
                if "not-found" not in str(error):  # it has not arrived yet
                    raise
            time.sleep(0.2)
        raise DemoError(f"case {number} is {case.get('state', 'not there')} after {STEP_S} s, not {' or '.join(states)}")


def paper(name, kilobytes):
    """A synthetic scan."""
    body = b"".join(b"%% page %06d of a synthetic document\n" % i for i in range(kilobytes * 1024 // 42))
    with open(os.path.join(DEMO, "papers", name), "wb") as handle:
        handle.write(b"%PDF-1.4\n" + name.encode() + b"\n" + body + b"1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")


def document(name, content):
    with open(os.path.join(DEMO, "papers", name), "w", encoding="utf-8") as handle:
        json.dump(content, handle, ensure_ascii=False, indent=1)


def papers():
    os.makedirs(os.path.join(DEMO, "papers"))
    paper("registration-form.pdf", 40)
    paper("old-card.pdf", 300)
    paper("new-card.pdf", 20)
    document("application.json", {
        "item": {"office": "330483", "code": "GA01"},
        "applicant": {"kind": "person", "name": "张三", "certificate": {"type": "citizen-id", "number": "33048318500101001X"},
                      "mobile": "13900001234", "address": "江苏省如东县掘港街道测试路1号"},
        "materials": [
            {"name": "居民身份证异地受理登记表", "form": "original", "original_seen": True, "file": "registration-form.pdf", "pages": 1}],
        "comparison": {"result": "match", "score": 93, "device": "window-3"},
        "delivery": {"way": "pickup", "place": "intake"},
        "forward": False,
    })
    card = {"name": "居民身份证", "number": "TX-2026-0001", "copies": 1}
    document("decision.json", {"result": {"name": card["name"], "number": card["number"], "sha256": "new-card.pdf"}})
    document("delivery.json", {"way": "pickup", "place": "intake", "documents": [card]})


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000+08:00", time.gmtime(time.time() + 8 * 3600))


def receipt():
    """The receipt of delivery, 送达回证, as of now."""
    document("receipt.json", {"way": "direct", "place": "如东县政务服务中心窗口",
                              "documents": [{"name": "居民身份证", "number": "TX-2026-0001", "copies": 1}],
                              "received_at": now(), "recipient": "张三", "server": "顾海燕"})


def shared(rows):
    """A timeline without what only one side knows: whether the receipt of a message is still under way."""
    return [{name: value for name, value in row.items() if name != "pending"} for row in rows]


def same_timeline(window, officer, number):
    """Both sides' timelines, which must be equal once the link has said everything; how many entries they have."""
    deadline, views = time.monotonic() + STEP_S, []
    while time.monotonic() < deadline:
        views = [person.run("case", "track", number) for person in (window, officer)]
        told = [(view["state"], shared(view["rows"])) for view in views]
        if told[0][1] and told[0] == told[1] and not any(row["pending"] for view in views for row in view["rows"]):
            return len(told[0][1])
        time.sleep(0.2)
    raise DemoError("the timelines of both sides differ:\n" + "\n".join(json.dumps(view, ensure_ascii=False) for view in views))


def prove(person, number):
    """The auditor's check: only the bundle and the two offices' public keys."""
    bundle = os.path.join(DEMO, "bundle.json")
    if os.path.exists(bundle):
        os.unlink(bundle)
    subprocess.run(person.command("case", "proof", number, "--out", bundle), check=True, stdout=subprocess.DEVNULL)
    keys = []
    for office in PORTS:
        if not os.path.exists(os.path.join(DEMO, office, "ledger.vkey")):
            continue
        with open(os.path.join(DEMO, office, "ledger.vkey"), encoding="ascii") as handle:
            keys += ["--key", handle.read().strip()]
    done = subprocess.run([program("tongban-verify"), "case", *keys, bundle], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    text = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode:
        raise DemoError("the proof does not verify:\n" + text)
    return text


def take_in(clerk, officer):
    """At the window in Rudong, as far as the home side's receipt; the case number."""
    number = clerk.run("case", "new", "--file", "application.json")["case"]
    say(f"如东窗口 0007 收件，办件编号 {number}", f"the clerk in Rudong takes the application in: case {number}")
    clerk.run("material", "add", number, "old-card.pdf", "--name", "原居民身份证", "--form", "original", "--original-seen")
    say("上传原件扫描，断线可续", "scans uploaded (resumable)")
    clerk.run("case", "forward", number)
    say("推送属地桐乡", "forwarded to the home side, Tongxiang")
    officer.wait(number, "received")
    rows = officer.run("todo")["rows"]
    if number not in [row.get("case") for row in rows]:
        raise DemoError("the case does not stand in the home side's to-do list")
    say("桐乡验证签名与材料，回执已入账，列入待办", "Tongxiang verified message and materials, gave its receipt, has it on its list")
    return number


def decide_and_deliver(clerk, officer, number):
    """From the acceptance in Tongxiang to the end of the case."""
    officer.run("case", "accept", number)
    say("桐乡 0101 受理", "the officer in Tongxiang accepts it: the legal time runs")
    officer.run("case", "grant", number, "--file", "decision.json")
    say("审批准予，结果文书入账", "granted, with the result document")
    officer.run("case", "delivery", number, "--file", "delivery.json")
    say("委托如东窗口送达", "delivery requested from the window in Rudong")
    clerk.wait(number, "delivering")
    receipt()
    clerk.run("case", "deliver", number, "--file", "receipt.json")
    say("如东窗口送达，登记送达回证", "delivered in Rudong, with the receipt of delivery")
    officer.wait(number, "delivered")
    officer.run("case", "complete", number)
    clerk.wait(number, "completed")
    say("办结", "completed")


def application():
    """One application from window to delivery; returns its number."""
    clerk, officer = Person("320623", "0007"), Person("330483", "0101")
    clerk.wait_item("330483", "GA01")
    say("两地互换并验证事项目录与授权", "both sides exchanged and verified catalogues and authorisations")
    number = take_in(clerk, officer)
    decide_and_deliver(clerk, officer, number)
    count = same_timeline(clerk, officer, number)
    say(f"两地时间线一致，共 {count} 条", f"both sides show the same timeline, {count} entries:")
    clerk.show("case", "track", number)
    verdict = prove(clerk, number)
    say("离线验证证明", "the proof verifies offline, with nothing but two public keys:")
    print(verdict)
    return number


def control_socket(office):
    """Where tongbanctl finds the office, or None: the name of a Unix socket has at most 107 bytes."""
    path = os.path.join(DEMO, office, "ctl")
    return path if len(os.fsencode(path)) < 108 else None


def how_to_go_on():
    print("\nThe offices go on running.  Talk to them · 两个大厅继续运行，您可以这样操作：")
    directories = sorted({os.path.dirname(program(name)) for name in ("tongban", "tongbanctl", "tongban-verify")})
    print(f"  export PATH={shlex.quote(':'.join(directories))}:$PATH")
    people = [("320623", "0007", "窗口 window"), ("330483", "0101", "部门 officer")]
    if running("330503"):
        people += [("330483", "0007", "窗口 window: tongban joint list"), ("330503", "0101", "部门 officer")]
    for office, number, what in people:
        config = os.path.join(DEMO, "client", f"{office}-{number}.yaml")
        print(f"  # {PLACES[office]}, {what}\n  export TONGBAN_CONFIG={shlex.quote(config)}; tongban todo")
    for office in filter(running, PORTS):
        print(f"  # {PLACES[office]}: http://127.0.0.1:{PORTS[office] + 2}/healthz, /metrics; log "
              + shlex.quote(os.path.join(DEMO, office, "log.jsonl")))
        if control_socket(office):
            print(f"  export TONGBAN_CONTROL={shlex.quote(control_socket(office))}; tongbanctl status")
    print("  # end · 结束: ./dev demo --stop")


def demo(keep, offices, story):
    if stop():
        say("先结束上次留下的大厅", "ended the offices left from last time")
    check_ports(offices)
    shutil.rmtree(DEMO, ignore_errors=True)
    os.makedirs(DEMO)
    made = subprocess.run([os.path.join(ROOT, "config/demo/make-office.sh"), DEMO, *(str(PORTS[office]) for office in offices)],
                          env={**os.environ, "TONGBAND": program("tongband"), "OFFICES": " ".join(offices)}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if made.returncode:
        raise DemoError("keys and configurations: " + made.stdout.decode("utf-8", "replace"))
    for office in filter(control_socket, offices):
        with open(office_config(office), "a", encoding="utf-8") as text:
            text.write(f"control: {json.dumps(control_socket(office))}\n")
    papers()
    say("生成各地的证书与账本密钥", "made keys and certificates of the offices")
    try:
        for office in offices:
            start(office)
            say(f"{PLACES[office].split()[0]}大厅 {office} 就绪", f"office {office} is ready on 127.0.0.1:{PORTS[office]}")
        story()
        if keep:
            how_to_go_on()
    except BaseException:
        stop()
        raise
    if not keep:
        stop()
        say("完成，各大厅已停止；数据在 build/demo", "done, the offices are stopped; their data lie in build/demo")


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description="two offices, one application, its proof")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--joint", action="store_true", help="three offices, one joint case of six legs, their proofs")
    which.add_argument("--full", action="store_true", help="three offices, every scene, both sides' timelines compared")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--keep", action="store_true", help="leave the offices running")
    choice.add_argument("--stop", action="store_true", help="end offices left running")
    options = parser.parse_args()
    try:
        if options.stop:
            ended = stop()
            say(f"已结束 {ended} 个大厅", f"{ended} offices ended")
        elif options.joint:
            import joint  # beside this file; needs what is defined here
            demo(options.keep, ALL, lambda: joint.story(sys.modules[__name__]))
        elif options.full:
            import scenes  # likewise
            demo(options.keep, ALL, lambda: scenes.story(sys.modules[__name__]))
        else:
            demo(options.keep, TWO, application)
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
