"""Readings and captures for the tests, and what reads the server back."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import aiohttp
import msgspec

from drivers.decoders.blood_pressure import decode_blood_pressure
from drivers.decoders.date_time import encode_date_time
from drivers.readings import ClockCheck, DeviceIdentity, Reading
from kiosk.facts.faults import Fault
from kiosk.measurements import fhir
from kiosk.measurements.curves import point_of
from kiosk.measurements.gate import Ownership, judge
from kiosk.measurements.outbox import Capture, State

OSLO_SUMMER = timezone(timedelta(hours=2))
RECEIVED = datetime(2026, 7, 31, 9, 30, 0, tzinfo=OSLO_SUMMER)
CUFF = DeviceIdentity(model="UA-651BLE", manufacturer="A&D Medical", address="00:11:22:33:44:55")

# github.com/HEADS-project/ThingML-BLE: a real packet, with its time; h2Sync: real packets without a time.
WITH_TIME = bytes.fromhex("167D0050006600E10701100C273640000000")
WITHOUT_TIME = bytes.fromhex("146700 3F004D0040000000".replace(" ", ""))
IRREGULAR = bytes.fromhex("146500410051003E000400")
FAILED = bytes.fromhex("16FF07FF07FF07E107010E162C04FF070000")


def stamped(shown: datetime, packet: bytes = WITH_TIME) -> bytes:
    """A captured packet with another time in it."""
    return packet[:7] + encode_date_time(shown) + packet[14:]


def reading(
    packet: bytes = WITHOUT_TIME,
    *,
    received: datetime = RECEIVED,
    clock: ClockCheck | None = None,
    device: DeviceIdentity = CUFF,
) -> Reading:
    return Reading(value=decode_blood_pressure(packet), device=device, received=received, clock=clock)


def capture(
    of: Reading | None = None, reading_id: str | None = None, *, whole: bool = False, patient: str = "p17"
) -> Capture:
    """What the collector would keep of a reading that may be sent: its Observation, or (``whole``) all resources."""
    one = of if of is not None else reading()
    identifier = reading_id if reading_id is not None else uuid.uuid4().urn
    effective = judge(one, Ownership(patient)).effective
    assert effective is not None
    resources = fhir.resources_of(one, identifier, patient, "kiosk-1", effective)
    return Capture(
        reading_id=identifier,
        patient=patient,
        captured_at=one.received,
        reading=msgspec.json.encode(one),
        state=State.WAITING,
        resources=tuple(part for part in resources if whole or part.identifier == identifier),
        traced=point_of(one.value, effective),
    )


def put_aside(state: State, reason: str, of: Reading | None = None, reading_id: str | None = None) -> Capture:
    """What the collector would keep of a reading that is not sent."""
    one = capture(of, reading_id)
    return msgspec.structs.replace(one, state=state, reason=reason, resources=(), traced=None)


class Heard:
    """An UploadListener that remembers."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self.faults: list[Fault | None] = []

    def delivered(self, reading_id: str, server_id: str) -> None:
        self.arrived.append((reading_id, server_id))

    def held(self, reading_id: str) -> None:
        self.refused.append(reading_id)

    def trouble(self, fault: Fault | None) -> None:
        self.faults.append(fault)


async def until(condition: Callable[[], bool], limit_s: float = 15.0) -> None:
    """Wait for something to become true; TimeoutError if it does not."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true")
        await asyncio.sleep(0.02)


async def on_server(base_url: str, identifier: str) -> list[dict[str, Any]]:
    """The Observations with this identifier, as the server gives them back."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            f"{base_url}/Observation", params={"identifier": f"{fhir.IDENTIFIER_SYSTEM}|{identifier}"}
        ) as response,
    ):
        assert response.status == 200
        bundle = await response.json(content_type=None)
    return [entry["resource"] for entry in bundle.get("entry", [])]
