"""G3, G7 and G17: fingers, keys and one switch at the real window, and twenty hours in which nothing goes by itself."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from datetime import timedelta

import msgspec
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPointingDevice
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from kiosk.accessbench import examples
from kiosk.accessbench.access_check import AccessCheck, Figure
from kiosk.accessbench.screen_checks import chosen
from kiosk.accessbench.stage import Stage, application
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Pressing, Profile
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import Connecting, KioskState, Ringing, Talking
from kiosk.flow.transitions import FlowSettings, step
from kiosk.ipc.ui_messages import Choice, Press
from kiosk.ui.screens import screen_of
from kiosk.ui.window_input import WindowInput, controls

SIGMA_MM = 2.68
"""How far a tap of an old hand lies from where it was meant, each way (Sultana & Moffatt 2019)."""

TAPS = 2000
_SEED = 1
_SIZE = (1280, 800)
_LATER_S = 10.0
_SOAK_S = 20 * 3600
_SOAK_STEP_S = 30
_KEYS = (
    (Qt.Key.Key_Tab,),
    (Qt.Key.Key_Backtab,),
    (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
)


class Hand:
    """A finger, keys and a switch at a stage, on the stage's clock."""

    def __init__(self, profile: Profile | None = None) -> None:
        application()
        self.stage = Stage(_SIZE, profile)
        found = self.stage.window.findChild(WindowInput, "hand")
        if not isinstance(found, WindowInput):
            raise LookupError("the window takes no input")
        self.input = found
        self.input.monotonic = lambda: self.stage.at
        self._panel: QPointingDevice = QTest.createTouchDevice()

    def close(self) -> None:
        """With its window."""
        self.stage.close()

    def show(self, state: KioskState) -> None:
        """Long after what was pressed before, and after another page: one that stays the same does not begin anew."""
        self.stage.at += _LATER_S
        for one in (KioskState(), state):
            self.stage.show(one)
            self.input.scan()

    def touch(self, begin: QPoint, end: QPoint) -> list[Choice]:
        """One finger; what core hears of it."""
        self.stage.pressed.clear()
        QTest.touchEvent(self.stage.window, self._panel).press(0, begin, self.stage.window)
        QTest.touchEvent(self.stage.window, self._panel).release(0, end, self.stage.window)
        return list(self.stage.pressed)

    def two_fingers(self, first: QPoint, second: QPoint) -> list[Choice]:
        """The second comes while the first lies there, and both go."""
        self.stage.pressed.clear()
        window = self.stage.window
        QTest.touchEvent(window, self._panel).press(0, first, window)
        QTest.touchEvent(window, self._panel).stationary(0).press(1, second, window)
        QTest.touchEvent(window, self._panel).stationary(0).release(1, second, window)
        QTest.touchEvent(window, self._panel).release(0, first, window)
        return list(self.stage.pressed)

    def middle(self, item: QQuickItem) -> QPointF:
        """Where a press is meant to be."""
        return self.stage.rectangle(item).center()

    def key(self, key: Qt.Key) -> None:
        """Pressed and let go."""
        QTest.keyClick(self.stage.window, key)

    def focused(self) -> QQuickItem | None:
        """Where the keys are."""
        return self.stage.window.activeFocusItem()


class Taps(msgspec.Struct, frozen=True):
    """How many taps were made, how many reached what they were meant for, and which reached something else."""

    made: int
    right: int
    wrong: tuple[str, ...]
    controls: int


