"""The real journald, in namespaces of its own, takes the daemon's events as records, and `journalctl -x` explains them."""
import json
import os
import pathlib
import shlex
import subprocess

import pytest

import journal
from office import AWAY, ROOT, daemon_path

JOURNALD = pathlib.Path("/lib/systemd/systemd-journald")
# journald wants its directories, the catalogue its own; then the daemon runs until the journal has what is asked for
SCRIPT = """
mount -t tmpfs none /run && mount -t tmpfs none /var/log && mount -t tmpfs none /var/lib/systemd && mount -t tmpfs none /usr/lib/systemd/catalog || exit 77
mkdir -p /run/systemd/journal /run/log/journal /var/lib/systemd/catalog
cp {catalogues}/*.catalog /usr/lib/systemd/catalog/ && journalctl --update-catalog || exit 1
{journald} >/dev/null 2>&1 &
for i in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.05; done
[ -S /run/systemd/journal/socket ] || exit 77
( exec 2>{directory}/stderr; JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); export JOURNAL_STREAM
  exec {daemon} --config {config} ) &
daemon=$!
for i in $(seq 200); do journalctl -q TONGBAN_EVENT=exchange_failed | grep -q . && break; sleep 0.05; done
kill -TERM $daemon; wait $daemon; echo $? >{directory}/status
for i in $(seq 100); do journalctl -q TONGBAN_EVENT=stopped | grep -q . && break; sleep 0.05; done
journalctl -q --no-pager -o json >{directory}/records
journalctl -q --no-pager -x TONGBAN_EVENT=exchange_failed -n 1 >{directory}/explained
"""


@pytest.mark.skipif(not JOURNALD.exists() or not journal.possible(), reason="no systemd-journald, or no namespaces for it (unshare -rm)")
def test_journalctl_explains_what_the_daemon_says(fresh, tmp_path):
    words = {"catalogues": ROOT / "systemd", "journald": JOURNALD, "directory": tmp_path, "daemon": daemon_path(), "config": fresh.away.config}
    script = SCRIPT.format(**{name: shlex.quote(str(word)) for name, word in words.items()})
    ran = subprocess.run(["unshare", "-rmp", "--fork", "--mount-proc", "sh", "-c", script], capture_output=True, text=True, timeout=60, check=False,
                         env={**os.environ, "LC_ALL": "C.UTF-8"})
    if ran.returncode == 77:
        pytest.skip("journald does not run in namespaces of this machine: " + ran.stderr[-200:])
    assert ran.returncode == 0, (ran.stdout, ran.stderr)
    assert (tmp_path / "status").read_text() == "0\n" and (tmp_path / "stderr").read_text() == ""
    records = [json.loads(line) for line in (tmp_path / "records").read_text().splitlines()]
    ours = {record["TONGBAN_EVENT"]: record for record in records if "TONGBAN_EVENT" in record}
    assert {"ready", "listening", "exchange_failed", "stopped"} <= set(ours)
    assert ours["ready"]["TONGBAN_OFFICE"] == AWAY and ours["ready"]["PRIORITY"] == "5" and "MESSAGE_ID" not in ours["ready"]
    failed = ours["exchange_failed"]
    assert (failed["TONGBAN_AREA"], failed["PRIORITY"], failed["SYSLOG_IDENTIFIER"], failed["_TRANSPORT"]) == ("peer", "4", "tongband", "journal")
    assert failed["MESSAGE_ID"] == "9d4b317d603c4d7e9cac97359bb3ad92" and failed["MESSAGE"].startswith("exchange_failed: the exchange")
    explained = (tmp_path / "explained").read_text()
    assert "Subject: the exchange with a counterpart fails" in explained and "counterpart 330483" in explained and "What to do:" in explained
