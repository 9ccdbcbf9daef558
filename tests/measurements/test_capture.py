"""What is kept of one reading: its identity, its verdict, and what will be sent of it."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from drivers.readings import ClockCheck, Reading
from kiosk.measurements.capture import Captured, Sender, capture_of, desk_wording, recaptured, released
from kiosk.measurements.gate import Gate, Ownership
from kiosk.measurements.outbox_values import State
from kiosk.resources import assets
from tests.measurements.samples import CUFF, RECEIVED, reading, stamped

SENDER = Sender("kiosk-1", desk_wording((assets() / "phrases" / "nb.toml").read_text(encoding="utf-8")))
MINE = Ownership("p17")
TIMELESS = bytes.fromhex("146500410051003E000400")
NOW = RECEIVED.replace(tzinfo=None)


def captured(packet: bytes, ownership: Ownership = MINE, **more: object) -> Captured:
    """What is kept of a packet, received just now unless told otherwise."""
    one: Reading = msgspec.structs.replace(reading(packet, received=RECEIVED), **more)
    return capture_of(one, ownership, SENDER, information=None)


def subjects(one: Captured) -> set[str]:
    bodies = [msgspec.json.decode(resource.body) for resource in one.capture.resources]
    return {body["subject"]["reference"] for body in bodies if body["resourceType"] == "Observation"} - {None}


def test_the_identity_of_a_record_is_its_devices_bytes_and_not_when_it_came() -> None:
    first, again = captured(stamped(NOW)), captured(stamped(NOW), received=RECEIVED + timedelta(days=1))
    assert first.capture.reading_id == again.capture.reading_id
    elsewhere = captured(stamped(NOW), device=msgspec.structs.replace(CUFF, address="02:00:00:00:00:07"))
    assert elsewhere.capture.reading_id != first.capture.reading_id


def test_without_a_time_it_is_also_when_it_came() -> None:
    first = captured(TIMELESS)
    assert captured(TIMELESS).capture.reading_id == first.capture.reading_id
    later = captured(TIMELESS, received=RECEIVED + timedelta(seconds=1))
    assert later.capture.reading_id != first.capture.reading_id
    repeated = capture_of(later.reading, MINE, SENDER, information=None, repeated=first)
    assert repeated.capture.reading_id == first.capture.reading_id


@pytest.mark.parametrize(
    ("packet", "ownership", "gate"),
    [
        (bytes.fromhex("00FF07FF07FF07"), MINE, Gate.NO_VALUE),
        (bytes.fromhex("00E80378005A00"), MINE, Gate.IMPLAUSIBLE),
        (stamped(NOW), Ownership("p17", since=RECEIVED + timedelta(hours=1)), Gate.NOT_OURS),
        (stamped(NOW), Ownership("p17", users=2), Gate.OWNER_UNKNOWN),
        (stamped(NOW - timedelta(days=900)), MINE, Gate.TIME_UNKNOWN),
    ],
)
def test_only_what_passes_has_an_observation(packet: bytes, ownership: Ownership, gate: Gate) -> None:
    made = captured(packet, ownership)
    assert made.judged.gate is gate
    assert made.capture.state is not State.WAITING
    assert made.capture.reason == gate.value
    assert made.capture.traced is None
    assert all(resource.resource_type != "Observation" for resource in made.capture.resources)


def test_what_a_device_remembers_of_another_home_is_not_this_patients() -> None:
    since = Ownership("p17", since=RECEIVED - timedelta(minutes=10))
    clock = reading(stamped(NOW), received=RECEIVED)
    fresh = captured(stamped(NOW), since)
    assert fresh.capture.state is State.WAITING
    old = captured(stamped(NOW - timedelta(days=3)), since, clock=_agreeing(clock))
    assert (old.judged.gate, old.capture.state) == (Gate.NOT_OURS, State.DENIED)
    assert old.capture.resources == ()
    agreed_earlier = Ownership("p17", since=RECEIVED - timedelta(days=30))
    mine = captured(stamped(NOW - timedelta(days=3)), agreed_earlier, clock=_agreeing(clock))
    assert mine.capture.state is State.WAITING


def test_mine_is_the_patient_who_was_asked() -> None:
    asked = captured(stamped(NOW), Ownership("p17", users=2))
    assert asked.capture.state is State.HELD
    other = Ownership("p99", users=1)
    again = recaptured(asked.reading, asked.capture.reading_id, "p17", other, SENDER, None)
    assert (again.judged.gate, again.judged.patient) == (Gate.OWNER_UNKNOWN, "p17")
    for one in (asked, again):
        ready = released(one, SENDER)
        assert ready.capture.state is State.WAITING
        assert ready.capture.reading_id == asked.capture.reading_id
        assert "Patient/p17" in subjects(ready)
        assert "Patient/p99" not in subjects(ready)


def _agreeing(one: Reading) -> ClockCheck:
    return ClockCheck(one.received.replace(tzinfo=None), one.received)
