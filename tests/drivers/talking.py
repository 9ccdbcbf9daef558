"""What tests of whole conversations share: a journal in memory that counts as the real one, and one connection."""

from __future__ import annotations

import asyncio
from collections import Counter

import msgspec

from drivers.device import Peripheral, RawPacket
from drivers.dialogues.dialogue import Dialogue
from drivers.fakes.virtual_time import VirtualClock
from drivers.readings import Measurement, Reading
from drivers.session import Collected, Limits, hold

Key = tuple[object, ...]


def key_of(reading: Reading) -> Key:
    """Two readings with the same are one: device, slot, kind, device time, sequence, raw value.

    Equal bytes without a time and a sequence may be two measurements: each is known by when it came.
    """
    value = reading.value
    known = value.device_time is not None or any(value.raw_time) or value.sequence is not None
    return (
        reading.device.address,
        value.user,
        value.kind,
        value.device_time,
        value.sequence,
        value.raw,
        None if known else reading.received,
    )


class MemoryJournal:
    """A drivers.device.Journal. ``kept``: each reading once; ``times``: how often each came."""

    def __init__(self) -> None:
        self.packets: list[RawPacket] = []
        self.kept: list[Reading] = []
        self.times: Counter[Key] = Counter()
        self.settled: list[str] = []
        self._unconfirmed: Reading | None = None

    async def record(self, packet: RawPacket) -> None:
        await asyncio.sleep(0.001)  # the disk
        self.packets.append(packet)

    async def keep(self, reading: Reading) -> None:
        await asyncio.sleep(0.001)
        before = self._unconfirmed
        key = key_of(before if before is not None and before.value == reading.value else reading)
        self.times[key] += 1
        if self.times[key] == 1:
            self.kept.append(reading)

    async def settle(self, session: str) -> None:
        self.settled.append(session)

    def ended(self, collected: Collected) -> None:
        """The confirmation of a lost connection's last reading was lost with it: it may come again."""
        self._unconfirmed = collected.kept[-1] if collected.lost is not None and collected.kept else None

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
    peripheral: Peripheral,
    dialogue: Dialogue,
    clock: VirtualClock,
    journal: MemoryJournal,
    limits: Limits | None = None,
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
    journal.ended(collected)
    return Held(collected, tuple(shown), asyncio.get_running_loop().time() - begun)
