"""Lets nothing of the radio take for ever, not even its own clearing up after it was told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from drivers.errors import LinkError, LinkReason

_T = TypeVar("_T")

GRACE_S = 2.0
"""How long what was cut short may clear up: bleak then tells BlueZ to disconnect, and BlueZ may be what hangs."""


class TimeLimit:
    """Runs coroutines under limits. What does not end even when cancelled is left behind, and its caller goes on."""

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._left_behind: set[asyncio.Task[Any]] = set()

    async def within(self, seconds: float, doing: str, work: Coroutine[Any, Any, _T]) -> _T:
        """What ``work`` returns or raises; LinkError(TIMED_OUT) after ``seconds`` and at most the grace."""
        task = asyncio.get_running_loop().create_task(work)
        try:
            await asyncio.wait({task}, timeout=seconds)
            if not task.done():
                await self._stop(task)
        except asyncio.CancelledError:
            await self._stop(task)
            raise
        if not task.done() or task.cancelled():
            raise LinkError(LinkReason.TIMED_OUT, doing)
        return task.result()

    async def _stop(self, task: asyncio.Task[Any]) -> None:
        self._left_behind.add(task)
        task.add_done_callback(self._ended)
        task.cancel()
        await asyncio.wait({task}, timeout=self._grace_s)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._left_behind.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report it: its caller has gone on
