"""The kiosk's sound beside a simulated room: ring tone and speech through Playout and EchoPath; opens no device.

The blocks go in the order of kiosk/media/sound.py: one is played, one is recorded and cleaned, every 10 ms. Far end and
near voice are recordings of two people (Debian's pocketsphinx-testdata), synthesised where they are missing.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from kiosk.callbench.echo_room import RATE_HZ, Room, Samples, convolved, echo_of, noise_of, response
from kiosk.facts.profile import Hearing
from kiosk.media.playout import BLOCK, Playout

RECORDINGS = Path("/usr/share/pocketsphinx/test/data")
FAR_DBFS = -20.0
NEAR_DBFS = -28.0
"""Of the near voice in the microphone while it speaks: arm's length, an ordinary voice."""
_NEAR_DISTANCE_M = 0.6
_PAUSE_S = 0.5
_RAW_RATE_HZ = 16_000
_FULL = 32767

Block = npt.NDArray[np.int16]


class Cleaning(Protocol):
    """What is measured: EchoPath, or something that is compared with it."""

    @property
    def gain_db(self) -> float:
        """Of the last block."""
        ...

    def played(self, block: Block) -> None:
        """See EchoPath."""
        ...

    def clean(self, near: Block, *, wanted: bool) -> Block | None:
        """See EchoPath."""
        ...


class Scene(msgspec.Struct, frozen=True):
    """What happens, in seconds. The call begins after ``ring_s`` of ring tone (and a pause, if it rang).

    ``far`` and ``near``: (from, until) since the call began, when each speaks. ``jump_at``: when the echo begins to
    come ``jump_s`` later. ``hearing``: volume and sound profile, from the beginning on; None: full volume, no profile.
    """

    name: str
    room: Room
    seconds: float
    far: tuple[tuple[float, float], ...]
    near: tuple[tuple[float, float], ...] = ()
    near_dbfs: float = NEAR_DBFS
    ring_s: float = 0.0
    jump_at: float | None = None
    jump_s: float = 0.04
    hearing: Hearing | None = None


class Voices(msgspec.Struct, frozen=True):
    """Two people (48 kHz, -1..1), each at its level while speaking; ``note`` says where they are from."""

    far: Samples
    near: Samples
    note: str


class Recording(msgspec.Struct, frozen=True):
    """A scene from the beginning of the call on, at 48 kHz, -1..1, all of one length.

    ``echo``: the echo alone in the microphone; ``near``: the near voice alone there; ``microphone``: both and noise;
    ``cleaned``: what the other end hears, its gain taken back where ``gain_db`` (one for each 10 ms) says.
    ``block_s``: processor time of one block.
    """

    played: Samples
    echo: Samples
    near: Samples
    microphone: Samples
    cleaned: Samples
    gain_db: Samples
    block_s: float

    def without_gain(self) -> Samples:
        """``cleaned`` as if a quiet voice had not been raised."""
        return self.cleaned / np.repeat(10 ** (self.gain_db / 20), BLOCK)


def voices(folder: Path = RECORDINGS) -> Voices:
    """Two readers, or noise with speech's spectrum and syllables where nothing is installed. Raises OSError."""
    far = sorted((folder / "librivox").glob("*.wav"))
    near = [folder / f"{name}.raw" for name in ("numbers", "goforward", "something")] + sorted(
        (folder / "cards").glob("*.wav")
    )
    if far and all(path.is_file() for path in near):
        recorded = (np.concatenate([_speech(path) for path in paths]) for paths in (far, near))
        note = "two real voices"
    else:
        recorded = (_babble(seed, pace) for seed, pace in ((1, 3.1), (2, 4.3)))
        note = "SYNTHETIC voices, the package pocketsphinx-testdata is missing"
    both = [at_level(voice, level) for voice, level in zip(recorded, (FAR_DBFS, NEAR_DBFS), strict=True)]
    return Voices(both[0], both[1], note)


