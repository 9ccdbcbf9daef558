"""Jumper JPD-500F ("My Oximeter"): frames of four bytes among waveform frames.

    ┌──────┬────────────┬──────┬─────────────────┐
    │ 0x81 │ pulse rate │ SpO2 │ perfusion 0.1 % │      pulse rate 255, SpO2 127: missing
    └──────┴────────────┴──────┴─────────────────┘
    Frames that begin with 0x80 carry the curve; their length is not described and they are skipped.

The device sends each frame as one notification. The framing below does not depend on that: a frame begins at 0x81 with
a saturation that has bit 7 clear. It may thus take a piece of a curve for one, though no capture shows such a curve:
the dialogue keeps only what stays steady for seconds.

Source: readers for JPD-500F and PLS_01BT, and the captured frame ``81 38 63 44``.
"""

from __future__ import annotations

from typing import Final

from drivers.decoders.ieee11073 import fixed_quantity
from drivers.decoders.layout import exactly
from drivers.decoders.oximetry import measured, saturation_and_pulse
from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, QuantityName, Unit

FRAME_BYTES = 4
_TYPE: Final = 0x81
_MISSING_SPO2 = 127
_MISSING_PULSE_RATE = 255
_SPO2_AT = 2


class JumperFrames:
    """Finds the frames with values in what the oximeter sends."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self.skipped = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames that are complete with this chunk, in order. Keeps at most one unfinished frame."""
        frames: list[bytes] = []
        for byte in chunk:
            self._begun.append(byte)
            self._drop_impossible()
            if len(self._begun) == FRAME_BYTES:
                frames.append(bytes(self._begun))
                self._begun.clear()
        return frames

    def _drop_impossible(self) -> None:
        """Let go of bytes in front until what is left may be the beginning of a frame."""
        begun = self._begun
        while begun and (begun[0] != _TYPE or (len(begun) > _SPO2_AT and begun[_SPO2_AT] & 0x80)):
            del begun[0]
            self.skipped += 1


def decode_jumper(frame: bytes) -> Measurement:
    """Decode one frame with values. Final when both are there; whether they are steady is for the dialogue.

    Raises DecodeError for another length, a waveform frame or a saturation above 127.
    """
    exactly(frame, FRAME_BYTES, "a frame with values")
    kind, pulse_rate, spo2, perfusion = frame
    if kind != _TYPE:
        raise DecodeError(f"a frame with values begins with {_TYPE:#04x}, not {kind:#04x}")
    if spo2 > _MISSING_SPO2:
        raise DecodeError(f"a saturation above {_MISSING_SPO2}")
    quantities = saturation_and_pulse(spo2, _MISSING_SPO2, pulse_rate, _MISSING_PULSE_RATE)
    final = measured(quantities)
    quantities[QuantityName.PULSE_AMPLITUDE] = fixed_quantity(perfusion, -1, Unit.PERCENT)
    return Measurement(kind=Kind.PULSE_OXIMETRY, quantities=quantities, raw=bytes(frame), final=final)
