"""Reads and writes RED payloads, where a packet of sound carries copies of earlier ones (RFC 2198); decodes nothing."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_COPIES = 32
"""Nobody sends so many; a longer chain of headers is nonsense."""

_MOST_OFFSET = (1 << 14) - 1
_MOST_LENGTH = (1 << 10) - 1


def unpack(payload: bytes) -> list[tuple[int, int, bytes]]:
    """The blocks as (timestamp offset, payload type, data), oldest first, the primary last with offset 0.

    A block's own timestamp is the packet's minus its offset. Copies without data are left out.
    Raises ValueError for what RFC 2198 section 3 does not allow.
    """
    headers: list[tuple[int, int, int]] = []
    at = 0
    size = len(payload)
    while True:
        if at >= size:
            raise ValueError("a RED payload ends within its headers")
        first = payload[at]
        if not first & 0x80:
            primary_type = first
            at += 1
            break
        if at + 4 > size:
            raise ValueError("a RED payload ends within a header")
        if len(headers) == _MOST_COPIES:
            raise ValueError("a RED payload with too many headers")
        packed = int.from_bytes(payload[at + 1 : at + 4], "big")
        headers.append((packed >> 10, first & 0x7F, packed & _MOST_LENGTH))
        at += 4
    blocks: list[tuple[int, int, bytes]] = []
    for offset, payload_type, length in headers:
        end = at + length
        if end > size:
            raise ValueError("a RED payload ends within a copy")
        if length:
            blocks.append((offset, payload_type, payload[at:end]))
        at = end
    blocks.append((0, primary_type, payload[at:]))
    return blocks


def pack(primary: bytes, primary_type: int, redundant: Iterable[tuple[int, int, bytes]]) -> bytes:
    """A RED payload of ``primary`` and copies given as (timestamp offset, payload type, data), oldest first.

    Copies that the format cannot hold (offset above 14 bits, data above 10 bits) or that are empty are left out.
    """
    headers = bytearray()
    data: list[bytes] = []
    for offset, payload_type, copy in redundant:
        if not (0 < offset <= _MOST_OFFSET and 0 < len(copy) <= _MOST_LENGTH):
            continue
        headers.append(0x80 | _checked(payload_type))
        headers += (offset << 10 | len(copy)).to_bytes(3, "big")
        data.append(copy)
    headers.append(_checked(primary_type))
    return b"".join([bytes(headers), *data, primary])


def _checked(payload_type: int) -> int:
    if not 0 <= payload_type <= 0x7F:
        raise ValueError(f"{payload_type} is no RTP payload type")
    return payload_type
