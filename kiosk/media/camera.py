"""The picture source: a v4l2 camera, a file or the generated picture, read in a thread while it is on; sends nothing.

Frames come out no larger than the most that is sent and every second one also as the small self-view; the newest
wins. Off means closed: outside calls the device is not open.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import av
import msgspec
from av.container import InputContainer
from av.video.frame import VideoFrame

from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.generated_picture import GeneratedPicture
from kiosk.media.picture import fitted, planes_of

_log = logging.getLogger(__name__)

GENERATED = "generated"
GENERATED_SIZE = (640, 480)
SELF_VIEW_WIDTH, SELF_VIEW_HEIGHT = 320, 240
FRAMES_PER_SECOND = 30
RETRY_S = 3.0
_READ_LIMIT_S = 3.0


class SelfView(msgspec.Struct, frozen=True):
    """A small I420 picture for the patient's own screen."""

    width: int
    height: int
    planes: bytes


class CameraTroubleError(Exception):
    """The camera cannot be used."""

    def __init__(self, trouble: MediaTrouble, detail: str) -> None:
        super().__init__(f"{trouble.value}: {detail}")
        self.trouble = trouble
        self.detail = detail


def check_camera(source: str) -> CameraTroubleError | None:
    """Whether the source seems usable, without switching a camera on."""
    if source == GENERATED:
        return None
    try:
        mode = os.stat(source).st_mode
    except OSError as error:
        return CameraTroubleError(MediaTrouble.NOT_FOUND, os.strerror(error.errno or 0))
    if not os.access(source, os.R_OK):
        return CameraTroubleError(MediaTrouble.FAILED, "no permission")
    if stat.S_ISREG(mode):
        try:
            with av.open(source) as container:
                if not container.streams.video:
                    return CameraTroubleError(MediaTrouble.FAILED, "no picture in the file")
        except (av.FFmpegError, OSError, ValueError) as error:
            return CameraTroubleError(MediaTrouble.FAILED, type(error).__name__)
    elif not stat.S_ISCHR(mode):
        return CameraTroubleError(MediaTrouble.NOT_FOUND, "neither a device nor a file")
    return None


class Camera:
    """``on_state``, ``on_frame`` and ``on_self_view`` are called on the event loop, and not after ``switch_off``."""

    def __init__(
        self,
        source: str,
        *,
        size: tuple[int, int] = GENERATED_SIZE,
        on_state: Callable[[MediaTrouble | None, str], None],
        on_frame: Callable[[VideoFrame], None],
        on_self_view: Callable[[SelfView], None],
    ) -> None:
        self._source = source
        self.size = size if source != GENERATED else GENERATED_SIZE
        """Of its largest picture."""
        self._on_state = on_state
        self._on_frame = on_frame
        self._on_self_view = on_self_view
        self._loop = asyncio.get_running_loop()
        self._off: threading.Event | None = None

    @property
    def is_on(self) -> bool:
        """Whether the camera is meant to give frames."""
        return self._off is not None

    def switch_on(self) -> None:
        """Open the camera; frames follow. Tried again every few seconds while it fails."""
        if self._off is None:
            self._off = threading.Event()
            threading.Thread(target=self._run, args=(self._off,), name="camera", daemon=True).start()

    def switch_off(self) -> None:
        """No frame reaches anyone from now on; the device is closed as soon as its last read returns."""
        if self._off is not None:
            self._off.set()
            self._off = None

    def _run(self, off: threading.Event) -> None:
        """In the camera's thread, from one switch_on to its switch_off."""
        told: MediaTrouble | str | None = "nothing yet"
        while not off.is_set():
            try:
                for number, frame in enumerate(_frames(self._source, self.size, off)):
                    if off.is_set():
                        return
                    if told is not None:
                        told = None
                        self._tell(off, self._on_state, None, "")
                    self._tell(off, self._on_frame, frame)
                    if number % 2 == 0:
                        self._tell(off, self._on_self_view, _self_view(frame))
                trouble = CameraTroubleError(MediaTrouble.STALLED, "no more frames")
            except CameraTroubleError as error:
                trouble = error
            if trouble.trouble is not told and not off.is_set():
                told = trouble.trouble
                self._tell(off, self._on_state, trouble.trouble, trouble.detail)
            off.wait(RETRY_S)

    def _tell(self, off: threading.Event, call: Callable[..., None], *arguments: object) -> None:
        def on_loop() -> None:
            if not off.is_set():
                call(*arguments)

        with suppress(RuntimeError):  # the loop has been closed meanwhile
            self._loop.call_soon_threadsafe(on_loop)


