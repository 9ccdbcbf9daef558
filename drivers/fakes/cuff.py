"""A virtual A&D UA-651BLE behind the same Link as a real one: its bytes, its habits, and its faults on demand.

It inflates, shows itself, takes one connection, wants its clock written within 5 s, sends its records oldest first,
forgets a record only when it is confirmed, and hangs up. What it measures stands in a script (see CuffScript); its
identity says ``fake``, and that follows every reading.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from drivers.device import Clock
from drivers.fakes.and_medical import AndDevice
from drivers.fakes.cuff_script import CuffScript
from drivers.fakes.encoding import SFLOAT_NAN, sfloat, stamp, u16
from drivers.fakes.line import Line
from drivers.fakes.script import RecordFault
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, INTERMEDIATE_CUFF_PRESSURE

_TIME_PULSE_STATUS = b"\x16"
_NO_TIME = b"\x00"
_PULSE = 64
_PRESSURES = (125, 80, 102)
_STATUS = {"normal": 0x0000, "loose": 0x0002, "moved": 0x0001, "position": 0x0020}

# Captured from a real UA-651BLE that sends no time (h2Sync comments). "normal" and "nan" are, but for their times, the
# captures of github.com/HEADS-project/ThingML-BLE.
_IRREGULAR_CAPTURE = bytes.fromhex("146500410051003E000400")

_PEAK_MMHG = 172
_PROGRESS_STEP_S = 0.25
_RISING_PART = 0.4


def blood_pressure(
    shown: datetime, *, status: int = 0, failed: bool = False, fault: RecordFault | None = None
) -> bytes:
    """A record as the UA-651BLE writes it: 125/80 (102) mmHg, pulse 64, or a failed inflation."""
    failed = failed or fault is RecordFault.NAN
    values = SFLOAT_NAN * 3 if failed else b"".join(sfloat(one) for one in _PRESSURES)
    pulse = SFLOAT_NAN if failed else sfloat(_PULSE)
    return _TIME_PULSE_STATUS + values + stamp(shown, fault) + pulse + u16(status)


def cuff_pressure(mmhg: int) -> bytes:
    """2A36 while the cuff works: the pressure now, no diastolic, no mean."""
    return _NO_TIME + sfloat(mmhg) + SFLOAT_NAN * 2


class VirtualCuff(AndDevice[CuffScript]):
    """A :class:`drivers.device.Peripheral`. Records that were not confirmed stay in ``memory`` and come again.

    With ``progress`` it takes the connection at once and notifies its pressure while it inflates, as cuffs that have
    2A36 do (the real UA-651BLE shows itself afterwards).
    """

    model = "UA-651BLE"
    address = "02:00:00:5A:00:01"
    measurement = BLOOD_PRESSURE_MEASUREMENT
    notifying = frozenset({BLOOD_PRESSURE_MEASUREMENT, INTERMEDIATE_CUFF_PRESSURE})
    record_faults = frozenset(
        {RecordFault.NAN, RecordFault.CLOCK_RESET, RecordFault.MONTH_13, RecordFault.YEAR_2044, RecordFault.YEAR_0}
    )
    script_type = CuffScript

    def __init__(self, clock: Clock, script: CuffScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self._inflating: tuple[float, float] = (0.0, 0.0)

    def characteristics(self, script: CuffScript) -> frozenset[str]:
        return self.notifying if script.progress else self.notifying - {INTERMEDIATE_CUFF_PRESSURE}

    def shows_at_once(self, script: CuffScript) -> bool:
        return script.progress

    def record(self, name: str, shown: datetime, fault: RecordFault | None) -> bytes | None:
        if name == "nan":
            return blood_pressure(shown, failed=True, fault=fault)
        if name == "irregular":
            return _IRREGULAR_CAPTURE
        status = _STATUS.get(name)
        return None if status is None else blood_pressure(shown, status=status, fault=fault)

    def measure(self, script: CuffScript) -> None:
        begun = asyncio.get_running_loop().time()
        self._inflating = (begun, begun + script.inflation_s if script.progress else begun)
        super().measure(script)

    async def while_measuring(self, line: Line) -> None:
        """Up in the first part of the time, slowly down in the rest."""
        loop = asyncio.get_running_loop()
        begun, done = self._inflating
        while (now := loop.time()) < done:
            part = (now - begun) / (done - begun)
            level = part / _RISING_PART if part < _RISING_PART else (1 - part) / (1 - _RISING_PART)
            line.notify(INTERMEDIATE_CUFF_PRESSURE, cuff_pressure(round(_PEAK_MMHG * level)))
            await asyncio.sleep(min(_PROGRESS_STEP_S, done - now))
