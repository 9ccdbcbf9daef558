"""A virtual A&D UT-201BLE thermometer.

flags 1 · temperature FLOAT 4 (°C) · time 7 · type 1

packets: "normal" (36.8 °C under the arm), "nan", or hexadecimal.
"""

from __future__ import annotations

from datetime import datetime

from drivers.fakes.and_medical import AndDevice
from drivers.fakes.encoding import FLOAT_NAN, float32, stamp
from drivers.fakes.script import DeviceScript, RecordFault
from drivers.gatt import TEMPERATURE_MEASUREMENT

_CELSIUS_TIME_TYPE = b"\x06"
_ARMPIT = b"\x01"


def temperature(shown: datetime, *, failed: bool, fault: RecordFault | None) -> bytes:
    """A record as the UT-201BLE writes it."""
    value = FLOAT_NAN if failed or fault is RecordFault.NAN else float32(368, -1)
    return _CELSIUS_TIME_TYPE + value + stamp(shown, fault) + _ARMPIT


class VirtualAndThermometer(AndDevice[DeviceScript]):
    """See the head of this module."""

    model = "UT-201BLE"
    address = "02:00:00:5A:00:04"
    measurement = TEMPERATURE_MEASUREMENT
    notifying = frozenset({TEMPERATURE_MEASUREMENT})
    record_faults = frozenset(
        {RecordFault.NAN, RecordFault.CLOCK_RESET, RecordFault.MONTH_13, RecordFault.YEAR_2044, RecordFault.YEAR_0}
    )
    script_type = DeviceScript

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        return temperature(shown, failed=name == "nan", fault=fault) if name in ("normal", "nan") else None
