"""Recordings in place of the voice: what is taken, what is refused, and what is heard."""

from __future__ import annotations

import contextlib
import tomllib
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as some

from kiosk.cli import kiosk
from kiosk.cli_speech import fixed_sentences
from kiosk.doctor import _prompt_pack
from kiosk.facts.profile import Language
from kiosk.resources import assets
from kiosk.speech.announcer import Announcer
from kiosk.speech.loudness import VOICE_LEVEL_DBFS, level_dbfs
from kiosk.speech.phrases import Phrases, parse_phrases
from kiosk.speech.prompt_pack import (
    PackError,
    PackFault,
    Recordings,
    load_pack,
    load_recording,
    outdated_in,
    parse_pack,
    said,
)
from tests.speech.test_announcer import TWO, Player
from tests.speech.test_speech import speaker

HEAD = 'version = 1\nlanguage = "nb"\nspeaker = "En stemme"\nlicence = "CC0-1.0"\n'
RATE = 24_000


def bokmål() -> Phrases:
    return parse_phrases((assets() / "phrases" / "nb.toml").read_text(encoding="utf-8"))


def hum(path: Path, peak: float = 0.05, rate: int = RATE, seconds: float = 0.5, channels: int = 1) -> None:
    """A recorded hum of that loudness, with silence around it."""
    times = np.arange(int(seconds * rate)) / rate
    sound = np.sin(2 * np.pi * 200 * times) * peak * 32_767
    quiet = np.zeros(rate // 2)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.concatenate([quiet, sound, quiet]).astype("<i2").tobytes())


def entry(text: str, file: str) -> str:
    return f'\n[[recordings]]\ntext = "{text}"\nfile = "{file}"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "pack").mkdir()
    hum(tmp_path / "pack" / "klart.wav")
    (tmp_path / "pack" / "pack.toml").write_text(HEAD + entry("Alt er klart.", "klart.wav"), encoding="utf-8")
    yield tmp_path / "pack"


def test_a_recording_is_found_by_its_words_and_no_others(folder: Path) -> None:
    recordings = Recordings((load_pack(folder),))
    assert recordings.path(Language.BOKMAAL, "Alt er klart.") == folder / "klart.wav"
    assert recordings.path(Language.BOKMAAL, "Alt er klart nå.") is None, "the phrase has changed"
    assert recordings.path(Language.ENGLISH, "Alt er klart.") is None


def test_numbers_are_matched_as_they_are_said() -> None:
    pack = parse_pack(HEAD + entry("Vent i 5 minutter.", "vent.wav"), Path("pack"))
    assert list(pack.files) == [said("Vent i 5 minutter.", Language.BOKMAAL)]
    assert "fem" in next(iter(pack.files))


@pytest.mark.parametrize("peak", [0.005, 0.05, 0.5])
def test_recordings_are_as_loud_as_the_voice(folder: Path, peak: float) -> None:
    hum(folder / "klart.wav", peak=peak)
    made = load_recording(folder / "klart.wav")
    samples = np.frombuffer(made.data, "<i2")
    found = level_dbfs(samples, made.sample_rate)
    assert found is not None
    assert abs(found - VOICE_LEVEL_DBFS) < 1
    assert made.sample_rate == RATE
    assert len(samples) / RATE == pytest.approx(0.54, abs=0.03), "the silence around it is gone"
    assert np.abs(samples.astype(int)).max() <= 0.91 * 32_767


def test_what_is_no_recording(folder: Path, tmp_path: Path) -> None:
    for name, make, fault in (
        ("none.wav", None, PackFault.NO_RECORDING),
        ("text.wav", lambda file: file.write_bytes(b"this is no sound" * 9), PackFault.NOT_A_RECORDING),
        ("empty.wav", lambda file: file.write_bytes(b""), PackFault.NOT_A_RECORDING),
        ("long.wav", lambda file: hum(file, seconds=200), PackFault.NOT_A_RECORDING),
        ("slow.wav", lambda file: hum(file, rate=8000), PackFault.NOT_A_RECORDING),
        ("two.wav", lambda file: hum(file, channels=2), PackFault.NOT_A_RECORDING),
        ("silent.wav", lambda file: hum(file, peak=0), PackFault.SILENT),
        ("short.wav", lambda file: hum(file, rate=16_000, seconds=0), PackFault.SILENT),
    ):
        if make is not None:
            make(folder / name)
        with pytest.raises(PackError) as caught:
            load_recording(folder / name)
        assert caught.value.fault is fault, name


@pytest.mark.parametrize(
    ("manifest", "fault"),
    [
        ("", PackFault.NOT_UNDERSTOOD),
        ("= nonsense", PackFault.NOT_UNDERSTOOD),
        (HEAD + 'more = "?"', PackFault.NOT_UNDERSTOOD),
        (HEAD.replace("nb", "se"), PackFault.NOT_UNDERSTOOD),
        (HEAD.replace("En stemme", ""), PackFault.NOT_UNDERSTOOD),
        (HEAD.replace("version = 1", "version = 2"), PackFault.NEWER_VERSION),
        (HEAD + entry("Hei.", "../klart.wav"), PackFault.FILE_NAME),
        (HEAD + entry("Hei.", "/etc/klart.wav"), PackFault.FILE_NAME),
        (HEAD + entry("Hei.", "klart.mp3"), PackFault.FILE_NAME),
        (HEAD + entry("Hei. Her er to.", "to.wav"), PackFault.NO_SENTENCE),
        (HEAD + entry(" ", "tom.wav"), PackFault.NO_SENTENCE),
        (HEAD + entry("Hei.", "en.wav") + entry("Hei.", "to.wav"), PackFault.TWICE),
    ],
)
def test_a_manifest_that_cannot_be_used(manifest: str, fault: PackFault) -> None:
    with pytest.raises(PackError) as caught:
        parse_pack(manifest, Path("pack"))
    assert caught.value.fault is fault


@given(some.text(max_size=300))
def test_any_text_is_refused_or_read(text: str) -> None:
    for manifest in (text, HEAD + text):
        with contextlib.suppress(PackError):
            parse_pack(manifest, Path("pack"))


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    with pytest.raises(PackError) as caught:
        load_pack(tmp_path)
    assert caught.value.fault is PackFault.NO_MANIFEST
    (tmp_path / "pack.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(PackError) as caught:
        load_pack(tmp_path)
    assert caught.value.fault is PackFault.NOT_UNDERSTOOD


async def test_the_recording_is_heard_and_the_rest_is_the_voices(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "voice").mkdir()
    async with speaker(tmp_path / "voice") as (voice, _):
        player = Player()
        announcer = Announcer(
            *(bokmål(), Language.BOKMAAL, voice, player.play, lambda: None, player.reached.append, player.end),
            recordings=Recordings((load_pack(folder),)),
        )
        announcer.say(TWO)
        await player.until(lambda: len(player.played) == 2)
        recorded = load_recording(folder / "klart.wav")
        assert player.played[0].sample_rate == RATE
        assert player.played[0].data.startswith(recorded.data)
        assert player.played[1].sample_rate != RATE, "«Målingen er lagret» was not recorded"
        assert player.reached == ["Alt er klart."]

        announcer.use_recordings(False)
        announcer.say(TWO)
        await player.until(lambda: len(player.played) == 4)
        assert player.played[2].sample_rate != RATE

        announcer.use_recordings(True)
        (folder / "klart.wav").write_bytes(b"broken meanwhile")
        announcer.say(TWO)
        await player.until(lambda: len(player.played) == 6)
        assert player.played[4].sample_rate != RATE, "the voice says it"
        announcer.stop()


@pytest.mark.parametrize("language", [Language.BOKMAAL, Language.NYNORSK, Language.ENGLISH])
def test_what_is_to_be_read_can_be_recorded_and_is_not_outdated(language: Language) -> None:
    run = CliRunner().invoke(kiosk, ["speech", "script", "--language", language.value])
    assert run.exit_code == 0
    manifest = run.output.replace('speaker = ""', 'speaker = "En"').replace('licence = ""', 'licence = "CC0"')
    pack = parse_pack(manifest, Path("pack"))
    assert len(pack.files) == len(tomllib.loads(manifest)["recordings"]) > 100
    phrases = parse_phrases((assets() / "phrases" / f"{language.value}.toml").read_text(encoding="utf-8"))
    assert outdated_in(pack, phrases) == ()
    other = parse_pack(HEAD + entry("Dette sa vi før.", "for.wav"), Path("pack"))
    assert outdated_in(other, phrases) == ("Dette sa vi før.",)


def test_a_pack_is_checked(folder: Path) -> None:
    run = CliRunner().invoke(kiosk, ["speech", "check", str(folder)])
    assert run.exit_code == 0, run.output
    assert run.output.count("missing") == len(fixed_sentences(Language.BOKMAAL)) - 1
    assert f"1 of {len(fixed_sentences(Language.BOKMAAL))} sentences are recorded by En stemme." in run.output
    assert _prompt_pack(folder).ok

    with (folder / "pack.toml").open("a", encoding="utf-8") as file:
        file.write(entry("Dette sa vi før.", "klart.wav") + entry("Målingen er lagret.", "none.wav"))
    run = CliRunner().invoke(kiosk, ["speech", "check", str(folder)])
    assert run.exit_code == 1
    assert "outdated  klart.wav  Dette sa vi før." in run.output
    assert "unusable  none.wav: no-recording" in run.output
    finding = _prompt_pack(folder)
    assert not finding.ok
    assert finding.action is not None and "kiosk speech check" in finding.action

    (folder / "pack.toml").write_text("", encoding="utf-8")
    assert CliRunner().invoke(kiosk, ["speech", "check", str(folder)]).exit_code == 1
    assert not _prompt_pack(folder).ok
