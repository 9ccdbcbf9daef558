"""One call in media: which peer connection is current, its tracks and counts; devices are handed in, core decides.

Commands of a call are done one after the other; dropping it interrupts whatever is under way.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from aiortc import RTCIceServer
from aiortc.mediastreams import MediaStreamTrack
from av.video.frame import VideoFrame

from kiosk.ipc.media_messages import (
    CallAnswered,
    CallPrepared,
    CallRefused,
    FirstRemoteFrame,
    FromMedia,
    LineChanged,
    LineState,
    Negotiated,
    OfferReady,
    SdpTrouble,
)
from kiosk.media.negotiation import SdpRefusedError
from kiosk.media.peer import Peer
from kiosk.media.playout import Samples
from kiosk.media.video import PictureTrack, for_ring, see
from kiosk.media.voice import Microphone, VoiceTrack, hear

_log = logging.getLogger(__name__)


_KEY_FRAME_EVERY_S = 0.15
_KEY_FRAME_TRIES = 30


class CallDevices(msgspec.Struct, frozen=True):
    """What a call uses of the devices; ``on`` and ``off`` switch camera and microphone."""

    microphone: Microphone
    paint: Callable[[int, int, bytes, float], None]
    play: Callable[[Samples], None]
    on: Callable[[], None]
    off: Callable[[], None]


class _Leg:
    """A peer connection of the call with its tracks and the tasks that drain what it receives."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.picture = PictureTrack()
        self._drains: dict[str, asyncio.Task[None]] = {}
        self.first_frame = False
        self.peer = Peer(
            call.ice_servers,
            VoiceTrack(call.devices.microphone),
            self.picture,
            on_track=self._on_track,
            on_line=lambda line: call.line_changed(self, line),
        )

    def _on_track(self, track: MediaStreamTrack) -> None:
        """Every track is drained, since aiortc queues without limit; only the first of a kind is seen or heard."""
        drain: Coroutine[Any, Any, None]
        if track.kind in self._drains:
            self._drains[f"{track.kind} {track.id}"] = asyncio.create_task(hear(track, lambda _: None))
            return
        if track.kind == "video":
            drain = see(track, lambda frame: self._call.frame_seen(self, frame))
        else:
            drain = hear(track, lambda samples: self._call.sound_heard(self, samples))
        self._drains[track.kind] = asyncio.create_task(drain, name=f"remote {track.kind}")

    async def close(self, *, silently: bool = False) -> None:
        await self.peer.close(silently=silently)
        for task in self._drains.values():
            task.cancel()
        await asyncio.gather(*self._drains.values(), return_exceptions=True)


