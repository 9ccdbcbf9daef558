"""A language that is bokmål made 40 % longer: what fits in it fits in most. For tests of layout, never for a home."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from kiosk.facts.profile import Language
from kiosk.ui.texts import ScreenTexts, load_texts

LONGER = 0.4

_WORD = re.compile(r"\{[^{}]*\}|[^\W\d_]+")
_VOWELS = "aeiouyæøåAEIOUYÆØÅ"


def lengthened(text: str) -> str:
    """``text`` with letters doubled, vowels first, until it is 40 % longer; fields in braces stay as they are."""
    total = sum(len(found.group()) for found in _WORD.finditer(text) if found.group()[0] != "{")
    wanted = len(re.sub(r"\{[^{}]*\}", "", text)) * LONGER
    owed = 0.0

    def longer(found: re.Match[str]) -> str:
        nonlocal owed
        word = found.group()
        if word[0] == "{":
            return word
        owed += wanted * len(word) / total
        count = round(owed)
        owed -= count
        return _stretched(word, count)

    return _WORD.sub(longer, text)


def _stretched(word: str, count: int) -> str:
    """``count`` more letters, dealt out over the word's vowels (its letters where it has none)."""
    places = [at for at, letter in enumerate(word) if letter in _VOWELS] or list(range(len(word)))
    more = dict.fromkeys(places, 0)
    for number in range(count):
        more[places[number % len(places)]] += 1
    return "".join(letter + letter.lower() * more.get(at, 0) for at, letter in enumerate(word))


def pseudo(texts: ScreenTexts) -> ScreenTexts:
    """Every phrase longer; single letters and marks of numbers stay."""
    kept = {"decimal_mark", "clock"}
    plain: dict[str, object] = msgspec.to_builtins(texts)
    return msgspec.convert({key: value if key in kept else _each(value) for key, value in plain.items()}, ScreenTexts)


def _each(value: object) -> object:
    if isinstance(value, str):
        return lengthened(value)
    if isinstance(value, dict):
        return {key: _each(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_each(one) for one in value]
    return value


def every_language(folder: Path) -> dict[Language, ScreenTexts]:
    """The words of every language there is. Raises TextsError when a phrase file lacks a word."""
    every: dict[Language, ScreenTexts] = {}
    for one in (Language.BOKMAAL, Language.NYNORSK, Language.ENGLISH):
        every[one] = load_texts(folder / f"{one.value}.toml")
    every[Language.PSEUDO] = pseudo(every[Language.BOKMAAL])
    return every
