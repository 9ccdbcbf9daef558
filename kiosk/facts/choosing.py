"""Choosing the patient's profile by seeing and hearing, as far as it has come: kept on disk, so that a power cut costs
nothing. How it goes on is flow/choosing.py's."""

from __future__ import annotations

import enum

import msgspec

from kiosk.facts.profile import Profile


class Question(enum.Enum):
    """What is asked, in this order; one screen each."""

    LANGUAGE = "language"
    THEME = "theme"
    SIZE = "size"
    VOICE_RATE = "voice-rate"
    RING_TONE = "ring-tone"
    SOUND_PROFILE = "sound-profile"
    VOLUME = "volume"
    STEADINESS = "steadiness"
    READINGS_ALOUD = "readings-aloud"
    READY = "ready"


class Pick(enum.Enum):
    """Which of two was better."""

    FIRST = "first"
    SECOND = "second"


class Playing(enum.Enum):
    """What is being heard now: the question itself, or one of its samples."""

    QUESTION = "question"
    FIRST = "first"
    SECOND = "second"


class Tap(msgspec.Struct, frozen=True):
    """Where a finger came down, millimetres from the middle of the target: ``x`` to the right, ``y`` down."""

    x: float
    y: float


class Choosing(msgspec.Struct, frozen=True):
    """``before``: the profile that stands if it is given up; ``chosen``: that with all that was answered so far.

    ``picks``: of this question's pairs; ``taps`` on the targets; ``bounce_s``: how long after a tap the finger came
    down once more by itself, 0 if it never did; ``playing`` since ``since`` (CLOCK_MONOTONIC, seconds).
    """

    before: Profile
    chosen: Profile
    question: Question = Question.LANGUAGE
    picks: tuple[Pick, ...] = ()
    taps: tuple[Tap, ...] = ()
    bounce_s: float = 0.0
    playing: Playing | None = None
    since: float = 0.0