def run(scene: Scene, spoken: Voices, path: Cleaning) -> Recording:
    """Play the scene through. The room's level is set on the far voice, so that a louder ring tone stays louder."""
    played, call_at = _played(scene, spoken.far)
    sound = played / 32768
    jump = None if scene.jump_at is None else call_at + int(scene.jump_at * RATE_HZ)
    echo = echo_of(scene.room, sound, moved_at=jump, moved_by_s=scene.jump_s)
    # The same gain for every scene of this room: far speech all the time would be at echo_dbfs.
    alone = echo_of(scene.room, spoken.far[: 8 * RATE_HZ])
    echo *= 10 ** ((scene.room.echo_dbfs - level_dbfs(alone[speaking(alone)])) / 20)
    near = np.zeros(len(sound))
    near[call_at:] = _said(scene.near, spoken.near, len(sound) - call_at)
    near *= 10 ** ((scene.near_dbfs - NEAR_DBFS) / 20)
    near = convolved(near, response(_near_room(scene.room)))
    microphone = echo + near + noise_of(scene.room, len(sound))
    recorded = np.clip(np.round(microphone * _FULL), -_FULL - 1, _FULL).astype(np.int16)
    cleaned = np.zeros(len(sound))
    gains = np.zeros(len(sound) // BLOCK)
    began = time.thread_time()
    for number in range(len(sound) // BLOCK):
        block = slice(number * BLOCK, (number + 1) * BLOCK)
        path.played(played[block])
        out = path.clean(recorded[block], wanted=block.start >= call_at)
        if out is not None:
            cleaned[block] = out / 32768
        gains[number] = path.gain_db
    block_s = (time.thread_time() - began) / len(gains)
    return Recording(
        sound[call_at:],
        echo[call_at:],
        near[call_at:],
        microphone[call_at:],
        cleaned[call_at:],
        gains[call_at // BLOCK :],
        block_s,
    )


def keep(recording: Recording, path: Path) -> None:
    """Write a WAV of three channels: played, microphone, cleaned. Raises OSError."""
    channels = np.stack([recording.played, recording.microphone, recording.cleaned], axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(3)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.clip(np.round(channels * _FULL), -_FULL - 1, _FULL).astype("<i2").tobytes())


def level_dbfs(samples: Samples) -> float:
    """RMS, in dB of full scale."""
    return float(10 * np.log10(np.mean(samples**2) + 1e-12))


def speaking(samples: Samples, below_loudest_db: float = 30.0) -> npt.NDArray[np.bool_]:
    """For each sample, whether its 10 ms are within so much of the loudest."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    power = np.mean(blocks**2, axis=1)
    found = np.repeat(power > power.max() * 10 ** (-below_loudest_db / 10), BLOCK)
    return np.pad(found, (0, len(samples) - len(found)))


def at_level(samples: Samples, dbfs: float) -> Samples:
    """Scaled so that it has that level where it speaks."""
    return samples * 10 ** ((dbfs - level_dbfs(samples[speaking(samples)])) / 20)


def _played(scene: Scene, far: Samples) -> tuple[Block, int]:
    """What Playout gives for the scene, and the sample at which the call begins."""
    playout = Playout()
    if scene.hearing is not None:
        playout.follow(scene.hearing)
    blocks: list[Block] = []
    if scene.ring_s:
        playout.start_ring()
        blocks += [playout.next_block()[0] for _ in range(round(scene.ring_s * 100))]
        playout.stop_ring()
        blocks += [playout.next_block()[0] for _ in range(round(_PAUSE_S * 100))]
    call_at = len(blocks) * BLOCK
    count = round(scene.seconds * 100)
    said = np.round(_said(scene.far, far, count * BLOCK) * _FULL)
    voice = iter(np.clip(said, -_FULL - 1, _FULL).astype(np.int16).reshape(count, BLOCK))
    playout.listen_to(lambda: next(voice))
    blocks += [playout.next_block()[0] for _ in range(count)]
    return np.concatenate(blocks), call_at


def _said(when: Sequence[tuple[float, float]], voice: Samples, length: int) -> Samples:
    """The voice goes on from where it was, in the given stretches; silence elsewhere."""
    said = np.zeros(length)
    at = 0
    for begin, end in when:
        start, count = round(begin * RATE_HZ), round((end - begin) * RATE_HZ)
        said[start : start + count] = np.take(voice, np.arange(at, at + count), mode="wrap")[: length - start]
        at += count
    return said


def _near_room(room: Room) -> Room:
    return msgspec.structs.replace(room, distance_m=_NEAR_DISTANCE_M, seed=room.seed + 50)


def _speech(path: Path) -> Samples:
    if path.suffix == ".raw":
        rate, data = _RAW_RATE_HZ, path.read_bytes()
    else:
        with wave.open(str(path), "rb") as file:
            rate, data = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(data, dtype="<i2") / 32768
    wanted = len(samples) * RATE_HZ // rate
    spectrum = np.fft.rfft(samples)
    longer = np.zeros(wanted // 2 + 1, dtype=np.complex128)
    longer[: len(spectrum)] = spectrum[: len(longer)]
    resampled: Samples = np.fft.irfft(longer, wanted) * (wanted / len(samples))
    return resampled


def _babble(seed: int, pace_hz: float, seconds: float = 20.0) -> Samples:
    """Noise that falls above 500 Hz, in syllables."""
    random = np.random.default_rng(seed)
    length = int(seconds * RATE_HZ)
    at = np.arange(length) / RATE_HZ
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / RATE_HZ)
    spectrum *= np.minimum(1.0, frequency / 100) / (1 + (frequency / 500) ** 2)
    syllables = np.clip(np.sin(2 * np.pi * pace_hz * at) + 0.6 * np.sin(2 * np.pi * 0.7 * at), 0, 1)
    babble: Samples = np.fft.irfft(spectrum, length) * syllables
    return babble
