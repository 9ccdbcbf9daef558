"""What A&D's virtual devices have in common: subscribed and its clock written within 5 s, else the device hangs up.

    kiosk                               device
      │  indications on                   │
      │ ────────────────────────────────▶ │
      │  (reads and) writes 2A08          │   within 5 s of the connection
      │ ────────────────────────────────▶ │
      │        its records, oldest first, each forgotten when confirmed
      │ ◀──────────────────────────────── │
      │                         hangs up  │
      │ ◀──────────────────────────────── │

Source: UA-651BLE traffic published by the ThingML-BLE project, A&D's sample applications.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from drivers.errors import LinkError, LinkReason
from drivers.fakes.encoding import date_time
from drivers.fakes.line import Line, Readable
from drivers.fakes.recording import RecordingPeripheral
from drivers.fakes.script import Script
from drivers.gatt import DATE_TIME, SYSTEM_ID

CLOCK_GRACE_S = 5.0
"""How long the real cuff waits for its clock to be written after the link is encrypted."""

_SYSTEM_ID = bytes.fromhex("f026aafeffb51434")

_Script = TypeVar("_Script", bound=Script)


class AndDevice(RecordingPeripheral[_Script]):
    """One of A&D's; the subclass says what it measures."""

    manufacturer = "A&D Medical"

    def readable(self) -> Readable:
        return {**super().readable(), DATE_TIME: lambda: date_time(self.shows()), SYSTEM_ID: lambda: _SYSTEM_ID}

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        if characteristic != DATE_TIME or len(data) != 7:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")
        self.set_clock_by(data)

    async def behave(self, line: Line, script: _Script) -> None:
        try:
            async with asyncio.timeout(CLOCK_GRACE_S):
                await line.next_write(DATE_TIME)
                await line.subscribed(self.measurement)
        except TimeoutError:
            return
        await self.while_measuring(line)
        await self.send_all(line)

    async def while_measuring(self, line: Line) -> None:
        """What it does on the line before it has its records ready."""
