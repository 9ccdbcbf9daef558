"""The room around the kiosk under test: speech into its microphone, a recording of its loudspeaker; judges nothing.

Both are null sinks of a PulseAudio of the bench's own (kiosk/caredesk/sound_card.py); nothing goes from one to the
other, so there is no echo in this room.
"""

from __future__ import annotations

import asyncio
import os
import time
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kiosk.callbench.end import EndError
from kiosk.caredesk.children import end
from kiosk.caredesk.sound_card import KIOSK_LOUDSPEAKER, KIOSK_MICROPHONE, RATE_HZ, SoundCardError, VirtualSoundCard

_PIECE = RATE_HZ // 10 * 2  # bytes in 100 ms
_RECORDER_LATENCY_MS = 10
_RAW_MONO = ("--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1")


class Room:
    """``await start()``; the media process gets ``environment``; ``recorded(since)``; ``await stop()``.

    ``folder`` must exist and be private to this run. ``speech``: WAV, 48 kHz, mono, 16 bit, played in a loop.
    """

    def __init__(self, folder: Path, speech: Path) -> None:
        self._speech = speech
        self._card = VirtualSoundCard(folder)
        self._programs: list[asyncio.subprocess.Process] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._pieces: list[bytes] = []
        self._samples = 0
        self._first_at = float("inf")

    @property
    def environment(self) -> dict[str, str]:
        """For the kiosk's media process: PortAudio device ``pulse``."""
        return self._card.environment_kiosk

    async def start(self) -> None:
        """The speech sounds and the recorder runs when this returns. Raises EndError."""
        speech = _read(self._speech)
        try:
            await self._card.start()
        except SoundCardError as error:
            raise EndError(str(error)) from error
        player = await self._program("pacat", "--playback", "--latency-msec=40", f"--device={KIOSK_MICROPHONE}")
        self._tasks.append(asyncio.create_task(_speak(player, speech), name="speech"))
        recorder = await self._program(
            "parec", f"--latency-msec={_RECORDER_LATENCY_MS}", f"--device={KIOSK_LOUDSPEAKER}.monitor"
        )
        self._tasks.append(asyncio.create_task(self._record(recorder), name="recorder"))

    async def stop(self) -> None:
        """End every program; safe to call twice. What was recorded stays."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        programs, self._programs = self._programs, []
        for program in programs:
            await end(program)
        await self._card.stop()

    def recorded(self, since: float, until: float) -> tuple[float, npt.NDArray[np.int16]]:
        """(CLOCK_MONOTONIC second of the first sample, mono samples at 48 kHz) of what the loudspeaker played."""
        samples = np.frombuffer(b"".join(self._pieces), dtype=np.int16)
        if self._samples == 0:
            return since, samples
        begin = max(0, int((since - self._first_at) * RATE_HZ))
        finish = max(begin, int((until - self._first_at) * RATE_HZ))
        return self._first_at + begin / RATE_HZ, samples[begin:finish]

    async def _program(self, name: str, *arguments: str) -> asyncio.subprocess.Process:
        kept = {word: value for word, value in os.environ.items() if not word.startswith("PULSE_")}
        program = await asyncio.create_subprocess_exec(
            name,
            *_RAW_MONO,
            *arguments,
            env={**kept, "PULSE_SERVER": self._card.environment_kiosk["PULSE_SERVER"]},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._programs.append(program)
        return program

    async def _record(self, recorder: asyncio.subprocess.Process) -> None:
        if recorder.stdout is None:
            return
        odd = b""
        while piece := await recorder.stdout.read(_PIECE):
            piece = odd + piece
            odd = piece[len(piece) // 2 * 2 :]
            piece = piece[: len(piece) // 2 * 2]
            self._pieces.append(piece)
            self._samples += len(piece) // 2
            # The piece that had waited least tells when the recording began.
            self._first_at = min(self._first_at, time.monotonic() - self._samples / RATE_HZ)


async def _speak(player: asyncio.subprocess.Process, speech: bytes) -> None:
    """Its pipe makes us wait. Ends when the player does."""
    if player.stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        while player.returncode is None:
            for place in range(0, len(speech), _PIECE):
                player.stdin.write(speech[place : place + _PIECE])
                await player.stdin.drain()


def _read(path: Path) -> bytes:
    """Raises EndError."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE_HZ, 1, 2):
                raise EndError(f"{path.name} is not 48 kHz mono 16 bit; prepare it with kiosk.callbench.material.")
            return file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise EndError(f"{path.name} cannot be read as WAV: {error}") from error


def write(path: Path, samples: npt.NDArray[np.int16]) -> None:
    """Mono samples at 48 kHz as WAV. Raises OSError."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.tobytes())
