"""Runs a blocking call of a device library in a thread that never holds up the end of the process."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


async def in_daemon_thread(call: Callable[[], _Result], *, limit_s: float) -> _Result:
    """What ``call`` returns or raises. Raises TimeoutError after ``limit_s``; the thread is then left behind.

    Not ``asyncio.to_thread``: its threads are waited for when the process ends, and a sound server may hang for ever.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[_Result] = loop.create_future()

    def give(result: _Result | None, error: Exception | None) -> None:
        if outcome.done():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result: _Result | None = None
        failure: Exception | None = None
        try:
            result = call()
        except Exception as error:  # handed on to whoever waits
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(give, result, failure)

    threading.Thread(target=run, name="device", daemon=True).start()
    async with asyncio.timeout(limit_s):
        return await outcome
