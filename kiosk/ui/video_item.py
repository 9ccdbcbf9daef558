"""Pictures out of a frame ring onto the screen: through QVideoSink, or painted as images on a software scene graph."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Property, QObject, QRect, QRectF, QSize, QSocketNotifier, Signal, Slot
from PySide6.QtGui import QImage, QPainter
from PySide6.QtQml import QmlElement
from PySide6.QtQuick import QQuickItem, QQuickPaintedItem

from kiosk.ipc.frame_ring import Frame, FrameRingReader

if TYPE_CHECKING:
    from PySide6.QtMultimedia import QVideoFrame, QVideoSink

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1

_log = logging.getLogger(__name__)


def _copy_plane(source: memoryview, source_stride: int, target: memoryview, stride: int, size: tuple[int, int]) -> None:
    columns, rows = size
    if stride == source_stride == columns:
        target[: columns * rows] = source[: columns * rows]
        return
    for row in range(rows):
        begin = row * source_stride
        target[row * stride : row * stride + columns] = source[begin : begin + columns]


def to_video_frame(frame: Frame) -> QVideoFrame | None:
    """The picture as a QVideoFrame, row by row into Qt's own strides; None when Qt gives no memory for it.

    The last row and column of an odd size are left out: Qt's chroma planes round down.
    """
    from PySide6.QtMultimedia import QVideoFrame, QVideoFrameFormat

    width, height = frame.width & ~1, frame.height & ~1
    layout = QVideoFrameFormat(QSize(width, height), QVideoFrameFormat.PixelFormat.Format_YUV420P)
    layout.setColorSpace(QVideoFrameFormat.ColorSpace.ColorSpace_BT601)
    layout.setColorRange(QVideoFrameFormat.ColorRange.ColorRange_Video)
    picture = QVideoFrame(layout)
    if not picture.map(QVideoFrame.MapMode.WriteOnly):
        return None
    source = memoryview(frame.planes)
    chroma = (frame.width + 1) // 2, (frame.height + 1) // 2
    half = width // 2, height // 2
    begin = 0
    for plane, (columns, rows), size in (
        (0, (frame.width, frame.height), (width, height)),
        (1, chroma, half),
        (2, chroma, half),
    ):
        target = memoryview(picture.bits(plane))
        _copy_plane(source[begin:], columns, target, picture.bytesPerLine(plane), size)
        begin += columns * rows
    picture.unmap()
    return picture


@QmlElement
class VideoFeed(QObject):
    """One stream of pictures. Shows only frames of the call that was announced with ``begin_call``.

    ``frameShown(number)`` tells that a frame has been handed to the item that draws it; 0 that it was taken away.
    """

    active_changed = Signal()
    image_changed = Signal()
    frameShown = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader: FrameRingReader | None = None
        self._notifier: QSocketNotifier | None = None
        self._sinks: list[QVideoSink] = []
        self._image = QImage()
        self._paints_images = False
        self._last: Frame | None = None
        self._floor = 0
        self._shown = 0
        self._active = False

    def take(self, reader: FrameRingReader) -> None:
        """Read from this ring from now on; a ring that was read before is given back."""
        self.release()
        self._reader = reader
        self._floor = 0
        self._notifier = QSocketNotifier(reader.bell, QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._rung)
        self._show_newest()

    def release(self) -> None:
        """Give the ring back and blank the picture."""
        if self._notifier is not None:
            self._notifier.setEnabled(False)
            self._notifier.deleteLater()
            self._notifier = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._blank()

    def begin_call(self) -> None:
        """Frames that lie in the ring now belong to an earlier call and are not to be seen again."""
        self._floor = self._reader.newest() if self._reader is not None else 0
        self._blank()

    def wait_for_next(self) -> None:
        """Take the picture away until a new frame comes."""
        self.begin_call()

    @Property(bool, notify=active_changed)
    def active(self) -> bool:
        """Whether there is a picture."""
        return self._active

    @Slot(QObject)
    def paintOn(self, sink: QVideoSink) -> None:
        """Hand frames to this sink of a VideoOutput too: every page that shows the stream has one."""
        self._sinks.append(sink)
        self._draw_last()

    @Slot()
    def paintImages(self) -> None:
        """Convert frames to images for a PictureItem: there is no VideoOutput."""
        self._paints_images = True
        self._draw_last()

    def image(self) -> QImage:
        """The newest picture as an image; null without one."""
        return self._image

    def _rung(self) -> None:
        if self._reader is None:
            return
        self._reader.hush()
        self._show_newest()

    def _show_newest(self) -> None:
        if self._reader is None:
            return
        newest = self._reader.newest()
        if newest == 0:
            self._floor = 0
            self._blank()
            return
        if newest <= self._floor or newest == self._shown:
            return
        frame = self._reader.read()
        if frame is None:
            return  # the writer lapped us: the bell rings again for the frame that did it
        if frame.width < 2 or frame.height < 2:
            _log.warning("refused a picture of %dx%d", frame.width, frame.height)
            return
        self._last = frame
        self._shown = frame.number
        if not self._active:
            self._active = True
            self.active_changed.emit()
        self._draw_last()

    def _draw_last(self) -> None:
        frame = self._last
        if frame is None or not (self._sinks or self._paints_images):
            return
        picture = to_video_frame(frame)
        if picture is None:
            _log.error("no memory for a picture of %dx%d", frame.width, frame.height)
            return
        for sink in self._sinks:
            sink.setVideoFrame(picture)
        if not self._sinks:
            self._image = picture.toImage()
            self.image_changed.emit()
        self.frameShown.emit(frame.number)

    def _blank(self) -> None:
        if self._last is None:
            return
        self._last = None
        self._shown = 0
        if self._sinks:
            from PySide6.QtMultimedia import QVideoFrame

            for sink in self._sinks:
                sink.setVideoFrame(QVideoFrame())
        self._image = QImage()
        self._active = False
        self.active_changed.emit()
        self.image_changed.emit()
        self.frameShown.emit(0)


@QmlElement
class PictureItem(QQuickPaintedItem):
    """Paints a feed's image, whole and centred: for scene graphs on which VideoOutput shows nothing."""

    feed_changed = Signal()

    def __init__(self, parent: QQuickItem | None = None) -> None:
        super().__init__(parent)
        self._feed: VideoFeed | None = None
        self.setOpaquePainting(False)

    def _get_feed(self) -> VideoFeed | None:
        return self._feed

    def _set_feed(self, feed: VideoFeed | None) -> None:
        if feed is self._feed:
            return
        if self._feed is not None:
            self._feed.image_changed.disconnect(self.refresh)
        self._feed = feed
        if feed is not None:
            feed.image_changed.connect(self.refresh)
            feed.paintImages()
        self.feed_changed.emit()

    feed = Property(VideoFeed, _get_feed, _set_feed, notify=feed_changed)

    @Slot()  # without it the connection is made and never called: QML made this object
    def refresh(self) -> None:
        """A new picture has come."""
        self.update(QRect(0, 0, math.ceil(self.width()), math.ceil(self.height())))

    def paint(self, painter: QPainter) -> None:
        """Draw the picture into the item, bars left free."""
        image = QImage() if self._feed is None else self._feed.image()
        if image.isNull() or self.width() <= 0 or self.height() <= 0:
            return
        scale = min(self.width() / image.width(), self.height() / image.height())
        width, height = image.width() * scale, image.height() * scale
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height), image)
