"""A virtual A&D UA-651BLE behind the same Link as a real one: its bytes, its habits, and its faults on demand.

It inflates, shows itself, takes one connection, wants its clock written within 5 s, sends its records oldest first,
forgets a record only when it is confirmed, and hangs up. What it measures stands in a script (see CuffScript); its
identity says ``fake``, and that follows every reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

from drivers.decoders.date_time import decode_date_time, encode_date_time
from drivers.device import Clock, Link
from drivers.errors import DecodeError, LinkError, LinkReason
from drivers.fakes.cuff_script import CuffFault, CuffScript, ScriptError, load_script
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, DATE_TIME
from drivers.readings import DeviceIdentity

CLOCK_GRACE_S = 5.0
"""How long the real cuff waits for its clock to be written after the link is encrypted."""

_PACKET_PAUSE_S = 0.02
_RECORD_SPACING = timedelta(minutes=1)

# Captured from a real UA-651BLE (github.com/HEADS-project/ThingML-BLE, h2Sync comments); bytes 7-13 are its clock.
_CAPTURES = {
    "normal": bytes.fromhex("167D0050006600E10701100C273640000000"),
    "nan": bytes.fromhex("16FF07FF07FF07E107010E162C04FF070000"),
    "irregular": bytes.fromhex("146500410051003E000400"),
}
_TIME_FLAG = 0x02
_TIME_AT = slice(7, 14)


class VirtualCuff:
    """A :class:`drivers.device.Peripheral`. ``script``: what to do, or a file that is read again at every measurement.

    ``clock`` is the host's; the cuff's own differs from it by an error until the kiosk writes it. Records that were not
    confirmed stay in its memory and come again at the next connection.
    """

    def __init__(
        self, clock: Clock, script: CuffScript | Path | None = None, *, address: str = "02:00:00:5A:00:01"
    ) -> None:
        self._clock = clock
        self.script = script
        self._identity = DeviceIdentity(model="UA-651BLE", manufacturer="A&D Medical", address=address, fake=True)
        self.memory: list[bytes] = []
        self.clock_error = timedelta(0)

    @property
    def identity(self) -> DeviceIdentity:
        return self._identity

    async def connect(self) -> Link:
        """Inflate, then take the connection. Raises LinkError as the script says; a silent cuff never returns."""
        try:
            script = self._now_playing()
        except ScriptError as error:
            raise LinkError(LinkReason.PROTOCOL, str(error)) from error
        if script.clock_error_s is not None:
            self.clock_error = timedelta(seconds=script.clock_error_s)
        await asyncio.sleep(script.inflation_s)
        if script.fault is CuffFault.SILENT:
            await asyncio.Event().wait()
        if script.fault is CuffFault.REFUSES:
            raise LinkError(LinkReason.REFUSED, "bonded to another host")
        self._measure(script)
        return _CuffLink(self, script)

    def shows(self) -> datetime:
        """What the cuff's display says now: without zone."""
        return self._clock.now().replace(tzinfo=None) + self.clock_error

    def set_clock(self, shown: datetime) -> None:
        """Somebody wrote the clock."""
        self.clock_error = shown - self._clock.now().replace(tzinfo=None)

    def _now_playing(self) -> CuffScript:
        if isinstance(self.script, Path):
            return load_script(self.script)
        return self.script if self.script is not None else CuffScript()

    def _measure(self, script: CuffScript) -> None:
        """Put the script's records into memory, the last one stamped with this moment."""
        last = len(script.packets) - 1
        for place, name in enumerate(script.packets):
            captured = _CAPTURES.get(name)
            if captured is None:
                self.memory.append(bytes.fromhex(name))
            elif captured[0] & _TIME_FLAG:
                stamp = encode_date_time(self.shows() - (last - place) * _RECORD_SPACING)
                self.memory.append(captured[: _TIME_AT.start] + stamp + captured[_TIME_AT.stop :])
            else:
                self.memory.append(captured)


class _CuffLink:
    """One connection to the cuff: a Link."""

    def __init__(self, cuff: VirtualCuff, script: CuffScript) -> None:
        self._cuff = cuff
        self.script = script
        self._open = True
        self._clock_written = asyncio.Event()
        self._deadline = asyncio.get_running_loop().time() + CLOCK_GRACE_S

    async def subscribe(self, characteristic: str) -> AsyncIterator[bytes]:
        await self._answer()
        if characteristic != BLOOD_PRESSURE_MEASUREMENT:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} has no indications")
        return _Records(self._cuff, self)

    async def read(self, characteristic: str) -> bytes:
        await self._answer()
        if characteristic != DATE_TIME:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be read")
        return encode_date_time(self._cuff.shows())

    async def write(self, characteristic: str, data: bytes) -> None:
        await self._answer()
        if characteristic != DATE_TIME:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")
        try:
            shown = decode_date_time(data)
        except DecodeError as error:
            raise LinkError(LinkReason.PROTOCOL, str(error)) from error
        if shown is None:
            raise LinkError(LinkReason.PROTOCOL, "an unknown time cannot be set")
        self._cuff.set_clock(shown)
        self._clock_written.set()

    async def close(self) -> None:
        self._open = False

    async def clock_written(self) -> bool:
        """Wait for the clock to be written; False when the cuff has lost patience and hung up."""
        if not self._open:
            return False
        try:
            async with asyncio.timeout_at(self._deadline):
                await self._clock_written.wait()
        except TimeoutError:
            self._open = False
        return self._open

    async def _answer(self) -> None:
        """What comes before every answer: patience, and the fault of never answering."""
        if self.script.fault is CuffFault.HANGS:
            await asyncio.Event().wait()
        if not self._clock_written.is_set() and asyncio.get_running_loop().time() > self._deadline:
            self._open = False
        if not self._open:
            raise LinkError(LinkReason.LINK_LOST, "the cuff has hung up")


class _Records:
    """The indications of one connection."""

    def __init__(self, cuff: VirtualCuff, link: _CuffLink) -> None:
        self._cuff = cuff
        self._link = link
        self._unconfirmed = False
        self._sent = 0
        self._repeated = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not await self._link.clock_written():
            raise StopAsyncIteration
        fault, place = self._link.script.fault, self._link.script.fault_at
        if fault is CuffFault.DROP_LINK and self._sent >= place:
            await self._link.close()  # the confirmation of the record before is lost with the line
            raise LinkError(LinkReason.LINK_LOST, "out of reach")
        if self._unconfirmed:
            self._confirm(fault is CuffFault.DUPLICATE and self._sent == place + 1)
        if not self._cuff.memory:
            await self._link.close()
            raise StopAsyncIteration
        await asyncio.sleep(_PACKET_PAUSE_S)
        record = self._cuff.memory[0]
        truncated = fault is CuffFault.TRUNCATE and self._sent == place
        self._sent += 1
        self._unconfirmed = True
        return record[:-3] if truncated else record

    def _confirm(self, repeat: bool) -> None:
        """The record may be forgotten; or, once, the cuff does as if the confirmation had not come."""
        self._unconfirmed = False
        if repeat and not self._repeated:
            self._repeated = True
            return
        self._cuff.memory.pop(0)
