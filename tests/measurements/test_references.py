"""Literal references put into a resource at sending."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kiosk.measurements.references import with_literal_references
from tests.measurements.fhir_samples import SAMPLES, resources


def test_the_reference_is_added_and_nothing_else_changes() -> None:
    _, coincident, observation = resources(SAMPLES["blood-pressure-clock-behind"])
    pointers = {reference.pointer: str(number) for number, reference in enumerate(observation.refers)}
    sent = json.loads(with_literal_references(observation.body, pointers))
    kept = json.loads(observation.body)
    assert sent["device"].pop("reference") == "Device/0"
    assert sent["extension"][1]["valueReference"].pop("reference") == "Observation/1"
    assert sent == kept
    assert json.loads(with_literal_references(coincident.body, {"/subject": "a-1"}))["subject"]["reference"] == (
        "Device/a-1"
    )


def test_numbers_keep_their_digits() -> None:
    body = b'{"device":{"type":"Device"},"values":[36.40,84.000,1E-8,12345678901234567890.10]}'
    sent = with_literal_references(body, {"/device": "7"})
    assert sent == body.replace(b'"type":"Device"', b'"type":"Device","reference":"Device/7"')


def test_without_ids_the_body_is_sent_byte_for_byte() -> None:
    body = b'{ "a" : 1.50 }'
    assert with_literal_references(body, {}) is body


@given(st.text() | st.sampled_from(["/extension/9/valueReference", "/extension/x", "/status", "/", "/category/0"]))
def test_a_pointer_to_nowhere_changes_nothing(pointer: str) -> None:
    body = resources(SAMPLES["blood-pressure"])[1].body
    if pointer != "/device":
        assert json.loads(with_literal_references(body, {pointer: "1"})) == json.loads(body)
