"""RTP packets as bytes (RFC 3550 section 5.1, RFC 8285): read and written; knows no codec and no encryption.

     0                   1                   2                   3
    |V=2|P|X|  CC   |M|     PT      |       sequence number         |
    |                           timestamp                           |
    |                             SSRC                              |
    |                    CC contributing sources                    |
    |      0xBEDE (one byte)        |       length in words         |   only with X
    | ID=4 bits, length-1=4 bits, value ... padded with zero bytes  |
    |                            payload                            |
    |                                          padding | its length |   only with P

Hot: some 300 of these a second in each direction, so plain tuples and no copies but the payload's.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

_FIXED = struct.Struct("!BBHLL")
_EXTENSION = struct.Struct("!HH")
_U16 = struct.Struct("!H")
_ONE_BYTE = 0xBEDE
HEADER_BYTES = 12
RTX_NUMBER_BYTES = 2


class RtpPacket(NamedTuple):
    """One packet that was received. ``extensions``: ID -> value, one-byte form; ``payload`` without padding."""

    payload_type: int
    marker: bool
    number: int
    timestamp: int
    ssrc: int
    payload: bytes
    extensions: dict[int, bytes]


_NO_EXTENSIONS: dict[int, bytes] = {}


def parse(data: bytes) -> RtpPacket:
    """Raises ValueError for what is not an RTP packet."""
    if len(data) < HEADER_BYTES:
        raise ValueError("shorter than an RTP header")
    first, second, number, timestamp, ssrc = _FIXED.unpack_from(data)
    if first >> 6 != 2:
        raise ValueError("not RTP version 2")
    at = HEADER_BYTES + 4 * (first & 0x0F)
    extensions = _NO_EXTENSIONS
    if first & 0x10:
        if len(data) < at + 4:
            raise ValueError("header extension cut short")
        profile, words = _EXTENSION.unpack_from(data, at)
        at += 4
        end = at + 4 * words
        if len(data) < end:
            raise ValueError("header extension cut short")
        if profile == _ONE_BYTE:
            extensions = _one_byte(data, at, end)
        at = end
    end = len(data)
    if first & 0x20:
        end -= data[-1]
        if data[-1] == 0:
            raise ValueError("padding of no length")
    if end < at:
        raise ValueError("header or padding longer than the packet")
    return RtpPacket(second & 0x7F, bool(second & 0x80), number, timestamp, ssrc, data[at:end], extensions)


def _one_byte(data: bytes, at: int, end: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while at < end:
        head = data[at]
        at += 1
        if head == 0:  # padding between elements
            continue
        if head >> 4 == 15:  # RFC 8285 section 4.2: stop here
            break
        length = (head & 0x0F) + 1
        if at + length > end:
            raise ValueError("header extension element cut short")
        found[head >> 4] = data[at : at + length]
        at += length
    return found


def build(
    payload_type: int,
    *,
    marker: bool,
    number: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    extensions: Mapping[int, bytes],
    padding: int = 0,
) -> bytes:
    """A packet to send. ``extensions``: ID 1-14 -> 1-16 bytes; ``padding``: 0-255 bytes."""
    first = 0x80 | (0x10 if extensions else 0) | (0x20 if padding else 0)
    header = _FIXED.pack(
        first, payload_type | (0x80 if marker else 0), number & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc & 0xFFFFFFFF
    )
    if extensions:
        elements = b"".join(bytes(((key << 4) | (len(value) - 1),)) + value for key, value in extensions.items())
        elements += b"\0" * (-len(elements) % 4)
        header += _EXTENSION.pack(_ONE_BYTE, len(elements) // 4) + elements
    if padding:
        payload += b"\0" * (padding - 1) + bytes((padding,))
    return header + payload


def retransmission(original: RtpPacket) -> tuple[int, bytes] | None:
    """(sequence number, payload) of the packet inside a retransmission (RFC 4588 section 4); None for padding."""
    if len(original.payload) < RTX_NUMBER_BYTES:
        return None
    (number,) = _U16.unpack_from(original.payload)
    return number, original.payload[RTX_NUMBER_BYTES:]


def retransmission_payload(number: int, payload: bytes) -> bytes:
    """What a retransmission of packet ``number`` carries."""
    return _U16.pack(number & 0xFFFF) + payload


def is_rtcp(data: bytes) -> bool:
    """Whether a datagram of a multiplexed session is RTCP (RFC 5761 section 4)."""
    return len(data) >= 2 and 192 <= data[1] <= 223