def _self_view(frame: VideoFrame) -> SelfView:
    width, height = fitted(frame.width, frame.height, SELF_VIEW_WIDTH, SELF_VIEW_HEIGHT)
    small = frame.reformat(width=width, height=height, format="yuv420p", threads=1)
    return SelfView(width=width, height=height, planes=planes_of(small))


def _frames(source: str, size: tuple[int, int], off: threading.Event) -> Iterator[VideoFrame]:
    """Frames ready to send, at most 30 a second. Raises CameraTroubleError."""
    if source == GENERATED:
        yield from _generated(off)
        return
    try:
        if source.startswith("/dev/"):
            yield from _device(source, size)
        else:
            yield from _file(source, size, off)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise CameraTroubleError(_trouble_of(error), type(error).__name__) from error


def _generated(off: threading.Event) -> Iterator[VideoFrame]:
    picture = GeneratedPicture(*GENERATED_SIZE)
    due = time.monotonic()
    while not off.is_set():
        yield VideoFrame.from_ndarray(picture.draw(int(time.time() * 1000)), format="yuv420p")
        due = max(due + 1 / FRAMES_PER_SECOND, time.monotonic() - 1 / FRAMES_PER_SECOND)
        off.wait(max(0.0, due - time.monotonic()))


def _device(source: str, size: tuple[int, int]) -> Iterator[VideoFrame]:
    with _opened(source, size) as container:
        last = 0.0
        for frame in container.decode(video=0):
            now = time.monotonic()
            if now - last >= 0.8 / FRAMES_PER_SECOND:
                last = now
                yield _ready(frame, size)


def _opened(source: str, size: tuple[int, int]) -> InputContainer:
    """The camera in the largest mode that it has: 720p comes at 30 pictures a second only as MJPEG over USB 2."""
    modes = [{"video_size": f"{size[0]}x{size[1]}", "input_format": "mjpeg"}, {"video_size": "640x480"}, {}]
    limit = (_READ_LIMIT_S, _READ_LIMIT_S)
    for mode in modes[:-1]:
        with suppress(ValueError):  # EINVAL: it has no such mode
            return av.open(source, format="v4l2", options=mode | {"framerate": str(FRAMES_PER_SECOND)}, timeout=limit)
    return av.open(source, format="v4l2", options=modes[-1], timeout=limit)


def _file(source: str, size: tuple[int, int], off: threading.Event) -> Iterator[VideoFrame]:
    """The file's frames at its own pace, from the beginning again at its end."""
    with av.open(source) as container:
        if not container.streams.video:
            raise CameraTroubleError(MediaTrouble.FAILED, "no picture in the file")
        while not off.is_set():
            began = time.monotonic()
            first: float | None = None
            for frame in container.decode(video=0):
                at = frame.time or 0.0
                first = at if first is None else first
                off.wait(max(0.0, min(1.0, began + at - first - time.monotonic())))
                yield _ready(frame, size)
            if first is None:
                raise CameraTroubleError(MediaTrouble.FAILED, "no frame in the file")
            off.wait(1 / FRAMES_PER_SECOND)
            container.seek(0)


def _ready(frame: VideoFrame, size: tuple[int, int]) -> VideoFrame:
    width, height = fitted(frame.width, frame.height, *size)
    if (frame.width, frame.height, frame.format.name) == (width, height, "yuv420p"):
        return frame
    return frame.reformat(width=width, height=height, format="yuv420p", threads=1)


def _trouble_of(error: Exception) -> MediaTrouble:
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return MediaTrouble.NOT_FOUND
    if number in (errno.EBUSY, errno.EAGAIN):
        return MediaTrouble.BUSY
    if number == errno.ETIMEDOUT or type(error).__name__ == "ExitError":
        return MediaTrouble.STALLED
    return MediaTrouble.FAILED
