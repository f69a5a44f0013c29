"""A command at a terminal of 80 columns: what it shows, with what somebody types."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

COLUMNS, LIMIT_S = 80, 60


def answer(command, answers, environment, directory):
    """One run: each answer is typed when the program waits; then the input ends.  What was shown, and the exit status."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    run = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**environment, "NO_COLOR": "1"}, cwd=directory)
    os.close(theirs)
    shown, answers, end = b"", list(answers), time.monotonic() + LIMIT_S
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
                if not select.select([ours], [], [], 0)[0]:  # its last words may have come since
                    break
            elif shown.rstrip(b" ").endswith((b":", "：".encode())):
                os.write(ours, (answers.pop(0) + "\n").encode() if answers else b"\x04")
        status = run.wait(10)
    finally:
        os.close(ours)
    return shown.decode().replace("\r\n", "\n"), status
