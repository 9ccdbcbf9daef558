"""The words between core and ui: core sends all that is on screen, ui sends what was pressed and painted."""

from __future__ import annotations

import enum

import msgspec

from kiosk.facts.choosing import Question, Tap
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.flow.state import KioskState, Writing


class VideoStream(enum.Enum):
    """Which picture a frame ring carries."""

    REMOTE = "remote"
    SELF_VIEW = "self-view"


class Press(enum.Enum):
    """What a person can press. Words and places belong to QML."""

    ANSWER = "answer"
    DECLINE = "decline"
    UNDO = "undo"
    HANG_UP = "hang-up"
    CLOSE_CARD = "close-card"
    MEASURE = "measure"  # kind
    STOP = "stop"
    MINE = "mine"  # reading_id
    NOT_MINE = "not-mine"  # reading_id
    HISTORY = "history"
    CURVE = "curve"  # kind, span
    BACK = "back"
    WRITE = "write"  # writing
    WRITING_DONE = "writing-done"
    TYPE = "type"  # text: T.140 characters
    PHRASE = "phrase"  # text
    READ_ALOUD = "read-aloud"
    SAY_AGAIN = "say-again"
    BUTTON = "button"  # the physical one, by a key
    HUSH = "hush"  # a touch or a key that is on no button: like every press it stops what is being said
    CHOOSE = "choose"  # question, round, place
    TAP = "tap"  # tap
    CHOOSE_BACK = "choose-back"


class Choice(msgspec.Struct, frozen=True):
    """A press, and what it was about, where one button stands for several things."""

    press: Press
    kind: MeasurementKind | None = None
    span: Span | None = None
    reading_id: str | None = None
    writing: Writing | None = None
    text: str | None = None
    question: Question | None = None
    round: int = 0
    place: int = 0
    tap: Tap | None = None


# core -> ui


class Show(msgspec.Struct, frozen=True, tag="show"):
    """Draw this. ``revision`` grows by one with every state."""

    revision: int
    state: KioskState


class Wake(msgspec.Struct, frozen=True, tag="wake"):
    """Make the screen bright now, whatever it showed."""


class TakeVideo(msgspec.Struct, frozen=True, tag="take-video"):
    """A frame ring comes with this message: file descriptors [memfd of the ring, eventfd rung at every new frame].

    A later one for the same stream replaces the earlier: media was restarted.
    """

    stream: VideoStream


class Quit(msgspec.Struct, frozen=True, tag="quit"):
    """Close the window and end the process."""


class ButtonPressed(msgspec.Struct, frozen=True, tag="button-pressed"):
    """A button that core listens to (on a serial line) has been pressed: the same as one with a keyboard inside."""


ToUi = Show | Wake | TakeVideo | ButtonPressed | Quit

# ui -> core


class Pressed(msgspec.Struct, frozen=True, tag="pressed"):
    """A press, and the revision that was on screen: core ignores a press meant for a screen that has gone.

    The rest is that of the Choice.
    """

    press: Press
    revision: int
    kind: MeasurementKind | None = None
    span: Span | None = None
    reading_id: str | None = None
    writing: Writing | None = None
    text: str | None = None
    question: Question | None = None
    round: int = 0
    place: int = 0
    tap: Tap | None = None


class Painted(msgspec.Struct, frozen=True, tag="painted"):
    """The frame that shows ``revision`` has been swapped to the screen at ``at`` (CLOCK_MONOTONIC, seconds)."""

    revision: int
    at: float


class RemoteFramePainted(msgspec.Struct, frozen=True, tag="remote-frame-painted"):
    """The first frame of the remote picture since the call began, or since a new ring came, is on the screen."""

    at: float


class PaintReport(msgspec.Struct, frozen=True, tag="paint-report"):
    """Counts since the last report, sent once a second while video runs. Gaps are between swapped frames, milliseconds.

    ``remote_frames`` counts distinct frames of the remote picture that were painted.
    """

    at: float
    window_frames: int
    remote_frames: int
    gaps_ms: tuple[float, ...]
    scene_graph: str


class ScreenReader(msgspec.Struct, frozen=True, tag="screen-reader"):
    """Whether a screen reader speaks; sent when it is first known, and at every change."""

    running: bool


FromUi = Pressed | Painted | RemoteFramePainted | PaintReport | ScreenReader
