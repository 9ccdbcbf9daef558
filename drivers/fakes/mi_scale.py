"""Virtual Xiaomi scales: no connection, only service data in advertisements, repeated for many seconds.

version 2, 181B   control 2 · time 7 · impedance 2 · weight 2 (1/200 kg)
version 1, 181D   control 1 · weight 2 · time 7

      0 s          2 s            12 s          14 s
       │ going up    │ stable       │ stepped off │ silence

packets: "normal" (80.0 kg), "unstable": never settles, or hexadecimal, repeated in turn.
"""

from __future__ import annotations

import abc
import asyncio
from datetime import datetime
from pathlib import Path

from drivers.device import Clock
from drivers.fakes.encoding import stamp, u16
from drivers.fakes.line import Line, Readable
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.script import DeviceScript, RecordFault, ScriptError
from drivers.gatt import BODY_COMPOSITION_SERVICE, WEIGHT_SCALE_SERVICE, service_data

_STABLE_S, _OFF_S, _SILENT_S = 2.0, 12.0, 14.0
_INTERVAL_S = 0.3
_STEPS = 16000  # of 5 g: 80.0 kg
_OHM = 500
_TIMES = frozenset({RecordFault.CLOCK_RESET, RecordFault.MONTH_13, RecordFault.YEAR_2044, RecordFault.YEAR_0})


class MiScale(VirtualPeripheral[DeviceScript]):
    """The subclass writes the bytes."""

    manufacturer = "Xiaomi"
    service: str
    record_faults = _TIMES | {RecordFault.NAN}
    script_type = DeviceScript

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self._began = 0.0
        self._stood_at = datetime.min  # noqa: DTZ901  device clocks have no zone
        self._given: tuple[bytes, ...] = ()
        self._settles = True

    @abc.abstractmethod
    def advertisement(self, time: bytes, steps: int, *, stable: bool, removed: bool) -> bytes:
        """The service data; ``steps`` of 5 g."""

    def readable(self) -> Readable:
        return {}

    def shows_at_once(self, script: DeviceScript) -> bool:
        """One sees the figures run while the person is still stepping on."""
        return True

    def measure(self, script: DeviceScript) -> None:
        self._began = asyncio.get_running_loop().time()
        self._stood_at = self.shows()
        self._settles = script.packets != ("unstable",) and script.record_fault is not RecordFault.NAN
        try:
            named = script.packets in (("normal",), ("unstable",))
            self._given = () if named else tuple(bytes.fromhex(one) for one in script.packets)
        except ValueError as error:
            raise ScriptError(f"packets: {script.packets} is neither one name nor hexadecimal") from error

    async def behave(self, line: Line, script: DeviceScript) -> None:
        where = service_data(self.service)
        await line.subscribed(where)
        number = 0
        while (second := asyncio.get_running_loop().time() - self._began) < _SILENT_S:
            if self._given:
                packet = self._given[number % len(self._given)]
            else:
                packet = self._at(second, stamp(self._stood_at, script.record_fault))
            line.notify(where, packet)
            number += 1
            await asyncio.sleep(_INTERVAL_S)
        await asyncio.Event().wait()  # there is no line that could end

    def _at(self, second: float, time: bytes) -> bytes:
        stable = self._settles and second >= _STABLE_S
        removed = second >= _OFF_S
        steps = _STEPS if stable else round(_STEPS * 0.9) + int(second * 10) % 7 * 100
        return self.advertisement(time, steps, stable=stable, removed=removed)


class VirtualMiScale2(MiScale):
    """Mi Body Composition Scale."""

    model = "Mi scale 2"
    address = "02:00:00:5A:00:0F"
    service = BODY_COMPOSITION_SERVICE
    notifying = frozenset({service_data(BODY_COMPOSITION_SERVICE)})

    def advertisement(self, time: bytes, steps: int, *, stable: bool, removed: bool) -> bytes:
        control = (0x22 if stable else 0) | (0x80 if removed else 0)
        return bytes((0x02, control)) + time + u16(_OHM if stable else 0) + u16(steps)


class VirtualMiScale1(MiScale):
    """Mi Smart Scale."""

    model = "Mi scale 1"
    address = "02:00:00:5A:00:10"
    service = WEIGHT_SCALE_SERVICE
    notifying = frozenset({service_data(WEIGHT_SCALE_SERVICE)})

    def advertisement(self, time: bytes, steps: int, *, stable: bool, removed: bool) -> bytes:
        control = 0x02 | (0x20 if stable else 0) | (0x80 if removed else 0)
        return bytes((control,)) + u16(steps) + time
