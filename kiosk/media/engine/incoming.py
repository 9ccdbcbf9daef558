"""Which stream a packet belongs to: by the sources that were announced, by section and payload type where none was."""

from __future__ import annotations

from kiosk.media.engine.agreement import Agreement
from kiosk.media.rtp.packet import RtpPacket
from kiosk.media.rtp.reception import Reception
from kiosk.media.rtp.sequence import Unwrapper

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


class Sources:
    """The streams by kind, and by the SSRCs that they are known by. It may change during a call which those are."""

    def __init__(self) -> None:
        self.streams: dict[str, Incoming] = {}
        """By kind."""
        self.several: set[str] = set()
        """Kinds of which there is more than the one section that is looked at."""
        self.by_ssrc: dict[int, tuple[Incoming, bool]] = {}
        """And whether that source sends again what was lost."""

    def add(self, agreement: Agreement, clock_rate: int) -> None:
        """The stream of this section."""
        stream = self.streams[agreement.kind] = Incoming(agreement, agreement.ssrc or 0, clock_rate)
        self._announced(stream)

    def agree(self, agreement: Agreement) -> None:
        """After a renegotiation; nothing if there is no such stream yet."""
        stream = self.streams.get(agreement.kind)
        if stream is None:
            return
        for ssrc in [one for one, (of, _) in self.by_ssrc.items() if of is stream]:
            if ssrc not in (stream.ssrc, stream.again_ssrc):
                del self.by_ssrc[ssrc]  # was announced and never came
        stream.agreement = agreement
        self._announced(stream)

    def of(self, packet: RtpPacket, now: float) -> tuple[Incoming, bool] | None:
        """Where a packet belongs, and whether it comes again; None if nowhere."""
        return self.by_ssrc.get(packet.ssrc) or self._meet(packet, now)

    def changed(self, stream: Incoming, ssrc: int) -> bool:
        """Numbers, timestamps and the sender's clock begin anew; whether there was anything before."""
        self.by_ssrc.pop(stream.ssrc, None)
        began = stream.reception.packets > 0
        stream.begin(ssrc)
        return began

    def _announced(self, stream: Incoming) -> None:
        if stream.agreement.ssrc is not None:
            self.by_ssrc[stream.agreement.ssrc] = (stream, False)
        if stream.agreement.retransmission_ssrc is not None:
            stream.again_ssrc = stream.agreement.retransmission_ssrc
            self.by_ssrc[stream.again_ssrc] = (stream, True)

    def _meet(self, packet: RtpPacket, now: float) -> tuple[Incoming, bool] | None:
        for stream in self.streams.values():
            agreement = stream.agreement
            again = packet.payload_type == agreement.retransmission_type
            if not again and packet.payload_type not in (agreement.payload_type, agreement.redundant_type):
                continue
            name = packet.extensions.get(agreement.mid_extension) if agreement.mid_extension is not None else None
            if name is not None:
                if name != agreement.mid.encode():
                    continue
            elif agreement.kind in self.several and (agreement.ssrc is not None or stream.ssrc):
                continue  # may be another section's
            if again:
                if stream.again_ssrc is not None:
                    self.by_ssrc.pop(stream.again_ssrc, None)
                stream.again_ssrc = packet.ssrc
            elif now - stream.heard_at < _SOURCE_GONE_S:
                continue
            self.by_ssrc[packet.ssrc] = (stream, again)
            return stream, again
        return None
