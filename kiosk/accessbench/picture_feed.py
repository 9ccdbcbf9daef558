"""Pictures of the other end on a Stage: black, white, noise; as media would hand them over."""

from __future__ import annotations

import enum
import os

import numpy as np
from PySide6.QtCore import QUrl

from kiosk.accessbench.stage import QML, Stage, application
from kiosk.ipc.frame_ring import FrameRingReader, FrameRingWriter
from kiosk.ui.video_item import VideoFeed

WIDTH, HEIGHT = 640, 480
_SEED = 1


class Picture(enum.Enum):
    """What is seen."""

    BLACK = "black"
    WHITE = "white"
    NOISE = "noise"


class PictureFeed:
    """Pictures for one feed of a stage; close it before the stage."""

    def __init__(self, stage: Stage, feed: VideoFeed) -> None:
        if stage.model.videoPage.isEmpty():  # type: ignore[attr-defined]  # a Property of Qt
            stage.model.play_video_with(QUrl.fromLocalFile(str(QML / "PictureView.qml")))
        self._feed = feed
        self._writer = FrameRingWriter("picture-feed")
        feed.take(FrameRingReader(os.dup(self._writer.memory), os.dup(self._writer.bell)))

    def show(self, picture: Picture) -> None:
        """Let it be seen."""
        shape = (HEIGHT, WIDTH)
        match picture:
            case Picture.BLACK:
                luma = np.full(shape, 16, np.uint8)
            case Picture.WHITE:
                luma = np.full(shape, 235, np.uint8)
            case Picture.NOISE:
                luma = np.random.default_rng(_SEED).integers(16, 236, shape, np.uint8)
        self._writer.write(WIDTH, HEIGHT, luma.tobytes() + bytes([128]) * (WIDTH * HEIGHT // 2), 1.0)
        application().processEvents()

    def close(self) -> None:
        """Give the ring back."""
        self._feed.release()
        self._writer.close()
