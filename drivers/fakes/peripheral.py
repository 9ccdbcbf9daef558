"""A virtual device: silent until it is used, then a table of characteristics over the same Link as a real one.

    somebody uses it ──▶ it measures ──▶ it shows itself ──▶ one connection ──▶ it hangs up, or is left
         expect()         measure()        connect() returns      behave()

What one connection is like from the device's side stands in its ``behave``: a straight story of waiting, indicating and
hanging up. An indication is confirmed when the reader asks for the next packet; only then may the device forget it.
"""

from __future__ import annotations

import abc
import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from drivers.device import Clock, Link
from drivers.errors import LinkError, LinkReason
from drivers.fakes.encoding import shown_by
from drivers.fakes.faulty_link import FaultyLink
from drivers.fakes.line import Line, Readable
from drivers.fakes.script import Fault, RecordFault, Script, ScriptError, load
from drivers.gatt import BATTERY_LEVEL, FIRMWARE_REVISION, MANUFACTURER_NAME, MODEL_NUMBER
from drivers.readings import DeviceIdentity

SHOWS_ITSELF_S = 60.0
"""How long a device that still has something to say can be connected to again after a measurement."""

BATTERIES_OUT = datetime(2000, 1, 1, 0, 3, 12)  # noqa: DTZ001  device clocks have no zone

_LOOK_AT_SCRIPT_S = 0.5
_BATTERY_PERCENT = 80

_Script = TypeVar("_Script", bound=Script)


