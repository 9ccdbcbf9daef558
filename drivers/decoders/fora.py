"""FORA / TaiDoc frames of eight bytes on the maker's own characteristic (1524): a record comes as a time and a value.

    ┌──────┬─────────┬──────────────────────┬───────────────────────────┬──────────────────────┐
    │ 0x51 │ command │ four bytes           │ 0xA3 request, 0xA5 answer │ sum of the seven     │
    └──────┴─────────┴──────────────────────┴───────────────────────────┴──────────────────────┘

    answer to 0x25, the time of a record: no seconds, no zone
    ┌───────────────────────────────────────┬────────────┬───────────────────┐
    │ u16: year-2000 (15-9) month (8-5) day │ minute 5-0 │ sent 6 · hour 4-0 │
    └───────────────────────────────────────┴────────────┴───────────────────┘
    answer to 0x26, its value
    ┌──────────────────┬──────────────┬───────────────────────────────────────┐
    │ u16, FFFF = none │ not described│ category 7-6 · analyte 5-2 · unknown  │
    └──────────────────┴──────────────┴───────────────────────────────────────┘
    category  0 general   1 AC   2 PC   3 QC: taken for control solution, which no source contradicts

Only the scale of uric acid is confirmed on hardware (raw/10 is mg/dL). Every other analyte stays a raw number without
unit and makes no measurement.

Source: evidence register of the home-assistant-fora6-connect project (docs/PROTOCOL.md and its stages 2C, 2G and 5A).
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Final

import msgspec

from drivers.decoders.ieee11073 import fixed_quantity, missing
from drivers.decoders.layout import exactly
from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, QuantityName, Status, Unit

FRAME_BYTES = 8
_PREFIX: Final = 0x51
_REQUEST = 0xA3
_ANSWER = 0xA5
_NO_VALUE = 0xFFFF
_TRANSMITTED = 0x40
_FIRST_YEAR = 2000
_HOUR = 0x1F
_MINUTE = 0x3F
_TIME_UNKNOWN = 0xA0C0


class ForaCommand(enum.Enum):
    """What the frames are about, as far as it is known. Erasing is here only to be recognised; nothing sends it."""

    WAKE = 0x22
    PROJECT = 0x24
    RECORD_TIME = 0x25
    RECORD_VALUE = 0x26
    RECORD_COUNT = 0x2B
    SET_CLOCK = 0x33
    ERASE = 0x52


class ForaAnalyte(enum.Enum):
    """What was measured, as the meter's own program maps it. GENERAL is not labelled glucose by any source."""

    GENERAL = 0
    HAEMATOCRIT = 6
    KETONE = 7
    URIC_ACID = 8
    CHOLESTEROL = 9
    HAEMOGLOBIN = 11
    LACTATE = 12
    TRIGLYCERIDE = 13


class ForaCategory(enum.Enum):
    """What a record was filed under. AC and PC are not explained by any source; QC is taken for nobody's."""

    GENERAL = 0
    AC = 1
    PC = 2
    QC = 3


class ForaFrame(msgspec.Struct, frozen=True):
    """One frame with a right sum. ``known``: None for a command that is not described."""

    command: int
    answer: bool
    payload: bytes
    raw: bytes

    @property
    def known(self) -> ForaCommand | None:
        return _COMMANDS.get(self.command)


class ForaTime(msgspec.Struct, frozen=True):
    """The time part of a record, to the minute; ``shown`` None when no calendar has it."""

    shown: datetime | None
    transmitted: bool
    unknown_bits: int = 0


class ForaValue(msgspec.Struct, frozen=True):
    """The value part of a record. ``number`` None: the meter has none. ``auxiliary`` is a byte that nobody explains."""

    number: int | None
    analyte: ForaAnalyte | None
    category: ForaCategory
    auxiliary: int
    analyte_code: int


_COMMANDS = {command.value: command for command in ForaCommand}
_ANALYTES = {analyte.value: analyte for analyte in ForaAnalyte}


