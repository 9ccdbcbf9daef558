"""A real FHIR R4 server (sekmet-fhir) on loopback for the demonstration and the tests; never part of a kiosk.

It runs as a process of its own in our virtual environment, with its database in a directory that the caller owns.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import signal
import sys
import time
from pathlib import Path

import aiohttp

START_S = 30.0
STOP_S = 5.0


class FhirServerError(Exception):
    """The server did not start or did not take a resource; the text says why and where its log is."""


class FhirServer:
    """``start()``, then ``base_url`` answers until ``stop()``. The database in ``directory`` outlives the process.

    ``access``: what else stands in the server's settings (YAML), such as who may do what; empty: everybody everything.
    """

    def __init__(self, directory: Path, port: int, *, access: str = "") -> None:
        self._directory = directory
        self._port = port
        self._access = access
        self._process: asyncio.subprocess.Process | None = None
        self.base_url = f"http://127.0.0.1:{port}/fhir"

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self._directory / "fhir-server.log"

    async def start(self) -> None:
        """Start and wait until it answers. Raises FhirServerError when it does not within 30 s."""
        self._configure()
        # Its default address is 0.0.0.0; readings of a demonstration have no business on the network either.
        command = "import sys; from sekmet.cli import app; sys.exit(app())"
        arguments = ["serve", "--config", "settings.yaml", "--host", "127.0.0.1", "--port", str(self._port)]
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                command,
                *arguments,
                cwd=self._directory,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        try:
            await self._answers()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the process, by force if it does not go by itself. May be called twice."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def put(self, resource: dict[str, object]) -> None:
        """Create or replace a resource that has an ``id``: the Patient and the Device that readings refer to."""
        url = f"{self.base_url}/{resource['resourceType']}/{resource['id']}"
        headers = {"Content-Type": "application/fhir+json"}
        async with aiohttp.ClientSession() as session, session.put(url, json=resource, headers=headers) as response:
            if response.status not in (200, 201):
                raise FhirServerError(f"PUT {url}: HTTP {response.status}: {(await response.text())[:500]}")

    def _configure(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / "settings.yaml").write_text(
            f"base_url: {self.base_url}\nhost: 127.0.0.1\nport: {self._port}\ndata_dir: data\n"
            f"simulator:\n  enabled: false\n{self._access}",
            encoding="utf-8",
        )

    async def _answers(self) -> None:
        deadline = time.monotonic() + START_S
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while time.monotonic() < deadline:
                if self._process is None or self._process.returncode is not None:
                    raise FhirServerError(f"the FHIR server ended at once; see {self.log}")
                try:
                    async with session.get(f"{self.base_url}/metadata") as response:
                        if response.status == 200:
                            return
                except (aiohttp.ClientError, TimeoutError):
                    pass
                await asyncio.sleep(0.1)
        raise FhirServerError(f"the FHIR server did not answer within {START_S:.0f} s; see {self.log}")


def _die_with_parent() -> None:
    """In the child, before exec: Linux ends it when we are killed, so that no server is left behind."""
    parent_death_signal = 1
    ctypes.CDLL(None, use_errno=True).prctl(parent_death_signal, signal.SIGTERM)
