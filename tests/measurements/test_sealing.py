"""Sealing: what was sealed opens for its own row and key alone, and a key is made once, private and durable."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.measurements.sealing import (
    KEY_BYTES,
    BrokenSealError,
    SealingKey,
    SealingKeyError,
    load_key,
    load_or_make_key,
)

KEY = SealingKey(bytes(range(KEY_BYTES)))
OTHER = SealingKey(bytes(KEY_BYTES))


@given(st.binary(max_size=500), st.text(max_size=40), st.text(max_size=10))
def test_opens_what_was_sealed(data: bytes, reading_id: str, patient: str) -> None:
    sealed = KEY.seal(data, reading_id, patient)
    assert KEY.open(sealed, reading_id, patient) == data
    assert len(sealed) == 1 + 12 + len(data) + 16


@given(st.data())
def test_not_after_any_change(data: st.DataObject) -> None:
    sealed = bytearray(KEY.seal(b"125/80", "one", "p17"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BrokenSealError):
        KEY.open(bytes(sealed), "one", "p17")


@given(st.integers(0, 34))
def test_not_when_it_was_cut(length: int) -> None:
    with pytest.raises(BrokenSealError):
        KEY.open(KEY.seal(b"125/80", "one")[:length], "one")


@pytest.mark.parametrize("bound", [("one", "p18"), ("two", "p17"), ("onep17",), ("onep", "17"), ("p17", "one"), ()])
def test_not_for_another_row_or_patient(bound: tuple[str, ...]) -> None:
    with pytest.raises(BrokenSealError):
        KEY.open(KEY.seal(b"125/80", "one", "p17"), *bound)


def test_not_with_another_key() -> None:
    with pytest.raises(BrokenSealError):
        OTHER.open(KEY.seal(b"125/80", "one"), "one")


def test_the_same_twice_looks_different_and_has_one_digest() -> None:
    assert KEY.seal(b"125/80") != KEY.seal(b"125/80")
    assert KEY.digest(b"125/80") == KEY.digest(b"125/80") != OTHER.digest(b"125/80")
    assert KEY.check_value != OTHER.check_value


def test_a_key_does_not_show_itself() -> None:
    secret = bytes(range(KEY_BYTES))
    assert secret.hex() not in repr(KEY)
    assert all(secret not in value for value in vars(KEY).values() if isinstance(value, bytes))


def test_made_on_first_use_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "sealing.key"
    made = load_or_make_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_or_make_key(file).check_value == load_key(file).check_value == made.check_value
    assert [path.name for path in file.parent.iterdir()] == ["sealing.key"]
    assert load_or_make_key(tmp_path / "other.key").check_value != made.check_value


def test_a_making_that_was_cut_short_is_no_key(tmp_path: Path) -> None:
    part = tmp_path / "sealing.key.part"
    part.write_text("0011", encoding="ascii")
    part.chmod(0o644)
    load_or_make_key(tmp_path / "sealing.key")
    assert stat.S_IMODE((tmp_path / "sealing.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "00" * 31, "00" * 33, "no key at all", "00" * 31 + "xx", "æøå"])
def test_a_file_without_a_key(tmp_path: Path, content: str) -> None:
    file = tmp_path / "sealing.key"
    file.write_text(content, encoding="utf-8")
    for load in (load_key, load_or_make_key):
        with pytest.raises(SealingKeyError, match="no sealing key"):
            load(file)
    assert file.read_text(encoding="utf-8") == content


def test_no_file_and_no_place(tmp_path: Path) -> None:
    with pytest.raises(SealingKeyError):
        load_key(tmp_path / "sealing.key")
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(SealingKeyError):
        load_or_make_key(tmp_path / "file" / "sealing.key")
