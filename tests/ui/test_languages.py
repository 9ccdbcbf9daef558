"""The words follow the profile's language at once, the letters are all there, and pseudo is 40 % longer."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QObject
from PySide6.QtGui import QFont, QRawFont
from pytestqt.qtbot import QtBot

from kiosk.accessbench import examples
from kiosk.accessbench.stage import Stage
from kiosk.facts.profile import Language, Profile, Seeing, Theme
from kiosk.resources import assets
from kiosk.ui.fonts import FAMILY, LETTERS, wanted_font
from kiosk.ui.pseudo import every_language, lengthened

TEXTS = every_language(assets() / "phrases")
ONLY_IN_NOTO = set("ŊŋŦŧ")


@pytest.fixture
def stage(qapp: QObject) -> Iterator[Stage]:
    one = Stage((1280, 800))
    yield one
    one.close()


@pytest.mark.parametrize("language", Language)
def test_every_language_is_shown_at_once(stage: Stage, language: Language, qtbot: QtBot) -> None:
    state = examples.every_state()["ring"]
    stage.show(state)
    stage.profile = Profile(language=language)
    stage.show(state)
    assert stage.item("answer").property("text") == TEXTS[language].answer
    assert stage.item("decline").property("text") == TEXTS[language].decline


def test_theme_and_size_change_at_once(stage: Stage, qtbot: QtBot) -> None:
    state = examples.every_state()["home-bare"]
    stage.show(state)
    before = stage.grab().pixelColor(2, 400), stage.item("statusText").property("font").pixelSize()
    stage.profile = Profile(seeing=Seeing(theme=Theme.LIGHT, text_percent=150))
    stage.show(state)
    assert stage.grab().pixelColor(2, 400).name() == "#ffffff" != before[0].name()
    stage.turn()
    sizes = [item.property("font").pixelSize() for item in stage.texts()]
    assert min(sizes) >= 1.45 * before[1]


def test_pseudo_is_forty_per_cent_longer_with_the_same_fields() -> None:
    for words in (
        TEXTS[Language.BOKMAAL].answer,
        "Neste besøk i morgen kl. {clock}",
        "Sitt i ro, og prøv en gang til.",
    ):
        plain = words.replace("{clock}", "")
        assert len(lengthened(words)) - len(words) == pytest.approx(0.4 * len(plain), abs=1.5)
        assert lengthened(words).count("{clock}") == words.count("{clock}")


@given(st.text(alphabet="abcæøå {}.,123", max_size=60))
def test_lengthening_never_fails(words: str) -> None:
    assert len(lengthened(words)) >= len(words)


def test_the_font_is_the_one_from_the_package(qapp: QObject) -> None:
    family, cap_ratio = wanted_font()
    assert family == FAMILY
    assert cap_ratio == pytest.approx(0.668, abs=0.01)


@pytest.mark.parametrize("weight", [QFont.Weight.Normal, QFont.Weight.Bold])
def test_every_norwegian_and_sami_letter_is_drawn(qapp: QObject, weight: QFont.Weight) -> None:
    font = QFont(wanted_font()[0])
    font.setPixelSize(60)
    font.setWeight(weight)
    own = QRawFont.fromFont(font)
    missing = {letter for letter in LETTERS if not own.supportsCharacter(ord(letter))}
    assert missing <= ONLY_IN_NOTO
    other = QRawFont.fromFont(QFont("Noto Sans", 60))
    assert all(other.supportsCharacter(ord(letter)) for letter in missing), "fonts-noto-core has the rest"


def test_letters_that_are_confused_differ(qapp: QObject) -> None:
    font = QFont(wanted_font()[0])
    font.setPixelSize(100)
    raw = QRawFont.fromFont(font)
    for group in ("Il1", "O0"):
        paths = [raw.pathForGlyph(raw.glyphIndexesForString(letter)[0]) for letter in group]
        boxes = {(round(path.boundingRect().width(), 1), path.elementCount()) for path in paths}
        assert len(boxes) == len(group), group


def test_a_screen_goes_back_to_its_first_page_when_it_changes(stage: Stage, qtbot: QtBot) -> None:
    stage.profile = Profile(seeing=Seeing(text_percent=200))
    states = examples.every_state()
    stage.lay_out(msgspec.structs.replace(states["measure-weight"], fakes=()))
    assert stage.sub_pages() > 1
    stage.turn()
    assert any(item.objectName() == "measurementStep" or item.objectName() == "picture" for item in stage.items())
    stage.lay_out(msgspec.structs.replace(states["measured-weight"], fakes=()))
    assert stage.item("measurementTitle").property("text") == "Vekt"
