"""What screens say: whole, in every language, and no number without consent. How fast is the bench's to measure."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.accessbench import examples, voice_checks
from kiosk.facts.profile import Consents, Language, Profile
from kiosk.flow import prompts
from kiosk.speech.sentences import sentences


def test_every_word_on_every_screen_is_told() -> None:
    figure = voice_checks.prompts_tell_the_screen()
    assert figure.value == 100, figure.note


def test_a_word_that_is_not_told_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_checks, "told_words", lambda state, language: {"ferdig"})
    figure = voice_checks.prompts_tell_the_screen()
    assert figure.value is not None and figure.value < 10


def test_no_number_without_consent() -> None:
    assert voice_checks.numbers_without_consent().value == 0
    measured = msgspec.structs.replace(
        examples.every_state()["home-measured"], profile=Profile(consents=Consents(readings_aloud=True))
    )
    told = prompts.prompt(measured, voice_checks._MOMENT)
    assert set(voice_checks.private_fields(told)) == {"value", "second", "pulse"}, "the check would see one"


@pytest.mark.parametrize("language", voice_checks.LANGUAGES)
def test_prompts_are_short_sentences(language: Language) -> None:
    phrases = voice_checks.phrases_of(language)
    longest = max(
        (len(sentence.split()), sentence)
        for _, one, state in voice_checks.every_prompt()
        if one is language
        for sentence in sentences(phrases.sentence(prompts.prompt(state, voice_checks._MOMENT)))
    )
    assert longest[0] <= 14, longest[1]
