"""The ui process put together: Qt application, window, link to core, feeds and paint reports. Draws nothing itself."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import socket
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from PySide6.QtCore import (
    QLocale,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    QUrl,
)
from PySide6.QtGui import QFont, QGuiApplication, QSurfaceFormat
from PySide6.QtQml import QQmlApplicationEngine
from PySide6.QtQuick import QQuickWindow, QSGRendererInterface

from kiosk.ipc.frame_ring import FrameRingReader, RingError
from kiosk.ipc.ui_messages import (
    ButtonPressed,
    Choice,
    Pressed,
    Quit,
    ScreenReader,
    Show,
    TakeVideo,
    ToUi,
    VideoStream,
    Wake,
)
from kiosk.resources import assets
from kiosk.ui.fonts import wanted_font
from kiosk.ui.link import Link
from kiosk.ui.painting import PaintBook, Painter, scene_graph_name
from kiosk.ui.pseudo import every_language
from kiosk.ui.screen_reader import Announcer, ScreenReaderWatch
from kiosk.ui.screens import Page
from kiosk.ui.view_model import ScreenModel

_log = logging.getLogger(__name__)

_QML = Path(__file__).parent / "qml"
_GRAPHICS_CARDS = Path("/dev/dri")
_REPORT_MS = 1000
_CLOCK_MS = 1000
_RECONNECT_MS = 300
_PRELOAD_MS = 400
"""After the first painted frame: video is loaded while nobody waits, so that a call's first frame need not."""


class Options(msgspec.Struct, frozen=True):
    """What the command line says. Exactly one of ``socket_path`` and ``descriptor`` is set."""

    socket_path: Path | None
    descriptor: int | None
    windowed: bool
    width: int
    height: int
    scene_graph: Literal["auto", "opengl", "software"]


_MESSAGE_PATTERN = (
    "%{if-debug}DEBUG%{endif}%{if-info}INFO%{endif}%{if-warning}WARNING%{endif}"
    "%{if-critical}ERROR%{endif}%{if-fatal}CRITICAL%{endif} qt: %{message}"
)


def _local_now() -> datetime:
    return datetime.now().astimezone()


