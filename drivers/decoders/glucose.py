"""Glucose Measurement (0x2A18) and Glucose Measurement Context (0x2A34), joined by their sequence number.

    0x2A18
    ┌───────┬──────────┬───────────┬───────────┬────────────────┬─────────────────────┬────────────┐
    │ flags │ sequence │ base time │ [ offset ]│ [concentration]│ [ location │ type  ]│ [ status  ]│
    │  u8   │   u16    │  7 bytes  │ [ s16 min]│ [   SFLOAT    ]│ [ 4 bits   │ 4 bits]│ [  u16    ]│
    └───────┴──────────┴───────────┴───────────┴────────────────┴─────────────────────┴────────────┘
    flags    0  offset   1  concentration, type and location   2  1 = mol/L, 0 = kg/L   3  status   4  context follows
             5-7 reserved
    The time shown is base time + offset. ``unknown_bits``: reserved bits of the status, of the flags from bit 16 on.

    0x2A34
    ┌───────┬──────────┬───────────┬──────────────┬─────────┬───────────────┬──────────────┬──────────────┬─────────┐
    │ flags │ sequence │ [extended]│ [carbohydrate│ [ meal ]│ [health│tester│ [ exercise   │ [ medication │ [HbA1c] │
    │  u8   │   u16    │ [   u8   ]│ [ u8 SFLOAT] │ [  u8  ]│ [ 4    │ 4   ]│ [ u16 s u8 % │ [ u8 SFLOAT ]│ [SFLOAT]│
    └───────┴──────────┴───────────┴──────────────┴─────────┴───────────────┴──────────────┴──────────────┴─────────┘
    flags    0  carbohydrate (kg)   1  meal   2  tester and health   3  exercise   4  medication
             5  medication in 1 = litres, 0 = kilograms   6  HbA1c (%)   7  extended flags, all reserved
    ``unknown_bits`` are the extended flags.

Type 10 or location 4 is control solution: nobody's blood. In the context, meal 6 is reserved; some makers mean ketone
by it, and then the number is not glucose.

Source: Bluetooth SIG, Glucose Service 1.0 and GATT Specification Supplement; nibbles as Nordic's decoder has them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from drivers.decoders.date_time import time_of_measurement
from drivers.decoders.ieee11073 import sfloat_quantity
from drivers.decoders.layout import FlaggedLayout, names_of, word_of
from drivers.readings import Detail, Kind, Measurement, Quantity, QuantityName, Status, Unit

_OFFSET = 0x01
_CONCENTRATION = 0x02
_MOLAR = 0x04
_STATUS = 0x08
_CONTEXT_FOLLOWS = 0x10
_FLAGS_RESERVED = 0xE0
_MEASUREMENT = FlaggedLayout("B", ("H", "7s"), ((_OFFSET, ("h",)), (_CONCENTRATION, ("H", "B")), (_STATUS, ("H",))))

# kg/L and mol/L on the wire; 1 kg/L is 10^5 mg/dL, 1 mol/L is 10^3 mmol/L.
_TO_MILLIGRAM_PER_DECILITRE = 5
_TO_MILLIMOLE_PER_LITRE = 3

_CONTROL_SOLUTION_TYPE = 10
_CONTROL_SOLUTION_LOCATION = 4
SAMPLE_TYPES = {
    1: "capillary-whole-blood",
    2: "capillary-plasma",
    3: "venous-whole-blood",
    4: "venous-plasma",
    5: "arterial-whole-blood",
    6: "arterial-plasma",
    7: "undetermined-whole-blood",
    8: "undetermined-plasma",
    9: "interstitial-fluid",
    _CONTROL_SOLUTION_TYPE: "control-solution",
}
SAMPLE_LOCATIONS = {
    1: "finger",
    2: "alternate-site",
    3: "earlobe",
    _CONTROL_SOLUTION_LOCATION: "control-solution",
    15: "not-available",
}
_STATUS_BITS = (
    (0x0001, Status.LOW_BATTERY),
    (0x0002, Status.DEVICE_MALFUNCTION),
    (0x0004, Status.SAMPLE_TOO_SMALL),
    (0x0008, Status.STRIP_INSERTION_ERROR),
    (0x0010, Status.WRONG_STRIP),
    (0x0020, Status.RESULT_TOO_HIGH),
    (0x0040, Status.RESULT_TOO_LOW),
    (0x0080, Status.TOO_HOT),
    (0x0100, Status.TOO_COLD),
    (0x0200, Status.READ_INTERRUPTED),
    (0x0400, Status.GENERAL_FAULT),
    (0x0800, Status.TIME_FAULT),
)
_STATUS_RESERVED = 0xF000
_STATUS_TIME_FAULT = 0x0800

_CARBOHYDRATE = 0x01
_MEAL = 0x02
_TESTER_HEALTH = 0x04
_EXERCISE = 0x08
_MEDICATION = 0x10
_MEDICATION_IN_LITRES = 0x20
_HBA1C = 0x40
_EXTENDED = 0x80
_CONTEXT = FlaggedLayout(
    "B",
    ("H",),
    (
        (_EXTENDED, ("B",)),
        (_CARBOHYDRATE, ("B", "H")),
        (_MEAL, ("B",)),
        (_TESTER_HEALTH, ("B",)),
        (_EXERCISE, ("H", "B")),
        (_MEDICATION, ("B", "H")),
        (_HBA1C, ("H",)),
    ),
)
_KILOGRAM_TO_GRAM = 3
_KILOGRAM_TO_MILLIGRAM = 6
_LITRE_TO_MILLILITRE = 3
_EXERCISE_OVERRUN = 0xFFFF

CARBOHYDRATES = {1: "breakfast", 2: "lunch", 3: "dinner", 4: "snack", 5: "drink", 6: "supper", 7: "brunch"}
MEALS = {1: "before-meal", 2: "after-meal", 3: "fasting", 4: "casual", 5: "bedtime"}
TESTERS = {1: "self", 2: "health-care-professional", 3: "laboratory", 15: "not-available"}
HEALTH = {
    1: "minor-health-issues",
    2: "major-health-issues",
    3: "during-menses",
    4: "under-stress",
    5: "no-health-issues",
    15: "not-available",
}
MEDICATIONS = {
    1: "rapid-acting-insulin",
    2: "short-acting-insulin",
    3: "intermediate-acting-insulin",
    4: "long-acting-insulin",
    5: "pre-mixed-insulin",
}


def decode_glucose(packet: bytes) -> Measurement:
    """Decode one value of 0x2A18. Raises DecodeError when bytes are missing or left over.

    An unknown or impossible time, or one that leaves the calendar by its offset, costs the time, never the value.
    """
    flags, sequence, base, offset, concentration, site, bits = _MEASUREMENT.unpack(packet)
    device_time = time_of_measurement(base)
    raw_time = bytes(base)
    if flags & _OFFSET:
        raw_time += offset.to_bytes(2, "little", signed=True)
        device_time = _moved(device_time, offset)
    quantities: dict[QuantityName, Quantity] = {}
    details: dict[Detail, str] = {}
    status: list[Status] = [Status.CONTEXT_FOLLOWS] if flags & _CONTEXT_FOLLOWS else []
    if flags & _CONCENTRATION:
        quantities[QuantityName.GLUCOSE] = (
            sfloat_quantity(concentration, Unit.MILLIMOLE_PER_LITRE, _TO_MILLIMOLE_PER_LITRE)
            if flags & _MOLAR
            else sfloat_quantity(concentration, Unit.MILLIGRAM_PER_DECILITRE, _TO_MILLIGRAM_PER_DECILITRE)
        )
        sample_type, location = site & 0x0F, site >> 4
        details = {
            Detail.SAMPLE_TYPE: word_of(sample_type, SAMPLE_TYPES),
            Detail.SAMPLE_LOCATION: word_of(location, SAMPLE_LOCATIONS),
        }
        if sample_type == _CONTROL_SOLUTION_TYPE or location == _CONTROL_SOLUTION_LOCATION:
            status.append(Status.CONTROL_SOLUTION)
    if not flags & _STATUS:
        bits = 0
    return Measurement(
        kind=Kind.GLUCOSE,
        quantities=quantities,
        raw=bytes(packet),
        device_time=device_time,
        raw_time=raw_time,
        time_fault=device_time is None or bool(bits & _STATUS_TIME_FAULT),
        sequence=sequence,
        status=(*status, *names_of(bits, _STATUS_BITS)),
        details=details,
        unknown_bits=bits & _STATUS_RESERVED | (flags & _FLAGS_RESERVED) << 16,
    )


def decode_glucose_context(packet: bytes) -> Measurement:
    """Decode one value of 0x2A34; ``sequence`` says to which measurement it belongs.

    Carbohydrate (g) and HbA1c (%) are quantities; the rest are details in words: exercise as ``1800 s 60 %``,
    medication as ``rapid-acting-insulin 4 mg`` (or ``mL``). Raises DecodeError when bytes are missing or left over.
    """
    (
        flags,
        sequence,
        extended,
        carbohydrate_id,
        carbohydrate,
        meal,
        tester_health,
        exercise_seconds,
        exercise_percent,
        medication_id,
        medication,
        hba1c,
    ) = _CONTEXT.unpack(packet)
    quantities: dict[QuantityName, Quantity] = {}
    details: dict[Detail, str] = {}
    if flags & _CARBOHYDRATE:
        quantities[QuantityName.CARBOHYDRATE] = sfloat_quantity(carbohydrate, Unit.GRAM, _KILOGRAM_TO_GRAM)
        details[Detail.CARBOHYDRATE_TYPE] = word_of(carbohydrate_id, CARBOHYDRATES)
    if flags & _MEAL:
        details[Detail.MEAL] = word_of(meal, MEALS)
    if flags & _TESTER_HEALTH:
        details[Detail.TESTER] = word_of(tester_health & 0x0F, TESTERS)
        details[Detail.HEALTH] = word_of(tester_health >> 4, HEALTH)
    if flags & _EXERCISE:
        seconds = "overrun" if exercise_seconds == _EXERCISE_OVERRUN else str(exercise_seconds)
        details[Detail.EXERCISE] = f"{seconds} s {exercise_percent} %"
    if flags & _MEDICATION:
        litres = bool(flags & _MEDICATION_IN_LITRES)
        details[Detail.MEDICATION] = f"{word_of(medication_id, MEDICATIONS)} {_dose(medication, litres)}"
    if flags & _HBA1C:
        quantities[QuantityName.HBA1C] = sfloat_quantity(hba1c, Unit.PERCENT)
    return Measurement(
        kind=Kind.GLUCOSE_CONTEXT,
        quantities=quantities,
        raw=bytes(packet),
        sequence=sequence,
        details=details,
        unknown_bits=extended if flags & _EXTENDED else 0,
    )


def _moved(base: datetime | None, minutes: int) -> datetime | None:
    if base is None:
        return None
    try:
        return base + timedelta(minutes=minutes)
    except OverflowError:
        return None


def _dose(word: int, litres: bool) -> str:
    quantity = sfloat_quantity(word, Unit.ONE, _LITRE_TO_MILLILITRE if litres else _KILOGRAM_TO_MILLIGRAM)
    unit = "mL" if litres else "mg"
    if quantity.value is not None:
        return f"{quantity.value:f} {unit}"
    return f"{'unknown' if quantity.special is None else quantity.special.value} {unit}"
