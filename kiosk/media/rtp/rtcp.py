"""RTCP as bytes: reports, feedback and their reading (RFC 3550 section 6, 4585, 5104, draft-alvestrand-rmcat-remb).

    |V=2|P| count/FMT |      PT       |        length in words - 1    |

SR 200, RR 201, SDES 202, BYE 203, RTPFB 205 (NACK 1, transport feedback 15), PSFB 206 (PLI 1, FIR 4, REMB 15).
aiortc reads every RTPFB as a NACK, so it cannot be asked for transport feedback.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_HEAD = struct.Struct("!BBH")
_SENDER = struct.Struct("!LQLLL")
_REPORT = struct.Struct("!LLLLLL")
_TWO = struct.Struct("!LL")
_NACK = struct.Struct("!HH")

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970."""


class ReportBlock(NamedTuple):
    """What a receiver tells of one stream. ``lost_share`` 0-1 since its last report; ``delay`` seconds."""

    ssrc: int
    lost_share: float
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: float


class SenderReport(NamedTuple):
    """At ``ntp`` (seconds since 1900, 32.32 fixed point) the stream's clock stood at ``timestamp``."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    bytes: int


class Nack(NamedTuple):
    """Packets of ``ssrc`` that the other end has not got (RFC 4585 section 6.2.1)."""

    ssrc: int
    numbers: tuple[int, ...]


class TransportFeedbackBytes(NamedTuple):
    """The FCI of a transport-wide feedback packet; read by ``transport_feedback``."""

    fci: bytes


class KeyFrameWanted(NamedTuple):
    """PLI or FIR for ``ssrc``."""

    ssrc: int


class ReceiverLimit(NamedTuple):
    """REMB: at most so many bits a second for these streams together."""

    bits_per_second: int
    ssrcs: tuple[int, ...]


class Bye(NamedTuple):
    """These sources have gone, it is said: a browser says so too when it replaces a track."""

    ssrcs: tuple[int, ...]


Report = SenderReport | ReportBlock | Nack | TransportFeedbackBytes | KeyFrameWanted | ReceiverLimit | Bye


def parse(data: bytes) -> list[Report]:
    """Everything that is understood in a compound packet; the rest is passed over. Raises ValueError for nonsense."""
    found: list[Report] = []
    at = 0
    while at < len(data):
        if len(data) < at + 4:
            raise ValueError("RTCP header cut short")
        first, kind, words = _HEAD.unpack_from(data, at)
        if first >> 6 != 2:
            raise ValueError("not RTCP version 2")
        end = at + 4 + 4 * words
        if len(data) < end:
            raise ValueError("RTCP packet cut short")
        body = data[at + 4 : end]
        at = end
        if first & 0x20:
            if not body or not 0 < body[-1] <= len(body):
                raise ValueError("padding longer than the packet")
            body = body[: -body[-1]]
        _one(found, kind, first & 0x1F, body)
    return found


def _one(found: list[Report], kind: int, count: int, body: bytes) -> None:
    if kind in (200, 201):
        at = 4
        if kind == 200:
            if len(body) < _SENDER.size:
                raise ValueError("sender report cut short")
            ssrc, ntp, timestamp, packets, size = _SENDER.unpack_from(body)
            found.append(SenderReport(ssrc, ntp, timestamp, packets, size))
            at = _SENDER.size
        if len(body) < at + _REPORT.size * count:
            raise ValueError("report blocks cut short")
        found.extend(_report_block(body, at + _REPORT.size * number) for number in range(count))
    elif kind == 203:
        if len(body) < 4 * count:
            raise ValueError("BYE cut short")
        found.append(Bye(struct.unpack_from(f"!{count}L", body)))
    elif kind in (205, 206):
        if len(body) < _TWO.size:
            raise ValueError("feedback cut short")
        _, ssrc = _TWO.unpack_from(body)
        fci = body[_TWO.size :]
        if kind == 205 and count == 1:
            found.append(Nack(ssrc, _nack_numbers(fci)))
        elif kind == 205 and count == 15:
            found.append(TransportFeedbackBytes(fci))
        elif kind == 206 and count == 1:
            found.append(KeyFrameWanted(ssrc))
        elif kind == 206 and count == 4:
            found.extend(KeyFrameWanted(wanted) for wanted, _ in struct.iter_unpack("!LL", fci[: len(fci) // 8 * 8]))
        elif kind == 206 and count == 15 and fci[:4] == b"REMB":
            found.append(_remb(fci))


def _report_block(body: bytes, at: int) -> ReportBlock:
    ssrc, lost, highest, jitter, last, delay = _REPORT.unpack_from(body, at)
    total = lost & 0xFFFFFF
    if total & 0x800000:
        total -= 0x1000000
    return ReportBlock(ssrc, (lost >> 24) / 256, total, highest, jitter, last, delay / 65536)


def _nack_numbers(fci: bytes) -> tuple[int, ...]:
    numbers: list[int] = []
    for first, more in struct.iter_unpack("!HH", fci[: len(fci) // 4 * 4]):
        numbers.append(first)
        if more:
            numbers.extend((first + 1 + bit) & 0xFFFF for bit in range(16) if more >> bit & 1)
    return tuple(numbers)


def _remb(fci: bytes) -> ReceiverLimit:
    if len(fci) < 8 or len(fci) < 8 + 4 * fci[4]:
        raise ValueError("REMB cut short")
    mantissa = (fci[5] & 0x03) << 16 | fci[6] << 8 | fci[7]
    return ReceiverLimit(mantissa << (fci[5] >> 2), struct.unpack_from(f"!{fci[4]}L", fci, 8))


def ntp_of(unix_seconds: float) -> int:
    """Wall-clock seconds since 1970 as NTP's 32.32 fixed point."""
    return int((unix_seconds + NTP_EPOCH) * 4294967296)