def decode_fora(frame: bytes) -> ForaFrame:
    """Decode the envelope. Raises DecodeError for another length, prefix, direction or sum."""
    exactly(frame, FRAME_BYTES, "a frame")
    if frame[0] != _PREFIX:
        raise DecodeError(f"a frame begins with {_PREFIX:#04x}, not {frame[0]:#04x}")
    if frame[6] not in (_REQUEST, _ANSWER):
        raise DecodeError(f"{frame[6]:#04x} is neither a request nor an answer")
    expected = sum(frame[:7]) & 0xFF
    if frame[7] != expected:
        raise DecodeError(f"the sum is {frame[7]:#04x}, not {expected:#04x}")
    return ForaFrame(command=frame[1], answer=frame[6] == _ANSWER, payload=bytes(frame[2:6]), raw=bytes(frame))


def fora_time(frame: ForaFrame) -> ForaTime:
    """The time in an answer to 0x25. Raises DecodeError for any other frame."""
    _is_answer_to(frame, ForaCommand.RECORD_TIME)
    date = int.from_bytes(frame.payload[:2], "little")
    minute, hour = frame.payload[2], frame.payload[3]
    shown: datetime | None
    try:
        shown = datetime(_FIRST_YEAR + (date >> 9), date >> 5 & 0x0F, date & 0x1F, hour & _HOUR, minute & _MINUTE)  # noqa: DTZ001
    except ValueError:
        shown = None
    return ForaTime(
        shown=shown, transmitted=bool(hour & _TRANSMITTED), unknown_bits=(minute | hour << 8) & _TIME_UNKNOWN
    )


def fora_value(frame: ForaFrame) -> ForaValue:
    """The value in an answer to 0x26. Raises DecodeError for any other frame."""
    _is_answer_to(frame, ForaCommand.RECORD_VALUE)
    number = int.from_bytes(frame.payload[:2], "little")
    code = frame.payload[3] >> 2 & 0x0F
    return ForaValue(
        number=None if number == _NO_VALUE else number,
        analyte=_ANALYTES.get(code),
        category=ForaCategory(frame.payload[3] >> 6),
        auxiliary=frame.payload[2],
        analyte_code=code,
    )


def fora_measurement(value_frame: ForaFrame, time_frame: ForaFrame | None = None) -> Measurement:
    """One record out of its two answers; without the time part it has no time.

    Raises DecodeError for other frames, and for every analyte but uric acid: no source confirms its scale.
    """
    value = fora_value(value_frame)
    if value.analyte is not ForaAnalyte.URIC_ACID:
        name = f"analyte {value.analyte_code}" if value.analyte is None else value.analyte.name.lower()
        raise DecodeError(f"the scale of {name} is not confirmed: the number is kept raw only")
    time = None if time_frame is None else fora_time(time_frame)
    quantity = (
        missing(Unit.MILLIGRAM_PER_DECILITRE)
        if value.number is None
        else fixed_quantity(value.number, -1, Unit.MILLIGRAM_PER_DECILITRE)
    )
    return Measurement(
        kind=Kind.URIC_ACID,
        quantities={QuantityName.URIC_ACID: quantity},
        raw=value_frame.raw if time_frame is None else time_frame.raw + value_frame.raw,
        device_time=None if time is None else time.shown,
        raw_time=b"" if time_frame is None else time_frame.payload,
        time_fault=time is not None and time.shown is None,
        status=(Status.CONTROL_SOLUTION,) if value.category is ForaCategory.QC else (),
        unknown_bits=0 if time is None else time.unknown_bits,
    )


def _is_answer_to(frame: ForaFrame, command: ForaCommand) -> None:
    if not frame.answer or frame.known is not command:
        direction = "answer to" if frame.answer else "request of"
        raise DecodeError(f"expected an answer to {command.value:#04x}, got an {direction} {frame.command:#04x}")
