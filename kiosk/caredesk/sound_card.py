"""A private PulseAudio with null sinks that stands in for sound cards in the demo and in tests; judges no sound itself.

Three sinks: the kiosk's loudspeaker, the kiosk's microphone (what is played into it is what the kiosk hears, through
its monitor) and the nurse's loudspeaker. A null sink that nobody listens to closely works in blocks of up to two
seconds and starves a full-duplex client (measured: 1-6 callbacks in 3 s instead of 300), so a "keeper" records each
one at low latency.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt

_log = logging.getLogger(__name__)

RATE_HZ = 48_000
KIOSK_LOUDSPEAKER = "kiosk_loudspeaker"
KIOSK_MICROPHONE = "kiosk_microphone"
NURSE_LOUDSPEAKER = "nurse_loudspeaker"
SINKS = (KIOSK_LOUDSPEAKER, KIOSK_MICROPHONE, NURSE_LOUDSPEAKER)

_START_LIMIT_S = 10.0
_STOP_LIMIT_S = 3.0
_RAW_MONO = ("--raw", "--format=s16le", f"--rate={RATE_HZ}", "--channels=1")


class SoundCardError(Exception):
    """The virtual sound card cannot be had; the text says what to do."""


class VirtualSoundCard:
    """The whole card: ``await start()``, use the environments, ``await stop()``.

    ``directory`` must exist and be private to this run; the socket and PulseAudio's state are put there.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._socket = directory / "pulse.sock"
        self._server: asyncio.subprocess.Process | None = None
        self._helpers: list[asyncio.subprocess.Process] = []
        self._tones: list[asyncio.Task[None]] = []

    @property
    def environment_kiosk(self) -> dict[str, str]:
        """What the kiosk's media process needs to find its loudspeaker and microphone (PortAudio device ``pulse``)."""
        return {
            "PULSE_SERVER": f"unix:{self._socket}",
            "PULSE_SINK": KIOSK_LOUDSPEAKER,
            "PULSE_SOURCE": f"{KIOSK_MICROPHONE}.monitor",
            "PULSE_LATENCY_MSEC": "40",
        }

    @property
    def environment_nurse(self) -> dict[str, str]:
        """What the nurse's browser needs to play into its own loudspeaker."""
        return {
            "PULSE_SERVER": f"unix:{self._socket}",
            "PULSE_SINK": NURSE_LOUDSPEAKER,
            "PULSE_SOURCE": f"{NURSE_LOUDSPEAKER}.monitor",
        }

    async def start(self) -> None:
        """Start PulseAudio and the keepers. Raises SoundCardError."""
        for program in ("pulseaudio", "parec", "pacat"):
            if shutil.which(program) is None:
                raise SoundCardError(
                    f"{program} is not installed. Install the packages pulseaudio and pulseaudio-utils."
                )
        home = self._directory / "pulse-home"
        home.mkdir(mode=0o700, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        modules = [f"module-native-protocol-unix auth-anonymous=1 socket={self._socket}"]
        modules += [f"module-null-sink sink_name={sink} rate={RATE_HZ} channels=1" for sink in SINKS]
        arguments = [
            "-n",
            "--daemonize=no",
            "--exit-idle-time=-1",
            "--use-pid-file=no",
            "--disallow-exit",
            "--log-level=error",
        ]
        for module in modules:
            arguments += ["-L", module]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PULSE_")},
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "XDG_CONFIG_HOME": str(home),
        }
        self._server = await asyncio.create_subprocess_exec(
            "pulseaudio",
            *arguments,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(_START_LIMIT_S):
                while not self._socket.exists():
                    if self._server.returncode is not None:
                        raise SoundCardError(f"pulseaudio ended at once with status {self._server.returncode}.")
                    await asyncio.sleep(0.02)
        except TimeoutError as error:
            await self.stop()
            raise SoundCardError(f"pulseaudio did not open its socket within {_START_LIMIT_S:.0f} s.") from error
        for sink in SINKS:
            await self._record(sink, latency_ms=10, stdout=asyncio.subprocess.DEVNULL)
        # A null sink has rendered up to two seconds ahead by now: wait until sound flows in small steps.
        await asyncio.gather(*(self.listen(sink, 0.1) for sink in SINKS))

    async def stop(self) -> None:
        """End every process that was started; safe to call twice."""
        for task in self._tones:
            task.cancel()
        await asyncio.gather(*self._tones, return_exceptions=True)
        self._tones.clear()
        for process in self._helpers:
            await _end(process)
        self._helpers.clear()
        if self._server is not None:
            await _end(self._server)
            self._server = None

    async def play_pulsed_tone(self, frequency_hz: float, *, sink: str = KIOSK_MICROPHONE, dbfs: float = -20.0) -> None:
        """Play 300 ms of a sine, 700 ms of silence, again and again, until ``stop``. Returns when the player runs."""
        player = await asyncio.create_subprocess_exec(
            "pacat",
            "--playback",
            *_RAW_MONO,
            "--latency-msec=40",
            f"--device={sink}",
            env=self._environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._helpers.append(player)
        self._tones.append(asyncio.create_task(_feed(player, _pulse(frequency_hz, dbfs))))

    async def listen(self, sink: str, seconds: float) -> npt.NDArray[np.int16]:
        """Record what ``sink`` plays, for ``seconds`` from now: int16, mono, 48 kHz. Raises SoundCardError."""
        wanted = int(seconds * RATE_HZ) * 2
        recorder = await self._record(sink, latency_ms=20, stdout=asyncio.subprocess.PIPE)
        try:
            if recorder.stdout is None:
                raise SoundCardError("parec has no output.")
            async with asyncio.timeout(seconds + _START_LIMIT_S):
                samples = await recorder.stdout.readexactly(wanted)
        except (TimeoutError, asyncio.IncompleteReadError) as error:
            raise SoundCardError(f"nothing could be recorded from {sink}.") from error
        finally:
            self._helpers.remove(recorder)
            await _end(recorder)
        return np.frombuffer(samples, dtype=np.int16)

    async def _record(self, sink: str, *, latency_ms: int, stdout: int) -> asyncio.subprocess.Process:
        recorder = await asyncio.create_subprocess_exec(
            "parec",
            *_RAW_MONO,
            f"--latency-msec={latency_ms}",
            f"--device={sink}.monitor",
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=stdout,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._helpers.append(recorder)
        return recorder

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PULSE_")}
        return {**kept, "PULSE_SERVER": f"unix:{self._socket}"}


def _pulse(frequency_hz: float, dbfs: float) -> bytes:
    """One second: 300 ms of a sine with soft edges (no clicks), 700 ms of silence."""
    length = int(0.3 * RATE_HZ)
    edge = int(0.01 * RATE_HZ)
    envelope = np.ones(length)
    envelope[:edge] = np.linspace(0, 1, edge)
    envelope[-edge:] = np.linspace(1, 0, edge)
    sine = np.sin(2 * np.pi * frequency_hz * np.arange(length) / RATE_HZ) * envelope
    second = np.zeros(RATE_HZ, dtype=np.int16)
    second[:length] = np.round(sine * 32767 * 10 ** (dbfs / 20)).astype(np.int16)
    return second.tobytes()


async def _feed(player: asyncio.subprocess.Process, second: bytes) -> None:
    """Keep a player supplied; its pipe makes us wait. Ends when the player does."""
    if player.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        while player.returncode is None:
            player.stdin.write(second)
            await player.stdin.drain()
    _log.debug("tone player ended")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, then make it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_LIMIT_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
