"""What stands before VP8 data in an RTP packet (RFC 7741 section 4.2): written and read; assembles no frames.

X R N S R PID   octet 1: X more follows, N non-reference, S start of a partition, PID partition index
I L T K RSV     with X: which of the following are there
M PictureID     with I: 7 bits, or 15 with M
TL0PICIDX       with L: running number of frames of temporal layer 0
TID Y KEYIDX    with T or K: temporal layer, layer sync, running number of key frames
"""

from __future__ import annotations

from typing import NamedTuple

_X, _N, _S, _PID = 0x80, 0x20, 0x10, 0x07
_I, _L, _T, _K = 0x80, 0x40, 0x20, 0x10
_M = 0x80
_Y = 0x20
PICTURE_IDS = 1 << 15
"""Picture ids count modulo this; a peer that sends seven bits only counts modulo 128."""
TL0_INDEXES = 1 << 8
LAYERS = 4


class Vp8Descriptor(NamedTuple):
    """The descriptor of one packet. ``header_bytes`` is where the VP8 data begins.

    ``key_frame`` is None unless the packet begins a frame; ``long_picture_id`` tells which modulus applies.
    """

    start_of_partition: bool
    partition: int
    non_reference: bool
    picture_id: int | None
    long_picture_id: bool
    tl0picidx: int | None
    temporal_layer: int | None
    layer_sync: bool
    keyidx: int | None
    header_bytes: int
    key_frame: bool | None


def parse(payload: bytes) -> Vp8Descriptor:
    """Raises ValueError for a descriptor that is cut short or has no VP8 data behind it."""
    size = len(payload)
    if size < 1:
        raise ValueError("no VP8 descriptor")
    first = payload[0]
    at = 1
    picture_id = tl0picidx = temporal_layer = keyidx = None
    long_picture_id = layer_sync = False
    if first & _X:
        if size < 2:
            raise ValueError("VP8 descriptor cut short")
        present = payload[1]
        at = 2
        if present & _I:
            if size < at + 1:
                raise ValueError("VP8 picture id cut short")
            picture_id = payload[at]
            at += 1
            if picture_id & _M:
                if size < at + 1:
                    raise ValueError("VP8 picture id cut short")
                picture_id = (picture_id & 0x7F) << 8 | payload[at]
                long_picture_id = True
                at += 1
        if present & _L:
            if size < at + 1:
                raise ValueError("VP8 TL0PICIDX cut short")
            tl0picidx = payload[at]
            at += 1
        if present & (_T | _K):
            if size < at + 1:
                raise ValueError("VP8 temporal layer cut short")
            if present & _T:
                temporal_layer = payload[at] >> 6
                layer_sync = bool(payload[at] & _Y)
            if present & _K:
                keyidx = payload[at] & 0x1F
            at += 1
    if size <= at:
        raise ValueError("VP8 descriptor without data")
    starts = bool(first & _S)
    partition = first & _PID
    # The P bit of the VP8 frame header (RFC 6386 section 9.1) is 0 in key frames.
    key_frame = not payload[at] & 1 if starts and partition == 0 else None
    return Vp8Descriptor(
        starts, partition, bool(first & _N), picture_id, long_picture_id, tl0picidx, temporal_layer, layer_sync, keyidx,
        at, key_frame,
    )  # fmt: skip


def pack(
    data: bytes,
    *,
    limit: int,
    picture_id: int,
    tl0picidx: int | None = None,
    temporal_layer: int = 0,
    layer_sync: bool = False,
    non_reference: bool = False,
) -> list[bytes]:
    """The payloads of one encoded frame, each at most ``limit`` bytes and nearly equal in size.

    Equal, because a nearly empty last packet is as easily lost as a full one. Without ``tl0picidx`` nothing is said of
    temporal layers. Raises ValueError for an empty frame, or a ``limit`` without room for data.
    """
    header = bytearray((_X | (_N if non_reference else 0), _I))
    header += (_M << 8 | picture_id % PICTURE_IDS).to_bytes(2, "big")
    if tl0picidx is not None:
        if not 0 <= temporal_layer < LAYERS:
            raise ValueError(f"no temporal layer {temporal_layer}")
        header[1] |= _L | _T
        header.append(tl0picidx % TL0_INDEXES)
        header.append(temporal_layer << 6 | (_Y if layer_sync else 0))
    room = limit - len(header)
    size = len(data)
    if room <= 0 or not size:
        raise ValueError("no room for VP8 data" if size else "an empty frame")
    count = -(-size // room)
    rest = bytes(header)
    header[0] |= _S
    payloads: list[bytes] = []
    begin = 0
    for number in range(1, count + 1):
        end = size * number // count
        payloads.append((rest if begin else bytes(header)) + data[begin:end])
        begin = end
    return payloads
