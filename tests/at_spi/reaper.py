"""Runs a command, and after it ends everything that it has left behind.

``python reaper.py COMMAND…``; SIGTERM ends the command; the reaper ends once every process below it has ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Serve until all are gone."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    command = subprocess.Popen(sys.argv[1:], close_fds=False)
    signal.signal(signal.SIGTERM, lambda *_: command.terminate())
    command.wait()
    with contextlib.suppress(ChildProcessError):
        while True:
            # What is left belongs to the command alone: the registry of a bus would stay as long as its screen.
            for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
                os.kill(int(child), signal.SIGTERM)
            os.wait()


main()
