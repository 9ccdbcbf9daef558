"""G8, G9, G10 and G20: what every screen says, how soon and how fast a real voice says it, and what it keeps quiet."""

from __future__ import annotations

import asyncio
import functools
import os
import re
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np

from kiosk.accessbench import examples
from kiosk.accessbench.access_check import AccessCheck, Figure
from kiosk.accessbench.stage import Stage, application
from kiosk.accessbench.tree_checks import one_of_each
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Consents, Language, Profile
from kiosk.facts.spoken import PRIVATE_FIELDS, Spoken, Utterance
from kiosk.flow import prompts
from kiosk.flow.state import KioskState
from kiosk.resources import assets
from kiosk.speech.announcer import Announcer, pieces_of, with_pause
from kiosk.speech.phrases import Phrases, parse_phrases
from kiosk.speech.sentences import sentences
from kiosk.speech.speaker import Samples, Speaker
from kiosk.speech.voices import VOICES
from kiosk.ui.presentation import present
from kiosk.ui.screens import Page
from kiosk.ui.spoken_words import is_spoken
from kiosk.ui.texts import ScreenTexts, load_texts

_IN_OTHER_WORDS = frozenset({"kg", "mmol", "l", "puls", "pulse"})
"""What is written short and said in full: «kg» is «kilo», «Puls 64» is «Pulsen er 64»."""

LANGUAGES = (Language.BOKMAAL, Language.NYNORSK, Language.ENGLISH)
_MOMENT = Moment(examples.NOW + timedelta(hours=1), 100.0)
_WORD = re.compile(r"[^\W\d_]+")
_SPOKEN_RATE = 140
_TRIES = 20
_WHOLE_WORDS = 8
"""The rate is that of sentences with so many words at least: in shorter ones the pause behind weighs most."""

_NOT_TOLD = frozenset(
    (
        *("place", "page", "title", "call_id", "initials", "picture", "fake_mark_short", "buttons", "colours"),
        *("reading_id", "captions", "keys", "we", "read_aloud"),
    )
)
"""Fields of a Screen that are no words on it, the short form of what is told in full, or have their own way to the
ear: buttons are told as choices. Captions are what is being said, for those who do not hear it, and of keys it is told
what to do with them."""


@functools.cache
def phrases_of(language: Language) -> Phrases:
    """What is said in it."""
    return parse_phrases((assets() / "phrases" / f"{language.value}.toml").read_text(encoding="utf-8"))


@functools.cache
def _texts_of(language: Language) -> ScreenTexts:
    return load_texts(assets() / "phrases" / f"{language.value}.toml")


def shown_words(state: KioskState, language: Language) -> Iterator[str]:
    """Every word that stands on the screen as text, small letters."""
    screen = present(state, _MOMENT.wall, _texts_of(language))
    if screen.page is not Page.HOME:
        # The clock in the corner and the day are the home page's to tell.
        screen = msgspec.structs.replace(screen, clock="", day="", date="", visit=None, status=_NO_STATUS)
    if screen.page not in (Page.RING, Page.CALL):
        screen = msgspec.structs.replace(screen, caller=None)
    elif screen.page is Page.CALL and screen.caller is not None:
        screen = msgspec.structs.replace(screen, caller=msgspec.structs.replace(screen.caller, line=""))
    for text in _texts_in(screen):
        for word in _WORD.findall(text):
            if word.lower() not in _IN_OTHER_WORDS:
                yield word.lower()


_NO_STATUS = present(KioskState(), _MOMENT.wall, _texts_of(Language.BOKMAAL)).status
_NO_STATUS = msgspec.structs.replace(_NO_STATUS, text="", detail="")


