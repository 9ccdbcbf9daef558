"""Sending what belongs together: devices and clocks before readings, literal references, tokens."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest

from drivers.readings import ClockCheck
from kiosk.facts.faults import Fault
from kiosk.measurements.outbox import Capture, Outbox
from kiosk.measurements.token import TokenError, TokenReason
from tests.measurements.faulty_server import FaultyServer, status
from tests.measurements.samples import RECEIVED, capture, reading, stamped, until
from tests.measurements.uploading import kept, running

SHOWN = RECEIVED.replace(tzinfo=None)
UNREACHABLE, REFUSES = Fault.CARE_PLATFORM_UNREACHABLE, Fault.CARE_PLATFORM_REFUSES


CLOCK = ClockCheck(device_time=SHOWN + timedelta(minutes=3), host_time=RECEIVED)


def whole_reading() -> Capture:
    """A reading with its device, its coincident time, and its status bits."""
    return capture(reading(stamped(SHOWN), clock=CLOCK), whole=True)


async def test_all_that_belongs_to_a_reading_arrives_with_literal_references(
    faulty: FaultyServer, outbox: Outbox
) -> None:
    one = whole_reading()
    outbox.keep(one)
    async with running(outbox, faulty.base_url):
        await until(lambda: len(faulty.store) == len(one.resources))
    assert faulty.posts == [resource.identifier for resource in one.resources]
    device, coincident, observation = faulty.store.values()
    assert [stored["resourceType"] for stored in faulty.store.values()] == ["Device", "Observation", "Observation"]
    assert coincident["subject"]["reference"] == f"Device/{device['id']}"
    assert observation["device"]["reference"] == f"Device/{device['id']}"
    assert observation["extension"][1]["valueReference"]["reference"] == f"Observation/{coincident['id']}"


async def test_a_refused_device_holds_back_no_reading(faulty: FaultyServer, outbox: Outbox) -> None:
    one = whole_reading()
    outbox.keep(one)
    faulty.tricks = [status(422), status(400)]
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: bool(heard.arrived))
    assert heard.refused == [resource.identifier for resource in one.resources[:2]]
    (observation,) = faulty.store.values()
    assert "reference" not in observation["device"]
    assert observation["device"]["identifier"]["value"] == one.resources[0].identifier


async def test_the_device_of_two_readings_is_sent_once(faulty: FaultyServer, outbox: Outbox) -> None:
    readings = [capture(reading(stamped(SHOWN + timedelta(seconds=n)), clock=CLOCK), whole=True) for n in range(2)]
    for one in readings:
        outbox.keep(one)
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: len(heard.arrived) == 4)
    types = [stored["resourceType"] for stored in faulty.store.values()]
    assert types == ["Device", "Observation", "Observation", "Observation"]
    assert len({stored["device"]["reference"] for stored in list(faulty.store.values())[2:]}) == 1


# --- tokens ------------------------------------------------------------------------------------------------------


class Tokens:
    """A TokenSource with a stack of answers; the last one stays."""

    def __init__(self, *answers: str | TokenError) -> None:
        self._answers = list(answers)
        self.refused: list[str] = []

    async def token(self, _: aiohttp.ClientSession) -> str:
        answer = self._answers[0]
        if isinstance(answer, TokenError):
            if len(self._answers) > 1:
                del self._answers[0]
            raise answer
        return answer

    def refuse(self, token: str) -> None:
        self.refused.append(token)
        if len(self._answers) > 1:
            del self._answers[0]


async def test_a_token_is_shown_and_a_withdrawn_one_renewed_once(faulty: FaultyServer, outbox: Outbox) -> None:
    faulty.tokens = {"new"}
    tokens = Tokens("old", "new")
    order = kept(outbox, "p17", "p17")
    async with running(outbox, faulty.base_url, tokens=tokens) as (_, heard):
        await until(lambda: len(heard.arrived) == 2)
    assert heard.faults == []
    assert tokens.refused == ["old"]
    assert faulty.shown == ["Bearer old", "Bearer new", "Bearer new"]
    assert list(faulty.store) == order


async def test_a_server_that_takes_no_token_is_told_and_nothing_is_lost(faulty: FaultyServer, outbox: Outbox) -> None:
    faulty.tokens = set()
    tokens = Tokens("old", "new")
    kept(outbox, "p17", "p17")
    async with running(outbox, faulty.base_url, tokens=tokens) as (uploader, heard):
        await until(lambda: heard.faults == [REFUSES])
        assert len(faulty.posts) == 2
        assert outbox.counts().waiting == 2
        faulty.tokens = {"new"}
        uploader.wake()
        await until(lambda: heard.faults == [REFUSES, None])
    assert len(faulty.store) == 2


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        (TokenReason.UNREACHABLE, UNREACHABLE),
        (TokenReason.REFUSED, REFUSES),
        (TokenReason.KEY_UNUSABLE, REFUSES),
        (TokenReason.NOT_UNDERSTOOD, REFUSES),
    ],
)
async def test_without_a_token_nothing_is_sent_and_nothing_lost(
    faulty: FaultyServer, outbox: Outbox, reason: TokenReason, fault: Fault
) -> None:
    tokens = Tokens(TokenError(reason), "new")
    kept(outbox, "p17")
    async with running(outbox, faulty.base_url, tokens=tokens) as (_, heard):
        await until(lambda: heard.faults == [fault, None])
    assert faulty.shown == ["Bearer new"]
