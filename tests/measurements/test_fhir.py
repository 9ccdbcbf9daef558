"""What becomes of each kind of reading in FHIR: codes, units, exact numbers, doubts, absent values, marks, identity."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.glucose import CARBOHYDRATES, HEALTH, MEALS, SAMPLE_LOCATIONS, SAMPLE_TYPES, TESTERS
from drivers.decoders.temperature import SITES
from drivers.readings import Detail, Kind, Measurement, Quantity, QuantityName, SpecialValue, Status, Unit
from kiosk.measurements import fhir, fhir_codes
from kiosk.measurements.fhir import Withheld
from tests.measurements import fhir_samples as samples
from tests.measurements.fhir_samples import DEVICE, IDENTIFIER, RECEIVED, SAMPLES, desk_message, reading

LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"


def bodies(name: str) -> list[dict[str, Any]]:
    return [json.loads(resource.body) for resource in samples.resources(SAMPLES[name])]


def main(name: str) -> dict[str, Any]:
    (found,) = [body for body in bodies(name) if body["identifier"][0]["value"] == IDENTIFIER]
    return found


def loinc_of(concept: dict[str, Any]) -> set[str]:
    return {coding["code"] for coding in concept["coding"] if coding["system"] == LOINC}


def mdc_of(concept: dict[str, Any]) -> str:
    (code,) = [coding["code"] for coding in concept["coding"] if coding["system"] == MDC]
    return str(code)


def component(observation: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = [
        part
        for part in observation["component"]
        if code in {coding["code"] for coding in part["code"].get("coding", [])}
    ]
    return dict(found)


def quantity(part: dict[str, Any]) -> tuple[float, str]:
    value = part["valueQuantity"]
    assert value["system"] == "http://unitsofmeasure.org"
    return value["value"], value["code"]


def absent(part: dict[str, Any]) -> str:
    assert "valueQuantity" not in part
    return str(part["dataAbsentReason"]["coding"][0]["code"])


def security(body: dict[str, Any]) -> list[str]:
    return [coding["code"] for coding in body.get("meta", {}).get("security", [])]


def test_a_blood_pressure_is_one_observation_with_components() -> None:
    device, observation = bodies("blood-pressure")
    assert device["resourceType"] == "Device"
    assert observation["status"] == "final"
    assert observation["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": IDENTIFIER}]
    assert observation["subject"] == {"reference": "Patient/p17"}
    assert observation["effectiveDateTime"] == "2026-07-31T09:30:00+02:00"
    assert [category["coding"][0]["code"] for category in observation["category"]] == ["vital-signs", "phd"]
    assert (mdc_of(observation["code"]), loinc_of(observation["code"])) == ("150020", {"85354-9"})
    assert "meta" not in observation
    assert "interpretation" not in observation
    expected = {
        "8480-6": (125, "mm[Hg]"),
        "8462-4": (80, "mm[Hg]"),
        "8478-0": (102, "mm[Hg]"),
        "8867-4": (64, "/min"),
    }
    assert {code: quantity(component(observation, code)) for code in expected} == expected
    assert [mdc_of(part["code"]) for part in observation["component"]] == ["150021", "150022", "150023", "149546"]


def test_every_observation_names_the_kiosk_and_the_device() -> None:
    for name in SAMPLES:
        device, *others = bodies(name)
        for observation in others:
            if observation["code"]["text"] == "MDC_ATTR_TIME_ABS":
                continue
            assert observation["extension"][0] == {
                "url": "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice",
                "valueReference": {"reference": "Device/kiosk-1"},
            }
            assert observation["device"]["identifier"]["value"] == device["identifier"][0]["value"]
            assert observation["device"]["type"] == "Device"


def test_spo2_is_the_value_and_the_pulse_a_component() -> None:
    (_, observation) = bodies("oximetry-spot")
    assert (mdc_of(observation["code"]), loinc_of(observation["code"])) == ("150456", {"2708-6", "59408-5"})
    assert quantity(observation) == (97, "%")
    assert quantity(component(observation, "8867-4")) == (72, "/min")
    assert mdc_of(component(observation, "68193")["valueCodeableConcept"]) == "150588"


def test_fast_and_slow_averages_are_not_taken_for_the_reading() -> None:
    _, observation, fast, slow = bodies("oximetry-continuous")
    assert quantity(observation) == (97, "%")
    assert quantity(component(observation, "150320")) == (4.2, "%")
    for average, value, modality, pulse in ((fast, 96, "150580", 75), (slow, 98, "150584", 70)):
        assert quantity(average) == (value, "%")
        assert loinc_of(average["code"]) == set()
        assert mdc_of(component(average, "68193")["valueCodeableConcept"]) == modality
        assert quantity(component(average, "149530")) == (pulse, "/min")
        assert average["derivedFrom"][0]["identifier"]["value"] == IDENTIFIER


def test_weight_height_and_bmi_are_three_vital_signs() -> None:
    _, weight, height, bmi = bodies("weight")
    assert (loinc_of(weight["code"]), quantity(weight)) == ({"29463-7"}, (84.0, "kg"))
    assert (loinc_of(height["code"]), quantity(height)) == ({"8302-2"}, (175.0, "cm"))
    assert (loinc_of(bmi["code"]), quantity(bmi)) == ({"39156-5"}, (27.4, "kg/m2"))
    assert height["derivedFrom"][0]["identifier"]["value"] == IDENTIFIER
    assert len({body["identifier"][0]["value"] for body in (weight, height, bmi)}) == 3


def test_body_composition() -> None:
    _, fat, weight = bodies("body-composition")
    assert (loinc_of(fat["code"]), quantity(fat)) == ({"41982-0"}, (23.4, "%"))
    assert quantity(component(fat, "188764")) == (44.0, "kg")
    assert quantity(component(fat, "188780")) == (500.0, "Ohm")
    assert len(fat["component"]) == 7
    assert (loinc_of(weight["code"]), quantity(weight)) == ({"29463-7"}, (84.0, "kg"))


def test_a_temperature_says_where() -> None:
    observation = main("temperature")
    assert (mdc_of(observation["code"]), loinc_of(observation["code"])) == ("150364", {"8310-5"})
    assert observation["bodySite"] == {"text": "ear"}
    assert mdc_of(component(observation, "68193")["valueCodeableConcept"]) == "188428"
    assert quantity(main("temperature-fahrenheit")) == (98.6, "[degF]")
    assert "bodySite" not in main("temperature-unknown-site")


@pytest.mark.parametrize(
    ("sample_type", "unit", "mdc", "loinc"),
    [
        ("capillary-whole-blood", Unit.MILLIGRAM_PER_DECILITRE, "160184", "41653-7"),
        ("capillary-whole-blood", Unit.MILLIMOLE_PER_LITRE, "160184", "14743-9"),
        ("venous-whole-blood", Unit.MILLIGRAM_PER_DECILITRE, "160192", "2339-0"),
        ("undetermined-whole-blood", Unit.MILLIMOLE_PER_LITRE, "160364", "15074-8"),
        ("undetermined-plasma", Unit.MILLIGRAM_PER_DECILITRE, "160368", "2345-7"),
        ("arterial-plasma", Unit.MILLIMOLE_PER_LITRE, "160204", "14749-6"),
        ("interstitial-fluid", Unit.MILLIGRAM_PER_DECILITRE, "160212", "99504-3"),
        (None, Unit.MILLIMOLE_PER_LITRE, "160020", "15074-8"),
        ("reserved-12", Unit.MILLIGRAM_PER_DECILITRE, "160020", "2339-0"),
    ],
)
def test_glucose_by_sample_and_unit(sample_type: str | None, unit: Unit, mdc: str, loinc: str) -> None:
    details = {} if sample_type is None else {Detail.SAMPLE_TYPE: sample_type}
    measurement = Measurement(
        Kind.GLUCOSE, {QuantityName.GLUCOSE: samples.number("5.40", unit)}, raw=b"", details=details
    )
    observation = json.loads(samples.resources(reading(measurement))[1].body)
    assert (mdc_of(observation["code"]), loinc_of(observation["code"])) == (mdc, {loinc})
    assert quantity(observation) == (5.4, unit.value)


def test_the_context_of_a_glucose_value() -> None:
    _, _, glucose, hba1c = bodies("glucose")
    assert mdc_of(component(glucose, "8417864")["valueCodeableConcept"]) == "8417868"
    assert mdc_of(component(glucose, "8417844")["valueCodeableConcept"]) == "8417848"
    assert component(glucose, "8417796")["valueCodeableConcept"] == {"text": "rapid-acting-insulin 4 mg"}
    assert quantity(component(glucose, "8417772")) == (60, "g")
    assert [part for part in glucose["component"] if "8417820" in str(part)] == []
    assert (loinc_of(hba1c["code"]), quantity(hba1c)) == ({"4548-4"}, (6.5, "%"))
    assert component(main("glucose-bedtime"), "8417864")["valueCodeableConcept"] == {"text": "bedtime"}


def test_uric_acid() -> None:
    observation = main("uric-acid")
    assert loinc_of(observation["code"]) == {"3084-1"}
    assert quantity(observation) == (6.1, "mg/dL")


def test_numbers_keep_their_digits() -> None:
    assert b'"value":36.40,"unit":"\xc2\xb0C"' in samples.resources(SAMPLES["temperature"])[1].body
    _, weight, height, _ = samples.resources(SAMPLES["weight"])
    assert b'"value":84.000,' in weight.body
    assert b'"value":175.0,' in height.body
    round_number = samples.changed(samples.OXIMETRY, spo2=samples.number("2E+1", Unit.PERCENT))
    assert b'"value":20,' in samples.resources(reading(round_number))[1].body


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (SpecialValue.NOT_A_NUMBER, "not-a-number"),
        (SpecialValue.POSITIVE_INFINITY, "positive-infinity"),
        (SpecialValue.NEGATIVE_INFINITY, "negative-infinity"),
        (SpecialValue.NOT_AT_THIS_RESOLUTION, "error"),
        (SpecialValue.RESERVED, "error"),
    ],
)
def test_a_special_value_says_why_there_is_no_number(reason: SpecialValue, word: str) -> None:
    pressure = samples.changed(
        samples.BLOOD_PRESSURE, mean_arterial=samples.special(reason, Unit.MILLIMETRE_OF_MERCURY)
    )
    observation = json.loads(samples.resources(reading(pressure))[1].body)
    assert absent(component(observation, "8478-0")) == word
    saturation = samples.changed(samples.OXIMETRY, spo2=samples.special(reason, Unit.PERCENT))
    assert absent(json.loads(samples.resources(reading(saturation))[1].body)) == word


@pytest.mark.parametrize(
    ("status", "word"),
    [(Status.INVALID, "error"), (Status.MEASUREMENT_ONGOING, "temp-unknown"), (Status.UNAVAILABLE, "not-performed")],
)
def test_a_number_that_the_device_took_back_is_not_sent(status: Status, word: str) -> None:
    observation = json.loads(samples.resources(reading(samples.flagged(samples.OXIMETRY, status)))[1].body)
    assert absent(observation) == word
    assert absent(component(observation, "8867-4")) == word


def test_a_value_beyond_the_meter_has_no_number() -> None:
    assert absent(main("glucose-too-high")) == "positive-infinity"


def test_status_bits_go_with_the_reading_and_as_the_guide_has_them() -> None:
    _, observation, bits = bodies("blood-pressure-all-bits")
    expected = ["8410608.0", "8410608.1", "8410608.2", "8410608.3", "8410608.5"]
    assert [part["code"]["coding"][0]["code"] for part in observation["component"][4:]] == expected
    assert [part["code"]["coding"][0]["code"] for part in bits["component"]] == expected
    assert {part["valueCodeableConcept"]["coding"][0]["code"] for part in bits["component"]} == {"Y"}
    assert mdc_of(bits["code"]) == "8410608"
    assert bits["derivedFrom"][0]["identifier"]["value"] == IDENTIFIER
    assert not any(key.startswith("value") for key in bits)


def interpretations(body: dict[str, Any]) -> list[str]:
    return [concept["coding"][0]["code"] for concept in body.get("interpretation", [])]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.CUFF_TOO_LOOSE, ["questionable"]),
        (Status.BODY_MOVED, ["questionable"]),
        (Status.IMPROPER_POSITION, ["questionable"]),
        (Status.IRREGULAR_PULSE, []),
    ],
)
def test_a_doubtful_blood_pressure_is_marked(status: Status, words: list[str]) -> None:
    resources = samples.resources(reading(samples.flagged(samples.BLOOD_PRESSURE, status)))
    assert [interpretations(json.loads(resource.body)) for resource in resources[1:]] == [words, words]


def test_a_doubtful_saturation_is_marked() -> None:
    observation = main("oximetry-poor")
    assert interpretations(observation) == ["questionable"]
    assert {part["code"].get("text") for part in observation["component"]} >= {
        "poor-signal",
        "low-perfusion",
        "marginal-perfusion",
    }
    validated = json.loads(samples.resources(reading(samples.flagged(samples.OXIMETRY, Status.VALIDATED_DATA)))[1].body)
    assert interpretations(validated) == ["validated-data"]


def test_a_doubt_of_ours_is_marked() -> None:
    doubted = fhir.resources_of(SAMPLES["weight"], IDENTIFIER, "p17", "kiosk-1", RECEIVED, questionable=True)
    assert [interpretations(json.loads(one.body)) for one in doubted[1:]] == [["questionable"]] * 3


def test_an_early_estimate_is_preliminary() -> None:
    assert main("oximetry-early")["status"] == "preliminary"


def test_what_is_no_patients_is_marked_as_test_data() -> None:
    for name in SAMPLES:
        marks = [security(body) for body in bodies(name)]
        if name == "of-a-fake":
            assert len(marks) == 4
            assert marks == [["HTEST"]] * 4
        elif name in ("oximetry-demonstration", "glucose-control"):
            assert marks[1] == ["HTEST"]
        else:
            assert marks == [[]] * len(marks)


def test_kinds_that_are_no_measurement_by_themselves_are_not_sent() -> None:
    for kind in (Kind.CUFF_PRESSURE, Kind.BATTERY, Kind.GLUCOSE_CONTEXT):
        assert samples.resources(reading(Measurement(kind, {}, raw=b""))) == ()


def test_a_resource_comes_after_all_that_it_refers_to_and_the_pointers_fit() -> None:
    for name, one in SAMPLES.items():
        seen: set[str] = set()
        for resource in samples.resources(one):
            body = json.loads(resource.body)
            assert body["identifier"][0] == {"system": "urn:ietf:rfc:3986", "value": resource.identifier}, name
            assert body["resourceType"] == resource.resource_type
            for reference in resource.refers:
                found = body
                for step in reference.pointer.split("/")[1:]:
                    found = found[int(step)] if isinstance(found, list) else found[step]
                assert found["identifier"]["value"] == reference.identifier
                assert reference.identifier in seen
            assert resource.body.count(b'"type":"Device","identifier"') + resource.body.count(
                b'"type":"Observation","identifier"'
            ) == len(resource.refers)
            seen.add(resource.identifier)


# --- the desk's messages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", list(Withheld))
def test_the_desk_is_told_without_the_value(why: Withheld) -> None:
    message = desk_message(SAMPLES["blood-pressure"], why)
    body = json.loads(message.body)
    assert message.resource_type == "Communication"
    assert body["subject"] == {"reference": "Patient/p17"}
    assert body["sender"] == {"reference": "Device/kiosk-1"}
    assert body["reasonCode"] == [{"text": why.value}]
    text = body["payload"][0]["contentString"]
    assert "A&D Medical UA-651BLE" in text
    assert "31.07.2026 09:30" in text
    assert b"125" not in message.body


def test_each_reason_has_a_message_of_its_own_beside_the_reading() -> None:
    messages = {desk_message(SAMPLES["weight"], why).identifier for why in Withheld}
    assert len(messages | {IDENTIFIER}) == len(Withheld) + 1


# --- identity --------------------------------------------------------------------------------------------------------

STAMPED = SAMPLES["blood-pressure-clock-behind"]


def identity(**changes: object) -> str | None:
    return fhir.identity_of(msgspec.structs.replace(STAMPED, value=msgspec.structs.replace(STAMPED.value, **changes)))


def test_the_same_record_of_the_same_device_is_the_same_reading() -> None:
    first = fhir.identity_of(STAMPED)
    assert first is not None
    assert uuid.UUID(first).version == 5
    assert fhir.identity_of(msgspec.structs.replace(STAMPED, received=RECEIVED.replace(hour=12), clock=None)) == first
    lower = msgspec.structs.replace(DEVICE, address=DEVICE.address.lower())
    assert fhir.identity_of(msgspec.structs.replace(STAMPED, device=lower)) == first
    other = msgspec.structs.replace(DEVICE, address="66:77:88:99:AA:BB")
    different = {
        first,
        fhir.identity_of(msgspec.structs.replace(STAMPED, device=other)),
        identity(raw=b"\x00"),
        identity(user=1),
        identity(user=2),
        identity(kind=Kind.WEIGHT),
    }
    assert len(different) == 6


def test_without_time_and_sequence_there_is_no_derived_identity() -> None:
    assert fhir.identity_of(SAMPLES["blood-pressure"]) is None
    assert identity(device_time=None, raw_time=bytes(7)) is None
    assert identity(device_time=None, raw_time=bytes(7), sequence=3) is not None
    assert identity(device_time=None, raw_time=b"\xea\x07\x0d\x01\x00\x00\x00", time_fault=True) is not None


def test_an_identity_never_changes() -> None:
    """Homes remember these; the value was computed by the first release."""
    assert fhir.identity_of(STAMPED) == "urn:uuid:a21e73a8-0157-596b-add3-49a8196bb3b4"


# --- whatever comes ------------------------------------------------------------------------------------------------

quantities = st.builds(
    lambda mantissa, exponent, unit, reason: (
        Quantity(Decimal(mantissa).scaleb(exponent), unit) if reason is None else Quantity(None, unit, reason)
    ),
    st.integers(-(2**23), 2**23),
    st.integers(-8, 7),
    st.sampled_from(Unit),
    st.none() | st.sampled_from(SpecialValue),
)
measurements = st.builds(
    Measurement,
    kind=st.sampled_from(Kind),
    quantities=st.dictionaries(st.sampled_from(QuantityName), quantities),
    raw=st.binary(max_size=8),
    device_time=st.none() | st.datetimes(),
    time_fault=st.booleans(),
    status=st.lists(st.sampled_from(Status), max_size=6).map(tuple),
    details=st.dictionaries(st.sampled_from(Detail), st.text(min_size=1, max_size=12)),
    final=st.booleans(),
)


@given(measurements)
def test_any_measurement_gives_resources_with_a_value_or_a_reason_and_all_digits(measurement: Measurement) -> None:
    for resource in samples.resources(reading(measurement, clock=samples.CLOCK)):
        body = json.loads(resource.body, parse_float=Decimal)
        for part in (body, *body.get("component", [])):
            assert not ("valueQuantity" in part and "dataAbsentReason" in part)
            if "valueQuantity" in part and part["valueQuantity"]["code"] not in ("cm", "m"):
                sent = Decimal(part["valueQuantity"]["value"])
                assert any(one.value is not None and one.value == sent for one in measurement.quantities.values()), sent


# --- the decoders' words -----------------------------------------------------------------------------------------


def test_the_words_of_the_decoders_have_codes() -> None:
    without = {"body", "bedtime", "not-available"}
    words = {
        *SITES.values(),
        *SAMPLE_LOCATIONS.values(),
        *MEALS.values(),
        *TESTERS.values(),
        *HEALTH.values(),
        *CARBOHYDRATES.values(),
    }
    contexts = [answers for _, answers in fhir_codes.GLUCOSE_CONTEXT.values()]
    known = {word for table in (fhir_codes.TEMPERATURE_SITES, fhir_codes.CARBOHYDRATES, *contexts) for word in table}
    assert words - known == without
    general = fhir_codes.glucose(None, None).mdc
    assert general not in {fhir_codes.glucose(word, None).mdc for word in SAMPLE_TYPES.values()}
