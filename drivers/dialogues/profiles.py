"""Any cuff, scale or thermometer that follows the Bluetooth profiles: its clock is read, and left as it is."""

from __future__ import annotations

from drivers.decoders.blood_pressure import decode_blood_pressure, decode_intermediate_cuff_pressure
from drivers.decoders.body_composition import decode_body_composition
from drivers.decoders.temperature import decode_intermediate_temperature, decode_temperature
from drivers.decoders.weight import decode_weight
from drivers.dialogues.standard import Profile, Source, StandardConversation
from drivers.gatt import (
    BLOOD_PRESSURE_MEASUREMENT,
    BODY_COMPOSITION_MEASUREMENT,
    INTERMEDIATE_CUFF_PRESSURE,
    INTERMEDIATE_TEMPERATURE,
    TEMPERATURE_MEASUREMENT,
    WEIGHT_MEASUREMENT,
)

_INFLATION_S = 60.0
"""A cuff may connect at the press of its button and measure then."""

CUFF = Profile(
    (Source(BLOOD_PRESSURE_MEASUREMENT, decode_blood_pressure),),
    provisional=(Source(INTERMEDIATE_CUFF_PRESSURE, decode_intermediate_cuff_pressure),),
    first_s=_INFLATION_S,
)
SCALE = Profile(
    (
        Source(WEIGHT_MEASUREMENT, decode_weight),
        Source(BODY_COMPOSITION_MEASUREMENT, decode_body_composition),
    ),
    joins=True,
)
THERMOMETER = Profile(
    (Source(TEMPERATURE_MEASUREMENT, decode_temperature),),
    provisional=(Source(INTERMEDIATE_TEMPERATURE, decode_intermediate_temperature),),
    first_s=_INFLATION_S,
)


def standard_cuff() -> StandardConversation:
    """Blood Pressure Profile."""
    return StandardConversation(CUFF)


def standard_scale() -> StandardConversation:
    """Weight Scale and Body Composition Profiles: a scale may have either or both."""
    return StandardConversation(SCALE)


def standard_thermometer() -> StandardConversation:
    """Health Thermometer Profile."""
    return StandardConversation(THERMOMETER)
