"""One's own readings over time: opened, switched and closed, by presses alone. Pure."""

from __future__ import annotations

import msgspec

from kiosk.facts.history import Curve, Point, Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance, shown
from kiosk.flow import effects as do
from kiosk.flow import spoken_readings
from kiosk.flow.state import History, Idle, KioskState

DRAWN_POINTS = 400
"""More than a line on a screen can show, and than its messages should carry."""

Step = tuple[KioskState, tuple[do.Effect, ...]]


def opened(state: KioskState, now: Moment) -> Step:
    """«Mine målinger», from the home page only: never in a call, never over a result or a question."""
    if not isinstance(state.phase, Idle) or state.measurement is not None or state.questions or not state.can_measure:
        return state, ()
    return _load(msgspec.structs.replace(state, old_readings=None), state.can_measure[0], Span.WEEK, now)


def chosen(state: KioskState, kind: MeasurementKind, span: Span, now: Moment) -> Step:
    """Another span, or another kind of those that the home has devices for."""
    if state.history is None or kind not in state.can_measure:
        return state, ()
    if (kind, span) == (state.history.kind, state.history.span) and not state.history.failed:
        return msgspec.structs.replace(state, history=_touched(state.history, now)), ()
    return _load(state, kind, span, now)


def loaded(state: KioskState, curve: Curve) -> Step:
    """The curve that was asked for last; the newest value is said first, then which span it is."""
    history = state.history
    if history is None or (curve.kind, curve.span) != (history.kind, history.span):
        return state, ()
    first = history.curve is None
    drawn = msgspec.structs.replace(curve, points=thinned(curve.points))
    state = msgspec.structs.replace(state, history=msgspec.structs.replace(history, curve=drawn, failed=False))
    if not first or not isinstance(state.phase, Idle):
        return state, ()
    span = f"history.spans.{curve.span.value}"
    if curve.span is Span.WEEK or curve.latest is None:
        said = spoken_readings.latest(curve, aloud=state.aloud)
    else:
        said = shown(f"{span}.name" if curve.points else f"{span}.empty")
    return state, (do.Say(said),)


def failed(state: KioskState) -> Step:
    """They cannot be read now."""
    if state.history is None or state.history.failed:
        return state, ()
    history = msgspec.structs.replace(state.history, curve=None, failed=True)
    return msgspec.structs.replace(state, history=history), (do.Say(Utterance(Spoken.HISTORY_FAILED)),)


def thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """At most DRAWN_POINTS of them, oldest first: the lowest and highest of every stretch, so that no peak is lost, and
    the newest."""
    if len(points) <= DRAWN_POINTS:
        return points
    stretch = -(-2 * len(points) // (DRAWN_POINTS - 2))
    kept: list[Point] = []
    for begin in range(0, len(points), stretch):
        places = range(begin, min(begin + stretch, len(points)))
        low, high = (extreme(places, key=lambda place: points[place].value) for extreme in (min, max))
        kept += [points[place] for place in sorted({low, high})]
    return tuple(kept) if kept[-1] is points[-1] else (*kept, points[-1])


def _load(state: KioskState, kind: MeasurementKind, span: Span, now: Moment) -> Step:
    history = History(kind, span, now.monotonic)
    return msgspec.structs.replace(state, history=history), (do.LoadHistory(kind, span),)


def _touched(history: History, now: Moment) -> History:
    return msgspec.structs.replace(history, since=now.monotonic)