class Call:
    """A call from its offer (or, after a restart of media, from what was negotiated) until it is dropped."""

    def __init__(
        self, call_id: str, ice_servers: list[RTCIceServer], devices: CallDevices, tell: Callable[[FromMedia], None]
    ) -> None:
        self.call_id = call_id
        self.ice_servers = ice_servers
        self.devices = devices
        self._tell = tell
        self._leg: _Leg | None = None
        self._leaving: _Leg | None = None
        self._order = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._dropped = False
        self.frames_received = 0
        self.audio_frames_received = 0
        self._frames_sent_before = 0

    @property
    def frames_sent(self) -> int:
        """Camera frames that were taken for sending since the call began."""
        return self._frames_sent_before + (self._leg.picture.taken if self._leg else 0)

    def show(self, frame: VideoFrame) -> None:
        """A camera frame for the other end."""
        if self._leg is not None:
            self._leg.picture.show(frame)

    def prepare(self, offer: str) -> None:
        """→ CallPrepared or CallRefused."""

        async def work() -> None:
            self._leg = _Leg(self)
            await self._leg.peer.prepare(offer)
            self._tell(CallPrepared(call_id=self.call_id))

        self._do(work())

    def accept(self) -> None:
        """→ CallAnswered or CallRefused; camera and microphone on."""

        async def work() -> None:
            if self._leg is None:
                raise SdpRefusedError(SdpTrouble.FAILED, "nothing was prepared")
            self.devices.on()
            sdp = await self._leg.peer.answer()
            self._tell(CallAnswered(call_id=self.call_id, sdp=sdp))

        self._do(work())

    def reoffer(self, negotiated: Negotiated) -> None:
        """→ OfferReady or CallRefused. The connection there was goes on until the new one runs."""

        async def work() -> None:
            self.devices.on()
            leg = self._replace_leg()
            sdp = await leg.peer.offer(negotiated)
            self._tell(OfferReady(call_id=self.call_id, sdp=sdp))

        self._do(work())

    def take_answer(self, answer: str) -> None:
        """→ nothing, or CallRefused."""

        async def work() -> None:
            if self._leg is None:
                raise SdpRefusedError(SdpTrouble.FAILED, "nothing was offered")
            await self._leg.peer.take_answer(answer)

        self._do(work())

    def take_offer(self, offer: str) -> None:
        """→ CallAnswered or CallRefused. An offer with new ICE credentials gets a fresh peer connection."""

        async def work() -> None:
            if self._leg is None:
                raise SdpRefusedError(SdpTrouble.FAILED, "no connection to renegotiate")
            if self._leg.peer.restarts_ice(offer):
                leg = self._replace_leg()
                await leg.peer.prepare(offer)
                sdp = await leg.peer.answer()
            else:
                sdp = await self._leg.peer.renegotiate(offer)
            self._tell(CallAnswered(call_id=self.call_id, sdp=sdp))

        self._do(work())

    async def drop(self) -> None:
        """End it: devices off at once, connections closed within some seconds."""
        self._dropped = True
        self.devices.off()
        for task in self._tasks:
            task.cancel()
        legs = [leg for leg in (self._leaving, self._leg) if leg is not None]
        self._leaving = self._leg = None
        await asyncio.gather(*self._tasks, *(leg.close() for leg in legs), return_exceptions=True)

    def line_changed(self, leg: _Leg, line: LineState) -> None:
        """From a leg: only the current one speaks for the call."""
        if leg is not self._leg or self._dropped:
            return
        if line is LineState.CONNECTED and self._leaving is not None:
            leaving, self._leaving = self._leaving, None
            self._spawn(leaving.close(silently=True))
        if line is LineState.CONNECTED and not leg.first_frame:
            self._spawn(self._want_picture(leg))
        self._tell(LineChanged(call_id=self.call_id, line=line, at=time.monotonic()))

    async def _want_picture(self, leg: _Leg) -> None:
        """Ask for a key frame until one has come, or the other end seems to send no picture."""
        for _ in range(_KEY_FRAME_TRIES):
            if leg.first_frame or leg is not self._leg:
                return
            await leg.peer.ask_for_key_frame()
            await asyncio.sleep(_KEY_FRAME_EVERY_S)

    def frame_seen(self, leg: _Leg, frame: VideoFrame) -> None:
        """From a leg: a remote frame. The old connection is seen until the new one shows something."""
        if self._dropped or (leg is not self._leg and self._leg is not None and self._leg.first_frame):
            return
        at = time.monotonic()
        self.devices.paint(*for_ring(frame), at)
        self.frames_received += 1
        if not leg.first_frame:
            leg.first_frame = True
            self._tell(FirstRemoteFrame(call_id=self.call_id, at=at))

    def sound_heard(self, leg: _Leg, samples: Samples) -> None:
        """From a leg: remote voice."""
        if self._dropped or leg is self._leaving:
            return
        self.audio_frames_received += 1
        self.devices.play(samples)

    def _replace_leg(self) -> _Leg:
        if self._leaving is not None:
            self._spawn(self._leaving.close(silently=True))
        if self._leg is not None:
            self._frames_sent_before += self._leg.picture.taken
        self._leaving, self._leg = self._leg, _Leg(self)
        return self._leg

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        async def in_order() -> None:
            async with self._order:
                try:
                    await work
                except SdpRefusedError as error:
                    _log.warning("a description was refused: %s", error)
                    self._tell(CallRefused(call_id=self.call_id, trouble=error.trouble, detail=error.detail))

        task = self._spawn(in_order())
        task.add_done_callback(lambda _: work.close())  # dropped before its turn came

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
