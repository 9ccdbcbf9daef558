"""What a health device measured, as values: pure, exact, and never less honest than the bytes they came from."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal

import msgspec


class Kind(enum.Enum):
    """What one packet (or frame, or advertisement) of a device measured."""

    BLOOD_PRESSURE = "blood-pressure"
    CUFF_PRESSURE = "cuff-pressure"
    PULSE_OXIMETRY = "pulse-oximetry"
    WEIGHT = "weight"
    BODY_COMPOSITION = "body-composition"
    TEMPERATURE = "temperature"
    GLUCOSE = "glucose"
    GLUCOSE_CONTEXT = "glucose-context"
    URIC_ACID = "uric-acid"
    BATTERY = "battery"


class QuantityName(enum.Enum):
    """One number of a measurement."""

    SYSTOLIC = "systolic"
    DIASTOLIC = "diastolic"
    MEAN_ARTERIAL = "mean_arterial"
    PULSE_RATE = "pulse_rate"
    SPO2 = "spo2"
    SPO2_FAST = "spo2_fast"
    SPO2_SLOW = "spo2_slow"
    PULSE_RATE_FAST = "pulse_rate_fast"
    PULSE_RATE_SLOW = "pulse_rate_slow"
    PULSE_AMPLITUDE = "pulse_amplitude"
    WEIGHT = "weight"
    HEIGHT = "height"
    BMI = "bmi"
    BODY_FAT = "body_fat"
    BASAL_METABOLISM = "basal_metabolism"
    MUSCLE_PERCENTAGE = "muscle_percentage"
    MUSCLE_MASS = "muscle_mass"
    FAT_FREE_MASS = "fat_free_mass"
    SOFT_LEAN_MASS = "soft_lean_mass"
    WATER_MASS = "water_mass"
    IMPEDANCE = "impedance"
    TEMPERATURE = "temperature"
    GLUCOSE = "glucose"
    HBA1C = "hba1c"
    CARBOHYDRATE = "carbohydrate"
    CUFF_PRESSURE = "cuff_pressure"
    PLETH = "pleth"
    BATTERY = "battery"
    URIC_ACID = "uric_acid"


class Unit(enum.Enum):
    """Units by their UCUM code, which is also what FHIR wants."""

    MILLIMETRE_OF_MERCURY = "mm[Hg]"
    KILOPASCAL = "kPa"
    PER_MINUTE = "/min"
    PERCENT = "%"
    KILOGRAM = "kg"
    POUND = "[lb_av]"
    GRAM = "g"
    METRE = "m"
    INCH = "[in_i]"
    KILOGRAM_PER_SQUARE_METRE = "kg/m2"
    KILOJOULE = "kJ"
    OHM = "Ohm"
    CELSIUS = "Cel"
    FAHRENHEIT = "[degF]"
    MILLIGRAM_PER_DECILITRE = "mg/dL"
    MILLIMOLE_PER_LITRE = "mmol/L"
    VOLT = "V"
    ONE = "1"


class SpecialValue(enum.Enum):
    """What a device sends instead of a number (IEEE 11073-20601), named as FHIR's data-absent-reason codes."""

    NOT_A_NUMBER = "not-a-number"
    NOT_AT_THIS_RESOLUTION = "not-at-this-resolution"
    POSITIVE_INFINITY = "positive-infinity"
    NEGATIVE_INFINITY = "negative-infinity"
    RESERVED = "reserved"


class Quantity(msgspec.Struct, frozen=True):
    """A number with its unit, precision as sent; or no number and the reason why (exactly one of the two)."""

    value: Decimal | None
    unit: Unit
    special: SpecialValue | None = None


