"""The words behind what is spoken: phrase files in, sentences out. Pure; reads no file itself.

What has words on the screen is said in the same ones, so that the ear and the eye are told the same.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping

from kiosk.facts.calls import CallOutcome
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.spoken import PRIVATE_FIELDS, Spoken, Utterance

AS_SHOWN = {
    **{Spoken(fault.value): f"not_measured.{fault.value}" for fault in MeasurementFault},
    **{Spoken(f"call-{outcome.value}"): f"ended.{outcome.value}" for outcome in CallOutcome},
    Spoken.HISTORY_EMPTY: "history.empty",
    Spoken.HISTORY_FAILED: "history.failed",
}
"""What is said in the words that stand on the screen for it, by their dotted names under [screen]."""

STEPS = {Spoken(f"measure-{kind.value}"): f"measuring.{kind.value}.steps" for kind in MeasurementKind}
"""What is followed by the steps that stand on the screen."""


class PhraseError(Exception):
    """A phrase file that lacks a phrase or asks for a field that nobody fills: a fault of the package."""


class Phrases:
    """The tables [say] and [screen] of one language."""

    def __init__(self, say: Mapping[str, str], screen: Mapping[str, object]) -> None:
        own = [one for one in Spoken if one is not Spoken.SHOWN and one not in AS_SHOWN]
        missing = [one.value for one in own if one.value not in say]
        if missing:
            raise PhraseError(f"phrases missing under [say]: {', '.join(missing)}")
        self._screen = screen
        self._templates: dict[Spoken, str] = {one: say[one.value] for one in own}
        self._templates |= {one: self._named(name) for one, name in AS_SHOWN.items()}
        for one, name in STEPS.items():
            self._templates[one] += " " + self._named(name)
        self._clock = self._named("clock")
        self._decimal_mark = self._named("decimal_mark")
        self._conjunction = self._named("fakes.and")

    def sentence(self, utterance: Utterance) -> str:
        """The words to say, and what follows them. Raises PhraseError when a template wants a field that is lacking."""
        return " ".join(self.parts(utterance))

    def parts(self, utterance: Utterance) -> list[str]:
        """The same in its parts, one for each utterance in it. Raises PhraseError."""
        return [_ended(self._alone(one)) for one in utterance.all()]

    def fixed(self) -> tuple[str, ...]:
        """Every text that stands in the file as it is said: nothing is filled in."""
        texts = (*self._templates.values(), *_strings(self._screen))
        return tuple(dict.fromkeys(_ended(text) for text in texts if text.strip() and "{" not in text))

    def filled(self) -> tuple[str, ...]:
        """The texts that have something to be filled in."""
        return tuple(text for text in (*self._templates.values(), *_strings(self._screen)) if "{" in text)

    def _alone(self, utterance: Utterance) -> str:
        words = {field: self._named(name) for field, name in utterance.words}
        template = words.pop("text", "") if utterance.spoken is Spoken.SHOWN else self._templates[utterance.spoken]
        fields = {name: self._marked(name, value) for name, value in utterance.fields} | words
        if "hour" in fields and "minute" in fields:
            fields["clock"] = self._clock.format(hour=int(fields["hour"]), minute=int(fields["minute"]))
        if "part" in fields and "last_part" in fields:
            fields["parts"] = self._conjunction.format(first=fields["part"], last=fields["last_part"])
        elif "part" in fields:
            fields["parts"] = fields["part"]
        wanted = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        if not template or not wanted <= fields.keys():
            raise PhraseError(f"{utterance.spoken.value}: no value for {', '.join(sorted(wanted - fields.keys()))}")
        return template.format_map(fields)

    def _marked(self, field: str, value: str) -> str:
        return value.replace(",", self._decimal_mark) if field in PRIVATE_FIELDS else value

    def _named(self, name: str) -> str:
        """A phrase of the screen by its dotted name; the two parts of a notice and the lines of a list are joined."""
        found: object = self._screen
        for key in name.split("."):
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise PhraseError(f"phrase missing under [screen]: {name}")
        if isinstance(found, Mapping):
            found = [found[part] for part in ("sentence", "action") if part in found]
        if isinstance(found, list):
            found = " ".join(str(one) for one in found)
        if not isinstance(found, str) or not found.strip():
            raise PhraseError(f"phrase missing under [screen]: {name}")
        return found


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from _strings(one)
        case list():
            for one in value:
                yield from _strings(one)
        case _:
            return


def _ended(sentence: str) -> str:
    """With the mark at its end that lets the voice fall."""
    sentence = sentence.rstrip(" …")
    return sentence if sentence.endswith((".", "!", "?", ":")) else sentence + "."


def parse_phrases(text: str) -> Phrases:
    """Phrases out of a phrase file. Raises PhraseError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PhraseError(f"not a phrase file: {error}") from error
    say, screen = table.get("say"), table.get("screen")
    if not isinstance(say, dict) or not all(isinstance(words, str) and words.strip() for words in say.values()):
        raise PhraseError("no table [say] of sentences, or an empty one in it")
    return Phrases(say, screen if isinstance(screen, dict) else {})
