"""Cleans the microphone of what was played (WebRTC AEC3), of noise and of uneven level; owns no thread or device."""

from __future__ import annotations

from collections import deque

import numpy as np
from pywebrtc_audio import AudioProcessor

from kiosk.media.playout import BLOCK, Samples
from kiosk.media.ring_tone import RATE_HZ

_MOST_GAIN_DB = 12.0
"""A quiet voice is raised by so much at most; it raises what is left of the echo too."""
_MOST_WAITING = 6
"""Played blocks that may wait for their recorded counterpart; more means that recording stood still."""

_SILENCE = np.zeros(BLOCK, dtype=np.int16)


class EchoPath:
    """``played`` may be called from another thread than ``clean``: the handing over is one append to a deque."""

    def __init__(self, *, echo_cancelling: bool, stream_delay_ms: int) -> None:
        self._played: deque[Samples] = deque(maxlen=_MOST_WAITING)
        self._processor = AudioProcessor(
            sample_rate=RATE_HZ,
            num_channels=1,
            echo_cancellation=echo_cancelling,
            noise_suppression=True,
            high_pass_filter=True,
            auto_gain_control=True,
            agc_max_gain_db=_MOST_GAIN_DB,
            stream_delay_ms=stream_delay_ms,
        )

    @property
    def gain_db(self) -> float:
        """By how much the last block was raised to an even level."""
        return float(self._processor.gain_db)

    def played(self, block: Samples) -> None:
        """Exactly what has gone to the loudspeaker, in order."""
        self._played.append(block)

    def clean(self, near: Samples, *, wanted: bool) -> Samples | None:
        """The cleaned block; None without work when nobody wants it and nothing is played to learn the room from."""
        try:
            far = self._played.popleft()
        except IndexError:
            far = _SILENCE
        if not wanted and not far.any():
            return None
        cleaned: Samples = self._processor.process(near, far)
        return cleaned if wanted else None
