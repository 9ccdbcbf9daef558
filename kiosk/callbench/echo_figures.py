"""How much echo was taken away and how much of the near voice with it, from recordings of the rig; pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kiosk.callbench.echo_rig import Recording, level_dbfs, speaking
from kiosk.callbench.echo_room import RATE_HZ, Samples
from kiosk.media.playout import BLOCK

_WINDOW = 960
_BINS = 200
"""Of 50 Hz: up to 10 kHz."""
_BAND_BINS, _BAND_FRAMES = 10, 10


def return_loss_db(recording: Recording, begin_s: float, end_s: float) -> float:
    """Echo return loss enhancement: 10 log10 of the echo's energy in the microphone by all that the other end gets,
    gain, noise and comfort noise included; over that stretch of the call, in which only the far end may speak."""
    part = slice(round(begin_s * RATE_HZ), round(end_s * RATE_HZ))
    return level_dbfs(recording.echo[part]) - level_dbfs(recording.cleaned[part])


def voice_loss_db(alone: Recording, both: Recording, begin_s: float, end_s: float) -> float:
    """How much quieter the near voice is in ``both`` than in ``alone``: the same scene without the far end there.

    Measured on what the two have in common in each band of 500 Hz and 100 ms, so echo that is left does not count as
    voice. Gains of the level control are taken back in both.
    """
    part = slice(round(begin_s * RATE_HZ), round(end_s * RATE_HZ))
    wanted, got = _bands(alone.without_gain()[part]), _bands(both.without_gain()[part])
    energy = np.sum(np.abs(wanted) ** 2, axis=(1, 3))
    common = np.real(np.sum(got * wanted.conj(), axis=(1, 3)))
    share = np.clip(common / (energy + 1e-12), 0.0, 1.0)
    return float(-10 * np.log10(np.sum(share**2 * energy) / np.sum(energy) + 1e-12))


def level_losses_db(alone: Recording, both: Recording, begin_s: float, end_s: float) -> tuple[float, float]:
    """By level where the near voice speaks: of the whole, and the median of its 10 ms. Echo that is left counts as
    voice here, so the first may be too small; gains are taken back in both."""
    part = slice(round(begin_s * RATE_HZ), round(end_s * RATE_HZ))
    wanted, got = alone.without_gain()[part], both.without_gain()[part]
    voiced = speaking(alone.near[part], 20.0)
    whole = level_dbfs(wanted[voiced]) - level_dbfs(got[voiced])
    each = [_block_power(samples)[_blocks(voiced)] for samples in (wanted, got)]
    return whole, float(np.median(10 * np.log10((each[0] + 1e-12) / (each[1] + 1e-12))))


def _bands(samples: Samples) -> npt.NDArray[np.complex128]:
    """(stretches, 10 frames, bands, 10 bins)."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[:: _WINDOW // 2] * np.hanning(_WINDOW)
    spectra = np.fft.rfft(frames, axis=1)[: len(frames) // _BAND_FRAMES * _BAND_FRAMES, :_BINS]
    return spectra.reshape(-1, _BAND_FRAMES, _BINS // _BAND_BINS, _BAND_BINS)


def _blocks(samples: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return samples[: len(samples) // BLOCK * BLOCK : BLOCK]


def _block_power(samples: Samples) -> Samples:
    return np.asarray(np.mean(samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK) ** 2, axis=1))
