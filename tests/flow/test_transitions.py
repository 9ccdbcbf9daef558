"""The kiosk's decisions, as small stories."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.readings import Unit
from kiosk.facts.caller import Caller, CallerClass
from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import Fault
from kiosk.facts.history import Curve, Span
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Consents, Profile
from kiosk.facts.spoken import Spoken
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import Connecting, Ended, Idle, KioskState, Ringing, Talking, waits_for
from kiosk.flow.transitions import FlowSettings, call_id_of, step
from tests.flow.readings import reading, weight

SETTINGS = FlowSettings(ended_card_seconds=8.0)
KARI = Caller("sip:kari@svar.example", "Kari Nordmann", "sykepleier", CallerClass.CARE)
OLA = Caller("sip:ola@svar.example", "Ola Nordmann", "sønn", CallerClass.RELATIVE)


def moment(seconds: float) -> Moment:
    return Moment(datetime(2026, 11, 21, 10, 0, tzinfo=UTC), seconds)


CONSENTS = Profile(consents=Consents(readings_aloud=True))


def play(*events: on.Event, state: KioskState | None = None, at: float = 0.0) -> tuple[KioskState, list[do.Effect]]:
    """All events at one moment, in a home that can measure everything; the effects of all of them.

    What is and was said is left out of the state: tests/flow/test_saying.py has it.
    """
    now = state or KioskState(can_measure=tuple(MeasurementKind), profile=CONSENTS)
    effects: list[do.Effect] = []
    for event in events:
        now, done = step(now, event, moment(at), SETTINGS)
        effects += done
    return msgspec.structs.replace(now, spoken=None, said=None, worries=()), effects


TALK = (
    on.CallArrived("1", KARI),
    on.RingPainted("1"),
    on.RingSounding(),
    on.AnswerPressed(),
    on.PeerSeenOrHeard("1"),
)


def test_a_known_caller_rings_wakes_and_is_named() -> None:
    state, effects = play(on.CallArrived("1", KARI))
    assert isinstance(state.phase, Ringing)
    assert [type(one) for one in effects] == [do.WakeScreen, do.PrepareCall, do.StartRing, do.Say]
    said = effects[-1]
    assert isinstance(said, do.Say)
    assert said.utterance.spoken is Spoken.CALLER_RINGS
    assert dict(said.utterance.fields) == {"name": "Kari Nordmann", "role": "sykepleier"}


def test_an_unknown_caller_is_declined_and_never_shown() -> None:
    state, effects = play(on.CallArrived("1", None), state=KioskState(unsent=1))
    assert state == KioskState(unsent=1)
    assert effects == [do.Refuse("1", do.Refusal.DECLINE)]


@pytest.mark.parametrize("first", [on.RingPainted("1"), on.RingSounding()])
def test_180_waits_for_both_screen_and_sound(first: on.Event) -> None:
    second: on.Event = on.RingSounding() if isinstance(first, on.RingPainted) else on.RingPainted("1")
    state, effects = play(on.CallArrived("1", KARI), first)
    assert do.SendRinging("1") not in effects
    state, effects = play(second, second, state=state)
    assert effects == [do.SendRinging("1")]


def test_a_page_painted_for_another_call_does_not_count() -> None:
    _, effects = play(on.CallArrived("1", KARI), on.RingSounding(), on.RingPainted("0"))
    assert do.SendRinging("1") not in effects


def test_one_press_answers() -> None:
    state, effects = play(on.CallArrived("1", KARI), on.AnswerPressed())
    assert isinstance(state.phase, Connecting)
    assert effects[-2:] == [do.StopRing(), do.Accept("1")]
    state, effects = play(on.LineUp("1"), on.PeerSeenOrHeard("1"), state=state)
    assert isinstance(state.phase, Talking)
    assert effects == []


def test_decline_cancel_and_ringing_out() -> None:
    state, effects = play(on.CallArrived("1", KARI), on.DeclinePressed())
    assert do.StopRing() in effects and not any(isinstance(one, do.Refuse) for one in effects)
    assert isinstance(state.phase, Ended)
    assert state.phase.outcome is CallOutcome.DECLINED
    assert play(on.Tick(), state=state, at=4.9) == (state, [])
    state, effects = play(on.Tick(), state=state, at=5.0)
    assert effects == [do.Refuse("1", do.Refusal.DECLINE), do.DropMedia("1")]

    state, effects = play(on.CallArrived("1", KARI), on.CallOver("1", CallOutcome.CANCELLED))
    assert isinstance(state.phase, Ended)
    assert state.phase.outcome is CallOutcome.CANCELLED
    assert not any(isinstance(one, do.Refuse) for one in effects)

    state, _ = play(on.CallArrived("1", KARI))
    state, effects = play(on.Tick(), state=state, at=59.9)
    assert effects == []
    state, effects = play(on.Tick(), state=state, at=60.0)
    assert do.Refuse("1", do.Refusal.RANG_OUT) in effects
    assert isinstance(state.phase, Ended)
    assert state.phase.outcome is CallOutcome.RANG_OUT


@pytest.mark.parametrize("events", [TALK[:1], TALK[:4], TALK])
def test_a_second_call_meets_busy_and_changes_nothing(events: tuple[on.Event, ...]) -> None:
    before, _ = play(*events)
    after, effects = play(on.CallArrived("2", KARI), state=before)
    assert after == before
    assert effects == [do.Refuse("2", do.Refusal.BUSY)]


def test_hanging_up_here_and_there() -> None:
    state, effects = play(*TALK, on.HangUpPressed())
    assert do.HangUp("1") in effects and do.DropMedia("1") in effects
    assert isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.HUNG_UP_HERE

    state, effects = play(*TALK, on.CallOver("1", CallOutcome.HUNG_UP_THERE))
    assert do.HangUp("1") not in effects and do.DropMedia("1") in effects
    assert isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.HUNG_UP_THERE


def test_the_card_goes_by_itself_or_at_a_press_and_a_new_call_takes_its_place() -> None:
    ended, _ = play(*TALK, on.CallOver("1", CallOutcome.HUNG_UP_THERE))
    assert play(on.Tick(), state=ended, at=7.9)[0] == ended
    assert isinstance(play(on.Tick(), state=ended, at=8.0)[0].phase, Idle)
    assert isinstance(play(on.CardClosed(), state=ended)[0].phase, Idle)
    assert isinstance(play(on.CallArrived("2", KARI), state=ended)[0].phase, Ringing)


def test_an_offer_that_media_cannot_use_ends_with_488() -> None:
    state, effects = play(on.CallArrived("1", KARI), on.OfferRefused("1"))
    assert do.Refuse("1", do.Refusal.NOT_ACCEPTABLE) in effects
    assert isinstance(state.phase, Ended)


def test_media_lost_while_ringing_rings_again() -> None:
    state, _ = play(*TALK[:3], on.MediaLost())
    _, effects = play(on.MediaBack(), state=state)
    assert effects == [do.PrepareCall("1"), do.StartRing()]


def test_faults_are_a_sorted_set() -> None:
    events = (on.FaultRaised(Fault.NO_SOUND), on.FaultRaised(Fault.NO_CAMERA), on.FaultRaised(Fault.NO_SOUND))
    state, _ = play(*events)
    assert state.faults == (Fault.NO_CAMERA, Fault.NO_SOUND)
    assert play(on.FaultCleared(Fault.NO_SOUND), state=state)[0].faults == (Fault.NO_CAMERA,)


def _curve(kind: MeasurementKind, span: Span) -> Curve:
    return Curve(kind, span, Unit.PERCENT, (), None, moment(0.0).wall)


_ids = st.sampled_from(["1", "2", "3"])
_events: st.SearchStrategy[on.Event] = st.one_of(
    st.builds(on.CallArrived, _ids, st.sampled_from([KARI, OLA, None])),
    st.builds(on.OfferRefused, _ids),
    st.builds(on.RingPainted, _ids),
    st.just(on.RingSounding()),
    st.just(on.AnswerPressed()),
    st.just(on.DeclinePressed()),
    st.just(on.UndoPressed()),
    st.just(on.CardClosed()),
    st.just(on.ButtonPressed()),
    st.just(on.HangUpPressed()),
    st.just(on.CardClosed()),
    st.builds(on.CallOver, _ids, st.sampled_from(CallOutcome)),
    st.builds(on.PeerSeenOrHeard, _ids),
    st.builds(on.LineUp, _ids),
    st.builds(on.LineSilent, _ids),
    st.builds(on.LineDown, _ids),
    st.builds(on.LineJudged, _ids, st.sampled_from(LineVerdict)),
    st.just(on.LinkLost()),
    st.just(on.SignallingBack()),
    st.builds(on.FaultRaised, st.sampled_from(Fault)),
    st.builds(on.FaultCleared, st.sampled_from(Fault)),
    st.just(on.MediaLost()),
    st.just(on.MediaBack()),
    st.builds(on.MeasurementAsked, _ids, st.sampled_from(MeasurementKind)),
    st.builds(
        on.MeasurementFailed,
        st.sampled_from(MeasurementFault),
        st.one_of(st.none(), st.sampled_from(MeasurementKind)),
    ),
    st.builds(on.MeasurePressed, st.sampled_from(MeasurementKind)),
    st.just(on.StopPressed()),
    st.builds(
        on.ReadingKept,
        _ids,
        st.sampled_from([reading(), weight()]),
        st.one_of(st.none(), st.sampled_from(MeasurementFault)),
    ),
    st.builds(on.MeasurementProgress, st.just(reading().value)),
    st.builds(on.OwnerAsked, _ids, st.sampled_from([reading(), weight()])),
    st.builds(on.OwnerAnswered, _ids, st.booleans()),
    st.builds(on.OldReadingsKept, st.integers(0, 3)),
    st.just(on.HistoryPressed()),
    st.builds(on.HistoryChosen, st.sampled_from(MeasurementKind), st.sampled_from(Span)),
    st.builds(on.HistoryLoaded, st.builds(_curve, st.sampled_from(MeasurementKind), st.sampled_from(Span))),
    st.just(on.HistoryFailed()),
    st.just(on.HistoryClosed()),
    st.builds(on.CanMeasure, st.lists(st.sampled_from(MeasurementKind)).map(tuple)),
    st.builds(on.ReadingDelivered, _ids),
    st.builds(on.ReadingHeld, _ids),
    st.just(on.Tick()),
)


@given(st.lists(st.tuples(_events, st.floats(0, 30)), max_size=60))
def test_whatever_happens_each_call_ends_once_and_180_is_honest(story: list[tuple[on.Event, float]]) -> None:
    state = KioskState(can_measure=(MeasurementKind.BLOOD_PRESSURE, MeasurementKind.WEIGHT))
    at = 0.0
    waited = False
    for event, later in story:
        at += later
        before = state
        state, effects = step(state, event, moment(at), SETTINGS)
        for one in effects:
            if isinstance(one, do.StopMeasuring):
                waited = False
            if isinstance(one, do.Measure):
                assert not waited or isinstance(event, on.ReadingKept | on.MeasurementFailed)
                waited = True
        if isinstance(event, on.ReadingKept | on.MeasurementFailed) and waits_for(state.measurement) is None:
            waited = False
        assert waited == (waits_for(state.measurement) is not None)
        said = [one for one in effects if isinstance(one, do.Say)]
        assert len(said) <= 1, "the second would cut off the first"
        if isinstance(state.phase, Ringing) and not isinstance(before.phase, Idle | Ended):
            assert not said, "only who rings is said while it rings"
        assert state.history is None or isinstance(state.phase, Idle)
        finals = [one for one in effects if isinstance(one, do.Refuse | do.Accept | do.HangUp)]
        assert len(finals) <= 1 or isinstance(before.phase, Connecting)
        if any(isinstance(one, do.RestoreMedia) for one in effects):
            assert Fault.CALL_SERVER_UNREACHABLE not in state.faults, "an offer that cannot be sent grows old"
        for one in effects:
            if isinstance(one, do.SendRinging):
                assert isinstance(state.phase, Ringing) and state.phase.painted and state.phase.sounding
        if call_id_of(before) is not None and call_id_of(state) != call_id_of(before):
            assert any(isinstance(one, do.DropMedia) for one in effects)
        was = isinstance(before.phase, Ringing | Connecting | Talking)
        if was and not isinstance(state.phase, Ringing | Connecting | Talking):
            assert do.StopRing() in effects


def test_the_physical_button_answers_and_does_nothing_else() -> None:
    state, effects = play(on.CallArrived("1", KARI), on.ButtonPressed())
    assert isinstance(state.phase, Connecting) and do.Accept("1") in effects
    assert play(on.ButtonPressed(), state=state)[0] == state
    idle = KioskState()
    assert play(on.ButtonPressed(), state=idle) == (idle, [])


def test_the_words_that_are_being_said_are_known_as_long_as_they_are() -> None:
    state, _ = step(KioskState(), on.SayAgainPressed(), moment(1), SETTINGS)
    assert state.speaking == ""
    state, _ = step(state, on.SpeechReached("Alt er klart."), moment(2), SETTINGS)
    assert state.speaking == "Alt er klart."
    again, _ = step(state, on.SayAgainPressed(), moment(3), SETTINGS)
    assert again.speaking == ""  # said from the beginning
    for ended in (on.SpeechEnded(), on.SpeechEnded(hushed=True)):
        silent, _ = step(state, ended, moment(3), SETTINGS)
        assert silent.speaking == ""
        late, _ = step(silent, on.SpeechReached("Et sent ord."), moment(4), SETTINGS)
        assert late.speaking == ""
