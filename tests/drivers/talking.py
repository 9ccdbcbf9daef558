"""What tests of whole conversations share: a journal in memory that counts as the real one does, and one connection held."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime

import msgspec

from drivers.device import Peripheral, RawPacket
from drivers.dialogues.dialogue import Dialogue
from drivers.fakes.virtual_time import VirtualClock
from drivers.readings import Kind, Measurement, Reading
from drivers.session import Collected, Limits, hold

Key = tuple[str, int | None, Kind, datetime | None, bytes, int | None, bytes]


def key_of(reading: Reading) -> Key:
    """Two readings with the same are one: device, slot, kind, device time, sequence, raw value."""
    value = reading.value
    return (
        reading.device.address,
        value.user,
        value.kind,
        value.device_time,
        value.raw_time,
        value.sequence,
        value.raw,
    )


class MemoryJournal:
    """A drivers.device.Journal. ``kept``: each reading once; ``times``: how often each came."""

    def __init__(self) -> None:
        self.packets: list[RawPacket] = []
        self.kept: list[Reading] = []
        self.times: Counter[Key] = Counter()
        self.settled: list[str] = []

    async def record(self, packet: RawPacket) -> None:
        await asyncio.sleep(0.001)  # the disk
        self.packets.append(packet)

    async def keep(self, reading: Reading) -> None:
        await asyncio.sleep(0.001)
        key = key_of(reading)
        self.times[key] += 1
        if self.times[key] == 1:
            self.kept.append(reading)

    async def settle(self, session: str) -> None:
        self.settled.append(session)

    @property
    def duplicates(self) -> int:
        return sum(times - 1 for times in self.times.values())

    @property
    def last_session(self) -> list[RawPacket]:
        """What came over the line in the latest conversation."""
        return [packet for packet in self.packets if packet.session == self.packets[-1].session]


class Held(msgspec.Struct, frozen=True):
    """One connection: what came of it, what was shown meanwhile, and how long it took (virtual seconds)."""

    collected: Collected
    shown: tuple[Measurement, ...]
    seconds: float


async def converse(
    peripheral: Peripheral, dialogue: Dialogue, clock: VirtualClock, journal: MemoryJournal, limits: Limits | None = None
) -> Held:
    """Connect and hold the conversation to its end. Raises LinkError when there is no connection."""
    link = await peripheral.connect()
    shown: list[Measurement] = []
    begun = asyncio.get_running_loop().time()
    collected = await hold(
        dialogue,
        link,
        peripheral.identity,
        clock,
        journal,
        show=shown.append,
        limits=limits if limits is not None else Limits(),
    )
    return Held(collected, tuple(shown), asyncio.get_running_loop().time() - begun)
