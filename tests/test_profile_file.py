"""The kept profile: there after a power cut, never another patient's, never a reason to crash."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import profile_file
from kiosk.facts.profile import Consents, Hearing, Profile, Seeing, Theme
from kiosk.profile_file import KeptProfile, ProfileFileError, ProfileKeeper, read_profile, write_profile

LOUD = KeptProfile("p-1", Profile(hearing=Hearing(volume_percent=100), consents=Consents(readings_aloud=True)))
LIGHT = KeptProfile("p-1", Profile(seeing=Seeing(theme=Theme.LIGHT)))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    assert read_profile(path, "p-1") is None
    write_profile(path, LOUD)
    assert read_profile(path, "p-1") == LOUD
    assert path.stat().st_mode & 0o777 == 0o600
    write_profile(path, LIGHT)
    assert read_profile(path, "p-1") == LIGHT
    assert [one.name for one in tmp_path.iterdir()] == ["profile.json"]


def test_another_patients_profile_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_profile(tmp_path / "profile.json", LOUD)
    assert read_profile(tmp_path / "profile.json", "p-2") is None
    assert "somebody else's" in caplog.text
    assert "p-1" not in caplog.text


@given(st.binary(max_size=200) | st.sampled_from([b"", b"{}", b"null", b"[" * 5000, b'{"patient": "p-1"}']))
def test_any_file_is_survived(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(data)
    assert read_profile(path, "p-1") is None


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"profile": {"seeing": {"theme": "pink"}}},
        {"profile": {"seeing": {"text_percent": 900}}},
        {"profile": {"favourite": 1}},
        {"later": True},
    ],
)
def test_what_a_newer_svar_or_a_hand_wrote(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "profile.json"
    path.write_bytes(msgspec.json.encode({**msgspec.to_builtins(LOUD), **change}))
    assert read_profile(path, "p-1") is None


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "profile.json").mkdir()
    assert read_profile(tmp_path / "profile.json", "p-1") is None
    (tmp_path / "long.json").write_bytes(b" " * (profile_file.MAXIMUM_BYTES + 1))
    assert read_profile(tmp_path / "long.json", "p-1") is None


def test_a_write_that_fails_leaves_what_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "profile.json"
    write_profile(path, LOUD)

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiosk.profile_file.os.fsync", fail)
    with pytest.raises(ProfileFileError, match="No space left"):
        write_profile(path, LIGHT)
    assert read_profile(path, "p-1") == LOUD


async def _until(path: Path, wanted: KeptProfile) -> None:
    async with asyncio.timeout(10):
        while read_profile(path, "p-1") != wanted:
            await asyncio.sleep(0.01)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_keeper_writes_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    keeper = ProfileKeeper(path)
    task = asyncio.create_task(keeper.run())
    keeper.keep(LOUD)
    keeper.keep(LIGHT)
    await _until(path, LIGHT)
    keeper.keep(LOUD)
    await _ended(task)
    assert read_profile(path, "p-1") == LOUD


async def test_the_keeper_tries_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "not-there" / "profile.json"
    monkeypatch.setattr(profile_file, "RETRY_SECONDS", 0.02)
    keeper = ProfileKeeper(path)
    task = asyncio.create_task(keeper.run())
    with caplog.at_level(logging.ERROR):
        keeper.keep(LOUD)
        async with asyncio.timeout(10):
            while "tried again" not in caplog.text:
                await asyncio.sleep(0.01)
    path.parent.mkdir()
    await _until(path, LOUD)
    await _ended(task)
