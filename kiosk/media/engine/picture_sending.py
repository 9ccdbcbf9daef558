"""The camera's pictures on their way out: the newest one is scaled, encoded in a thread and cut into packets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from kiosk.media.codec.libvpx import EncodedPicture, Vp8Encoder
from kiosk.media.engine.outgoing import Outgoing, OutgoingStream
from kiosk.media.rtp import vp8_payload
from kiosk.media.rtp.allocation import Allocation

CLOCK_RATE = 90_000
_DARK_AFTER_S = 0.5
_DARK = (320, 240)
_KEY_FRAME_LEAST_S = 0.3
_MOST_WAITING_S = 0.12


class PictureSending:
    """``send(packets, key_frame)`` takes each picture's packets, on the event loop."""

    def __init__(self, stream: OutgoingStream, send: Callable[[list[Outgoing], bool], None]) -> None:
        self._stream = stream
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._encoder: Vp8Encoder | None = None
        # Not the frame's own: the camera's thread may be using that one, for the self-view, at the same moment.
        self._scaler = VideoReformatter()
        self._size = (0, 0)
        self._allocation: Allocation | None = None
        self._rate = (0, 0)
        self._packet_bytes = 1100
        self._newest: tuple[VideoFrame, float] | None = None
        self._busy = False
        self._closed = False
        self._key_wanted = True
        self._key_at = -1.0
        self._encoded_at = -1.0
        self._not_before = 0.0
        self._last_shown = time.monotonic()
        self._picture_id = int.from_bytes(np.random.bytes(2), "big") & 0x7FFF
        self.enabled = True
        self.camera_size = (640, 480)
        self.taken = 0
        self.encoded = 0
        self.key_frames = 0
        self.skipped = 0
        self.width = self.height = 0
        self.encode_seconds = 0.0

    def follow(self, allocation: Allocation) -> None:
        """Size, rate and frame rate from the next picture on."""
        self._allocation = allocation
        self._packet_bytes = allocation.picture_packet_bytes

    def want_key_frame(self) -> None:
        """The other end cannot go on without one."""
        self._key_wanted = True

    def begin_anew(self, at: float) -> None:
        """Nothing until ``at``, then a key frame."""
        self._not_before = at
        self._key_wanted = True
        self._key_at = -1.0

    def show(self, frame: VideoFrame, at: float) -> None:
        """A camera frame (``at``: CLOCK_MONOTONIC seconds); one that was not taken yet is forgotten."""
        self._newest = (frame, at)
        self._last_shown = at
        self.camera_size = (frame.width, frame.height)

    def turn(self, now: float, waiting_s: float) -> None:
        """Begin to encode if there is something to, and the packets of earlier pictures (``waiting_s``) allow it."""
        allocation = self._allocation
        if self._busy or self._closed or not self.enabled or allocation is None or not allocation.picture_bitrate:
            return
        if self._newest is None and now - self._last_shown >= _DARK_AFTER_S:
            self._newest = (_dark_frame(), now)
            self._last_shown = now
        if self._newest is None or now < self._not_before:
            return
        spacing = 1 / max(1, allocation.frames_per_second)
        if now - self._encoded_at < spacing * 0.8:
            return
        if waiting_s > _MOST_WAITING_S:
            self.skipped += 1
            self._newest = None
            return
        frame, at = self._newest
        self._newest = None
        self._encoded_at = max(self._encoded_at + spacing, now - spacing) if self._encoded_at > 0 else now
        self.taken += 1
        key = self._key_wanted and now - self._key_at >= _KEY_FRAME_LEAST_S
        if key:
            self._key_wanted, self._key_at = False, now
        self._busy = True
        self._thread.submit(self._encode, frame, at, allocation, key)

    def close(self) -> None:
        """The thread ends by itself after what it is doing."""
        self._closed = True
        self._thread.submit(self._release)
        self._thread.shutdown(wait=False)

    def _encode(self, frame: VideoFrame, at: float, allocation: Allocation, key: bool) -> None:
        """In the encoder's thread."""
        began = time.thread_time()
        picture: EncodedPicture | None = None
        try:
            size = (allocation.picture_width, allocation.picture_height)
            if frame.width < size[0] or frame.height < size[1]:
                size = (frame.width // 2 * 2, frame.height // 2 * 2)
            if (frame.width, frame.height) != size:
                # One thread: else the scaler starts one for each processor, which takes twice the processor time.
                frame = self._scaler.reformat(frame, width=size[0], height=size[1], interpolation="BILINEAR", threads=1)
            rate = (allocation.picture_bitrate, allocation.frames_per_second)
            if self._encoder is None:
                self._encoder = Vp8Encoder(*size, bitrate=rate[0], frames_per_second=rate[1])
                self._size, self._rate = size, rate
            if size != self._size:
                self._encoder.resize(*size)
                self._size = size
            if rate != self._rate:
                self._encoder.set_rate(*rate)
                self._rate = rate
            picture = self._encoder.encode(frame, pts_ms=int(at * 1000), key_frame=key)
        finally:
            self.encode_seconds += time.thread_time() - began
            if not self._closed:
                try:
                    self._loop.call_soon_threadsafe(self._encoded, picture, at)
                except RuntimeError:  # the loop has been closed meanwhile
                    return

    def _encoded(self, picture: EncodedPicture | None, at: float) -> None:
        self._busy = False
        if picture is None or self._closed:
            return
        self.encoded += 1
        self.width, self.height = self._size
        if picture.key_frame:
            self.key_frames += 1
            self._key_at = time.monotonic()
            self._key_wanted = False
        self._picture_id = self._picture_id + 1 & 0x7FFF
        payloads = vp8_payload.pack(
            picture.data,
            limit=self._packet_bytes,
            picture_id=self._picture_id,
            tl0picidx=None,
            temporal_layer=picture.temporal_layer,
            layer_sync=picture.layer_sync,
            non_reference=picture.non_reference,
        )
        ticks = int(at * CLOCK_RATE)
        last = len(payloads) - 1
        payload_type = self._stream.agreement.payload_type
        packets = [
            self._stream.fresh(payload_type, ticks, payload, marker=number == last)
            for number, payload in enumerate(payloads)
        ]
        self._send(packets, picture.key_frame)

    def _release(self) -> None:
        if self._encoder is not None:
            self._encoder.close()
            self._encoder = None


def _dark_frame() -> VideoFrame:
    width, height = _DARK
    dark = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    dark[:height] = 40
    return VideoFrame.from_ndarray(dark, format="yuv420p")
