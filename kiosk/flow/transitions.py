"""The kiosk's decisions: given what it was doing and what happened, what it does next. Pure.

Idle ──call──▶ Ringing ──answer──▶ Connecting ──seen or heard──▶ Talking
  ▲               │                    │                            │
  └── card closed ┴───── Ended ◀───────┴──── hung up, lost ─────────┘
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

import msgspec

from kiosk.facts.calls import CallOutcome
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import (
    choosing,
    looking_back,
    measuring,
    owner,
    prompts,
    recovering,
    saying,
    spoken_faults,
    texting,
    undoing,
)
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import Connecting, Ended, Idle, KioskState, Ringing, Talking, waits_for

CONNECT_SECONDS = 20.0
"""Answered, but no picture and no sound: after this the call is given up."""


class FlowSettings(msgspec.Struct, frozen=True):
    """How long it rings, where that is not the profile's. ``ended_card_seconds``: the card after a call goes by itself,
    for demonstrations that play many calls; None: it stays until it is closed or something else happens."""

    ended_card_seconds: float | None = None
    ring_seconds: float | None = None


Step = tuple[KioskState, tuple[do.Effect, ...]]

_SPOKEN_AFTER = {
    CallOutcome.HUNG_UP_HERE: Spoken.CALL_HUNG_UP_HERE,
    CallOutcome.HUNG_UP_THERE: Spoken.CALL_HUNG_UP_THERE,
    CallOutcome.DECLINED: Spoken.CALL_DECLINED,
    CallOutcome.CANCELLED: Spoken.CALL_CANCELLED,
    CallOutcome.RANG_OUT: Spoken.CALL_RANG_OUT,
    CallOutcome.ANSWERED_ELSEWHERE: Spoken.CALL_ANSWERED_ELSEWHERE,
    CallOutcome.CONNECTION_LOST: Spoken.CALL_CONNECTION_LOST,
    CallOutcome.FAILED: Spoken.CALL_FAILED,
    CallOutcome.NOT_REACHED: Spoken.CALL_NOT_REACHED,
}


def step(state: KioskState, event: on.Event, now: Moment, settings: FlowSettings) -> Step:
    """The next state and what has to be done, for one event. Never raises for anything that can come from outside."""
    before, covered = state, measuring.hidden(state)
    at_home = isinstance(state.phase, Idle)
    state, effects = _step(state, event, now, settings)
    state = texting.follows(state)
    if covered and not measuring.hidden(state) and not isinstance(event, _NEWS):
        state, told = owner.seen_again(state, now) if state.questions else measuring.seen_again(state, now)
        effects = (*effects, *told)
    if state.choosing is not None and isinstance(state.phase, Idle) is not at_home:
        state, told = choosing.interrupted(state) if at_home else choosing.seen_again(state, now)
        # What a call brings comes after the sample has gone silent.
        effects = (*told, *effects) if at_home else (*effects, *told)
    return saying.told(before, state, event, effects, now)


_NEWS = on.ReadingKept | on.MeasurementFailed | on.OwnerAsked
"""These come to the screen by themselves, and are told as they come."""


def _step(state: KioskState, event: on.Event, now: Moment, settings: FlowSettings) -> Step:
    match event:
        case on.CallArrived():
            return _call_arrived(state, event, now)
        case on.OfferRefused(call_id):
            return _refuse_offer(state, call_id, now)
        case on.RingPainted(call_id):
            return _alert(state, lambda ringing: ringing.call_id == call_id, painted=True)
        case on.RingSounding():
            return _alert(state, lambda ringing: True, sounding=True)
        case on.AnswerPressed() | on.ButtonPressed():
            return _answer(state, now)
        case on.DeclinePressed():
            return undoing.declined(state, now)
        case on.UndoPressed():
            return undoing.undone(state, now)
        case on.HangUpPressed():
            return _hang_up(state, CallOutcome.HUNG_UP_HERE, now)
        case on.CardClosed():
            if isinstance(state.phase, Ended):
                return undoing.closed(state)
            return measuring.closed(state, now), ()
        case on.CallOver(call_id, outcome):
            if call_id_of(state) != call_id:
                return state, ()
            if undoing.waiting(state) is not None:
                return undoing.gone(state)
            return _end(state, outcome, now)
        case on.CallAnswered(call_id):
            return undoing.answered(state, call_id, now), ()
        case on.PeerSeenOrHeard(call_id):
            return _connected(state, call_id, now)
        case on.LineUp(call_id):
            return recovering.recovered(state, call_id)
        case on.LineSilent(call_id):
            return recovering.silent(state, call_id, now)
        case on.LineDown(call_id):
            return recovering.down(state, call_id, now)
        case on.LineJudged(call_id, verdict):
            return recovering.judged(state, call_id, verdict)
        case on.LinkLost():
            return recovering.link_lost(state, now)
        case on.SignallingBack():
            return recovering.signalling_back(state, now)
        case on.MediaLost():
            return recovering.media_lost(texting.media_lost(saying.ended(state)), now)
        case on.MediaBack():
            return recovering.media_back(state, now)
        case on.MeasurementAsked(call_id, kind):
            return measuring.asked(state, call_id, kind, now)
        case on.MeasurePressed(kind):
            return measuring.pressed(state, kind, now)
        case on.StopPressed():
            return measuring.stopped(state)
        case on.MeasurementProgress(measurement):
            return measuring.progressed(state, measurement), ()
        case on.ReadingKept(reading_id, reading, doubt):
            return measuring.kept(state, reading_id, reading, doubt, now)
        case on.MeasurementFailed(fault, kind):
            return measuring.failed(state, fault, kind, now)
        case on.DeskTold(kind, news):
            return measuring.desk_told(state, kind, news)
        case on.OldReadingsKept(count):
            return measuring.old_readings(state, count, now)
        case on.OwnerAsked(reading_id, reading):
            return owner.asked(state, reading_id, reading, now)
        case on.OwnerAnswered(reading_id, mine):
            return owner.answered(state, reading_id, mine, now)
        case on.HistoryPressed():
            return looking_back.opened(state, now)
        case on.HistoryChosen(kind, span):
            return looking_back.chosen(state, kind, span, now)
        case on.HistoryClosed():
            return msgspec.structs.replace(state, history=None), ()
        case on.SayAgainPressed():
            return choosing.again(state, now) if choosing.is_shown(state) else saying.again(state, now)
        case on.SpeechReached(words):
            return saying.reached(state, words), ()
        case on.SpeechEnded(hushed=True):
            return saying.ended(state), ()
        case on.SpeechEnded():
            return choosing.heard(saying.ended(state), now)
        case on.HistoryLoaded(curve):
            return looking_back.loaded(state, curve)
        case on.HistoryFailed():
            return looking_back.failed(state)
        case on.CanMeasure(kinds):
            offered = tuple(kind for kind in MeasurementKind if kind in kinds)
            return msgspec.structs.replace(state, can_measure=offered), ()
        case on.ReadingDelivered(reading_id):
            return measuring.delivered(state, reading_id)
        case on.ReadingHeld(reading_id):
            return measuring.held(state, reading_id)
        case on.FaultRaised(fault):
            faults = tuple(sorted({*state.faults, fault}, key=lambda one: one.value))
            if fault not in state.faults:
                state = spoken_faults.raised(state, fault, now)
            return msgspec.structs.replace(state, faults=faults), ()
        case on.FaultCleared(fault):
            faults = tuple(one for one in state.faults if one is not fault)
            return msgspec.structs.replace(spoken_faults.cleared(state, fault), faults=faults), ()
        case on.UnsentCounted(unsent):
            return msgspec.structs.replace(state, unsent=unsent), ()
        case on.ProfileChanged(profile):
            return choosing.changed(state, profile)
        case on.ChoosingOpened(kept):
            return choosing.opened(state, kept, now)
        case on.Chosen(question, round_, place):
            return choosing.pressed(state, question, round_, place, now)
        case on.Tapped(tap):
            return choosing.tapped(state, tap, now)
        case on.ChoosingBack():
            return choosing.back(state, now)
        case on.TextChannel(call_id, is_open):
            return texting.channel(state, call_id, is_open, now)
        case on.TextReceived(call_id, text):
            return texting.received(state, call_id, text, now)
        case on.TextSent(call_id, characters):
            return texting.handed_over(state, call_id, characters), ()
        case on.CaptionCame(call_id, caption):
            return texting.caption(state, call_id, caption), ()
        case on.WritePressed(writing):
            return texting.writing(state, writing), ()
        case on.WritingClosed():
            return texting.writing(state, None), ()
        case on.Typed(text):
            return texting.typed(state, text, now)
        case on.PhraseChosen(text):
            return texting.phrase(state, text, now)
        case on.ReadAloudPressed():
            return texting.read_aloud(state)
        case on.ScreenReaderChanged(running):
            return msgspec.structs.replace(state, screen_reader=running), ()
        case on.Tick():
            state, sent = texting.aged(state, now)
            state, effects = _tick(state, now, settings)
            state, sample = choosing.aged(state, now)
            return state, (*sent, *effects, *sample)
        case _ as unreachable:
            assert_never(unreachable)


def call_id_of(state: KioskState) -> str | None:
    """The call that there is, also one that was declined and can still be answered."""
    phase = undoing.waiting(state) or state.phase
    return phase.call_id if isinstance(phase, Ringing | Connecting | Talking) else None


def _call_arrived(state: KioskState, event: on.CallArrived, now: Moment) -> Step:
    if event.caller is None:
        return state, (do.Refuse(event.call_id, do.Refusal.DECLINE),)
    caller = event.caller
    if undoing.both_call(state, caller):
        return undoing.crossed(state, event.call_id, caller, now)
    if call_id_of(state) is not None:
        return state, (do.Refuse(event.call_id, do.Refusal.BUSY),)
    phase = Ringing(call_id=event.call_id, caller=caller, since=now.monotonic)
    # A measurement goes on, and a question waits; a result has been seen, and one's own readings are not for a call.
    measurement = waits_for(state.measurement)
    return msgspec.structs.replace(state, phase=phase, measurement=measurement, history=None, old_readings=None), (
        do.WakeScreen(),
        do.PrepareCall(event.call_id),
        do.StartRing(),
        do.Say(prompts.rings(caller)),
    )


def _alert(
    state: KioskState,
    meant: Callable[[Ringing], bool],
    painted: bool = False,
    sounding: bool = False,
) -> Step:
    """180 goes out once both the screen and the sound really run (design.md)."""
    phase = state.phase
    if not isinstance(phase, Ringing) or not meant(phase):
        return state, ()
    phase = msgspec.structs.replace(phase, painted=phase.painted or painted, sounding=phase.sounding or sounding)
    effects: tuple[do.Effect, ...] = ()
    if phase.painted and phase.sounding and not phase.alerted:
        phase = msgspec.structs.replace(phase, alerted=True)
        effects = (do.SendRinging(phase.call_id),)
    return msgspec.structs.replace(state, phase=phase), effects


def _answer(state: KioskState, now: Moment) -> Step:
    phase = state.phase
    if not isinstance(phase, Ringing):
        return state, ()
    connecting = Connecting(call_id=phase.call_id, caller=phase.caller, since=now.monotonic)
    return msgspec.structs.replace(state, phase=connecting), (do.StopRing(), do.Accept(phase.call_id))


def _refuse_offer(state: KioskState, call_id: str, now: Moment) -> Step:
    if call_id_of(state) == call_id and undoing.waiting(state) is not None:
        return undoing.told(state, do.Refusal.NOT_ACCEPTABLE)
    phase = state.phase
    if isinstance(phase, Ringing) and phase.call_id == call_id:
        return _refused(state, phase, do.Refusal.NOT_ACCEPTABLE, CallOutcome.FAILED, now)
    if isinstance(phase, Connecting) and phase.call_id == call_id:
        state, effects = _end(state, CallOutcome.FAILED, now)
        return state, (do.Refuse(call_id, do.Refusal.NOT_ACCEPTABLE), *effects)
    return state, ()


def _refused(state: KioskState, phase: Ringing, refusal: do.Refusal, outcome: CallOutcome, now: Moment) -> Step:
    state, effects = _end(state, outcome, now)
    return state, (do.Refuse(phase.call_id, refusal), *effects)


def _hang_up(state: KioskState, outcome: CallOutcome, now: Moment) -> Step:
    phase = state.phase
    if not isinstance(phase, Connecting | Talking):
        return state, ()
    state, effects = _end(state, outcome, now)
    if isinstance(phase, Talking) and outcome is CallOutcome.HUNG_UP_HERE:
        state = undoing.hung_up(state, phase)
    return state, (do.HangUp(phase.call_id), *effects)


def _end(state: KioskState, outcome: CallOutcome, now: Moment) -> Step:
    """The call is over: everything of it is put away, and a calm card says what happened."""
    phase = state.phase
    if not isinstance(phase, Ringing | Connecting | Talking):
        return state, ()
    ended = Ended(caller=phase.caller, outcome=outcome, since=now.monotonic)
    word = Utterance(_SPOKEN_AFTER[outcome], (("name", phase.caller.name),))
    # What was shown beside the picture has been seen; what came while the ring page covered it has not.
    seen = waits_for(state.measurement) if isinstance(phase, Talking) else state.measurement
    state = msgspec.structs.replace(state, phase=ended, measurement=seen)
    return state, (do.StopRing(), do.DropMedia(phase.call_id), do.Say(word))


def _connected(state: KioskState, call_id: str, now: Moment) -> Step:
    phase = state.phase
    if isinstance(phase, Connecting) and phase.call_id == call_id:
        return msgspec.structs.replace(state, phase=Talking(call_id, phase.caller, now.monotonic)), ()
    return recovering.recovered(state, call_id)


def _tick(state: KioskState, now: Moment, settings: FlowSettings) -> Step:
    """Nothing goes by itself but the ring, what is tried in vain, and the time for «Angre» (WCAG 2.2.3)."""
    phase = state.phase
    match phase:
        case Ringing():
            rings_for = settings.ring_seconds or state.profile.hearing.ring_seconds
            if now.monotonic - phase.since >= rings_for:
                return _refused(state, phase, do.Refusal.RANG_OUT, CallOutcome.RANG_OUT, now)
        case Connecting():
            if now.monotonic - phase.since >= (undoing.CALLING_SECONDS if phase.calling else CONNECT_SECONDS):
                return _hang_up(state, CallOutcome.FAILED, now)
        case Talking():
            if recovering.hopeless(phase, now):
                return _hang_up(state, CallOutcome.CONNECTION_LOST, now)
            state, effects = recovering.aged(state, phase, now)
            if effects:
                return state, effects
        case Ended():
            state, effects = undoing.aged(state, now)
            if effects or (isinstance(state.phase, Ended) and state.phase.can_undo):
                return state, effects
            # What was written goes when the card is closed, and not before.
            stays = settings.ended_card_seconds
            if stays is not None and now.monotonic - phase.since >= stays and state.texting is None:
                return msgspec.structs.replace(state, phase=Idle()), ()
        case Idle():
            pass
        case _ as unreachable:
            assert_never(unreachable)
    return saying.aged(state, now)
