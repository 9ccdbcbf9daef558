"""The sound profile («klangprofil»): raises what an ageing ear lacks, evens out loud and soft; pure, and without delay.

Gains by the linear rule NAL-R (Byrne and Dillon 1986), capped; before them a compressor of one band, so that soft
speech has the whole gain and loud speech does not hurt. No hearing aid, and none is claimed: who has one keeps OFF.
The equaliser is a finite impulse response of minimum phase: it rings after a sound, never before, and its delay is a
fraction of a millisecond. In numpy, not in a libav filter graph: see ``tests/media/test_sound_profile.py`` for figures.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from kiosk.facts.profile import Audiogram, Hearing, SoundProfile
from kiosk.media.ring_tone import RATE_HZ

FREQUENCIES_HZ = (250, 500, 1000, 2000, 3000, 4000, 6000, 8000)
"""At which an audiogram tells."""
MOST_GAIN_DB = 18.0
LEAST_GAIN_DB = 0.0
"""NAL-R turns the lowest tones down; from a small loudspeaker too little is left of them already."""

_CONSTANTS_DB = (-17.0, -8.0, 1.0, -1.0, -2.0, -2.0, -2.0, -2.0)
_MEAN_SHARE, _OWN_SHARE = 0.15, 0.31
_MEANT = (1, 2, 3)  # 500, 1000 and 2000 Hz

PRESETS = {
    # Sloping losses of age, those of the standard audiograms N2, N3 and N4 (Bisgaard and others 2010).
    SoundProfile.LIGHT: (Audiogram((20, 20, 25, 35, 40, 45, 50, 55)), 0.5),
    SoundProfile.MEDIUM: (Audiogram((35, 35, 40, 50, 55, 60, 65, 70)), 0.67),
    SoundProfile.STRONG: (Audiogram((55, 55, 55, 65, 70, 75, 80, 80)), 1.0),
}
"""Whom each ready-made profile is for, and how much of the rule's gain it has: who hears a little worse in one place
hears well in others, and finds the whole gain shrill."""

RATIO = 2.0
_KNEE_DBFS = -24.0
"""RMS; below it sounds have the whole gain, as most of a voice in a call has (some -25 dBFS)."""
_DETECTED = 120  # samples whose level is taken together
_ATTACK_S, _RELEASE_S = 0.005, 0.15
_ATTACK = 1 - math.exp(-_DETECTED / RATE_HZ / _ATTACK_S)
_RELEASE = 1 - math.exp(-_DETECTED / RATE_HZ / _RELEASE_S)
_RISE = (np.arange(_DETECTED, dtype=np.float32) + 1) / np.float32(_DETECTED)

_TAPS = 512
_TRANSFORM = 1024
_DESIGN = 8192
_RINGING_BLOCKS = 2
"""For so long after the last sound something of it is still in the equaliser."""
_NOTHING_ABOVE_HZ = 16_000.0

Samples = npt.NDArray[np.float32]
Gains = tuple[float, ...]


def insertion_gains_db(audiogram: Audiogram) -> Gains:
    """What to add at each of ``FREQUENCIES_HZ``, between ``LEAST_GAIN_DB`` and ``MOST_GAIN_DB``."""
    levels = audiogram.levels
    mean = sum(levels[place] for place in _MEANT) / len(_MEANT)
    return tuple(
        min(MOST_GAIN_DB, max(LEAST_GAIN_DB, _MEAN_SHARE * mean + _OWN_SHARE * level + constant))
        for level, constant in zip(levels, _CONSTANTS_DB, strict=True)
    )


def gains_of(hearing: Hearing) -> Gains | None:
    """The gains that this patient has chosen; None: the sound stays as it is (also without the audiogram that AUDIOGRAM
    asks for)."""
    if hearing.sound_profile is SoundProfile.AUDIOGRAM:
        return None if hearing.audiogram is None else insertion_gains_db(hearing.audiogram)
    if hearing.sound_profile not in PRESETS:
        return None
    audiogram, share = PRESETS[hearing.sound_profile]
    return tuple(share * gain for gain in insertion_gains_db(audiogram))


def impulse_response(gains_db: Gains) -> Samples:
    """512 samples (48 kHz) of minimum phase with those gains at ``FREQUENCIES_HZ``.

    Between them straight lines over the logarithm of frequency; below, the first one; above, down to nothing at 16 kHz:
    there is only noise left to raise.
    """
    frequency = np.fft.rfftfreq(_DESIGN, 1 / RATE_HZ)
    places = np.log2([*FREQUENCIES_HZ, _NOTHING_ABOVE_HZ])
    wanted_db = np.interp(np.log2(np.maximum(frequency, 1.0)), places, [*gains_db, min(0.0, gains_db[-1])])
    # The phase that belongs to a magnitude in a minimum-phase system: fold the cepstrum (Oppenheim and Schafer).
    cepstrum = np.fft.irfft(wanted_db * (np.log(10) / 20), _DESIGN)
    cepstrum[1 : _DESIGN // 2] *= 2
    cepstrum[_DESIGN // 2 + 1 :] = 0
    whole = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)), _DESIGN)[:_TAPS]
    half = _TAPS // 2
    whole[half:] *= (1 + np.cos(np.pi * np.arange(half) / half)) / 2
    return whole.astype(np.float32)


class SoundShaping:
    """One for each sound that is shaped; blocks of 480 samples, 32768 is full scale. Not thread-safe."""

    def __init__(self) -> None:
        self._gains: Gains | None = None
        self._now: npt.NDArray[np.complex64] | None = None
        self._before: npt.NDArray[np.complex64] | None = None
        self._changing = False
        self._silent_blocks = _RINGING_BLOCKS
        self._heard = np.zeros(_TRANSFORM, dtype=np.float32)
        self._level_db = _KNEE_DBFS
        self._reduction_db = 0.0

    def follow(self, gains_db: Gains | None) -> None:
        """From the next block on, which fades over; None: the sound is given on as it is."""
        if gains_db == self._gains:
            return
        self._gains = gains_db
        if not self._changing:
            self._before, self._changing = self._now, True
        if self._now is None:
            self._heard[:] = 0.0
        self._now = (
            None if gains_db is None else np.fft.rfft(impulse_response(gains_db), _TRANSFORM).astype(np.complex64)
        )

    def forget(self) -> None:
        """What was heard does not ring on: the sound has been stopped."""
        self._heard[:] = 0.0
        self._silent_blocks = _RINGING_BLOCKS

    def shaped(self, block: Samples) -> Samples:
        """The next block, with no delay."""
        self._silent_blocks = 0 if block.any() else self._silent_blocks + 1
        if self._silent_blocks > _RINGING_BLOCKS:
            self._changing = False
        if (self._now is None and not self._changing) or self._silent_blocks > _RINGING_BLOCKS:
            return block
        levelled = self._levelled(block)
        length = len(block)
        self._heard[:-length] = self._heard[length:]
        self._heard[-length:] = levelled
        if not self._changing:
            return self._through(self._now, block)
        self._changing = False
        rise = np.linspace(0, 1, length, dtype=np.float32)
        faded: Samples = self._through(self._before, block) * (1 - rise) + self._through(self._now, block) * rise
        return faded

    def _through(self, response: npt.NDArray[np.complex64] | None, block: Samples) -> Samples:
        if response is None:
            return block
        whole = np.fft.irfft(np.fft.rfft(self._heard) * response, _TRANSFORM)
        return whole[-len(block) :].astype(np.float32, copy=False)

    def _levelled(self, block: Samples) -> Samples:
        """The compressor: a gain for each 2.5 ms, its corners joined by lines."""
        parts = block.reshape(-1, _DETECTED)
        powers = np.einsum("ij,ij->i", parts, parts) / _DETECTED
        levels_db = np.maximum(10 * np.log10(powers / 32768.0**2 + 1e-10), _KNEE_DBFS)
        corners = [self._reduction_db]
        for level in levels_db.tolist():
            coefficient = _ATTACK if level > self._level_db else _RELEASE
            self._level_db += coefficient * (level - self._level_db)
            corners.append((self._level_db - _KNEE_DBFS) * (1 - 1 / RATIO))
        self._reduction_db = corners[-1]
        factors = np.power(10, np.array(corners) / -20).astype(np.float32)
        gains = factors[:-1, np.newaxis] + np.diff(factors)[:, np.newaxis] * _RISE
        levelled: Samples = block * gains.ravel()
        return levelled
