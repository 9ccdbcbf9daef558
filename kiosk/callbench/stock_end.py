"""Stock aiortc as one end of a measured call: starts kiosk.callbench.stock_aiortc, speaks with it; judges nothing."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from kiosk.callbench.end import EndError, EndReport
from kiosk.callbench.stock_aiortc import (
    Answer,
    Begin,
    Command,
    Description,
    Failed,
    Noted,
    Offer,
    Ready,
    Report,
    Reported,
    Take,
    Told,
)
from kiosk.caredesk.children import end

_LIMIT_S = 60.0
_LONGEST_LINE = 50_000_000
_END_LIMIT_S = 5.0

_Said = TypeVar("_Said", Ready, Description, Reported)


class StockEnd:
    """An ``End`` (kiosk/callbench/end.py). ``camera``: a file or ``generated``; ``speech``: WAV (48 kHz, mono);
    ``prefix``: what runs a command in the wanted network namespace."""

    def __init__(self, camera: str | Path, speech: Path, prefix: Sequence[str] = ()) -> None:
        self._words = (*prefix, sys.executable, "-m", "kiosk.callbench.stock_aiortc")
        self._words += ("--camera", str(camera), "--speech", str(speech))
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._answers: asyncio.Queue[Ready | Description | Reported | Failed] = asyncio.Queue()
        self._noted: dict[str, float] = {}

    @property
    def accepted_at(self) -> float | None:
        """See End."""
        return self._noted.get("accepted")

    @property
    def connected_at(self) -> float | None:
        """See End."""
        return self._noted.get("connected")

    @property
    def first_picture_at(self) -> float | None:
        """See End."""
        return self._noted.get("picture")

    @property
    def first_sound_at(self) -> float | None:
        """See End: the first decoded frame that is not silent."""
        return self._noted.get("sound")

    async def start(self) -> None:
        """See End."""
        self._process = await asyncio.create_subprocess_exec(
            *self._words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LONGEST_LINE
        )
        self._reading = asyncio.create_task(self._read(), name="stock aiortc")
        await self._hear(Ready)

    async def offer(self) -> str:
        """See End."""
        await self._tell(Offer())
        return (await self._hear(Description)).sdp

    async def answer(self, offer: str) -> str:
        """See End."""
        await self._tell(Answer(offer))
        return (await self._hear(Description)).sdp

    async def take_answer(self, answer: str) -> None:
        """See End."""
        await self._tell(Take(answer))
        await self._hear(Description)

    async def begin(self, now: float) -> None:
        """See End."""
        await self._tell(Begin(now))

    async def report(self) -> EndReport:
        """See End. Sound that aiortc never gave out counts as concealed, by silence."""
        await self._tell(Report())
        return (await self._hear(Reported)).report

    async def stop(self) -> None:
        """See End."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _END_LIMIT_S)
            await end(process)
        if self._reading is not None:
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None

    async def _tell(self, command: Command) -> None:
        if self._process is None or self._process.stdin is None:
            raise EndError("Stock aiortc's program has not been started.")
        with suppress(ConnectionError):  # what ended it is said where its answer is awaited
            self._process.stdin.write(msgspec.json.encode(command) + b"\n")
            await self._process.stdin.drain()

    async def _hear(self, kind: type[_Said]) -> _Said:
        """Raises EndError."""
        try:
            told = await asyncio.wait_for(self._answers.get(), _LIMIT_S)
        except TimeoutError as error:
            raise EndError(f"Stock aiortc's program said nothing in {_LIMIT_S:.0f} s.") from error
        if isinstance(told, kind):
            return told
        why = told.why if isinstance(told, Failed) else f"{type(told).__name__} instead of {kind.__name__}"
        raise EndError(f"Stock aiortc's program failed: {why}")

    async def _read(self) -> None:
        decoder = msgspec.json.Decoder(Told)
        stdout = self._process.stdout if self._process else None
        while stdout is not None and (line := await stdout.readline()):
            try:
                told = decoder.decode(line)
            except msgspec.DecodeError as error:
                told = Failed(f"it wrote nonsense ({error})")
            if isinstance(told, Noted):
                self._noted[told.what] = told.at
            else:
                self._answers.put_nowait(told)
        self._answers.put_nowait(Failed("it ended"))
