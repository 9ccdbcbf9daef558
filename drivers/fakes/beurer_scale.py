"""A virtual Beurer BF720: says nothing without its user's consent, then weight and body composition of each weigh-in.

    kiosk                               scale
      │  2A9F, 2A9D, 2A9C on              │
      │  write 2A9F: 02 index code        │
      │ ────────────────────────────────▶ │
      │         20 02 01 (or 05: not you) │
      │ ◀──────────────────────────────── │
      │      2A9D, then 2A9C of the same second and user; again for each weigh-in
      │ ◀──────────────────────────────── │

packets: "normal" (one 2A9C), "two-parts" (the composition in two packets, bit 12), "nan", or the hexadecimal of a 2A9D.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

from drivers.device import Clock
from drivers.errors import LinkError, LinkReason
from drivers.fakes.encoding import UNSUCCESSFUL, current_time, stamp, u16, user
from drivers.fakes.line import Line, Readable
from drivers.fakes.peripheral import VirtualPeripheral
from drivers.fakes.recording import PACKET_PAUSE_S, RECORD_SPACING
from drivers.fakes.script import DeviceScript, RecordFault, ScriptError
from drivers.fakes.sig_devices import weight
from drivers.gatt import BODY_COMPOSITION_MEASUREMENT, CURRENT_TIME, USER_CONTROL_POINT, WEIGHT_MEASUREMENT

USER_INDEX = 1
CONSENT = 3752

_STAYS_S = 8.0
_GIVE_CONSENT, _DELETE_USER, _RESPONSE = 0x02, 0x03, 0x20
_SUCCESS, _NOT_SUPPORTED, _NOT_AUTHORISED = 0x01, 0x02, 0x05

_TIME, _USER, _BASAL, _MUSCLE, _WATER, _IMPEDANCE, _PARTS = 0x002, 0x004, 0x008, 0x010, 0x100, 0x200, 0x1000
_FAT, _BASAL_KJ, _MUSCLE_PERCENT, _WATER_STEPS, _IMPEDANCE_STEPS = 238, 6485, 412, 7800, 5430

WeighIn = tuple[tuple[str, bytes], ...]


def composition(shown: datetime, fault: RecordFault | None, *, failed: bool, parts: bool) -> tuple[bytes, ...]:
    """Body fat 23.8 %, 6485 kJ, muscle 41.2 %, water 39 kg, 543 Ω; in one packet, or the last two in another."""
    fat = UNSUCCESSFUL if failed else u16(_FAT)
    first = _TIME | _USER | _BASAL | _MUSCLE
    body = fat + stamp(shown, fault) + user(fault) + u16(_BASAL_KJ) + u16(_MUSCLE_PERCENT)
    rest = u16(_WATER_STEPS) + u16(_IMPEDANCE_STEPS)
    if parts:
        return u16(_PARTS | first) + body, u16(_PARTS | _WATER | _IMPEDANCE) + fat + rest
    return (u16(first | _WATER | _IMPEDANCE) + body + rest,)


class VirtualBeurerScale(VirtualPeripheral[DeviceScript]):
    """``memory``: weigh-ins, each forgotten when its last packet is confirmed."""

    model = "BF720"
    manufacturer = "Beurer"
    address = "02:00:00:5A:00:0A"
    notifying = frozenset({USER_CONTROL_POINT, WEIGHT_MEASUREMENT, BODY_COMPOSITION_MEASUREMENT, CURRENT_TIME})
    record_faults = frozenset(
        {
            RecordFault.NAN,
            RecordFault.CLOCK_RESET,
            RecordFault.MONTH_13,
            RecordFault.YEAR_2044,
            RecordFault.YEAR_0,
            RecordFault.OTHER_USER,
            RecordFault.UNKNOWN_USER,
        }
    )
    script_type = DeviceScript

    def __init__(self, clock: Clock, script: DeviceScript | Path | None = None, *, address: str | None = None) -> None:
        super().__init__(clock, script, address=address)
        self.memory: list[WeighIn] = []

    def readable(self) -> Readable:
        return {**super().readable(), CURRENT_TIME: lambda: current_time(self.shows())}

    def has_more(self) -> bool:
        return bool(self.memory)

    def measure(self, script: DeviceScript) -> None:
        last = len(script.packets) - 1
        for place, name in enumerate(script.packets):
            fault = script.record_fault if place == script.fault_at else None
            self.memory.append(self._weigh_in(name, self.shows() - (last - place) * RECORD_SPACING, fault))

    async def written(self, line: Line, characteristic: str, data: bytes) -> None:
        if characteristic == CURRENT_TIME and len(data) == 10:
            self.set_clock_by(data)
        elif characteristic != USER_CONTROL_POINT or not data:
            raise LinkError(LinkReason.PROTOCOL, f"{characteristic} cannot be written")
        elif not line.is_subscribed(USER_CONTROL_POINT):
            raise LinkError(LinkReason.PROTOCOL, "nobody would hear the answer")
        elif data[0] == _DELETE_USER:
            self.forbidden.append(data)

    async def behave(self, line: Line, script: DeviceScript) -> None:
        if not await self._consent(line):
            await asyncio.sleep(_STAYS_S)
            return
        await line.subscribed(WEIGHT_MEASUREMENT, BODY_COMPOSITION_MEASUREMENT)
        while self.memory:
            for characteristic, packet in self.memory[0]:
                await asyncio.sleep(PACKET_PAUSE_S)
                if not await line.indicate(characteristic, packet):
                    return
            self.memory.pop(0)
        await asyncio.sleep(_STAYS_S)

    async def _consent(self, line: Line) -> bool:
        """Whether somebody gave the right code before the scale lost patience."""
        right = bytes((_GIVE_CONSENT, USER_INDEX)) + u16(CONSENT)
        try:
            async with asyncio.timeout(_STAYS_S):
                while True:
                    asked = await line.next_write(USER_CONTROL_POINT)
                    known = asked[0] == _GIVE_CONSENT
                    value = _SUCCESS if asked == right else _NOT_AUTHORISED if known else _NOT_SUPPORTED
                    await line.indicate(USER_CONTROL_POINT, bytes((_RESPONSE, asked[0], value)))
                    if value == _SUCCESS:
                        return True
        except TimeoutError:
            return False

    def _weigh_in(self, name: str, shown: datetime, fault: RecordFault | None) -> WeighIn:
        if name not in ("normal", "two-parts", "nan"):
            try:
                return ((WEIGHT_MEASUREMENT, bytes.fromhex(name)),)
            except ValueError as error:
                raise ScriptError(f"packets: {name!r} is neither a name nor hexadecimal") from error
        failed = name == "nan" or fault is RecordFault.NAN
        parts = composition(shown, fault, failed=failed, parts=name == "two-parts")
        return (
            (WEIGHT_MEASUREMENT, weight(shown, failed=failed, fault=fault)),
            *((BODY_COMPOSITION_MEASUREMENT, part) for part in parts),
        )
