"""Qt without a screen for the tests inside this process, and the real ui on a virtual screen for the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QT_QUICK_BACKEND"] = "software"
os.environ["QSG_RENDER_LOOP"] = "basic"

from PySide6.QtGui import QGuiApplication

from tests.ui.harness import RunningUi, virtual_screen


@pytest.fixture(scope="session")
def qapp_cls() -> type[QGuiApplication]:
    """No widgets anywhere."""
    return QGuiApplication


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A virtual screen of 1280x800."""
    with virtual_screen(1280, 800) as name:
        yield name


@pytest.fixture
def ui(display: str) -> Iterator[RunningUi]:
    """The ui process as it starts on a machine without a graphics card."""
    running = RunningUi(display)
    yield running
    log = running.end()
    # QtMultimedia remarks that it converts pictures without a graphics card, which is what was asked for.
    warnings = [line for line in log.splitlines() if "WARNING" in line and "Using CPU conversion" not in line]
    assert warnings == [], log
    assert "Traceback" not in log, log


@pytest.fixture
def pictures_folder() -> Path:
    """Where photographs of the screen stay for a person to look at."""
    folder = Path(__file__).resolve().parents[2] / "build/screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
