"""Health o meter ProPlus and relatives (and Rice Lake scales set to it): the escape protocol over USB or RS-232.

    ESC R · ESC I<patient> · ESC W<nnn.nn> · ESC H<nnn.nn> · ESC T<nnn.nn> · ESC B<nnn.n> · ESC N<m|c> · ESC E
    begin   identity, not    weight          height          tare            body mass      units:      end
            taken out                                                        index          m metric, c imperial

    The parts between begin and end may be missing or come in another order. Metric is kg and cm; imperial is lb, and
    the height is taken for inches, which the manuals do not say.
    A weight of 999.9 or 999.99 is what the scale sends when it is over- or underloaded: no number.

A height or index of zero means that none was entered: no number. The tare is taken off already.
The identity may be a person's number: it stays in the raw bytes. ``ESC X`` would delete; nothing here makes one.

Source: manuals of ProPlus, 1100KL (pages 33 to 35) and Rice Lake 160-10-7N (page 22).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from drivers.decoders.ieee11073 import missing
from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, Quantity, QuantityName, Unit

_ESCAPE: Final = 0x1B
_BEGIN = b"\x1bR"
_END = b"\x1bE"
_LONGEST = 256
_NUMBER = re.compile(rb"\d{1,4}(?:\.\d{1,3})?")
_OUT_OF_RANGE = (Decimal("999.9"), Decimal("999.99"))


class HealthOMeterFrames:
    """Finds readings in what the scale sends, from ``ESC R`` to ``ESC E``."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self.skipped = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The readings that are complete with this chunk, in order. Keeps at most one unfinished reading."""
        frames: list[bytes] = []
        begun = self._begun
        for byte in chunk:
            begun.append(byte)
            if begun[-2:] == _BEGIN:
                self._drop(len(begun) - len(_BEGIN))
            elif begun[:2] != _BEGIN:
                # Not begun yet: only an escape may become something.
                self._drop(len(begun) - (byte == _ESCAPE))
            elif begun[-2:] == _END:
                frames.append(bytes(begun))
                begun.clear()
            elif len(begun) > _LONGEST:
                self._drop(len(begun))
        return frames

    def _drop(self, count: int) -> None:
        self.skipped += count
        del self._begun[:count]


def decode_health_o_meter(frame: bytes) -> Measurement:
    """Decode one reading. Raises DecodeError without begin, end, weight or units, and for a field given twice."""
    if not frame.startswith(_BEGIN) or not frame.endswith(_END) or len(frame) < len(_BEGIN) + len(_END):
        raise DecodeError("a reading goes from ESC R to ESC E")
    fields: dict[bytes, bytes] = {}
    for part in bytes(frame[len(_BEGIN) : -len(_END)]).split(bytes((_ESCAPE,)))[1:]:
        letter, value = part[:1], part[1:]
        if letter in fields:
            raise DecodeError(f"field {letter!r} stands twice")
        fields[letter] = value
    metric = _metric(fields)
    if b"W" not in fields:
        raise DecodeError("no weight in it")
    quantities = {QuantityName.WEIGHT: _weight(_number(fields, b"W"), Unit.KILOGRAM if metric else Unit.POUND)}
    if b"H" in fields:
        height = _number(fields, b"H")
        quantities[QuantityName.HEIGHT] = (
            _entered(height.scaleb(-2), Unit.METRE) if metric else _entered(height, Unit.INCH)
        )
    if b"B" in fields:
        quantities[QuantityName.BMI] = _entered(_number(fields, b"B"), Unit.KILOGRAM_PER_SQUARE_METRE)
    return Measurement(kind=Kind.WEIGHT, quantities=quantities, raw=bytes(frame))


def _metric(fields: dict[bytes, bytes]) -> bool:
    units = fields.get(b"N")
    if units not in (b"m", b"c"):
        raise DecodeError("no units in it, or others than m and c")
    return units == b"m"


def _weight(value: Decimal, unit: Unit) -> Quantity:
    return missing(unit) if value in _OUT_OF_RANGE else Quantity(value, unit)


def _entered(value: Decimal, unit: Unit) -> Quantity:
    return Quantity(value, unit) if value else missing(unit)


def _number(fields: dict[bytes, bytes], letter: bytes) -> Decimal:
    text = fields[letter].strip()
    if not _NUMBER.fullmatch(text):
        # Not the text: it may be a person's.
        raise DecodeError(f"field {letter!r} holds no number")
    return Decimal(text.decode("ascii"))
