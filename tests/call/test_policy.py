"""Who may ring, and what a nurse may ask."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.call.policy import ContactList, normal_identity
from kiosk.call.task import TaskError, TaskStatus, news, parse_request
from kiosk.facts.caller import Caller, CallerClass
from kiosk.facts.measurement import MeasurementKind

KARI = Caller("sip:kari@svar.example", "Kari Nordmann", "sykepleier", CallerClass.CARE)


@pytest.mark.parametrize(
    "uri",
    [
        "sip:kari@svar.example",
        "sip:kari@SVAR.example;transport=ws",
        "SIPS:kari@svar.example:5061",
        "sip:kari:password@svar.example?subject=x",
    ],
)
def test_the_same_identity_in_other_clothes(uri: str) -> None:
    assert ContactList([KARI]).caller(uri) == KARI


@pytest.mark.parametrize(
    "uri", [None, "", "tel:+4700000000", "sip:svar.example", "sip:Kari@svar.example", "sip:@", "x"]
)
def test_nobody_else_rings(uri: str | None) -> None:
    assert ContactList([KARI]).caller(uri) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_policy(uri: str) -> None:
    normal_identity(uri)
    ContactList([KARI]).caller(uri)


TASK = {
    "resourceType": "Task",
    "status": "requested",
    "intent": "order",
    "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:1"}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "for": {"reference": "Patient/p-1"},
}


def test_a_request_and_its_news() -> None:
    request = parse_request(msgspec.json.encode(TASK), "p-1")
    assert request.kind is MeasurementKind.BLOOD_PRESSURE
    told = msgspec.json.decode(news(request, TaskStatus.COMPLETED, observation="Observation/7", reason=None))
    assert told["status"] == "completed"
    assert told["identifier"] == TASK["identifier"]
    assert told["output"][0]["valueReference"] == {"reference": "Observation/7"}
    saved = msgspec.json.decode(news(request, TaskStatus.IN_PROGRESS, observation=None, reason=None))
    assert saved["businessStatus"] == {"text": "saved"}


@pytest.mark.parametrize(
    ("loinc", "kind"),
    [
        ("85354-9", MeasurementKind.BLOOD_PRESSURE),
        ("59408-5", MeasurementKind.PULSE_OXIMETRY),
        ("2708-6", MeasurementKind.PULSE_OXIMETRY),
        ("29463-7", MeasurementKind.WEIGHT),
        ("8310-5", MeasurementKind.TEMPERATURE),
        ("2339-0", MeasurementKind.GLUCOSE),
        ("15074-8", MeasurementKind.GLUCOSE),
        ("41653-7", MeasurementKind.GLUCOSE),
    ],
)
def test_every_kind_can_be_asked_for(loinc: str, kind: MeasurementKind) -> None:
    code = {"coding": [{"system": "http://loinc.org", "code": loinc}]}
    assert parse_request(msgspec.json.encode({**TASK, "code": code}), "p-1").kind is kind


@pytest.mark.parametrize(
    "change",
    [
        {"resourceType": "Patient"},
        {"status": "completed"},
        {"for": {"reference": "Patient/p-2"}},
        {"code": {"coding": [{"system": "http://loinc.org", "code": "1-1"}]}},
        {"code": 3},
        {"identifier": "x"},
    ],
)
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(TaskError):
        parse_request(msgspec.json.encode({**TASK, **change}), "p-1")


@given(st.binary(max_size=400))
def test_no_bytes_break_the_request(body: bytes) -> None:
    with pytest.raises(TaskError):
        parse_request(body, "p-1")


def test_an_oversize_request_is_refused() -> None:
    with pytest.raises(TaskError, match="too many"):
        parse_request(b" " * 20_000, "p-1")


def test_brackets_nested_by_the_thousand_are_refused_or_left_out() -> None:
    # How deep Python's own limit lies differs between its versions; what is kept must be shallow in any case.
    body = msgspec.json.encode(TASK)[:-1] + b',"x":' + b"[" * 7000 + b"]" * 7000 + b"}"
    try:
        request = parse_request(body, "p-1")
    except TaskError:
        return
    assert b"[[[" not in news(request, TaskStatus.ACCEPTED, observation=None, reason=None)