class Status(enum.Enum):
    """The bits that devices set beside a measurement; each format names those that it has."""

    # Blood Pressure Measurement, measurement status
    BODY_MOVED = "body-moved"
    CUFF_TOO_LOOSE = "cuff-too-loose"
    IRREGULAR_PULSE = "irregular-pulse"
    PULSE_ABOVE_RANGE = "pulse-above-range"
    PULSE_BELOW_RANGE = "pulse-below-range"
    IMPROPER_POSITION = "improper-position"
    # PLX, flags and measurement status
    CLOCK_NOT_SET = "clock-not-set"
    MEASUREMENT_ONGOING = "measurement-ongoing"
    EARLY_ESTIMATE = "early-estimate"
    VALIDATED_DATA = "validated-data"
    FULLY_QUALIFIED_DATA = "fully-qualified-data"
    FROM_STORAGE = "from-storage"
    DEMONSTRATION = "demonstration"
    TESTING = "testing"
    CALIBRATION_ONGOING = "calibration-ongoing"
    UNAVAILABLE = "unavailable"
    QUESTIONABLE = "questionable"
    INVALID = "invalid"
    # PLX, device and sensor status
    EXTENDED_DISPLAY_UPDATE = "extended-display-update"
    EQUIPMENT_MALFUNCTION = "equipment-malfunction"
    SIGNAL_PROCESSING_IRREGULARITY = "signal-processing-irregularity"
    INADEQUATE_SIGNAL = "inadequate-signal"
    POOR_SIGNAL = "poor-signal"
    LOW_PERFUSION = "low-perfusion"
    ERRATIC_SIGNAL = "erratic-signal"
    NON_PULSATILE = "non-pulsatile"
    QUESTIONABLE_PULSE = "questionable-pulse"
    SIGNAL_ANALYSIS_ONGOING = "signal-analysis-ongoing"
    SENSOR_INTERFERENCE = "sensor-interference"
    SENSOR_UNCONNECTED = "sensor-unconnected"
    UNKNOWN_SENSOR = "unknown-sensor"
    SENSOR_DISPLACED = "sensor-displaced"
    SENSOR_MALFUNCTIONING = "sensor-malfunctioning"
    SENSOR_DISCONNECTED = "sensor-disconnected"
    # Oximeters of makers
    SMARTPOINT = "smartpoint"
    SEARCHING = "searching"
    NO_FINGER = "no-finger"
    FINGER_DETECTED = "finger-detected"
    WEAK_SIGNAL = "weak-signal"
    OUT_OF_TRACK = "out-of-track"
    MARGINAL_PERFUSION = "marginal-perfusion"
    ARTIFACT = "artifact"
    SENSOR_ALARM = "sensor-alarm"
    SPO2_DROP = "spo2-drop"
    NO_SIGNAL = "no-signal"
    PULSE_BEEP = "pulse-beep"
    LOW_BATTERY = "low-battery"
    ENCRYPTED = "encrypted"
    # Scales
    STABLE = "stable"
    REMOVED = "removed"
    IMPEDANCE_PRESENT = "impedance-present"
    MULTIPLE_PACKETS = "multiple-packets"
    # Glucose meters
    DEVICE_MALFUNCTION = "device-malfunction"
    SAMPLE_TOO_SMALL = "sample-too-small"
    STRIP_INSERTION_ERROR = "strip-insertion-error"
    WRONG_STRIP = "wrong-strip"
    RESULT_TOO_HIGH = "result-too-high"
    RESULT_TOO_LOW = "result-too-low"
    TOO_HOT = "too-hot"
    TOO_COLD = "too-cold"
    READ_INTERRUPTED = "read-interrupted"
    GENERAL_FAULT = "general-fault"
    TIME_FAULT = "time-fault"
    CONTEXT_FOLLOWS = "context-follows"
    CONTROL_SOLUTION = "control-solution"


class Detail(enum.Enum):
    """What else a device says of a measurement, in its format's words (``capillary-plasma``, ``ear``, ``spot``)."""

    SAMPLE_TYPE = "sample_type"
    SAMPLE_LOCATION = "sample_location"
    SITE = "site"
    MODALITY = "modality"
    MEAL = "meal"
    CARBOHYDRATE_TYPE = "carbohydrate_type"
    TESTER = "tester"
    HEALTH = "health"
    EXERCISE = "exercise"
    MEDICATION = "medication"


class Measurement(msgspec.Struct, frozen=True):
    """One packet of a device, decoded. Neither ``quantities`` nor ``details`` is changed after it was made.

    ``device_time`` is the device's own clock: local, without zone; None if it sent none or an unknown one.
    ``raw_time``: the bytes of the time as sent, empty if none was. ``time_fault``: it did send a time, but an unknown
    or impossible one (year 0, month 13), or said that its clock is not set.
    ``user`` is the slot in the device, not the patient; None when it sent none, or 0xFF: then ``unknown_user`` is set.
    ``final`` is False while the value is provisional: unstable, searching, no finger, load removed, still inflating.
    ``unknown_bits`` holds what the format leaves reserved and the device sets; ``raw`` is the packet as received.
    """

    kind: Kind
    quantities: dict[QuantityName, Quantity]
    raw: bytes
    device_time: datetime | None = None
    raw_time: bytes = b""
    time_fault: bool = False
    user: int | None = None
    unknown_user: bool = False
    sequence: int | None = None
    status: tuple[Status, ...] = ()
    details: dict[Detail, str] = {}
    unknown_bits: int = 0
    final: bool = True

    def value(self, name: QuantityName) -> Decimal | None:
        """The number by that name; None when it is absent or a special value."""
        quantity = self.quantities.get(name)
        return None if quantity is None else quantity.value


class DeviceIdentity(msgspec.Struct, frozen=True):
    """Which physical device spoke. ``address`` is the Bluetooth address (EUI-48) as ``00:11:22:33:44:55``, or of a
    wired device its stable name under ``/dev/serial/by-id``."""

    model: str
    manufacturer: str
    address: str
    fake: bool = False


class DeviceInformation(msgspec.Struct, frozen=True):
    """What a device says of itself (Device Information Service 180A). None: not asked or not answered.

    A serial number is a hint, never an identity: some meters answer the words "Serial Number".
    ``system_id``: the eight bytes as sent.
    """

    manufacturer: str | None = None
    model: str | None = None
    serial_number: str | None = None
    firmware: str | None = None
    hardware: str | None = None
    software: str | None = None
    system_id: bytes | None = None
    battery_percent: int | None = None


class ClockCheck(msgspec.Struct, frozen=True):
    """The device clock as read before it was set, against the host's: what a reading's time is worth.

    ``device_time`` is None when the device has no readable clock or showed nonsense.
    """

    device_time: datetime | None
    host_time: datetime


class Reading(msgspec.Struct, frozen=True):
    """One measurement as it left a device, with who measured it and when it reached us (``received`` has an offset)."""

    value: Measurement
    device: DeviceIdentity
    received: datetime
    clock: ClockCheck | None = None
