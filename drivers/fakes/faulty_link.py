"""A Link around a Link on which one thing goes wrong, on demand: what drivers.fakes.script.Fault says of lines."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from drivers.device import Link
from drivers.errors import LinkError, LinkReason
from drivers.fakes.script import Fault

SLOW_S = 1.2
"""Slow, but inside the two seconds that a session gives an operation, and three of them inside an A&D cuff's five."""

_REORDER_PATIENCE_S = 1.0
_CUT_BYTES = 3


class FaultyLink:
    """``at`` counts packets over all subscriptions, or operations. ``lost`` is called when the line is cut."""

    def __init__(self, inner: Link, fault: Fault, at: int = 0, lost: Callable[[], None] | None = None) -> None:
        self.inner = inner
        self.fault = fault
        self.at = at
        self.packets = 0
        self.ended = asyncio.Event()
        self.cut = False
        self._operations = 0
        self._lost = lost

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        await self._operation()
        return _FaultyPackets(self, await self.inner.subscribe(characteristic))

    async def read(self, characteristic: str) -> bytes:
        await self._operation()
        return await self.inner.read(characteristic)

    async def write(self, characteristic: str, data: bytes) -> None:
        await self._operation()
        await self.inner.write(characteristic, data)

    async def close(self) -> None:
        self.ended.set()
        await self.inner.close()

    async def end_here(self) -> None:
        """The packet whose turn it is does not come any more: the line is lost, or the device hangs up."""
        self.cut = self.fault is Fault.DROP_LINK
        if self.cut and self._lost is not None:
            self._lost()
        await self.close()

    async def _operation(self) -> None:
        number = self._operations
        self._operations += 1
        if self.cut:
            raise LinkError(LinkReason.LINK_LOST, "out of reach")
        if self.fault is Fault.HANGS and number >= self.at:
            await asyncio.Event().wait()
        if self.fault is Fault.REJECTS and number == self.at:
            raise LinkError(LinkReason.PROTOCOL, "the device answered with an error")
        if self.fault is Fault.UNAUTHENTICATED and number >= self.at:
            raise LinkError(LinkReason.REFUSED, "insufficient authentication")
        if self.fault is Fault.SLOW:
            await asyncio.sleep(SLOW_S)


class _FaultyPackets:
    """The packets of one subscription."""

    def __init__(self, link: FaultyLink, packets: AsyncIterator[bytes]) -> None:
        self._link = link
        self._packets = packets
        self._ready: deque[bytes] = deque()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        link = self._link
        if self._ready:
            return self._ready.popleft()
        if link.fault is Fault.MUTE:
            await link.ended.wait()
        await self._stop_if_it_is_time()
        try:
            packet = await anext(self._packets)
        except StopAsyncIteration:
            if link.cut:
                raise LinkError(LinkReason.LINK_LOST, "out of reach") from None
            raise
        await self._stop_if_it_is_time()  # another subscription may have had the packet before this one meanwhile
        place = link.packets
        link.packets += 1
        if link.fault is Fault.SLOW:
            await asyncio.sleep(SLOW_S)
        if place != link.at:
            return packet
        if link.fault is Fault.LOSE:
            return await anext(self)
        self._ready.extend(await self._altered(packet))
        return self._ready.popleft()

    async def _altered(self, packet: bytes) -> tuple[bytes, ...]:
        """What comes instead of the packet that the fault befalls."""
        match self._link.fault:
            case Fault.DUPLICATE:
                return packet, packet
            case Fault.TRUNCATE:
                return (packet[:-_CUT_BYTES],)
            case Fault.SPLIT:
                middle = len(packet) // 2
                return packet[:middle], packet[middle:]
            case Fault.REORDER:
                return await self._overtaken(packet)
            case _:
                return (packet,)

    async def _overtaken(self, packet: bytes) -> tuple[bytes, ...]:
        """The next packet first, if there is one soon."""
        try:
            async with asyncio.timeout(_REORDER_PATIENCE_S):
                following = await anext(self._packets)
        except (TimeoutError, StopAsyncIteration):
            return (packet,)
        self._link.packets += 1
        return following, packet

    async def _stop_if_it_is_time(self) -> None:
        """The packet that the fault befalls is never delivered: the line has ended before."""
        link = self._link
        if link.fault in (Fault.DROP_LINK, Fault.REDELIVER):
            # Redelivered is packet number ``at``: it still comes, only its confirmation does not.
            last = link.at if link.fault is Fault.DROP_LINK else link.at + 1
            if link.packets >= last and not link.ended.is_set():
                await link.end_here()
        if link.cut:
            raise LinkError(LinkReason.LINK_LOST, "out of reach")
        if link.ended.is_set():
            raise StopAsyncIteration
