"""A virtual device with a memory: it sends its records oldest first, and forgets each when that is confirmed."""

from __future__ import annotations

import abc
import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from drivers.device import Clock
from drivers.fakes.line import Line
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.script import RecordFault, Script, ScriptError

PACKET_PAUSE_S = 0.02
RECORD_SPACING = timedelta(minutes=1)

_Script = TypeVar("_Script", bound=Script)


class RecordingPeripheral(VirtualPeripheral[_Script]):
    """``measurement``: the characteristic that indicates what is in ``memory``, a packet each."""

    measurement: str

    def __init__(self, clock: Clock, script: _Script | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self.memory: list[bytes] = []

    @abc.abstractmethod
    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        """The packet by that name, taken when the device's clock showed ``shown``; None when there is no such name."""

    def measure(self, script: _Script) -> None:
        """Put the script's records into memory, the last one stamped with this moment."""
        self.memory.extend(self.records_of(script))

    def records_of(self, script: _Script) -> list[bytes]:
        """The packets that the script names. Raises ScriptError."""
        last = len(script.packets) - 1
        packets = []
        for place, name in enumerate(script.packets):
            fault = script.record_fault if place == script.fault_at else None
            packet = self.record(name, self.shows() - (last - place) * RECORD_SPACING, fault)
            if packet is None:
                try:
                    packet = bytes.fromhex(name)
                except ValueError as error:
                    raise ScriptError(f"packets: {name!r} is neither a name nor hexadecimal") from error
            packets.append(packet)
        return packets

    def has_more(self) -> bool:
        return bool(self.memory)

    async def send_all(self, line: Line) -> None:
        """Every record, oldest first, until there are no more or the line ends."""
        while self.memory:
            await asyncio.sleep(PACKET_PAUSE_S)
            if not await line.indicate(self.measurement, self.memory[0]):
                return
            self.memory.pop(0)
