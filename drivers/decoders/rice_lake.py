"""Rice Lake 140, 150 and 350 scales: what their print button sends, as text at 9600 baud.

    ┌───────────────────┬───┬──────────┬───┬──────────────┬────────────────┐
    │ weight, 9 places, │SP │ lb or kg │SP │ Gross or Net,│ CR LF          │    21 characters
    │ - if negative     │   │          │   │ 5 places     │                │
    └───────────────────┴───┴──────────┴───┴──────────────┴────────────────┘
    or, when the scale shows the body mass index, a block of lines, each with CR LF:
    GROSS WEIGHT 215.0 LB · TARE WEIGHT 0.0 LB · NET WEIGHT 215.0 LB · PATIENT HEIGHT 6-01.0 FT · PATIENT BMI 28.4

The scale prints only what is stable. Of a block the net weight is the person's.

Source: operating manuals of the series 140-10, 150-10, 350-10 and 550-10.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, Quantity, QuantityName, Unit

_LONGEST_LINE = 48
_LONGEST_BLOCK = 8 * _LONGEST_LINE
_LINE_END: Final = 0x0A

_UNITS = {b"lb": Unit.POUND, b"kg": Unit.KILOGRAM}
# The field is as wide as it is, or digits in front of it are lost: the end of a line of 72.4 kg would say 2.4 kg.
_PRINTED = re.compile(
    rb"(?=[ \d.-]{9} (?:lb|kg) ) *(-?) *(\d{1,6}(?:\.\d{1,3})?) (lb|kg) +(?:gross|net) *\r\n", re.IGNORECASE
)
_BLOCK_BEGIN = re.compile(rb" *(?:gross|patient) +weight ", re.IGNORECASE)
_BLOCK_LINE = re.compile(rb" *(?:(?:gross|tare|net|patient) +weight|patient +(?:height|bmi)) ", re.IGNORECASE)
_BLOCK_END = re.compile(rb" *patient +bmi ", re.IGNORECASE)
_BLOCK_WEIGHT = re.compile(rb" *(gross|net|patient) +weight +(-?\d{1,6}(?:\.\d{1,3})?) *(lb|kg) *\r\n", re.IGNORECASE)
_HEIGHT_FEET = re.compile(rb" *patient +height +(\d)-(\d{1,2}(?:\.\d{1,2})?) *ft *\r\n", re.IGNORECASE)
_HEIGHT_CENTIMETRES = re.compile(rb" *patient +height +(\d{1,3}(?:\.\d{1,2})?) *cm *\r\n", re.IGNORECASE)
_BMI = re.compile(rb" *patient +bmi +(\d{1,3}(?:\.\d{1,2})?) *\r\n", re.IGNORECASE)
_INCHES_IN_FOOT = 12

# The best there is of a block: what stands on the scale less the chair or clothes, else what it calls the patient's.
_PREFERRED = (b"net", b"patient", b"gross")


class RiceLakeFrames:
    """Finds printed weights and blocks in what the scale sends; every other line is skipped."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._block = bytearray()
        self._overlong = False
        self.skipped = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines and blocks that are complete with this chunk, in order, each with its line ends."""
        frames: list[bytes] = []
        for byte in chunk:
            if self._overlong:
                self.skipped += 1
                self._overlong = byte != _LINE_END
                continue
            self._line.append(byte)
            if byte == _LINE_END:
                frame = self._line_done(bytes(self._line))
                self._line.clear()
                if frame:
                    frames.append(frame)
            elif len(self._line) > _LONGEST_LINE:
                self._drop(self._line)
                self._drop(self._block)
                self._overlong = True
        return frames

    def _line_done(self, line: bytes) -> bytes:
        if _PRINTED.fullmatch(line):
            self._drop(self._block)
            return line
        if _BLOCK_BEGIN.match(line) and not (self._block and line.lstrip()[:1] in b"pP"):
            self._drop(self._block)
            self._block += line
        elif self._block and _BLOCK_LINE.match(line) and len(self._block) < _LONGEST_BLOCK:
            self._block += line
            if _BLOCK_END.match(line):
                block = bytes(self._block)
                self._block.clear()
                return block
        else:
            self._drop(self._block)
            self.skipped += len(line)
        return b""

    def _drop(self, part: bytearray) -> None:
        self.skipped += len(part)
        part.clear()


def decode_rice_lake(frame: bytes) -> Measurement:
    """Decode one printed line or block. Raises DecodeError for any other text."""
    printed = _PRINTED.fullmatch(frame)
    if printed is not None:
        sign, number, unit = printed.groups()
        quantities = {QuantityName.WEIGHT: Quantity(_number(sign + number), _UNITS[unit.lower()])}
    else:
        quantities = _block(frame)
    return Measurement(kind=Kind.WEIGHT, quantities=quantities, raw=bytes(frame))


def _block(frame: bytes) -> dict[QuantityName, Quantity]:
    weights: dict[bytes, Quantity] = {}
    quantities: dict[QuantityName, Quantity] = {}
    for line in bytes(frame).splitlines(keepends=True):
        if weight := _BLOCK_WEIGHT.fullmatch(line):
            which, number, unit = weight.groups()
            weights[which.lower()] = Quantity(_number(number), _UNITS[unit.lower()])
        elif feet := _HEIGHT_FEET.fullmatch(line):
            inches = int(feet[1]) * _INCHES_IN_FOOT + _number(feet[2])
            quantities[QuantityName.HEIGHT] = Quantity(inches, Unit.INCH)
        elif centimetres := _HEIGHT_CENTIMETRES.fullmatch(line):
            quantities[QuantityName.HEIGHT] = Quantity(_number(centimetres[1]).scaleb(-2), Unit.METRE)
        elif bmi := _BMI.fullmatch(line):
            quantities[QuantityName.BMI] = Quantity(_number(bmi[1]), Unit.KILOGRAM_PER_SQUARE_METRE)
        elif not _BLOCK_LINE.match(line):
            raise DecodeError("neither a printed weight nor a block of one")
    for which in _PREFERRED:
        if which in weights:
            return {QuantityName.WEIGHT: weights[which], **quantities}
    raise DecodeError("no weight in it")


def _number(text: bytes) -> Decimal:
    return Decimal(text.decode("ascii"))
