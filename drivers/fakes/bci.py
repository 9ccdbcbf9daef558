"""The five bytes of the BCI layout, as Contec's and Berry's oximeters send them. Only the encoding.

80 | strength 0-3 · curve · pulse bit 7 in b6, searching b5, no finger b4, bar · pulse bits 6-0 · SpO2
"""

from __future__ import annotations

from drivers.fakes.streaming import Quality, Shown

_CURVE = (20, 45, 70, 62, 48, 38, 30, 24)


def bci_frame(shown: Shown, number: int) -> bytes:
    """One frame; ``number`` moves along the pulse curve."""
    pulse_rate = 255 if shown.pulse_rate is None else shown.pulse_rate
    spo2 = 127 if shown.spo2 is None else shown.spo2
    no_finger = 0x10 if shown.quality is Quality.NO_FINGER else 0
    searching = 0x20 if shown.quality in (Quality.NO_FINGER, Quality.SEARCHING) else 0
    strength = 0 if shown.spo2 is None else 5
    curve = 0 if shown.spo2 is None else _CURVE[number % len(_CURVE)]
    third = (pulse_rate >> 7) << 6 | searching | no_finger | (curve >> 3)
    return bytes((0x80 | strength, curve, third, pulse_rate & 0x7F, spo2))
