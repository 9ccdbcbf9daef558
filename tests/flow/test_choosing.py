"""Choosing the profile: a whole run by presses, what is heard when, and that nothing of it is lost or half done."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.facts.choosing import Choosing, Pick, Playing, Question, Tap
from kiosk.facts.moment import Moment
from kiosk.facts.profile import (
    Consents,
    Hearing,
    Language,
    Pressing,
    Profile,
    RingTone,
    Seeing,
    SoundProfile,
    Speaking,
    Theme,
)
from kiosk.facts.spoken import Spoken
from kiosk.flow import choosing
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import Idle, KioskState, Ringing
from kiosk.flow.transitions import FlowSettings, step
from tests.call.test_policy import KARI

BEFORE = Profile(seeing=Seeing(distance_m=1.0, diagonal_inches=15.6))


class Chooser:
    def __init__(self, profile: Profile = BEFORE, kept: Choosing | None = None) -> None:
        self.seconds = 100.0
        self.done: list[do.Effect] = []
        self.state = KioskState(profile=profile)
        self.handle(on.ChoosingOpened(kept))

    def handle(self, event: on.Event) -> list[do.Effect]:
        now = Moment(datetime(2026, 11, 24, tzinfo=UTC), self.seconds)
        self.state, effects = step(self.state, event, now, FlowSettings(8.0))
        self.done += effects
        return list(effects)

    @property
    def choosing(self) -> Choosing:
        assert self.state.choosing is not None
        return self.state.choosing

    def playing(self) -> Playing | None:
        return self.choosing.playing

    def asked(self) -> Question:
        return self.choosing.question

    def press(self, place: int) -> list[do.Effect]:
        return self.handle(on.Chosen(self.asked(), len(self.choosing.picks), place))

    def tap(self, x: float, y: float, after: float = 2.0) -> None:
        self.seconds += after
        self.handle(on.Tapped(Tap(x, y)))

    def tick(self, seconds: float) -> list[do.Effect]:
        self.seconds += seconds
        return self.handle(on.Tick())

    def to(self, question: Question) -> None:
        """Answer with the first choice until there."""
        for _ in range(40):
            if self.asked() is question:
                return
            self.press(0)
        raise AssertionError(question)


def said(effects: list[do.Effect]) -> list[Spoken]:
    return [one.utterance.spoken for one in effects if isinstance(one, do.Say)]


def kept(effects: list[do.Effect]) -> do.KeepProfile:
    return [one for one in effects if isinstance(one, do.KeepProfile)][-1]


def test_a_whole_run() -> None:
    run = Chooser()
    assert (run.asked(), said(run.done)) == (Question.LANGUAGE, [Spoken.CHOOSE_LANGUAGE])
    run.press(1)
    for pick in (1, 0, 1):  # light beats dark and yellow, calm beats light
        assert run.asked() is Question.THEME
        run.press(pick)
    assert run.asked() is Question.SIZE
    assert run.state.profile.seeing.text_percent == 100
    run.press(1)
    run.press(1)
    assert run.state.profile.seeing.text_percent == 150  # in effect at once
    run.press(0)
    run.press(1)
    run.press(1)
    assert run.asked() is Question.RING_TONE
    run.press(1)
    run.press(0)
    assert run.asked() is Question.SOUND_PROFILE
    run.press(1)
    run.press(1)
    assert run.asked() is Question.VOLUME
    for _ in range(3):
        run.press(1)
    run.press(0)
    run.tap(4.0, -3.0)
    run.tap(-3.0, 2.0)
    run.tap(1.0, 5.0)
    assert run.asked() is Question.READINGS_ALOUD
    run.press(0)
    assert run.asked() is Question.READY
    assert run.state.profile.consents.readings_aloud
    effects = run.press(0)
    assert run.state.choosing is None
    wanted = Profile(
        language=Language.NYNORSK,
        seeing=Seeing(distance_m=1.0, diagonal_inches=15.6, theme=Theme.CALM, text_percent=150),
        hearing=Hearing(ring_tone=RingTone.DEEP, sound_profile=SoundProfile.STRONG, volume_percent=80),
        speaking=Speaking(words_per_minute=95),
        pressing=Pressing(tremor=True),
        consents=Consents(readings_aloud=True),
    )
    assert run.state.profile == wanted
    assert kept(effects) == do.KeepProfile(wanted, None)
    assert do.ApplyProfile(wanted) in effects
    assert said(effects) == [Spoken.CHOOSE_CLOSED]


def test_the_two_voices_are_heard_one_after_the_other() -> None:
    run = Chooser()
    run.to(Question.VOICE_RATE)
    assert run.playing() is Playing.QUESTION
    effects = run.handle(on.SpeechEnded())
    assert (run.playing(), said(effects)) == (Playing.FIRST, [Spoken.CHOOSE_FIRST])
    effects = run.handle(on.SpeechEnded())
    assert run.state.profile.speaking.words_per_minute == 115
    assert isinstance(effects[0], do.ApplyProfile)  # before it is said
    assert said(effects) == [Spoken.CHOOSE_SECOND]
    effects = run.handle(on.SpeechEnded())
    assert run.playing() is None
    assert run.state.profile.speaking.words_per_minute == 140
    assert said(effects) == []
    effects = run.handle(on.SayAgainPressed())
    assert said(effects) == [Spoken.CHOOSE_VOICE_RATE]


def test_a_voice_that_never_comes_is_not_waited_for() -> None:
    run = Chooser()
    run.to(Question.VOICE_RATE)
    assert run.tick(choosing.SPEECH_SECONDS - 1) == []
    run.tick(1)
    assert run.playing() is Playing.FIRST


def test_the_two_ring_tones_are_heard_for_a_while() -> None:
    run = Chooser()
    run.to(Question.RING_TONE)
    effects = run.handle(on.SpeechEnded())
    assert do.StartRing() in effects
    assert run.handle(on.SpeechEnded()) == []
    effects = run.tick(choosing.RING_SECONDS)
    assert effects.index(do.StopRing()) < effects.index(do.StartRing())
    assert run.state.profile.hearing.ring_tone is RingTone.DEEP
    assert do.ApplyProfile(run.state.profile) in effects
    effects = run.press(1)  # while it rings
    assert effects[0] == do.StopRing()
    assert run.choosing.picks == (Pick.SECOND,)
    run.handle(on.SpeechEnded())
    run.tick(choosing.RING_SECONDS)
    effects = run.tick(choosing.RING_SECONDS)
    assert (effects[0], run.playing()) == (do.StopRing(), None)


def test_a_press_for_a_question_that_has_gone() -> None:
    run = Chooser()
    run.press(0)
    before = run.state
    assert run.handle(on.Chosen(Question.LANGUAGE, 0, 2)) == []
    run.press(1)
    assert run.handle(on.Chosen(Question.THEME, 0, 0)) == []
    assert run.state.profile.language is before.profile.language


def test_back_and_forth() -> None:
    run = Chooser()
    run.to(Question.RING_TONE)
    effects = run.handle(on.ChoosingBack())
    assert run.asked() is Question.VOICE_RATE
    assert said(effects) == [Spoken.CHOOSE_VOICE_RATE]
    for _ in range(3):
        run.handle(on.ChoosingBack())
    assert run.asked() is Question.LANGUAGE
    run.press(2)
    effects = run.handle(on.ChoosingBack())
    effects = run.handle(on.ChoosingBack())
    assert run.state.choosing is None
    assert run.state.profile == BEFORE
    assert kept(effects) == do.KeepProfile(BEFORE, None)


def test_a_silent_patient_is_asked_nothing_about_the_voice() -> None:
    run = Chooser(Profile(speaking=Speaking(enabled=False)))
    asked = set()
    while run.state.choosing is not None:
        asked.add(run.asked())
        run.press(0)
    assert set(Question) - asked == {Question.VOICE_RATE, Question.SOUND_PROFILE, Question.VOLUME}


@pytest.mark.parametrize(
    ("taps", "tremor"),
    [([(0.5, 0.5), (-1.0, 0.8), (1.2, -1.0)], False), ([(4.0, 3.0), (-3.0, 1.0), (2.0, -4.0)], True)],
)
def test_the_spread_of_three_taps_chooses_the_size_of_targets(taps: list[tuple[float, float]], tremor: bool) -> None:
    run = Chooser()
    run.to(Question.STEADINESS)
    for x, y in taps:
        run.tap(x, y)
    assert run.state.profile.pressing == Pressing(tremor=tremor, repeat_seconds=0.5)


def test_a_finger_that_bounces_lengthens_the_wait_and_is_no_tap() -> None:
    run = Chooser()
    run.to(Question.STEADINESS)
    run.tap(0.0, 0.0)
    run.tap(9.0, 9.0, after=0.6)
    run.tap(0.0, 0.0)
    run.tap(0.0, 0.0)
    assert run.state.profile.pressing == Pressing(tremor=False, repeat_seconds=0.9)


def test_a_power_cut_goes_on_where_it_was() -> None:
    run = Chooser()
    run.to(Question.SOUND_PROFILE)
    run.press(1)
    on_disk = kept(run.done)
    assert on_disk.profile == BEFORE
    assert on_disk.choosing is not None
    again = Chooser(BEFORE, msgspec.json.decode(msgspec.json.encode(on_disk.choosing), type=Choosing))
    assert (again.asked(), again.choosing.picks) == (Question.SOUND_PROFILE, (Pick.SECOND,))
    assert again.state.profile == run.choosing.chosen
    assert said(again.done) == [Spoken.CHOOSE_SOUND_PROFILE]


def test_a_call_comes_first_and_the_question_waits() -> None:
    run = Chooser()
    run.to(Question.RING_TONE)
    run.handle(on.SpeechEnded())
    run.tick(choosing.RING_SECONDS)
    effects = run.handle(on.CallArrived("1", KARI))
    assert isinstance(run.state.phase, Ringing)
    assert effects.index(do.StopRing()) < effects.index(do.StartRing())
    assert run.state.profile == run.choosing.chosen  # it rings by what was chosen so far
    assert run.playing() is None
    assert run.press(0) == []
    assert run.tick(1.0) == []
    run.handle(on.DeclinePressed())
    effects = run.handle(on.CardClosed())
    for _ in range(20):
        effects += run.tick(1.0)
    assert isinstance(run.state.phase, Idle)
    assert Spoken.CHOOSE_RING_TONE in said(effects)


def test_the_desk_changes_something_meanwhile() -> None:
    run = Chooser()
    run.to(Question.SIZE)
    changed = msgspec.structs.replace(run.state.profile, hearing=Hearing(volume_percent=100))
    effects = run.handle(on.ProfileChanged(changed))
    assert run.choosing.chosen == changed
    assert kept(effects).choosing == run.choosing
    run.press(0)
    assert run.state.profile.hearing.volume_percent == 100


_events = st.one_of(
    st.builds(on.Chosen, st.sampled_from(Question), st.integers(0, 3), st.integers(0, 4)),
    st.builds(on.Tapped, st.builds(Tap, st.floats(-200, 200), st.floats(-200, 200))),
    st.sampled_from([on.ChoosingBack(), on.SpeechEnded(), on.SayAgainPressed(), on.Tick(), on.DeclinePressed()]),
    st.just(on.CallArrived("1", KARI)),
)


@given(st.lists(st.tuples(_events | st.none(), st.floats(0, 20)), max_size=60))
def test_whatever_is_pressed(events: list[tuple[on.Event | None, float]]) -> None:
    run = Chooser()
    ringing = False
    for event, after in events:
        run.seconds += after
        if event is None and run.state.choosing is not None:
            event = on.Chosen(run.asked(), len(run.choosing.picks), 0)
        for effect in run.handle(event or on.Tick()):
            if isinstance(effect, do.StartRing):
                assert not ringing, "two rings at once"
                ringing = True
            elif isinstance(effect, do.StopRing):
                ringing = False
    state = run.state
    if state.choosing is None or not isinstance(state.phase, Idle):
        return
    if state.choosing.playing not in (Playing.FIRST, Playing.SECOND):
        assert not ringing
        assert state.profile == state.choosing.chosen


def test_consent_is_only_ever_given_by_a_yes() -> None:
    run = Chooser()
    run.to(Question.READINGS_ALOUD)
    run.press(1)
    assert not run.state.profile.consents.readings_aloud
