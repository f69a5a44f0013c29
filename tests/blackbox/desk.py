"""One person at one office with `tongban`: runs of it, also at a terminal.  TONGBAN_BUILD names the build."""
import fcntl
import json
import os
import pathlib
import pty
import select
import struct
import subprocess
import termios
import time

from office import daemon_path

TONGBAN = os.environ.get("TONGBAN", str(pathlib.Path(daemon_path()).parents[1] / "client" / "tongban"))


class Desk:
    def __init__(self, office, staff):
        self.office = office
        self.directory = office.world.directory / f"desk-{office.code}-{staff}"
        self.directory.mkdir(exist_ok=True)
        (self.directory / "tongban.yaml").write_text(
            f"server: https://127.0.0.1:{office.port}\nauthority: {office.tls}/staff-ca.crt\ncertificate: {office.tls}/staff-{staff}.crt\n"
            f"key: {office.tls}/staff-{staff}.key\noffice: \"{office.code}\"\n")

    def environment(self, lang, columns):
        env = {"PATH": os.environ["PATH"], "LANG": lang, "HOME": str(self.directory), "COLUMNS": str(columns),
               "TONGBAN_CONFIG": str(self.directory / "tongban.yaml")}
        env.update({k: v for k, v in os.environ.items() if k.startswith(("ASAN", "UBSAN", "TSAN", "TONGBAN_LOCALE"))})
        return env

    def run(self, *words, lang="zh_CN.UTF-8", columns=80, code=0):
        got = subprocess.run([TONGBAN, *words], capture_output=True, text=True, env=self.environment(lang, columns), cwd=self.directory,
                             stdin=subprocess.DEVNULL, timeout=60, check=False)
        assert got.returncode == code, (words, got)
        return got.stdout + got.stderr

    def json(self, *words):
        return json.loads(self.run(*words, "--json"))

    def answer(self, *words, answers, lang="zh_CN.UTF-8", cwd=None):
        """One run at a terminal: each answer is typed when the program waits; then the input ends.  What was shown, and the exit status."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        run = subprocess.Popen([TONGBAN, *words], stdin=theirs, stdout=theirs, stderr=theirs, env={**self.environment(lang, 80), "NO_COLOR": "1"},
                               cwd=cwd or self.directory)
        os.close(theirs)
        shown, answers, end = b"", list(answers), time.monotonic() + 60
        try:
            while time.monotonic() < end:
                if select.select([ours], [], [], 0.3)[0]:
                    try:
                        part = os.read(ours, 65536)
                    except OSError:
                        break
                    if not part:
                        break
                    shown += part
                elif run.poll() is not None:
                    break
                elif shown.rstrip(b" ").endswith((b":", "：".encode())):
                    os.write(ours, (answers.pop(0) + "\n").encode() if answers else b"\x04")
            status = run.wait(10)
        finally:
            os.close(ours)
        return shown.decode().replace("\r\n", "\n"), status
