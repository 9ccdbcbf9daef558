"""Virtual devices of no maker in particular that follow the profiles of the Bluetooth SIG: cuff, scale, thermometer.

They stay on the line after their last record, as some devices do, so that the reader must notice the silence; their
clock is a Current Time (2A2B), and nothing happens when nobody writes it. The thermometer has no clock at all.

cuff         flags 1 · SFLOAT × 3 · time 7 · pulse SFLOAT · user 1 · status 2
scale        flags 1 · weight 2 · time 7 · user 1 · BMI 2 (0.1) · height 2 (mm)
thermometer  flags 1 · FLOAT 4
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from drivers.errors import LinkError, LinkReason
from drivers.fakes.encoding import FLOAT_NAN, SFLOAT_NAN, UNSUCCESSFUL, current_time, float32, sfloat, stamp, u16, user
from drivers.fakes.line import Line, Readable
from drivers.fakes.recording import RecordingPeripheral
from drivers.fakes.script import DeviceScript, RecordFault
from drivers.gatt import (
    BLOOD_PRESSURE_MEASUREMENT,
    CURRENT_TIME,
    TEMPERATURE_MEASUREMENT,
    WEIGHT_MEASUREMENT,
)

_STAYS_S = 30.0
_TIMED = frozenset(
    {RecordFault.NAN, RecordFault.CLOCK_RESET, RecordFault.MONTH_13, RecordFault.YEAR_2044, RecordFault.YEAR_0}
)
_WITH_USERS = _TIMED | {RecordFault.OTHER_USER, RecordFault.UNKNOWN_USER}


def blood_pressure(shown: datetime, *, failed: bool, fault: RecordFault | None) -> bytes:
    """131/84 (99) mmHg, pulse 68, slot 1 unless the fault says otherwise."""
    failed = failed or fault is RecordFault.NAN
    values = SFLOAT_NAN * 3 if failed else sfloat(131) + sfloat(84) + sfloat(99)
    pulse = SFLOAT_NAN if failed else sfloat(68)
    return b"\x1e" + values + stamp(shown, fault) + pulse + user(fault) + u16(0)


def weight(shown: datetime, *, failed: bool, fault: RecordFault | None) -> bytes:
    """68.5 kg, BMI 22.4, 1.75 m, slot 1 unless the fault says otherwise."""
    steps = UNSUCCESSFUL if failed or fault is RecordFault.NAN else u16(13700)
    return b"\x0e" + steps + stamp(shown, fault) + user(fault) + u16(224) + u16(1750)


class SigDevice(RecordingPeripheral[DeviceScript]):
    """packets: "normal", "nan", or hexadecimal."""

    manufacturer = "SIG"
    script_type = DeviceScript

    async def behave(self, line: Line, script: DeviceScript) -> None:
        await line.subscribed(self.measurement)
        await self.send_all(line)
        await asyncio.sleep(_STAYS_S)


class _WithCurrentTime(SigDevice):
    """Its clock can be read and written at any time."""

    def readable(self) -> Readable:
        return {**super().readable(), CURRENT_TIME: lambda: current_time(self.shows())}

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        if characteristic != CURRENT_TIME or len(data) != 10:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")
        self.set_clock_by(data)


class VirtualSigCuff(_WithCurrentTime):
    """A cuff with two user slots."""

    model = "SIG blood pressure"
    address = "02:00:00:5A:00:05"
    measurement = BLOOD_PRESSURE_MEASUREMENT
    notifying = frozenset({BLOOD_PRESSURE_MEASUREMENT})
    record_faults = _WITH_USERS

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        return blood_pressure(shown, failed=name == "nan", fault=fault) if name in ("normal", "nan") else None


class VirtualSigScale(_WithCurrentTime):
    """A scale with user slots."""

    model = "SIG scale"
    address = "02:00:00:5A:00:06"
    measurement = WEIGHT_MEASUREMENT
    notifying = frozenset({WEIGHT_MEASUREMENT})
    record_faults = _WITH_USERS

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        return weight(shown, failed=name == "nan", fault=fault) if name in ("normal", "nan") else None


class VirtualSigThermometer(SigDevice):
    """An ear thermometer without a clock: its readings have no time."""

    model = "SIG thermometer"
    address = "02:00:00:5A:00:07"
    measurement = TEMPERATURE_MEASUREMENT
    notifying = frozenset({TEMPERATURE_MEASUREMENT})
    record_faults = frozenset({RecordFault.NAN})

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        if name not in ("normal", "nan"):
            return None
        return b"\x04" + (FLOAT_NAN if name == "nan" or fault is RecordFault.NAN else float32(371, -1)) + b"\x03"
