"""An uploader at work, and readings for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kiosk.measurements.outbox import Outbox
from kiosk.measurements.token import TokenSource
from kiosk.measurements.uploader import Uploader
from kiosk.measurements.wall_clock import WallClock
from tests.measurements.samples import Heard, capture


@asynccontextmanager
async def running(
    outbox: Outbox,
    base_url: str,
    *,
    request_s: float = 5.0,
    chance: float = 0.0,
    authority: Path | None = None,
    tokens: TokenSource | None = None,
) -> AsyncIterator[tuple[Uploader, Heard]]:
    """An uploader at work. ``chance`` 0 makes the shortest pauses, 0.5 s."""
    heard = Heard()
    uploader = Uploader(
        outbox,
        base_url,
        heard,
        WallClock(),
        certificate_authority=authority,
        tokens=tokens,
        request_s=request_s,
        chance=lambda: chance,
    )
    task = asyncio.create_task(uploader.run())
    try:
        yield uploader, heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def kept(outbox: Outbox, *patients: str) -> list[str]:
    """The identities of readings kept, one for each of these patients."""
    order = [capture(patient=patient) for patient in patients]
    for one in order:
        outbox.keep(one)
    return [one.reading_id for one in order]
