"""One person at one office with `tongban`: runs of it, also at a terminal.  TONGBAN_BUILD names the build."""
import json
import os
import pathlib
import subprocess
import sys

from office import ROOT, daemon_path

sys.path.insert(0, str(ROOT / "config" / "demo"))
import terminal  # the demonstration's

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
        return terminal.answer([TONGBAN, *words], answers, self.environment(lang, terminal.COLUMNS), cwd or self.directory)
