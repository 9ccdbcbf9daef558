"""What really reached the screen: which revision and which remote frame each swapped frame holds, and the gaps."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtQuick import QQuickWindow, QSGRendererInterface

from kiosk.ipc.ui_messages import Painted, PaintReport, RemoteFramePainted


class _Content(msgspec.Struct, frozen=True):
    """What the scene holds: the revision and the number of the newest remote frame (0: none shown)."""

    revision: int | None
    remote_frame: int


class PaintBook:
    """Counts swapped frames. No Qt: told of every event with its time, asked for the messages that follow.

    ``revision`` and ``remote_frame`` are what the scene would show if it were drawn now.
    """

    def __init__(self) -> None:
        self.revision: int | None = None
        self.remote_frame = 0
        self.painted_revision: int | None = None
        self._synchronized = _Content(None, 0)
        self._painted_frame = 0
        self._first_frame_reported = False
        self._last_swap: float | None = None
        self._window_frames = 0
        self._remote_frames = 0
        self._gaps_ms: list[float] = []

    def new_picture(self) -> None:
        """A call begins, media began anew or the line went: the first painted remote frame is to be told."""
        self._first_frame_reported = False
        self._painted_frame = 0
        self.remote_frame = 0

    def synchronized(self) -> None:
        """The scene graph has taken over what the items hold: the next swap shows exactly this."""
        self._synchronized = _Content(self.revision, self.remote_frame)

    def swapped(self, at: float) -> list[Painted | RemoteFramePainted]:
        """A frame was swapped to the screen at ``at`` (CLOCK_MONOTONIC seconds)."""
        messages: list[Painted | RemoteFramePainted] = []
        content = self._synchronized
        self._window_frames += 1
        if self._last_swap is not None:
            self._gaps_ms.append(round((at - self._last_swap) * 1000, 2))
        self._last_swap = at
        if content.revision is not None and content.revision != self.painted_revision:
            self.painted_revision = content.revision
            messages.append(Painted(content.revision, at))
        if content.remote_frame and content.remote_frame != self._painted_frame:
            self._painted_frame = content.remote_frame
            self._remote_frames += 1
            if not self._first_frame_reported:
                self._first_frame_reported = True
                messages.append(RemoteFramePainted(at))
        return messages

    def begin_reports(self) -> None:
        """Video starts to run: what was painted before does not count, nor the quiet time since."""
        self._window_frames = self._remote_frames = 0
        self._gaps_ms = []
        self._last_swap = None

    def report(self, at: float, scene_graph: str) -> PaintReport:
        """Counts since the last report."""
        message = PaintReport(at, self._window_frames, self._remote_frames, tuple(self._gaps_ms), scene_graph)
        self._window_frames = self._remote_frames = 0
        self._gaps_ms = []
        return message


class Painter(QObject):
    """Listens to a window on behalf of a :class:`PaintBook`.

    The window's signals come on the drawing thread (the same one with the basic render loop), synchronized while the
    GUI thread waits; so the book is only ever touched by one of them at a time, or guarded by that wait.
    """

    painted = Signal(object)
    first_swap = Signal()

    def __init__(self, window: QQuickWindow, book: PaintBook, now: Callable[[], float]) -> None:
        super().__init__(window)
        self._window = window
        self._book = book
        self._now = now
        self._swapped_before = False
        window.afterSynchronizing.connect(book.synchronized, Qt.ConnectionType.DirectConnection)
        window.frameSwapped.connect(self._swapped, Qt.ConnectionType.DirectConnection)

    def _swapped(self) -> None:
        if not self._swapped_before:
            self._swapped_before = True
            self.first_swap.emit()
        for message in self._book.swapped(self._now()):
            self.painted.emit(message)


_NAMES = {
    QSGRendererInterface.GraphicsApi.Software: "software",
    QSGRendererInterface.GraphicsApi.OpenGL: "opengl",
    QSGRendererInterface.GraphicsApi.Vulkan: "vulkan",
    QSGRendererInterface.GraphicsApi.Null: "null",
}


def scene_graph_name(window: QQuickWindow) -> str:
    """What draws the window: opengl, vulkan, software, or unknown before it was ever shown."""
    return _NAMES.get(window.rendererInterface().graphicsApi(), "unknown")
