"""How well speech through the sound profile is understood, by HASPI (Kates and Arehart 2021) as pyclarity has it.

Not installed with Svar (456 MB): ``pip install --no-deps pyclarity numba llvmlite`` and ``pip install scipy`` into an
environment of one's own, whose packages PYTHONPATH names; without them the figures are missing and the bench says so.
Three stretches of a recorded reader and two sentences of espeak-ng: a guard against doing harm, no evidence of benefit.

Measured with pyclarity 0.9.0, 1.5 minutes: N4 with Kraftig 0.90 (0.53 without), N3 with Middels 0.89 (0.93), N2 with
Lett 0.98 (0.97)::

    PYTHONPATH=FOLDER/site-packages kiosk bench access \\
        --only g14_haspi_n4 --only g14_haspi_n3_change --only g14_haspi_n2_change
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import shutil
import subprocess
import wave
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kiosk.accessbench.access_check import Figure
from kiosk.callbench.echo_rig import RECORDINGS, voices
from kiosk.facts.profile import Hearing, SoundProfile
from kiosk.media.limiter import Limiter
from kiosk.media.ring_tone import RATE_HZ
from kiosk.media.sound_profile import FREQUENCIES_HZ, PRESETS, SoundShaping, gains_of

Samples = npt.NDArray[np.float64]

_MISSING = "not installed: pip install --no-deps pyclarity numba llvmlite; pip install scipy"
_STRETCH_S = 4.0
_SPEECH_RMS = 0.05
_SPL_AT_RMS_1 = 91.0
"""So speech at that RMS has 65 dB SPL at the ear."""
_BLOCK = 480
_SENTENCES = (
    "God morgen. Det er tid for å måle blodtrykket. Sitt stille i fem minutter før du begynner.",
    "Sykepleier Kari ringer. Trykk på den store knappen for å svare. Du har målt ett hundre og trettito.",
)


def installed() -> bool:
    """Whether HASPI is there."""
    return importlib.util.find_spec("clarity") is not None


def strong_for_n4() -> Figure:
    """Somebody with the standard audiogram N4, in quiet, with Kraftig; beside it without."""
    with_it, without = _scores(SoundProfile.STRONG, SoundProfile.STRONG)
    if not with_it:
        return Figure(None, _MISSING)
    return Figure(float(np.mean(with_it)), f"least {min(with_it):.2f}", reference=float(np.mean(without)))


def medium_for_n3() -> Figure:
    """What Middels changes for N3."""
    return _change(SoundProfile.MEDIUM)


def light_for_n2() -> Figure:
    """What Lett changes for N2."""
    return _change(SoundProfile.LIGHT)


def _change(profile: SoundProfile) -> Figure:
    with_it, without = _scores(profile, profile)
    if not with_it:
        return Figure(None, _MISSING)
    return Figure(
        float(np.mean(with_it) - np.mean(without)), f"{np.mean(without):.2f} without, {np.mean(with_it):.2f} with"
    )


def _scores(profile: SoundProfile, listener: SoundProfile) -> tuple[list[float], list[float]]:
    """Of each stretch, with the profile and without, for whom ``listener`` is made; empty: nothing to measure with."""
    if not installed():
        return [], []
    haspi: Any = importlib.import_module("clarity.evaluator.haspi")
    audiograms: Any = importlib.import_module("clarity.utils.audiogram")
    levels = np.array(PRESETS[listener][0].levels, dtype=float)
    audiogram = audiograms.Audiogram(levels=levels, frequencies=np.array(FREQUENCIES_HZ, dtype=float))

    def score(clear: Samples, heard: Samples) -> float:
        return float(haspi.haspi_v2(clear, RATE_HZ, heard, RATE_HZ, audiogram, level1=_SPL_AT_RMS_1)[0])

    pairs = [(clear, shaped(clear, Hearing(sound_profile=profile))) for clear in stretches()]
    return [score(*pair) for pair in pairs], [score(clear, clear) for clear, _ in pairs]


def shaped(clear: Samples, hearing: Hearing) -> Samples:
    """Through the sound profile and the limiter, at full volume."""
    shaping, limiter = SoundShaping(), Limiter()
    shaping.follow(gains_of(hearing))
    shaping.shaped(np.ones(_BLOCK, dtype=np.float32))  # it is on before anybody speaks
    blocks = (clear * 32768).astype(np.float32).reshape(-1, _BLOCK)
    return np.concatenate([limiter.limited(shaping.shaped(block)) for block in blocks]).astype(np.float64) / 32768


@cache
def stretches() -> tuple[Samples, ...]:
    """Speech of a few seconds each, at 65 dB SPL. Raises OSError without espeak-ng."""
    reader = voices(RECORDINGS).far
    length = round(_STRETCH_S * RATE_HZ)
    found = [reader[at * length : (at + 1) * length] for at in range(3)]
    found += [_synthesised(sentence)[:length] for sentence in _SENTENCES]
    whole = [one[: len(one) // _BLOCK * _BLOCK] for one in found]
    return tuple(one * (_SPEECH_RMS / np.sqrt(np.mean(one**2))) for one in whole)


def _synthesised(sentence: str) -> Samples:
    program = shutil.which("espeak-ng")
    if program is None:
        raise FileNotFoundError("espeak-ng is not installed")
    spoken = subprocess.run(
        [program, "-v", "nb", "-s", "160", "--stdout", sentence], capture_output=True, check=True, timeout=20
    ).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        rate, data = file.getframerate(), file.readframes(file.getnframes())
    samples = np.frombuffer(data, dtype="<i2")[: len(data) // 2] / 32768
    count = len(samples) * RATE_HZ // rate
    spectrum, finer = np.fft.rfft(samples), np.zeros(count // 2 + 1, dtype=np.complex128)
    finer[: len(spectrum)] = spectrum[: len(finer)]
    resampled: Samples = np.fft.irfft(finer, count) * (count / len(samples))
    return resampled
