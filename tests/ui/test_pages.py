"""Every page in every state, laid out without a screen: nothing clipped, nothing too small, nothing too close."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec
import pytest
from PySide6.QtCore import QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QAccessible, QColor, QFontMetricsF
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from kiosk.accessbench.stage import Stage
from kiosk.facts.caller import Caller, CallerClass
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.profile import Profile, Seeing
from kiosk.facts.visit import Visit
from kiosk.flow.state import KioskState
from kiosk.ipc.ui_messages import Choice, Press
from kiosk.ui.screens import Page
from tests.ui import states

SIZES = ((1280, 800), (1920, 1080))  # pages follow the height: another 16:10 screen is laid out as the first
STATES = states.every_state()


class Pages(Stage):
    """The window of the tests: a 10.1-inch screen or a larger one."""

    def __init__(self, size: tuple[int, int], profile: Profile | None = None) -> None:
        seeing = Seeing(diagonal_inches=10.1 if size[0] <= 1280 else 15.6)
        super().__init__(size, Profile(seeing=seeing) if profile is None else profile)

    def find(self, name: str) -> QQuickItem:
        """A visible item, on whichever sub-page it is."""
        for _ in range(self.sub_pages()):
            if any(item.objectName() == name for item in self.items()):
                break
            self.turn()
        return self.item(name)


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def pages(request: pytest.FixtureRequest, qapp: QObject) -> Iterator[Pages]:
    pages = Pages(request.param)
    yield pages
    pages.close()


@pytest.mark.parametrize("name", STATES)
def test_nothing_is_clipped_or_too_small(pages: Pages, name: str, qtbot: QtBot) -> None:
    pages.show(STATES[name])
    window = QRectF(0, 0, pages.window.width(), pages.window.height())
    texts = pages.texts()
    assert texts
    for item in texts:
        words = item.property("text")
        content = QRectF(0, 0, item.property("contentWidth"), 0)
        rectangle = pages.rectangle(item)
        assert not item.property("truncated"), words
        assert content.width() <= rectangle.width() + 1, words
        assert window.contains(pages.ink(item)), f"{words}: {pages.ink(item)}"
        capitals = QFontMetricsF(pages.drawn_font(item)).tightBoundingRect("H").height()
        assert capitals >= 8.6 * pages.millimetre - 0.5, f"{words}: {capitals}"


@pytest.mark.parametrize("name", [name for name in STATES if name.startswith("talk-")])
def test_what_lies_beside_the_picture_stays_there(pages: Pages, name: str, qtbot: QtBot) -> None:
    pages.show(STATES[name])
    panels = [item for item in pages.items() if item.objectName() == "panel"]
    for panel in panels:
        place = pages.rectangle(panel)
        for item in pages.items():
            if not item.size().isEmpty() and panel in _parents(item):
                assert place.contains(pages.rectangle(item)), item.property("text")


@pytest.mark.parametrize("name", STATES)
def test_texts_do_not_overlap(pages: Pages, name: str, qtbot: QtBot) -> None:
    pages.show(STATES[name])
    texts = [(item.property("text"), pages.ink(item)) for item in pages.texts()]
    for (one, first), (other, second) in itertools.combinations(texts, 2):
        shared = first.intersected(second)
        assert shared.width() <= 1 or shared.height() <= 2, f"{one!r} {first} and {other!r} {second}"


OPPOSITES = ({"answer", "decline"}, {"mine", "notMine"}, {"hangUp", "stopInCall"}, {"again", "closeResult"})


@pytest.mark.parametrize("name", STATES)
def test_buttons_are_large_and_apart(pages: Pages, name: str, qtbot: QtBot) -> None:
    """G2: 20 mm, and 20 mm between two that mean the opposite; between others 3 mm are enough (5 here)."""
    pages.show(STATES[name])
    buttons = [(item.objectName(), pages.rectangle(item)) for item in pages.items("BigButton")]
    least = 20 * pages.millimetre - 0.5
    window = QRectF(0, 0, pages.window.width(), pages.window.height())
    for button, rectangle in buttons:
        assert min(rectangle.width(), rectangle.height()) >= least, f"{button}: {rectangle}"
        assert window.contains(rectangle), button
    for (one, first), (other, second) in itertools.combinations(buttons, 2):
        among = 5 if {one, other} != {"key"} else 2  # keys lie closer, as on every keyboard
        apart = least if {one, other} in OPPOSITES or "hangUp" in (one, other) else among * pages.millimetre - 0.5
        assert not first.adjusted(-apart, -apart, apart, apart).intersects(second), f"{one} and {other}"


@pytest.mark.parametrize("name", STATES)
def test_texts_and_buttons_do_not_overlap(pages: Pages, name: str, qtbot: QtBot) -> None:
    pages.show(STATES[name])
    buttons = [(item, pages.rectangle(item)) for item in pages.items("BigButton")]
    for item in pages.texts():
        for button, rectangle in buttons:
            if button not in _parents(item):
                assert not pages.ink(item).intersects(rectangle), item.property("text")


def test_the_answer_button_fills_most_of_the_ring_page(pages: Pages, qtbot: QtBot) -> None:
    pages.show(STATES["ring"])
    answer = pages.rectangle(pages.item("answer"))
    assert answer.width() * answer.height() >= 0.25 * pages.window.width() * pages.window.height()
    assert answer.width() >= 60 * pages.millimetre
    assert answer.height() >= 40 * pages.millimetre - 0.5
    middle = answer.center()
    assert abs(middle.x() - pages.window.width() / 2) < 2
    assert answer.contains(QPointF(pages.window.width() / 2, pages.window.height() / 2))


@pytest.mark.parametrize("name", STATES)
def test_every_state_has_exactly_one_page(pages: Pages, name: str, qtbot: QtBot) -> None:
    pages.show(STATES[name])
    shown = [item.objectName() for item in pages.items() if item.objectName() in {page.value for page in Page}]
    assert shown == [pages.model.screen.page.value]


def test_the_video_stays_visible_beside_a_measurement(pages: Pages, qtbot: QtBot) -> None:
    pages.show(STATES["talk-measured"])
    picture, panel = pages.rectangle(pages.item("pictureArea")), pages.rectangle(pages.item("panel"))
    assert not picture.intersects(panel)
    assert picture.width() * picture.height() >= 0.2 * pages.window.width() * pages.window.height()


def test_long_names_stay_on_the_screen(pages: Pages, qtbot: QtBot) -> None:
    name = "Anne-Margrethe Kristoffersen-Haugland Bjørnstjerne"
    caller = Caller("sip:a@example.org", name, "spesialsykepleier i hjemmetjenesten", CallerClass.CARE)
    window = QRectF(0, 0, pages.window.width(), pages.window.height())
    for state in (
        KioskState(phase=msgspec.structs.replace(states.RINGING, caller=caller), fakes=states.FAKES),
        KioskState(phase=msgspec.structs.replace(states.CONNECTING, caller=caller), fakes=states.FAKES),
        msgspec.structs.replace(STATES["home-full"], next_visit=Visit(states.NOW, name, caller.role)),
    ):
        pages.show(state)
        assert all(window.contains(pages.ink(item)) for item in pages.texts())
        test = [(item.property("text"), pages.rectangle(item)) for item in pages.items("BigButton")]
        assert all(min(rectangle.width(), rectangle.height()) >= 20 * pages.millimetre - 0.5 for _, rectangle in test)


def test_before_the_first_state_the_clock_is_there(pages: Pages, qtbot: QtBot) -> None:
    pages.show(None)
    assert pages.item("clock").property("text") == "10.41" or pages.item("clock").property("text")
    assert pages.item("statusText").property("text") == "Et øyeblikk …"


def _contrast(one: QColor, other: QColor) -> float:
    def luminance(colour: QColor) -> float:
        def linear(part: float) -> float:
            return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

        return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", STATES)
def test_contrast_of_every_text_as_drawn(pages: Pages, name: str, qtbot: QtBot) -> None:
    """The most frequent colour in a text's place is its ground; the one that differs most is its letters' (G1)."""
    if pages.window.height() != SIZES[0][1]:
        return  # colours do not change with the size
    pages.show(STATES[name])
    image = pages.window.grabWindow()
    for item in pages.texts():
        area = pages.rectangle(item).toRect().intersected(image.rect())
        counts: dict[int, int] = {}
        for y in range(area.top(), area.bottom(), 3):
            for x in range(area.left(), area.right(), 3):
                pixel = image.pixel(x, y)
                counts[pixel] = counts.get(pixel, 0) + 1
        ground = QColor(max(counts, key=lambda pixel: counts[pixel]))
        letters = [_contrast(ground, QColor(pixel)) for pixel, count in counts.items() if count >= 9]
        needed = 15.0 if item.objectName() in {"day", "date", "measurementStep", "endedAction"} else 7.0
        if item.objectName() in {"visit"}:
            needed = 13.0  # on the raised card
        assert max(letters) >= needed, f"{item.property('text')}: {max(letters):.1f}"


@pytest.mark.parametrize(
    ("state", "button", "choice"),
    [
        ("ring", "answer", Choice(Press.ANSWER)),
        ("ring", "decline", Choice(Press.DECLINE)),
        ("talk", "hangUp", Choice(Press.HANG_UP)),
        ("connecting", "hangUp", Choice(Press.HANG_UP)),
        ("ended-failed", "close", Choice(Press.CLOSE_CARD)),
        ("home-three-kinds", "measure0", Choice(Press.MEASURE, kind=MeasurementKind.BLOOD_PRESSURE)),
        ("home-three-kinds", "measure1", Choice(Press.MEASURE, kind=MeasurementKind.TEMPERATURE)),
        ("home-three-kinds", "measure2", Choice(Press.MEASURE, kind=MeasurementKind.GLUCOSE)),
        ("home-one-kind", "myReadings", Choice(Press.HISTORY)),
        ("measure-weight", "stop", Choice(Press.STOP)),
        ("talk-measuring", "stopInCall", Choice(Press.STOP)),
        ("measured-weight", "closeResult", Choice(Press.CLOSE_CARD)),
        ("measure-doubt", "again", Choice(Press.MEASURE, kind=MeasurementKind.BLOOD_PRESSURE)),
        ("failed-no-finger", "again", Choice(Press.MEASURE, kind=MeasurementKind.BLOOD_PRESSURE)),
        ("failed-not-saved", "closeResult", Choice(Press.CLOSE_CARD)),
        ("owner", "mine", Choice(Press.MINE, reading_id="reading-1")),
        ("owner", "notMine", Choice(Press.NOT_MINE, reading_id="reading-1")),
        ("talk-owner", "notMine", Choice(Press.NOT_MINE, reading_id="reading-1")),
        ("history-week", "span", Choice(Press.CURVE, kind=MeasurementKind.BLOOD_PRESSURE, span=Span.MONTH)),
        ("history-month", "other", Choice(Press.CURVE, kind=MeasurementKind.PULSE_OXIMETRY, span=Span.MONTH)),
        ("history-week", "back", Choice(Press.BACK)),
    ],
)
def test_screen_readers_find_and_press_every_button(
    pages: Pages, state: str, button: str, choice: Choice, qtbot: QtBot
) -> None:
    QAccessible.setActive(True)
    pages.show(STATES[state])
    item = pages.find(button)
    interface = QAccessible.queryAccessibleInterface(item)
    assert interface.role() in (QAccessible.Role.Button, QAccessible.Role.CheckBox)
    assert item.property("text") in interface.text(QAccessible.Text.Name)
    pages.at += 10
    pages.pressed.clear()
    interface.actionInterface().doAction("Press")
    assert pages.pressed == [choice]


@pytest.mark.parametrize(
    "name",
    [
        *("home-three-kinds", "measure-weight", "measured-weight", "measure-doubt", "talk-measuring", "owner"),
        *("talk-owner", "history-month", "ring", "ended-failed"),
    ],
)
def test_every_button_is_reached_with_the_tab_key_alone(pages: Pages, name: str, qtbot: QtBot) -> None:
    pages.show(STATES["home-bare"])
    pages.show(STATES[name])
    buttons = {item.objectName() for item in pages.items("BigButton")}
    reached: set[str] = set()
    for _ in range(2 * len(buttons) + 1):
        focused = pages.window.activeFocusItem()
        if focused is not None and focused.isVisible():
            reached.add(focused.objectName())
        QTest.keyClick(pages.window, Qt.Key.Key_Tab)
    assert reached >= buttons


def test_a_key_pressed_by_accident_answers_no_question(pages: Pages, qtbot: QtBot) -> None:
    pages.show(STATES["home-one-kind"])
    pages.show(STATES["owner"])
    pages.at += 10
    pages.pressed.clear()
    QTest.keyClick(pages.window, Qt.Key.Key_Space)
    assert pages.pressed == []


def test_every_visible_text_is_in_the_accessibility_tree(pages: Pages, qtbot: QtBot) -> None:
    QAccessible.setActive(True)
    for state in STATES.values():
        pages.show(state)
        for item in pages.texts():
            interface = QAccessible.queryAccessibleInterface(item)
            inside_named = any(
                parent.metaObject().className().startswith(("BigButton", "CallerPicture", "Words"))
                for parent in _parents(item)
            )
            assert inside_named or item.property("text").replace("\n", " ") in interface.text(
                QAccessible.Text.Name
            ).replace("\n", " ")


def _parents(item: QQuickItem) -> Iterator[QQuickItem]:
    parent = item.parentItem()
    while parent is not None:
        yield parent
        parent = parent.parentItem()


def test_the_clock_moves_by_itself(pages: Pages, qtbot: QtBot) -> None:
    clock: Callable[[], object] = lambda: pages.item("clock").property("text")  # noqa: E731
    pages.show(STATES["home"])
    before = clock()
    pages.now = pages.now + timedelta(minutes=1)
    assert isinstance(pages.now, datetime)
    pages.model.tick()
    assert clock() != before


def _share(pages: Pages, item: QQuickItem, colour: str) -> float:
    """How much of an item's place has that colour."""
    image = pages.window.grabWindow()
    area = pages.rectangle(item).toRect().intersected(image.rect())
    wanted = QColor(colour).rgb()
    places = [(x, y) for y in range(area.top(), area.bottom()) for x in range(area.left(), area.right(), 2)]
    return sum(image.pixel(x, y) == wanted for x, y in places) / len(places)


