"""Piper's voices: heard when they are there and in time, and nobody notices when they are not."""

from __future__ import annotations

import asyncio
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from kiosk.facts.profile import Language
from kiosk.speech.loudness import VOICE_LEVEL_DBFS, level_dbfs
from kiosk.speech.piper import AGAIN_SECONDS, Piper
from kiosk.speech.speaker import PiperVoices, Samples, Speaker
from kiosk.speech.voices import VOICES, espeak_rate, words_per_minute
from tests.speech.fake_piper import RATE

SENTENCE = "Dette er en setning med sju ord."
Made = tuple[int, npt.NDArray[np.int16]] | None


@pytest.fixture
def program(tmp_path: Path) -> str:
    """The fake, as a program."""
    path = tmp_path / "piper"
    path.write_text(f"#!{sys.executable}\nfrom tests.speech.fake_piper import main\nmain()\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


class Clock:
    """Time goes on by itself, and faster when it is told to."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@contextmanager
def piper(program: str, model: str, folder: Path, clock: Clock | None = None) -> Iterator[Piper]:
    made = Piper(program, Path(f"{model}.onnx"), folder / "sentences", monotonic=clock or Clock())
    try:
        yield made
    finally:
        made.close()
        assert list((folder / "sentences").glob("*")) == []


def heard(voice: Piper, rate: int = 140) -> Made:
    """Asked until it is heard, as screens do; None after some seconds."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        made = voice.samples(SENTENCE, rate)
        if made is not None:
            return made
        time.sleep(0.02)
    return None


def starts(folder: Path) -> int:
    file = folder / "sentences.started"
    return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


def test_nothing_waits_while_it_loads_and_then_it_is_heard_at_the_patients_speed(program: str, tmp_path: Path) -> None:
    with piper(program, "voice", tmp_path) as voice:
        assert voice.samples(SENTENCE, 140) is None
        for rate in (140, 100):
            made = heard(voice, rate)
            assert made is not None
            words = len(SENTENCE.split())
            assert words * 60 * made[0] / len(made[1]) == pytest.approx(rate, rel=0.08)
            assert made[0] == RATE
            level = level_dbfs(made[1], RATE)
            assert level is not None and abs(level - VOICE_LEVEL_DBFS) < 1


@pytest.mark.parametrize("model", ["die", "hang", "slow", "quiet"])
def test_what_goes_wrong_is_not_waited_for_and_tried_again_later(program: str, tmp_path: Path, model: str) -> None:
    clock = Clock()
    with piper(program, model, tmp_path, clock) as voice:
        deadline = time.monotonic() + 8
        while voice._loading_since is not None or voice._process is None:
            assert time.monotonic() < deadline
            voice.samples(SENTENCE, 180)  # its own speed: it is not started anew for another
            if voice._not_before:
                break
            time.sleep(0.02)
        begun = time.monotonic()
        while not voice._not_before:
            assert voice.samples(SENTENCE, 180) is None
            assert time.monotonic() < begun + 8
        count = starts(tmp_path)
        assert voice.samples(SENTENCE, 180) is None
        assert starts(tmp_path) == count, "not at once"
        clock.ahead += AGAIN_SECONDS
        assert voice.samples(SENTENCE, 180) is None
        deadline = time.monotonic() + 8
        while starts(tmp_path) == count:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.mark.parametrize(("model", "lacking"), [("voice", True), ("none", False), ("broken", False)])
def test_a_voice_that_does_not_load(program: str, tmp_path: Path, model: str, lacking: bool) -> None:
    clock = Clock()
    with piper(str(tmp_path / "nothing") if lacking else program, model, tmp_path, clock) as voice:
        deadline = time.monotonic() + 8
        while not voice._not_before:
            assert voice.samples(SENTENCE, 140) is None
            assert time.monotonic() < deadline
            clock.ahead += 0.1
            time.sleep(0.01)


async def asked(speaker: Speaker, until: Callable[[Samples], bool]) -> Samples:
    async with asyncio.timeout(20):
        while True:
            made = await speaker.samples(SENTENCE, anew=True)
            assert made is not None, "somebody always speaks"
            if until(made):
                return made
            await asyncio.sleep(0.05)


async def test_the_child_speaks_with_espeak_ng_until_piper_is_there(program: str, tmp_path: Path) -> None:
    folder = tmp_path / "speech"
    folder.mkdir()
    voices = PiperVoices(program, {Language.BOKMAAL: Path("voice.onnx")})
    speaker = Speaker(VOICES[Language.BOKMAAL], 140, folder, lambda works: None, voices)
    running = asyncio.create_task(speaker.run())
    try:
        first = await speaker.samples(SENTENCE)
        assert first is not None
        made = await asked(speaker, lambda one: is_hum(one))
        assert not is_hum(first)
        assert len(made.data) > 0
        assert list(folder.iterdir()) == []
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def is_hum(made: Samples) -> bool:
    """Whether nearly all of it is the fake's one tone."""
    samples = np.frombuffer(made.data, "<i2").astype(np.float64)
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / made.sample_rate)
    return bool(power[np.abs(frequencies - 500) < 20].sum() > 0.9 * power.sum())


@pytest.mark.parametrize("language", [Language.BOKMAAL, Language.ENGLISH])
@pytest.mark.parametrize("rate", [90, 140, 200])
def test_the_speed_is_known_from_espeak_ngs(language: Language, rate: int) -> None:
    voice = VOICES[language]
    assert abs(words_per_minute(voice.name, espeak_rate(voice, rate)) - rate) <= 1
    assert words_per_minute("nobody", 175) == 140
