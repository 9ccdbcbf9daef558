"""One real FHIR server for the tests of devices; the private bus of the radio's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kiosk.caredesk.fhir_server import FhirServer
from tests.drivers.ble.conftest import bleak_ends, world
from tests.measurements.conftest import free_port

__all__ = ["bleak_ends", "fhir_server", "world"]

PATIENTS = ("p-cuff", "p-oximeter")
"""One for each test that sends."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fhir_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FhirServer]:
    """It knows the patients and the kiosk."""
    server = FhirServer(tmp_path_factory.mktemp("fhir"), free_port())
    await server.start()
    try:
        for patient in PATIENTS:
            await server.put({"resourceType": "Patient", "id": patient})
        await server.put({"resourceType": "Device", "id": "kiosk-1"})
        yield server
    finally:
        await server.stop()
