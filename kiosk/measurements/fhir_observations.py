"""The Observations of one reading, after HL7's PHD guide and FHIR's vital signs. Pure.

- Blood pressure: one Observation with components systolic, diastolic, mean and the pulse of the same inflation.
- Oximetry: SpO2 is the value, pulse and amplitude are components. One act of one sensor: what spoils the one spoils
  the other, so they arrive together or not at all. Fast and slow averages are Observations of their own.
- Weight, height, BMI: an Observation each (three numeric objects of the guide, three vital signs of FHIR that clinics
  look for by code); height and BMI say ``derivedFrom`` the weighing.
- Body composition: body fat is the value, the other shares and masses are components; weight, height, BMI as above.
- Temperature, glucose, uric acid: one value; site, sample and meal are components.

Status bits of the device go twice: as components of the reading itself, which is then never without its flags, and as
the guide's bit-enumeration Observation derived from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from drivers.readings import Detail, Kind, Measurement, Quantity, QuantityName, Reading, Status
from kiosk.measurements import fhir_codes as table
from kiosk.measurements.fhir_codes import Code
from kiosk.measurements.fhir_elements import (
    Json,
    codes,
    concept,
    derived_identifier,
    gateway,
    identifiers,
    logical_reference,
    marked_as_test,
    to_json,
    valued,
    word,
)
from kiosk.measurements.resource import Reference, Resource

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_PHD_CATEGORY = "http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories"
_COINCIDENT = "http://hl7.org/fhir/uv/phd/StructureDefinition/CoincidentTimeStampReference"
_VITAL_SIGNS = "vital-signs"
_LABORATORY = "laboratory"

_BODY_COMPONENTS = (
    QuantityName.BASAL_METABOLISM,
    QuantityName.MUSCLE_PERCENTAGE,
    QuantityName.MUSCLE_MASS,
    QuantityName.FAT_FREE_MASS,
    QuantityName.SOFT_LEAN_MASS,
    QuantityName.WATER_MASS,
    QuantityName.IMPEDANCE,
)


class Surroundings(msgspec.Struct, frozen=True):
    """What the Observations of one reading share: its identity, whose it is, from when, and which other resources of
    ours it refers to (by identifier). ``questionable``: doubted here, beside what the device itself says."""

    identifier: str
    patient: str
    gateway: str
    device: str
    coincident_time: str | None
    effective: datetime
    questionable: bool = False


class _Plan(msgspec.Struct, frozen=True):
    """One Observation to be: ``key`` sets its identity apart from the reading's own (empty). ``panel``: no value of its
    own. ``of``: the key of the Observation it is derived from."""

    key: str
    code: Code
    category: str | None
    quantity: Quantity | None = None
    panel: bool = False
    components: tuple[Json, ...] = ()
    site: str | None = None
    of: str | None = None


def observations(reading: Reading, around: Surroundings) -> tuple[Resource, ...]:
    """Of which the first carries the reading's own identifier. Empty for what is no measurement of a patient by itself:
    cuff pressure while inflating, a battery, a glucose context alone."""
    value = reading.value
    plans = _PLANS[value.kind](value) if value.kind in _PLANS else ()
    made = [_observation(reading, plan, around) for plan in plans]
    bits = _status_bits(value)
    if made and bits is not None:
        made.append(_observation(reading, bits, around))
    return tuple(made)


def _observation(reading: Reading, plan: _Plan, around: Surroundings) -> Resource:
    value = reading.value
    refers = [Reference("/device", around.device)]
    extension = [gateway(around.gateway)]
    if around.coincident_time is not None:
        refers.append(Reference(f"/extension/{len(extension)}/valueReference", around.coincident_time))
        extension.append(
            {"url": _COINCIDENT, "valueReference": logical_reference("Observation", around.coincident_time)}
        )
    identifier = _identifier(around, plan.key)
    body: Json = {
        "resourceType": "Observation",
        "extension": extension,
        "identifier": identifiers(identifier),
        "status": "preliminary" if _is_early(value) else "final",
        "category": [
            *([] if plan.category is None else [concept(_CATEGORY, plan.category)]),
            concept(_PHD_CATEGORY, "phd"),
        ],
        "code": codes(plan.code),
        "subject": {"reference": f"Patient/{around.patient}"},
        "effectiveDateTime": around.effective.isoformat(timespec="seconds"),
        "device": logical_reference("Device", around.device, f"{reading.device.manufacturer} {reading.device.model}"),
    }
    if not plan.panel:
        body.update(valued(plan.quantity, absent=_absent(value), missing=_missing(value)))
    interpretation = _interpretations(value, around.questionable)
    if interpretation:
        body["interpretation"] = interpretation
    if plan.site is not None:
        body["bodySite"] = {"text": plan.site}
    if plan.of is not None:
        origin = _identifier(around, plan.of)
        body["derivedFrom"] = [logical_reference("Observation", origin)]
        refers.append(Reference("/derivedFrom/0", origin))
    if plan.components:
        body["component"] = list(plan.components)
    if reading.device.fake or not table.TEST_DATA.isdisjoint(value.status):
        body = marked_as_test(body)
    return Resource("Observation", identifier, to_json(body), tuple(refers))


def _identifier(around: Surroundings, key: str) -> str:
    return around.identifier if not key else derived_identifier(around.identifier, key)


# --- one kind each -----------------------------------------------------------------------------------------------


def _blood_pressure(value: Measurement) -> tuple[_Plan, ...]:
    named = [
        (table.QUANTITIES[QuantityName.SYSTOLIC], value.quantities.get(QuantityName.SYSTOLIC)),
        (table.QUANTITIES[QuantityName.DIASTOLIC], value.quantities.get(QuantityName.DIASTOLIC)),
    ]
    optional = (
        (QuantityName.MEAN_ARTERIAL, table.QUANTITIES[QuantityName.MEAN_ARTERIAL]),
        (QuantityName.PULSE_RATE, table.CUFF_PULSE),
    )
    named.extend((code, value.quantities[name]) for name, code in optional if name in value.quantities)
    components = [_component(value, code, quantity) for code, quantity in named]
    return (
        _Plan("", table.BLOOD_PRESSURE, _VITAL_SIGNS, panel=True, components=(*components, *_status_components(value))),
    )


def _pulse_oximetry(value: Measurement) -> tuple[_Plan, ...]:
    components = [
        _component(value, table.QUANTITIES[name], value.quantities[name])
        for name in (QuantityName.PULSE_RATE, QuantityName.PULSE_AMPLITUDE)
        if name in value.quantities
    ]
    plans = [
        _Plan(
            "",
            table.QUANTITIES[QuantityName.SPO2],
            _VITAL_SIGNS,
            value.quantities.get(QuantityName.SPO2),
            components=(*components, *_modality(value.details.get(Detail.MODALITY)), *_status_components(value)),
        )
    ]
    averages = (
        ("fast", QuantityName.SPO2_FAST, QuantityName.PULSE_RATE_FAST),
        ("slow", QuantityName.SPO2_SLOW, QuantityName.PULSE_RATE_SLOW),
    )
    for modality, spo2, pulse in averages:
        if spo2 in value.quantities:
            pulses = (
                (_component(value, table.PULSE_AVERAGE, value.quantities[pulse]),) if pulse in value.quantities else ()
            )
            plans.append(
                _Plan(
                    f"spo2-{modality}",
                    table.SPO2_AVERAGE,
                    None,
                    value.quantities[spo2],
                    components=(*pulses, *_modality(modality)),
                    of="",
                )
            )
    return tuple(plans)


def _weight(value: Measurement) -> tuple[_Plan, ...]:
    weight = _Plan(
        "",
        table.QUANTITIES[QuantityName.WEIGHT],
        _VITAL_SIGNS,
        value.quantities.get(QuantityName.WEIGHT),
        components=_status_components(value),
    )
    return (weight, *_bodily(value, (QuantityName.HEIGHT, QuantityName.BMI)))


def _body_composition(value: Measurement) -> tuple[_Plan, ...]:
    components = [
        _component(value, table.QUANTITIES[name], value.quantities[name])
        for name in _BODY_COMPONENTS
        if name in value.quantities
    ]
    fat = _Plan(
        "",
        table.QUANTITIES[QuantityName.BODY_FAT],
        None,
        value.quantities.get(QuantityName.BODY_FAT),
        components=(*components, *_status_components(value)),
    )
    return (fat, *_bodily(value, (QuantityName.WEIGHT, QuantityName.HEIGHT, QuantityName.BMI)))


def _bodily(value: Measurement, names: Iterable[QuantityName]) -> list[_Plan]:
    """Vital signs of their own that came in the same packet."""
    return [
        _Plan(name.value, table.QUANTITIES[name], _VITAL_SIGNS, value.quantities[name], of="")
        for name in names
        if name in value.quantities
    ]


def _temperature(value: Measurement) -> tuple[_Plan, ...]:
    site = value.details.get(Detail.SITE)
    known = None if site is None else table.TEMPERATURE_SITES.get(site)
    return (
        _Plan(
            "",
            table.QUANTITIES[QuantityName.TEMPERATURE],
            _VITAL_SIGNS,
            value.quantities.get(QuantityName.TEMPERATURE),
            components=(*_supplemental(known), *_status_components(value)),
            site=site if known is not None else None,
        ),
    )


def _glucose(value: Measurement) -> tuple[_Plan, ...]:
    quantity = value.quantities.get(QuantityName.GLUCOSE)
    code = table.glucose(value.details.get(Detail.SAMPLE_TYPE), None if quantity is None else quantity.unit)
    components: list[Json] = [
        {"code": codes(question), "valueCodeableConcept": word(answers, value.details[detail])}
        for detail, (question, answers) in table.GLUCOSE_CONTEXT.items()
        if value.details.get(detail, table.NOT_AVAILABLE) != table.NOT_AVAILABLE
    ]
    if QuantityName.CARBOHYDRATE in value.quantities:
        eaten = table.CARBOHYDRATES.get(value.details.get(Detail.CARBOHYDRATE_TYPE, ""), table.CARBOHYDRATE)
        components.append(_component(value, eaten, value.quantities[QuantityName.CARBOHYDRATE]))
    plans = [
        _Plan("", code, _LABORATORY, quantity, components=(*components, *_status_components(value))),
    ]
    if QuantityName.HBA1C in value.quantities:
        hba1c = QuantityName.HBA1C
        plans.append(_Plan(hba1c.value, table.QUANTITIES[hba1c], _LABORATORY, value.quantities[hba1c]))
    return tuple(plans)


def _uric_acid(value: Measurement) -> tuple[_Plan, ...]:
    quantity = value.quantities.get(QuantityName.URIC_ACID)
    code = table.uric_acid(None if quantity is None else quantity.unit)
    return (_Plan("", code, _LABORATORY, quantity, components=_status_components(value)),)


_PLANS = {
    Kind.BLOOD_PRESSURE: _blood_pressure,
    Kind.PULSE_OXIMETRY: _pulse_oximetry,
    Kind.WEIGHT: _weight,
    Kind.BODY_COMPOSITION: _body_composition,
    Kind.TEMPERATURE: _temperature,
    Kind.GLUCOSE: _glucose,
    Kind.URIC_ACID: _uric_acid,
}


# --- status --------------------------------------------------------------------------------------------------------


def _is_early(value: Measurement) -> bool:
    return not value.final or Status.EARLY_ESTIMATE in value.status


def _absent(value: Measurement) -> str | None:
    return next((table.ABSENT_BY_STATUS[status] for status in value.status if status in table.ABSENT_BY_STATUS), None)


def _missing(value: Measurement) -> str:
    reasons = (table.MISSING_BY_STATUS[status] for status in value.status if status in table.MISSING_BY_STATUS)
    return next(reasons, "unknown")


def _interpretations(value: Measurement, questionable: bool) -> list[Json]:
    words = [table.INTERPRETATIONS[status] for status in value.status if status in table.INTERPRETATIONS]
    if questionable or not table.QUESTIONABLE.isdisjoint(value.status):
        words.insert(0, "questionable")
    return [concept(table.MEASUREMENT_STATUS, text) for text in words]


def _status_components(value: Measurement) -> tuple[Json, ...]:
    """What the device says against its number, and what it found (an irregular pulse); a doubt without a code of the
    guide goes as a word."""
    group, bits = table.STATUS_BITS.get(value.kind, (None, {}))
    coded = [] if group is None else _bit_components(group, bits, value)
    words: list[Json] = [
        {"code": {"text": status.value}, "valueCodeableConcept": concept(table.YES_NO, "Y")}
        for status in value.status
        if status in table.QUESTIONABLE and status not in bits and status is not Status.QUESTIONABLE
    ]
    return (*coded, *words)


def _status_bits(value: Measurement) -> _Plan | None:
    """The guide's own Observation of the bits that are set; None when none is."""
    group, bits = table.STATUS_BITS.get(value.kind, (None, {}))
    components = [] if group is None else _bit_components(group, bits, value)
    if group is None or not components:
        return None
    return _Plan("status", group, None, panel=True, components=tuple(components), of="")


def _bit_components(group: Code, bits: dict[Status, int], value: Measurement) -> list[Json]:
    by_bit: dict[int, str] = {}
    for status in value.status:
        if status in bits:
            by_bit.setdefault(bits[status], status.value)  # two words of a maker may mean one bit
    return [
        {
            "code": {"coding": [{"system": table.STATUS_BIT, "code": f"{group.mdc}.{bit}"}], "text": text},
            "valueCodeableConcept": concept(table.YES_NO, "Y"),
        }
        for bit, text in by_bit.items()
    ]


# --- components ----------------------------------------------------------------------------------------------------


def _component(value: Measurement, code: Code, quantity: Quantity | None) -> Json:
    return {"code": codes(code), **valued(quantity, absent=_absent(value))}


def _supplemental(code: Code | None) -> tuple[Json, ...]:
    """A further description of what was measured (PHD guide: supplemental type)."""
    if code is None:
        return ()
    return ({"code": codes(table.SUPPLEMENTAL_TYPE), "valueCodeableConcept": codes(code)},)


def _modality(name: str | None) -> tuple[Json, ...]:
    return _supplemental(None if name is None else table.MODALITIES.get(name))
