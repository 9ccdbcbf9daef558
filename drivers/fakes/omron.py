"""Virtual Omron devices that speak the SIG profiles, with their rule about time: written once, when they tell theirs.

    kiosk                               device
      │  measurement and 2A2B on          │
      │ ────────────────────────────────▶ │
      │              2A2B: what I think   │
      │ ◀──────────────────────────────── │
      │  write 2A2B, once, now            │   at any other moment the transfer is aborted
      │ ────────────────────────────────▶ │
      │        its records, oldest first, then it hangs up
      │ ◀──────────────────────────────── │

packets: "normal", "nan", or hexadecimal. Source: eigger/hass-omron, StanfordSpezi/SpeziDevices, weliem/blessed-*.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from drivers.device import Clock
from drivers.errors import LinkError, LinkReason
from drivers.fakes.encoding import current_time
from drivers.fakes.line import Line, Readable
from drivers.fakes.recording import RecordingPeripheral
from drivers.fakes.script import DeviceScript, RecordFault
from drivers.fakes.sig_devices import blood_pressure, weight
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, CURRENT_TIME, WEIGHT_MEASUREMENT

_TELLS_TIME_AFTER_S = 0.1
_MAY_WRITE_S = 3.0


class OmronDevice(RecordingPeripheral[DeviceScript]):
    """``aborted``: how often the clock was written at the wrong moment, and the transfer thereby aborted."""

    manufacturer = "Omron"
    script_type = DeviceScript
    record_faults = frozenset(
        {
            RecordFault.NAN,
            RecordFault.CLOCK_RESET,
            RecordFault.MONTH_13,
            RecordFault.YEAR_2044,
            RecordFault.YEAR_0,
            RecordFault.OTHER_USER,
            RecordFault.UNKNOWN_USER,
        }
    )

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self.aborted = 0
        self._may_write = False

    def readable(self) -> Readable:
        return {**super().readable(), CURRENT_TIME: lambda: current_time(self.shows())}

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        if characteristic != CURRENT_TIME or len(data) != 10:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")
        if not self._may_write:
            self.aborted += 1
            line.hang_up()
            raise LinkError(LinkReason.PROTOCOL, "not now: the transfer is aborted")
        self._may_write = False
        self.set_clock_by(data)

    async def behave(self, line: Line, script: DeviceScript) -> None:
        self._may_write = False
        await line.subscribed(self.measurement, CURRENT_TIME)
        await asyncio.sleep(_TELLS_TIME_AFTER_S)
        self._may_write = True
        line.notify(CURRENT_TIME, current_time(self.shows()))
        try:
            async with asyncio.timeout(_MAY_WRITE_S):
                await line.next_write(CURRENT_TIME)
        except TimeoutError:
            self._may_write = False
        await self.send_all(line)


class VirtualOmronCuff(OmronDevice):
    """A cuff with two user slots."""

    model = "BP7000"
    address = "02:00:00:5A:00:08"
    measurement = BLOOD_PRESSURE_MEASUREMENT
    notifying = frozenset({BLOOD_PRESSURE_MEASUREMENT, CURRENT_TIME})

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        return blood_pressure(shown, failed=name == "nan", fault=fault) if name in ("normal", "nan") else None


class VirtualOmronScale(OmronDevice):
    """A scale with user slots."""

    model = "SC-150"
    address = "02:00:00:5A:00:09"
    measurement = WEIGHT_MEASUREMENT
    notifying = frozenset({WEIGHT_MEASUREMENT, CURRENT_TIME})

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        return weight(shown, failed=name == "nan", fault=fault) if name in ("normal", "nan") else None
