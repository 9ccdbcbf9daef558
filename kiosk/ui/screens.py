"""The registry of all screens: every page with its QML file, and every kind of screen there is. Pure.

Main.qml shows no page that is not in ``PAGES``, and ``screen_of`` names every state's screen: a new page or card has to
be entered here, and then the checks of all screens ask for an example of it (kiosk/accessbench/examples.py).
"""

from __future__ import annotations

import enum

from kiosk.facts.choosing import Question
from kiosk.facts.line_quality import LineVerdict
from kiosk.flow.state import (
    Connecting,
    Ended,
    History,
    Idle,
    KioskState,
    Measured,
    MeasurementStage,
    Measuring,
    NotMeasured,
    Ringing,
    Talking,
    writing_of,
)


class Page(enum.Enum):
    """Which page is on screen."""

    HOME = "home"
    RING = "ring"
    CALL = "call"
    ENDED = "ended"
    MEASURE = "measure"
    OWNER = "owner"
    HISTORY = "history"
    WRITE = "write"
    CHOOSE = "choose"


PAGES = {
    Page.HOME: "HomePage.qml",
    Page.MEASURE: "MeasurePage.qml",
    Page.OWNER: "OwnerPage.qml",
    Page.HISTORY: "HistoryPage.qml",
    Page.CHOOSE: "ChoosePage.qml",
    Page.RING: "RingPage.qml",
    Page.CALL: "CallPage.qml",
    Page.ENDED: "EndedPage.qml",
    Page.WRITE: "WritePage.qml",
}
"""The QML file of each page, below kiosk/ui/qml: the only way by which a page comes on the screen."""


class ScreenKind(enum.Enum):
    """What is on a page, as a patient would tell the screens apart."""

    HOME = "home"
    HOME_VISIT = "home-visit"
    HOME_FAULT = "home-fault"
    HOME_BUTTONS = "home-buttons"
    HOME_OLD_READINGS = "home-old-readings"
    RING = "ring"
    CONNECTING = "connecting"
    TALK = "talk"
    TALK_WEAK_LINE = "talk-weak-line"
    TALK_NO_LINE = "talk-no-line"
    TALK_TEXT = "talk-text"
    TALK_CAPTIONS = "talk-captions"
    WRITE_PHRASES = "write-phrases"
    WRITE_KEYBOARD = "write-keyboard"
    WRITE_GROUP = "write-group"
    TALK_OWNER = "talk-owner"
    TALK_MEASURE = "talk-measure"
    TALK_PROGRESS = "talk-progress"
    TALK_RESULT = "talk-result"
    TALK_DOUBT = "talk-doubt"
    TALK_FAILED = "talk-failed"
    ENDED = "ended"
    ENDED_TEXT = "ended-text"
    MEASURE = "measure"
    PROGRESS = "progress"
    RESULT = "result"
    DOUBT = "doubt"
    FAILED = "failed"
    OWNER = "owner"
    HISTORY = "history"
    HISTORY_LOADING = "history-loading"
    HISTORY_EMPTY = "history-empty"
    HISTORY_FAILED = "history-failed"
    CHOOSE_SEEN = "choose-seen"
    CHOOSE_HEARD = "choose-heard"
    CHOOSE_TARGET = "choose-target"
    CHOOSE_ASKED = "choose-asked"


def page_of(state: KioskState) -> Page:
    """A call's page covers everything; between calls a question comes before a measurement, that before the
    choosing of the profile, and that before curves."""
    match state.phase:
        case Ringing():
            return Page.RING
        case Connecting():
            return Page.CALL
        case Talking():
            return Page.CALL if writing_of(state) is None else Page.WRITE
        case Ended():
            return Page.ENDED
        case Idle():
            if state.questions:
                return Page.OWNER
            if state.measurement is not None:
                return Page.MEASURE
            if state.choosing is not None:
                return Page.CHOOSE
            return Page.HOME if state.history is None else Page.HISTORY


