"""Mixes the remote voice, the ring tone and speech into the 10 ms blocks for the loudspeaker; owns no thread or device.

Not thread-safe: ``Sound`` holds a lock around every use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from kiosk.media.breath import Breath
from kiosk.media.ring_tone import RATE_HZ, RingTone

BLOCK = RATE_HZ // 100
"""Samples in a block of 10 ms."""

_DUCKED = 0.08  # -22 dB: the name of who rings must be understood
_DUCK_STEP = 0.15  # per block; the full way takes some 60 ms
_HEARD = 2  # peak of what an Opus decoder may make out of digital silence

Samples = npt.NDArray[np.int16]


class RingBegan(msgspec.Struct, frozen=True):
    """The first block of the ring tone is in the block that was just taken."""


class RemoteHeard(msgspec.Struct, frozen=True):
    """The first remote sound that is not digital silence is in the block that was just taken."""


class SpeechEnded(msgspec.Struct, frozen=True):
    """The last sample of this speech is in the block that was just taken, or it was dropped."""

    speech_id: int
    dropped: bool


PlayoutEvent = RingBegan | RemoteHeard | SpeechEnded


class Playout:
    """What the loudspeaker is to play. ``second_speaks``: whether a second one is given speech beside the ring tone."""

    def __init__(self, *, second_speaks: bool = True) -> None:
        self._second_speaks = second_speaks
        self._tone = RingTone()
        self._breath = Breath()
        self._ring_at: int | None = None
        self._ring_gain = 1.0
        self._speeches: deque[tuple[int, Samples]] = deque()
        self._speech_at = 0
        self._remote: Callable[[], Samples] | None = None
        self._remote_heard = False
        self.second = np.zeros(BLOCK, dtype=np.int16)
        """For a second loudspeaker (a ring loudspeaker beside a headset), at the time of the last block: no call."""

    def start_ring(self) -> None:
        """Begin the ring tone anew, unless it sounds."""
        if self._ring_at is None:
            self._ring_at = 0
            self._ring_gain = _DUCKED if self._speeches else 1.0

    def stop_ring(self) -> None:
        """No ring tone from the next block on."""
        self._ring_at = None

    def say(self, speech_id: int, samples: Samples) -> None:
        """Queue speech (48 kHz) behind what is being said."""
        self._speeches.append((speech_id, samples))

    def stop_speaking(self) -> list[SpeechEnded]:
        """Drop all speech; says which."""
        ended = [SpeechEnded(speech_id=speech_id, dropped=True) for speech_id, _ in self._speeches]
        self._speeches.clear()
        self._speech_at = 0
        return ended

    def listen_to(self, voice: Callable[[], Samples]) -> None:
        """Remote voice from now on: each call gives the next 10 ms of it."""
        self._remote = voice

    def forget_remote(self) -> None:
        """The call is over; tell of the first sound of the next one."""
        self._remote = None
        self._remote_heard = False

    def next_block(self) -> tuple[Samples, list[PlayoutEvent]]:
        """The next 480 samples for the loudspeaker, and what happened in them."""
        events: list[PlayoutEvent] = []
        mix = np.zeros(BLOCK, dtype=np.float32)
        self._mix_ring(mix, events)
        if self._second_speaks:
            self._mix_speech(mix, events)
            self.second = _clipped(mix)
        else:
            self.second = _clipped(mix)
            self._mix_speech(mix, events)
        self._mix_remote(mix, events)
        return _clipped(mix), events

    def _mix_remote(self, mix: npt.NDArray[np.float32], events: list[PlayoutEvent]) -> None:
        if self._remote is None:
            return
        voice = self._remote()
        mix += voice
        if not self._remote_heard and int(np.abs(voice.astype(np.int32)).max()) > _HEARD:
            self._remote_heard = True
            events.append(RemoteHeard())

    def _mix_ring(self, mix: npt.NDArray[np.float32], events: list[PlayoutEvent]) -> None:
        if self._ring_at is None:
            return
        if self._ring_at == 0:
            events.append(RingBegan())
        goal = _DUCKED if self._speeches else 1.0
        before = self._ring_gain
        self._ring_gain = max(goal, before - _DUCK_STEP) if goal < before else min(goal, before + _DUCK_STEP)
        gain = np.linspace(before, self._ring_gain, BLOCK, dtype=np.float32)
        ring = self._tone.block(self._ring_at, BLOCK) + self._breath.block(self._ring_at, BLOCK)
        mix += ring * gain * np.float32(32767)
        self._ring_at += BLOCK

    def _mix_speech(self, mix: npt.NDArray[np.float32], events: list[PlayoutEvent]) -> None:
        filled = 0
        while self._speeches and filled < BLOCK:
            speech_id, samples = self._speeches[0]
            part = samples[self._speech_at : self._speech_at + BLOCK - filled]
            mix[filled : filled + len(part)] += part
            filled += len(part)
            self._speech_at += len(part)
            if self._speech_at >= len(samples):
                self._speeches.popleft()
                self._speech_at = 0
                events.append(SpeechEnded(speech_id=speech_id, dropped=False))


def _clipped(mix: npt.NDArray[np.float32]) -> Samples:
    return np.clip(mix, -32768, 32767).astype(np.int16)
