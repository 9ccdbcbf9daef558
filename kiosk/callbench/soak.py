"""Calls in a row against one real media process, from stock aiortc on loopback: what the process keeps of them.

    python -m kiosk.callbench.soak --calls 300

No line emulator and no browser, so that three hundred calls take minutes; ``kiosk bench call`` has the rows with both.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import av
import msgspec
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack, VideoStreamTrack

from kiosk.callbench.call_check import Check, Soak, judged
from kiosk.callbench.end import EndError
from kiosk.callbench.kiosk_end import KioskEnd
from kiosk.callbench.processor import Belongings, belongings

MOST_MEMORY_MB = 20.0
SETTLED_AFTER = 20
"""Calls: by then every library is loaded and every allocator has its arenas."""
_LIMIT_S = 10.0
_POLL_S = 0.02
_QUIET_TRIES = 12
_QUIET_S = 0.5
_PICTURE = (320, 240)


class _Still(VideoStreamTrack):
    """A grey picture, 30 times a second: cheap, for it is not this end that is measured."""

    def __init__(self) -> None:
        super().__init__()
        width, height = _PICTURE
        self._planes = np.full((height * 3 // 2, width), 128, dtype=np.uint8)

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame.from_ndarray(self._planes, format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


class _Caller:
    """Stock aiortc with sound, picture and data channel; what it receives it only counts."""

    def __init__(self) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connection.addTrack(AudioStreamTrack())
        self._connection.addTrack(_Still())
        self._connection.createDataChannel("t140")
        self._connection.on("track", self._on_track)
        self._tasks: list[asyncio.Task[None]] = []
        self.heard = 0
        self.seen = 0

    async def offer(self) -> str:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    async def take(self, answer: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connection.close()

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._tasks.append(asyncio.create_task(self._count(track)))

    async def _count(self, track: MediaStreamTrack) -> None:
        while True:
            await track.recv()
            if track.kind == "audio":
                self.heard += 1
            else:
                self.seen += 1


async def calls_in_a_row(kiosk: KioskEnd, calls: int, media_s: float, say: Callable[[str], None]) -> Soak:
    """Prepare, accept, ``media_s`` of media in both directions, drop; ``calls`` times on a started ``kiosk``.

    What is compared is what the process holds after the first calls (at most SETTLED_AFTER, at most half) and after
    the last. Raises EndError when the process ends, ValueError for fewer than two calls.
    """
    if calls < 2:
        raise ValueError("growth needs two calls")
    first = min(SETTLED_AFTER, calls // 2)
    before: Belongings | None = None
    failed = 0
    for number in range(1, calls + 1):
        failed += not await _one(kiosk, media_s)
        if number == first:
            before = await _settled(kiosk.process_id, None)
        if number == first or number % 50 == 0:
            held = belongings(kiosk.process_id)
            say(f"{number} calls: {held.memory_mb:.1f} MB, {held.threads} threads, {held.files} files")
    if before is None:
        raise ValueError("growth needs two calls")
    after = await _settled(kiosk.process_id, before)
    return Soak(
        calls,
        failed,
        after.threads - before.threads,
        after.files - before.files,
        after.memory_mb - before.memory_mb,
    )


async def _one(kiosk: KioskEnd, media_s: float) -> bool:
    """One call; whether both ends got both media."""
    caller = _Caller()
    try:
        await caller.take(await kiosk.answer(await caller.offer()))
        for _ in range(int(_LIMIT_S / _POLL_S)):
            if caller.heard and caller.seen and kiosk.connected_at and kiosk.first_picture_at:
                await asyncio.sleep(media_s)
                return True
            await asyncio.sleep(_POLL_S)
        return False
    finally:
        await kiosk.drop()
        await caller.close()


async def _settled(process_id: int, before: Belongings | None) -> Belongings:
    """What the process holds once its last call has been closed: threads and files no more than ``before``, or, without
    it, no longer becoming fewer."""
    held = belongings(process_id)
    for _ in range(_QUIET_TRIES):
        await asyncio.sleep(_QUIET_S)
        last, held = held, belongings(process_id)
        if before is None and (held.threads, held.files) == (last.threads, last.files):
            break
        if before is not None and held.threads <= before.threads and held.files <= before.files:
            break
    return held


async def measure(calls: int, media_s: float, say: Callable[[str], None]) -> tuple[Check, ...]:
    """The rows ``calls_threads``, ``calls_files`` and ``calls_memory`` against a media process of its own."""
    with tempfile.TemporaryDirectory(prefix="svar-soak-") as folder:
        kiosk = KioskEnd(Path(folder), "generated", None)
        try:
            await kiosk.start()
            soak = await calls_in_a_row(kiosk, calls, media_s, say)
        finally:
            await kiosk.stop()
    note = f"growth over {soak.calls} calls in a row, {soak.failed} of them failed"
    return (
        judged("calls_threads", soak.threads, "threads", 0.0, note=note),
        judged("calls_files", soak.files, "files", 0.0, note=note),
        judged("calls_memory", soak.memory_mb, "MB", MOST_MEMORY_MB, note=note),
    )


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--media-seconds", type=float, default=1.0)
    arguments = parser.parse_args()

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)  # noqa: T201

    try:
        checks = asyncio.run(measure(arguments.calls, arguments.media_seconds, say))
    except (EndError, ValueError) as error:
        say(str(error))
        sys.exit(2)
    for check in checks:
        print(msgspec.json.encode(check).decode())  # noqa: T201
    sys.exit(0 if all(check.met for check in checks) else 1)


if __name__ == "__main__":
    main()