class VirtualPeripheral(abc.ABC, Generic[_Script]):
    """A :class:`drivers.device.Peripheral`. ``script``: what to do, or a file that is read again at every measurement.

    ``clock`` is the host's; the device's own differs from it by ``clock_error`` until the kiosk writes it.
    ``forbidden``: what was written that a kiosk must never write (delete, erase, unpair).
    """

    model: str
    manufacturer: str
    address: str
    notifying: frozenset[str] = frozenset()
    record_faults: frozenset[RecordFault] = frozenset()
    script_type: type[_Script]

    def __init__(self, clock: Clock, script: _Script | Path | None = None, *, address: str | None = None) -> None:
        self._clock = clock
        self.script = script
        self._identity = DeviceIdentity(self.model, self.manufacturer, address or self.address, fake=True)
        self.clock_error = timedelta(0)
        self.connections = 0
        self.forbidden: list[bytes] = []
        self._used = False
        self._switched_on = False
        self._visible_until = -1.0
        self._lost = False
        self._playing: _Script | None = None
        self._connections_since_use = 0
        self._woken = asyncio.Event()
        self._used_by_script = 0
        self._used_by_script = self._used_in_script()

    @property
    def identity(self) -> DeviceIdentity:
        return self._identity

    def expect(self) -> None:
        """Somebody uses the device now; while it is still busy with the last time, that is the same use."""
        self._used = True
        self._woken.set()

    def show(self) -> None:
        """Somebody switches it on without measuring: it takes one connection, with what it still has."""
        self._switched_on = True
        self._woken.set()

    async def connect(self) -> Link:
        """Wait until it is used or shows itself again, then take the connection. Raises LinkError by the script."""
        while True:
            await self._appears()
            try:
                script = await self._prepare() if self._used else self._last_script()
            except ScriptError as error:
                self._used = False
                raise LinkError(LinkReason.PROTOCOL, str(error)) from error
            if script is not None:
                return self._open(script)

    def shows(self) -> datetime:
        """What the device's own clock says now: without zone."""
        return self._clock.now().replace(tzinfo=None) + self.clock_error

    def set_clock(self, shown: datetime) -> None:
        """Somebody wrote the clock."""
        self.clock_error = shown - self._clock.now().replace(tzinfo=None)

    def set_clock_by(self, data: bytes) -> None:
        """Somebody wrote the clock as 2A08 or 2A2B. Raises LinkError(PROTOCOL) for what is no time."""
        shown = shown_by(data)
        if shown is None:
            raise LinkError(LinkReason.PROTOCOL, "that is no time")
        self.set_clock(shown)

    # -- what each device says for itself -----------------------------------------------------------------------------

    @abc.abstractmethod
    def measure(self, script: _Script) -> None:
        """It has been used: remember what it found. Raises ScriptError."""

    @abc.abstractmethod
    async def behave(self, line: Line, script: _Script) -> None:
        """One connection from the device's side; when it returns the device hangs up."""

    def readable(self) -> Readable:
        """What can be read, by characteristic."""
        return {
            MANUFACTURER_NAME: lambda: self.manufacturer.encode(),
            MODEL_NUMBER: lambda: self.model.encode(),
            FIRMWARE_REVISION: lambda: b"fake",
            BATTERY_LEVEL: lambda: bytes((_BATTERY_PERCENT,)),
        }

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        """Somebody writes. Raises LinkError(PROTOCOL) for what this device does not take."""
        raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")

    def has_more(self) -> bool:
        """Whether it goes on showing itself after a connection."""
        return self._lost

    def characteristics(self, script: _Script) -> frozenset[str]:
        """Which of ``notifying`` it has in this connection."""
        return self.notifying

    def shows_at_once(self, script: _Script) -> bool:
        """Whether it takes a connection while it is still measuring."""
        return False

    # -- the life of all of them --------------------------------------------------------------------------------------

    async def _appears(self) -> None:
        while True:
            self._woken.clear()
            if self._used_in_script() > self._used_by_script:
                self._used_by_script = self._used_in_script()
                self._used = True
            visible = asyncio.get_running_loop().time() < self._visible_until and self.has_more()
            if self._used or self._switched_on or visible:
                return
            try:
                async with asyncio.timeout(_LOOK_AT_SCRIPT_S if isinstance(self.script, Path) else None):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _prepare(self) -> _Script | None:
        """Measure; None when it does not show itself afterwards."""
        script = self._now_playing()
        if script.record_fault is not None and script.record_fault not in self.record_faults:
            raise ScriptError(f"record_fault: {self.model} has no {script.record_fault.value}")
        if script.record_fault is RecordFault.CLOCK_RESET:
            self.set_clock(BATTERIES_OUT)
        elif script.clock_error_s is not None:
            self.clock_error = timedelta(seconds=script.clock_error_s)
        if not self.shows_at_once(script):
            await asyncio.sleep(script.preparation_s)
        self._used = False
        match script.fault:
            case Fault.SILENT:
                return None
            case Fault.REFUSES:
                raise LinkError(LinkReason.REFUSED, "bonded to another host")
            case Fault.STALE_BOND:
                raise LinkError(LinkReason.STALE_BOND, "the device has forgotten us")
            case _:
                self.measure(script)
        self._playing = script
        self._connections_since_use = 0
        self._visible_until = asyncio.get_running_loop().time() + SHOWS_ITSELF_S
        return script

    def _last_script(self) -> _Script:
        """The one that it measured by; what goes wrong on the line is as the script says now."""
        playing = self._playing if self._playing is not None else self.script_type()
        now = self._now_playing()
        return msgspec.structs.replace(playing, fault=now.fault, fault_at=now.fault_at, fault_times=now.fault_times)

    def _open(self, script: _Script) -> Link:
        self._lost = self._switched_on = False
        self.connections += 1
        struck = script.fault_times is None or self._connections_since_use < script.fault_times
        self._connections_since_use += 1
        line = Line(self.written, self.characteristics(script), self.readable())
        line.begin(lambda: self.behave(line, script))
        if script.fault is None or not struck:
            return line
        return FaultyLink(line, script.fault, script.fault_at, self._was_lost)

    def _was_lost(self) -> None:
        self._lost = True

    def _now_playing(self) -> _Script:
        if isinstance(self.script, Path):
            return load(self.script, self.script_type)
        return self.script if self.script is not None else self.script_type()

    def _used_in_script(self) -> int:
        """How often the script's file says that it has been used; an unreadable one counts when it is played."""
        if not isinstance(self.script, Path):
            return 0
        try:
            return self._now_playing().used
        except ScriptError:
            return self._used_by_script
