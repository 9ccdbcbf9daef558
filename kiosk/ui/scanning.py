"""One switch for everything: the highlight goes from control to control by itself, and the switch chooses. Pure.

A page begins at its most important control. After three rounds without a press the highlight goes out; a press then
begins anew and chooses nothing. Timing after reference/accessibility.md 2.3: 2 s a control, 0.5 to 5 s.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable

import msgspec

ROUNDS = 3
"""Then it waits: a light that wanders for ever tires, and the room need not hear it."""

REACTION_SECONDS = 0.15
"""Nobody reacts faster: a press so soon after a step was meant for the control before."""

BOUNCE_SECONDS = 0.05
"""A contact that closes bounces; what follows so soon is the same press."""


class Outcome(enum.Enum):
    """What a press of the switch did."""

    CHOSEN = "chosen"
    BEGUN = "begun"
    IGNORED = "ignored"


class SwitchPress(msgspec.Struct, frozen=True):
    """``control`` with CHOSEN only."""

    outcome: Outcome
    control: Hashable | None = None


class Scanner:
    """The round over one page's controls. ``seconds``: on each; ``repeat_seconds``: how long a second press is ignored
    (EN 301 549 5.8). ``now`` is monotonic seconds everywhere."""

    def __init__(self, seconds: float = 2.0, repeat_seconds: float = 0.5) -> None:
        self._seconds = seconds
        self._repeat_seconds = repeat_seconds
        self._controls: tuple[Hashable, ...] = ()
        self._began = 0.0
        self._came = 0.0
        self._pressed: float | None = None

    def set_timing(self, seconds: float, repeat_seconds: float, now: float) -> None:
        """From now on so fast; the round begins anew when that is another speed."""
        self._repeat_seconds = repeat_seconds
        if seconds != self._seconds:
            self._seconds = seconds
            self._began = now

    def show(self, controls: tuple[Hashable, ...], now: float) -> None:
        """These are on the page now, the most important one first; the same ones as before change nothing."""
        if controls != self._controls:
            self._controls = controls
            self._began = self._came = now

    def highlighted(self, now: float) -> Hashable | None:
        """The control that the switch would choose; None when there is none or the rounds are over."""
        step = self._step(now)
        return None if step is None else self._controls[step % len(self._controls)]

    def next_step(self, now: float) -> float | None:
        """When the highlight moves or goes out; None when it rests."""
        step = self._step(now)
        return None if step is None else self._began + (step + 1) * self._seconds

    def press(self, now: float) -> SwitchPress:
        """The switch has been closed."""
        before = self._pressed
        if before is not None and now - before < max(BOUNCE_SECONDS, self._repeat_seconds):
            return SwitchPress(Outcome.IGNORED)
        if self._controls and now - self._came < REACTION_SECONDS:
            return SwitchPress(Outcome.IGNORED)  # meant for the page before
        self._pressed = now
        step = self._step(max(self._began, now - REACTION_SECONDS))
        self._began = now
        if step is None:
            return SwitchPress(Outcome.BEGUN) if self._controls else SwitchPress(Outcome.IGNORED)
        return SwitchPress(Outcome.CHOSEN, self._controls[step % len(self._controls)])

    def _step(self, now: float) -> int | None:
        """How many controls have been left behind since the round began; None when there are none or it is over."""
        if not self._controls:
            return None
        step = max(0, int((now - self._began) / self._seconds + 1e-9))
        return step if step < ROUNDS * len(self._controls) else None
