"""One connection to a virtual device, with its two ends: the kiosk's, which is a Link, and the device's.

A packet that is indicated waits until the reader takes it, and is confirmed when the reader asks for the next one. What
is notified needs no confirmation. When the device hangs up, what it sent before can still be taken.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping

from drivers.errors import LinkError, LinkReason

Readable = Mapping[str, Callable[[], bytes]]
Written = Callable[["Line", str, bytes], Awaitable[None]]


class Line:
    """One connection, both ends of it: a :class:`drivers.device.Link` for the kiosk, and what the device does on it."""

    def __init__(self, written: Written, notifying: frozenset[str], readable: Readable) -> None:
        self._written = written
        self._notifying = notifying
        self._readable = readable
        self._channels: dict[str, _Channel] = {}
        self._writes: dict[str, asyncio.Queue[bytes]] = {}
        self._subscribed = asyncio.Event()
        self._behaviour: asyncio.Task[None] | None = None
        self.open = True

    # -- the kiosk's end ----------------------------------------------------------------------------------------------

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        await self._answer()
        if characteristic not in self._notifying:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} has no indications")
        channel = self._channels.setdefault(characteristic, _Channel())
        self._subscribed.set()
        return channel

    async def read(self, characteristic: str) -> bytes:
        await self._answer()
        value = self._readable.get(characteristic)
        if value is None:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be read")
        return value()

    async def write(self, characteristic: str, data: bytes) -> None:
        await self._answer()
        await self._written(self, characteristic, data)
        self._writes_of(characteristic).put_nowait(data)

    async def close(self) -> None:
        """The kiosk leaves. What a fake did wrong of itself comes to light here."""
        self.hang_up()
        for channel in self._channels.values():
            channel.clear()
        behaviour = self._behaviour
        if behaviour is None:
            return
        behaviour.cancel()
        await asyncio.wait({behaviour})
        if not behaviour.cancelled() and (error := behaviour.exception()) is not None:
            raise error

    # -- the device's end ---------------------------------------------------------------------------------------------

    def begin(self, behaviour: Callable[[], Coroutine[object, object, None]]) -> None:
        """The device does its part, until it returns or the kiosk closes."""
        self._behaviour = asyncio.get_running_loop().create_task(self._act(behaviour))

    async def subscribed(self, *characteristics: str) -> None:
        """Wait until somebody listens to all of them."""
        while not all(one in self._channels for one in characteristics):
            self._subscribed.clear()
            await self._subscribed.wait()

    async def next_write(self, characteristic: str) -> bytes:
        """Wait for what the kiosk writes there, each accepted write once."""
        return await self._writes_of(characteristic).get()

    def _writes_of(self, characteristic: str) -> asyncio.Queue[bytes]:
        return self._writes.setdefault(characteristic, asyncio.Queue())

    def is_subscribed(self, characteristic: str) -> bool:
        return characteristic in self._channels

    async def indicate(self, characteristic: str, packet: bytes) -> bool:
        """Send, and wait for the confirmation: False when nobody listens or the line ends before it."""
        channel = self._channels.get(characteristic)
        if channel is None or not self.open:
            return False
        return await channel.put(packet)

    def notify(self, characteristic: str, packet: bytes) -> None:
        """Send without a confirmation; lost when nobody listens."""
        channel = self._channels.get(characteristic)
        if channel is not None and self.open:
            channel.put_nowait(packet)

    def hang_up(self) -> None:
        """The line is over; what was notified before can still be taken."""
        self.open = False
        for channel in self._channels.values():
            channel.end()

    async def _act(self, behaviour: Callable[[], Coroutine[object, object, None]]) -> None:
        try:
            await behaviour()
        finally:
            self.hang_up()

    async def _answer(self) -> None:
        await asyncio.sleep(0)  # as over the air: others may act before the answer
        if not self.open:
            raise LinkError(LinkReason.LINK_LOST, "the device has hung up")


class _Channel:
    """The packets of one subscription on their way; asking for the next one confirms the one before."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[bytes, asyncio.Future[bool] | None]] = deque()
        self._unconfirmed: asyncio.Future[bool] | None = None
        self._changed = asyncio.Event()
        self._ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._unconfirmed is not None and not self._unconfirmed.done():
            self._unconfirmed.set_result(True)
        self._unconfirmed = None
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        packet, self._unconfirmed = self._waiting.popleft()
        return packet

    async def put(self, packet: bytes) -> bool:
        confirmed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((packet, confirmed))
        self._changed.set()
        return await confirmed

    def put_nowait(self, packet: bytes) -> None:
        self._waiting.append((packet, None))
        self._changed.set()

    def end(self) -> None:
        self._ended = True
        self._changed.set()
        unconfirmed = [one for _, one in self._waiting if one is not None]
        if self._unconfirmed is not None:
            unconfirmed.append(self._unconfirmed)
        for one in unconfirmed:
            if not one.done():
                one.set_result(False)

    def clear(self) -> None:
        self._waiting.clear()
