"""What goes out: voice and picture as packets, paced to what the line carries, kept to be sent again, and allotted."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable

from av.video.frame import VideoFrame

from kiosk.media.engine.agreement import Agreement
from kiosk.media.engine.outgoing import Outgoing, OutgoingStream
from kiosk.media.engine.picture_sending import CLOCK_RATE, PictureSending
from kiosk.media.engine.sound_sending import SoundSending
from kiosk.media.rtp import rtcp
from kiosk.media.rtp.allocation import Allocation, allocate
from kiosk.media.rtp.pacer import Kind, Pacer
from kiosk.media.rtp.retransmission import SentPackets
from kiosk.media.rtp.send_estimate import SendEstimate
from kiosk.media.rtp.transport_feedback import parse as parse_feedback
from kiosk.media.voice import MicrophoneReader

_ALLOCATE_EVERY_S = 0.05
_START_RATE = 300_000
_LEAST_RATE = 60_000
_MOST_RATE = 2_500_000
_MOST_RATE_VGA = 1_500_000
"""More makes no visible difference (41 dB), and costs both ends processor time."""
_COLLAPSE_PAUSE_S = 0.1
_MOST_WAITING_S = 0.35
_LATELY = 20
_MOST_PADDING = 10
_MOST_CARRIED = 2000


class Sending:
    """``send`` takes RTP; ``clock``: CLOCK_MONOTONIC, seconds, and ``wall_less_monotonic`` what Unix time is more.

    ``may_send(kind)``: whether the other end wants it now.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        microphone: MicrophoneReader,
        *,
        clock: Callable[[], float],
        wall_less_monotonic: float,
        picture_size: tuple[int, int],
        may_send: Callable[[str], bool],
    ) -> None:
        self._send = send
        self._microphone = microphone
        self._clock = clock
        self._wall_less_monotonic = wall_less_monotonic
        self._may_send = may_send
        self._cname = f"{random.getrandbits(64):016x}"
        most = _MOST_RATE_VGA if picture_size[0] * picture_size[1] <= 640 * 480 else _MOST_RATE
        self.estimate = SendEstimate(start=_START_RATE, least=_LEAST_RATE, most=most, now=clock())
        self.pacer = Pacer(rate=_START_RATE)
        self.allocation: Allocation | None = None
        self._allocated_at = -1.0
        self._collapses = 0
        self._transport_number = random.getrandbits(15)
        self._arrived_near: float | None = None
        self._sent: dict[str, SentPackets[Outgoing]] = {"audio": SentPackets(), "video": SentPackets()}
        self._carried: dict[int, int] = {}
        """Transport number -> number of the picture packet that it carried; 16 bits both."""
        self._lately: deque[Outgoing] = deque(maxlen=_LATELY)
        self.streams: dict[str, OutgoingStream] = {}
        """By kind."""
        self.sound: SoundSending | None = None
        self.pictures: PictureSending | None = None
        self._sound_task: asyncio.Task[None] | None = None
        self.refused = 0
        """Feedback that is nonsense."""
        self.fraction_lost: dict[str, float] = {}
        """By kind, as the other end reported last."""
        self.nacks_received = {"audio": 0, "video": 0}
        self.plis_received = 0

    def begin(self, agreement: Agreement, ssrc: int, retransmission_ssrc: int) -> None:
        """Once for a kind."""
        clock_rate = 48_000 if agreement.kind == "audio" else CLOCK_RATE
        stream = self.streams[agreement.kind] = OutgoingStream(agreement, ssrc, retransmission_ssrc, clock_rate)
        if agreement.kind == "audio":
            self.sound = SoundSending(self._microphone, stream, self._send_sound)
            self._sound_task = asyncio.create_task(self.sound.run(), name="voice")
        else:
            self.pictures = PictureSending(stream, self._send_picture)

    def agree(self, agreement: Agreement) -> None:
        """After a renegotiation; nothing if there is no such stream yet."""
        if agreement.kind in self.streams:
            self.streams[agreement.kind].agreement = agreement

    # leaving

    def show(self, frame: VideoFrame) -> None:
        """A camera frame for the other end."""
        if self.pictures is not None:
            now = self._clock()
            self.pictures.show(frame, now)
            self.pictures.turn(now, self.pacer.waiting_s)

    def _send_sound(self, outgoing: Outgoing) -> None:
        now = self._clock()
        if outgoing.stream.agreement.asks_again and outgoing.number is not None:
            self._sent["audio"].sent(outgoing.number, outgoing, outgoing.wire_bytes, now)
        self.pacer.put(outgoing, outgoing.wire_bytes, Kind.SOUND, now)
        self._pump(now)

    def _send_picture(self, packets: list[Outgoing], key_frame: bool) -> None:
        now = self._clock()
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
                self._send(data)

    def _filler(self, size: int) -> Outgoing | None:
        """To measure the line with: something that was just sent, which may even help, or else nothing but padding."""
        stream = self.streams.get("video")
        if stream is None or stream.agreement.retransmission_type is None or not stream.packets:
            return None
        if self._lately and size > len(self._lately[0].payload) // 2:
            self._lately.rotate(1)
            return self._lately[0]._replace(again=True)
        return stream.padding(size)

    # what the other end says

    def feedback(self, fci: bytes, now: float) -> None:
        """What arrived of what was sent, and when. What is lost need not be asked for first."""
        try:
            feedback = parse_feedback(fci, self._arrived_near)
        except ValueError:
            self.refused += 1
            return
        self._arrived_near = next((at for _, at in reversed(feedback.arrivals) if at is not None), self._arrived_near)
        newest = self._transport_number  # nothing later can have arrived
        arrivals = [(newest - (newest - number & 0xFFFF), at) for number, at in feedback.arrivals]
        self.estimate.feedback(arrivals, now)
        lost: list[int] = []
        for number, at in arrivals:
            carried = self._carried.pop(number & 0xFFFF, None)
            if at is None and carried is not None:
                lost.append(carried)
        if lost:
            self._again("video", lost, now)

    def asked(self, report: rtcp.Nack, now: float) -> None:
        """Packets are wanted again."""
        kind = self._kind_of(report.ssrc)
        if kind is not None:
            self.nacks_received[kind] += 1
            self._again(kind, report.numbers, now)

    def key_frame_wanted(self) -> None:
        """A PLI came."""
        self.plis_received += 1
        if self.pictures is not None:
            self.pictures.want_key_frame()

    def receiver_reported(self, block: rtcp.ReportBlock, now: float) -> None:
        """Loss and round trip of a stream of ours."""
        kind = self._kind_of(block.ssrc)
        if kind is None:
            return
        self.fraction_lost[kind] = block.lost_share
        if block.last_report:
            wall = rtcp.middle(rtcp.ntp_of(now + self._wall_less_monotonic))
            round_trip = ((wall - block.last_report) & 0xFFFFFFFF) / 65536 - block.delay
            if 0 <= round_trip < 10:
                self.estimate.round_trip(round_trip, now)
        self.estimate.report_lost(block.lost_share, now)

    def _kind_of(self, ssrc: int) -> str | None:
        return next((kind for kind, stream in self.streams.items() if stream.ssrc == ssrc), None)

    def _again(self, kind: str, numbers: Iterable[int], now: float) -> None:
        self._put_again(self._sent[kind].asked(numbers, now), now)
        self._pump(now)

    def _put_again(self, packets: Iterable[Outgoing], now: float) -> None:
        for again in packets:
            self.pacer.put(again._replace(again=True), again.wire_bytes, Kind.RETRANSMISSION, now)

    # time

    def tick(self, now: float) -> None:
        """Every few milliseconds."""
        if now - self._allocated_at >= _ALLOCATE_EVERY_S:
            self._allocate(now)
        if self.pictures is not None:
            self.pictures.turn(now, self.pacer.waiting_s)
            probe = self.estimate.probe(now)
            if probe is not None:
                self.pacer.begin_probe(probe, now)
        self._put_again(self._sent["video"].copies(now), now)
        self._pump(now)

    def reports(self, blocks: list[rtcp.ReportBlock], now: float) -> list[bytes]:
        """For each stream that has begun a sender's report and its name; the first carries ``blocks``, if there is one
        (RFC 3550 section 6.1).
        """
        parts: list[bytes] = []
        for kind, stream in self.streams.items():
            ticks: int | None = int(now * CLOCK_RATE)
            if kind == "audio":
                ticks = self.sound.ticks_at(now) if self.sound is not None else None
            if ticks is None or not stream.packets:
                continue
            parts.append(rtcp.sender_report(stream.report(ticks, now + self._wall_less_monotonic), blocks))
            blocks = []
            parts.append(rtcp.source_name(stream.ssrc, self._cname))
        return parts

    def _allocate(self, now: float) -> None:
        self._allocated_at = now
        if self.estimate.collapses != self._collapses or self.pacer.waiting_s > _MOST_WAITING_S:
            self._collapses = self.estimate.collapses
            self._begin_anew(now)
        camera = self.pictures.camera_size if self.pictures is not None else (640, 480)
        target = self.estimate.target(now)
        self.allocation = allocate(target, self.estimate.loss, self.allocation, now, camera=camera)
        self.pacer.set_rate(target)
        while len(self._carried) > _MOST_CARRIED:
            del self._carried[next(iter(self._carried))]
        for sent in self._sent.values():
            if self.estimate.round_trip_s is not None:
                sent.set_round_trip(self.estimate.round_trip_s)
            sent.set_budget(target)
            sent.set_loss(self.estimate.loss)
        for part, kind in ((self.sound, "audio"), (self.pictures, "video")):
            if part is not None:
                part.enabled = self._may_send(kind)
                part.follow(self.allocation)

    def _begin_anew(self, now: float) -> None:
        """The line carries far less than was sent: what waits would only come late, so a small key frame instead."""
        self.pacer.drop_pictures()
        self._sent["video"] = SentPackets()
        self._carried.clear()
        if self.pictures is not None:
            self.pictures.begin_anew(now + _COLLAPSE_PAUSE_S)

    async def close(self) -> None:
        """Stop; nothing is sent afterwards."""
        if self._sound_task is not None:
            self._sound_task.cancel()
            await asyncio.gather(self._sound_task, return_exceptions=True)
        for part in (self.sound, self.pictures):
            if part is not None:
                part.close()
