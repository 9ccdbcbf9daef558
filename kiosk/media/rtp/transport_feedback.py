"""Transport-wide congestion control feedback: what is told to the sender, and the reading of it; no RTCP framing.

Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1. The FCI of an RTPFB packet (FMT 15):

    |     base sequence number      |      packet status count      |
    |        reference time (64 ms, signed)         | feedback count|
    | 0| S 2 bits|  run length 13 bits  |    run-length chunk
    | 1|0| 14 symbols of one bit        |    status vector chunk
    | 1|1|  7 symbols of two bits       |    status vector chunk
    | deltas of 250 us: one byte (0 ... 63.75 ms), or two with a sign |

Symbols: 0 not received, 1 small delta, 2 large or negative delta, 3 reserved.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import msgspec

_FIRST = struct.Struct("!HHL")
_CHUNK = struct.Struct("!H")
_LARGE = struct.Struct("!h")

TICKS = 4000
"""Deltas are counted in so many parts of a second."""

_REFERENCE_TICKS = 256  # 64 ms
_REFERENCE_SPAN = 1 << 24
_TICK_MS = 1000 / TICKS

MOST_STATUSES = 8192
"""In one packet. A browser reports at most what came in a few hundred milliseconds."""

_MOST_ARRIVALS = 400  # in one packet of ours: 800 bytes of deltas and some 120 of chunks
_LONGEST_RUN = 8191
_MOST_GAP = 4096  # a jump further than this is a new numbering, not a loss
_KEPT_TICKS = TICKS // 2  # a packet that is late by more is not worth another report

LEAST_INTERVAL_S = 0.05
MOST_INTERVAL_S = 0.25
_MANY = 100  # so many packets are reported at once: the sender may be probing
_WIRE_OVERHEAD = 66  # IP and UDP 28, RTCP header with both SSRCs 12, SRTCP index and tag 14 or 20, padding and rounding


class TransportFeedback(msgspec.Struct, frozen=True):
    """One packet of feedback.

    ``count``: number of the feedback packet, 8 bits; ``arrivals``: (transport number of 16 bits, arrival in
    milliseconds of the receiver's own clock, None when it has not arrived), in order of their numbers.
    """

    count: int
    arrivals: tuple[tuple[int, float | None], ...]


def parse(fci: bytes, near_ms: float | None = None) -> TransportFeedback:
    """Raises ValueError for nonsense.

    The reference time wraps after 12.4 days of the other end's clock: with ``near_ms``, an arrival of an earlier
    feedback, the wrap is undone.
    """
    if len(fci) < _FIRST.size + 2:
        raise ValueError("transport feedback cut short")
    number, statuses, reference_and_count = _FIRST.unpack_from(fci)
    if not 0 < statuses <= MOST_STATUSES:
        raise ValueError(f"transport feedback on {statuses} packets")
    symbols, at = _symbols(fci, statuses)
    reference = reference_and_count >> 8
    if near_ms is None:
        if reference >= _REFERENCE_SPAN // 2:
            reference -= _REFERENCE_SPAN
    else:
        near = int(near_ms // 64)
        reference = near + (reference - near + _REFERENCE_SPAN // 2) % _REFERENCE_SPAN - _REFERENCE_SPAN // 2
    ticks = reference * _REFERENCE_TICKS
    arrivals: list[tuple[int, float | None]] = []
    size = len(fci)
    for symbol in symbols:
        if symbol == 0:
            arrivals.append((number, None))
        else:
            if at + symbol > size:
                raise ValueError("transport feedback with too few deltas")
            ticks += fci[at] if symbol == 1 else _LARGE.unpack_from(fci, at)[0]
            at += symbol  # a delta is as many bytes as its symbol's value
            arrivals.append((number, ticks * _TICK_MS))
        number = (number + 1) & 0xFFFF
    if size - at > 3:
        raise ValueError("transport feedback with too many deltas")
    return TransportFeedback(reference_and_count & 0xFF, tuple(arrivals))


def _symbols(fci: bytes, statuses: int) -> tuple[list[int], int]:
    """The packet statuses, and where the deltas begin."""
    symbols: list[int] = []
    at = _FIRST.size
    while len(symbols) < statuses:
        if at + 2 > len(fci):
            raise ValueError("transport feedback with too few statuses")
        (chunk,) = _CHUNK.unpack_from(fci, at)
        at += 2
        if not chunk & 0x8000:
            # A run may say more than there is to tell: the rest is not meant.
            symbols.extend([chunk >> 13] * min(chunk & 0x1FFF, statuses - len(symbols)))
        elif chunk & 0x4000:
            symbols.extend(chunk >> shift & 3 for shift in range(12, -1, -2))
        else:
            symbols.extend(chunk >> shift & 1 for shift in range(13, -1, -1))
    del symbols[statuses:]
    if 3 in symbols:
        raise ValueError("reserved packet status")
    return symbols, at


class ArrivalRecorder:
    """When packets arrived, told in feedback; all streams of a transport share one.

    Every packet since the last feedback is in the next one, lost ones too. What comes late is told again from
    there on: the sender takes the first word that a packet has arrived.
    """

    def __init__(self, *, share: float = 0.05) -> None:
        """``share``: of the received rate that feedback may take, both counted with IP and UDP."""
        self._share = share
        self._ticks: dict[int, int] = {}  # unwrapped number -> arrival, in order of arrival
        self._newest: int | None = None
        self._begin = 0  # the first number of the next feedback
        self._floor = 0  # what was below has been forgotten
        self._fresh = 0
        self._first_at = 0.0
        self._marked = False
        self._count = 0
        self._told_at: float | None = None
        self._received = 0  # bytes since the last feedback
        self._rate = 0.0
        self._interval = LEAST_INTERVAL_S

    @property
    def interval_s(self) -> float:
        """Seconds from one feedback to the next at the rate that is received now."""
        return self._interval

    def arrived(self, number16: int, now: float, size: int, marker: bool = False) -> None:
        """A packet with this transport number; ``size``: its bytes with IP and UDP; ``marker``: it ends a picture."""
        newest = self._newest
        tick = round(now * TICKS)
        if newest is None:
            number = number16
            self._begin = self._floor = self._newest = number
        else:
            number = newest + ((number16 - newest + 0x8000) & 0xFFFF) - 0x8000
            if abs(number - newest) > _MOST_GAP:
                self._ticks.clear()
                self._begin = self._floor = self._newest = number
            elif number > newest:
                self._newest = number
            elif number < self._floor or number in self._ticks:
                return
            elif number < self._begin:
                self._begin = number
        self._ticks[number] = tick
        if not self._fresh:
            self._first_at = now
        self._fresh += 1
        self._received += size
        self._marked = marker

    def due(self, now: float) -> bool:
        """Whether ``feedback`` is to be called now."""
        next_at = self.next_due(now)
        return next_at is not None and next_at <= now

    def next_due(self, now: float) -> float | None:
        """When the next feedback is due; None while there is nothing to tell."""
        if not self._fresh:
            return None
        if self._told_at is None:
            return self._first_at
        if self._fresh >= _MANY:
            return now
        # The end of a picture is the best moment: what follows it comes a frame later.
        return self._told_at + self._interval * (0.7 if self._marked else 1.0)

    def feedback(self, now: float) -> list[bytes]:
        """FCIs of the packets to send, without padding to whole words; empty when there is nothing to tell."""
        newest = self._newest
        if newest is None or not self._fresh:
            return []
        packets: list[bytes] = []
        number = self._begin
        while number <= newest:
            packet, number = self._packet(number, newest)
            packets.append(packet)
        self._begin = newest + 1
        self._forget(round(now * TICKS) - _KEPT_TICKS)
        self._pace(now, sum(map(len, packets)) + _WIRE_OVERHEAD * len(packets))
        return packets

    def _packet(self, begin: int, newest: int) -> tuple[bytes, int]:
        """One FCI that begins with ``begin``, and the number that the next one begins with."""
        symbols: list[int] = []
        deltas = bytearray()
        last = reference = 0
        room = _MOST_ARRIVALS
        number = begin
        stop = min(newest + 1, begin + MOST_STATUSES)
        while number < stop:
            tick = self._ticks.get(number)
            if tick is None:
                symbols.append(0)
            else:
                if room == _MOST_ARRIVALS:
                    reference = tick // _REFERENCE_TICKS
                    last = reference * _REFERENCE_TICKS
                delta = tick - last
                if 0 <= delta <= 0xFF:
                    symbols.append(1)
                    deltas.append(delta)
                elif -0x8000 <= delta <= 0x7FFF:
                    symbols.append(2)
                    deltas += _LARGE.pack(delta)
                else:
                    break
                last = tick
                room -= 1
                if not room:
                    number += 1
                    break
            number += 1
        head = _FIRST.pack(
            begin & 0xFFFF, len(symbols), (reference & _REFERENCE_SPAN - 1) << 8 | self._count,
        )  # fmt: skip
        self._count = (self._count + 1) & 0xFF
        return head + _chunks(symbols) + deltas, number

    def _forget(self, before: int) -> None:
        old = []
        for number, tick in self._ticks.items():
            if tick >= before:
                break
            old.append(number)
        for number in old:
            del self._ticks[number]
        if old:
            self._floor = max(self._floor, max(old) + 1)

    def _pace(self, now: float, told: int) -> None:
        if self._told_at is None:
            self._told_at = now
        elif now > self._told_at:
            rate = self._received / (now - self._told_at)
            self._rate = rate if not self._rate else 0.7 * self._rate + 0.3 * rate
            interval = told / (self._share * self._rate) if self._rate else LEAST_INTERVAL_S
            self._interval = min(max(interval, LEAST_INTERVAL_S), MOST_INTERVAL_S)
        self._told_at = now
        self._received = self._fresh = 0
        self._marked = False


def _chunks(symbols: Sequence[int]) -> bytes:
    """The shortest of the three forms, one chunk after the other."""
    out = bytearray()
    at, end = 0, len(symbols)
    while at < end:
        first = symbols[at]
        stop = at + 1
        limit = min(end, at + _LONGEST_RUN)
        while stop < limit and symbols[stop] == first:
            stop += 1
        run = stop - at
        if run >= 14 or stop == end or (run >= 7 and first == 2):
            out += _CHUNK.pack(first << 13 | run)
            at = stop
            continue
        some = symbols[at : at + 14]
        if 2 not in some:
            chunk, width = 0x8000, 14
            for symbol, shift in zip(some, range(13, -1, -1), strict=False):
                chunk |= symbol << shift
        else:
            chunk, width = 0xC000, 7
            for symbol, shift in zip(some, range(12, -1, -2), strict=False):
                chunk |= symbol << shift
        out += _CHUNK.pack(chunk)
        at += width
    return bytes(out)
