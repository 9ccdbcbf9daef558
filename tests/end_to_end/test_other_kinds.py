"""The nurse asks for more than blood pressure: an oximeter delivers, a thermometer that is not there is told."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.demo import MODELS, on_stage
from kiosk.caredesk.kiosk_settings import KioskOptions
from kiosk.caredesk.scripted import HEIGHT, WIDTH, Visit, read_observations, reading_shown
from kiosk.caredesk.servers import PATIENT
from kiosk.caredesk.timeline_reader import TimelineReader
from kiosk.facts.measurement import MeasurementFault, MeasurementKind


def of_loinc(observations: list[dict[str, Any]], code: str) -> list[dict[str, Any]]:
    return [one for one in observations if any(each.get("code") == code for each in one["code"]["coding"])]


@pytest.mark.timeout(90)
async def test_oxygen_is_asked_for_and_delivered_and_a_missing_thermometer_is_told(tmp_path: Path) -> None:
    timeline_file = tmp_path / "timeline.jsonl"
    options = KioskOptions(models=MODELS, timeline_file=timeline_file, width=WIDTH, height=HEIGHT)
    nurse = ChromiumNurse()
    async with on_stage(options, virtual_screen=True) as stage:
        visit = Visit(stage, nurse, TimelineReader(timeline_file), tmp_path)
        try:
            await stage.start_kiosk(tmp_path / "kiosk.log")
            await visit.timeline.wait(
                "registration", after=0.0, limit=40, where=lambda details: details["state"] == "registered"
            )
            await visit.timeline.wait("media-ready", after=0.0, limit=30)
            await nurse.start(stage.desk.address, stage.desk.nurse_environment())
            await visit.talk()
            await oxygen_is_delivered(visit)
            await no_thermometer_is_told(visit)
        finally:
            await nurse.stop()


async def oxygen_is_delivered(visit: Visit) -> None:
    nurse = visit.nurse
    asked = time.monotonic()
    await nurse.ask(MeasurementKind.PULSE_OXIMETRY)
    await nurse.wait_task("accepted", 5)
    await nurse.wait_task("in-progress", 40, business_status="saved")
    await nurse.wait_task("completed", 20)
    reading = await nurse.wait_reading(10)
    await reading_shown(visit.timeline, asked)
    await visit.photograph("oxygen-measured")
    await nurse.screenshot(visit.folder / "nurse-oxygen.png")

    assert (reading.kind, reading.unit, reading.absent) == ("pulse-oximetry", "%", None)
    assert reading.test  # of a virtual oximeter
    observations = of_loinc(await read_observations(visit.stage.desk.fhir.base_url), "59408-5")
    assert [one["id"] for one in observations] == [reading.id]
    sent = observations[0]
    assert sent["subject"]["reference"] == f"Patient/{PATIENT}"
    assert sent["valueQuantity"]["code"] == "%"
    assert Decimal(str(sent["valueQuantity"]["value"])) == reading.value
    pulse = of_loinc(sent["component"], "8867-4")[0]["valueQuantity"]
    assert Decimal(str(pulse["value"])) == reading.pulse_rate
    assert await nurse.text("newest-kind") == "Oksygen"
    assert await nurse.text("newest-value") == f"{reading.value}"
    assert await nurse.text("newest-pulse") == f"{reading.pulse_rate}"
    assert "Testdata" in await nurse.text("newest-marks")
    assert (await nurse.text("task")).startswith("Oksygen: Målingen er mottatt.")


async def no_thermometer_is_told(visit: Visit) -> None:
    nurse = visit.nurse
    before = await read_observations(visit.stage.desk.fhir.base_url)
    await nurse.ask(MeasurementKind.TEMPERATURE)
    now = await nurse.wait_task("failed", 10)
    assert now.tasks[-1].reason == MeasurementFault.DEVICE_NOT_FOUND.value
    assert now.state == "talking"
    assert (await nurse.text("task")).startswith("Temperatur: Fant ingen måler.")
    assert await nurse.text("task-advice")
    assert await nurse.text("newest-kind") == "Oksygen"  # the last number stays, with its name
    assert await read_observations(visit.stage.desk.fhir.base_url) == before
    await nurse.screenshot(visit.folder / "nurse-no-thermometer.png")
    await visit.photograph("no-thermometer")
