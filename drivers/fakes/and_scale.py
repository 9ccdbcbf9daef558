"""A virtual A&D UC-352BLE scale, with the newer firmware (181D) or the older (A&D's own service, the same payload).

flags 1 · weight 2 (0.005 kg) · time 7        0xFFFF: the weighing failed

packets: "normal" (72.4 kg), "nan", or hexadecimal.
"""

from __future__ import annotations

from datetime import datetime

from drivers.fakes.and_medical import AndDevice
from drivers.fakes.encoding import UNSUCCESSFUL, stamp, u16
from drivers.fakes.script import DeviceScript, RecordFault
from drivers.gatt import AND_WEIGHT_MEASUREMENT, WEIGHT_MEASUREMENT

_KILOGRAM_WITH_TIME = b"\x02"
_WEIGHT_STEPS = 14480  # of 5 g: 72.400 kg


class VirtualAndScale(AndDevice[DeviceScript]):
    """The newer firmware."""

    model = "UC-352BLE"
    address = "02:00:00:5A:00:02"
    measurement = WEIGHT_MEASUREMENT
    notifying = frozenset({WEIGHT_MEASUREMENT})
    record_faults = frozenset(
        {RecordFault.NAN, RecordFault.CLOCK_RESET, RecordFault.MONTH_13, RecordFault.YEAR_2044, RecordFault.YEAR_0}
    )
    script_type = DeviceScript

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        if name not in ("normal", "nan"):
            return None
        failed = name == "nan" or fault is RecordFault.NAN
        weight = UNSUCCESSFUL if failed else u16(_WEIGHT_STEPS)
        return _KILOGRAM_WITH_TIME + weight + stamp(shown, fault)


class VirtualOlderAndScale(VirtualAndScale):
    """The older firmware: nothing of 181D."""

    model = "UC-352BLE (older firmware)"
    address = "02:00:00:5A:00:03"
    measurement = AND_WEIGHT_MEASUREMENT
    notifying = frozenset({AND_WEIGHT_MEASUREMENT})
