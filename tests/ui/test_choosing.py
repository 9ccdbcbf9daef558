"""Choosing the profile on the real page: a whole run by presses where a finger would press, at every size and theme."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from kiosk.accessbench.stage import Stage
from kiosk.facts.choosing import Question
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Profile, Seeing, Theme
from kiosk.flow import events as on
from kiosk.flow.state import KioskState
from kiosk.flow.transitions import FlowSettings, step
from kiosk.ipc.ui_messages import Press, Pressed
from kiosk.presses import event_of


class Person:
    """Presses on the page; core's state follows."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.state = KioskState(profile=Profile(seeing=Seeing(night_dimming=False)))
        self.handle(on.ChoosingOpened())

    def handle(self, event: on.Event) -> None:
        moment = Moment(datetime(2026, 11, 24, 12, tzinfo=UTC), self.stage.at)
        self.state, _ = step(self.state, event, moment, FlowSettings(8.0))
        self.stage.profile = self.state.profile
        self.stage.show(self.state)

    def asked(self) -> Question | None:
        return None if self.state.choosing is None else self.state.choosing.question

    def press(self, name: str, x: float = 0.0, y: float = 0.0) -> None:
        """In the middle of it, or so many millimetres beside."""
        for _ in range(self.stage.sub_pages()):
            if any(item.objectName() == name for item in self.stage.items()):
                break
            self.stage.turn()
            self.stage.grab()
        item = self.stage.item(name)
        middle = item.mapToScene(item.boundingRect().center())
        self.stage.at += 2.0
        self.stage.pressed.clear()
        aim = QPoint(round(middle.x() + x * self.stage.millimetre), round(middle.y() + y * self.stage.millimetre))
        QTest.mouseClick(self.stage.window, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, aim)
        # A finger that comes down also silences what is being said.
        pressed = [choice for choice in self.stage.pressed if choice.press is not Press.HUSH]
        assert len(pressed) == 1, (self.asked(), name)
        for choice in tuple(self.stage.pressed):
            event = event_of(Pressed(revision=1, **msgspec.structs.asdict(choice)))
            assert event is not None
            self.handle(event)


@pytest.fixture
def person(request: pytest.FixtureRequest, qapp: QGuiApplication) -> Iterator[Person]:
    stage = Stage(request.param)
    yield Person(stage)
    stage.close()


BOTH_SIZES = pytest.mark.parametrize("person", [(1280, 800), (1920, 1080)], indirect=True)


@BOTH_SIZES
def test_a_whole_run_by_presses(person: Person) -> None:
    assert person.asked() is Question.LANGUAGE
    person.press("answer1")
    for name in ("answer0", "answer0", "answer0"):
        assert person.asked() is Question.THEME
        person.press(name)
    for _ in range(4):
        person.press("answer1")  # as large as it goes
    assert person.state.profile.seeing.text_percent == 200
    person.press("answer0")
    while person.asked() in (Question.VOICE_RATE, Question.RING_TONE, Question.SOUND_PROFILE):
        person.press("answer1")
    assert person.asked() is Question.VOLUME
    person.press("answer0")
    for x, y in ((6.0, -4.0), (-5.0, 1.0), (2.0, 7.0)):
        assert person.asked() is Question.STEADINESS
        person.press("target", x, y)
    assert person.state.profile.pressing.tremor
    assert person.asked() is Question.READINGS_ALOUD
    person.press("back")
    assert person.asked() is Question.STEADINESS
    person.press("answer0")
    person.press("answer1")
    assert person.asked() is Question.READY
    person.press("answer0")
    assert person.asked() is None
    assert person.stage.model.screen.page.value == "home"
    profile = person.state.profile
    assert (profile.seeing.theme, profile.seeing.text_percent) == (Theme.DARK, 200)
    assert not profile.consents.readings_aloud


@BOTH_SIZES
def test_a_tap_is_measured_from_the_middle_of_the_ring(person: Person) -> None:
    while person.asked() is not Question.STEADINESS:
        person.press("answer0")
    person.press("target", 5.0, -3.0)
    assert person.state.choosing is not None
    (tap,) = person.state.choosing.taps
    assert tap.x == pytest.approx(5.0, abs=0.4)
    assert tap.y == pytest.approx(-3.0, abs=0.4)
