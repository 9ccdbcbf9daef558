"""Reads the kiosk's timeline file while the kiosk writes it, and waits for what it tells; decides nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

_POLL_S = 0.02


class Entry(msgspec.Struct, frozen=True):
    """One line: ``at`` is CLOCK_MONOTONIC in seconds."""

    at: float
    event: str
    details: dict[str, Any]


class TimelineReader:
    """All entries of a file that may not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._rest = ""
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        """Everything that has been written by now, in the order of writing."""
        try:
            with self._path.open(encoding="utf-8") as file:
                file.seek(self._read)
                text = file.read()
                self._read = file.tell()
        except FileNotFoundError:
            return []
        lines = (self._rest + text).split("\n")
        self._rest = lines.pop()
        for line in lines:
            details = json.loads(line)
            self._entries.append(Entry(at=details.pop("at"), event=details.pop("event"), details=details))
        return self._entries

    async def wait(
        self, event: str, *, after: float, limit: float, where: Callable[[dict[str, Any]], bool] = lambda details: True
    ) -> Entry:
        """The first ``event`` not earlier than ``after`` (CLOCK_MONOTONIC). Raises TimeoutError after ``limit`` s."""
        try:
            async with asyncio.timeout(limit):
                while True:
                    for entry in self.entries():
                        if entry.event == event and entry.at >= after and where(entry.details):
                            return entry
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise TimeoutError(f"the kiosk's timeline did not tell of «{event}» within {limit:g} s") from error

    async def wait_phase(self, phase: str, *, after: float, limit: float) -> Entry:
        """The first change to ``phase`` (idle, ringing, connecting, talking, ended) not earlier than ``after``."""
        return await self.wait("phase", after=after, limit=limit, where=lambda details: details["phase"] == phase)

    def all(self, event: str, *, after: float = 0.0) -> list[Entry]:
        """Every ``event`` not earlier than ``after``."""
        return [entry for entry in self.entries() if entry.event == event and entry.at >= after]

    def phase(self) -> str:
        """The last phase that was told; idle at first."""
        phases = self.all("phase")
        return str(phases[-1].details["phase"]) if phases else "idle"
