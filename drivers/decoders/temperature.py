"""Temperature Measurement (0x2A1C) and Intermediate Temperature (0x2A1E).

    ┌───────┬─────────────┬────────────┬───────────┐
    │ flags │ temperature │ [ time   ] │ [ site  ] │
    │  u8   │    FLOAT    │ [ 7 bytes] │ [  u8   ] │
    └───────┴─────────────┴────────────┴───────────┘
    flags    0  1 = Fahrenheit, 0 = Celsius   1  time   2  site   3-7 reserved (``unknown_bits``)

Source: Bluetooth SIG, Health Thermometer Service 1.0 and GATT Specification Supplement.
"""

from __future__ import annotations

from drivers.decoders.date_time import time_of_measurement
from drivers.decoders.ieee11073 import float_number
from drivers.decoders.layout import FlaggedLayout, word_of
from drivers.readings import Detail, Kind, Measurement, Quantity, QuantityName, Unit

_FAHRENHEIT = 0x01
_TIME_PRESENT = 0x02
_SITE_PRESENT = 0x04
_RESERVED = 0xF8

_LAYOUT = FlaggedLayout("B", ("I",), ((_TIME_PRESENT, ("7s",)), (_SITE_PRESENT, ("B",))))

SITES = {
    1: "armpit",
    2: "body",
    3: "ear",
    4: "finger",
    5: "gastrointestinal-tract",
    6: "mouth",
    7: "rectum",
    8: "toe",
    9: "tympanum",
}


def decode_temperature(packet: bytes) -> Measurement:
    """Decode one value of 0x2A1C. Raises DecodeError when bytes are missing or left over."""
    return _decode(packet, final=True)


def decode_intermediate_temperature(packet: bytes) -> Measurement:
    """Decode one value of 0x2A1E: on its way, never final."""
    return _decode(packet, final=False)


def _decode(packet: bytes, *, final: bool) -> Measurement:
    flags, word, time, site = _LAYOUT.unpack(packet)
    value, special = float_number(word)
    device_time = time_of_measurement(time)
    unit = Unit.FAHRENHEIT if flags & _FAHRENHEIT else Unit.CELSIUS
    return Measurement(
        kind=Kind.TEMPERATURE,
        quantities={QuantityName.TEMPERATURE: Quantity(value, unit, special)},
        raw=bytes(packet),
        device_time=device_time,
        raw_time=time,
        time_fault=bool(time) and device_time is None,
        details={Detail.SITE: word_of(site, SITES)} if flags & _SITE_PRESENT else {},
        unknown_bits=flags & _RESERVED,
        final=final,
    )
