"""The registry: every page and every kind of screen is in it, has an example, and nothing else can be shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from kiosk.accessbench import examples
from kiosk.flow.state import KioskState
from kiosk.ui import screens
from kiosk.ui.screens import PAGES, Page, ScreenKind, page_of, screen_of
from tests.ui.test_pages import Pages

_QML = Path(screens.__file__).parent / "qml"


@pytest.fixture
def bare(qapp: QObject) -> Iterator[Pages]:
    pages = Pages((1280, 800))
    yield pages
    pages.close()


def test_every_page_is_registered_with_a_file_of_its_own() -> None:
    assert set(PAGES) == set(Page)
    assert len(set(PAGES.values())) == len(Page)
    assert all((_QML / file).is_file() for file in PAGES.values())


def test_every_page_file_is_registered() -> None:
    files = {path.name for path in _QML.glob("*Page.qml")} - {"Page.qml"}
    assert files == set(PAGES.values())


def test_every_kind_of_screen_has_an_example() -> None:
    shown = {screen_of(state) for _, state, _ in examples.every_screen()}
    assert shown == set(ScreenKind)
    assert {page_of(state) for _, state, _ in examples.every_screen()} == set(Page)


def test_the_model_tells_qml_the_registry_and_nothing_else(bare: Pages, qtbot: QtBot) -> None:
    told: object = bare.model.pages
    assert told == [{"name": page.value, "file": file} for page, file in PAGES.items()]


def test_a_page_that_is_not_registered_cannot_be_shown(
    qapp: QObject, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.delitem(PAGES, Page.HISTORY)
    pages = Pages((1280, 800))
    try:
        for name, state, _ in examples.every_screen():
            pages.show(state)
            names = {item.objectName() for item in pages.items()} & {page.value for page in Page}
            assert names == ({page_of(state).value} if page_of(state) is not Page.HISTORY else set()), name
        pages.show(examples.every_state()["history-week"])
        assert [item.objectName() for item in pages.items("BigButton")] == ["sayAgain"]
    finally:
        pages.close()


def test_before_the_first_state_home_is_shown(bare: Pages, qtbot: QtBot) -> None:
    bare.show(None)
    assert page_of(KioskState()).value in {item.objectName() for item in bare.items()}