@functools.cache
def taps(tremor: bool = False, answer_only: bool = False) -> Taps:
    """Taps around the middle of every control of every kind of screen, so many each that they are TAPS or more."""
    source = random.Random(_SEED)
    hand = Hand(Profile(pressing=Pressing(tremor=tremor)))
    try:
        states = {"ring": examples.every_state()["ring"]} if answer_only else chosen()
        places: list[tuple[str, str]] = []
        for name, state in states.items():
            hand.show(state)
            # «Mer» tells core nothing; keys and scanning come to it, and its size is that of the others.
            names = [str(item.objectName()) for item in hand.stage.items("BigButton")]
            unique = [one for one in names if names.count(one) == 1 and one != "more"]
            places += [(name, one) for one in unique if not answer_only or one == "answer"]
        each = -(-TAPS // len(places))
        right, wrong = 0, []
        for name, control in places:
            hand.show(states[name])
            meant = hand.middle(hand.stage.item(control))
            expected = hand.touch(meant.toPoint(), meant.toPoint())
            for _ in range(each):
                hand.stage.at += _LATER_S
                off = [source.gauss(0.0, SIGMA_MM) * hand.stage.millimetre for _ in range(2)]
                place = (meant + QPointF(*off)).toPoint()
                got = hand.touch(place, place)
                if got == expected:
                    right += bool(expected)
                elif got:
                    wrong.append(f"{control} on {name} became {got[0].press.value}")
        return Taps(each * len(places), right, tuple(wrong), len(places))
    finally:
        hand.close()


def _share(found: Taps) -> Figure:
    return Figure(100.0 * found.right / found.made, f"of {found.made} on {found.controls} controls")


def wrong_taps() -> Figure:
    """Taps that pressed something else than what they were meant for."""
    found = taps()
    return Figure(len(found.wrong), found.wrong[0] if found.wrong else f"of {found.made}")


def struck_twice() -> Figure:
    """Presses that core hears of when each control of the ring is struck twice within 0.4 s, over one each."""
    hand, extra = Hand(), 0
    try:
        for name in ("answer", "decline", "sayAgain"):
            hand.show(examples.every_state()["ring"])
            place = hand.middle(hand.stage.item(name)).toPoint()
            first = hand.touch(place, place)
            hand.stage.at += 0.4
            extra += len(first) - 1 + len(hand.touch(place, place))
    finally:
        hand.close()
    return Figure(extra)


def second_fingers() -> Figure:
    """Presses by a second finger while the first lies on the other button, or beside all."""
    hand, extra = Hand(), 0
    try:
        ring = examples.every_state()["ring"]
        for first, second in (("answer", "decline"), ("decline", "answer"), ("", "answer"), ("", "decline")):
            hand.show(ring)
            begin = hand.middle(hand.stage.item(first)).toPoint() if first else QPoint(5, 5)
            got = hand.two_fingers(begin, hand.middle(hand.stage.item(second)).toPoint())
            extra += len([one for one in got if one.press is (Press.ANSWER if second == "answer" else Press.DECLINE)])
    finally:
        hand.close()
    return Figure(extra)


def _reached(hand: Hand, keys: tuple[Qt.Key, ...]) -> Iterator[QQuickItem]:
    """Breadth first from every control that the keys come to."""
    hand.key(keys[0])
    start = hand.focused()
    seen, edge = [start], [start]
    while edge:
        here = edge.pop(0)
        for key in keys:
            if here is not None:
                here.forceActiveFocus()
            hand.key(key)
            there = hand.focused()
            if there not in seen:
                seen.append(there)
                edge.append(there)
    return (item for item in seen if item is not None)


def keys_reach() -> Figure:
    """Of all controls of every kind of screen, the share that Tab, Shift-Tab and the arrows each come to."""
    hand, there, missed = Hand(), 0, []
    try:
        for name, state in chosen().items():
            for keys in _KEYS:
                hand.show(state)
                showing = list(controls(hand.stage.window.contentItem()))
                there += len(showing)
                reached = list(_reached(hand, keys)) if showing else []
                missed += [f"{item.objectName()} on {name}" for item in showing if item not in reached]
                missed += [f"out of {name}" for item in reached if item not in showing]
    finally:
        hand.close()
    return Figure(100.0 * (there - len(missed)) / there, missed[0] if missed else f"of {there}")


def switch_reaches() -> Figure:
    """Of all controls of every kind of screen, the share that one switch comes to in its first round."""
    hand, there, missed = Hand(Profile(pressing=Pressing(one_switch=True))), 0, []
    try:
        for name, state in chosen().items():
            hand.show(state)
            showing = list(controls(hand.stage.window.contentItem()))
            visited = []
            for _ in showing:
                visited.append(hand.focused())
                hand.stage.at += hand.stage.profile.pressing.scan_seconds
                hand.input.scan()
            there += len(showing)
            missed += [f"{item.objectName()} on {name}" for item in showing if item not in visited]
    finally:
        hand.close()
    return Figure(100.0 * (there - len(missed)) / there, missed[0] if missed else f"of {there}")


def switch_answers() -> Figure:
    """Seconds until a call is answered by one switch at 2 s a control when the first chance was just missed."""
    hand = Hand(Profile(pressing=Pressing(one_switch=True, scan_seconds=2.0)))
    try:
        hand.show(examples.every_state()["ring"])
        begun, left = hand.stage.at, False
        while hand.stage.at - begun < 60.0:
            hand.stage.at += 0.1
            hand.input.scan()
            focused = hand.focused()
            on_answer = focused is not None and focused.objectName() == "answer"
            left = left or not on_answer
            if left and on_answer:
                hand.stage.at += 0.5  # somebody who is quick
                hand.stage.pressed.clear()
                hand.input.switch_pressed()
                if [one.press for one in hand.stage.pressed] == [Press.ANSWER]:
                    return Figure(hand.stage.at - begun)
        return Figure(None, "never answered")
    finally:
        hand.close()


def gone_by_themselves() -> Figure:
    """Screens that become others in 20 hours. The ring may, and what is tried in vain: a call that is being connected
    or brought back."""
    settings = FlowSettings()
    gone, looked = [], 0
    for name, begun in examples.every_state().items():
        phase = begun.phase
        if isinstance(phase, Ringing | Connecting) or (isinstance(phase, Talking) and phase.recovering):
            continue
        looked += 1
        state = begun
        for later in range(0, _SOAK_S, _SOAK_STEP_S):
            now = Moment(examples.NOW + timedelta(seconds=later), 100.0 + later)
            state, _ = step(state, on.Tick(), now, settings)
            if screen_of(state) != screen_of(begun):
                gone.append(f"{name} after {later} s")
                break
    return Figure(len(gone), gone[0] if gone else f"of {looked}")


def undo_seconds() -> Figure:
    """How long «Ikke nå» can be taken back before the caller is told."""
    settings = FlowSettings()
    state = examples.every_state()["ring"]
    state, _ = step(state, on.DeclinePressed(), Moment(examples.NOW, 100.0), settings)
    for tenths in range(600):
        now = Moment(examples.NOW + timedelta(seconds=tenths / 10), 100.0 + tenths / 10)
        _, effects = step(state, on.Tick(), now, settings)
        if any(isinstance(one, do.Refuse) for one in effects):
            return Figure(tenths / 10)
    return Figure(None, "the caller is never told")


CHECKS = (
    AccessCheck("g3_taps_right", "%", 99.9, lambda: _share(taps()), more=True, digits=2),
    AccessCheck("g3_taps_right_tremor", "%", 99.9, lambda: _share(taps(tremor=True)), more=True, digits=2),
    AccessCheck("g3_taps_answer", "%", 100.0, lambda: _share(taps(answer_only=True)), more=True, digits=2),
    AccessCheck("g3_taps_wrong", "", 0.0, wrong_taps, digits=0),
    AccessCheck("g3_struck_twice", "", 0.0, struck_twice, digits=0),
    AccessCheck("g3_second_fingers", "", 0.0, second_fingers, digits=0),
    AccessCheck("g7_keys_reach", "%", 100.0, keys_reach, more=True),
    AccessCheck("g7_switch_reaches", "%", 100.0, switch_reaches, more=True),
    AccessCheck("g7_switch_answers", "s", 10.0, switch_answers),
    AccessCheck("g17_gone_by_themselves", "", 0.0, gone_by_themselves, digits=0),
    AccessCheck("g17_undo_seconds", "s", 5.0, undo_seconds, more=True),
)
