"""What the nurse asks for and gets: every kind, every status and reason, every remark, in real Chromium."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk.call.task import TaskStatus, parse_request
from kiosk.caredesk.chromium_nurse import ChromiumNurse, Reading
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.measurements import fhir_codes
from tests.caredesk.browser_callee import BrowserCallee
from tests.caredesk.care_platform import blood_pressure, coded, flag, measured, observation, questionable
from tests.caredesk.nurse_stage import FHIR_JSON, Stage, talk

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

TIME = "2026-11-21T10:15:00+01:00"
PATIENT = "p-4711"
OXYGEN = ("2708-6", "59408-5")


async def asked_task(
    kari: ChromiumNurse, kiosk: BrowserCallee, kind: MeasurementKind = MeasurementKind.BLOOD_PRESSURE
) -> dict[str, Any]:
    """Press the button, in a call that begins if there is none; what the kiosk got."""
    if (await kari.state()).state != "talking":
        await talk(kari, kiosk)
    await kari.ask(kind)
    now = await kari.state()
    await kiosk.until_message(now.last_request or "")
    message = (await kiosk.messages())[-1]
    assert message["type"] == FHIR_JSON
    task: dict[str, Any] = msgspec.json.decode(message["body"])
    return task


async def tell(kiosk: BrowserCallee, task: dict[str, Any], status: TaskStatus, **more: Any) -> None:
    assert await kiosk.send(FHIR_JSON, json.dumps({**task, "status": status.value, **more})) == 200


async def complete(kiosk: BrowserCallee, task: dict[str, Any], identity: str) -> None:
    output = [{"type": {"text": "Observation"}, "valueReference": {"reference": f"Observation/{identity}"}}]
    await tell(kiosk, task, TaskStatus.COMPLETED, output=output)


async def deliver(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee, kind: MeasurementKind, *resources: dict[str, Any]
) -> Reading:
    """Ask for a kind; the first resource is what the completed Task points to. What the page shows then."""
    task = await asked_task(kari, kiosk, kind)
    shown = (await kari.state()).times.get("reading", 0.0)
    stage.care.observations[:] = resources
    await complete(kiosk, task, resources[0]["id"])
    return await kari.wait_reading(10, shown)


async def words(kari: ChromiumNurse, table: str) -> dict[str, Any]:
    found: dict[str, Any] = await kari.page.evaluate("async (table) => (await import('/words.js'))[table]", table)
    return found


async def test_every_kind_is_asked_for_so_that_the_kiosk_understands(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    names = await words(kari, "KIND_NAMES")
    for kind in MeasurementKind:
        task = await asked_task(kari, kiosk, kind)
        assert (task["resourceType"], task["status"], task["intent"]) == ("Task", "requested", "order")
        assert task["for"] == {"reference": f"Patient/{PATIENT}"}
        identity = {"system": "urn:ietf:rfc:3986", "value": (await kari.state()).last_request}
        assert task["identifier"] == [identity]
        assert parse_request(json.dumps(task).encode(), PATIENT).kind is kind
        assert await kari.text("task-kind") == f"{names[kind.value]}:"
        await kari.page.wait_for_function(
            "() => document.getElementById('task-text').textContent === 'Skjermen har fått forespørselen.'"
        )


async def test_a_blood_pressure_is_asked_for_and_shown(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee, tmp_path: Path
) -> None:
    task = await asked_task(kari, kiosk)
    assert task["code"]["coding"] == [{"system": "http://loinc.org", "code": "85354-9"}]
    await tell(kiosk, task, TaskStatus.ACCEPTED)
    await kari.wait_task("accepted", 5)
    assert await kari.text("task") == "Blodtrykk: Pasienten blir veiledet."
    saved = {**task, "status": "in-progress", "businessStatus": {"text": "saved"}}
    assert await kiosk.send(FHIR_JSON, json.dumps(saved), in_dialog=False) == 200
    await kari.wait_task("in-progress", 5, "saved")
    assert await kari.text("task-text") == "Målt, sendes …"

    stage.care.observations.append(blood_pressure("obs-1", 125, 80, 64, TIME))
    await complete(kiosk, task, "obs-1")
    reading = await kari.wait_reading(5)
    assert (reading.id, reading.kind) == ("obs-1", "blood-pressure")
    assert (reading.systolic, reading.diastolic, reading.pulse_rate) == (Decimal(125), Decimal(80), Decimal(64))
    assert (reading.unit, reading.doubtful, reading.preliminary, reading.test) == ("mm[Hg]", False, False, False)
    assert await kari.text("newest-value") == "125/80"
    assert await kari.text("newest-unit") == "mmHg"
    assert await kari.text("newest-pulse") == "64"
    assert await kari.text("task-text") == "Målingen er mottatt."
    await kari.page.wait_for_function("() => document.querySelectorAll('#readings tr').length === 1")
    local = datetime.fromisoformat(TIME).astimezone()
    assert f"{local:%H:%M}" in await kari.text("readings")
    assert f"{local:%H:%M}" in await kari.text("newest-time")
    await tell(kiosk, task, TaskStatus.ACCEPTED)  # news that was overtaken on its way
    await kari.page.wait_for_function("() => window.svar.tasks.length === 4")
    assert await kari.text("task-text") == "Målingen er mottatt."
    await kari.screenshot(tmp_path / "blood-pressure.png")


async def test_a_reading_named_only_by_its_identifier(stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    task = await asked_task(kari, kiosk)
    stage.care.observations.append(blood_pressure("obs-2", None, 80, 64, TIME))
    identifier = {"system": "urn:ietf:rfc:3986", "value": "urn:uuid:obs-2"}
    await tell(kiosk, task, TaskStatus.COMPLETED, output=[{"valueReference": {"identifier": identifier}}])
    reading = await kari.wait_reading(5)
    assert (reading.systolic, reading.value, reading.absent) == (None, None, "not-a-number")
    assert await kari.text("newest-value") == "–/80"
    assert await kari.text("newest-notes") == "Måleren ga ikke noe tall"
    assert "uten tall" in await kari.text("task-text")


async def test_every_other_kind_is_shown_with_its_digits_and_unit(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee
) -> None:
    for kind, code, value, unit, shown, shown_unit in (
        (MeasurementKind.WEIGHT, "29463-7", "72.50", "kg", "72,50", "kg"),
        (MeasurementKind.TEMPERATURE, "8310-5", "36.40", "Cel", "36,40", "°C"),
        (MeasurementKind.GLUCOSE, "14743-9", "5.6", "mmol/L", "5,6", "mmol/L"),
        (MeasurementKind.GLUCOSE, "2345-7", "101", "mg/dL", "101", "mg/dL"),
    ):
        sent = observation(f"obs-{code}", (code,), TIME, **measured(Decimal(value), unit))
        reading = await deliver(stage, kari, kiosk, kind, sent)
        assert (reading.kind, str(reading.value), reading.unit) == (kind.value, value, unit)
        assert (await kari.text("newest-value"), await kari.text("newest-unit")) == (shown, shown_unit)
        assert not await kari.page.is_visible("#newest-pulse-line")
        await kari.page.wait_for_function(
            "(text) => document.getElementById('readings').innerText.includes(text)", arg=f"{shown} {shown_unit}"
        )


async def test_oxygen_comes_with_its_pulse_its_doubts_and_its_marks(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee, tmp_path: Path
) -> None:
    oxygen = observation(
        "obs-4",
        OXYGEN,
        TIME,
        **measured(97, "%"),
        component=[{"code": coded("8867-4"), **measured(66, "/min")}, flag("low-perfusion"), flag("of-a-new-device")],
        interpretation=questionable(),
        meta={"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]},
    )
    older = blood_pressure("older", 131, 84, 71, "2026-11-20T09:00:00+01:00")
    preliminary = {**oxygen, "status": "preliminary"}
    reading = await deliver(stage, kari, kiosk, MeasurementKind.PULSE_OXIMETRY, preliminary, older)
    assert (reading.value, reading.unit, reading.pulse_rate) == (Decimal(97), "%", Decimal(66))
    assert (reading.doubtful, reading.preliminary, reading.test) == (True, True, True)
    assert reading.flags == ("low-perfusion", "of-a-new-device")
    assert await kari.text("newest-kind") == "Oksygen"
    assert (await kari.text("newest-marks")).split() == ["Testdata", "Usikker", "Foreløpig"]
    notes = await kari.text("newest-notes")
    assert "Svak sirkulasjon i fingeren" in notes
    assert "Merknad fra måleren: of-a-new-device" in notes
    assert "usikker" in await kari.text("task-text")
    await kari.page.wait_for_function("() => document.querySelectorAll('#readings tr').length === 2")
    rows = await kari.text("readings")
    assert "97 % test usikker foreløpig Svak sirkulasjon" in rows
    assert "131/84 mmHg" in rows
    await kari.screenshot(tmp_path / "oxygen.png")


async def test_a_value_beyond_the_range_is_said_in_words(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee
) -> None:
    for absent, said in (("positive-infinity", "Over måleområdet"), ("negative-infinity", "Under måleområdet")):
        glucose = observation(absent, ("14743-9",), TIME, **measured(None, "mmol/L", absent))
        reading = await deliver(stage, kari, kiosk, MeasurementKind.GLUCOSE, glucose)
        assert (reading.value, reading.absent) == (None, absent)
        assert await kari.text("newest-value") == "–"
        assert await kari.text("newest-notes") == said
        await kari.page.wait_for_function(
            "(text) => document.getElementById('task-advice').textContent === text", arg=f"{said}."
        )


async def test_a_weighing_barefoot_shows_the_weight_that_follows_it(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee
) -> None:
    fat = observation("fat", ("41982-0",), TIME, **measured(Decimal("24.1"), "%"))
    weight = observation("weight", ("29463-7",), TIME, **measured(Decimal("72.5"), "kg"))
    weight["derivedFrom"] = [{"type": "Observation", "reference": "Observation/fat"}]
    other = observation("earlier", ("29463-7",), TIME, **measured(Decimal("80.0"), "kg"))
    reading = await deliver(stage, kari, kiosk, MeasurementKind.WEIGHT, fat, other, weight)
    assert (reading.id, reading.kind, reading.value) == ("weight", "weight", Decimal("72.5"))


async def test_a_reading_of_somebody_else_is_not_shown(stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    task = await asked_task(kari, kiosk)
    other = blood_pressure("theirs", 199, 99, 99, TIME, subject={"reference": "Patient/someone-else"})
    stage.care.observations.append(other)
    await complete(kiosk, task, "theirs")
    await kari.page.wait_for_function("() => document.getElementById('task').dataset.tone === 'bad'")
    assert "ikke på denne pasienten" in await kari.text("task-text")
    assert (await kari.state()).last_observation is None
    assert "199" not in await kari.page.inner_text("body")


async def test_whose_it_is_is_waited_for_and_answered(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    task = await asked_task(kari, kiosk, MeasurementKind.WEIGHT)
    await tell(kiosk, task, TaskStatus.ON_HOLD, statusReason={"text": "owner-asked"})
    await kari.wait_task("on-hold", 5)
    assert await kari.text("task-text") == "Spørsmål om hvem målingen gjelder."
    assert await kari.page.get_attribute("#task", "data-tone") == "doubt"
    await tell(kiosk, task, TaskStatus.FAILED, statusReason={"text": "owner-denied"})
    now = await kari.wait_task("failed", 5)
    assert now.tasks[-1].reason == "owner-denied"
    assert await kari.text("task-text") == "Pasienten svarte at målingen gjelder noen andre."


async def test_another_kind_takes_the_place_and_the_older_reading_still_counts(
    stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee
) -> None:
    first = await asked_task(kari, kiosk, MeasurementKind.PULSE_OXIMETRY)
    second = await asked_task(kari, kiosk, MeasurementKind.TEMPERATURE)
    await tell(kiosk, second, TaskStatus.ACCEPTED)
    await kari.wait_task("accepted", 5)
    stage.care.observations.append(observation("late", OXYGEN, TIME, **measured(95, "%")))
    await complete(kiosk, first, "late")
    assert (await kari.wait_reading(5)).value == Decimal(95)
    assert await kari.text("task") == "Temperatur: Pasienten blir veiledet."


async def test_the_call_ends_before_the_reading(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    await asked_task(kari, kiosk)
    await kiosk.hang_up()
    await kari.wait_state("ended", 5)
    assert await kari.text("task-text") == "Samtalen er over før målingen kom."
    assert await kari.page.is_disabled("#ask-glucose")


async def test_every_reason_has_its_sentence_and_what_to_do(kari: ChromiumNurse) -> None:
    reasons = await words(kari, "REASONS")
    of_flow = {"owner-asked", "owner-denied", "owner-unanswered", "stopped", "replaced", "held"}
    assert {fault.value for fault in MeasurementFault} | of_flow <= reasons.keys()
    assert all(one["text"].endswith(".") for one in reasons.values())
    assert {name for name, one in reasons.items() if not one["advice"]} == {"replaced"}


async def test_every_mark_of_an_observation_has_its_words(kari: ChromiumNurse) -> None:
    flags = await words(kari, "FLAGS")
    sent = {status for _, bits in fhir_codes.STATUS_BITS.values() for status in bits} | fhir_codes.QUESTIONABLE
    assert {status.value for status in sent} <= flags.keys()
    absent = await words(kari, "ABSENT")
    reasons = {*fhir_codes.ABSENT_REASONS.values(), *fhir_codes.ABSENT_BY_STATUS.values(), "unknown"}
    assert reasons | set(fhir_codes.MISSING_BY_STATUS.values()) <= absent.keys()
    assert fhir_codes.TEMPERATURE_SITES.keys() <= (await words(kari, "SITES")).keys()


async def test_what_came_to_nothing_says_why_and_what_to_do(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    unknown = "Mansjetten ga ingen verdi."  # in words of another kiosk: told as it is
    for status, reason, text, advice in (
        (TaskStatus.FAILED, "device-not-found", "Fant ingen måler.", "Spør om pasienten har en slik måler"),
        (TaskStatus.FAILED, unknown, "Målingen ble ikke gjennomført.", unknown),
        (TaskStatus.REJECTED, None, "Skjermen tok ikke imot forespørselen.", "Bare de som er oppført som pleie"),
    ):
        task = await asked_task(kari, kiosk, MeasurementKind.TEMPERATURE)
        await tell(kiosk, task, status, **({} if reason is None else {"statusReason": {"text": reason}}))
        now = await kari.wait_task(status.value, 5)
        assert now.tasks[-1].reason == reason
        assert await kari.text("task-text") == text
        assert (await kari.text("task-advice")).startswith(advice)
        assert await kari.page.get_attribute("#task", "data-tone") == "bad"


async def test_what_is_shown_can_be_heard_and_reached(stage: Stage, kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    """Names for a screen reader, announcements, and the keyboard alone."""
    await talk(kari, kiosk)
    for name in ("blodtrykk", "oksygen", "vekt", "temperatur", "blodsukker"):
        assert (
            await kari.page.get_by_role("group", name="Be om").get_by_role("button", name=f"Be om {name}").count() == 1
        )
    assert await kari.page.get_by_role("status").filter(has_text="Ingen måling er bedt om.").count() == 1
    assert await kari.page.get_attribute("div:has(> #newest)", "aria-live") == "polite"
    await kari.page.focus("#ask-blood-pressure")
    await kari.page.keyboard.press("Tab")
    await kari.page.keyboard.press("Enter")
    assert await kari.text("task-kind") == "Oksygen:"
