"""Mixes the remote voice, the ring tone and speech into the 10 ms blocks for the loudspeaker; owns no thread or device.

Voices go through the patient's sound profile and volume, the ring tone has a volume of its own, and the mixture stays
below -1 dBFS. What comes out is what is played: the echo canceller is told of nothing earlier.

Not thread-safe: ``Sound`` holds a lock around every use.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

from kiosk.facts.profile import Hearing, RingTone
from kiosk.media.breath import Breath
from kiosk.media.limiter import Limiter
from kiosk.media.ring_tone import PATTERNS, RATE_HZ, RingSound
from kiosk.media.sound_profile import SoundShaping, gains_of

BLOCK = RATE_HZ // 100
"""Samples in a block of 10 ms."""

_DUCKED = 0.08  # -22 dB: the name of who rings must be understood
_DUCK_STEP = 0.15  # per block; the full way takes some 60 ms
_HEARD = 2  # peak of what an Opus decoder may make out of digital silence
_WHOLE_VOLUME_DB = 30.0
"""From the softest (0 %) to the loudest (100 %), in equal steps; EN 301 549 8.2.1 asks for 18."""

Samples = npt.NDArray[np.int16]
_Mixture = npt.NDArray[np.float32]

_SILENCE: _Mixture = np.zeros(BLOCK, dtype=np.float32)


class RingBegan(msgspec.Struct, frozen=True):
    """The first block of the ring tone is in the block that was just taken."""


class RemoteHeard(msgspec.Struct, frozen=True):
    """The first remote sound that is not digital silence is in the block that was just taken."""


class SpeechEnded(msgspec.Struct, frozen=True):
    """The last sample of this speech is in the block that was just taken, or it was dropped."""

    speech_id: int
    dropped: bool


PlayoutEvent = RingBegan | RemoteHeard | SpeechEnded


def volume(percent: int) -> float:
    """The factor for a setting of 0 to 100 percent."""
    return float(10 ** (_WHOLE_VOLUME_DB * (percent / 100 - 1) / 20))


class Playout:
    """What the loudspeaker is to play.

    Until ``follow`` everything sounds at full volume, with no sound profile.
    """

    def __init__(self) -> None:
        self._hearing: Hearing | None = None
        self._sounds = {tone: (RingSound(tone), Breath(pattern)) for tone, pattern in PATTERNS.items()}
        self._tone = RingTone.STANDARD
        self._voice_volume = self._voice_volume_goal = 1.0
        self._ring_volume = self._ring_volume_goal = 1.0
        self._shapings = {"speech": SoundShaping(), "call": SoundShaping()}
        self._limiter, self._alert_limiter = Limiter(), Limiter()
        self._ring_at: int | None = None
        self._ring_gain = 1.0
        self._speeches: deque[tuple[int, Samples]] = deque()
        self._speech_at = 0
        self._remote: Callable[[], Samples] | None = None
        self._remote_heard = False
        self.alert = np.zeros(BLOCK, dtype=np.int16)
        """Of the last block, what belongs where it rings: the tone, and what is said while it sounds."""

    def follow(self, hearing: Hearing) -> None:
        """Everything sounds like this from the next block on, also what sounds now."""
        if self._hearing is None or hearing.ring_tone is not self._hearing.ring_tone:
            self._tone = hearing.ring_tone
        self._hearing = hearing
        self._voice_volume_goal = volume(hearing.volume_percent)
        self._ring_volume_goal = volume(hearing.ring_volume_percent)
        gains = gains_of(hearing)
        for shaping in self._shapings.values():
            shaping.follow(gains)

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to play."""
        return self._ring_at is None and self._remote is None and not self._speeches

    def start_ring(self, tone: RingTone | None = None) -> None:
        """Begin the ring tone anew, unless it sounds; None: the one that was used last."""
        if tone is not None:
            self._tone = tone
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
        self._shapings["speech"].forget()
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
        ring = self._ring_part(events)
        speech = self._speech_part(events)
        call = self._call_part(events)
        volume_before, self._voice_volume = self._voice_volume, self._voice_volume_goal
        if volume_before == self._voice_volume:
            factors: _Mixture | np.float32 = np.float32(self._voice_volume)
        else:
            factors = np.linspace(volume_before, self._voice_volume, BLOCK, dtype=np.float32)
        alert = _SILENCE if self._ring_at is None else ring + speech * factors
        self.alert = _samples(self._alert_limiter.limited(alert))
        return _samples(self._limiter.limited(ring + (speech + call) * factors)), events

    def _call_part(self, events: list[PlayoutEvent]) -> _Mixture:
        if self._remote is None:
            return _SILENCE
        voice = self._remote()
        if not self._remote_heard and int(np.abs(voice.astype(np.int32)).max()) > _HEARD:
            self._remote_heard = True
            events.append(RemoteHeard())
        return self._shapings["call"].shaped(voice.astype(np.float32))

    def _ring_part(self, events: list[PlayoutEvent]) -> _Mixture:
        volume_before, self._ring_volume = self._ring_volume, self._ring_volume_goal
        if self._ring_at is None:
            return _SILENCE
        if self._ring_at == 0:
            events.append(RingBegan())
        goal = _DUCKED if self._speeches else 1.0
        before = self._ring_gain
        self._ring_gain = max(goal, before - _DUCK_STEP) if goal < before else min(goal, before + _DUCK_STEP)
        gain = np.linspace(before * volume_before, self._ring_gain * self._ring_volume, BLOCK, dtype=np.float32)
        sound, breath = self._sounds[self._tone]
        ring = sound.block(self._ring_at, BLOCK) + breath.block(self._ring_at, BLOCK)
        self._ring_at += BLOCK
        sounding: _Mixture = ring * gain * np.float32(32767)
        return sounding

    def _speech_part(self, events: list[PlayoutEvent]) -> _Mixture:
        said = np.zeros(BLOCK, dtype=np.float32)
        filled = 0
        while self._speeches and filled < BLOCK:
            speech_id, samples = self._speeches[0]
            part = samples[self._speech_at : self._speech_at + BLOCK - filled]
            said[filled : filled + len(part)] = part
            filled += len(part)
            self._speech_at += len(part)
            if self._speech_at >= len(samples):
                self._speeches.popleft()
                self._speech_at = 0
                events.append(SpeechEnded(speech_id=speech_id, dropped=False))
        return self._shapings["speech"].shaped(said)


def _samples(mixture: _Mixture) -> Samples:
    return np.rint(mixture).astype(np.int16)