def _texts_in(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case tuple() | list():
            for one in value:
                yield from _texts_in(one)
        case msgspec.Struct():
            for field in value.__struct_fields__:
                if field not in _NOT_TOLD and not field.startswith(("picture", "bar_", "chart", "next_", "other")):
                    yield from _texts_in(getattr(value, field))
        case _:
            return


def told_words(state: KioskState, language: Language) -> set[str]:
    """Every word that the screen's prompt says."""
    return {word.lower() for word in _WORD.findall(phrases_of(language).sentence(prompts.prompt(state, _MOMENT)))}


def every_prompt() -> Iterator[tuple[str, Language, KioskState]]:
    """Every example in bokmål, one of every kind of screen in the other languages; numbers may be said."""
    for language in LANGUAGES:
        states = examples.every_state() if language is Language.BOKMAAL else one_of_each()
        for name, state in states.items():
            profile = Profile(language=language, consents=Consents(readings_aloud=True))
            yield name, language, msgspec.structs.replace(state, profile=profile)


def prompts_in(language: Language) -> Iterator[str]:
    """The parts of all prompts that are the same in every home: nothing is filled in but the words on buttons."""
    phrases = phrases_of(language)
    for state in examples.every_state().values():
        for utterance in (prompts.prompt(state, _MOMENT), prompts.arrival(state, _MOMENT)):
            for one in utterance.all():
                if not one.fields and {field for field, _ in one.words} <= {"text", "first", "last"}:
                    yield phrases.sentence(msgspec.structs.replace(one, then=()))


def prompts_tell_the_screen() -> Figure:
    """Of the words on all screens, the share that their prompts say."""
    seen = said = 0
    missing: dict[str, set[str]] = {}
    for name, language, state in every_prompt():
        told = told_words(state, language)
        for word in set(shown_words(state, language)):
            seen += 1
            if word in told:
                said += 1
            else:
                missing.setdefault(f"{name} ({language.value})", set()).add(word)
    worst = max(missing.items(), key=lambda one: len(one[1]), default=None)
    note = f"{seen} words" if worst is None else f"{worst[0]}: {', '.join(sorted(worst[1])[:8])}"
    return Figure(100 * said / seen, note)


@functools.cache
def _marked(language: Language) -> tuple[int, int, str]:
    """Sentences of the prompts, those that mark something on a sub-page of their screen, and one that does not."""
    application()
    said = marked = 0
    without = ""
    stage = Stage((1280, 800), Profile(language=language))
    try:
        for name, state in one_of_each().items():
            profile = Profile(language=language, consents=Consents(readings_aloud=True))
            shown = msgspec.structs.replace(state, profile=profile)
            stage.show(shown)
            texts: set[str] = set()
            for _ in range(stage.sub_pages()):
                texts |= {str(item.property("text")) for item in stage.texts()}
                stage.turn()
            for part in phrases_of(language).parts(prompts.prompt(shown, _MOMENT)):
                for piece in pieces_of(part, language):
                    said += 1
                    if any(is_spoken(text, piece.written) for text in texts):
                        marked += 1
                    else:
                        without = without or f"{name}: {piece.written}"
    finally:
        stage.close()
    return said, marked, without


def spoken_is_marked() -> Figure:
    """Of the sentences of all screens' prompts, the share that have their words marked on the screen."""
    said, marked, without = _marked(Language.BOKMAAL)
    return Figure(100 * marked / said, without)


def numbers_without_consent() -> Figure:
    """Utterances that carry a reading's number although the patient has not agreed."""
    leaks, told = [], 0
    for name, language, state in every_prompt():
        silent = msgspec.structs.replace(state, profile=Profile(language=language))
        for utterance in (prompts.prompt(silent, _MOMENT), prompts.arrival(silent, _MOMENT)):
            told += 1
            if any(private_fields(utterance)):
                leaks.append(name)
    return Figure(len(leaks), leaks[0] if leaks else f"{told} utterances")


def private_fields(utterance: Utterance) -> Iterator[str]:
    """The fields that hold a reading's number."""
    for one in utterance.all():
        yield from (field for field, _ in one.fields if field in PRIVATE_FIELDS)


# -- the real voice --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _voice(language: Language) -> AsyncIterator[Speaker]:
    with tempfile.TemporaryDirectory() as folder:
        speaker = Speaker(VOICES[language], _SPOKEN_RATE, Path(folder), lambda works: None)
        running = asyncio.create_task(speaker.run())
        try:
            async with asyncio.timeout(30):
                await speaker.started()
                await speaker.samples("Ja.")
            yield speaker
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def _first_sounds(*, known: bool) -> list[float]:
    """Milliseconds from «say» to the first samples handed to whoever plays them, of so many screens."""
    played = asyncio.Event()

    def play(samples: Samples) -> int:
        played.set()
        return 1

    found = []
    states = [state for _, language, state in every_prompt() if language is Language.BOKMAAL][:_TRIES]
    async with _voice(Language.BOKMAAL) as speaker:
        phrases = phrases_of(Language.BOKMAAL)
        announcer = Announcer(phrases, Language.BOKMAAL, speaker, play, lambda: None, lambda words: None, lambda: None)
        for place, state in enumerate(states):
            asked = prompts.prompt(state, _MOMENT)
            first = sentences(phrases.sentence(asked))[0]
            if known:
                await speaker.samples(first)
            else:
                # Another word each time, so that nothing of it has been made before.
                asked = Utterance(Spoken.NAME, (("name", f"{first.rstrip('.')} {'abcdefghij'[place % 10]}{place}"),))
            played.clear()
            began = time.perf_counter()
            announcer.say(asked)
            async with asyncio.timeout(10):
                await played.wait()
            found.append((time.perf_counter() - began) * 1000)
        announcer.stop()
    return found


def _p95(values: list[float]) -> float:
    return sorted(values)[round(0.95 * (len(values) - 1))]


def first_sound_known() -> Figure:
    """p95 of prompts that were made ahead of need."""
    found = asyncio.run(_first_sounds(known=True))
    return Figure(_p95(found), f"p95 of {len(found)}, to the samples' handing over")


def first_sound_new() -> Figure:
    """p95 of words that were never said before."""
    found = asyncio.run(_first_sounds(known=False))
    return Figure(_p95(found), f"p95 of {len(found)}, to the samples' handing over")


async def _after_a_blow(blow: signal.Signals) -> float:
    async with _voice(Language.BOKMAAL) as speaker:
        child = speaker.process_id
        if child is None:
            raise RuntimeError("there is no voice")
        os.kill(child, blow)
        began = time.perf_counter()
        async with asyncio.timeout(20):
            if await speaker.samples("Et øyeblikk.") is None:
                raise RuntimeError("the voice did not come back")
        return time.perf_counter() - began


def comes_back_from_a_crash() -> Figure:
    """Seconds from kill -9 until a sentence that was asked for at once has been made."""
    return Figure(asyncio.run(_after_a_blow(signal.SIGKILL)))


def comes_back_from_hanging() -> Figure:
    """Seconds until the sentence has been made when the child was stopped before."""
    return Figure(asyncio.run(_after_a_blow(signal.SIGSTOP)))


async def _rate(language: Language) -> tuple[float, float, float]:
    """Words a minute of the prompts' whole sentences with their pauses, without, and the shortest pause in seconds."""
    words, spoken, seconds, shortest = 0, 0.0, 0.0, float("inf")
    phrases = phrases_of(language)
    pieces = {
        piece
        for state in one_of_each().values()
        for piece in sentences(phrases.sentence(prompts.prompt(state, _MOMENT)))
    }
    async with _voice(language) as speaker:
        for piece in sorted(pieces):
            made = await speaker.samples(piece)
            if made is None:
                raise RuntimeError("the voice said nothing")
            paused = with_pause(made)
            shortest = min(shortest, _silence_behind(paused))
            if len(piece.split()) >= _WHOLE_WORDS:
                words += len(piece.split())
                spoken += len(made.data) / 2 / made.sample_rate
                seconds += len(paused.data) / 2 / paused.sample_rate
    return words / seconds * 60, words / spoken * 60, shortest


def _silence_behind(made: Samples) -> float:
    values = np.abs(np.frombuffer(made.data, dtype=np.int16).astype(np.int32))
    loud = np.flatnonzero(values > max(1, values.max() * 0.01))
    return (len(values) - 1 - int(loud[-1])) / made.sample_rate if len(loud) else 0.0


@functools.cache
def _rates() -> dict[Language, tuple[float, float, float]]:
    return {language: asyncio.run(_rate(language)) for language in LANGUAGES}


def rate_is_kept() -> Figure:
    """The farthest that a language is from 140 words a minute, in whole sentences with the pauses behind them."""
    farthest = max(abs(rate - _SPOKEN_RATE) for rate, _, _ in _rates().values())
    told = (f"{one.value} {rate:.0f} ({bare:.0f} without pauses)" for one, (rate, bare, _) in _rates().items())
    return Figure(farthest, ", ".join(told))


def pause_is_kept() -> Figure:
    """The shortest silence behind a sentence."""
    return Figure(min(pause for _, _, pause in _rates().values()))


CHECKS = (
    AccessCheck("g8_prompts", "%", 100.0, prompts_tell_the_screen, more=True),
    # The rest joins («Du kan trykke på»), or tells in full what a narrow place has short.
    AccessCheck("g8_marked", "%", 80.0, spoken_is_marked, more=True),
    AccessCheck("g9_first_sound_known", "ms", 150.0, first_sound_known),
    AccessCheck("g9_first_sound_new", "ms", 300.0, first_sound_new),
    AccessCheck("g9_crash", "s", 2.0, comes_back_from_a_crash),
    AccessCheck("g9_hang", "s", 2.0, comes_back_from_hanging),
    AccessCheck("g10_rate", "words/min", 10.0, rate_is_kept),
    AccessCheck("g10_pause", "s", 0.6, pause_is_kept, more=True, digits=2),
    AccessCheck("g20_consent", "utterances", 0.0, numbers_without_consent),
)
"""Part VOICE of ``kiosk bench access``."""
