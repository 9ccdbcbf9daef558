"""A virtual glucose meter by the SIG's profile: bonded with a passkey, its memory is asked for over Record Access.

    kiosk                               meter
      │  2A18, 2A34, 2A52 on              │
      │  04 … how many                    │
      │ ────────────────────────────────▶ │
      │                      05 00 nn nn  │
      │ ◀──────────────────────────────── │
      │  01 … report                      │
      │ ────────────────────────────────▶ │
      │   2A18 (and its 2A34) each, then  │
      │                      06 00 01 01  │
      │ ◀──────────────────────────────── │

2A18   flags 1 · sequence 2 · base time 7 · offset 2 (min) · SFLOAT kg/L or mol/L · type and location 1 · status 2
It forgets nothing, whatever was confirmed. Deleting (02 …) is answered "not supported" and noted in ``forbidden``.
packets, each a new record in the memory: "normal" (98 mg/dL), "mmol" (5.4 mmol/L), "meal" (with its context), "offset"
(displayed an hour after base time), "control", "high" (above the range), "strip" (failed), or hexadecimal of a 2A18.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from drivers.device import Clock
from drivers.errors import LinkError, LinkReason
from drivers.fakes.encoding import SFLOAT_NAN, date_time, sfloat, stamp, u16
from drivers.fakes.line import Line, Readable
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.recording import PACKET_PAUSE_S, RECORD_SPACING
from drivers.fakes.script import DeviceScript, RecordFault, ScriptError
from drivers.gatt import DATE_TIME, GLUCOSE_CONTEXT, GLUCOSE_MEASUREMENT, RECORD_ACCESS

_STAYS_S = 30.0
_REPORT, _DELETE, _ABORT, _NUMBER, _NUMBER_IS, _RESPONSE = 1, 2, 3, 4, 5, 6
_ALL, _AT_LEAST, _FIRST, _LAST = 1, 3, 5, 6
_SUCCESS, _NOT_SUPPORTED, _OPERATOR_UNSUPPORTED, _BAD_OPERAND, _NO_RECORDS = 1, 2, 4, 5, 6

_OFFSET, _VALUE, _MOLES, _STATUS, _CONTEXT = 0x01, 0x02, 0x04, 0x08, 0x10
_CAPILLARY_FINGER, _CONTROL = 0x11, 0x4A
_STRIP, _TOO_HIGH = 1 << 3, 1 << 5
_PLUS_INFINITY = b"\xfe\x07"


class Record(msgspec.Struct, frozen=True):
    """One test in the meter's memory, as its packets."""

    sequence: int
    packet: bytes
    context: bytes | None = None


