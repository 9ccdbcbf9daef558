"""«Ikke nå» taken back: silent at once, but for a moment the caller is not told, so that a slip does no harm. Pure."""

from __future__ import annotations

import msgspec

from kiosk.facts.calls import CallOutcome
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow.state import Ended, Idle, KioskState, Ringing

UNDO_SECONDS = 5.0
"""How long «Angre» is there."""

Step = tuple[KioskState, tuple[do.Effect, ...]]


def waiting(state: KioskState) -> Ringing | None:
    """The call that was declined and has not been told so."""
    return state.phase.undo_to if isinstance(state.phase, Ended) else None


def declined(state: KioskState, now: Moment) -> Step:
    """«Ikke nå»: the ring stops now."""
    ringing = state.phase
    if not isinstance(ringing, Ringing):
        return state, ()
    ended = Ended(ringing.caller, CallOutcome.DECLINED, now.monotonic, undo_to=ringing)
    word = Utterance(Spoken.CALL_DECLINED, (("name", ringing.caller.name),))
    return msgspec.structs.replace(state, phase=ended), (do.StopRing(), do.Say(word))


def undone(state: KioskState) -> Step:
    """«Angre»: it rings again, for as long as it would have rung."""
    ringing = waiting(state)
    if ringing is None:
        return state, ()
    # Screen and sound began anew; 180 has gone out, or goes out when both run.
    ringing = msgspec.structs.replace(ringing, painted=False, sounding=False)
    return msgspec.structs.replace(state, phase=ringing), (do.WakeScreen(), do.StartRing())


def closed(state: KioskState) -> Step:
    """«Lukk»: the card goes, and the caller is told without waiting any longer."""
    state, effects = told(state, do.Refusal.DECLINE)
    return msgspec.structs.replace(state, phase=Idle()), effects


def told(state: KioskState, refusal: do.Refusal) -> Step:
    """The caller gets the answer; from now on there is nothing to take back."""
    ringing = waiting(state)
    if ringing is None:
        return state, ()
    state, effects = gone(state)
    return state, (do.Refuse(ringing.call_id, refusal), *effects)


def gone(state: KioskState) -> Step:
    """The caller has given up meanwhile, which changes nothing for the patient."""
    phase, ringing = state.phase, waiting(state)
    if not isinstance(phase, Ended) or ringing is None:
        return state, ()
    phase = msgspec.structs.replace(phase, undo_to=None)
    return msgspec.structs.replace(state, phase=phase), (do.DropMedia(ringing.call_id),)


def aged(state: KioskState, now: Moment) -> Step:
    """The time for «Angre» is over."""
    phase = state.phase
    if not isinstance(phase, Ended) or now.monotonic - phase.since < UNDO_SECONDS:
        return state, ()
    state = msgspec.structs.replace(state, phase=msgspec.structs.replace(phase, since=now.monotonic))
    return told(state, do.Refusal.DECLINE)
