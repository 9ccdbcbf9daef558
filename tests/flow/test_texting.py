"""What is written in a call, as small stories: shown, sent, kept until the card is closed, read aloud when asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.spoken import Spoken
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import Ended, Idle, KioskState, Talking, Writing
from kiosk.text.captions import CaptionMessage
from tests.flow.test_transitions import KARI, TALK, play

OPEN = on.TextChannel("1", True)
WRITE = on.WritePressed(Writing())


def sent(effects: list[do.Effect]) -> str:
    return "".join(one.text for one in effects if isinstance(one, do.SendText) and one.counted)


def lanes(state: KioskState) -> tuple[str, str]:
    assert state.texting is not None
    return state.texting.conversation.theirs.text, state.texting.conversation.ours.text


def test_what_the_nurse_writes_is_shown_at_once_and_wakes_and_says_nothing() -> None:
    talk, _ = play(*TALK)
    state, effects = play(OPEN, on.TextReceived("1", "Hører du meg?"), state=talk)
    assert lanes(state) == ("Hører du meg?", "")
    assert effects == []
    assert state.texting is not None and state.texting.name == KARI.name and state.texting.writing is None


def test_the_patient_writes_only_to_an_end_that_can_read() -> None:
    talk, _ = play(*TALK)
    state, effects = play(WRITE, on.Typed("H"), state=talk)
    assert state.texting is None and effects == []
    state, effects = play(OPEN, on.Typed("H"), WRITE, on.Typed("J"), on.Typed("a"), state=talk)
    assert lanes(state) == ("", "Ja")
    assert sent(effects) == "J"
    state, effects = play(on.Tick(), state=state, at=0.25)
    assert sent(effects) == "a"
    state, effects = play(on.Typed("\b"), on.PhraseChosen("Takk!"), state=state, at=5)
    assert lanes(state) == ("", "J\nTakk!\n")
    state, effects = play(on.Tick(), on.WritingClosed(), on.Typed("x"), state=state, at=6)
    assert lanes(state)[1] == "J\nTakk!\n"


def test_a_group_of_letters_is_left_with_the_letter() -> None:
    talk, _ = play(*TALK, OPEN)
    state, _ = play(on.WritePressed(Writing(keyboard=True, group=2)), on.Typed("S"), state=talk)
    assert state.texting is not None and state.texting.writing == Writing(keyboard=True)


def test_nothing_is_lost_when_media_dies() -> None:
    talk, _ = play(*TALK, OPEN, on.TextReceived("1", "\u0098svar-received=0\u009c"))
    state, effects = play(WRITE, on.Typed("abc"), on.TextSent("1", 3), on.MediaLost(), on.Typed("def"), state=talk)
    assert sent(effects) == "abc"
    state, effects = play(OPEN, on.TextReceived("1", "\u0098svar-received=1\u009cHei"), state=state, at=9)
    assert sent(effects) == "bcdef"
    assert effects[0] == do.SendText("1", "\u0098svar-received=3\u009c", False)
    assert lanes(state) == ("Hei", "abcdef")


def test_a_stranger_whose_channel_was_gone_may_have_lost_something() -> None:
    talk, _ = play(*TALK, OPEN, on.TextReceived("1", "Hei"))
    state, _ = play(on.TextChannel("1", False), OPEN, on.TextReceived("1", "du"), on.TextReceived("1", "!"), state=talk)
    assert lanes(state)[0] == "Hei\ufffddu!"


def test_the_text_stays_until_the_card_is_closed_and_is_read_aloud_when_asked() -> None:
    talk, _ = play(*TALK, OPEN, WRITE, on.TextReceived("1", "Ta medisinen\u2028Kl. 8"), on.PhraseChosen("Ja takk"))
    assert isinstance(talk.phase, Talking)
    over, _ = play(on.HangUpPressed(), state=talk)
    later, _ = play(on.Tick(), state=over, at=3600)
    assert isinstance(later.phase, Ended)
    assert later.texting is not None and later.texting.writing is None
    state, effects = play(on.ReadAloudPressed(), state=later)
    (said,) = effects
    assert isinstance(said, do.Say)
    assert said.utterance.spoken is Spoken.THEY_WROTE
    assert dict(said.utterance.fields) == {"name": "Kari Nordmann", "text": "Ta medisinen. Kl. 8."}
    assert [(one.spoken, dict(one.fields)["text"]) for one in said.utterance.then] == [(Spoken.YOU_WROTE, "Ja takk.")]
    closed, _ = play(on.CardClosed(), state=state)
    assert isinstance(closed.phase, Idle) and closed.texting is None
    assert play(on.ReadAloudPressed(), state=closed)[1] == []


def test_a_call_without_text_leaves_none_and_its_card_goes_by_itself() -> None:
    state, _ = play(*TALK, OPEN, WRITE, on.Typed("a"), on.Typed("\b"), on.HangUpPressed())
    assert state.texting is None
    assert isinstance(play(on.Tick(), state=state, at=60)[0].phase, Idle)


def test_the_next_call_begins_with_empty_lanes() -> None:
    state, _ = play(*TALK, OPEN, on.TextReceived("1", "Hei"), on.HangUpPressed(), on.CallArrived("2", KARI))
    assert state.texting is None
    state, _ = play(on.TextReceived("1", "late"), on.TextChannel("1", False), on.TextSent("1", 9), state=state)
    assert state.texting is None


def test_captions_are_handed_on_in_order_and_not_for_ever() -> None:
    talk, _ = play(*TALK)
    state, effects = play(*(on.CaptionCame("1", CaptionMessage(n, "Hei", True)) for n in range(30)), state=talk)
    assert effects == []
    assert state.texting is not None and state.texting.captions_heard == 30
    assert [one.seq for one in state.texting.captions] == list(range(22, 30))
    assert play(on.HangUpPressed(), state=state)[0].texting is None


events = st.one_of(
    st.builds(on.TextReceived, st.sampled_from(("1", "2")), st.text(max_size=20)),
    st.builds(on.TextChannel, st.just("1"), st.booleans()),
    st.builds(on.TextSent, st.just("1"), st.integers(-5, 5000)),
    st.builds(on.Typed, st.text(max_size=300)),
    st.builds(on.PhraseChosen, st.text(max_size=300)),
    st.builds(on.WritePressed, st.builds(Writing, st.booleans(), st.integers(), st.none() | st.integers())),
    st.sampled_from((on.WritingClosed(), on.MediaLost(), on.MediaBack(), on.ReadAloudPressed(), on.HangUpPressed())),
    st.sampled_from((on.Tick(), on.CallArrived("2", KARI), on.CardClosed(), on.AnswerPressed())),
)


@given(st.lists(events, max_size=30))
def test_whatever_happens_text_stands_only_in_and_after_its_call(stories: list[on.Event]) -> None:
    state, _ = play(*TALK)
    for at, event in enumerate(stories):
        state, _ = play(event, state=state, at=float(at))
        if isinstance(state.phase, Idle):
            assert state.texting is None