def test_the_curve_is_drawn_with_its_band(pages: Pages, qtbot: QtBot) -> None:
    pages.show(STATES["history-month"])
    curve = pages.find("curve")
    assert 0.2 < _share(pages, curve, "#00592B") < 0.9, "the band between 110 and 140 of 100 to 150"
    assert 0.005 < _share(pages, curve, "#FDFAF2") < 0.2, "the line"
    assert pages.item("target").property("text") == "Ditt mål"
    pages.show(STATES["history-year-one"])
    curve = pages.find("curve")
    assert _share(pages, curve, "#00592B") == 0.0, "no target, no band"
    assert _share(pages, curve, "#FDFAF2") > 0.0, "one reading is a dot"
    assert not [item for item in pages.items() if item.objectName() == "target"]


def test_the_curve_is_told_to_who_cannot_see_it(pages: Pages, qtbot: QtBot) -> None:
    QAccessible.setActive(True)
    pages.show(STATES["history-week"])
    interface = QAccessible.queryAccessibleInterface(pages.item("curve"))
    assert interface.role() is QAccessible.Role.Graphic
    assert interface.text(QAccessible.Text.Name) == "Kurve: Blodtrykk, siste uke. Lavest 114, høyest 142."


@pytest.mark.parametrize("pressure", ["2", "50", "142", "199", "290"])
def test_the_bar_fills_with_the_cuff(pages: Pages, pressure: str, qtbot: QtBot) -> None:
    pages.show(KioskState(measurement=states.inflating(pressure)))
    bar, filled = pages.rectangle(pages.item("bar")), pages.rectangle(pages.item("barFilled"))
    assert bar.contains(filled)
    inside = bar.width() - 2 * (filled.left() - bar.left())
    assert filled.width() == pytest.approx(inside * min(1.0, int(pressure) / 200), abs=1.5)


@pytest.mark.parametrize("kind", MeasurementKind)
def test_each_kind_has_a_drawing(pages: Pages, kind: MeasurementKind, qtbot: QtBot) -> None:
    pages.show(STATES[f"measure-{kind.value}"])
    picture = pages.item("picture")
    assert min(pages.rectangle(picture).width(), pages.rectangle(picture).height()) >= 50 * pages.millimetre
    image = pages.window.grabWindow()
    area = pages.rectangle(picture).toRect()
    colours = {
        image.pixel(x, y) for x in range(area.left(), area.right(), 5) for y in range(area.top(), area.bottom(), 5)
    }
    assert {QColor("#FFD400").rgb(), QColor("#16283a").rgb()} <= colours
