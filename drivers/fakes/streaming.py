"""A virtual device that streams while somebody wears it, and remembers nothing.

      0 s       1.5 s        4 s           8 s                      40 s         43 s
       │ no finger │ searching │ provisional │ settled …              │ no finger  │ hangs up

packets: "normal"; "no-finger": nothing is ever found; "unsteady": never settles; or hexadecimal, sent
in turn, one each period.
"""

from __future__ import annotations

import abc
import asyncio
import enum
from pathlib import Path

import msgspec

from drivers.device import Clock
from drivers.fakes.line import Line
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.script import DeviceScript, RecordFault, ScriptError

FINGER_OUT_S = 40.0
HANGS_UP_S = 43.0
GIVES_UP_S = 70.0
"""When it found nothing to show, it goes on searching until the person gives up."""

NAMES = ("normal", "no-finger", "unsteady")

_FOUND_S = 1.5
_PULSE_S = 4.0
_SETTLED_S = 8.0
_SPO2, _PULSE_RATE = 97, 72
_SWING = 4


class Quality(enum.Enum):
    """How sure the device is of what it shows."""

    NO_FINGER = enum.auto()
    SEARCHING = enum.auto()
    PROVISIONAL = enum.auto()
    SETTLED = enum.auto()


class Shown(msgspec.Struct, frozen=True):
    """What the device shows at one moment: percent and beats a minute; None while it has found nothing."""

    quality: Quality
    spo2: int | None = None
    pulse_rate: int | None = None


def shown_at(name: str, second: float) -> Shown:
    """What an oximeter shows ``second`` seconds after the finger came."""
    if name == "no-finger" or second < _FOUND_S or second >= FINGER_OUT_S:
        return Shown(Quality.NO_FINGER)
    if second < _PULSE_S:
        return Shown(Quality.SEARCHING)
    swing = _SWING if int(second) % 4 < 2 else 0
    if name == "unsteady":
        return Shown(Quality.PROVISIONAL, _SPO2 - swing, _PULSE_RATE + 3 * swing)
    if second < _SETTLED_S:
        return Shown(Quality.PROVISIONAL, _SPO2 - 2, _PULSE_RATE + 3)
    return Shown(Quality.SETTLED, _SPO2, _PULSE_RATE)


class StreamingPeripheral(VirtualPeripheral[DeviceScript]):
    """``stream``: the characteristic; ``period_s``: between two notifications."""

    stream: str
    period_s = 1.0
    record_faults = frozenset({RecordFault.NAN})
    script_type = DeviceScript

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self._began = 0.0
        self._name = ""
        self._given: tuple[bytes, ...] = ()
        self._sent = 0

    @abc.abstractmethod
    def packet(self, shown: Shown) -> bytes:
        """The next notification, while the device shows that."""

    def measure(self, script: DeviceScript) -> None:
        """Somebody puts the finger in."""
        self._began = asyncio.get_running_loop().time()
        self._name = script.packets[0] if len(script.packets) == 1 and script.packets[0] in NAMES else ""
        if script.record_fault is RecordFault.NAN:
            self._name = "no-finger"
        try:
            self._given = () if self._name else tuple(bytes.fromhex(one) for one in script.packets)
        except ValueError as error:
            raise ScriptError(f"packets: {script.packets} is neither one name nor hexadecimal") from error

    async def behave(self, line: Line, script: DeviceScript) -> None:
        await line.subscribed(self.stream)
        await self.stream_to(line)

    async def stream_to(self, line: Line) -> None:
        """Until the finger has been out for a while."""
        loop = asyncio.get_running_loop()
        until = HANGS_UP_S if self._name == "normal" else GIVES_UP_S
        while line.open and (second := loop.time() - self._began) < until:
            if packet := self._next(second):
                line.notify(self.stream, packet)
            await asyncio.sleep(self.period_s)

    def _next(self, second: float) -> bytes:
        number = self._sent
        self._sent += 1
        return self._given[number % len(self._given)] if self._given else self.packet(shown_at(self._name, second))
