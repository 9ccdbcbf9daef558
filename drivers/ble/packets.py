"""The packets of one subscription, from the Bluetooth library to the conversation. Nothing unread is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from drivers.errors import LinkError, LinkReason

MOST_UNREAD = 4096
"""Forty seconds of the fastest stream (Berry, 100 a second). Whoever is that far behind is not reading any more."""


class Packets:
    """An async iterator: what was put comes out in order, and after the end StopAsyncIteration or the error for ever.

    When more than ``most`` wait, what waits still comes out, then LinkError(BUSY): a gap would be a silent loss.
    """

    def __init__(self, most: int = MOST_UNREAD) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._most = most
        self._ended = False
        self._error: LinkError | None = None

    def put(self, data: bytes) -> None:
        """A packet came. After the end it is dropped."""
        if self._ended:
            return
        if self._queue.qsize() >= self._most:
            self.end(LinkError(LinkReason.BUSY, f"{self._most} packets were not read"))
            return
        self._queue.put_nowait(data)

    def end(self, error: LinkError | None = None) -> None:
        """No more will come; what is unread remains to be read. Only the first end counts."""
        if not self._ended:
            self._ended = True
            self._error = error
            self._queue.put_nowait(None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        data = await self._queue.get()
        if data is not None:
            return data
        self._queue.put_nowait(None)  # for whoever asks again
        if self._error is not None:
            raise self._error
        raise StopAsyncIteration


class Echo:
    """Takes out of a subscription what BlueZ delivers twice.

    With StartNotify, BlueZ announces the answer to a read of a subscribed characteristic as if it were a notification
    too. While such a read is under way notifications are held back; one that equals the answer is its echo and is
    dropped, then or within ``seconds`` after; all others pass, in order.
    """

    def __init__(self, pass_on: Callable[[bytes], None], now: Callable[[], float], seconds: float = 0.5) -> None:
        self._pass_on = pass_on
        self._now = now
        self._seconds = seconds
        self._reading = False
        self._held: list[bytes] = []
        self._answer: bytes | None = None
        self._until = 0.0

    def received(self, data: bytes) -> None:
        """A notification came."""
        if self._reading:
            self._held.append(data)
            return
        if self._answer is not None:
            expected = self._answer if self._now() <= self._until else None
            if data == expected:
                self._answer = None
                return
        self._pass_on(data)

    def read_begins(self) -> None:
        """A read of this characteristic is asked for."""
        self._reading = True
        self._answer = None

    def read_ends(self, answer: bytes | None) -> None:
        """The read was answered; None: it failed."""
        self._reading = False
        self._answer = answer
        self._until = self._now() + self._seconds
        held, self._held = self._held, []
        for data in held:
            self.received(data)
