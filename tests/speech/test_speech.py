"""The words, and a real voice in its real child process."""

from __future__ import annotations

import array
import asyncio
import math
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kiosk.facts.profile import Language
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.resources import assets
from kiosk.speech.phrases import PhraseError, Phrases, parse_phrases
from kiosk.speech.speaker import Samples, Speaker
from kiosk.speech.voices import VOICES


def bokmål() -> Phrases:
    return parse_phrases((assets() / "phrases" / "nb.toml").read_text(encoding="utf-8"))


def test_the_callers_name_and_role_are_said() -> None:
    rings = Utterance(Spoken.CALLER_RINGS, (("name", "Kari Nordmann"), ("role", "sykepleier")))
    assert bokmål().sentence(rings) == "Kari Nordmann, sykepleier, ringer."


@pytest.mark.parametrize("spoken", Spoken)
def test_every_phrase_has_words_for_the_fields_it_gets(spoken: Spoken) -> None:
    names = ("name", "role", "value", "second", "pulse", "text", "hour", "minute")
    fields = tuple(zip(names, ("A", "B", "1", "2", "3", "Hei.", "9", "5"), strict=True))
    words = [("first", "answer"), ("last", "decline")]
    if spoken is Spoken.SHOWN:
        words.append(("text", "all_well"))
    sentence = bokmål().sentence(Utterance(spoken, fields, words=tuple(words)))
    assert sentence.endswith((".", "?", ":"))
    assert "{" not in sentence


def test_what_follows_is_said_in_the_same_breath() -> None:
    pulse = Utterance(Spoken.PULSE_IS, (("pulse", "64"),))
    value = Utterance(
        Spoken.BLOOD_PRESSURE_IS, (("value", "125"), ("second", "80")), (pulse, Utterance(Spoken.READING_SAVED))
    )
    assert bokmål().sentence(value) == "Blodtrykket er 125 over 80. Pulsen er 64. Målingen er lagret."


def test_a_missing_phrase_and_a_missing_field_are_named() -> None:
    with pytest.raises(PhraseError, match="caller-rings"):
        parse_phrases("[say]\nrecovering = 'Et øyeblikk.'\n")
    with pytest.raises(PhraseError, match="role"):
        bokmål().sentence(Utterance(Spoken.CALLER_RINGS, (("name", "Kari"),)))
    with pytest.raises(PhraseError):
        parse_phrases("= nonsense")


@asynccontextmanager
async def speaker(folder: Path) -> AsyncIterator[tuple[Speaker, list[bool]]]:
    states: list[bool] = []
    voice = Speaker(VOICES[Language.BOKMAAL], 140, folder, states.append)
    run = asyncio.create_task(voice.run())
    try:
        await asyncio.wait_for(voice.started(), 10)
        yield voice, states
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


def loudness(samples: Samples) -> float:
    values = array.array("h", samples.data)
    return math.sqrt(sum(value * value for value in values) / len(values))


async def test_speech_contains_sound_and_leaves_no_file(tmp_path: Path) -> None:
    async with speaker(tmp_path) as (voice, states):
        made = await voice.samples("Kari Nordmann, sykepleier, ringer.")
        assert made is not None
        assert 1.5 < len(made.data) / 2 / made.sample_rate < 6
        assert loudness(made) > 500
        assert list(tmp_path.iterdir()) == []
        assert await voice.samples("Kari Nordmann, sykepleier, ringer.") is made
        assert states == [True]


async def test_a_killed_voice_comes_back_and_a_left_behind_file_goes(tmp_path: Path) -> None:
    async with speaker(tmp_path) as (voice, states):
        assert await voice.samples("En.") is not None
        (tmp_path / "sentence.wav").write_bytes(b"left behind")
        first = voice.process_id
        assert first is not None
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(5):
            while voice.process_id in (None, first):
                await asyncio.sleep(0.01)
        assert await voice.samples("To.") is not None
        assert list(tmp_path.iterdir()) == []
        assert states == [True]  # nobody was told: it was back within two seconds


async def test_a_hanging_voice_is_replaced(tmp_path: Path) -> None:
    async with speaker(tmp_path) as (voice, states):
        assert await voice.samples("En.") is not None
        first = voice.process_id
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        assert await voice.samples("To.") is not None  # made by the next one
        assert voice.process_id not in (None, first)
        assert states == [True]  # nobody was told: it was back within two seconds
        assert list(tmp_path.iterdir()) == []
