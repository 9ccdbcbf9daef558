"""Where the codec libraries are looked for."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from kiosk.media.codec.bundled import LibraryTrouble, LibraryTroubleError, bundled_folder, candidates, load


def test_the_wheel_brings_both() -> None:
    folder = bundled_folder()
    assert folder is not None
    for name in ("opus", "vpx"):
        assert candidates(name, folder)[0].startswith(str(folder))


def test_a_library_that_is_nowhere(tmp_path: Path) -> None:
    with pytest.raises(LibraryTroubleError, match="neither beside PyAV nor in the system") as raised:
        load("svar-has-no-such", ctypes.CDLL, tmp_path)
    assert raised.value.trouble is LibraryTrouble.MISSING


def test_a_library_that_is_none_says_why(tmp_path: Path) -> None:
    (tmp_path / "libsvar-has-no-such-1.so").write_bytes(b"not a library")
    with pytest.raises(LibraryTroubleError, match=r"libsvar-has-no-such-1\.so"):
        load("svar-has-no-such", ctypes.CDLL, tmp_path)
