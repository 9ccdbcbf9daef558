"""A line that goes and comes back, as small stories."""

from __future__ import annotations

import pytest

from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import Fault
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.recovering import (
    LONG_SECONDS,
    RECOVER_SECONDS,
    RENEW_SECONDS,
    SAY_AGAIN_SECONDS,
    SAY_SECONDS,
    TRY_AGAIN_SECONDS,
)
from kiosk.flow.state import Ended, KioskState, Talking
from tests.flow.test_transitions import TALK, play

OFFLINE = on.FaultRaised(Fault.CALL_SERVER_UNREACHABLE)
ONLINE = (on.FaultCleared(Fault.CALL_SERVER_UNREACHABLE), on.SignallingBack())


def talking(state: KioskState) -> Talking:
    assert isinstance(state.phase, Talking)
    return state.phase


@pytest.mark.parametrize("event", [on.LineSilent("1"), on.LinkLost()])
def test_it_is_shown_at_once_and_a_dropout_is_not_said(event: on.Event) -> None:
    state, effects = play(*TALK)
    state, effects = play(event, state=state)
    assert talking(state).recovering and effects == []
    state, effects = play(on.Tick(), state=state, at=SAY_SECONDS - 0.1)
    assert effects == []
    state, effects = play(on.LineUp("1"), on.Tick(), state=state, at=SAY_SECONDS)
    assert not talking(state).recovering and effects == []


def test_silence_that_lasts_renews_the_way_to_the_server_and_then_the_media() -> None:
    state, _ = play(*TALK, on.LineSilent("1"))
    state, effects = play(on.Tick(), state=state, at=RENEW_SECONDS)
    assert do.RenewSignalling() in effects
    state, effects = play(OFFLINE, state=state, at=2.0)
    assert effects == []
    state, effects = play(*ONLINE, state=state, at=2.2)
    assert effects == [do.RestoreMedia("1")]
    state, effects = play(on.LineUp("1"), state=state, at=2.5)
    assert not talking(state).recovering and effects == []
    state, effects = play(on.Tick(), state=state, at=60.0)
    assert effects == []


def test_nothing_is_offered_without_a_server_to_carry_it() -> None:
    state, _ = play(*TALK, on.LinkLost(), OFFLINE)
    state, effects = play(on.LineSilent("1"), on.LineDown("1"), on.MediaBack(), state=state, at=1.0)
    assert effects == []
    _, effects = play(*ONLINE, state=state, at=9.0)
    assert effects == [do.RestoreMedia("1")]


def test_a_server_that_comes_back_while_the_line_is_there_changes_nothing() -> None:
    state, _ = play(*TALK)
    after, effects = play(OFFLINE, *ONLINE, state=state)
    assert after == state and effects == []


def test_what_does_not_help_is_tried_again_and_given_up_at_last() -> None:
    state, effects = play(*TALK, on.LineDown("1"))
    assert effects[-1] == do.RestoreMedia("1")
    state, effects = play(on.Tick(), state=state, at=TRY_AGAIN_SECONDS)
    assert do.RenewSignalling() in effects
    state, effects = play(on.Tick(), state=state, at=TRY_AGAIN_SECONDS + 1)
    assert effects == []
    state, effects = play(on.Tick(), state=state, at=2 * TRY_AGAIN_SECONDS)
    assert effects == [do.RenewSignalling()]
    state, effects = play(on.Tick(), state=state, at=RECOVER_SECONDS)
    assert do.HangUp("1") in effects
    assert isinstance(state.phase, Ended) and state.phase.outcome is CallOutcome.CONNECTION_LOST


def test_it_is_said_once_and_not_at_every_dropout() -> None:
    state, _ = play(*TALK, on.LineSilent("1"))
    said = do.Say(Utterance(Spoken.LINE_WEAK))
    state, effects = play(on.Tick(), state=state, at=SAY_SECONDS)
    assert said in effects
    state, effects = play(on.LineUp("1"), on.LineSilent("1"), state=state, at=10.0)
    state, effects = play(on.Tick(), state=state, at=10.0 + SAY_SECONDS)
    assert said not in effects
    state, _ = play(on.LineUp("1"), on.LineSilent("1"), state=state, at=SAY_AGAIN_SECONDS)
    _, effects = play(on.Tick(), state=state, at=SAY_AGAIN_SECONDS + SAY_SECONDS)
    assert said in effects


def test_after_a_while_the_screen_is_honest() -> None:
    state, _ = play(*TALK, on.LineSilent("1"))
    state, _ = play(on.Tick(), state=state, at=LONG_SECONDS)
    assert talking(state).given_time
    state, _ = play(on.LineUp("1"), state=state, at=LONG_SECONDS)
    assert not talking(state).given_time


def test_a_lost_media_process_is_restored_without_ending_the_call() -> None:
    state, _ = play(*TALK, on.MediaLost(), on.FaultRaised(Fault.MEDIA_RESTARTING))
    assert talking(state).recovering
    state, effects = play(on.Tick(), state=state, at=SAY_SECONDS)
    assert effects == [do.Say(Utterance(Spoken.RECOVERING))]  # the line is not to blame
    state, effects = play(on.FaultCleared(Fault.MEDIA_RESTARTING), on.MediaBack(), state=state, at=2.0)
    assert effects == [do.RestoreMedia("1")]
    state, _ = play(on.LineUp("1"), state=state, at=2.5)
    assert not talking(state).recovering


def test_the_verdict_is_kept_and_another_calls_is_not() -> None:
    state, _ = play(*TALK, on.LineJudged("1", LineVerdict.WEAK), on.LineJudged("2", LineVerdict.BAD))
    assert talking(state).verdict is LineVerdict.WEAK
