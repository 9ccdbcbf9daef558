"""All media of one peer connection: aiortc brings it datagrams and takes datagrams from it, and looks into none.

What aiortc's senders and receivers would do (packets, jitter buffers, codecs, reports, rates) is done here; of aiortc
stay ICE, DTLS, SRTP and SDP. The private parts that are used are guarded by tests/media/engine/test_aiortc_contract.py.
Everything runs on the event loop, in callbacks; encoder and decoder have a thread each, the sound card pulls the voice.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any

from aiortc import RTCPeerConnection
from av.video.frame import VideoFrame

from kiosk.media.engine.agreement import Agreement
from kiosk.media.engine.datagrams import Datagrams
from kiosk.media.engine.receiving import Receiving
from kiosk.media.engine.remote_voice import RemoteVoice
from kiosk.media.engine.sending import Sending
from kiosk.media.rtp import rtcp
from kiosk.media.voice import MicrophoneReader

TICK_S = 0.005
_REPORT_EVERY_S = 0.5


class MediaSession:
    """Made before the connection begins; ``take_over`` it, then ``agree`` for each kind, then it runs by itself.

    ``picture_size``: the camera's. Both callbacks are called on the event loop: ``on_picture(frame)`` when a remote
    picture is due, ``on_voice(voice)`` once with the first packet of remote voice.
    """

    def __init__(
        self,
        microphone: MicrophoneReader,
        *,
        picture_size: tuple[int, int] = (640, 480),
        on_picture: Callable[[VideoFrame], None],
        on_voice: Callable[[RemoteVoice], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._agreements: dict[str, Agreement] = {}
        self._ssrcs: dict[str, tuple[int, int]] = {}
        self._transceivers: dict[str, Any] = {}
        now = time.monotonic()
        self.datagrams = Datagrams()
        self.receiving = Receiving(
            self.datagrams.send,
            lambda kind: self._ssrcs[kind][0],
            clock=time.monotonic,
            tick_s=TICK_S,
            on_picture=on_picture,
            on_voice=on_voice,
        )
        self.sending = Sending(
            self.datagrams.send,
            microphone,
            clock=time.monotonic,
            wall_less_monotonic=time.time() - now,
            picture_size=picture_size,
            may_send=lambda kind: bool(self._transceivers[kind].sender._enabled),
        )
        self._timer: asyncio.TimerHandle | None = None
        self._reported_at = now
        self._closed = False
        self.heard_at: float | None = None
        """When the last packet of media or its reports came; None before the first."""
        self.bytes_received = 0
        self._refused = 0

    @property
    def refused(self) -> int:
        """Packets of nonsense."""
        return self._refused + self.receiving.refused + self.sending.refused

    @property
    def expects_media(self) -> bool:
        """Whether the other end has agreed to send something now."""
        return any(bool(self._transceivers[kind].receiver._enabled) for kind in self.receiving.streams)

    # joining aiortc

    def take_over(self, connection: RTCPeerConnection) -> None:
        """From now on aiortc neither encodes, sends, decodes nor reports anything for this connection."""
        for transceiver in connection.getTransceivers():
            if self._transceivers.setdefault(transceiver.kind, transceiver) is transceiver:
                self._ssrcs[transceiver.kind] = (transceiver.sender._ssrc, transceiver.sender._rtx_ssrc)
                kind = transceiver.kind
            else:
                kind = None  # a second picture is agreed to, so that the browser is content, and not looked at
                self.receiving.several(transceiver.kind)
            sender: Any = transceiver.sender
            receiver: Any = transceiver.receiver
            sender.send = self._begin(kind, sending=True)
            receiver.receive = self._begin(kind, sending=False)
        dtls: Any = connection.getTransceivers()[0].receiver.transport
        dtls._handle_rtp_data = self._rtp_came
        dtls._handle_rtcp_data = self._rtcp_came
        self.datagrams.dtls = dtls

    def _begin(self, kind: str | None, *, sending: bool) -> Callable[[Any], Any]:
        async def begin(_parameters: object) -> None:
            agreement = self._agreements.get(kind) if kind is not None else None
            if agreement is None or self._closed:
                return
            if sending and agreement.kind not in self.sending.streams:
                self.sending.begin(agreement, *self._ssrcs[agreement.kind])
            elif not sending and agreement.kind not in self.receiving.streams:
                self.receiving.begin(agreement)
            if self._timer is None:
                self._timer = self._loop.call_later(TICK_S, self._tick)

        return begin

    def agree(self, agreement: Agreement) -> None:
        """What was negotiated for the first section of its kind; again after each renegotiation."""
        self._agreements[agreement.kind] = agreement
        self.sending.agree(agreement)
        self.receiving.agree(agreement)

    # arriving and leaving

    async def _rtp_came(self, data: bytes, arrival_time_ms: int) -> None:
        """In place of aiortc's; a datagram that SRTP has found genuine."""
        if self._closed:
            return
        self.heard_at = time.monotonic()
        self.bytes_received += len(data)
        self.receiving.came(data, self.heard_at)

    async def _rtcp_came(self, data: bytes) -> None:
        """In place of aiortc's. A BYE changes nothing: a browser says it when it replaces a track."""
        if self._closed:
            return
        now = self.heard_at = time.monotonic()
        self.bytes_received += len(data)
        try:
            reports = rtcp.parse(data)
        except ValueError:
            self._refused += 1
            return
        for report in reports:
            match report:
                case rtcp.TransportFeedbackBytes():
                    self.sending.feedback(report.fci, now)
                case rtcp.Nack():
                    self.sending.asked(report, now)
                case rtcp.KeyFrameWanted():
                    self.sending.key_frame_wanted()
                case rtcp.SenderReport():
                    self.receiving.sender_reported(report, now)
                case rtcp.ReportBlock():
                    self.sending.receiver_reported(report, now)
                case rtcp.ReceiverLimit():
                    self.sending.estimate.receiver_limit(report.bits_per_second, now)

    def show(self, frame: VideoFrame) -> None:
        """A camera frame for the other end."""
        self.sending.show(frame)

    # time

    def _tick(self) -> None:
        now = time.monotonic()
        self._timer = None
        if self._closed:
            return
        self._timer = self._loop.call_later(TICK_S, self._tick)
        self.receiving.show_due(now)
        self.sending.tick(now)
        if self.sending.estimate.round_trip_s is not None:
            self.receiving.set_round_trip(self.sending.estimate.round_trip_s)
        self.receiving.tick(now)
        if now - self._reported_at >= _REPORT_EVERY_S:
            self._reported_at = now
            self._report(now)

    def _report(self, now: float) -> None:
        """A compound report of everything. Between them feedback goes alone (RFC 5506; every browser agrees to it)."""
        blocks = self.receiving.blocks(now)
        parts = self.sending.reports(blocks, now)
        if blocks and not parts:
            parts.append(rtcp.receiver_report(self._ssrcs["audio"][0], blocks))
        if parts:
            self.datagrams.send(b"".join(parts))

    # the end

    async def close(self, *, silently: bool) -> None:
        """Stop; ``silently``: without a BYE. The connection itself is closed by its owner."""
        if self._closed:
            return
        if not silently and self.datagrams.dtls is not None and self.sending.streams:
            with contextlib.suppress(ConnectionError):
                self.datagrams.send(rtcp.bye([stream.ssrc for stream in self.sending.streams.values()]))
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        await self.sending.close()
        self.receiving.close()
