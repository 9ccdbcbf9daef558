"""What fails again and again at home is told to the desk: once, and never claimed before it is so."""

from __future__ import annotations

import pytest

from kiosk.facts.measurement import NO_REPEAT, NOT_THE_DESKS, DeskNews, MeasurementFault, MeasurementKind
from kiosk.facts.spoken import Spoken, Utterance, chain, shown
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow import prompts
from kiosk.flow.state import KioskState, NotMeasured
from tests.flow.readings import reading
from tests.flow.test_measuring import ASK, HOME, PRESSURE, WEIGHT
from tests.flow.test_transitions import TALK, moment, play

LOOSE = on.MeasurementFailed(MeasurementFault.CUFF_TOO_LOOSE, PRESSURE)
TELL = do.TellDesk(PRESSURE, MeasurementFault.CUFF_TOO_LOOSE, 2)
LOOSE_WORDS = shown("not_measured.cuff-too-loose.sentence")
TOLD_WORDS = chain(LOOSE_WORDS, shown("desk_kept"))


def told(effects: list[do.Effect]) -> list[do.Effect]:
    return [one for one in effects if isinstance(one, do.TellDesk)]


def twice() -> KioskState:
    return play(LOOSE, on.CardClosed(), LOOSE, state=HOME)[0]


def test_once_it_is_the_patients_to_try_again() -> None:
    state, effects = play(LOOSE, state=HOME)
    assert told(effects) == []
    assert do.Say(Utterance(Spoken.CUFF_TOO_LOOSE)) in effects
    assert state.desk_of(PRESSURE) is None


def test_twice_the_desk_is_told_and_the_patient_hears_so_when_it_is_durable() -> None:
    state, effects = play(LOOSE, on.MeasurePressed(PRESSURE), LOOSE, state=HOME)
    assert told(effects) == [TELL]
    assert [one for one in effects if isinstance(one, do.Say)][2:] == [], "not before it is known"
    assert state.desk_of(PRESSURE) is None
    state, effects = play(on.DeskTold(PRESSURE, DeskNews.KEPT), state=state)
    assert do.Say(TOLD_WORDS) in effects
    assert state.desk_of(PRESSURE) is DeskNews.KEPT
    assert TOLD_WORDS in prompts.prompt(state, moment(1)).then
    state, effects = play(on.DeskTold(PRESSURE, DeskNews.DELIVERED), state=state)
    assert effects == [], "shown, not said: it was said that it would be"
    assert state.desk_of(PRESSURE) is DeskNews.DELIVERED


def test_a_message_that_could_not_be_kept_is_never_claimed_and_tried_again() -> None:
    state, effects = play(on.DeskTold(PRESSURE, DeskNews.NOT_KEPT), state=twice())
    assert do.Say(Utterance(Spoken.CUFF_TOO_LOOSE)) in effects
    assert state.desk_of(PRESSURE) is None
    _, effects = play(on.CardClosed(), LOOSE, state=state, at=9)
    assert told(effects) == [do.TellDesk(PRESSURE, MeasurementFault.CUFF_TOO_LOOSE, 3)]


def test_a_message_that_the_server_refuses_is_the_patients_to_tell_again() -> None:
    state, effects = play(on.DeskTold(PRESSURE, DeskNews.KEPT), on.DeskTold(PRESSURE, DeskNews.NOT_KEPT), state=twice())
    assert state.desk_of(PRESSURE) is None
    assert len([one for one in effects if isinstance(one, do.Say)]) == 1


@pytest.mark.parametrize("news", [(), (DeskNews.KEPT,), (DeskNews.KEPT, DeskNews.DELIVERED)])
def test_it_is_told_once_until_it_has_worked(news: tuple[DeskNews, ...]) -> None:
    state, _ = play(*(on.DeskTold(PRESSURE, one) for one in news), state=twice())
    state, effects = play(LOOSE, LOOSE, LOOSE, state=state)
    assert told(effects) == []
    state, _ = play(on.ReadingKept("r", reading()), state=state)
    assert state.troubles == ()
    assert told(play(LOOSE, state=state)[1]) == []
    assert told(play(LOOSE, LOOSE, state=state)[1]) == [TELL]


def test_kinds_are_counted_apart() -> None:
    cold = on.MeasurementFailed(MeasurementFault.LINK_LOST, WEIGHT)
    state, effects = play(LOOSE, cold, state=HOME)
    assert told(effects) == []
    _, effects = play(cold, state=state)
    assert told(effects) == [do.TellDesk(WEIGHT, MeasurementFault.LINK_LOST, 2)]


@pytest.mark.parametrize("fault", MeasurementFault)
def test_what_another_try_does_not_mend_is_told_at_once(fault: MeasurementFault) -> None:
    failed = on.MeasurementFailed(fault, PRESSURE)
    _, once = play(failed, state=HOME)
    _, both = play(failed, failed, state=HOME)
    at_once = fault in NO_REPEAT and fault not in NOT_THE_DESKS
    assert len(told(once)) == int(at_once)
    assert len(told(both)) == int(fault not in NOT_THE_DESKS)


def test_in_a_call_the_nurse_sees_it() -> None:
    _, effects = play(*TALK, ASK, LOOSE, ASK, LOOSE, ASK, LOOSE)
    assert told(effects) == []


def test_news_of_a_card_that_has_gone_is_not_said() -> None:
    state, effects = play(on.DeskTold(PRESSURE, DeskNews.KEPT), state=play(on.CardClosed(), state=twice(), at=9)[0])
    assert state.measurement is None
    assert effects == []
    for kind in MeasurementKind:
        assert play(on.DeskTold(kind, DeskNews.KEPT), state=KioskState()) == (KioskState(), [])


def test_the_card_keeps_saying_what_the_desk_knows() -> None:
    state, _ = play(on.DeskTold(PRESSURE, DeskNews.DELIVERED), LOOSE, state=twice())
    assert isinstance(state.measurement, NotMeasured)
    words = chain(LOOSE_WORDS, shown("desk_delivered"))
    assert words in prompts.prompt(state, moment(1)).then
