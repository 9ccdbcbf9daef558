"""Divides the rate of the line between speech and picture, speech first; encodes nothing and remembers nothing.

On a narrow line every packet's headers count, so speech goes in longer packets there. The picture gives up size before
motion: lips and hands must stay readable (EN 301 549 6.5.2 to 6.5.4 ask for QVGA and 20 pictures a second at least).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import msgspec

PACKET_OVERHEAD = 66
"""Bytes a packet costs beside its payload: IPv4 20, UDP 8, RTP 12, header extensions 16, SRTP tag 10."""

_RED_HEADER = 4

_SPEECH = (
    # From this target: speech bit/s, packet length ms.
    (900_000, 32_000, 20),
    (450_000, 28_000, 20),
    (220_000, 24_000, 40),
    (140_000, 20_000, 60),
    (0, 16_000, 60),
)

_PICTURE_NEEDS = (
    # Pixels, and the bits per second at which a face in VP8 at full motion looks right.
    (0, 0),
    (43_200, 45_000),
    (76_800, 110_000),
    (129_600, 200_000),
    (172_800, 260_000),
    (230_400, 330_000),
    (307_200, 430_000),
    (518_400, 700_000),
    (921_600, 1_000_000),
    (2_073_600, 2_000_000),
)

_SCALES = (
    Fraction(1),
    Fraction(3, 4),
    Fraction(1, 2),
    Fraction(3, 8),
    Fraction(3, 10),
    Fraction(1, 4),
    Fraction(1, 5),
    Fraction(3, 20),
)
_LEAST_PIXELS = 36_000
_QVGA_PIXELS = 76_800
_QVGA_FROM = 120_000
"""With so much for the picture it is never below QVGA."""

_FRAMES = (
    # From this picture rate: frames per second.
    (120_000, 30),
    (85_000, 20),
    (60_000, 15),
    (40_000, 12),
    (0, 10),
)

_UP = 1.15
_UP_AFTER_S = 3.0
_LEAST_PICTURE = 20_000
_SMALL_PACKETS_BELOW = 170_000
_SMALL_PACKET = 600
_LARGE_PACKET = 1_100

_REDUNDANT_FROM = 0.01
_TWICE_FROM = 0.15
_TWICE_RATE = 500_000
_REDUNDANT_LEAST_RATE = 120_000
_REDUNDANCY_STAYS_S = 10.0
_MOST_EXPECTED_LOSS = 30


class Allocation(msgspec.Struct, frozen=True):
    """What the encoders are to do."""

    speech_bitrate: int
    """Bits per second of Opus, without headers and copies."""
    speech_frame_ms: int
    """Length of a packet of speech: 20, 40 or 60."""
    speech_redundancy: int
    """Earlier packets repeated in each packet (RFC 2198): 0, 1 or 2."""
    fec_percent: int
    """Loss that Opus is told to expect, percent; 0 turns in-band FEC off."""
    picture_bitrate: int
    """Bits per second of VP8, without headers and retransmissions; 0 for no picture."""
    picture_width: int
    picture_height: int
    frames_per_second: int
    picture_packet_bytes: int
    """Largest payload of a picture packet: small on a narrow line, where a large one keeps speech waiting."""
    room_since: float | None
    """Since when there has been room for a larger picture, seconds; for the next allocation."""
    redundant_until: float
    """Until when speech stays protected although nothing is lost, seconds; for the next allocation."""


def allocate(
    target: int, loss: float, previous: Allocation | None, now: float, *, camera: tuple[int, int] = (640, 480)
) -> Allocation:
    """Divide ``target`` (bits per second on the wire, all headers counted).

    ``loss`` is the share of packets lost on the way to the other end, ``camera`` its largest picture (width, height).
    ``previous`` is what this returned before, None at first: a larger picture comes only after some seconds of room.
    """
    bitrate, frame_ms = next((bitrate, frame_ms) for least, bitrate, frame_ms in _SPEECH if target >= least)
    redundant_until = now + _REDUNDANCY_STAYS_S if loss >= _REDUNDANT_FROM else _kept_until(previous, now)
    redundancy = 0
    if now < redundant_until and target >= _REDUNDANT_LEAST_RATE:
        redundancy = 2 if loss >= _TWICE_FROM and target >= _TWICE_RATE else 1
    fec_percent = min(round(loss * 100), _MOST_EXPECTED_LOSS) if loss >= _REDUNDANT_FROM else 0
    speech = speech_on_wire(bitrate, frame_ms, redundancy)

    # What is lost is sent again, where much is lost twice, and that is paid for out of the picture's share.
    left = max(0.0, (target - speech) * (1 - min(max(2 * loss, 0.0), 0.6)))
    packet_bytes = _SMALL_PACKET if target < _SMALL_PACKETS_BELOW else _LARGE_PACKET
    frames = next(frames for least, frames in _FRAMES if left >= least)
    picture = int(_without_headers(left, frames, packet_bytes))
    if picture < _LEAST_PICTURE:
        picture = 0

    width, height, room_since = _size(picture, previous, now, camera)
    return Allocation(
        speech_bitrate=bitrate,
        speech_frame_ms=frame_ms,
        speech_redundancy=redundancy,
        fec_percent=fec_percent,
        picture_bitrate=picture,
        picture_width=width,
        picture_height=height,
        frames_per_second=frames,
        picture_packet_bytes=packet_bytes,
        room_since=room_since,
        redundant_until=redundant_until,
    )


def speech_on_wire(bitrate: int, frame_ms: int, redundancy: int) -> int:
    """Bits per second that speech takes on the wire, headers and copies counted."""
    packets = 1000 / frame_ms
    return int(bitrate * (1 + redundancy) + packets * 8 * (PACKET_OVERHEAD + _RED_HEADER * redundancy))


def sizes(camera: tuple[int, int]) -> list[tuple[int, int]]:
    """The sizes that pictures of this camera may have, the largest first; width and height are even."""
    width, height = camera
    found: list[tuple[int, int]] = []
    for scale in _SCALES:
        size = (int(width * scale) // 2 * 2, int(height * scale) // 2 * 2)
        if not found or size[0] * size[1] >= _LEAST_PIXELS:
            found.append(size)
    return found


def picture_need(pixels: int) -> int:
    """Bits per second at which a picture of so many pixels looks right."""
    for (low, low_rate), (high, high_rate) in pairwise(_PICTURE_NEEDS):
        if pixels <= high:
            return low_rate + (high_rate - low_rate) * (pixels - low) // (high - low)
    return _PICTURE_NEEDS[-1][1]


def _kept_until(previous: Allocation | None, now: float) -> float:
    return now if previous is None else previous.redundant_until


def _without_headers(rate: float, frames: int, packet_bytes: int) -> float:
    """Payload bits per second that fit in ``rate`` when each frame is cut into equal packets."""
    payload = rate - frames * PACKET_OVERHEAD * 8
    packets = max(1.0, -(-payload // (frames * packet_bytes * 8)))
    return rate - packets * frames * PACKET_OVERHEAD * 8


def _size(
    bitrate: int, previous: Allocation | None, now: float, camera: tuple[int, int]
) -> tuple[int, int, float | None]:
    """Width, height, and since when there has been room for more."""
    ladder = sizes(camera)
    fits = _largest(ladder, bitrate, 1.0)
    if previous is None:
        return *fits, None
    current = (previous.picture_width, previous.picture_height)
    if current not in ladder or fits[0] < current[0]:
        return *fits, None
    with_room = _largest(ladder, bitrate, _UP)
    if with_room[0] <= current[0]:
        return *current, None
    since = previous.room_since if previous.room_since is not None else now
    if now - since < _UP_AFTER_S:
        return *current, since
    return *with_room, None


def _largest(ladder: list[tuple[int, int]], bitrate: int, margin: float) -> tuple[int, int]:
    for index, (width, height) in enumerate(ladder):
        if bitrate >= picture_need(width * height) * margin:
            return width, height
        if bitrate >= _QVGA_FROM:
            below = ladder[index + 1] if index + 1 < len(ladder) else None
            if below is None or below[0] * below[1] < _QVGA_PIXELS:
                return width, height
    return ladder[-1]