def middle(ntp: int) -> int:
    """The 32 bits of an NTP time that a receiver report returns (RFC 3550 section 6.4.1, LSR)."""
    return ntp >> 16 & 0xFFFFFFFF


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return _HEAD.pack(0x80 | count, kind, len(body) // 4) + body


def _block_bytes(block: ReportBlock) -> bytes:
    lost = min(max(block.lost, -0x800000), 0x7FFFFF) & 0xFFFFFF
    share = min(255, max(0, int(block.lost_share * 256)))
    delay = min(0xFFFFFFFF, max(0, int(block.delay * 65536)))
    return _REPORT.pack(
        block.ssrc,
        share << 24 | lost,
        block.highest & 0xFFFFFFFF,
        min(block.jitter, 0xFFFFFFFF),
        block.last_report,
        delay,
    )


def sender_report(report: SenderReport, blocks: Sequence[ReportBlock]) -> bytes:
    """SR with at most 31 report blocks."""
    head = _SENDER.pack(
        report.ssrc,
        report.ntp,
        report.timestamp & 0xFFFFFFFF,
        report.packets & 0xFFFFFFFF,
        report.bytes & 0xFFFFFFFF,
    )
    return _packet(len(blocks), 200, head + b"".join(map(_block_bytes, blocks)))


def receiver_report(ssrc: int, blocks: Sequence[ReportBlock]) -> bytes:
    """RR with at most 31 report blocks."""
    return _packet(len(blocks), 201, struct.pack("!L", ssrc) + b"".join(map(_block_bytes, blocks)))


def source_name(ssrc: int, cname: str) -> bytes:
    """SDES with the canonical name, which tells that streams belong together."""
    name = cname.encode()[:255]
    chunk = struct.pack("!LBB", ssrc, 1, len(name)) + name + b"\0"
    return _packet(1, 202, chunk + b"\0" * (-len(chunk) % 4))


def bye(ssrcs: Sequence[int]) -> bytes:
    """These streams have ended."""
    return _packet(len(ssrcs), 203, struct.pack(f"!{len(ssrcs)}L", *ssrcs))


def nack(sender: int, ssrc: int, numbers: Iterable[int]) -> bytes:
    """Ask for packets again; ``numbers`` are 16 bits each, in any order."""
    fields: list[tuple[int, int]] = []
    waiting = sorted(set(number & 0xFFFF for number in numbers))
    for number in waiting:
        if fields and 0 < number - fields[-1][0] <= 16:
            first, more = fields[-1]
            fields[-1] = (first, more | 1 << number - first - 1)
        else:
            fields.append((number, 0))
    return _packet(1, 205, _TWO.pack(sender, ssrc) + b"".join(_NACK.pack(*field) for field in fields))


def transport_feedback(sender: int, ssrc: int, fci: bytes) -> bytes:
    """``fci`` is padded to whole words, with the padding bit where it needs any."""
    lacks = -len(fci) % 4
    packet = _packet(15, 205, _TWO.pack(sender, ssrc) + fci + (b"\0" * (lacks - 1) + bytes((lacks,)) if lacks else b""))
    return bytes((packet[0] | 0x20,)) + packet[1:] if lacks else packet


def key_frame_wanted(sender: int, ssrc: int) -> bytes:
    """PLI (RFC 4585 section 6.3.1)."""
    return _packet(1, 206, _TWO.pack(sender, ssrc))
