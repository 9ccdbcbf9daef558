"""A real FHIR server (sekmet-fhir) for the tests that send, an outbox in a directory of its own, free ports."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from kiosk.caredesk.fhir_server import FhirServer
from kiosk.measurements.outbox import Outbox
from tests.measurements.faulty_server import FaultyServer


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fhir_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FhirServer]:
    """One server for all tests of this folder; each test uses readings of its own."""
    server = FhirServer(tmp_path_factory.mktemp("fhir"), free_port())
    await server.start()
    try:
        await server.put({"resourceType": "Patient", "id": "p17"})
        await server.put({"resourceType": "Device", "id": "cuff-1"})
        yield server
    finally:
        await server.stop()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox."""
    box = Outbox.open(tmp_path / "outbox.sqlite")
    yield box
    box.close()


@pytest_asyncio.fixture
async def faulty() -> AsyncIterator[FaultyServer]:
    """A server that can be difficult."""
    server = FaultyServer()
    await server.start()
    yield server
    await server.stop()
