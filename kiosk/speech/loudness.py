"""How loud speech is, and bringing it to one loudness, whoever speaks. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

VOICE_LEVEL_DBFS = -18.0
"""How loud the voice speaks (its louder half, root mean square), so that what stands in for it is as loud."""

_LOUDEST = 0.9
"""Of full scale, after levelling."""

_FRAME_SECONDS = 0.02
_SILENCE = 1e-8


def level_dbfs(samples: npt.NDArray[np.int16], rate: int) -> float | None:
    """Root mean square of the louder half of the frames, over full scale; None for silence."""
    size = int(_FRAME_SECONDS * rate)
    count = len(samples) // size
    if count == 0:
        return None
    frames = samples[: count * size].reshape(count, size).astype(np.float64) / 32_768
    energy = np.sort((frames**2).mean(axis=1))[count // 2 :].mean()
    return float(10 * np.log10(energy)) if energy > _SILENCE else None


def at_voice_level(samples: npt.NDArray[np.int16], rate: int) -> npt.NDArray[np.int16] | None:
    """The same speech as loud as the voice, never so loud that it is cut; None for silence."""
    level = level_dbfs(samples, rate)
    if level is None:
        return None
    speech = samples.astype(np.float64)
    factor = min(10 ** ((VOICE_LEVEL_DBFS - level) / 20), _LOUDEST * 32_767 / float(np.abs(speech).max()))
    return np.round(speech * factor).astype(np.int16)
