"""A plugged-in cable for each test that wants one, pulled out at its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drivers.serial.cable import Cable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Plays /dev/serial/by-id."""
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    return by_id


@pytest.fixture
def cable(folder: Path) -> Iterator[Cable]:
    plugged = Cable(folder)
    plugged.plug_in()
    yield plugged
    if plugged.path.is_symlink():
        plugged.pull_out()