def screen_of(state: KioskState) -> ScreenKind:
    """The kind of the screen that ``state`` shows."""
    match state.phase:
        case Ringing():
            return ScreenKind.RING
        case Connecting():
            return ScreenKind.CONNECTING
        case Ended():
            return ScreenKind.ENDED if state.texting is None else ScreenKind.ENDED_TEXT
        case Talking() as talking:
            return _of_a_talk(state, talking)
        case Idle():
            return _between_calls(state)


def _of_a_talk(state: KioskState, talking: Talking) -> ScreenKind:
    if state.questions:
        return ScreenKind.TALK_OWNER
    if state.measurement is not None:
        return _IN_A_TALK[_of_a_measurement(state.measurement)]
    writing = writing_of(state)
    if writing is not None:
        if writing.group is not None:
            return ScreenKind.WRITE_GROUP
        return ScreenKind.WRITE_KEYBOARD if writing.keyboard else ScreenKind.WRITE_PHRASES
    if talking.recovering:
        return ScreenKind.TALK_NO_LINE
    if state.texting is not None and not state.texting.conversation.empty:
        return ScreenKind.TALK_TEXT
    if state.texting is not None and state.texting.captions:
        return ScreenKind.TALK_CAPTIONS
    return ScreenKind.TALK if talking.verdict is LineVerdict.GOOD else ScreenKind.TALK_WEAK_LINE


def _between_calls(state: KioskState) -> ScreenKind:
    if state.questions:
        return ScreenKind.OWNER
    if state.measurement is not None:
        return _of_a_measurement(state.measurement)
    if state.choosing is not None:
        return _CHOOSING[state.choosing.question]
    if state.history is not None:
        return _of_a_history(state.history)
    if state.faults:
        return ScreenKind.HOME_FAULT
    if state.old_readings is not None:
        return ScreenKind.HOME_OLD_READINGS
    if state.can_measure:
        return ScreenKind.HOME_BUTTONS
    return ScreenKind.HOME if state.next_visit is None else ScreenKind.HOME_VISIT


def _of_a_measurement(stage: MeasurementStage) -> ScreenKind:
    match stage:
        case Measuring(progress=None):
            return ScreenKind.MEASURE
        case Measuring():
            return ScreenKind.PROGRESS
        case Measured(doubt=None):
            return ScreenKind.RESULT
        case Measured():
            return ScreenKind.DOUBT
        case NotMeasured():
            return ScreenKind.FAILED


_IN_A_TALK = {
    ScreenKind.MEASURE: ScreenKind.TALK_MEASURE,
    ScreenKind.PROGRESS: ScreenKind.TALK_PROGRESS,
    ScreenKind.RESULT: ScreenKind.TALK_RESULT,
    ScreenKind.DOUBT: ScreenKind.TALK_DOUBT,
    ScreenKind.FAILED: ScreenKind.TALK_FAILED,
}


_CHOOSING = {
    Question.LANGUAGE: ScreenKind.CHOOSE_ASKED,
    Question.THEME: ScreenKind.CHOOSE_SEEN,
    Question.SIZE: ScreenKind.CHOOSE_SEEN,
    Question.VOICE_RATE: ScreenKind.CHOOSE_HEARD,
    Question.RING_TONE: ScreenKind.CHOOSE_HEARD,
    Question.SOUND_PROFILE: ScreenKind.CHOOSE_HEARD,
    Question.VOLUME: ScreenKind.CHOOSE_HEARD,
    Question.STEADINESS: ScreenKind.CHOOSE_TARGET,
    Question.READINGS_ALOUD: ScreenKind.CHOOSE_ASKED,
    Question.READY: ScreenKind.CHOOSE_ASKED,
}


def _of_a_history(history: History) -> ScreenKind:
    if history.failed:
        return ScreenKind.HISTORY_FAILED
    if history.curve is None:
        return ScreenKind.HISTORY_LOADING
    return ScreenKind.HISTORY_EMPTY if history.curve.latest is None else ScreenKind.HISTORY
