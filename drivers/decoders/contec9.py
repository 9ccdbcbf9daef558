"""The nine-byte live packet of Contec CMS50D+ (4.6 and later), CMS50E and CMS50F, 60 a second at 115200 baud.

    ┌──────┬───────────┬────────┬───────┬───────────┬────────────┬──────┬───────────────┐
    │ 0x01 │ high bits │ signal │ pleth │ bar graph │ pulse rate │ SpO2 │ perfusion, u16│
    └──────┴───────────┴────────┴───────┴───────────┴────────────┴──────┴───────────────┘
    Only the type, the first byte, has bit 7 clear. The true bit 7 of the seven bytes from the third on stands in the
    bits 0 to 6 of the second. With it restored:
    signal   7  no finger   6  pulse beep   4  searching for too long: no signal   3-0  strength
    pleth    7  searching   6-0  height of the curve
    pulse rate 255, SpO2 127 and above: missing
    ``unknown_bits``: the bit of the signal (5) and those of the bar graph (7-5, from bit 8 on) that nobody describes
    The scale of the perfusion is not confirmed by any source: it stays in the raw bytes.

The host sends ``7D 81 A1 80 80 80 80 80 80`` to start and ``… AF …`` at least every 5 s to keep it going.

Source: "Communication protocol of pulse oximeter V7.0" as read by several public projects.
"""

from __future__ import annotations

from typing import Final

from drivers.decoders.ieee11073 import fixed_quantity
from drivers.decoders.layout import exactly, names_of
from drivers.decoders.oximetry import measured, saturation_and_pulse
from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, QuantityName, Status, Unit

FRAME_BYTES = 9
_TYPE: Final = 0x01
_MISSING_SPO2 = 127
_MISSING_PULSE_RATE = 255

_NO_SIGNAL = 0x10
_NO_FINGER = 0x80
_SIGNAL = ((_NO_SIGNAL, Status.NO_SIGNAL), (0x40, Status.PULSE_BEEP), (_NO_FINGER, Status.NO_FINGER))
_SIGNAL_UNKNOWN = 0x20
_SEARCHING = 0x80
_BAR_UNKNOWN = 0xE0


class ContecFrames:
    """Finds live packets in what the oximeter sends; answers to commands have other types and are skipped."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self.skipped = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The packets that are complete with this chunk, in order. Keeps at most one unfinished packet."""
        frames: list[bytes] = []
        begun = self._begun
        for byte in chunk:
            if not byte & 0x80:
                self.skipped += len(begun)
                begun.clear()
                if byte == _TYPE:
                    begun.append(byte)
                else:
                    self.skipped += 1
            elif begun:
                begun.append(byte)
                if len(begun) == FRAME_BYTES:
                    frames.append(bytes(begun))
                    begun.clear()
            else:
                self.skipped += 1
        return frames


def decode_contec9(frame: bytes) -> Measurement:
    """Decode one live packet. Final with a signal and a finger; whether it is steady is for the dialogue.

    Raises DecodeError for another length or type, or a bit 7 in the wrong place.
    """
    exactly(frame, FRAME_BYTES, "a live packet")
    if frame[0] != _TYPE:
        raise DecodeError(f"type {frame[0]:#04x} is not a live packet")
    if not all(byte & 0x80 for byte in frame[1:]):
        raise DecodeError("bit 7 is clear in the first byte of a packet and in no other")
    high = frame[1]
    signal, pleth, bar, pulse_rate, spo2 = (frame[2 + place] & 0x7F | (high >> place & 1) << 7 for place in range(5))
    quantities = saturation_and_pulse(min(spo2, _MISSING_SPO2), _MISSING_SPO2, pulse_rate, _MISSING_PULSE_RATE)
    absent = signal & (_NO_SIGNAL | _NO_FINGER) or pleth & _SEARCHING
    final = not absent and measured(quantities)
    quantities[QuantityName.PLETH] = fixed_quantity(pleth & 0x7F, 0, Unit.ONE)
    return Measurement(
        kind=Kind.PULSE_OXIMETRY,
        quantities=quantities,
        raw=bytes(frame),
        status=names_of(signal, _SIGNAL) + ((Status.SEARCHING,) if pleth & _SEARCHING else ()),
        unknown_bits=signal & _SIGNAL_UNKNOWN | (bar & _BAR_UNKNOWN) << 8,
        final=final,
    )
