"""Virtual oximeters over Bluetooth: by the SIG's profile, Nonin 3230, Berry BM1000, Jumper JPD-500F.

spot check 2A5E   flags 1 · SpO2 SFLOAT · pulse SFLOAT · time 7 · measurement status 2 · device status 3
continuous 2A5F   flags 1 · SpO2 SFLOAT · pulse SFLOAT · measurement status 2 · device status 3
Nonin 3230        0A · status · battery · amplitude 2 · counter 2 · SpO2 · pulse 2     big-endian, once a second
Berry             five bytes of the BCI layout, 100 a second, cut anywhere by the notifications
Jumper            81 · pulse · SpO2 · perfusion, once a second, among frames 80 with the curve
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from drivers.device import Clock
from drivers.fakes.bci import bci_frame
from drivers.fakes.encoding import SFLOAT_NAN, date_time, sfloat, stamp, u16
from drivers.fakes.line import Line, Readable
from drivers.fakes.recording import RecordingPeripheral
from drivers.fakes.script import DeviceScript, RecordFault
from drivers.fakes.streaming import HANGS_UP_S, Quality, Shown, StreamingPeripheral, shown_at
from drivers.gatt import (
    DATE_TIME,
    JUMPER_MEASUREMENT,
    NONIN_OXIMETRY_MEASUREMENT,
    PLX_CONTINUOUS,
    PLX_SPOT_CHECK,
    TRANSPARENT_UART_RECEIVE,
)

_ONGOING, _VALIDATED, _DEMONSTRATION = 1 << 5, 1 << 7, 1 << 10
_UNCONNECTED, _SEARCHING = 1 << 11, 1 << 9
_STAYS_S = 20.0


class VirtualOximeter(RecordingPeripheral[DeviceScript]):
    """By the profile. packets: "normal" or "spot" (a stored spot check), "nan", hexadecimal; or "continuous" alone."""

    model = "SIG oximeter"
    manufacturer = "SIG"
    address = "02:00:00:5A:00:0B"
    measurement = PLX_SPOT_CHECK
    notifying = frozenset({PLX_SPOT_CHECK, PLX_CONTINUOUS})
    record_faults = frozenset(
        {
            RecordFault.NAN,
            RecordFault.CLOCK_RESET,
            RecordFault.MONTH_13,
            RecordFault.YEAR_2044,
            RecordFault.YEAR_0,
            RecordFault.DEMONSTRATION,
        }
    )
    script_type = DeviceScript

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self._finger_came = 0.0

    def readable(self) -> Readable:
        return {**super().readable(), DATE_TIME: lambda: date_time(self.shows())}

    def characteristics(self, script: DeviceScript) -> frozenset[str]:
        return frozenset({PLX_CONTINUOUS if _is_continuous(script) else PLX_SPOT_CHECK})

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        if name not in ("normal", "spot", "nan"):
            return None
        failed = name == "nan" or fault is RecordFault.NAN
        clock_not_set = 0x10 if fault is RecordFault.CLOCK_RESET else 0
        status = _VALIDATED | (_DEMONSTRATION if fault is RecordFault.DEMONSTRATION else 0)
        values = SFLOAT_NAN * 2 if failed else sfloat(97) + sfloat(72)
        return bytes((0x07 | clock_not_set,)) + values + stamp(shown, fault) + u16(status) + bytes(3)

    def measure(self, script: DeviceScript) -> None:
        self._finger_came = asyncio.get_running_loop().time()
        if not _is_continuous(script):
            super().measure(script)

    def has_more(self) -> bool:
        return super().has_more() or self._lost

    async def behave(self, line: Line, script: DeviceScript) -> None:
        if not _is_continuous(script):
            await line.subscribed(PLX_SPOT_CHECK)
            await self.send_all(line)
            await asyncio.sleep(_STAYS_S)
            return
        await line.subscribed(PLX_CONTINUOUS)
        name = "no-finger" if script.record_fault is RecordFault.NAN else "normal"
        while (second := asyncio.get_running_loop().time() - self._finger_came) < HANGS_UP_S:
            line.notify(PLX_CONTINUOUS, _continuous(shown_at(name, second), script.record_fault))
            await asyncio.sleep(1.0)


def _is_continuous(script: DeviceScript) -> bool:
    return script.packets == ("continuous",)


def _continuous(shown: Shown, fault: RecordFault | None) -> bytes:
    if shown.spo2 is None or shown.pulse_rate is None:
        values = SFLOAT_NAN * 2
    else:
        values = sfloat(shown.spo2) + sfloat(shown.pulse_rate)
    status = _VALIDATED if shown.quality is Quality.SETTLED else _ONGOING
    if fault is RecordFault.DEMONSTRATION:
        status |= _DEMONSTRATION
    sensor = {Quality.NO_FINGER: _UNCONNECTED, Quality.SEARCHING: _SEARCHING}.get(shown.quality, 0)
    return b"\x0c" + values + u16(status) + sensor.to_bytes(3, "little")


class VirtualNonin3230(StreamingPeripheral):
    """SmartPoint comes when the value has settled. See drivers.fakes.streaming for its names."""

    model = "3230"
    manufacturer = "Nonin"
    address = "02:00:00:5A:00:0C"
    stream = NONIN_OXIMETRY_MEASUREMENT
    notifying = frozenset({NONIN_OXIMETRY_MEASUREMENT})

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self._counter = 0

    def packet(self, shown: Shown) -> bytes:
        self._counter += 1
        status = {
            Quality.NO_FINGER: 0x08,  # searching, no finger
            Quality.SEARCHING: 0x18,
            Quality.PROVISIONAL: 0x10,
            Quality.SETTLED: 0x14,
        }[shown.quality]
        spo2 = 127 if shown.spo2 is None else shown.spo2
        pulse_rate = 511 if shown.pulse_rate is None else shown.pulse_rate
        amplitude = 0 if shown.spo2 is None else 306
        return (
            bytes((0x0A, status, 30))
            + amplitude.to_bytes(2, "big")
            + (self._counter & 0xFFFF).to_bytes(2, "big")
            + bytes((spo2,))
            + pulse_rate.to_bytes(2, "big")
        )


class VirtualBerry(StreamingPeripheral):
    """Its notifications take no notice of where a frame begins. See drivers.fakes.streaming for its names."""

    model = "BM1000"
    manufacturer = "Berry"
    address = "02:00:00:5A:00:0D"
    stream = TRANSPARENT_UART_RECEIVE
    notifying = frozenset({TRANSPARENT_UART_RECEIVE})
    period_s = 0.2

    _FRAMES = 20

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self._rest = b""

    def packet(self, shown: Shown) -> bytes:
        """Twenty frames, less a tail that comes with the next."""
        buffered = self._rest + b"".join(bci_frame(shown, number) for number in range(self._FRAMES))
        cut = len(buffered) - (self._sent * 3) % 7
        self._rest = buffered[cut:]
        return buffered[:cut]


class VirtualJumper(StreamingPeripheral):
    """See drivers.fakes.streaming for its names."""

    model = "JPD-500F"
    manufacturer = "Jumper"
    address = "02:00:00:5A:00:0E"
    stream = JUMPER_MEASUREMENT
    notifying = frozenset({JUMPER_MEASUREMENT})
    period_s = 0.5

    def packet(self, shown: Shown) -> bytes:
        if self._sent % 2:
            return b"\x80" + bytes(50 + 10 * (number % 3) for number in range(10))
        pulse_rate = 255 if shown.pulse_rate is None else shown.pulse_rate
        spo2 = 127 if shown.spo2 is None else shown.spo2
        return bytes((0x81, pulse_rate, spo2, 0 if shown.spo2 is None else 48))
