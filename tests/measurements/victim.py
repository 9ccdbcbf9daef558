"""A process to be killed: ``python -m tests.measurements.victim WHAT DATABASE [BASE_URL]``. No test itself.

measure: one measurement with the virtual cuff, prints its identity, then waits for ever (nothing is sent)
flood:   keeps readings as fast as it can, and prints each identity when the outbox says that it is kept
send:    sends what waits, then ends
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.cuff_script import CuffScript
from kiosk.measurements.ask import Cuff, SavedReading, WallClock
from kiosk.measurements.outbox import Outbox
from kiosk.measurements.uploader import Uploader
from tests.measurements.samples import Heard, capture, until


async def measure(database: Path) -> None:
    clock = WallClock()
    peripheral = VirtualCuff(clock, CuffScript(inflation_s=0.0))
    cuff = Cuff(peripheral, Outbox.open(database), clock, patient="p17", device="cuff-1", kept=lambda: None)
    result = await cuff.measure()
    assert isinstance(result, SavedReading)
    sys.stdout.write(f"{result.reading_id}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def flood(database: Path) -> None:
    outbox = Outbox.open(database)
    while True:
        kept = outbox.keep(capture())
        sys.stdout.write(f"{kept.reading_id}\n")
        sys.stdout.flush()


async def send(database: Path, base_url: str) -> None:
    outbox = Outbox.open(database)
    uploader = asyncio.create_task(Uploader(outbox, base_url, Heard(), WallClock()).run())
    await until(lambda: outbox.counts().waiting == 0, limit_s=40)
    uploader.cancel()
    await asyncio.gather(uploader, return_exceptions=True)
    outbox.close()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure", database]:
            asyncio.run(measure(Path(database)))
        case ["flood", database]:
            asyncio.run(flood(Path(database)))
        case ["send", database, base_url]:
            asyncio.run(send(Path(database), base_url))
        case _:
            sys.exit(__doc__)
