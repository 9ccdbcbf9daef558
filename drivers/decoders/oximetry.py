"""What the makers' own oximeter formats have in common: two numbers, of which one value each stands for "missing"."""

from __future__ import annotations

from drivers.decoders.ieee11073 import fixed_quantity, missing
from drivers.readings import Quantity, QuantityName, Unit


def saturation_and_pulse(
    spo2: int, missing_spo2: int, pulse_rate: int, missing_pulse_rate: int
) -> dict[QuantityName, Quantity]:
    """SpO2 in per cent and pulse in beats a minute; a missing one is there, but not a number."""
    return {
        QuantityName.SPO2: missing(Unit.PERCENT) if spo2 == missing_spo2 else fixed_quantity(spo2, 0, Unit.PERCENT),
        QuantityName.PULSE_RATE: missing(Unit.PER_MINUTE)
        if pulse_rate == missing_pulse_rate
        else fixed_quantity(pulse_rate, 0, Unit.PER_MINUTE),
    }


def measured(quantities: dict[QuantityName, Quantity]) -> bool:
    """Whether both are there. Zero is none: an oximeter that finds no pulse may send it for both."""
    return bool(quantities[QuantityName.SPO2].value) and bool(quantities[QuantityName.PULSE_RATE].value)
