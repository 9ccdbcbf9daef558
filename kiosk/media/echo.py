"""Cleans the microphone of what was played (WebRTC AEC3), of noise and of uneven level; owns no thread or device.

In this order: high-pass and echo canceller, noise suppressor on what is left (one that hears the echo learns it as
noise: 5 dB less), gain for a quiet voice, and a gate on what remains of an echo that nobody speaks into.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from pywebrtc_audio import AudioProcessor, EchoCanceller, NoiseSuppressor

from kiosk.media.playout import BLOCK, Samples
from kiosk.media.residual_echo import ResidueGate
from kiosk.media.ring_tone import RATE_HZ
from kiosk.media.voice_level import VoiceLevel

_MOST_WAITING = 6
"""Played blocks that may wait for their recorded counterpart; more means that recording stood still."""
_LEARNING_BLOCKS = 100
"""For so long after the last sound the canceller works although nobody listens: its echo still arrives and rings."""
_NOISE_LEVEL = 1  # 12 dB; 18 dB removed no more echo (measured)
_UNHEARD = 0.001
"""A factor this near to one changes no sample that matters."""

_SILENCE = np.zeros(BLOCK, dtype=np.int16)
_RAMP = np.linspace(0, 1, BLOCK, dtype=np.float32)


class EchoPath:
    """``played`` may be called from another thread than ``clean``: the handing over is one append to a deque."""

    def __init__(self, *, echo_cancelling: bool, stream_delay_ms: int) -> None:
        self._played: deque[Samples] = deque(maxlen=_MOST_WAITING)
        self._stream_delay_ms = stream_delay_ms
        self.echo_cancelling = echo_cancelling
        """May be set by any thread: a headset needs no canceller, and one that works harms the voice a little."""
        self._front = self._front_end()
        self._gate = ResidueGate()
        self._level = VoiceLevel()
        self._learning = 0
        self._factor = 1.0
        self.gain_db = 0.0
        """By how much the last block was raised to an even level."""

    def played(self, block: Samples) -> None:
        """Exactly what has gone to the loudspeaker, in order."""
        self._played.append(block)

    def clean(self, near: Samples, *, wanted: bool) -> Samples | None:
        """The cleaned block; None without work when nobody wants it and nothing is played to learn the room from."""
        try:
            far = self._played.popleft()
        except IndexError:
            far = _SILENCE
        if self._front.cancels is not self.echo_cancelling:
            self._front = self._front_end()
        self._learning = _LEARNING_BLOCKS if far.any() else self._learning - 1
        if wanted:
            return self._levelled(near, far, self._front.cleaned(near, far))
        if self._front.cancels and self._learning > 0:
            self._front.learn(near, far)
        return None

    def _front_end(self) -> _Loudspeaker | _Headset:
        return _Loudspeaker(self._stream_delay_ms) if self.echo_cancelling else _Headset()

    def _levelled(self, near: Samples, far: Samples, left: Samples) -> Samples:
        remaining = left.astype(np.float32)
        power = float(np.dot(remaining, remaining)) / BLOCK
        cancels, gate = self._front.cancels, self._gate
        self.gain_db = self._level.gain_db(
            mean_square=power,
            peak=float(np.abs(remaining).max()),
            speech=self._front.speech,
            echo_possible=cancels and gate.hears_far_end,
        )
        turned_down = 0.0
        if cancels:
            turned_down = gate.attenuation_db(
                played=_power(far), recorded=_power(near), left=power, gain_db=self.gain_db
            )
        before, self._factor = self._factor, 10 ** ((self.gain_db - turned_down) / 20)
        if abs(before - 1) < _UNHEARD and abs(self._factor - 1) < _UNHEARD:
            return left
        remaining *= _RAMP * (self._factor - before) + before
        return np.clip(remaining, -32768, 32767).astype(np.int16)


class _Loudspeaker:
    """High-pass and canceller, then the noise suppressor."""

    cancels = True

    def __init__(self, stream_delay_ms: int) -> None:
        self._canceller = EchoCanceller(sample_rate=RATE_HZ, num_channels=1, stream_delay_ms=stream_delay_ms)
        self._noise = NoiseSuppressor(sample_rate=RATE_HZ, num_channels=1, level=_NOISE_LEVEL)

    @property
    def speech(self) -> float:
        """Probability that the last block is speech."""
        return float(self._noise.speech_probability)

    def cleaned(self, near: Samples, far: Samples) -> Samples:
        left: Samples = self._noise.process(self._canceller.process(near, far))
        return left

    def learn(self, near: Samples, far: Samples) -> None:
        self._canceller.process(near, far)


class _Headset:
    """High-pass and noise suppressor: what is played does not reach the microphone."""

    cancels = False

    def __init__(self) -> None:
        self._processor = AudioProcessor(
            sample_rate=RATE_HZ, num_channels=1, high_pass_filter=True, noise_suppression=True, ns_level=_NOISE_LEVEL
        )

    @property
    def speech(self) -> float:
        """Probability that the last block is speech."""
        return float(self._processor.speech_probability)

    def cleaned(self, near: Samples, far: Samples) -> Samples:
        left: Samples = self._processor.process(near)
        return left

    def learn(self, near: Samples, far: Samples) -> None:
        """Nothing to learn."""


def _power(block: Samples) -> float:
    samples = block.astype(np.float32)
    return float(np.dot(samples, samples)) / BLOCK