class VirtualGlucoseMeter(VirtualPeripheral[DeviceScript]):
    """``memory`` grows with every measurement; sequences begin at 1."""

    model = "SIG glucose"
    manufacturer = "SIG"
    address = "02:00:00:5A:00:11"
    notifying = frozenset({GLUCOSE_MEASUREMENT, GLUCOSE_CONTEXT, RECORD_ACCESS})
    record_faults = frozenset(
        {
            RecordFault.NAN,
            RecordFault.CLOCK_RESET,
            RecordFault.MONTH_13,
            RecordFault.YEAR_2044,
            RecordFault.YEAR_0,
            RecordFault.CONTROL_SOLUTION,
        }
    )
    script_type = DeviceScript

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self.memory: list[Record] = []
        self._reporting: asyncio.Task[None] | None = None

    def readable(self) -> Readable:
        return {**super().readable(), DATE_TIME: lambda: date_time(self.shows())}

    def measure(self, script: DeviceScript) -> None:
        last = len(script.packets) - 1
        for place, name in enumerate(script.packets):
            fault = script.record_fault if place == script.fault_at else None
            shown = self.shows() - (last - place) * RECORD_SPACING
            self.memory.append(_record(name, len(self.memory) + 1, shown, fault))

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        if characteristic != RECORD_ACCESS or len(data) < 2:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")
        if not line.is_subscribed(RECORD_ACCESS):
            raise LinkError(LinkReason.PROTOCOL, "nobody would hear the answer")
        if data[0] == _DELETE:
            self.forbidden.append(data)
        if self._reporting is not None and not self._reporting.done() and data[0] != _ABORT:
            raise LinkError(LinkReason.BUSY, "a report is on its way")

    async def behave(self, line: Line, script: DeviceScript) -> None:
        """Answer until nobody has asked anything for a while."""
        self._reporting = None
        try:
            while True:
                async with asyncio.timeout(_STAYS_S):
                    asked = await line.next_write(RECORD_ACCESS)
                if self._reporting is not None and asked[0] == _ABORT:
                    self._reporting.cancel()
                    self._respond(line, _ABORT, _SUCCESS)
                    continue
                if self._reporting is not None:
                    await self._reporting
                self._reporting = asyncio.get_running_loop().create_task(self._answer(line, asked))
        except TimeoutError:
            return
        finally:
            if self._reporting is not None:
                self._reporting.cancel()

    async def _answer(self, line: Line, asked: bytes) -> None:
        operation, operator, operand = asked[0], asked[1], asked[2:]
        if operation not in (_REPORT, _NUMBER):
            self._respond(line, operation, _SUCCESS if operation == _ABORT else _NOT_SUPPORTED)
            return
        chosen: list[Record]
        match operator:
            case 1:
                chosen = self.memory
            case 3 if len(operand) == 3 and operand[0] == 1:
                chosen = [one for one in self.memory if one.sequence >= int.from_bytes(operand[1:], "little")]
            case 3:
                self._respond(line, operation, _BAD_OPERAND)
                return
            case 5:
                chosen = self.memory[:1]
            case 6:
                chosen = self.memory[-1:]
            case _:
                self._respond(line, operation, _OPERATOR_UNSUPPORTED)
                return
        if operation == _NUMBER:
            line.notify(RECORD_ACCESS, bytes((_NUMBER_IS, 0)) + u16(len(chosen)))
            return
        for one in list(chosen):
            await asyncio.sleep(PACKET_PAUSE_S)
            line.notify(GLUCOSE_MEASUREMENT, one.packet)
            if one.context is not None:
                line.notify(GLUCOSE_CONTEXT, one.context)
        await asyncio.sleep(PACKET_PAUSE_S)
        self._respond(line, operation, _SUCCESS if chosen else _NO_RECORDS)

    @staticmethod
    def _respond(line: Line, operation: int, value: int) -> None:
        line.notify(RECORD_ACCESS, bytes((_RESPONSE, 0, operation, value)))


def _record(name: str, sequence: int, shown: datetime, fault: RecordFault | None) -> Record:
    """A test taken when the meter's clock showed ``shown``."""
    flags, offset, kind, status, context = _VALUE, b"", _CAPILLARY_FINGER, b"", None
    value = sfloat(98, -5)
    base = shown
    match name:
        case "normal":
            pass
        case "mmol":
            flags, value = flags | _MOLES, sfloat(54, -4)
        case "meal":
            flags |= _CONTEXT
            context = b"\x02" + u16(sequence) + b"\x01"  # before a meal
        case "offset":
            flags, offset, base = flags | _OFFSET, u16(60), shown - timedelta(hours=1)
        case "control":
            kind = _CONTROL
        case "high":
            flags, value, status = flags | _STATUS, _PLUS_INFINITY, u16(_TOO_HIGH)
        case "strip":
            flags, status = _STATUS, u16(_STRIP)
        case _:
            try:
                return Record(sequence, bytes.fromhex(name))
            except ValueError as error:
                raise ScriptError(f"packets: {name!r} is neither a name nor hexadecimal") from error
    if fault is RecordFault.CONTROL_SOLUTION:
        kind = _CONTROL
    if fault is RecordFault.NAN:
        value = SFLOAT_NAN
    concentration = value + bytes((kind,)) if flags & _VALUE else b""
    packet = bytes((flags,)) + u16(sequence) + stamp(base, fault) + offset + concentration + status
    return Record(sequence, packet, context)
