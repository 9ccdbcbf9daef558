"""A serial port as a Link: chunks out of a bounded queue, writes that wait for the driver, an unplugged cable said."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from drivers.errors import LinkError, LinkReason
from drivers.gatt import SERIAL_RECEIVE, SERIAL_SEND
from drivers.serial.port import SerialPort
from drivers.supported_device import SerialLine

QUEUED_CHUNKS: Final = 256
"""At 100 packets a second this is more than two seconds of a consumer that does not ask."""

_ANSWERS: Final = b"\x06\x15\x00"
"""ACK, NAK, and what a line says while its other end is switched on: no sign that somebody measures."""

_DRAIN_STEPS: Final = 30
_DRAIN_STEP_S: Final = 0.01


class SerialLink:
    """A :class:`drivers.device.Link` over an open port, which it closes.

    ``capacity``: how many chunks wait for a consumer that lags; then the oldest are dropped and counted
    (``dropped_chunks``, ``dropped_bytes``), for these streams are about now, and their framing finds its place again.
    A pulled cable: what had come before is still given, then the iterator raises LINK_LOST.
    """

    def __init__(self, port: SerialPort, *, capacity: int = QUEUED_CHUNKS) -> None:
        self._port = port
        self._chunks: deque[bytes] = deque()
        self._capacity = capacity
        self._news = asyncio.Event()
        self._reading = False
        self._subscribed = False
        self._trouble: LinkError | None = None
        self._writable: asyncio.Future[None] | None = None
        self._closed = False
        self.dropped_chunks = 0
        self.dropped_bytes = 0

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        """Only SERIAL_RECEIVE, and once. Raises LinkError PROTOCOL or LINK_LOST (closed already)."""
        self._is_open()
        if characteristic != SERIAL_RECEIVE or self._subscribed:
            raise LinkError(LinkReason.PROTOCOL, "a wired device has one stream of bytes")
        self._subscribed = True
        self._start_reading()
        return _Chunks(self)

    async def read(self, characteristic: str) -> bytes:
        """Always PROTOCOL: a wired device has no values to be read."""
        raise LinkError(LinkReason.PROTOCOL, "a wired device has nothing to be read")

    async def write(self, characteristic: str, data: bytes) -> None:
        """Only SERIAL_SEND. Returning means that the driver has all bytes. Raises LinkError PROTOCOL or LINK_LOST."""
        self._is_open()
        if characteristic != SERIAL_SEND:
            raise LinkError(LinkReason.PROTOCOL, "a wired device has one way in")
        left = data
        while left:
            taken = self._port.write_available(left)
            left = left[taken:]
            if not taken:
                await self._driver_takes_more()

    async def close(self) -> None:
        """Give the port back, after what was written last has left (at most 0.3 s). The iterator ends. Never raises."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        self._stop_reading()
        if self._writable is not None:
            loop.remove_writer(self._port.fileno())
            if not self._writable.done():
                self._writable.set_exception(LinkError(LinkReason.LINK_LOST, "closed"))
        self._news.set()
        try:
            await self._drained()
        finally:
            # In a thread: the driver of a broken adapter may take seconds to close.
            await loop.run_in_executor(None, self._port.close)

    async def speaks(self, opening: Sequence[bytes], every_s: float) -> None:
        """Before the subscription: wait until the device says something; write ``opening`` every ``every_s`` seconds.

        What it says waits for the subscriber; a mere answer to ``opening`` (ACK, NAK) does not count and is dropped.
        Raises LinkError LINK_LOST.
        """
        self._start_reading()
        while True:
            try:
                async with asyncio.timeout(every_s if opening else None):
                    for data in opening:
                        await self.write(SERIAL_SEND, data)
                    await self._heard()
                return
            except TimeoutError:
                continue

    def discard(self) -> None:
        """Forget what has come and was not asked for yet."""
        self._chunks.clear()

    def _is_open(self) -> None:
        if self._closed:
            raise LinkError(LinkReason.LINK_LOST, "closed")

    def _read(self) -> None:
        """The event loop says that there is something to read, or that the line is gone."""
        try:
            chunk = self._port.read_available()
        except LinkError as error:
            self._trouble = error
            self._stop_reading()
        else:
            if not chunk:
                return
            if len(self._chunks) >= self._capacity:
                self.dropped_chunks += 1
                self.dropped_bytes += len(self._chunks.popleft())
            self._chunks.append(chunk)
        self._news.set()

    def _start_reading(self) -> None:
        if not self._reading and self._trouble is None:
            self._reading = True
            asyncio.get_running_loop().add_reader(self._port.fileno(), self._read)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading = False
            asyncio.get_running_loop().remove_reader(self._port.fileno())

    async def _driver_takes_more(self) -> None:
        loop = asyncio.get_running_loop()
        writable: asyncio.Future[None] = loop.create_future()
        self._writable = writable
        loop.add_writer(self._port.fileno(), _settle, writable)
        try:
            await writable
        finally:
            self._writable = None
            if not self._closed:
                loop.remove_writer(self._port.fileno())

    async def _drained(self) -> None:
        try:
            for _ in range(_DRAIN_STEPS):
                if self._trouble is not None or not self._port.unsent():
                    return
                await asyncio.sleep(_DRAIN_STEP_S)
        except LinkError:
            return

    async def next_chunk(self) -> bytes | None:
        """For the iterator: the next chunk; None once we closed the link and all were given. Raises LINK_LOST."""
        await self._something()
        return self._chunks.popleft() if self._chunks else None

    async def _heard(self) -> None:
        """Wait for a chunk that is more than an answer."""
        while True:
            await self._something()
            if not self._chunks or self._chunks[0].strip(_ANSWERS):
                return
            self._chunks.popleft()

    async def _something(self) -> None:
        """Wait for a chunk, or until the link was closed by us. Raises LinkError LINK_LOST when all have been given."""
        while not self._chunks and not self._closed:
            if self._trouble is not None:
                raise LinkError(self._trouble.reason, "unplugged") from self._trouble
            self._news.clear()
            await self._news.wait()


async def open_port(path: Path, line: SerialLine) -> SerialPort:
    """:meth:`SerialPort.open` in a thread, for a broken adapter may take seconds. Cancelled, it leaves nothing open."""
    opening = asyncio.get_running_loop().run_in_executor(None, SerialPort.open, path, line)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_give_back)
        raise


def _give_back(opening: asyncio.Future[SerialPort]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class _Chunks:
    """What a subscription gives. Cancelling a wait loses nothing."""

    def __init__(self, link: SerialLink) -> None:
        self._link = link

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        chunk = await self._link.next_chunk()
        if chunk is None:
            raise StopAsyncIteration
        return chunk
