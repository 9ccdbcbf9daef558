"""What comes in: packets go to voice and picture, holes are asked for, arrivals told, pictures held for the voice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from av.video.frame import VideoFrame

from kiosk.media.engine.agreement import Agreement
from kiosk.media.engine.incoming import Incoming, Sources
from kiosk.media.engine.picture_receiving import PictureReceiving
from kiosk.media.engine.picture_sending import CLOCK_RATE
from kiosk.media.engine.remote_voice import RemoteVoice
from kiosk.media.rtp import packet as rtp
from kiosk.media.rtp import rtcp
from kiosk.media.rtp.freezes import Freezes
from kiosk.media.rtp.lip_sync import LipSync, StreamClock
from kiosk.media.rtp.retransmission import MissingPackets
from kiosk.media.rtp.transport_feedback import ArrivalRecorder

_VOICE_LIFE_S = 0.12
_OUTPUT_LATENCY_S = 0.04
_MOST_DUE = 32
"""Pictures that wait for their voice: more would come of a frame rate that nobody shows."""
_FOLLOW_LIPS_EVERY_S = 0.05
_MOST_ASKED = 200
"""Packets in one NACK: at worst 4 bytes each, and SRTP takes 1500."""


class Receiving:
    """``send`` takes RTCP; ``own_ssrc(kind)``: in whose name. ``clock``: CLOCK_MONOTONIC, seconds; a frame counts as
    due within half of ``tick_s``. The callbacks are called on the event loop: ``on_picture(frame)`` when it is due,
    ``on_voice(voice)`` once with the first packet of remote voice.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        own_ssrc: Callable[[str], int],
        *,
        clock: Callable[[], float],
        tick_s: float,
        on_picture: Callable[[VideoFrame], None],
        on_voice: Callable[[RemoteVoice], None],
    ) -> None:
        self._send = send
        self._own_ssrc = own_ssrc
        self._clock = clock
        self._tick_s = tick_s
        self._on_picture = on_picture
        self._sources = Sources()
        self._arrivals = ArrivalRecorder()
        self._voice_missing = MissingPackets(lifetime=_VOICE_LIFE_S)
        self._round_trip_s: float | None = None
        self._followed_at = float("-inf")
        self._due: deque[tuple[float, VideoFrame]] = deque(maxlen=_MOST_DUE)
        self.voice = RemoteVoice(lambda: on_voice(self.voice))
        self.pictures: PictureReceiving | None = None
        self.lip_sync = LipSync()
        self.freezes = Freezes()
        self.refused = 0
        """Packets of nonsense."""
        self.nacks_sent = {"audio": 0, "video": 0}
        self.plis_sent = 0

    @property
    def streams(self) -> dict[str, Incoming]:
        """By kind."""
        return self._sources.streams

    @property
    def voice_packets(self) -> int:
        """Packets of remote voice that came."""
        stream = self.streams.get("audio")
        return stream.packets_before + stream.reception.packets if stream is not None else 0

    def several(self, kind: str) -> None:
        """There is another section of this kind, which is not looked at."""
        self._sources.several.add(kind)

    def begin(self, agreement: Agreement) -> None:
        """Once for a kind."""
        if agreement.kind == "video" and self.pictures is None:
            self.pictures = PictureReceiving(self._picture_decoded)
            if self._round_trip_s is not None:
                self.pictures.set_round_trip(self._round_trip_s)
        self._sources.add(agreement, 48_000 if agreement.kind == "audio" else CLOCK_RATE)

    def agree(self, agreement: Agreement) -> None:
        """After a renegotiation."""
        self._sources.agree(agreement)

    # arriving

    def came(self, data: bytes, now: float) -> None:
        """An RTP packet that SRTP has found genuine."""
        try:
            packet = rtp.parse(data)
        except ValueError:
            self.refused += 1
            return
        known = self._sources.of(packet, now)
        if known is None:
            return
        stream, again = known
        if packet.ssrc != stream.ssrc and not again and self._sources.changed(stream, packet.ssrc):
            self._begin_anew(stream)
        self._note_arrival(stream, packet, len(data), now)
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

    def sender_reported(self, report: rtcp.SenderReport, now: float) -> None:
        """The clocks of a stream, for the lips."""
        known = self._sources.by_ssrc.get(report.ssrc)
        if known is None or known[1] or known[0].ssrc != report.ssrc:
            return  # another's, or of a source that has sent nothing yet
        stream = known[0]
        stream.reception.sender_reported(report, now)
        clock = self.lip_sync.voice if stream.agreement.kind == "audio" else self.lip_sync.picture
        clock.reported(stream.timestamps.unwrap(report.timestamp), report.ntp)

    def _note_arrival(self, stream: Incoming, packet: rtp.RtpPacket, size: int, now: float) -> None:
        extension = stream.agreement.transport_extension
        number = packet.extensions.get(extension) if extension is not None else None
        if number is not None and len(number) == 2:
            self._arrivals.arrived(int.from_bytes(number, "big"), now, size, packet.marker)

    def _begin_anew(self, stream: Incoming) -> None:
        if stream.agreement.kind == "audio":
            self.voice.begin_anew()
            self._voice_missing = MissingPackets(lifetime=_VOICE_LIFE_S)
            if self._round_trip_s is not None:
                self._voice_missing.set_round_trip(self._round_trip_s)
            self.lip_sync.voice = StreamClock(stream.clock_rate)
        elif self.pictures is not None:
            self.pictures.begin_anew()
            self.lip_sync.picture = StreamClock(stream.clock_rate)

    def _take(
        self, stream: Incoming, number: int, packet: rtp.RtpPacket, payload: bytes, again: bool, now: float
    ) -> None:
        agreement = stream.agreement
        if agreement.kind == "video":
            if self.pictures is None or not (again or packet.payload_type == agreement.payload_type):
                return
            self.pictures.received(number, packet.timestamp, packet.marker, payload, again, now)
        else:
            redundancy = packet.payload_type == agreement.redundant_type
            if not redundancy and packet.payload_type != agreement.payload_type:
                return
            self.voice.put(packet.timestamp, payload, now, redundancy=redundancy, again=again)
            if agreement.asks_again:
                self._voice_missing.received(stream.numbers.unwrap(number), now, retransmitted=again)
        self._ask_again(stream, now)

    # asking

    def _ask_again(self, stream: Incoming, now: float) -> None:
        if not stream.agreement.asks_again:
            return
        kind = stream.agreement.kind
        missing = self.pictures.missing if kind == "video" and self.pictures is not None else self._voice_missing
        due = missing.next_due(now)
        if due is None or due > now:
            return
        numbers = missing.ask(now)
        for begin in range(0, len(numbers), _MOST_ASKED):
            self.nacks_sent[kind] += 1
            self._send(rtcp.nack(self._own_ssrc(kind), stream.ssrc, numbers[begin : begin + _MOST_ASKED]))

    def ask_for_key_frame(self) -> None:
        """A PLI (RFC 4585 section 6.3.1) for the remote picture."""
        stream = self.streams.get("video")
        if stream is not None and stream.ssrc:
            self.plis_sent += 1
            self._send(rtcp.key_frame_wanted(self._own_ssrc("video"), stream.ssrc))

    def blocks(self, now: float) -> list[rtcp.ReportBlock]:
        """How each stream arrives, for the next report."""
        found = [stream.reception.block(now) for stream in self.streams.values() if stream.ssrc]
        return [block for block in found if block is not None]

    # time

    def tick(self, now: float) -> None:
        """Every ``tick_s`` seconds."""
        if now - self._followed_at >= _FOLLOW_LIPS_EVERY_S:
            self._followed_at = now
            self._follow_lips()
        for stream in self.streams.values():
            self._ask_again(stream, now)
        if "video" in self.streams and self.pictures is not None and self.pictures.turn(now):
            self.ask_for_key_frame()
        if self._arrivals.due(now):
            self._tell_arrivals(now)

    def _tell_arrivals(self, now: float) -> None:
        stream = self.streams.get("video") or self.streams.get("audio")
        if stream is not None:
            own = self._own_ssrc(stream.agreement.kind)
            for fci in self._arrivals.feedback(now):
                self._send(rtcp.transport_feedback(own, stream.ssrc, fci))

    def set_round_trip(self, seconds: float) -> None:
        """As the sending side measures it."""
        if seconds == self._round_trip_s:
            return
        self._round_trip_s = seconds
        self._voice_missing.set_round_trip(seconds)
        if self.pictures is not None:
            self.pictures.set_round_trip(seconds)

    def _follow_lips(self) -> None:
        """Tell the pictures where the voice is, and the voice to wait where it is the faster one."""
        if self.voice.playing is not None:
            ticks, at = self.voice.playing
            self.lip_sync.voice_heard(ticks, at + _OUTPUT_LATENCY_S)
            self.voice.wait_at_least(self.lip_sync.voice_delay_wanted(self.voice.delay_s))

    # showing

    def show_due(self, now: float) -> None:
        """The newest picture whose time has come; those before it nobody needs to see any more."""
        newest: VideoFrame | None = None
        while self._due and self._due[0][0] <= now + self._tick_s / 2:
            newest = self._due.popleft()[1]
        if newest is not None:
            self.freezes.shown(now)
            self._on_picture(newest)

    def _picture_decoded(self, frame: VideoFrame, ticks: int) -> None:
        now = self._clock()
        self._due.append((self.lip_sync.due(ticks, now), frame))
        self.show_due(now)

    def close(self) -> None:
        """Nothing is shown any more."""
        if self.pictures is not None:
            self.pictures.close()
        self._due.clear()
