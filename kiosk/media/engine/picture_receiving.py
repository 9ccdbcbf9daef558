"""The nurse's picture on its way in: packets become frames, frames are decoded in a thread; holes are asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from av.video.frame import VideoFrame

from kiosk.media.codec.libvpx import Vp8Decoder, Vp8Error
from kiosk.media.rtp.frame_assembly import AssembledFrame, FrameAssembly
from kiosk.media.rtp.key_frame_requests import HOPELESS, KeyFrameRequests
from kiosk.media.rtp.retransmission import MissingPackets
from kiosk.media.rtp.sequence import Unwrapper

_LIFETIME_S = 2.0
_MOST_UNDECODED = 30
_KEY_FRAME_PACKETS = 16
"""Before the first packet that came, so many may have been lost."""


class PictureReceiving:
    """``on_picture(frame, ticks)`` on the event loop; ``ticks``: the frame's unwrapped RTP timestamp, 90 kHz."""

    def __init__(self, on_picture: Callable[[VideoFrame, int], None]) -> None:
        self._on_picture = on_picture
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="decoder")
        self._decoder: Vp8Decoder | None = None
        self._round_trip_s: float | None = None
        self._key_frame_requests = KeyFrameRequests(time.monotonic())
        self.begin_anew()
        self._undecoded = 0
        self._closed = False
        self.frames_received = 0
        self.key_frames_decoded = 0
        self.frames_decoded = 0
        self.frames_dropped = 0
        self.decode_seconds = 0.0
        self.width = self.height = 0

    def begin_anew(self) -> None:
        """The pictures come from another source now: its numbers have nothing to do with those before."""
        self._assembly = FrameAssembly()
        self._numbers = Unwrapper(16)
        self._timestamps = Unwrapper(32)
        self.missing = MissingPackets(lifetime=_LIFETIME_S)
        if self._round_trip_s is not None:
            self.missing.set_round_trip(self._round_trip_s)
        self._begun = False
        self._at_once = False

    def received(self, number16: int, timestamp32: int, marker: bool, payload: bytes, again: bool, now: float) -> None:
        """A packet, sent first or again; ``payload`` is empty when it only fills its number."""
        number = self._numbers.unwrap(number16)
        timestamp = self._timestamps.unwrap(timestamp32)
        self.missing.received(number, now, retransmitted=again, ends=marker)
        self._assembly.put(number, timestamp, marker, payload, now)
        if not self._begun:
            self._begun = True
            if self._assembly.began_inside:
                self._at_once = True
                self.missing.expect_earlier(_KEY_FRAME_PACKETS, now)
        self._take(now)

    def set_round_trip(self, seconds: float) -> None:
        """As reports tell."""
        self._round_trip_s = seconds
        self.missing.set_round_trip(seconds)
        self._key_frame_requests.set_round_trip(seconds)

    def turn(self, now: float) -> bool:
        """Whether a key frame is to be asked for now."""
        if self._at_once:  # joined in the middle, as a fresh connection of a running call does: nothing else helps
            self._at_once = False
            if self._assembly.needs_key_frame:
                return True
        due = self._assembly.next_due(now)
        if due is not None and due <= now:
            self._take(now)
        missing = self.missing.missing
        if missing > HOPELESS:
            # As where a line has become narrow and its queue ran over: to send all that again takes it seconds, and
            # until then neither the key frame nor the voice has room.
            self.missing.give_up()
            self._assembly.await_key_frame()
        return self._key_frame_requests.ask(
            now,
            needs_key_frame=self._assembly.needs_key_frame,
            waiting_since=self._assembly.waiting_since(now),
            key_frame_progress=self._assembly.key_frame_progress(),
            missing=missing,
        )

    def close(self) -> None:
        """The thread ends by itself after what it is doing."""
        self._closed = True
        self._thread.submit(self._release)
        self._thread.shutdown(wait=False)

    def _take(self, now: float) -> None:
        frames = self._assembly.take(now)
        for frame in frames:
            self._decode(frame, now)
        if self._assembly.next_number is not None:
            self.missing.forget_before(self._assembly.next_number)

    def _decode(self, frame: AssembledFrame, now: float) -> None:
        self.frames_received += 1
        self._key_frame_requests.frame_taken(frame.key_frame, now)
        if self._undecoded >= _MOST_UNDECODED:
            self._failed()
            return
        self._undecoded += 1
        self._thread.submit(self._decode_in_thread, frame)

    def _decode_in_thread(self, frame: AssembledFrame) -> None:
        began = time.thread_time()
        picture: VideoFrame | None = None
        failed = False
        try:
            if self._decoder is None:
                self._decoder = Vp8Decoder()
            picture = self._decoder.decode(frame.data)
        except Vp8Error:
            failed = True
        finally:
            self.decode_seconds += time.thread_time() - began
            try:
                self._loop.call_soon_threadsafe(self._decoded, frame, picture, failed)
            except RuntimeError:  # the loop has been closed meanwhile
                self._closed = True

    def _decoded(self, frame: AssembledFrame, picture: VideoFrame | None, failed: bool) -> None:
        self._undecoded -= 1
        if self._closed:
            return
        if failed:
            self._failed()
        if picture is not None:
            self.frames_decoded += 1
            self.key_frames_decoded += frame.key_frame
            self.width, self.height = picture.width, picture.height
            self._on_picture(picture, frame.timestamp)

    def _failed(self) -> None:
        self.frames_dropped += 1
        self._assembly.await_key_frame()
        self._key_frame_requests.decoder_failed()

    def _release(self) -> None:
        self._decoder = None
