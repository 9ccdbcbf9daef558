"""Frames out of a real ring: the planes as written, old calls' pictures never, a blank when the call is over."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor
from PySide6.QtMultimedia import QVideoFrame, QVideoSink
from pytestqt.qtbot import QtBot

from kiosk.ipc.frame_ring import Frame, FrameRingReader, FrameRingWriter, picture_bytes
from kiosk.ui.video_item import VideoFeed, to_video_frame
from tests.ui.pictures import plain

# A bare qWarning, once, where there is no OpenGL.
pytestmark = pytest.mark.qt_log_ignore("Using CPU conversion")


@pytest.mark.parametrize(("width", "height"), [(640, 480), (320, 240), (642, 362), (99, 57), (2, 2), (1280, 720)])
def test_planes_are_copied_whole_whatever_the_stride(width: int, height: int, qtbot: QtBot) -> None:
    planes = bytes(number * 7 % 251 for number in range(picture_bytes(width, height)))
    picture = to_video_frame(Frame(1, width, height, 0.0, planes))
    assert picture is not None
    assert picture.map(QVideoFrame.MapMode.ReadOnly)
    chroma = (width + 1) // 2, (height + 1) // 2
    half = width // 2, height // 2
    begin = 0
    for plane, (columns, rows), kept in (
        (0, (width, height), (width & ~1, height & ~1)),
        (1, chroma, half),
        (2, chroma, half),
    ):
        stride, data = picture.bytesPerLine(plane), bytes(picture.bits(plane))
        for row in range(kept[1]):
            source = begin + row * columns
            assert data[row * stride : row * stride + kept[0]] == planes[source : source + kept[0]]
        begin += columns * rows
    picture.unmap()


class Played:
    """A ring, a feed that reads it and a sink that it plays on."""

    def __init__(self, images: bool) -> None:
        self.writer = FrameRingWriter("test")
        self.feed = VideoFeed()
        self.shown: list[int] = []
        self.feed.frameShown.connect(self._shown)
        self.sink = QVideoSink()
        if images:
            self.feed.paintImages()
        else:
            self.feed.paintOn(self.sink)

    def _shown(self, number: int) -> None:
        self.shown.append(number)

    def take(self) -> None:
        self.feed.take(FrameRingReader(os.dup(self.writer.memory), os.dup(self.writer.bell)))

    def write(self, luma: int) -> None:
        self.writer.write(64, 48, plain(64, 48, luma), 1.0)

    def colour(self) -> QColor:
        return self.feed.image().pixelColor(10, 10)


@pytest.fixture(params=[False, True], ids=["sink", "images"])
def played(request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[Played]:
    played = Played(request.param)
    yield played
    played.feed.release()
    played.writer.close()


def test_a_frame_is_shown_when_the_bell_rings(played: Played, qtbot: QtBot) -> None:
    played.take()
    assert not played.feed.active
    played.write(200)
    qtbot.waitUntil(lambda: played.shown == [1], timeout=2000)
    assert played.feed.active


def test_a_frame_that_was_written_before_is_shown_at_once(played: Played, qtbot: QtBot) -> None:
    played.write(200)
    played.take()
    assert played.shown == [1]


def test_the_newest_wins(played: Played, qtbot: QtBot) -> None:
    played.take()
    for _ in range(9):
        played.write(100)
    qtbot.waitUntil(lambda: played.shown == [9], timeout=2000)


def test_a_picture_of_an_earlier_call_is_not_seen_again(played: Played, qtbot: QtBot) -> None:
    played.take()
    played.write(100)
    qtbot.waitUntil(lambda: played.shown == [1], timeout=2000)
    played.feed.begin_call()
    assert played.shown == [1, 0]
    assert not played.feed.active
    os.eventfd_write(played.writer.bell, 1)
    qtbot.wait(30)
    assert played.shown == [1, 0]
    played.write(100)
    qtbot.waitUntil(lambda: played.shown == [1, 0, 2], timeout=2000)


def test_blank_takes_the_picture_away(played: Played, qtbot: QtBot) -> None:
    played.take()
    played.write(100)
    qtbot.waitUntil(lambda: bool(played.shown), timeout=2000)
    played.writer.blank()
    qtbot.waitUntil(lambda: not played.feed.active, timeout=2000)
    assert played.shown == [1, 0]
    assert played.feed.image().isNull()


def test_a_new_ring_replaces_the_old(played: Played, qtbot: QtBot) -> None:
    played.take()
    played.write(100)
    qtbot.waitUntil(lambda: played.shown == [1], timeout=2000)
    old, played.writer = played.writer, FrameRingWriter("another")
    played.take()
    assert played.shown == [1, 0]
    played.write(100)
    qtbot.waitUntil(lambda: played.shown == [1, 0, 1], timeout=2000)
    old.close()


def test_a_picture_without_size_is_refused(played: Played, qtbot: QtBot) -> None:
    played.take()
    played.writer.write(0, 0, b"", 1.0)
    played.write(100)
    qtbot.waitUntil(lambda: bool(played.shown), timeout=2000)
    assert played.shown == [2]


@pytest.mark.parametrize(
    ("planes", "colour"),
    [
        ((81, 90, 240), (255, 0, 0)),
        ((145, 54, 34), (0, 255, 0)),
        ((41, 240, 110), (0, 0, 255)),
        ((235, 128, 128), (255, 255, 255)),
        ((16, 128, 128), (0, 0, 0)),
    ],
)
def test_colours(planes: tuple[int, int, int], colour: tuple[int, int, int], qtbot: QtBot) -> None:
    played = Played(images=True)
    played.take()
    played.writer.write(64, 48, plain(64, 48, *planes), 1.0)
    qtbot.waitUntil(lambda: bool(played.shown), timeout=2000)
    got = played.colour()
    assert all(abs(a - b) <= 6 for a, b in zip((got.red(), got.green(), got.blue()), colour, strict=True)), got
    played.feed.release()
    played.writer.close()
