"""What is being said is marked where it stands: underlined, with a bar beside it, and nothing moves."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtGui import QColor, QFont
from PySide6.QtQuick import QQuickItem

from kiosk.accessbench import examples
from kiosk.accessbench.stage import Stage, application
from kiosk.facts.profile import Profile, Seeing, Theme
from kiosk.ui.spoken_words import is_spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Mål blodtrykk", "Du kan trykke på Mål blodtrykk eller Mine målinger."),
        ("Mine målinger", "Du kan trykke på Mål blodtrykk eller Mine målinger."),
        ("125 over 80", "Blodtrykket er 125 over 80."),
        ("125/80", "Blodtrykket er 125 over 80."),
        ("Puls 64", "Pulsen er 64."),
        ("10.41", "Klokken er 10.41."),
        ("Neste besøk i morgen kl. 10.30\nKari Nordmann, sykepleier", "Kari Nordmann, sykepleier."),
        ("Kari Nordmann", "Kari Nordmann, sykepleier, ringer."),
    ],
)
def test_what_is_said_is_found_on_the_screen(text: str, spoken: str) -> None:
    assert is_spoken(text, spoken)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Mål vekt", "Du kan trykke på Mål blodtrykk eller Mine målinger."),
        ("Mine målinger", "Målinger er mine."),
        ("Nei", "Du kan trykke på Ja."),
        ("Ja", "Jakken er tatt av."),
        ("Lukk", ""),
        ("", "Alt er klart."),
        ("!", "Alt er klart."),
        ("Alt er klart", "Alt er ikke klart i dag."[:10]),
    ],
)
def test_what_is_not_said_is_not_marked(text: str, spoken: str) -> None:
    assert not is_spoken(text, spoken)


@pytest.fixture
def stage() -> Iterator[Stage]:
    application()
    stage = Stage((1280, 800))
    yield stage
    stage.close()


def underlined(stage: Stage) -> set[str]:
    """The words that have the mark."""
    return {str(item.property("text")) for item in stage.texts() if QFont(item.property("font")).underline()}


def bars(stage: Stage) -> list[QQuickItem]:
    return [item for item in stage.items() if item.objectName() == "spokenBar"]


STATE = examples.every_state()["measure-doubt"]


def test_the_mark_follows_the_voice_and_goes_with_it(stage: Stage) -> None:
    stage.show(STATE)
    assert not underlined(stage)
    assert not bars(stage)
    still = {item.objectName(): stage.rectangle(item) for item in stage.texts()}
    for spoken, marked in (
        ("Stram den, og mål en gang til.", {"Stram den, og mål en gang til."}),
        ("Du kan trykke på Prøv igjen eller Lukk.", {"Prøv igjen", "Lukk"}),
        ("Noe ganske annet.", set()),
        ("", set()),
    ):
        stage.show(msgspec.structs.replace(STATE, speaking=spoken))
        assert underlined(stage) == marked
        assert {item.objectName(): stage.rectangle(item) for item in stage.texts()} == still


@pytest.mark.parametrize("theme", Theme)
def test_the_bar_is_seen_in_every_theme(theme: Theme) -> None:
    application()
    stage = Stage((1280, 800), Profile(seeing=Seeing(theme=theme)))
    try:
        stage.show(msgspec.structs.replace(STATE, speaking="Mansjetten sitter litt løst."))
        [bar] = bars(stage)
        where = stage.rectangle(bar)
        picture = stage.grab()
        assert where.width() >= stage.millimetre
        assert where.left() >= 0
        drawn = picture.pixelColor(round(where.center().x()), round(where.center().y()))
        ground = picture.pixelColor(round(where.right() + 2), round(where.center().y()))
        assert contrast(drawn, ground) >= 3
    finally:
        stage.close()


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2.2's contrast ratio."""
    dark, light = sorted(luminance(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: QColor) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
