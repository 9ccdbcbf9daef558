"""A call whose line or media process has gone: said, brought back, and what the screen shows of it meanwhile. Pure.

Media says when nothing comes any more and when something comes again. A fresh peer connection is offered only where
the call server can be reached: an offer made without a network names no address, and one that waits grows old.
"""

from __future__ import annotations

import msgspec

from kiosk.facts.faults import Fault
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow.state import Connecting, Ended, KioskState, Ringing, Talking

RECOVER_SECONDS = 45.0
"""How long a broken call is kept while it is being brought back."""

RENEW_SECONDS = 1.5
"""Silence that lasts longer than this is more than a dropout: the call server is reached anew."""

TRY_AGAIN_SECONDS = 6.0
"""What has not helped by then is tried anew."""

SAY_SECONDS = 1.5
"""A shorter silence is shown and not said: the voice would only come when all is well again."""

SAY_AGAIN_SECONDS = 60.0
"""A line that comes and goes is said once in so long."""

LONG_SECONDS = 8.0
"""After this the screen no longer speaks of a moment."""

Step = tuple[KioskState, tuple[do.Effect, ...]]

_OFFLINE = (Fault.CALL_SERVER_UNREACHABLE, Fault.CALL_SERVER_REFUSES)


def silent(state: KioskState, call_id: str, now: Moment) -> Step:
    """Nothing has come for a moment."""
    phase = state.phase
    if not isinstance(phase, Talking) or phase.call_id != call_id:
        return state, ()
    return _begun(state, phase, now), ()


def down(state: KioskState, call_id: str, now: Moment) -> Step:
    """Media has given the path up."""
    phase = state.phase
    if not isinstance(phase, Connecting | Talking) or phase.call_id != call_id:
        return state, ()
    return _restored(state, phase, now)


def link_lost(state: KioskState, now: Moment) -> Step:
    """Known before the silence is: the network has gone."""
    phase = state.phase
    return (_begun(state, phase, now) if isinstance(phase, Talking) else state), ()


def signalling_back(state: KioskState, now: Moment) -> Step:
    """The other end can be offered a fresh connection, from where we are now."""
    phase = state.phase
    if (isinstance(phase, Connecting) and not phase.calling) or (isinstance(phase, Talking) and phase.recovering):
        return _restored(state, phase, now)
    return state, ()


def media_lost(state: KioskState, now: Moment) -> Step:
    """The media process has gone; it is being started anew."""
    phase = state.phase
    if isinstance(phase, Ringing):
        return msgspec.structs.replace(state, phase=msgspec.structs.replace(phase, sounding=False)), ()
    return (_begun(state, phase, now) if isinstance(phase, Talking) else state), ()


def media_back(state: KioskState, now: Moment) -> Step:
    """A media process that knows of no call."""
    phase = state.phase
    if isinstance(phase, Ringing):
        return state, (do.PrepareCall(phase.call_id), do.StartRing())
    if isinstance(phase, Connecting | Talking):
        return _restored(state, phase, now)
    if isinstance(phase, Ended) and phase.undo_to is not None:
        return state, (do.PrepareCall(phase.undo_to.call_id),)
    return state, ()


def recovered(state: KioskState, call_id: str) -> Step:
    """Something comes again."""
    phase = state.phase
    if isinstance(phase, Talking) and phase.call_id == call_id and phase.recovering:
        phase = msgspec.structs.replace(phase, recovering_since=None, tried_at=None, given_time=False)
        return msgspec.structs.replace(state, phase=phase), ()
    return state, ()


def judged(state: KioskState, call_id: str, verdict: LineVerdict) -> Step:
    """How good the line is."""
    phase = state.phase
    if not isinstance(phase, Talking) or phase.call_id != call_id:
        return state, ()
    return msgspec.structs.replace(state, phase=msgspec.structs.replace(phase, verdict=verdict)), ()


def hopeless(phase: Talking, now: Moment) -> bool:
    """Whether it has been tried long enough."""
    return phase.recovering_since is not None and now.monotonic - phase.recovering_since >= RECOVER_SECONDS


def aged(state: KioskState, phase: Talking, now: Moment) -> Step:
    """Time has passed: try (again), say it, and be honest that it takes time."""
    since = phase.recovering_since
    if since is None:
        return state, ()
    effects: list[do.Effect] = []
    due = since + RENEW_SECONDS if phase.tried_at is None else phase.tried_at + TRY_AGAIN_SECONDS
    if now.monotonic >= due and Fault.MEDIA_RESTARTING not in state.faults:
        effects.append(do.RenewSignalling())
        phase = msgspec.structs.replace(phase, tried_at=now.monotonic)
    said_before = phase.said_at is not None and now.monotonic - phase.said_at < SAY_AGAIN_SECONDS
    if now.monotonic - since >= SAY_SECONDS and not said_before:
        own_fault = Fault.MEDIA_RESTARTING in state.faults
        effects.append(do.Say(Utterance(Spoken.RECOVERING if own_fault else Spoken.LINE_WEAK)))
        phase = msgspec.structs.replace(phase, said_at=now.monotonic)
    if now.monotonic - since >= LONG_SECONDS and not phase.given_time:
        phase = msgspec.structs.replace(phase, given_time=True)
    return msgspec.structs.replace(state, phase=phase), tuple(effects)


def _begun(state: KioskState, phase: Talking, now: Moment) -> KioskState:
    if phase.recovering:
        return state
    return msgspec.structs.replace(state, phase=msgspec.structs.replace(phase, recovering_since=now.monotonic))


def _restored(state: KioskState, phase: Connecting | Talking, now: Moment) -> Step:
    """A fresh peer connection, where it can be offered; else as soon as it can."""
    effects: tuple[do.Effect, ...] = ()
    if not any(fault in state.faults for fault in _OFFLINE):
        effects = (do.RestoreMedia(phase.call_id),)
    if isinstance(phase, Talking):
        state = _begun(state, phase, now)
        phase = state.phase if isinstance(state.phase, Talking) else phase
        if effects:
            state = msgspec.structs.replace(state, phase=msgspec.structs.replace(phase, tried_at=now.monotonic))
    return state, effects
