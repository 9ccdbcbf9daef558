"""A&D's cuffs, scales and thermometers: the profiles, with the clock written at every connection within 5 s.

    UA-651BLE   1810: 2A35                                    the clock 2A08 lies in the same service;
    UC-352BLE   older firmware 23434100-…: 23434101-…         there is no Current Time Service
                newer firmware 181D: 2A9D
    UT-201BLE   1809: 2A1C

A record stays in the device until its indication is confirmed. Nothing of A&D's own service is used: what it offers
beyond the profiles is erasing, unpairing and settings.
Source: ThingML-BLE project (UA-651BLE: table and traffic), A&D's sample applications, obniz' UC-352BLE module (UUIDs).
"""

from __future__ import annotations

from drivers.decoders.blood_pressure import decode_blood_pressure, decode_intermediate_cuff_pressure
from drivers.decoders.temperature import decode_temperature
from drivers.decoders.weight import decode_weight
from drivers.dialogues.conversation import Decode
from drivers.dialogues.standard import Profile, SetClock, Source, StandardConversation
from drivers.gatt import (
    AND_WEIGHT_MEASUREMENT,
    BLOOD_PRESSURE_MEASUREMENT,
    DATE_TIME,
    INTERMEDIATE_CUFF_PRESSURE,
    TEMPERATURE_MEASUREMENT,
    WEIGHT_MEASUREMENT,
)

_FIRST_S = 8.0
"""It connects because it has something: what has not begun by now was a connection for pairing."""


def and_cuff() -> StandardConversation:
    """UA-651BLE and its relatives."""
    cuff_pressure = Source(INTERMEDIATE_CUFF_PRESSURE, decode_intermediate_cuff_pressure)
    return _and_device(decode_blood_pressure, BLOOD_PRESSURE_MEASUREMENT, provisional=(cuff_pressure,))


def and_scale(*, older_firmware: bool) -> StandardConversation:
    """UC-352BLE. Firmware is told by the advertised service; a scale that has it otherwise is understood too."""
    names = (AND_WEIGHT_MEASUREMENT, WEIGHT_MEASUREMENT)
    return _and_device(decode_weight, *(names if older_firmware else reversed(names)))


def and_thermometer() -> StandardConversation:
    """UT-201BLE."""
    return _and_device(decode_temperature, TEMPERATURE_MEASUREMENT)


def _and_device(decode: Decode, *names: str, provisional: tuple[Source, ...] = ()) -> StandardConversation:
    return StandardConversation(
        Profile(
            tuple(Source(name, decode) for name in names),
            alternatives=True,
            provisional=provisional,
            clocks=(DATE_TIME,),
            set_clock=SetClock.AT_ONCE,
            first_s=_FIRST_S,
        )
    )
