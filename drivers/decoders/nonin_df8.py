"""Nonin serial data format 8: four bytes once a second.

    ┌─────────────────────────────────┬───────────────┬────────┬────────────────────────┐
    │ 1 . OOT LPRF MPRF ARTF PR8 PR7  │ 0 PR6 … PR0   │ 0 SpO2 │ 0 . SPA . SNSA . . BAT │
    └─────────────────────────────────┴───────────────┴────────┴────────────────────────┘
    first    5  out of track   4  low perfusion   3  marginal perfusion   2  artifact   1-0  pulse rate, bits 8-7
    last     5  SmartPoint     3  sensor alarm    0  low battery
    ``.`` not described: ``unknown_bits``, those of the last byte from bit 8 on
    SpO2 127, pulse rate 511: missing

Only the first byte has bit 7 set: that is how frames are found. Final is what SmartPoint has passed.

Source: Nonin OEM documents as collected in OpenTele's tests.
"""

from __future__ import annotations

from drivers.decoders.framing import MarkedFrames
from drivers.decoders.layout import exactly, names_of
from drivers.decoders.oximetry import measured, saturation_and_pulse
from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, Status

FRAME_BYTES = 4

_MISSING_SPO2 = 127
_MISSING_PULSE_RATE = 511
_HIGH_PULSE_RATE = 0x03
_FIRST = (
    (0x04, Status.ARTIFACT),
    (0x08, Status.MARGINAL_PERFUSION),
    (0x10, Status.LOW_PERFUSION),
    (0x20, Status.OUT_OF_TRACK),
)
_FIRST_UNKNOWN = 0x40
_SENSOR_ALARM = 0x08
_SMARTPOINT = 0x20
_LAST = ((0x01, Status.LOW_BATTERY), (_SENSOR_ALARM, Status.SENSOR_ALARM), (_SMARTPOINT, Status.SMARTPOINT))
_LAST_UNKNOWN = 0x56


class NoninFrames(MarkedFrames):
    """Finds frames of data format 8 in what a Nonin oximeter sends."""

    def __init__(self) -> None:
        super().__init__(FRAME_BYTES)


def decode_nonin_df8(frame: bytes) -> Measurement:
    """Decode one frame. Raises DecodeError for another length or a bit 7 in the wrong place."""
    exactly(frame, FRAME_BYTES, "a frame of data format 8")
    first, low, spo2, last = frame
    if not first & 0x80 or (low | spo2 | last) & 0x80:
        raise DecodeError("bit 7 is set in the first byte of a frame and in no other")
    quantities = saturation_and_pulse(spo2, _MISSING_SPO2, (first & _HIGH_PULSE_RATE) << 7 | low, _MISSING_PULSE_RATE)
    return Measurement(
        kind=Kind.PULSE_OXIMETRY,
        quantities=quantities,
        raw=bytes(frame),
        status=names_of(first, _FIRST) + names_of(last, _LAST),
        unknown_bits=first & _FIRST_UNKNOWN | (last & _LAST_UNKNOWN) << 8,
        final=last & (_SMARTPOINT | _SENSOR_ALARM) == _SMARTPOINT and measured(quantities),
    )
