"""Body Composition Measurement (0x2A9C), and the joining of the indications that belong to one weigh-in.

    ┌───────┬──────────┬────────────┬──────────┬─────────┬──────────┬─────────────────────────────────────────┐
    │ flags │ body fat │ [ time   ] │ [ user ] │ [ BMR ] │ [muscle] │ [muscle mass] [fat-free] [soft lean]    │
    │  u16  │ u16 0.1 %│ [ 7 bytes] │ [  u8  ] │ [kJ u16]│ [u16 .1%]│ [water] u16 each, 0.005 kg or 0.01 lb   │
    └───────┴──────────┴────────────┴──────────┴─────────┴──────────┴─────────────────────────────────────────┘
        … [ impedance u16, 0.1 ohm ] [ weight u16, as the masses ] [ height u16, 1 mm or 0.1 in ]
    flags    0  1 = pounds and inches   1  time   2  user   3  BMR   4  muscle %   5  muscle mass   6  fat-free mass
             7  soft lean mass   8  water mass   9  impedance   10  weight   11  height
             12  one of several packets   13-15 reserved (``unknown_bits``)
    FFFF as body fat: the measurement was unsuccessful

Source: Bluetooth SIG, Body Composition Service 1.0 and GATT Specification Supplement.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from drivers.decoders.date_time import time_of_measurement
from drivers.decoders.ieee11073 import fixed_quantity, missing
from drivers.decoders.layout import FlaggedLayout, user_of
from drivers.decoders.weight import length, mass
from drivers.readings import Kind, Measurement, Quantity, QuantityName, Status, Unit

_IMPERIAL = 0x0001
_TIME_PRESENT = 0x0002
_USER_PRESENT = 0x0004
_BASAL_METABOLISM = 0x0008
_MUSCLE_PERCENTAGE = 0x0010
_MASSES = (
    (0x0020, QuantityName.MUSCLE_MASS),
    (0x0040, QuantityName.FAT_FREE_MASS),
    (0x0080, QuantityName.SOFT_LEAN_MASS),
    (0x0100, QuantityName.WATER_MASS),
)
_IMPEDANCE = 0x0200
_WEIGHT = 0x0400
_HEIGHT = 0x0800
_MULTIPLE_PACKETS = 0x1000
_RESERVED = 0xE000

_LAYOUT = FlaggedLayout(
    "H",
    ("H",),
    (
        (_TIME_PRESENT, ("7s",)),
        (_USER_PRESENT, ("B",)),
        *((bit, ("H",)) for bit in (_BASAL_METABOLISM, _MUSCLE_PERCENTAGE)),
        *((bit, ("H",)) for bit, _ in _MASSES),
        *((bit, ("H",)) for bit in (_IMPEDANCE, _WEIGHT, _HEIGHT)),
    ),
)
_UNSUCCESSFUL = 0xFFFF

# More open parts than any scale has users and stored weigh-ins at once; the oldest goes out alone beyond it.
_MOST_OPEN = 64


def decode_body_composition(packet: bytes) -> Measurement:
    """Decode one value of 0x2A9C. Raises DecodeError when bytes are missing or left over.

    One of several packets is not final and has MULTIPLE_PACKETS: :class:`BodyCompositionParts` joins them.
    """
    flags, fat, time, slot, metabolism, muscle, *masses, impedance, weight, height = _LAYOUT.unpack(packet)
    imperial = bool(flags & _IMPERIAL)
    quantities: dict[QuantityName, Quantity] = {
        QuantityName.BODY_FAT: missing(Unit.PERCENT) if fat == _UNSUCCESSFUL else fixed_quantity(fat, -1, Unit.PERCENT)
    }
    if flags & _BASAL_METABOLISM:
        quantities[QuantityName.BASAL_METABOLISM] = fixed_quantity(metabolism, 0, Unit.KILOJOULE)
    if flags & _MUSCLE_PERCENTAGE:
        quantities[QuantityName.MUSCLE_PERCENTAGE] = fixed_quantity(muscle, -1, Unit.PERCENT)
    for (bit, name), steps in zip(_MASSES, masses, strict=True):
        if flags & bit:
            quantities[name] = mass(steps, imperial)
    if flags & _IMPEDANCE:
        quantities[QuantityName.IMPEDANCE] = fixed_quantity(impedance, -1, Unit.OHM)
    if flags & _WEIGHT:
        quantities[QuantityName.WEIGHT] = mass(weight, imperial)
    if flags & _HEIGHT:
        quantities[QuantityName.HEIGHT] = length(height, imperial)
    device_time = time_of_measurement(time)
    user, unknown_user = user_of(slot)
    several = bool(flags & _MULTIPLE_PACKETS)
    return Measurement(
        kind=Kind.BODY_COMPOSITION,
        quantities=quantities,
        raw=bytes(packet),
        device_time=device_time,
        raw_time=time,
        time_fault=bool(time) and device_time is None,
        user=user,
        unknown_user=unknown_user,
        status=(Status.MULTIPLE_PACKETS,) if several else (),
        unknown_bits=flags & _RESERVED,
        final=not several,
    )


class BodyCompositionParts:
    """Joins what a scale says of one weigh-in in several indications: two packets of 0x2A9C, and the 0x2A9D beside it.

    Weight and composition belong together when time stamp and user slot are the same; of two packets of one composition
    the second may leave out both. What finds no partner comes out alone, a lone packet of several still not final.
    """

    def __init__(self) -> None:
        self._open: list[Measurement] = []

    def add(self, part: Measurement) -> tuple[Measurement, ...]:
        """Take a decoded 0x2A9D or 0x2A9C; returns what is thereby complete, oldest first."""
        done: list[Measurement] = []
        if not part.final:
            first = next((other for other in self._open if _continues(other, part)), None)
            if first is None:
                done.extend(self._release(lambda other: not other.final))
                self._open.append(part)
                return (*done, *self._overflow())
            self._open.remove(first)
            part = _join(first, part, Kind.BODY_COMPOSITION)
        partner = next((other for other in self._open if _same_weigh_in(other, part)), None)
        if partner is not None:
            self._open.remove(partner)
            weight, composition = (part, partner) if part.kind is Kind.WEIGHT else (partner, part)
            done.append(_join(weight, composition, Kind.BODY_COMPOSITION))
            return tuple(done)
        # The same kind, time and user again is another weigh-in: the earlier one has no partner any more.
        done.extend(self._release(lambda other: other.final and other.kind is part.kind and _key(other) == _key(part)))
        self._open.append(part)
        return (*done, *self._overflow())

    def rest(self) -> tuple[Measurement, ...]:
        """What is still without a partner, oldest first: at the end of a conversation, or after a silence."""
        rest, self._open = tuple(self._open), []
        return rest

    def _release(self, goes: Callable[[Measurement], bool]) -> list[Measurement]:
        out = [other for other in self._open if goes(other)]
        self._open = [other for other in self._open if not goes(other)]
        return out

    def _overflow(self) -> tuple[Measurement, ...]:
        return (self._open.pop(0),) if len(self._open) > _MOST_OPEN else ()


def _key(part: Measurement) -> tuple[bytes, int | None, bool]:
    return part.raw_time, part.user, part.unknown_user


def _continues(first: Measurement, second: Measurement) -> bool:
    """Whether ``second`` is the other packet of the composition that ``first`` began."""
    if first.final or first.kind is not second.kind:
        return False
    time_fits = not second.raw_time or not first.raw_time or second.raw_time == first.raw_time
    nobody = second.user is None and not second.unknown_user
    return time_fits and (nobody or (second.user, second.unknown_user) == (first.user, first.unknown_user))


def _same_weigh_in(one: Measurement, other: Measurement) -> bool:
    kinds = {one.kind, other.kind}
    return one.final and other.final and kinds == {Kind.WEIGHT, Kind.BODY_COMPOSITION} and _key(one) == _key(other)


def _join(first: Measurement, second: Measurement, kind: Kind) -> Measurement:
    quantities = dict(first.quantities)
    for name, quantity in second.quantities.items():
        if name not in quantities or quantities[name].value is None:
            quantities[name] = quantity
    timed = first if first.raw_time or not second.raw_time else second
    owned = first if first.user is not None or first.unknown_user else second
    return msgspec.structs.replace(
        first,
        kind=kind,
        quantities=quantities,
        raw=first.raw + second.raw,
        device_time=timed.device_time,
        raw_time=timed.raw_time,
        time_fault=timed.time_fault,
        user=owned.user,
        unknown_user=owned.unknown_user,
        status=tuple(s for s in dict.fromkeys(first.status + second.status) if s is not Status.MULTIPLE_PACKETS),
        unknown_bits=first.unknown_bits | second.unknown_bits,
        final=True,
    )
