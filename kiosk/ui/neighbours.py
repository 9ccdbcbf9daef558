"""Where Tab and the arrow keys lead: over all controls of a page, round and round, nowhere else. Pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence

import msgspec


class Way(enum.Enum):
    """Where to."""

    NEXT = "next"
    BEFORE = "before"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"


class Place(msgspec.Struct, frozen=True):
    """A control's rectangle, in pixels of the window."""

    x: float
    y: float
    width: float
    height: float


def neighbour(places: Sequence[Place], here: int | None, way: Way) -> int | None:
    """The control to go to, by its place in reading order; None when there is no control at all.

    An arrow goes to the nearest control on that side; where nothing lies there it goes on in the order, as Tab does,
    so that any arrow held on to comes by every control of a row or column. ``here`` is None: no control is chosen yet.
    """
    if not places:
        return None
    backwards = way in (Way.BEFORE, Way.LEFT, Way.UP)
    if here is None:
        return len(places) - 1 if way is Way.BEFORE else 0
    if way not in (Way.NEXT, Way.BEFORE):
        start = places[here]
        reachable = [
            (cost, index)
            for index, place in enumerate(places)
            if index != here and (cost := _cost(start, place, way)) is not None
        ]
        if reachable:
            return min(reachable)[1]
    return (here + (-1 if backwards else 1)) % len(places)


def _cost(start: Place, place: Place, way: Way) -> float | None:
    """How far it is, one step aside counted as two; None when it does not lie on that side."""
    if way in (Way.LEFT, Way.RIGHT):
        ahead = _gap(start.x, start.width, place.x, place.width, way is Way.RIGHT)
        aside = _apart(start.y, start.height, place.y, place.height)
    else:
        ahead = _gap(start.y, start.height, place.y, place.height, way is Way.DOWN)
        aside = _apart(start.x, start.width, place.x, place.width)
    return None if ahead is None else ahead + 2 * aside


def _gap(start: float, length: float, other: float, other_length: float, forwards: bool) -> float | None:
    """From edge to edge along the way; None when the other's middle is not ahead or the two lie beside one another."""
    gap = other - (start + length) if forwards else start - (other + other_length)
    return gap if gap > -1.0 else None


def _apart(start: float, length: float, other: float, other_length: float) -> float:
    """How far the two miss one another across the way; 0 when they overlap."""
    return max(0.0, other - (start + length), start - (other + other_length))
