"""The BCI five-byte packet: Contec CMS50D/E (60 a second, serial) and Berry BM1000 (100 a second, Bluetooth).

    ┌──────────────────────────────┬─────────┬──────────────────────────────┬─────────┬────────┐
    │ 1 BEEP DROP NOSIG strength   │ 0 pleth │ 0 PR7 SEARCH NOFINGER  bar   │ 0 PR6…0 │ 0 SpO2 │
    └──────────────────────────────┴─────────┴──────────────────────────────┴─────────┴────────┘
    first    6  pulse beep   5  SpO2 is dropping, or the probe is unplugged   4  no signal   3-0  signal strength
    third    6  pulse rate, bit 7   5  searching   4  no finger, or the probe is faulty   3-0  bar graph
    SpO2 127, pulse rate 255: missing

Only the first byte has bit 7 set: packets are split and merged at will on their way, and found again by it.

Source: the published BCI protocol, as in the readers for CMS50 and BM1000.
"""

from __future__ import annotations

from drivers.decoders.framing import MarkedFrames
from drivers.decoders.ieee11073 import fixed_quantity
from drivers.decoders.layout import exactly, names_of
from drivers.decoders.oximetry import measured, saturation_and_pulse
from drivers.errors import DecodeError
from drivers.readings import Kind, Measurement, QuantityName, Status, Unit

FRAME_BYTES = 5

_MISSING_SPO2 = 127
_MISSING_PULSE_RATE = 255
_NO_SIGNAL = 0x10
_FIRST = ((_NO_SIGNAL, Status.NO_SIGNAL), (0x20, Status.SPO2_DROP), (0x40, Status.PULSE_BEEP))
_NO_FINGER = 0x10
_SEARCHING = 0x20
_THIRD = ((_NO_FINGER, Status.NO_FINGER), (_SEARCHING, Status.SEARCHING))
_HIGH_PULSE_RATE = 0x40


class BciFrames(MarkedFrames):
    """Finds five-byte packets in what an oximeter sends."""

    def __init__(self) -> None:
        super().__init__(FRAME_BYTES)


def decode_bci(frame: bytes) -> Measurement:
    """Decode one packet. Final with a signal and a finger; whether the number is steady is for the dialogue.

    Raises DecodeError for another length or a bit 7 in the wrong place.
    """
    exactly(frame, FRAME_BYTES, "a five-byte packet")
    first, pleth, third, low, spo2 = frame
    if not first & 0x80 or (pleth | third | low | spo2) & 0x80:
        raise DecodeError("bit 7 is set in the first byte of a packet and in no other")
    quantities = saturation_and_pulse(spo2, _MISSING_SPO2, (third & _HIGH_PULSE_RATE) << 1 | low, _MISSING_PULSE_RATE)
    absent = first & _NO_SIGNAL or third & (_NO_FINGER | _SEARCHING)
    final = not absent and measured(quantities)
    quantities[QuantityName.PLETH] = fixed_quantity(pleth, 0, Unit.ONE)
    return Measurement(
        kind=Kind.PULSE_OXIMETRY,
        quantities=quantities,
        raw=bytes(frame),
        status=names_of(first, _FIRST) + names_of(third, _THIRD),
        final=final,
    )
