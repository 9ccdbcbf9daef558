"""Readings of every kind as values, special cases among them, for what is made of them in FHIR. No decoder is asked."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import msgspec

from drivers.readings import (
    ClockCheck,
    Detail,
    DeviceIdentity,
    DeviceInformation,
    Kind,
    Measurement,
    Quantity,
    QuantityName,
    Reading,
    SpecialValue,
    Status,
    Unit,
)
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.measurements import fhir
from kiosk.measurements.fhir import DeskWording, Withheld
from kiosk.measurements.fhir_devices import phg_device
from kiosk.measurements.fhir_elements import to_json
from kiosk.measurements.resource import Resource

OSLO_SUMMER = timezone(timedelta(hours=2))
RECEIVED = datetime(2026, 7, 31, 9, 30, 0, tzinfo=OSLO_SUMMER)
SHOWN = datetime.fromisoformat("2026-07-28T09:29:00")
CLOCK = ClockCheck(device_time=datetime.fromisoformat("2026-07-28T09:30:01"), host_time=RECEIVED)
IDENTIFIER = "urn:uuid:3f8f3f0e-7c86-4d5b-9f3b-0a4f0c8f2a11"
GATEWAY = "kiosk-1"
PATIENT = "p17"

DEVICE = DeviceIdentity(model="UA-651BLE", manufacturer="A&D Medical", address="00:11:22:33:44:55")
WIRED = DeviceIdentity(model="CMS50D", manufacturer="Contec", address="usb-Silicon_Labs_CP2102_0001-if00-port0")
INFORMATION = DeviceInformation(
    manufacturer="A&D Medical",
    model="UA-651BLE",
    serial_number="5150200123",
    firmware="BLP009_d019",
    hardware="1.0",
    software="2.1",
    system_id=bytes.fromhex("74E8FFFEFF051C00"),
    battery_percent=80,
)

WORDING = DeskWording(
    sentences={
        Withheld.TIME_UNKNOWN: "En {kind}måling fra {device} ligger i hjemmet ({received}); tidspunktet er ukjent.",
        Withheld.OWNER_UNKNOWN: "En {kind}måling fra {device} ligger i hjemmet ({received}); eieren er ukjent.",
        Withheld.IMPLAUSIBLE: "En {kind}måling fra {device} ligger i hjemmet ({received}); den er umulig.",
    },
    kinds={kind: kind.value for kind in Kind},
    not_measured="{kind} ble ikke målt, {times} forsøk: {why}.",
    faults={fault: fault.value for fault in MeasurementFault},
)

_MMHG, _KPA, _PERCENT, _RATE = Unit.MILLIMETRE_OF_MERCURY, Unit.KILOPASCAL, Unit.PERCENT, Unit.PER_MINUTE
NAN = SpecialValue.NOT_A_NUMBER


def number(text: str, unit: Unit) -> Quantity:
    return Quantity(Decimal(text), unit)


def special(reason: SpecialValue, unit: Unit) -> Quantity:
    return Quantity(None, unit, reason)


def reading(measurement: Measurement, *, device: DeviceIdentity = DEVICE, clock: ClockCheck | None = None) -> Reading:
    return Reading(value=measurement, device=device, received=RECEIVED, clock=clock)


def resources(one: Reading, information: DeviceInformation | None = INFORMATION) -> tuple[Resource, ...]:
    return fhir.resources_of(one, IDENTIFIER, PATIENT, GATEWAY, RECEIVED, information)


BLOOD_PRESSURE = Measurement(
    Kind.BLOOD_PRESSURE,
    {
        QuantityName.SYSTOLIC: number("125", _MMHG),
        QuantityName.DIASTOLIC: number("80", _MMHG),
        QuantityName.MEAN_ARTERIAL: number("102", _MMHG),
        QuantityName.PULSE_RATE: number("64", _RATE),
    },
    raw=bytes.fromhex("167D0050006600"),
)
OXIMETRY = Measurement(
    Kind.PULSE_OXIMETRY,
    {QuantityName.SPO2: number("97", _PERCENT), QuantityName.PULSE_RATE: number("72", _RATE)},
    raw=b"\x01",
    details={Detail.MODALITY: "spot"},
)
CONTINUOUS = Measurement(
    Kind.PULSE_OXIMETRY,
    {
        QuantityName.SPO2: number("97", _PERCENT),
        QuantityName.PULSE_RATE: number("72", _RATE),
        QuantityName.SPO2_FAST: number("96", _PERCENT),
        QuantityName.PULSE_RATE_FAST: number("75", _RATE),
        QuantityName.SPO2_SLOW: number("98", _PERCENT),
        QuantityName.PULSE_RATE_SLOW: number("70", _RATE),
        QuantityName.PULSE_AMPLITUDE: number("4.2", _PERCENT),
    },
    raw=b"\x02",
    details={Detail.MODALITY: "continuous"},
)
WEIGHT = Measurement(
    Kind.WEIGHT,
    {
        QuantityName.WEIGHT: number("84.000", Unit.KILOGRAM),
        QuantityName.HEIGHT: number("1.750", Unit.METRE),
        QuantityName.BMI: number("27.4", Unit.KILOGRAM_PER_SQUARE_METRE),
    },
    raw=b"\x03",
)
BODY_COMPOSITION = Measurement(
    Kind.BODY_COMPOSITION,
    {
        QuantityName.BODY_FAT: number("23.4", _PERCENT),
        QuantityName.BASAL_METABOLISM: number("7000", Unit.KILOJOULE),
        QuantityName.MUSCLE_PERCENTAGE: number("40.1", _PERCENT),
        QuantityName.MUSCLE_MASS: number("30.005", Unit.KILOGRAM),
        QuantityName.FAT_FREE_MASS: number("60.000", Unit.KILOGRAM),
        QuantityName.SOFT_LEAN_MASS: number("57.000", Unit.KILOGRAM),
        QuantityName.WATER_MASS: number("44.000", Unit.KILOGRAM),
        QuantityName.IMPEDANCE: number("500.0", Unit.OHM),
        QuantityName.WEIGHT: number("84.000", Unit.KILOGRAM),
    },
    raw=b"\x04",
)
TEMPERATURE = Measurement(
    Kind.TEMPERATURE,
    {QuantityName.TEMPERATURE: number("36.40", Unit.CELSIUS)},
    raw=b"\x05",
    details={Detail.SITE: "ear"},
)
GLUCOSE = Measurement(
    Kind.GLUCOSE,
    {
        QuantityName.GLUCOSE: number("5.4", Unit.MILLIMOLE_PER_LITRE),
        QuantityName.CARBOHYDRATE: number("60", Unit.GRAM),
        QuantityName.HBA1C: number("6.5", _PERCENT),
    },
    raw=b"\x06",
    sequence=7,
    details={
        Detail.SAMPLE_TYPE: "capillary-whole-blood",
        Detail.SAMPLE_LOCATION: "finger",
        Detail.MEAL: "before-meal",
        Detail.CARBOHYDRATE_TYPE: "lunch",
        Detail.TESTER: "self",
        Detail.HEALTH: "not-available",
        Detail.EXERCISE: "1800 s 60 %",
        Detail.MEDICATION: "rapid-acting-insulin 4 mg",
    },
)
URIC_ACID = Measurement(
    Kind.URIC_ACID, {QuantityName.URIC_ACID: number("6.1", Unit.MILLIGRAM_PER_DECILITRE)}, raw=b"\x07"
)


def changed(measurement: Measurement, **quantities: Quantity) -> Measurement:
    """With other quantities, by name."""
    named = {QuantityName(name): quantity for name, quantity in quantities.items()}
    return msgspec.structs.replace(measurement, quantities={**measurement.quantities, **named})


def flagged(measurement: Measurement, *status: Status) -> Measurement:
    return msgspec.structs.replace(measurement, status=status)


def _stamped(measurement: Measurement) -> Measurement:
    return msgspec.structs.replace(measurement, device_time=SHOWN, raw_time=b"\xea\x07\x07\x1c\x09\x1d\x00")


SAMPLES = {
    "blood-pressure": reading(BLOOD_PRESSURE),
    "blood-pressure-kpa": reading(
        changed(BLOOD_PRESSURE, systolic=number("16.7", _KPA), diastolic=number("10.6", _KPA))
    ),
    "blood-pressure-no-mean": reading(changed(BLOOD_PRESSURE, mean_arterial=special(NAN, _MMHG))),
    "blood-pressure-above": reading(changed(BLOOD_PRESSURE, systolic=special(SpecialValue.POSITIVE_INFINITY, _MMHG))),
    "blood-pressure-failed": reading(
        changed(
            BLOOD_PRESSURE,
            systolic=special(NAN, _MMHG),
            diastolic=special(SpecialValue.NOT_AT_THIS_RESOLUTION, _MMHG),
            mean_arterial=special(SpecialValue.RESERVED, _MMHG),
            pulse_rate=special(SpecialValue.NEGATIVE_INFINITY, _RATE),
        )
    ),
    "blood-pressure-all-bits": reading(
        flagged(
            BLOOD_PRESSURE,
            Status.BODY_MOVED,
            Status.CUFF_TOO_LOOSE,
            Status.IRREGULAR_PULSE,
            Status.PULSE_ABOVE_RANGE,
            Status.IMPROPER_POSITION,
        )
    ),
    "blood-pressure-clock-behind": reading(_stamped(BLOOD_PRESSURE), clock=CLOCK),
    "blood-pressure-clock-fault": reading(
        msgspec.structs.replace(BLOOD_PRESSURE, time_fault=True, raw_time=b"\x00" * 7),
        clock=ClockCheck(device_time=None, host_time=RECEIVED),
    ),
    "oximetry-spot": reading(OXIMETRY),
    "oximetry-continuous": reading(CONTINUOUS),
    "oximetry-poor": reading(
        flagged(OXIMETRY, Status.POOR_SIGNAL, Status.LOW_PERFUSION, Status.MARGINAL_PERFUSION, Status.QUESTIONABLE)
    ),
    "oximetry-early": reading(msgspec.structs.replace(flagged(OXIMETRY, Status.EARLY_ESTIMATE), final=False)),
    "oximetry-invalid": reading(flagged(OXIMETRY, Status.INVALID)),
    "oximetry-demonstration": reading(flagged(OXIMETRY, Status.DEMONSTRATION)),
    "oximetry-wired": reading(OXIMETRY, device=WIRED),
    "weight": reading(WEIGHT),
    "weight-pounds": reading(changed(WEIGHT, weight=number("176.05", Unit.POUND), height=number("70.1", Unit.INCH))),
    "weight-failed": reading(changed(WEIGHT, weight=special(NAN, Unit.KILOGRAM))),
    "body-composition": reading(BODY_COMPOSITION),
    "body-composition-failed": reading(changed(BODY_COMPOSITION, body_fat=special(NAN, _PERCENT))),
    "temperature": reading(TEMPERATURE),
    "temperature-fahrenheit": reading(changed(TEMPERATURE, temperature=number("98.6", Unit.FAHRENHEIT))),
    "temperature-unknown-site": reading(msgspec.structs.replace(TEMPERATURE, details={Detail.SITE: "reserved-12"})),
    "glucose": reading(_stamped(GLUCOSE), clock=CLOCK),
    "glucose-mass": reading(changed(GLUCOSE, glucose=number("97", Unit.MILLIGRAM_PER_DECILITRE))),
    "glucose-too-high": reading(
        msgspec.structs.replace(GLUCOSE, quantities={}, details={}, status=(Status.LOW_BATTERY, Status.RESULT_TOO_HIGH))
    ),
    "glucose-control": reading(
        msgspec.structs.replace(
            GLUCOSE, details={Detail.SAMPLE_TYPE: "control-solution"}, status=(Status.CONTROL_SOLUTION,)
        )
    ),
    "glucose-bedtime": reading(msgspec.structs.replace(GLUCOSE, details={Detail.MEAL: "bedtime"})),
    "uric-acid": reading(URIC_ACID),
    "of-a-fake": reading(
        flagged(_stamped(BLOOD_PRESSURE), Status.IRREGULAR_PULSE),
        device=msgspec.structs.replace(DEVICE, fake=True),
        clock=CLOCK,
    ),
}


def all_resources() -> dict[str, Resource]:
    """Every resource of every sample by a name, with device information and without, the desk's messages, the kiosk."""
    made: dict[str, Resource] = {}
    for name, one in SAMPLES.items():
        for information in (None, INFORMATION):
            for index, resource in enumerate(resources(one, information)):
                suffix = "" if information is None else "-informed"
                made[f"{name}{suffix}-{index}-{resource.resource_type}"] = resource
        for why in Withheld:
            made[f"{name}-{why.value}"] = desk_message(one, why)
    doubted = fhir.resources_of(
        SAMPLES["blood-pressure"], IDENTIFIER, PATIENT, GATEWAY, RECEIVED, INFORMATION, questionable=True
    )
    made.update({f"conflict-{index}": resource for index, resource in enumerate(doubted)})
    for fault in MeasurementFault:
        made[f"not-measured-{fault.value}"] = fhir.not_measured_message(
            *(MeasurementKind.BLOOD_PRESSURE, fault, 2),
            identifier=f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, fault.value)}",
            patient=PATIENT,
            gateway_device=GATEWAY,
            sent=RECEIVED,
            wording=WORDING,
        )
    made["the-kiosk"] = Resource("Device", "", to_json(phg_device(GATEWAY, "0.1.0")))
    return made


def desk_message(one: Reading, why: Withheld) -> Resource:
    return fhir.communication_of(
        one,
        why,
        identifier=IDENTIFIER,
        patient=PATIENT,
        gateway_device=GATEWAY,
        sent=RECEIVED,
        wording=WORDING,
    )
