"""A Link around a Link that lets nothing take for ever, so that dialogues need no clock of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from drivers.device import Link
from drivers.errors import LinkError, LinkReason


class TimedLink:
    """``operation_s`` bounds each read, write, subscription and close; ``packet_s`` bounds the wait for one packet.

    What takes longer raises LinkError(TIMED_OUT). A close that takes longer is given up silently: the line is over.
    """

    def __init__(self, link: Link, *, operation_s: float, packet_s: float) -> None:
        self._link = link
        self._operation_s = operation_s
        self._packet_s = packet_s

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        try:
            async with asyncio.timeout(self._operation_s):
                packets = await self._link.subscribe(characteristic)
        except TimeoutError as error:
            raise LinkError(LinkReason.TIMED_OUT, "subscribe") from error
        return _TimedPackets(packets, self._packet_s)

    async def read(self, characteristic: str) -> bytes:
        try:
            async with asyncio.timeout(self._operation_s):
                return await self._link.read(characteristic)
        except TimeoutError as error:
            raise LinkError(LinkReason.TIMED_OUT, "read") from error

    async def write(self, characteristic: str, data: bytes) -> None:
        try:
            async with asyncio.timeout(self._operation_s):
                await self._link.write(characteristic, data)
        except TimeoutError as error:
            raise LinkError(LinkReason.TIMED_OUT, "write") from error

    async def close(self) -> None:
        try:
            async with asyncio.timeout(self._operation_s):
                await self._link.close()
        except (TimeoutError, LinkError):
            return


class _TimedPackets:
    """The packets of a subscription, none waited for longer than ``limit_s``."""

    def __init__(self, packets: AsyncIterator[bytes], limit_s: float) -> None:
        self._packets = packets
        self._limit_s = limit_s

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            async with asyncio.timeout(self._limit_s):
                return await anext(self._packets)
        except TimeoutError as error:
            raise LinkError(LinkReason.TIMED_OUT, "packet") from error