class UiProcess(QObject):
    """One window and its link to core."""

    def __init__(self, options: Options, application: QGuiApplication) -> None:
        super().__init__()
        self._options = options
        self._application = application
        family, cap_ratio = wanted_font()
        application.setFont(QFont(family))
        self._book = PaintBook()
        self._model = ScreenModel(
            every_language(assets() / "phrases"), _local_now, time.monotonic, family, cap_ratio, self
        )
        self._model.pressed.connect(self._pressed)
        self._model.remote_feed.frameShown.connect(self._remote_shown)
        self._engine = QQmlApplicationEngine()
        self._engine.setInitialProperties({"model": self._model})
        self._engine.load(QUrl.fromLocalFile(str(_QML / "Main.qml")))
        roots = self._engine.rootObjects()
        if not roots or not isinstance(roots[0], QQuickWindow):
            raise RuntimeError("Main.qml did not load: the log says why")
        self._window = roots[0]
        self._announcer = Announcer(self._window)
        self._model.turned.connect(self._announcer.turned)
        self._reader_runs: bool | None = None
        self._reader = ScreenReaderWatch(self)
        self._reader.changed.connect(self._reader_changed)
        self._painter = Painter(self._window, self._book, time.monotonic)
        self._painter.painted.connect(self._send, Qt.ConnectionType.QueuedConnection)
        self._painter.first_swap.connect(self._preload, Qt.ConnectionType.QueuedConnection)
        self._link: Link | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._model.tick)
        self._clock.start()
        self._reports = QTimer(self)
        self._reports.setInterval(_REPORT_MS)
        self._reports.setTimerType(Qt.TimerType.PreciseTimer)
        self._reports.timeout.connect(self._report)

    def start(self) -> None:
        """Open the window and the link."""
        self._place_window()
        self._connect()
        self._reader.start()

    def _place_window(self) -> None:
        window = self._window
        if self._options.windowed:
            window.resize(self._options.width, self._options.height)
            window.show()
            return
        self._application.setOverrideCursor(Qt.CursorShape.BlankCursor)
        window.setFlags(Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        window.setGeometry(window.screen().geometry())
        window.showFullScreen()
        # Without a window manager nobody answers a request for full screen, and the window shrinks: say it again.
        QTimer.singleShot(0, self, self._fill_screen)
        window.widthChanged.connect(self._fill_screen)
        window.heightChanged.connect(self._fill_screen)
        window.screen().geometryChanged.connect(self._fill_screen)

    def _fill_screen(self) -> None:
        wanted = self._window.screen().geometry()
        if self._window.geometry() != wanted:
            self._window.setGeometry(wanted)

    def _connect(self) -> None:
        try:
            self._adopt(self._open())
        except OSError as error:
            if self._options.socket_path is None:
                raise
            _log.info("core does not answer yet: %s", error.strerror)
            QTimer.singleShot(_RECONNECT_MS, self, self._connect)

    def _open(self) -> socket.socket:
        if self._options.descriptor is not None:
            return socket.socket(fileno=self._options.descriptor)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(str(self._options.socket_path))
        except OSError:
            connection.close()
            raise
        return connection

    def _adopt(self, connection: socket.socket) -> None:
        self._link = Link(connection, self)
        self._link.received.connect(self._received)
        self._link.closed.connect(self._lost)
        if self._reader_runs is not None:
            self._send(ScreenReader(self._reader_runs))

    def _lost(self) -> None:
        """Core has gone. With ``--fd`` it will start a new ui; a tablet's ui waits for core to come back."""
        if self._options.descriptor is not None:
            _log.info("core has gone: ending")
            self._application.exit(0)
            return
        if self._link is not None:
            self._link.deleteLater()
            self._link = None
        self._model.show(None)
        self._book.revision = None
        self._book.painted_revision = None
        self._model.remote_feed.release()
        self._model.own_feed.release()
        QTimer.singleShot(_RECONNECT_MS, self, self._connect)

    def _received(self, message: ToUi, descriptors: list[int]) -> None:
        if not isinstance(message, TakeVideo):
            for descriptor in descriptors:
                os.close(descriptor)
        match message:
            case Show(revision=revision, state=state):
                before = self._model.screen
                self._model.show(state)
                screen = self._model.screen
                if screen.call_id not in (None, before.call_id) or (screen.line_lost and not before.line_lost):
                    self._book.new_picture()
                self._book.revision = revision
                # A state may look like the one before; core waits for the word that it is on screen all the same.
                self._window.update()
                self._follow_page()
            case TakeVideo(stream=stream):
                self._take_video(stream, descriptors)
            case ButtonPressed():
                self._model.pressPhysicalButton()
            case Wake():
                self._window.raise_()
                self._window.requestActivate()
            case Quit():
                self._application.exit(0)

    def _follow_page(self) -> None:
        talking = self._model.screen.page is Page.CALL
        if talking and not self._model.plays_video:
            self._load_video()
        if talking and not self._reports.isActive():
            self._book.begin_reports()
            self._reports.start()
        elif not talking and self._reports.isActive():
            self._report()
            self._reports.stop()

    def _take_video(self, stream: VideoStream, descriptors: list[int]) -> None:
        if len(descriptors) != 2:
            _log.warning("refused a %s ring with %d descriptors", stream.value, len(descriptors))
            for descriptor in descriptors:
                os.close(descriptor)
            return
        try:
            reader = FrameRingReader(descriptors[0], descriptors[1])
        except (RingError, OSError, ValueError) as error:
            _log.warning("refused a %s ring: %s", stream.value, error)
            for descriptor in descriptors:
                os.close(descriptor)
            return
        feed = self._model.remote_feed if stream is VideoStream.REMOTE else self._model.own_feed
        feed.take(reader)
        if stream is VideoStream.REMOTE:
            self._book.new_picture()

    def _remote_shown(self, number: int) -> None:
        screen = self._model.screen
        self._book.remote_frame = number if screen.page is Page.CALL and not screen.line_lost else 0

    def _pressed(self, choice: Choice) -> None:
        revision = self._book.painted_revision
        if revision is None:
            _log.info("ignored a press on a screen that core has not drawn")
            return
        self._send(Pressed(revision=revision, **msgspec.structs.asdict(choice)))

    def _reader_changed(self, running: bool) -> None:
        self._reader_runs = running
        self._send(ScreenReader(running))

    def _report(self) -> None:
        self._send(self._book.report(time.monotonic(), scene_graph_name(self._window)))

    def _send(self, message: object) -> None:
        if self._link is not None:
            self._link.send(message)  # type: ignore[arg-type]  # a Qt signal carries any object

    def _preload(self) -> None:
        QTimer.singleShot(_PRELOAD_MS, self, self._load_video)

    def _load_video(self) -> None:
        if self._model.plays_video:
            return
        software = scene_graph_name(self._window) == "software"
        # Before QML makes a QVideoSink, or Python would know it only as a QObject.
        importlib.import_module("PySide6.QtMultimedia")
        page = "PictureView.qml" if software else "VideoView.qml"
        if software:
            _log.info("software scene graph: pictures are painted as images")
        self._model.play_video_with(QUrl.fromLocalFile(str(_QML / page)))


def _end_on_signals(application: QGuiApplication) -> QSocketNotifier:
    """SIGTERM and SIGINT end the process: Qt's loop does not run Python's signal handlers, so a socket wakes it."""
    reading, writing = socket.socketpair()
    writing.setblocking(False)
    signal.set_wakeup_fd(writing.detach())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    notifier = QSocketNotifier(reading.detach(), QSocketNotifier.Type.Read, application)
    notifier.activated.connect(lambda: application.exit(0))
    return notifier


def _choose_scene_graph(wanted: Literal["auto", "opengl", "software"]) -> None:
    """Before the application is made. Without a graphics card OpenGL is computed too, at many times the cost.

    Measured on two cores, 1280x800, 640x480 at 30 frames a second: 60 ms of processor time a frame with llvmpipe,
    7 ms with Qt's software scene graph, and 60 MB less memory.
    """
    if wanted == "auto":
        wanted = "opengl" if any(_GRAPHICS_CARDS.glob("renderD*")) else "software"
    if wanted == "software":
        QQuickWindow.setSceneGraphBackend("software")
        # Else QVideoFrame.toImage converts by OpenGL, which is llvmpipe again.
        QGuiApplication.setAttribute(Qt.ApplicationAttribute.AA_ForceRasterWidgets)
    else:
        QQuickWindow.setGraphicsApi(QSGRendererInterface.GraphicsApi.OpenGL)


def run(options: Options) -> int:
    """Run until core or a signal ends it. Returns the exit code."""
    # No message handler of ours: Qt's type-loading thread would wait in it for the interpreter that waits for Qt
    # (a hang, reproduced with a warning from «import QtMultimedia»). Qt writes to standard error, which is the log.
    os.environ.setdefault("QT_MESSAGE_PATTERN", _MESSAGE_PATTERN)
    # The wheel looks for PipeWire's screen capture, which is never used here.
    os.environ.setdefault("QT_LOGGING_RULES", "qt.multimedia.symbolsresolver=false")
    surface = QSurfaceFormat.defaultFormat()
    surface.setSwapInterval(1)
    QSurfaceFormat.setDefaultFormat(surface)
    QLocale.setDefault(QLocale(QLocale.Language.NorwegianBokmal, QLocale.Country.Norway))
    _choose_scene_graph(options.scene_graph)
    application = QGuiApplication([sys.argv[0]])
    application.setApplicationName("svar")
    application.setQuitOnLastWindowClosed(False)
    process = UiProcess(options, application)
    notifier = _end_on_signals(application)
    process.start()
    code = application.exec()
    notifier.setEnabled(False)
    return code
