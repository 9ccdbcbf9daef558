"""Which fingers count: the first one alone. A second, a palm and a hand that rests mean nothing. Pure.

Of all contacts one at most leads, and becomes a press, its moves and a release; what lies where is Qt's. Everything
else (swipe, pinch, long press) is not looked for, so that it means nothing either.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable, Iterable

import msgspec

PALM_MILLIMETRES = 30.0
"""A larger contact is no finger; of a panel that tells no size (0) every contact counts as one."""

RESTING_SECONDS = 2.0
"""What has lain for so long is a hand that supports itself, dirt or a drop of water: it keeps no finger out."""

MOST_FINGERS = 3
"""So many at once are a hand."""


class Phase(enum.Enum):
    """What a contact does."""

    BEGAN = "began"
    MOVED = "moved"
    ENDED = "ended"


class Contact(msgspec.Struct, frozen=True):
    """One contact of the panel: pixels of the window; ``millimetres`` across its larger axis, 0 where unknown."""

    number: Hashable
    phase: Phase
    x: float
    y: float
    millimetres: float = 0.0


class Sign(enum.Enum):
    """What the leading finger does. CANCEL: it is not to count after all."""

    PRESS = "press"
    MOVE = "move"
    RELEASE = "release"
    CANCEL = "cancel"


class Signal(msgspec.Struct, frozen=True):
    """For whoever knows what lies at a place."""

    sign: Sign
    x: float
    y: float


class TouchRules:
    """One for a window."""

    def __init__(self) -> None:
        self._down: dict[Hashable, float] = {}
        self._leader: Hashable | None = None

    def take(self, contacts: Iterable[Contact], now: float) -> list[Signal]:
        """What these contacts mean; ``now`` is monotonic seconds. The panel sends those that changed, or all."""
        signals: list[Signal] = []
        for contact in contacts:
            match contact.phase:
                case Phase.BEGAN:
                    self._begin(contact, now, signals)
                case Phase.MOVED:
                    self._move(contact, signals)
                case Phase.ENDED:
                    self._end(contact, signals)
        return signals

    def lost(self) -> list[Signal]:
        """The system has taken all contacts away."""
        self._down.clear()
        signals: list[Signal] = []
        self._cancel(signals)
        return signals

    def _begin(self, contact: Contact, now: float, signals: list[Signal]) -> None:
        if contact.number == self._leader:
            self._cancel(signals)  # its end was lost
        self._down.pop(contact.number, None)
        fresh = [number for number, began in self._down.items() if now - began < RESTING_SECONDS]
        self._down[contact.number] = now
        if len(fresh) + 1 >= MOST_FINGERS:
            self._cancel(signals)
        elif not fresh and contact.millimetres <= PALM_MILLIMETRES:
            self._cancel(signals)
            self._leader = contact.number
            signals.append(Signal(Sign.PRESS, contact.x, contact.y))

    def _move(self, contact: Contact, signals: list[Signal]) -> None:
        if contact.number != self._leader:
            return
        if contact.millimetres > PALM_MILLIMETRES:
            self._cancel(signals)
        else:
            signals.append(Signal(Sign.MOVE, contact.x, contact.y))

    def _end(self, contact: Contact, signals: list[Signal]) -> None:
        self._down.pop(contact.number, None)
        if contact.number == self._leader:
            self._leader = None
            signals.append(Signal(Sign.RELEASE, contact.x, contact.y))

    def _cancel(self, signals: list[Signal]) -> None:
        if self._leader is not None:
            self._leader = None
            signals.append(Signal(Sign.CANCEL, -1.0, -1.0))
