"""The demonstration's FHIR server: on loopback only, gone when it is stopped and when its owner is killed."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.caredesk.fhir_server import FhirServer, FhirServerError
from tests.measurements.conftest import free_port
from tests.measurements.samples import until

_OWNER = """
import asyncio, sys
from pathlib import Path
from kiosk.caredesk.fhir_server import FhirServer

async def main():
    await FhirServer(Path(sys.argv[1]), int(sys.argv[2])).start()
    print("up", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def listens(host: str, port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


async def test_it_keeps_what_it_has_over_a_restart_and_is_gone_when_stopped(tmp_path: Path) -> None:
    port = free_port()
    server = FhirServer(tmp_path, port)
    await server.start()
    try:
        await server.put({"resourceType": "Patient", "id": "p17"})
        with pytest.raises(FhirServerError, match="Nonsense"):
            await server.put({"resourceType": "Nonsense", "id": "1"})
    finally:
        await server.stop()
    assert not listens("127.0.0.1", port)
    await server.stop()


async def test_it_goes_when_its_owner_is_killed(tmp_path: Path) -> None:
    port = free_port()
    owner = await asyncio.to_thread(_owner, tmp_path, port)
    try:
        assert listens("127.0.0.1", port)
    finally:
        owner.kill()
        await asyncio.to_thread(owner.communicate)
    await until(lambda: not listens("127.0.0.1", port))


def _owner(directory: Path, port: int) -> subprocess.Popen[str]:
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(directory), str(port)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "up\n"
    return owner


async def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(FhirServerError, match=r"fhir-server\.log"):
            await FhirServer(tmp_path, taken.getsockname()[1]).start()
