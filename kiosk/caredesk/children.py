"""Ends child processes of the demonstration: asked first, then made to."""

from __future__ import annotations

import asyncio
import contextlib
import signal

_STOP_SECONDS = 8.0


async def end(process: asyncio.subprocess.Process) -> int:
    """SIGTERM, then SIGKILL after a while; the exit status."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(sign)
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    return await process.wait()
