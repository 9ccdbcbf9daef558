"""When a fault is said aloud: once, when it has lasted, by day, and in a call only if it is about the call. Pure."""

from __future__ import annotations

import msgspec

from kiosk.facts.faults import Fault
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import shown
from kiosk.flow import effects as do
from kiosk.flow.state import Idle, KioskState, Talking, Worry

LASTS_SECONDS = 10.0
"""What heals before that is nobody's worry."""

AGAIN_SECONDS = 3600.0
"""A fault that comes and goes is said once in so long."""

NIGHT_FROM, NIGHT_TO = 22, 7
"""Hours of the home's clock between which nobody is woken by a fault; what lasts is said in the morning."""

_UNSPOKEN = frozenset({Fault.NO_VOICE, Fault.NO_SOUND, Fault.MEDIA_RESTARTING})
"""What could not be heard, or is over before it has been said."""

_OF_THE_CALL = frozenset({Fault.NO_CAMERA})
"""What is said in a call; a lost line is ``flow.recovering``'s."""

Step = tuple[KioskState, tuple[do.Effect, ...]]


def raised(state: KioskState, fault: Fault, now: Moment) -> KioskState:
    """It has come, or come again: when it was said is remembered."""
    before = next((one for one in state.worries if one.fault is fault), None)
    worry = Worry(fault, now.monotonic, None if before is None else before.said_at)
    return msgspec.structs.replace(state, worries=(*(one for one in state.worries if one.fault is not fault), worry))


def cleared(state: KioskState, fault: Fault) -> KioskState:
    """It has gone; forgotten, unless it has been said."""
    worries = tuple(one for one in state.worries if one.fault is not fault or one.said_at is not None)
    return msgspec.structs.replace(state, worries=worries)


def aged(state: KioskState, now: Moment) -> Step:
    """Time has passed: say the first that is due, when it disturbs nothing."""
    if state.spoken is not None or not state.worries or is_night(now):
        return state, ()
    in_a_call = isinstance(state.phase, Talking)
    calm = isinstance(state.phase, Idle) and state.measurement is None and not state.questions
    if not in_a_call and not calm:
        return state, ()
    for worry in state.worries:
        if worry.fault in _UNSPOKEN or worry.fault not in state.faults or now.monotonic - worry.since < LASTS_SECONDS:
            continue
        if in_a_call and worry.fault not in _OF_THE_CALL:
            continue
        if worry.said_at is not None and (now.monotonic - worry.said_at < AGAIN_SECONDS or worry.since < worry.said_at):
            continue
        said = msgspec.structs.replace(worry, said_at=now.monotonic)
        worries = tuple(said if one is worry else one for one in state.worries)
        return msgspec.structs.replace(state, worries=worries), (do.Say(shown(f"faults.{worry.fault.value}")),)
    return state, ()


def is_night(now: Moment) -> bool:
    """Whether people sleep, by the home's clock."""
    return now.wall.hour >= NIGHT_FROM or now.wall.hour < NIGHT_TO
