"""A few calls in a row on the real media process; ``python -m kiosk.callbench.soak`` makes three hundred."""

from __future__ import annotations

from pathlib import Path

from kiosk.callbench.kiosk_end import KioskEnd
from kiosk.callbench.soak import calls_in_a_row


async def test_calls_leave_no_threads_and_files_behind(tmp_path: Path) -> None:
    kiosk = KioskEnd(tmp_path, "generated", None)
    try:
        await kiosk.start()
        soak = await calls_in_a_row(kiosk, 10, 0.2, lambda _: None)
    finally:
        await kiosk.stop()
    assert soak.failed == 0
    assert soak.files <= 0
    # Python's own pool for looking up names and the like grows to one thread for each processor and four more.
    assert soak.threads <= 4
    assert soak.memory_mb < 40
