"""The words behind what is spoken: phrase files in, sentences out. Pure; reads no file itself."""

from __future__ import annotations

import string
import tomllib

from kiosk.facts.spoken import Spoken, Utterance


class PhraseError(Exception):
    """A phrase file that lacks a phrase or asks for a field that nobody fills: a fault of the package."""


class Phrases:
    """The [say] table of one language."""

    def __init__(self, say: dict[str, str]) -> None:
        missing = [one.value for one in Spoken if one.value not in say]
        if missing:
            raise PhraseError(f"phrases missing under [say]: {', '.join(missing)}")
        self._say = say

    def sentence(self, utterance: Utterance) -> str:
        """The words to say, and what follows them. Raises PhraseError when a template wants a field that is lacking."""
        template = self._say[utterance.spoken.value]
        fields = dict(utterance.fields)
        wanted = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        if not wanted <= fields.keys():
            raise PhraseError(f"{utterance.spoken.value}: no value for {', '.join(sorted(wanted - fields.keys()))}")
        return " ".join((template.format_map(fields), *(self.sentence(one) for one in utterance.then)))


def parse_phrases(text: str) -> Phrases:
    """Phrases out of a phrase file. Raises PhraseError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PhraseError(f"not a phrase file: {error}") from error
    say = table.get("say")
    if not isinstance(say, dict) or not all(isinstance(words, str) and words.strip() for words in say.values()):
        raise PhraseError("no table [say] of sentences, or an empty one in it")
    return Phrases(say)
