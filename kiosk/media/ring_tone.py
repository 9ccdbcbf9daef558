"""Synthesises the ring tones as samples; plays nothing.

Notes between 400 and 520 Hz with square-like harmonics that stay under 2.5 kHz: what wakes people with the hearing loss
of age (520 Hz square woke 92 % against 56 % for a 3.1 kHz tone). Each tone is a pattern of its own, so that a patient
who finds one unpleasant or mistakes it for another machine's has a choice; all grow by 10 dB within 10 s.
"""

from __future__ import annotations

import itertools

import msgspec
import numpy as np
import numpy.typing as npt

from kiosk.facts.profile import RingTone

RATE_HZ = 48_000
GROWTH_DB = 10.0
GROWTH_S = 10.0

_HARMONICS = (1, 3, 5)
_HIGHEST_HZ = 2500.0
_FULL_PEAK = 0.4
_EDGE_S = 0.01

Samples = npt.NDArray[np.float32]


class Note(msgspec.Struct, frozen=True):
    """``fade_s``: within what time its level falls to 37 %, as that of a struck bar; None: it is blown evenly."""

    hz: float
    seconds: float
    fade_s: float | None = None


class Pattern(msgspec.Struct, frozen=True):
    """Notes one after the other, then silence; over and over."""

    notes: tuple[Note, ...]
    pause_s: float

    @property
    def sound_s(self) -> float:
        """How long the notes sound together."""
        return sum(note.seconds for note in self.notes)

    @property
    def period(self) -> int:
        """Samples from one beginning to the next."""
        return sum(int(note.seconds * RATE_HZ) for note in self.notes) + int(self.pause_s * RATE_HZ)


def _notes(*sounds: tuple[float, float], fade_s: float | None = None) -> tuple[Note, ...]:
    return tuple(Note(hz, seconds, fade_s) for hz, seconds in sounds)


PATTERNS = {
    # A major third, quick, to and fro: the telephone that everybody knows.
    RingTone.STANDARD: Pattern(_notes(*[(520.0, 0.25), (416.0, 0.25)] * 4), pause_s=2.0),
    # Slow and low, for who finds the first one sharp: two long calls, the second a little higher.
    RingTone.DEEP: Pattern(_notes((400.0, 0.6), (450.0, 0.4), (400.0, 0.6), (450.0, 0.8)), pause_s=1.6),
    # Three steps of a major scale, struck: a tune.
    RingTone.MELODY: Pattern(
        _notes(
            (416.0, 0.3), (468.0, 0.3), (520.0, 0.6), (468.0, 0.3), (520.0, 0.3), (416.0, 0.9),
            fade_s=0.35,
        ),
        pause_s=1.5,
    ),
}  # fmt: skip


class RingSound:
    """One tone from its beginning; ``block`` gives any stretch of it."""

    def __init__(self, tone: RingTone) -> None:
        self._cycle = _cycle(PATTERNS[tone])

    def block(self, start: int, count: int) -> Samples:
        """``count`` samples from sample ``start`` (48 kHz), full scale is 1.0."""
        places = np.arange(start, start + count) % len(self._cycle)
        growth = min(0.0, GROWTH_DB * (start / RATE_HZ / GROWTH_S - 1.0))
        scaled: Samples = self._cycle[places] * np.float32(_FULL_PEAK * 10 ** (growth / 20))
        return scaled


def _cycle(pattern: Pattern) -> Samples:
    """One period of sound and pause, peak 1."""
    # A note is made once and then repeated: the same note twice is the same sound.
    made = {note: _sound(note) for note in pattern.notes}
    sound = np.concatenate([made[note] for note in pattern.notes])
    silence = np.zeros(int(pattern.pause_s * RATE_HZ))
    cycle: Samples = np.concatenate([sound / np.abs(sound).max(), silence]).astype(np.float32)
    return cycle


def _sound(note: Note) -> npt.NDArray[np.float64]:
    length = int(note.seconds * RATE_HZ)
    at = np.arange(length) / RATE_HZ
    edge = int(_EDGE_S * RATE_HZ)
    envelope = np.ones(length) if note.fade_s is None else np.exp(-at / note.fade_s)
    envelope[:edge] *= np.linspace(0, 1, edge)
    envelope[-edge:] *= np.linspace(1, 0, edge)
    wave = np.zeros(length)
    for harmonic in itertools.takewhile(lambda number: number * note.hz < _HIGHEST_HZ, _HARMONICS):
        wave += np.sin(2 * np.pi * harmonic * note.hz * at) / harmonic
    return wave * envelope
