"""A slip of the finger taken back. Pure.

«Ikke nå»: silent at once, but for a moment the caller is not told. «Legg på»: camera, microphone and call are gone at
once; «Angre» calls back whom it was, nobody else, and only for that moment.
"""

from __future__ import annotations

import msgspec

from kiosk.facts.caller import Caller
from kiosk.facts.calls import CallOutcome
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow.state import Connecting, Ended, Idle, KioskState, Ringing, Talking

UNDO_SECONDS = 5.0
"""How long «Angre» is there."""

SETTLE_SECONDS = 0.5
"""The second knock of one press comes sooner; the patient's own time for that may be longer."""

CALLING_SECONDS = 60.0
"""Signalling gives up sooner; this is for the case that it does not."""

_BACK = "-back"
"""What a call is named that calls back: it can be told from the one before, and is made once."""

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


def hung_up(state: KioskState, talk: Talking) -> KioskState:
    """«Legg på» in a talk: it can be taken back for a moment."""
    phase = state.phase
    return (
        msgspec.structs.replace(state, phase=msgspec.structs.replace(phase, back_to=talk))
        if isinstance(phase, Ended)
        else state
    )


def undone(state: KioskState, now: Moment) -> Step:
    """«Angre»: it rings again, for as long as it would have rung; or whom it was is called back."""
    phase = state.phase
    if isinstance(phase, Ended) and phase.back_to is not None:
        # «Angre» stands where «Legg på» stood: a press that trembles must not call.
        if now.monotonic - phase.since < max(SETTLE_SECONDS, state.profile.pressing.repeat_seconds):
            return state, ()
        return _called_back(state, phase.back_to, now)
    ringing = waiting(state)
    if ringing is None:
        return state, ()
    # Screen and sound began anew; 180 has gone out, or goes out when both run.
    ringing = msgspec.structs.replace(ringing, painted=False, sounding=False)
    return msgspec.structs.replace(state, phase=ringing), (do.WakeScreen(), do.StartRing())


def _called_back(state: KioskState, talk: Talking, now: Moment) -> Step:
    call_id = talk.call_id + _BACK
    calling = Connecting(call_id, talk.caller, now.monotonic, calling=True)
    return msgspec.structs.replace(state, phase=calling), (
        do.WakeScreen(),
        do.CallBack(talk.call_id, call_id, talk.caller.uri),
        do.Say(Utterance(Spoken.CALLING_BACK, (("name", talk.caller.name),))),
    )


def answered(state: KioskState, call_id: str, now: Moment) -> KioskState:
    """Whom we call has answered: from here on it is a call like any other."""
    phase = state.phase
    if not isinstance(phase, Connecting) or phase.call_id != call_id or not phase.calling:
        return state
    return msgspec.structs.replace(state, phase=Connecting(call_id, phase.caller, now.monotonic))


def both_call(state: KioskState, caller: Caller) -> bool:
    """Whether she calls whom we are calling."""
    phase = state.phase
    return isinstance(phase, Connecting) and phase.calling and phase.caller.uri == caller.uri


def crossed(state: KioskState, call_id: str, caller: Caller, now: Moment) -> Step:
    """Two calls between the same two would each find the other busy. Hers is taken, for the patient has just asked to
    speak with her; ours is taken back."""
    ours = state.phase
    if not isinstance(ours, Connecting):
        return state, ()
    return msgspec.structs.replace(state, phase=Connecting(call_id, caller, now.monotonic)), (
        do.DropMedia(ours.call_id),
        do.HangUp(ours.call_id),
        do.PrepareCall(call_id),
        do.Accept(call_id),
    )


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
    if not isinstance(phase, Ended) or not phase.can_undo or now.monotonic - phase.since < UNDO_SECONDS:
        return state, ()
    if phase.back_to is not None:
        return msgspec.structs.replace(state, phase=msgspec.structs.replace(phase, back_to=None)), ()
    state = msgspec.structs.replace(state, phase=msgspec.structs.replace(phase, since=now.monotonic))
    return told(state, do.Refusal.DECLINE)
