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
from av.video.frame import VideoFrame

from kiosk.facts.call_statistics import CallStatistics
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
from kiosk.media.engine.remote_voice import RemoteVoice
from kiosk.media.engine.session import MediaSession
from kiosk.media.engine.statistics import statistics_of
from kiosk.media.negotiation import SdpRefusedError
from kiosk.media.peer import Peer
from kiosk.media.playout import Samples
from kiosk.media.relaying import Relaying
from kiosk.media.text_channels import TextChannels
from kiosk.media.video import for_ring
from kiosk.media.voice import Microphone

_log = logging.getLogger(__name__)


class CallDevices(msgspec.Struct, frozen=True):
    """What a call uses of the devices; ``on`` and ``off`` switch camera and microphone."""

    microphone: Microphone
    paint: Callable[[int, int, bytes, float], None]
    listen_to: Callable[[Callable[[], Samples]], None]
    on: Callable[[], None]
    off: Callable[[], None]
    picture_size: tuple[int, int] = (640, 480)


class _Leg:
    """A peer connection of the call with its media."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._reader = call.devices.microphone.reader()
        self.session = MediaSession(
            self._reader,
            picture_size=call.devices.picture_size,
            on_picture=lambda frame: call.frame_seen(self, frame),
            on_voice=lambda voice: call.voice_came(self, voice),
        )
        self.session.receiving.lip_sync.output_delay_s = call.picture_delay_s
        self.first_frame = False
        self.answered = False
        """Offer and answer have been exchanged: from now on this leg speaks for the call."""
        self.offering = False
        self.peer = Peer(
            call.relaying.servers,
            self.session,
            on_line=lambda line: call.line_changed(self, line),
            on_channel=call.text.came,
            relay_only=call.relaying.only,
            tls=call.relaying.tls,
        )

    async def close(self, *, silently: bool = False) -> None:
        self._call.devices.microphone.leave(self._reader)
        await self.peer.close(silently=silently)


class Call:
    """A call from its offer (or, after a restart of media, from what was negotiated) until it is dropped."""

    def __init__(
        self, call_id: str, relaying: Relaying, devices: CallDevices, tell: Callable[[FromMedia], None]
    ) -> None:
        self.call_id = call_id
        self.relaying = relaying
        self.devices = devices
        self._tell = tell
        self.text = TextChannels(call_id, tell, time.monotonic)
        self._leg: _Leg | None = None
        self._leaving: _Leg | None = None
        self._order = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closings: set[asyncio.Task[None]] = set()
        self._dropped = False
        self.picture_delay_s = 0.0
        self.frames_received = 0
        self._frames_sent_before = 0
        self._voice_before = 0

    @property
    def frames_sent(self) -> int:
        """Camera frames that were taken for sending since the call began."""
        picture = self._leg.session.sending.pictures if self._leg else None
        return self._frames_sent_before + (picture.taken if picture else 0)

    @property
    def voice_packets_received(self) -> int:
        """Packets of remote voice since the call began."""
        return self._voice_before + (self._leg.session.receiving.voice_packets if self._leg else 0)

    def statistics(self, now: float) -> CallStatistics | None:
        """What the connection there is has counted; None when there is none."""
        return statistics_of(self._leg.session, now) if self._leg is not None and self._leg.session.heard_at else None

    def show(self, frame: VideoFrame) -> None:
        """A camera frame for the other end."""
        if self._leg is not None:
            self._leg.session.show(frame)

    def delay_picture(self, seconds: float) -> None:
        """The loudspeaker sounds so much later than the sound card tells: the picture waits for the voice."""
        self.picture_delay_s = seconds
        for leg in (self._leg, self._leaving):
            if leg is not None:
                leg.session.receiving.lip_sync.output_delay_s = seconds

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
            self._leg.answered = True
            self._tell(CallAnswered(call_id=self.call_id, sdp=sdp))

        self._do(work())

    def reoffer(self, negotiated: Negotiated) -> None:
        """→ OfferReady or CallRefused. The connection there was goes on until the new one runs."""

        async def work() -> None:
            self.devices.on()
            leg = self._replace_leg()
            leg.offering = True
            sdp = await leg.peer.offer(negotiated)
            self._tell(OfferReady(call_id=self.call_id, sdp=sdp))

        self._do(work())

    def take_answer(self, answer: str) -> None:
        """→ nothing, or CallRefused."""

        async def work() -> None:
            if self._leg is None:
                raise SdpRefusedError(SdpTrouble.FAILED, "nothing was offered")
            await self._leg.peer.take_answer(answer)
            self._leg.offering, self._leg.answered = False, True

        self._do(work())

    def take_offer(self, offer: str) -> None:
        """→ CallAnswered or CallRefused. An offer with new ICE credentials gets a fresh peer connection, and so does
        one that crosses our own: ours will not be answered any more."""

        async def work() -> None:
            if self._leg is None:
                raise SdpRefusedError(SdpTrouble.FAILED, "no connection to renegotiate")
            if self._leg.offering or self._leg.peer.restarts_ice(offer):
                leg = self._replace_leg()
                await leg.peer.prepare(offer)
                sdp = await leg.peer.answer()
                leg.answered = True
            else:
                sdp = await self._leg.peer.renegotiate(offer)
            self._tell(CallAnswered(call_id=self.call_id, sdp=sdp))

        self._do(work())

    async def drop(self) -> None:
        """End it: devices off at once, connections closed within some seconds."""
        self._dropped = True
        self.text.end()
        self.devices.off()
        for task in self._tasks:
            task.cancel()
        legs = [leg for leg in (self._leaving, self._leg) if leg is not None]
        self._leaving = self._leg = None
        # What is being closed already is let finish: half closed it would keep its sockets.
        await asyncio.gather(*self._tasks, *self._closings, *(leg.close() for leg in legs), return_exceptions=True)

    def line_changed(self, leg: _Leg, line: LineState) -> None:
        """From a leg: the current one speaks for the call. Until it has been answered, the one before it may still say
        that it works again."""
        if self._dropped:
            return
        if leg is not self._leg:
            recovered = leg is self._leaving and line is LineState.CONNECTED
            if not recovered or self._leg is None or self._leg.answered:
                return
        elif line is LineState.CONNECTED and self._leaving is not None:
            leaving, self._leaving = self._leaving, None
            self._close_silently(leaving)
        self._tell(LineChanged(call_id=self.call_id, line=line, at=time.monotonic()))

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

    def voice_came(self, leg: _Leg, voice: RemoteVoice) -> None:
        """From a leg: its first packet of remote voice."""
        if not self._dropped and leg is not self._leaving:
            self.devices.listen_to(voice.pull)

    def _replace_leg(self) -> _Leg:
        """A fresh leg is the current one; of those before, the last that was answered goes on until it runs."""
        current = self._leg
        if current is not None:
            self._frames_sent_before, self._voice_before = self.frames_sent, self.voice_packets_received
            if current.answered or self._leaving is None:
                current, self._leaving = self._leaving, current
            if current is not None:
                self._close_silently(current)
        self._leg = _Leg(self)
        return self._leg

    def _close_silently(self, leg: _Leg) -> None:
        """An end that the other side does not hear: its side of the connection has been taken over."""
        task = asyncio.create_task(leg.close(silently=True))
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)

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
