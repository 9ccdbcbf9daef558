"""Measures how loud a pulsed tone stands over the pauses between its pulses in recorded samples; records nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_WINDOW_S = 0.1
_HOP_S = 0.025
_BAND_HZ = 25.0
_FLOOR_DBFS = -120.0


def band_levels(samples: npt.NDArray[np.int16], rate: int, frequency: float) -> npt.NDArray[np.float64]:
    """The level of the band ``frequency`` ± 25 Hz in each 100 ms window (every 25 ms), in dB of a full-scale sine.

    Raises ValueError when there is less than one window of samples or the band does not fit under half the rate.
    """
    length = int(_WINDOW_S * rate)
    if len(samples) < length:
        raise ValueError(f"{len(samples)} samples are fewer than one window of {length}")
    if not _BAND_HZ < frequency < rate / 2 - _BAND_HZ:
        raise ValueError(f"{frequency} Hz cannot be measured at {rate} samples a second")
    window = np.hanning(length)
    frequencies = np.fft.rfftfreq(length, 1 / rate)
    band = np.abs(frequencies - frequency) <= _BAND_HZ
    views = np.lib.stride_tricks.sliding_window_view(samples, length)[:: int(_HOP_S * rate)]
    spectra = np.abs(np.fft.rfft(views * (window / 32768.0), axis=1))
    # Parseval over the band; a full-scale sine under this window gives sum(window**2) * length / 4.
    power = (spectra[:, band] ** 2).sum(axis=1) / ((window**2).sum() * length / 4)
    levels: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DBFS / 10)))
    return levels


def pulsed_tone_levels(samples: npt.NDArray[np.int16], rate: int, frequency: float) -> tuple[float, float]:
    """(tone, silence) in dBFS of the narrow band around ``frequency``, for a tone that sounds 10-50 % of the time.

    Tone: the 90th percentile of the 100 ms windows; silence: the 20th. A steady tone, or none, gives two equal values.
    Needs two whole pulses or more to mean anything. Raises ValueError as ``band_levels``.
    """
    levels = band_levels(samples, rate, frequency)
    tone, silence = np.percentile(levels, [90, 20])
    return float(tone), float(silence)
