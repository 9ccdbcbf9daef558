"""All media of one peer connection: aiortc brings it datagrams and takes datagrams from it, and looks into none.

What aiortc's senders and receivers would do (packets, jitter buffers, codecs, reports, rates) is done here; of aiortc
stay ICE, DTLS, SRTP and SDP. The private parts that are used are guarded by tests/media/engine/test_aiortc_contract.py.
Everything runs on the event loop, in callbacks; encoder and decoder have a thread each, the sound card pulls the voice.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import pylibsrtp
from aiortc import RTCPeerConnection
from av.video.frame import VideoFrame

from kiosk.media.engine.agreement import Agreement
from kiosk.media.engine.outgoing import Outgoing, OutgoingStream
from kiosk.media.engine.picture_receiving import PictureReceiving
from kiosk.media.engine.picture_sending import CLOCK_RATE, PictureSending
from kiosk.media.engine.remote_voice import RemoteVoice
from kiosk.media.engine.sound_sending import SoundSending
from kiosk.media.rtp import packet as rtp
from kiosk.media.rtp import rtcp
from kiosk.media.rtp.allocation import Allocation, allocate
from kiosk.media.rtp.freezes import Freezes
from kiosk.media.rtp.lip_sync import LipSync, StreamClock
from kiosk.media.rtp.pacer import Kind, Pacer
from kiosk.media.rtp.reception import Reception
from kiosk.media.rtp.retransmission import MissingPackets, SentPackets
from kiosk.media.rtp.send_estimate import SendEstimate
from kiosk.media.rtp.sequence import Unwrapper
from kiosk.media.rtp.transport_feedback import ArrivalRecorder
from kiosk.media.rtp.transport_feedback import parse as parse_feedback
from kiosk.media.voice import MicrophoneReader

_log = logging.getLogger(__name__)

TICK_S = 0.005
_ALLOCATE_EVERY_S = 0.05
_REPORT_EVERY_S = 0.5
_START_RATE = 300_000
_LEAST_RATE = 60_000
_MOST_RATE = 2_500_000
_MOST_RATE_VGA = 1_500_000
"""More makes no visible difference (41 dB), and costs both ends processor time."""
_COLLAPSE_PAUSE_S = 0.1
_MOST_WAITING_S = 0.35
_VOICE_LIFE_S = 0.12
_OUTPUT_LATENCY_S = 0.04
_LATELY = 20
_MOST_PADDING = 10
_MOST_CARRIED = 2000
_MOST_DUE = 16
"""Pictures that wait for their voice: more would come of a frame rate that nobody shows."""
_MOST_ASKED = 200
"""Packets in one NACK: at worst 4 bytes each, and SRTP takes 1500."""
_SOURCE_GONE_S = 0.1
"""A source that still sends is not displaced by another one: late packets would make two of them take turns."""


class Incoming:
    """One stream that comes in: where its packets go, and what is counted of it."""

    def __init__(self, agreement: Agreement, ssrc: int, clock_rate: int) -> None:
        self.agreement = agreement
        self.clock_rate = clock_rate
        self.packets_before = 0
        """From sources that this stream had before."""
        self.again_packets = 0
        self.again_ssrc = agreement.retransmission_ssrc
        self.heard_at = float("-inf")
        self.reception = Reception(ssrc, clock_rate)
        self.begin(ssrc)

    def begin(self, ssrc: int) -> None:
        """From now on this source; 0: not known yet."""
        self.ssrc = ssrc
        self.packets_before += self.reception.packets
        self.reception = Reception(ssrc, self.clock_rate)
        self.numbers = Unwrapper(16)
        self.timestamps = Unwrapper(32)


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
        self._microphone = microphone
        self._on_picture = on_picture
        self._dtls: Any = None
        self._agreements: dict[str, Agreement] = {}
        self._ssrcs: dict[str, tuple[int, int]] = {}
        self._transceivers: dict[str, Any] = {}
        self._several: set[str] = set()
        """Kinds of which there is more than the one section that is looked at."""
        self._by_ssrc: dict[int, tuple[Incoming, bool]] = {}
        self.incoming: dict[str, Incoming] = {}
        """By kind."""
        self._cname = f"{random.getrandbits(64):016x}"
        now = time.monotonic()
        self._wall_less_monotonic = time.time() - now
        most = _MOST_RATE_VGA if picture_size[0] * picture_size[1] <= 640 * 480 else _MOST_RATE
        self.estimate = SendEstimate(start=_START_RATE, least=_LEAST_RATE, most=most, now=now)
        self.pacer = Pacer(rate=_START_RATE)
        self.allocation: Allocation | None = None
        self._allocated_at = -1.0
        self._collapses = 0
        self._transport_number = random.getrandbits(15)
        self._arrived_near: float | None = None
        self._arrivals = ArrivalRecorder()
        self._sent: dict[str, SentPackets[Outgoing]] = {"audio": SentPackets(), "video": SentPackets()}
        self._carried: dict[int, int] = {}
        """Transport number -> number of the picture packet that it carried; 16 bits both."""
        self._lately: deque[Outgoing] = deque(maxlen=_LATELY)
        self._voice_missing = MissingPackets(lifetime=_VOICE_LIFE_S)
        self.voice = RemoteVoice(lambda: on_voice(self.voice))
        self.lip_sync = LipSync()
        self._due: deque[tuple[float, VideoFrame]] = deque(maxlen=_MOST_DUE)
        self.sound_out: SoundSending | None = None
        self.picture_out: PictureSending | None = None
        self.picture_in: PictureReceiving | None = None
        self.outgoing: dict[str, OutgoingStream] = {}
        self._sound_task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reported_at = now
        self._closed = False
        self.heard_at: float | None = None
        """When the last packet of media or its reports came; None before the first."""
        self.bytes_received = 0
        self.bytes_sent = 0
        self.refused = 0
        """Packets of nonsense."""
        self.unsent = 0
        """Packets that SRTP or the network refused."""
        self.round_trip_s: float | None = None
        self.fraction_lost: dict[str, float] = {}
        """Of what was sent, by kind, as the other end reported last."""
        self.nacks_sent = {"audio": 0, "video": 0}
        self.nacks_received = {"audio": 0, "video": 0}
        self.plis_sent = self.plis_received = 0
        self.freezes = Freezes()

    # joining aiortc

    def take_over(self, connection: RTCPeerConnection) -> None:
        """From now on aiortc neither encodes, sends, decodes nor reports anything for this connection."""
        for transceiver in connection.getTransceivers():
            if self._transceivers.setdefault(transceiver.kind, transceiver) is transceiver:
                self._ssrcs[transceiver.kind] = (transceiver.sender._ssrc, transceiver.sender._rtx_ssrc)
                kind = transceiver.kind
            else:
                kind = None  # a second picture is agreed to, so that the browser is content, and not looked at
                self._several.add(transceiver.kind)
            sender: Any = transceiver.sender
            receiver: Any = transceiver.receiver
            sender.send = self._begin(kind, sending=True)
            receiver.receive = self._begin(kind, sending=False)
        dtls: Any = connection.getTransceivers()[0].receiver.transport
        dtls._handle_rtp_data = self._rtp_came
        dtls._handle_rtcp_data = self._rtcp_came
        self._dtls = dtls

    def _begin(self, kind: str | None, *, sending: bool) -> Callable[[Any], Any]:
        async def begin(_parameters: object) -> None:
            if kind is not None and not self._closed:
                self._begin_sending(kind) if sending else self._begin_receiving(kind)

        return begin

    def agree(self, agreement: Agreement) -> None:
        """What was negotiated for the first section of its kind; again after each renegotiation."""
        self._agreements[agreement.kind] = agreement
        if agreement.kind in self.outgoing:
            self.outgoing[agreement.kind].agreement = agreement
        if agreement.kind in self.incoming:
            stream = self.incoming[agreement.kind]
            for ssrc in [one for one, (of, _) in self._by_ssrc.items() if of is stream]:
                if ssrc not in (stream.ssrc, stream.again_ssrc):
                    del self._by_ssrc[ssrc]  # was announced and never came
            stream.agreement = agreement
            self._know(stream)

    @property
    def expects_media(self) -> bool:
        """Whether the other end has agreed to send something now."""
        return any(bool(self._transceivers[kind].receiver._enabled) for kind in self.incoming)

    @property
    def voice_packets(self) -> int:
        """Packets of remote voice that came."""
        stream = self.incoming.get("audio")
        return stream.packets_before + stream.reception.packets if stream is not None else 0

    def _begin_sending(self, kind: str) -> None:
        agreement = self._agreements.get(kind)
        if agreement is None or kind in self.outgoing:
            return
        ssrc, again = self._ssrcs[kind]
        rate = 48_000 if kind == "audio" else CLOCK_RATE
        stream = self.outgoing[kind] = OutgoingStream(agreement, ssrc, again, rate)
        if kind == "audio":
            self.sound_out = SoundSending(self._microphone, stream, self._send_sound)
            self._sound_task = asyncio.create_task(self.sound_out.run(), name="voice")
        else:
            self.picture_out = PictureSending(stream, self._send_picture)
        self._start()

    def _begin_receiving(self, kind: str) -> None:
        agreement = self._agreements.get(kind)
        if agreement is None or kind in self.incoming:
            return
        if kind == "video" and self.picture_in is None:
            self.picture_in = PictureReceiving(self._picture_decoded)
        stream = self.incoming[kind] = Incoming(
            agreement, agreement.ssrc or 0, 48_000 if kind == "audio" else CLOCK_RATE
        )
        self._know(stream)
        self._start()

    def _know(self, stream: Incoming) -> None:
        if stream.agreement.ssrc is not None:
            self._by_ssrc[stream.agreement.ssrc] = (stream, False)
        if stream.agreement.retransmission_ssrc is not None:
            stream.again_ssrc = stream.agreement.retransmission_ssrc
            self._by_ssrc[stream.again_ssrc] = (stream, True)

    def _start(self) -> None:
        if self._timer is None and not self._closed:
            self._timer = self._loop.call_later(TICK_S, self._tick)

    # arriving

    async def _rtp_came(self, data: bytes, arrival_time_ms: int) -> None:
        """In place of aiortc's; a datagram that SRTP has found genuine."""
        if self._closed:
            return
        now = time.monotonic()
        self.heard_at = now
        self.bytes_received += len(data)
        try:
            packet = rtp.parse(data)
        except ValueError:
            self.refused += 1
            return
        known = self._by_ssrc.get(packet.ssrc) or self._meet(packet, now)
        if known is None:
            return
        stream, again = known
        if packet.ssrc != stream.ssrc and not again:
            self._change_source(stream, packet.ssrc)
        agreement = stream.agreement
        if agreement.transport_extension is not None:
            transport_number = packet.extensions.get(agreement.transport_extension)
            if transport_number is not None and len(transport_number) == 2:
                self._arrivals.arrived(int.from_bytes(transport_number, "big"), now, len(data), packet.marker)
        if again:
            stream.again_packets += 1
            original = rtp.retransmission(packet)
            if original is not None:
                self._take(stream, original[0], packet, original[1], True, now)
        else:
            stream.heard_at = now
            number = stream.numbers.unwrap(packet.number)
            stream.reception.received(number, stream.timestamps.unwrap(packet.timestamp), len(packet.payload), now)
            self._take(stream, packet.number, packet, packet.payload, False, now)

    def _meet(self, packet: rtp.RtpPacket, now: float) -> tuple[Incoming, bool] | None:
        """A source that was not announced, by section name and payload type. It may change during a call."""
        for stream in self.incoming.values():
            agreement = stream.agreement
            again = packet.payload_type == agreement.retransmission_type
            if not again and packet.payload_type not in (agreement.payload_type, agreement.redundant_type):
                continue
            name = packet.extensions.get(agreement.mid_extension) if agreement.mid_extension is not None else None
            if name is not None:
                if name != agreement.mid.encode():
                    continue
            elif agreement.kind in self._several and (agreement.ssrc is not None or stream.ssrc):
                continue  # may be another section's
            if again:
                if stream.again_ssrc is not None:
                    self._by_ssrc.pop(stream.again_ssrc, None)
                stream.again_ssrc = packet.ssrc
            elif now - stream.heard_at < _SOURCE_GONE_S:
                continue
            self._by_ssrc[packet.ssrc] = (stream, again)
            return stream, again
        return None

    def _change_source(self, stream: Incoming, ssrc: int) -> None:
        """Numbers, timestamps and the sender's clock begin anew."""
        self._by_ssrc.pop(stream.ssrc, None)
        began = stream.reception.packets > 0
        stream.begin(ssrc)
        if not began:
            return
        if stream.agreement.kind == "audio":
            self.voice.begin_anew()
            self._voice_missing = MissingPackets(lifetime=_VOICE_LIFE_S)
            if self.round_trip_s is not None:
                self._voice_missing.set_round_trip(self.round_trip_s)
            self.lip_sync.voice = StreamClock(stream.clock_rate)
        elif self.picture_in is not None:
            self.picture_in.begin_anew()
            self.lip_sync.picture = StreamClock(stream.clock_rate)

    def _take(
        self, stream: Incoming, number: int, packet: rtp.RtpPacket, payload: bytes, again: bool, now: float
    ) -> None:
        agreement = stream.agreement
        if agreement.kind == "video":
            if self.picture_in is not None and (again or packet.payload_type == agreement.payload_type):
                self.picture_in.received(number, packet.timestamp, packet.marker, payload, again, now)
                if agreement.asks_again:
                    self._ask_again(stream, self.picture_in.missing, now)
            return
        redundancy = packet.payload_type == agreement.redundant_type
        if not redundancy and packet.payload_type != agreement.payload_type:
            return
        self.voice.put(packet.timestamp, payload, now, redundancy=redundancy, again=again)
        if agreement.asks_again:
            self._voice_missing.received(stream.numbers.unwrap(number), now, retransmitted=again)
            self._ask_again(stream, self._voice_missing, now)

    def _ask_again(self, stream: Incoming, missing: MissingPackets, now: float) -> None:
        due = missing.next_due(now)
        if due is None or due > now:
            return
        numbers = missing.ask(now)
        for begin in range(0, len(numbers), _MOST_ASKED):
            some = numbers[begin : begin + _MOST_ASKED]
            self.nacks_sent[stream.agreement.kind] += 1
            self._send_report(rtcp.nack(self._own_ssrc(stream.agreement.kind), stream.ssrc, some))

    def _own_ssrc(self, kind: str) -> int:
        return self._ssrcs[kind][0]

    async def _rtcp_came(self, data: bytes) -> None:
        """In place of aiortc's. A BYE changes nothing: a browser says it when it replaces a track."""
        if self._closed:
            return
        now = time.monotonic()
        self.heard_at = now
        self.bytes_received += len(data)
        try:
            reports = rtcp.parse(data)
        except ValueError:
            self.refused += 1
            return
        for report in reports:
            match report:
                case rtcp.TransportFeedbackBytes():
                    self._feedback(report.fci, now)
                case rtcp.Nack():
                    self._asked(report, now)
                case rtcp.KeyFrameWanted():
                    self.plis_received += 1
                    if self.picture_out is not None:
                        self.picture_out.want_key_frame()
                case rtcp.SenderReport():
                    self._sender_reported(report, now)
                case rtcp.ReportBlock():
                    self._receiver_reported(report, now)
                case rtcp.ReceiverLimit():
                    self.estimate.receiver_limit(report.bits_per_second, now)

    def _feedback(self, fci: bytes, now: float) -> None:
        try:
            feedback = parse_feedback(fci, self._arrived_near)
        except ValueError:
            self.refused += 1
            return
        self._arrived_near = next((at for _, at in reversed(feedback.arrivals) if at is not None), self._arrived_near)
        newest = self._transport_number  # nothing later can have arrived
        arrivals = [(newest - (newest - number & 0xFFFF), at) for number, at in feedback.arrivals]
        self.estimate.feedback(arrivals, now)
        self._send_lost_again(arrivals, now)

    def _send_lost_again(self, arrivals: list[tuple[int, float | None]], now: float) -> None:
        """What feedback says is lost need not be asked for first."""
        lost: list[int] = []
        for number, at in arrivals:
            carried = self._carried.pop(number & 0xFFFF, None)
            if at is None and carried is not None:
                lost.append(carried)
        if lost:
            self._again("video", lost, now)

    def _asked(self, report: rtcp.Nack, now: float) -> None:
        kind = next((kind for kind, stream in self.outgoing.items() if stream.ssrc == report.ssrc), None)
        if kind is None:
            return
        self.nacks_received[kind] += 1
        self._again(kind, report.numbers, now)

    def _again(self, kind: str, numbers: Iterable[int], now: float) -> None:
        for again in self._sent[kind].asked(numbers, now):
            self.pacer.put(again._replace(again=True), again.wire_bytes, Kind.RETRANSMISSION, now)
        self._pump(now)

    def _sender_reported(self, report: rtcp.SenderReport, now: float) -> None:
        known = self._by_ssrc.get(report.ssrc)
        if known is None or known[1]:
            return
        stream = known[0]
        if report.ssrc != stream.ssrc:
            return  # a source that has sent nothing yet
        stream.reception.sender_reported(report, now)
        clock = self.lip_sync.voice if stream.agreement.kind == "audio" else self.lip_sync.picture
        clock.reported(stream.timestamps.unwrap(report.timestamp), report.ntp)

    def _receiver_reported(self, block: rtcp.ReportBlock, now: float) -> None:
        kind = next((kind for kind, stream in self.outgoing.items() if stream.ssrc == block.ssrc), None)
        if kind is None:
            return
        self.fraction_lost[kind] = block.lost_share
        if block.last_report:
            wall = rtcp.middle(rtcp.ntp_of(now + self._wall_less_monotonic))
            round_trip = ((wall - block.last_report) & 0xFFFFFFFF) / 65536 - block.delay
            if 0 <= round_trip < 10:
                self.estimate.round_trip(round_trip, now)
        self.estimate.report_lost(block.lost_share, now)

    # leaving

    def show(self, frame: VideoFrame) -> None:
        """A camera frame for the other end."""
        if self.picture_out is not None:
            now = time.monotonic()
            self.picture_out.show(frame, now)
            self.picture_out.turn(now, self.pacer.waiting_s)

    def _send_sound(self, outgoing: Outgoing) -> None:
        now = time.monotonic()
        if outgoing.stream.agreement.asks_again and outgoing.number is not None:
            self._sent["audio"].sent(outgoing.number, outgoing, outgoing.wire_bytes, now)
        self.pacer.put(outgoing, outgoing.wire_bytes, Kind.SOUND, now)
        self._pump(now)

    def _send_picture(self, packets: list[Outgoing], key_frame: bool) -> None:
        now = time.monotonic()
        if key_frame:
            self.pacer.drop_pictures()
        for outgoing in packets:
            if outgoing.number is not None:
                self._sent["video"].sent(outgoing.number, outgoing, outgoing.wire_bytes, now)
            self._lately.append(outgoing)
            self.pacer.put(outgoing, outgoing.wire_bytes, Kind.PICTURE, now)
        self._pump(now)

    def _pump(self, now: float) -> None:
        self._send_all(self.pacer.take(now), now)
        for _ in range(_MOST_PADDING):  # a probe that pictures do not fill
            size = self.pacer.padding_wanted(now)
            filler = self._filler(size) if size else None
            if filler is None:
                return
            self.pacer.put(filler, filler.wire_bytes, Kind.PADDING, now)
            self._send_all(self.pacer.take(now), now)

    def _send_all(self, packets: list[object], now: float) -> None:
        for outgoing in packets:
            if isinstance(outgoing, Outgoing):
                self._transport_number += 1
                if outgoing.number is not None and outgoing.stream.clock_rate == CLOCK_RATE:
                    self._carried[self._transport_number & 0xFFFF] = outgoing.number
                data = outgoing.stream.bytes_of(outgoing, self._transport_number)
                self.estimate.sent(self._transport_number, outgoing.wire_bytes, now, probe=self.pacer.cluster)
                self.bytes_sent += len(data)
                self._transmit(data)

    def _filler(self, size: int) -> Outgoing | None:
        """To measure the line with: something that was just sent, which may even help, or else nothing but padding."""
        stream = self.outgoing.get("video")
        if stream is None or stream.agreement.retransmission_type is None or not stream.packets:
            return None
        if self._lately and size > len(self._lately[0].payload) // 2:
            self._lately.rotate(1)
            return self._lately[0]._replace(again=True)
        return stream.padding(size)

    def _send_report(self, data: bytes) -> None:
        """Feedback alone, without the reports before it (RFC 5506; every browser agrees to that)."""
        self.bytes_sent += len(data)
        self._transmit(data)

    def _transmit(self, data: bytes) -> None:
        """Encrypt and hand to ICE. aiortc's coroutine never waits on the way (the contract tests hold it to that)."""
        sending = self._dtls._send_rtp(data)
        try:
            sending.send(None)
        except StopIteration:
            return
        except (OSError, ValueError, pylibsrtp.Error):  # the line is gone; too long; SRTP will not
            self.unsent += 1
            return
        sending.close()
        _log.warning("a packet could not be sent at once")

    # time

    def _tick(self) -> None:
        now = time.monotonic()
        self._timer = None
        if self._closed:
            return
        self._timer = self._loop.call_later(TICK_S, self._tick)
        self._show_due(now)
        if now - self._allocated_at >= _ALLOCATE_EVERY_S:
            self._allocate(now)
        if self.picture_out is not None:
            self.picture_out.turn(now, self.pacer.waiting_s)
            probe = self.estimate.probe(now)
            if probe is not None:
                self.pacer.begin_probe(probe, now)
        for again in self._sent["video"].copies(now):
            self.pacer.put(again._replace(again=True), again.wire_bytes, Kind.RETRANSMISSION, now)
        self._pump(now)
        for kind, stream in self.incoming.items():
            if stream.agreement.asks_again:
                missing = self._voice_missing if kind == "audio" else self.picture_in and self.picture_in.missing
                if missing:
                    self._ask_again(stream, missing, now)
        if "video" in self.incoming and self.picture_in is not None:
            self._want_key_frame(self.picture_in, now)
        if self._arrivals.due(now):
            self._send_transport_feedback(now)
        if now - self._reported_at >= _REPORT_EVERY_S:
            self._reported_at = now
            self._report(now)

    def _allocate(self, now: float) -> None:
        self._allocated_at = now
        if self.estimate.collapses != self._collapses or self.pacer.waiting_s > _MOST_WAITING_S:
            self._collapses = self.estimate.collapses
            self._begin_anew(now)
        camera = self.picture_out.camera_size if self.picture_out is not None else (640, 480)
        target = self.estimate.target(now)
        if self.estimate.round_trip_s is not None:
            self._follow_round_trip(self.estimate.round_trip_s)
        self.allocation = allocate(target, self.estimate.loss, self.allocation, now, camera=camera)
        self.pacer.set_rate(target)
        while len(self._carried) > _MOST_CARRIED:
            del self._carried[next(iter(self._carried))]
        for sent in self._sent.values():
            sent.set_budget(target)
            sent.set_loss(self.estimate.loss)
        for part, kind in ((self.sound_out, "audio"), (self.picture_out, "video")):
            if part is not None:
                part.enabled = bool(self._transceivers[kind].sender._enabled)
                part.follow(self.allocation)
        if self.voice.playing is not None:
            ticks, at = self.voice.playing
            self.lip_sync.voice_heard(ticks, at + _OUTPUT_LATENCY_S)
            self.voice.wait_at_least(self.lip_sync.voice_delay_wanted(self.voice.delay_s))

    def _begin_anew(self, now: float) -> None:
        """The line carries far less than was sent: what waits would only come late, so a small key frame instead."""
        self.pacer.drop_pictures()
        self._sent["video"] = SentPackets()
        self._carried.clear()
        if self.picture_out is not None:
            self.picture_out.begin_anew(now + _COLLAPSE_PAUSE_S)

    def _follow_round_trip(self, seconds: float) -> None:
        self.round_trip_s = seconds
        for sent in self._sent.values():
            sent.set_round_trip(seconds)
        self._voice_missing.set_round_trip(seconds)
        if self.picture_in is not None:
            self.picture_in.set_round_trip(seconds)

    def _want_key_frame(self, pictures: PictureReceiving, now: float) -> None:
        if pictures.turn(now):
            self.ask_for_key_frame()

    def ask_for_key_frame(self) -> None:
        """A PLI (RFC 4585 section 6.3.1) for the remote picture."""
        stream = self.incoming.get("video")
        if stream is not None and stream.ssrc:
            self.plis_sent += 1
            self._send_report(rtcp.key_frame_wanted(self._own_ssrc("video"), stream.ssrc))

    def _send_transport_feedback(self, now: float) -> None:
        stream = self.incoming.get("video") or self.incoming.get("audio")
        if stream is None:
            return
        for fci in self._arrivals.feedback(now):
            self._send_report(rtcp.transport_feedback(self._own_ssrc(stream.agreement.kind), stream.ssrc, fci))

    def _report(self, now: float) -> None:
        """A compound report: for each stream that is sent an SR, and what was received (RFC 3550 section 6.1)."""
        blocks = [
            block
            for stream in self.incoming.values()
            if stream.ssrc and (block := stream.reception.block(now)) is not None
        ]
        parts: list[bytes] = []
        for kind, outgoing in self.outgoing.items():
            ticks: int | None = int(now * CLOCK_RATE)
            if kind == "audio":
                ticks = self.sound_out.ticks_at(now) if self.sound_out is not None else None
            if ticks is None or not outgoing.packets:
                continue
            parts.append(rtcp.sender_report(outgoing.report(ticks, now + self._wall_less_monotonic), blocks))
            blocks = []
            parts.append(rtcp.source_name(outgoing.ssrc, self._cname))
        if blocks:
            parts.append(rtcp.receiver_report(self._own_ssrc("audio"), blocks))
        if parts:
            self._send_report(b"".join(parts))

    # showing

    def _picture_decoded(self, frame: VideoFrame, ticks: int) -> None:
        now = time.monotonic()
        self._due.append((self.lip_sync.due(ticks, now), frame))
        self._show_due(now)

    def _show_due(self, now: float) -> None:
        newest: VideoFrame | None = None
        while self._due and self._due[0][0] <= now + TICK_S / 2:
            newest = self._due.popleft()[1]
        if newest is not None:
            self.freezes.shown(now)
            self._on_picture(newest)

    # the end

    async def close(self, *, silently: bool) -> None:
        """Stop; ``silently``: without a BYE. The connection itself is closed by its owner."""
        if self._closed:
            return
        if not silently and self._dtls is not None and self.outgoing:
            with contextlib.suppress(ConnectionError):
                self._send_report(rtcp.bye([stream.ssrc for stream in self.outgoing.values()]))
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._sound_task is not None:
            self._sound_task.cancel()
            await asyncio.gather(self._sound_task, return_exceptions=True)
        for part in (self.sound_out, self.picture_out, self.picture_in):
            if part is not None:
                part.close()
        self._due.clear()
