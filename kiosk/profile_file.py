"""The profile that was chosen for this patient: a small file beside the outbox, written whole, read at the start.

The settings say what installation begins with; this file what has come of it. It names whose it is: the consents of
one patient are never another's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path

import msgspec

from kiosk.facts.choosing import Choosing
from kiosk.facts.profile import Profile

_log = logging.getLogger(__name__)

PROFILE_FILE = "profile.json"
"""In the data directory."""

VERSION = 1
MAXIMUM_BYTES = 65_536
RETRY_SECONDS = 30.0


class ProfileFileError(Exception):
    """The file cannot be written; the text says what to do."""


class KeptProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file holds. ``patient``: the opaque id of whom it is; ``choosing``: how far that of another has come."""

    patient: str
    profile: Profile
    choosing: Choosing | None = None
    version: int = VERSION


def read_profile(path: Path, patient: str) -> KeptProfile | None:
    """What was kept for this patient; None, with a line in the log, where that cannot be used. Never raises for what
    stands in the file."""
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
        if len(data) > MAXIMUM_BYTES:
            raise ValueError("too long")
        kept = msgspec.json.decode(data, type=KeptProfile)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        # msgspec's errors name fields and types, never values.
        _log.error("the kept profile cannot be used, the settings' stands: %s: %s", type(error).__name__, error)
        return None
    if kept.version != VERSION or kept.patient != patient:
        why = "somebody else's" if kept.version == VERSION else "of another version"
        _log.warning("the kept profile is %s, the settings' stands", why)
        return None
    return kept


def write_profile(path: Path, kept: KeptProfile) -> None:
    """On disk, synced, when this returns. Raises ProfileFileError; what stood there before then stands still."""
    text = msgspec.json.format(msgspec.json.encode(kept), indent=2)
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise ProfileFileError(
            f"{path}: cannot be written ({error.strerror}). Check that the disk is not full."
        ) from error


class ProfileKeeper:
    """Writes what it is given, off the event loop's thread; of several that come close together only the newest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: KeptProfile | None = None
        self._given = asyncio.Event()

    def keep(self, kept: KeptProfile) -> None:
        """Keep this instead of what was kept before."""
        self._waiting = kept
        self._given.set()

    async def run(self) -> None:
        """Write until cancelled; what then waits is written before this ends."""
        writing: asyncio.Future[bool] | None = None
        try:
            while True:
                await self._given.wait()
                self._given.clear()
                kept = self._waiting
                if kept is None:
                    continue
                writing = asyncio.ensure_future(asyncio.to_thread(self._write, kept))
                if not await asyncio.shield(writing):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._given.wait(), RETRY_SECONDS)
                    self._given.set()
                elif self._waiting is kept:
                    self._waiting = None
        finally:
            if writing is not None:
                await asyncio.wait([writing])  # two must not write at once
            if self._waiting is not None:
                self._write(self._waiting)

    def _write(self, kept: KeptProfile) -> bool:
        try:
            write_profile(self._path, kept)
        except ProfileFileError as error:
            _log.error("%s It is tried again.", error)
            return False
        return True
