"""Choosing the patient's profile: pairs to see and to hear, the better one is pressed. Pure.

What is tried is in effect while it is tried (``KioskState.profile``), so that screen, speech and ring are real; what
was answered so far stands in ``Choosing.chosen``. Each step is kept (do.KeepProfile) before the next is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from kiosk.facts.choosing import Choosing, Pick, Playing, Question, Tap
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Language, Profile, RingTone, SoundProfile, Theme
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow.state import Idle, KioskState

LANGUAGES = (Language.BOKMAAL, Language.NYNORSK, Language.ENGLISH)
SIZES = (100, 125, 150, 175, 200)
FIRST_VOLUME = 50
VOLUME_STEP = 10
TAPS = 3
STEADY_MM = 2.0
"""A spread (standard deviation along one axis) above it gets targets of 30 mm. With 20 mm, 99.8 % of taps come down
inside at 3 mm; three taps tell little, so less than that is taken for it."""
BOUNCE_SECONDS = 0.8
"""Nobody sees the next target and reaches it so soon: the finger bounced."""
RING_SECONDS = 4.0
SPEECH_SECONDS = 15.0
"""A sample that has not ended by then: there is no voice, and the person need not wait for it."""

Step = tuple[KioskState, tuple[do.Effect, ...]]
Value = Theme | RingTone | SoundProfile | int
Rounds = Mapping[tuple[Pick, ...], tuple[Value, Value]]


def _in_turn(values: Sequence[Value]) -> Rounds:
    """The better of the first two meets the third, and so on."""
    rounds: dict[tuple[Pick, ...], tuple[Value, Value]] = {}
    standing: list[tuple[tuple[Pick, ...], Value]] = [((), values[0])]
    for challenger in values[1:]:
        next_standing: list[tuple[tuple[Pick, ...], Value]] = []
        for picks, champion in standing:
            rounds[picks] = (champion, challenger)
            next_standing += [((*picks, Pick.FIRST), champion), ((*picks, Pick.SECOND), challenger)]
        standing = next_standing
    return rounds


_ROUNDS: Mapping[Question, Rounds] = {
    Question.THEME: _in_turn((Theme.DARK, Theme.LIGHT, Theme.YELLOW_ON_BLACK, Theme.CALM)),
    Question.VOICE_RATE: {(): (140, 115), (Pick.FIRST,): (140, 165), (Pick.SECOND,): (115, 95)},
    Question.RING_TONE: _in_turn((RingTone.STANDARD, RingTone.DEEP, RingTone.MELODY)),
    Question.SOUND_PROFILE: {
        (): (SoundProfile.OFF, SoundProfile.MEDIUM),
        (Pick.FIRST,): (SoundProfile.OFF, SoundProfile.LIGHT),
        (Pick.SECOND,): (SoundProfile.MEDIUM, SoundProfile.STRONG),
    },
}
_HEARD = (Question.VOICE_RATE, Question.RING_TONE, Question.SOUND_PROFILE)
_NEED_A_VOICE = (Question.VOICE_RATE, Question.SOUND_PROFILE, Question.VOLUME)
ASKED = {question: Spoken(f"choose-{question.value}") for question in Question}


def questions(profile: Profile) -> tuple[Question, ...]:
    """What is asked of this patient: nothing about a voice that is to be silent."""
    return tuple(one for one in Question if profile.speaking.enabled or one not in _NEED_A_VOICE)


def pair(choosing: Choosing) -> tuple[Profile, Profile] | None:
    """The two profiles that are compared now; None where nothing is."""
    rounds = _ROUNDS.get(choosing.question)
    if rounds is None or choosing.picks not in rounds:
        return None
    first, second = rounds[choosing.picks]
    return _with(choosing.chosen, choosing.question, first), _with(choosing.chosen, choosing.question, second)


def opened(state: KioskState, kept: Choosing | None, now: Moment) -> Step:
    """Begin, or go on where it was left."""
    if state.choosing is not None:
        return state, ()
    choosing = kept or Choosing(before=state.profile, chosen=state.profile)
    return _ask(state, choosing, now)


def pressed(state: KioskState, question: Question, round_: int, place: int, now: Moment) -> Step:
    """The button at ``place`` (0 is the first). What was meant for a question that has gone is not taken."""
    choosing = _shown(state)
    if choosing is None or choosing.question is not question or len(choosing.picks) != round_:
        return state, ()
    match question:
        case Question.LANGUAGE:
            if place >= len(LANGUAGES):
                return state, ()
            return _answered(state, msgspec.structs.replace(choosing.chosen, language=LANGUAGES[place]), now)
        case Question.SIZE | Question.VOLUME:
            return _adjusted(state, choosing, place, now)
        case Question.READINGS_ALOUD:
            consents = msgspec.structs.replace(choosing.chosen.consents, readings_aloud=place == 0)
            return _answered(state, msgspec.structs.replace(choosing.chosen, consents=consents), now)
        case Question.READY:
            return _closed(state, choosing.chosen)
        case Question.STEADINESS:  # «Hopp over»: who presses by a switch has no finger to measure
            return _answered(state, choosing.chosen, now)
        case _:
            return _picked(state, choosing, Pick.FIRST if place == 0 else Pick.SECOND, now)


def tapped(state: KioskState, tap: Tap, now: Moment) -> Step:
    """A finger came down while the targets are shown, on one or beside it."""
    choosing = _shown(state)
    if choosing is None or choosing.question is not Question.STEADINESS:
        return state, ()
    waited = now.monotonic - choosing.since
    if choosing.taps and waited < BOUNCE_SECONDS:
        choosing = msgspec.structs.replace(choosing, bounce_s=max(choosing.bounce_s, waited))
        return msgspec.structs.replace(state, choosing=choosing), ()
    choosing = msgspec.structs.replace(choosing, taps=(*choosing.taps, tap), since=now.monotonic)
    if len(choosing.taps) < TAPS:
        return msgspec.structs.replace(state, choosing=choosing), ()
    pressing = msgspec.structs.replace(
        choosing.chosen.pressing,
        tremor=spread_mm(choosing.taps) > STEADY_MM,
        repeat_seconds=max(0.5, math.ceil((choosing.bounce_s + 0.3) * 10) / 10) if choosing.bounce_s else 0.5,
    )
    state = msgspec.structs.replace(state, choosing=choosing)
    return _answered(state, msgspec.structs.replace(choosing.chosen, pressing=pressing), now)


def spread_mm(taps: Sequence[Tap]) -> float:
    """Standard deviation of taps around the middle along one axis, millimetres."""
    return math.sqrt(sum(tap.x**2 + tap.y**2 for tap in taps) / (2 * len(taps)))


def again(state: KioskState, now: Moment) -> Step:
    """«Si igjen»: the question once more, and its samples."""
    choosing = _shown(state)
    return (state, ()) if choosing is None else _ask(state, choosing, now)


def back(state: KioskState, now: Moment) -> Step:
    """«Tilbake»: the question before; from the first one, all as it was."""
    choosing = _shown(state)
    if choosing is None:
        return state, ()
    asked = questions(choosing.chosen)
    place = asked.index(choosing.question) if choosing.question in asked else 0
    if place == 0:
        return _closed(state, choosing.before)
    return _ask(state, _at(choosing, asked[place - 1]), now)


def changed(state: KioskState, profile: Profile) -> Step:
    """The desk has changed the profile."""
    if state.choosing is None:
        return msgspec.structs.replace(state, profile=profile), (do.ApplyProfile(profile), do.KeepProfile(profile))
    choosing = msgspec.structs.replace(state.choosing, before=profile, chosen=profile, playing=None)
    state = msgspec.structs.replace(state, profile=profile, choosing=choosing)
    return state, (do.ApplyProfile(profile), do.KeepProfile(profile, choosing))


def interrupted(state: KioskState) -> Step:
    """A call comes first: it sounds and looks by what has been chosen so far."""
    choosing = state.choosing
    if choosing is None:
        return state, ()
    silenced = _silenced(choosing)
    state, effects = _trying(state, msgspec.structs.replace(choosing, playing=None), choosing.chosen)
    return state, (*silenced, *effects)


def seen_again(state: KioskState, now: Moment) -> Step:
    """Nothing covers the question any more."""
    return (state, ()) if state.choosing is None else _ask(state, state.choosing, now)


def heard(state: KioskState, now: Moment) -> Step:
    """What was being said is over: the next sample."""
    choosing = _shown(state)
    if choosing is None or choosing.playing is None or _rings(choosing):
        return state, ()
    return _on(state, choosing, now)


def aged(state: KioskState, now: Moment) -> Step:
    """A ring has been heard long enough; a voice has not come."""
    choosing = _shown(state)
    if choosing is None or choosing.playing is None:
        return state, ()
    limit = RING_SECONDS if _rings(choosing) else SPEECH_SECONDS
    return _on(state, choosing, now) if now.monotonic - choosing.since >= limit else (state, ())


# -- from one question to the next -----------------------------------------------------------------------------------


def is_shown(state: KioskState) -> bool:
    """Whether it is what the person looks at."""
    free = isinstance(state.phase, Idle) and not state.questions and state.measurement is None
    return free and state.choosing is not None


def _shown(state: KioskState) -> Choosing | None:
    return state.choosing if isinstance(state.phase, Idle) else None


def _at(choosing: Choosing, question: Question) -> Choosing:
    """Size and volume begin low and are asked upwards: «Ja», or more."""
    chosen = choosing.chosen
    if question is Question.SIZE:
        chosen = _with(chosen, question, SIZES[0])
    elif question is Question.VOLUME:
        chosen = _with(chosen, question, FIRST_VOLUME)
    return msgspec.structs.replace(choosing, question=question, chosen=chosen, picks=(), taps=(), bounce_s=0.0)


def _ask(state: KioskState, choosing: Choosing, now: Moment) -> Step:
    silenced = () if state.choosing is None else _silenced(state.choosing)
    choosing = msgspec.structs.replace(choosing, playing=Playing.QUESTION, since=now.monotonic)
    state, effects = _trying(state, choosing, choosing.chosen)
    kept = msgspec.structs.replace(choosing, playing=None, since=0.0)
    question = Utterance(ASKED[choosing.question])
    return state, (*silenced, do.KeepProfile(choosing.before, kept), *effects, do.Say(question))


def _answered(state: KioskState, chosen: Profile, now: Moment) -> Step:
    choosing = state.choosing
    if choosing is None:
        return state, ()
    asked = questions(chosen)
    following = asked[asked.index(choosing.question) + 1]
    return _ask(state, _at(msgspec.structs.replace(choosing, chosen=chosen), following), now)


def _picked(state: KioskState, choosing: Choosing, pick: Pick, now: Moment) -> Step:
    compared = pair(choosing)
    if compared is None:
        return state, ()
    picks = (*choosing.picks, pick)
    if picks in _ROUNDS[choosing.question]:
        return _ask(state, msgspec.structs.replace(choosing, picks=picks), now)
    return _answered(state, compared[0] if pick is Pick.FIRST else compared[1], now)


def _adjusted(state: KioskState, choosing: Choosing, place: int, now: Moment) -> Step:
    """«Ja», or more."""
    chosen = choosing.chosen
    if place == 0:
        return _answered(state, chosen, now)
    if choosing.question is Question.SIZE:
        larger = next((one for one in SIZES if one > chosen.seeing.text_percent), SIZES[-1])
        chosen = _with(chosen, Question.SIZE, larger)
        return _trying(state, msgspec.structs.replace(choosing, chosen=chosen), chosen)
    chosen = _with(chosen, Question.VOLUME, min(100, chosen.hearing.volume_percent + VOLUME_STEP))
    choosing = msgspec.structs.replace(choosing, chosen=chosen, playing=Playing.FIRST, since=now.monotonic)
    state, effects = _trying(state, choosing, chosen)
    return state, (*effects, do.Say(Utterance(Spoken.CHOOSE_SAMPLE)))


def _closed(state: KioskState, profile: Profile) -> Step:
    silenced = () if state.choosing is None else _silenced(state.choosing)
    state = msgspec.structs.replace(state, choosing=None, profile=profile)
    done = do.Say(Utterance(Spoken.CHOOSE_CLOSED))
    return state, (*silenced, do.KeepProfile(profile), do.ApplyProfile(profile), done)


# -- what is heard --------------------------------------------------------------------------------------------------


def _rings(choosing: Choosing) -> bool:
    return choosing.question is Question.RING_TONE and choosing.playing in (Playing.FIRST, Playing.SECOND)


def _silenced(choosing: Choosing) -> tuple[do.Effect, ...]:
    return (do.StopRing(),) if _rings(choosing) else ()


def _on(state: KioskState, choosing: Choosing, now: Moment) -> Step:
    """From the question to the first sample, to the second, to silence."""
    silenced = _silenced(choosing)
    following = _following(choosing)
    choosing = msgspec.structs.replace(choosing, playing=following, since=now.monotonic)
    compared = pair(choosing)
    tried = choosing.chosen
    if compared is not None and following in (Playing.FIRST, Playing.SECOND):
        tried = compared[0] if following is Playing.FIRST else compared[1]
    state, effects = _trying(state, choosing, tried)
    sounds: tuple[do.Effect, ...] = ()
    if _rings(choosing):
        sounds = (do.StartRing(),)
    elif following is Playing.FIRST:
        sample = Spoken.CHOOSE_SAMPLE if choosing.question is Question.VOLUME else Spoken.CHOOSE_FIRST
        sounds = (do.Say(Utterance(sample)),)
    elif following is Playing.SECOND:
        sounds = (do.Say(Utterance(Spoken.CHOOSE_SECOND)),)
    return state, (*silenced, *effects, *sounds)


def _following(choosing: Choosing) -> Playing | None:
    match choosing.playing:
        case Playing.QUESTION if choosing.question in (*_HEARD, Question.VOLUME):
            return Playing.FIRST
        case Playing.FIRST if choosing.question in _HEARD:
            return Playing.SECOND
        case _:
            return None


def _trying(state: KioskState, choosing: Choosing, profile: Profile) -> Step:
    """This profile is in effect, for now."""
    effects: tuple[do.Effect, ...] = () if profile == state.profile else (do.ApplyProfile(profile),)
    return msgspec.structs.replace(state, choosing=choosing, profile=profile), effects


def _with(profile: Profile, question: Question, value: Value) -> Profile:
    replace = msgspec.structs.replace
    match question, value:
        case Question.THEME, Theme():
            return replace(profile, seeing=replace(profile.seeing, theme=value))
        case Question.SIZE, int():
            return replace(profile, seeing=replace(profile.seeing, text_percent=value))
        case Question.VOICE_RATE, int():
            return replace(profile, speaking=replace(profile.speaking, words_per_minute=value))
        case Question.RING_TONE, RingTone():
            return replace(profile, hearing=replace(profile.hearing, ring_tone=value))
        case Question.SOUND_PROFILE, SoundProfile():
            return replace(profile, hearing=replace(profile.hearing, sound_profile=value))
        case Question.VOLUME, int():
            return replace(profile, hearing=replace(profile.hearing, volume_percent=value))
        case _:
            raise ValueError(f"{question.value} is not answered by {value!r}")
