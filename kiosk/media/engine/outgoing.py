"""One stream that is sent: numbers, clock and counts of its packets, kept until they may be asked for again."""

from __future__ import annotations

import random
import struct
from typing import NamedTuple

from kiosk.media.engine.agreement import Agreement
from kiosk.media.rtp import packet, rtcp

_U16 = struct.Struct("!H")
WIRE_BYTES = 20 + 8 + 16
"""What IPv4, UDP and the SRTP tag (AEAD AES-GCM) add to each RTP packet."""
_MID_FOR_PACKETS = 150
"""The section's name goes with the first packets only; by then the other end knows the stream by its SSRC."""


class Outgoing(NamedTuple):
    """A packet that waits to be sent. ``again``: the number it had when it was sent first, for a retransmission."""

    stream: OutgoingStream
    payload_type: int
    marker: bool
    timestamp: int
    payload: bytes
    number: int | None
    again: bool
    padding: int

    @property
    def wire_bytes(self) -> int:
        """Its size on the line, near enough for budgets."""
        return len(self.payload) + self.padding + packet.HEADER_BYTES + 8 + WIRE_BYTES


class OutgoingStream:
    """``clock_rate`` ticks a second. Timestamps are given as ticks since CLOCK_MONOTONIC zero and shifted here."""

    def __init__(self, agreement: Agreement, ssrc: int, retransmission_ssrc: int, clock_rate: int) -> None:
        self.agreement = agreement
        self._section = agreement.mid.encode()
        self.ssrc = ssrc
        self.retransmission_ssrc = retransmission_ssrc
        self.clock_rate = clock_rate
        self.shift = random.getrandbits(32)
        # In the lower half: SRTP must not see a wrap in the first packets (RFC 3711 section 3.3.1).
        self._number = random.getrandbits(15)
        self._again_number = random.getrandbits(15)
        self.packets = 0
        self.payload_bytes = 0
        self.packets_again = 0
        self.bytes_again = 0
        self.last_timestamp = 0

    def fresh(self, payload_type: int, ticks: int, payload: bytes, *, marker: bool) -> Outgoing:
        """A packet with the next number."""
        number = self._number
        self._number = self._number + 1 & 0xFFFF
        return Outgoing(self, payload_type, marker, ticks + self.shift & 0xFFFFFFFF, payload, number, False, 0)

    def padding(self, size: int) -> Outgoing:
        """Up to 255 bytes of nothing, to measure the line with; only where retransmission was agreed on."""
        return Outgoing(self, 0, False, self.last_timestamp, b"", None, True, min(255, max(1, size)))

    def bytes_of(self, outgoing: Outgoing, transport_number: int) -> bytes:
        """The packet as it goes out now, and counted."""
        agreement = self.agreement
        extensions: dict[int, bytes] = {}
        if agreement.transport_extension is not None:
            extensions[agreement.transport_extension] = _U16.pack(transport_number & 0xFFFF)
        if self.packets < _MID_FOR_PACKETS and agreement.mid_extension is not None and len(self._section) <= 16:
            extensions[agreement.mid_extension] = self._section
        if outgoing.again and agreement.retransmission_type is not None:
            number = self._again_number
            self._again_number = self._again_number + 1 & 0xFFFF
            payload = outgoing.payload
            if outgoing.number is not None:
                payload = packet.retransmission_payload(outgoing.number, payload)
            self.packets_again += 1
            self.bytes_again += len(payload)
            return packet.build(
                agreement.retransmission_type,
                marker=outgoing.marker,
                number=number,
                timestamp=outgoing.timestamp,
                ssrc=self.retransmission_ssrc,
                payload=payload,
                extensions=extensions,
                padding=outgoing.padding,
            )
        self.packets += 1
        self.payload_bytes += len(outgoing.payload)
        self.last_timestamp = outgoing.timestamp
        return packet.build(
            outgoing.payload_type,
            marker=outgoing.marker,
            number=outgoing.number or 0,
            timestamp=outgoing.timestamp,
            ssrc=self.ssrc,
            payload=outgoing.payload,
            extensions=extensions,
        )

    def report(self, ticks: int, wall: float) -> rtcp.SenderReport:
        """The stream's clock stands at ``ticks`` at ``wall`` (Unix seconds)."""
        return rtcp.SenderReport(
            ssrc=self.ssrc,
            ntp=rtcp.ntp_of(wall),
            timestamp=ticks + self.shift & 0xFFFFFFFF,
            packets=self.packets,
            bytes=self.payload_bytes,
        )
