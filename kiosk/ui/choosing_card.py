"""What is shown while the profile is chosen: the question, what is compared, and the answers. Pure."""

from __future__ import annotations

import msgspec

from kiosk.facts.choosing import Choosing, Playing, Question
from kiosk.flow.choosing import SIZES, pair
from kiosk.ui.appearance import PALETTES, Palette
from kiosk.ui.texts import ScreenTexts

LOUDEST = 100
_TARGETS = ((0.5, 0.5), (0.2, 0.5), (0.8, 0.5))
"""Middles of the rings to press, in shares of the room they have."""


class Answer(msgspec.Struct, frozen=True):
    """One button. ``place`` is its number in flow/choosing.py; ``colours``: a theme to be seen, else the page's own."""

    text: str
    place: int
    good: bool = False
    heard: bool = False
    colours: Palette | None = None


class ChoosingCard(msgspec.Struct, frozen=True):
    """``round``: so many pairs of this question have been answered. ``sample``: what is read to try its size.

    ``target``: the middle of the ring to press, in shares of the room that it has; None when none is shown.
    """

    question: Question
    round: int
    title: str
    answers: tuple[Answer, ...]
    back: bool
    sample: str = ""
    target: tuple[float, float] | None = None


def choosing_card(choosing: Choosing, texts: ScreenTexts) -> ChoosingCard:
    """The screen of this question, as far as it has come."""
    question = choosing.question
    sample, target = "", None
    if question is Question.SIZE:
        sample = texts.choosing.sample
    elif question is Question.STEADINESS:
        target = _TARGETS[min(len(choosing.taps), len(_TARGETS) - 1)]
    return ChoosingCard(
        question=question,
        round=len(choosing.picks),
        title=texts.choosing.questions[question],
        answers=_answers(choosing, texts),
        # The first question has three answers, and nothing before it.
        back=question is not Question.LANGUAGE,
        sample=sample,
        target=target,
    )


def _answers(choosing: Choosing, texts: ScreenTexts) -> tuple[Answer, ...]:
    words = texts.choosing
    match choosing.question:
        case Question.LANGUAGE:
            return tuple(Answer(name, place) for place, name in enumerate(words.languages))
        case Question.THEME:
            compared = pair(choosing)
            if compared is None:
                return ()
            shown = [PALETTES[profile.seeing.theme] for profile in compared]
            return Answer(words.first, 0, colours=shown[0]), Answer(words.second, 1, colours=shown[1])
        case Question.VOICE_RATE | Question.RING_TONE | Question.SOUND_PROFILE:
            return (
                Answer(words.first, 0, heard=choosing.playing is Playing.FIRST),
                Answer(words.second, 1, heard=choosing.playing is Playing.SECOND),
            )
        case Question.SIZE:
            largest = choosing.chosen.seeing.text_percent >= SIZES[-1]
            return (Answer(words.yes, 0, good=True), *(() if largest else (Answer(words.larger, 1),)))
        case Question.VOLUME:
            loudest = choosing.chosen.hearing.volume_percent >= LOUDEST
            return (Answer(words.yes, 0, good=True), *(() if loudest else (Answer(words.louder, 1),)))
        case Question.STEADINESS:
            return (Answer(words.skip, 0),)
        case Question.READINGS_ALOUD:
            return Answer(words.yes, 0, good=True), Answer(words.no, 1)
        case Question.READY:
            return (Answer(words.done, 0, good=True),)
