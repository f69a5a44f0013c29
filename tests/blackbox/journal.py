"""A journal for one test: the socket of systemd-journald, and a program that starts tongband with it as its standard error.

The program runs in a mount namespace of its own in which /run/systemd/journal is the test's directory; it needs `unshare -rm`.
"""
import pathlib
import shutil
import socket
import struct
import subprocess
import threading

from office import daemon_path

STARTER = """#!/bin/sh
exec unshare -rm sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind "$0" /run/systemd/journal &&
JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) && export JOURNAL_STREAM && exec "$@"' '{directory}' '{program}' "$@"
"""


def possible():
    return bool(shutil.which("unshare")) and subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/run"], check=False,
                                                            capture_output=True).returncode == 0


class Journal:
    """Takes records until it is closed; `raw` has every byte that came."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.directory / "socket"))
        self.raw, self.records = [], []
        self.starter = self.directory / "tongband"
        self.starter.write_text(STARTER.format(directory=self.directory, program=daemon_path()))
        self.starter.chmod(0o755)
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()

    def take(self):
        while data := self.socket.recv(1 << 20):
            if data == b"END":
                return
            self.raw.append(data)
            self.records.append(parse(data))

    def close(self):
        """After all records that were sent before are taken; once is enough."""
        if self.socket.fileno() < 0:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"END", str(self.directory / "socket"))
        self.thread.join(10)
        self.socket.close()

    def events(self, name):
        return [record for record in self.records if record.get("TONGBAN_EVENT") == name]


def parse(data):
    """A record of the native protocol: NAME=value lines, or NAME, length and bytes."""
    record, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        line = data[at:end]
        at = end + 1
        if b"=" in line:
            name, _, value = line.partition(b"=")
        else:
            name, size = line, struct.unpack("<Q", data[at:at + 8])[0]
            value = data[at + 8:at + 8 + size]
            at += 8 + size + 1
        assert name.decode() not in record, record
        record[name.decode()] = value.decode()
    return record
