"""Sending: each reading arrives once, whatever server and line do. Against sekmet-fhir and a difficult server."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.caredesk.fhir_server import FhirServer
from kiosk.facts.faults import Fault
from kiosk.measurements import retry
from kiosk.measurements.outbox import Counts, Outbox
from kiosk.measurements.uploader import Uploader
from kiosk.measurements.wall_clock import WallClock
from tests.measurements.conftest import free_port
from tests.measurements.faulty_server import FaultyServer, commit_and_hang, hang, lose_the_answer, self_signed, status
from tests.measurements.samples import Heard, capture, on_server, until
from tests.measurements.uploading import kept, running

UNREACHABLE, REFUSES = Fault.CARE_PLATFORM_UNREACHABLE, Fault.CARE_PLATFORM_REFUSES


async def test_a_reading_lands_on_a_real_server(fhir_server: FhirServer, outbox: Outbox) -> None:
    one = capture()
    outbox.keep(one)
    async with running(outbox, fhir_server.base_url) as (_, heard):
        await until(lambda: bool(heard.arrived))
    (observation,) = await on_server(fhir_server.base_url, one.reading_id)
    assert heard.arrived == [(one.reading_id, observation["id"])]
    assert observation["subject"]["reference"] == "Patient/p17"
    assert [part["valueQuantity"]["value"] for part in observation["component"]] == [103, 63, 77, 64]
    assert outbox.counts() == Counts(delivered=1)
    assert heard.faults == []


async def test_sent_again_it_is_there_once(fhir_server: FhirServer, outbox: Outbox, tmp_path: Path) -> None:
    one = capture()
    outbox.keep(one)
    async with running(outbox, fhir_server.base_url) as (_, first):
        await until(lambda: bool(first.arrived))
    restored = Outbox.open(tmp_path / "restored.sqlite")
    restored.keep(one)
    async with running(restored, fhir_server.base_url) as (_, second):
        await until(lambda: bool(second.arrived))
    restored.close()
    assert second.arrived == first.arrived
    assert len(await on_server(fhir_server.base_url, one.reading_id)) == 1


async def test_kill_9_between_save_and_send(fhir_server: FhirServer, tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    reading_id = await asyncio.to_thread(_save_and_be_killed, path)
    assert await on_server(fhir_server.base_url, reading_id) == []
    for _ in range(2):
        await asyncio.to_thread(_victim, "send", str(path), fhir_server.base_url)
    (observation,) = await on_server(fhir_server.base_url, reading_id)
    assert observation["meta"]["security"][0]["code"] == "HTEST"
    assert [part["valueQuantity"]["value"] for part in observation["component"]] == [125, 80, 102, 64]


async def test_kill_9_after_the_server_has_it_and_before_we_know(faulty: FaultyServer, tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    reading_id = await asyncio.to_thread(_save_and_be_killed, path)
    faulty.tricks = [commit_and_hang]
    sender = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.measurements.victim", "send", str(path), faulty.base_url
    )
    await until(lambda: reading_id in faulty.store)
    sender.kill()
    await sender.wait()
    await asyncio.to_thread(_victim, "send", str(path), faulty.base_url)
    assert (list(faulty.store), faulty.posts) == ([reading_id], [reading_id, reading_id])


def _save_and_be_killed(path: Path) -> str:
    command = [sys.executable, "-m", "tests.measurements.victim", "measure", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        reading_id = victim.stdout.readline().strip()
        victim.send_signal(signal.SIGKILL)
    assert reading_id.startswith("urn:uuid:")
    return reading_id


def _victim(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "tests.measurements.victim", *arguments], check=True, timeout=50)


async def test_server_down_then_up_then_down_then_up(outbox: Outbox, tmp_path: Path) -> None:
    server = FhirServer(tmp_path / "fhir", free_port())
    first, second = capture(), capture()
    outbox.keep(first)
    try:
        async with running(outbox, server.base_url) as (uploader, heard):
            await until(lambda: heard.faults == [UNREACHABLE])
            assert outbox.counts().waiting == 1
            await server.start()
            await until(lambda: len(heard.arrived) == 1)
            await until(lambda: heard.faults == [UNREACHABLE, None])
            await server.stop()
            outbox.keep(second)
            uploader.wake()
            await until(lambda: heard.faults[-1] is UNREACHABLE)
            await server.start()
            await until(lambda: len(heard.arrived) == 2)
            for one in (first, second):
                assert len(await on_server(server.base_url, one.reading_id)) == 1
    finally:
        await server.stop()


async def test_a_lost_answer_does_not_double(faulty: FaultyServer, outbox: Outbox) -> None:
    outbox.keep(capture())
    faulty.tricks = [lose_the_answer, lose_the_answer]
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: heard.faults == [UNREACHABLE, None])
    assert (len(faulty.store), len(faulty.posts), len(heard.arrived)) == (1, 3, 1)


async def test_a_late_answer_does_not_double(faulty: FaultyServer, outbox: Outbox) -> None:
    outbox.keep(capture())
    faulty.tricks = [commit_and_hang, hang]
    async with running(outbox, faulty.base_url, request_s=0.2) as (_, heard):
        await until(lambda: bool(heard.arrived))
    assert (len(faulty.store), len(faulty.posts)) == (1, 3)


@pytest.mark.parametrize("code", [400, 412, 422])
async def test_what_the_server_will_never_take_is_held_and_the_rest_goes_on(
    faulty: FaultyServer, outbox: Outbox, code: int
) -> None:
    first, second, third = capture(), capture(), capture()
    for one in (first, second, third):
        outbox.keep(one)
    faulty.tricks = [None, status(code)]
    async with running(outbox, faulty.base_url) as (uploader, heard):
        await until(lambda: len(heard.arrived) == 2)
        uploader.wake()
        await asyncio.sleep(0.1)
    assert heard.refused == [second.reading_id]
    assert list(faulty.store) == [first.reading_id, third.reading_id]
    assert outbox.counts() == Counts(delivered=2, held=1)
    (entry,) = [entry for entry in outbox.entries() if entry.reason is not None]
    assert (entry.reading_id, entry.reason) == (second.reading_id, f"HTTP {code}")
    assert faulty.posts.count(second.reading_id) == 1
    assert heard.faults == []


@pytest.mark.parametrize("code", [401, 403, 404, 302])
async def test_a_server_that_refuses_us_stops_the_queue_and_loses_nothing(
    faulty: FaultyServer, outbox: Outbox, code: int
) -> None:
    order = [capture() for _ in range(3)]
    for one in order:
        outbox.keep(one)
    faulty.tricks = [status(code, Location="https://example.org/")]
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: len(heard.arrived) == 3)
        assert heard.faults[0] is REFUSES
        await until(lambda: heard.faults == [REFUSES, None])
    assert faulty.posts == [order[0].reading_id, *(one.reading_id for one in order)]


async def test_a_reading_that_the_server_falls_over_once_is_not_overtaken_by_the_patients_later_ones(
    faulty: FaultyServer, outbox: Outbox
) -> None:
    first, second, other, third = kept(outbox, "p17", "p17", "p18", "p17")
    faulty.tricks = [status(500)]
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: len(heard.arrived) == 4)
        await until(lambda: heard.faults == [UNREACHABLE, None])
    assert [reading_id for reading_id, _ in heard.arrived] == [other, first, second, third]


async def test_one_reading_that_always_makes_the_server_fall_does_not_block_the_others(
    faulty: FaultyServer, outbox: Outbox
) -> None:
    first, second, third = kept(outbox, "p17", "p17", "p17")
    faulty.tricks = [status(500)] * retry.OVERTAKEN_AFTER
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: len(heard.arrived) == 3)
    assert [reading_id for reading_id, _ in heard.arrived] == [second, third, first]


async def test_an_outage_keeps_the_order(faulty: FaultyServer, outbox: Outbox) -> None:
    order = kept(outbox, *["p17"] * 4)
    faulty.tricks = [None, status(503), lose_the_answer, status(429), None]
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: len(heard.arrived) == 4)
    assert [reading_id for reading_id, _ in heard.arrived] == order
    assert list(faulty.store) == order


async def test_retry_after_is_obeyed_even_when_woken(faulty: FaultyServer, outbox: Outbox) -> None:
    outbox.keep(capture())
    faulty.tricks = [status(503, Retry_After="1")]
    async with running(outbox, faulty.base_url) as (uploader, heard):
        await until(lambda: bool(heard.faults))
        uploader.wake()
        await until(lambda: bool(heard.arrived))
    first, second = faulty.posted_at
    assert second - first >= 1.0


@pytest.mark.parametrize(
    "body",
    [b"<html>Welcome to the hotel</html>", b"", b"[]", b'{"resourceType":"Patient","id":"1"}', b"\xff" * 2_000_000],
)
async def test_a_200_without_an_observation_is_no_delivery(faulty: FaultyServer, outbox: Outbox, body: bytes) -> None:
    outbox.keep(capture())
    faulty.tricks = [status(200, body)]
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: bool(heard.faults))
        assert heard.faults == [REFUSES]
        assert outbox.counts().waiting == 1
        await until(lambda: bool(heard.arrived))
    assert len(faulty.store) == 1


async def test_an_answer_without_a_body_names_the_observation_in_location(faulty: FaultyServer, outbox: Outbox) -> None:
    outbox.keep(capture())
    faulty.tricks = [status(201, Location="http://127.0.0.1/fhir/Observation/abc-1/_history/1")]
    async with running(outbox, faulty.base_url) as (_, heard):
        await until(lambda: bool(heard.arrived))
    assert heard.arrived[0][1] == "abc-1"


async def test_one_at_a_time_in_order_and_woken_at_once(faulty: FaultyServer, outbox: Outbox) -> None:
    async with running(outbox, faulty.base_url) as (uploader, heard):
        order = [capture() for _ in range(60)]
        for one in order:
            outbox.keep(one)
            uploader.wake()
        await until(lambda: len(heard.arrived) == len(order))
    assert faulty.posts == [one.reading_id for one in order]
    assert faulty.at_once == 1


async def test_a_failing_database_is_told_and_sending_goes_on_later(
    faulty: FaultyServer, outbox: Outbox, tmp_path: Path
) -> None:
    outbox.keep(capture())
    connection = sqlite3.connect(tmp_path / "outbox.sqlite", isolation_level=None)
    connection.execute("ALTER TABLE item RENAME TO elsewhere")
    async with running(outbox, faulty.base_url) as (uploader, heard):
        await until(lambda: heard.faults == [Fault.STORAGE_FAILED])
        connection.execute("ALTER TABLE elsewhere RENAME TO item")
        connection.close()
        uploader.wake()
        await until(lambda: heard.faults == [Fault.STORAGE_FAILED, None])
    assert (len(faulty.store), len(heard.arrived)) == (1, 1)


async def test_our_own_certificate_authority(outbox: Outbox, tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    server = FaultyServer()
    await server.start(tls=self_signed(authority))
    outbox.keep(capture())
    try:
        async with running(outbox, server.base_url) as (_, heard):
            await until(lambda: heard.faults == [UNREACHABLE])
        assert server.posts == []
        async with running(outbox, server.base_url, authority=authority) as (_, heard):
            await until(lambda: bool(heard.arrived))
    finally:
        await server.stop()


async def test_a_certificate_authority_that_cannot_be_read(
    faulty: FaultyServer, outbox: Outbox, tmp_path: Path
) -> None:
    authority = tmp_path / "ca.pem"
    outbox.keep(capture())
    async with running(outbox, faulty.base_url, authority=authority) as (uploader, heard):
        await until(lambda: heard.faults == [REFUSES])
        self_signed(authority)
        uploader.wake()
        await until(lambda: bool(heard.arrived))
        await until(lambda: heard.faults == [REFUSES, None])


@pytest.mark.parametrize(
    "url", ["http://fhir.example.org/fhir", "ftp://127.0.0.1/fhir", "127.0.0.1/fhir", "https:///fhir", ""]
)
def test_plain_text_leaves_this_machine_never(outbox: Outbox, url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Uploader(outbox, url, Heard(), WallClock())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/fhir", "http://localhost/fhir", "http://[::1]/fhir", "https://a/b"]
)
def test_allowed_addresses(outbox: Outbox, url: str) -> None:
    Uploader(outbox, url, Heard(), WallClock())
