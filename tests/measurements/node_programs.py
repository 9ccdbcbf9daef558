"""Runs the small Node programs of tests/measurements/validators: two FHIR validators and Medplum's router."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

FOLDER = Path(__file__).parent / "validators"
NODE = Path(sys.prefix) / "bin" / "node"

START_S = 30.0


class Verdict(msgspec.Struct, frozen=True):
    """The errors that each validator found; empty is valid."""

    medplum: tuple[str, ...]
    fhir: tuple[str, ...]


def judge(resources: Iterable[bytes]) -> list[Verdict]:
    """What @medplum/core and npm's fhir say of each resource (JSON). Raises CalledProcessError when they cannot run."""
    lines = b"".join(json.dumps(json.loads(resource)).encode() + b"\n" for resource in resources)
    finished = subprocess.run(
        [NODE, "validate.mjs"], cwd=FOLDER, input=lines, stdout=subprocess.PIPE, check=True, timeout=50
    )
    return [msgspec.json.decode(line, type=Verdict) for line in finished.stdout.splitlines()]


class MedplumServer:
    """Medplum's FHIR router on loopback: ``start()``, then ``base_url`` answers until ``stop()``."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self.base_url = ""

    async def start(self) -> None:
        arguments: Sequence[Path | str] = (NODE, "fhir_server.mjs")
        self._process = await asyncio.create_subprocess_exec(
            *arguments, cwd=FOLDER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            port = int(await self._process.stdout.readline())
        self.base_url = f"http://127.0.0.1:{port}/fhir"

    async def stop(self) -> None:
        """Its standard input ends, and with it the program."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        async with asyncio.timeout(10):
            await process.wait()
