"""Every language is whole: the same phrases with the same fields, never a word of another language in its place."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.facts.measurement import SHOWN_AS
from kiosk.facts.profile import Language
from kiosk.measurements.capture import desk_wording
from kiosk.measurements.fhir import Withheld
from kiosk.resources import assets
from kiosk.speech.phrases import PhraseError, parse_phrases
from kiosk.speech.voices import VOICES
from kiosk.ui.texts import TextsError, load_texts

LANGUAGES = [language for language in Language if language is not Language.PSEUDO]
OTHERS = [language for language in LANGUAGES if language is not Language.BOKMAAL]


def phrase_file(language: Language) -> Path:
    return assets() / "phrases" / f"{language.value}.toml"


def phrases(table: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every phrase of a file with its dotted name; those of a list are numbered."""
    if isinstance(table, dict):
        for key, value in table.items():
            yield from phrases(value, f"{path}.{key}" if path else str(key))
    elif isinstance(table, list):
        for place, value in enumerate(table):
            yield from phrases(value, f"{path}.{place}")
    else:
        yield path, str(table)


def catalogue(language: Language) -> dict[str, str]:
    return dict(phrases(tomllib.loads(phrase_file(language).read_text(encoding="utf-8"))))


def fields(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_the_languages_have_the_same_phrases_and_fields(language: Language) -> None:
    first, other = catalogue(Language.BOKMAAL), catalogue(language)
    assert sorted(first) == sorted(other)
    assert {key: fields(text) for key, text in other.items()} == {key: fields(text) for key, text in first.items()}
    for table in ("faults", "ended", "not_measured"):
        of_table = [key for key in first if key.startswith(f"screen.{table}.")]
        assert of_table == [key for key in other if key.startswith(f"screen.{table}.")], "their order means something"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_is_empty_and_no_sentence_long(language: Language) -> None:
    for key, text in catalogue(language).items():
        assert text.strip(), key
        if key.startswith("desk."):
            continue
        for sentence in text.replace("?", ".").split(". "):
            assert len(sentence.split()) <= 12, f"{key}: {sentence}"


def test_nothing_was_left_in_bokmål() -> None:
    first, english = catalogue(Language.BOKMAAL), catalogue(Language.ENGLISH)
    assert [key for key, text in english.items() if text == first[key] and len(text) > 6 and "{" not in text] == [
        "screen.choosing.languages.1",
        "screen.choosing.languages.2",
    ], "a language goes by its own name"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_can_be_spoken_shown_and_told_to_the_desk(language: Language) -> None:
    text = phrase_file(language).read_text(encoding="utf-8")
    parse_phrases(text)
    load_texts(phrase_file(language))
    wording = desk_wording(text)
    assert set(wording.sentences) == set(Withheld)
    assert set(SHOWN_AS) - set(wording.kinds) <= {kind for kind in SHOWN_AS if kind.value == "cuff-pressure"}
    assert VOICES[language].name


@pytest.mark.parametrize("key", ["no-camera", "hung-up-here", "cuff-too-loose", "say_again", "week"])
def test_a_missing_phrase_is_an_error_at_the_start_of_the_screen(tmp_path: Path, key: str) -> None:
    say, screen = phrase_file(Language.NYNORSK).read_text(encoding="utf-8").split("[screen]\n", 1)
    kept = [line for line in screen.splitlines() if not line.startswith(f"{key} = ")]
    damaged = tmp_path / "nn.toml"
    damaged.write_text("\n".join((say, "[screen]", *kept)), encoding="utf-8")
    with pytest.raises(TextsError, match=rf"nn\.toml.*{key}"):
        load_texts(damaged)


@pytest.mark.parametrize("damage", ['recovering = ""', "recovering = 1", ""])
def test_a_missing_phrase_is_an_error_at_the_start_of_the_voice(damage: str) -> None:
    text = phrase_file(Language.ENGLISH).read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("recovering"))
    with pytest.raises(PhraseError):
        parse_phrases(text.replace(line, damage, 1))
