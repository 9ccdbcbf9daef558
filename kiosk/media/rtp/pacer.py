"""Spreads packets over time, sound first, so that a picture does not become a queue on the line; sends nothing itself.

Two buckets leak: one at the pace, a little faster than the target, so that a picture goes out soon but not at once
(draft-ietf-rmcat-gcc-02, 4); one at the target itself, so that what has piled up here does not pile up on the line
instead. Sound is charged to both and never waits.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum

from kiosk.media.rtp.probing import Probe

_WAKE_S = 0.005
"""Not woken more often than this; what was missed meanwhile goes out together."""

_AHEAD_S = 0.12
"""So much of the target may go out ahead of it: about what a key frame needs more than other pictures."""

_MOST_DEBT_S = 0.5
"""However much sound went out, pictures do not wait longer than this for it."""


class Kind(IntEnum):
    """What a packet carries, the most urgent first."""

    SOUND = 0
    RETRANSMISSION = 1
    PICTURE = 2
    PADDING = 3


class Pacer:
    """Packets that wait for their turn. Sizes are bytes on the wire, times are seconds of one clock."""

    def __init__(self, *, rate: int, factor: float = 1.6) -> None:
        """``rate`` is the target in bits per second; pictures leave at ``factor`` times that."""
        self._factor = factor
        self._rate = rate
        self._pace = rate * factor
        self._free_at = 0.0
        self._even_at = 0.0
        self._taken_at = -1.0
        self._queues: tuple[deque[tuple[object, int]], ...] = (deque(), deque(), deque(), deque())
        self._waiting = 0
        self._probe: Probe | None = None
        self._probe_left = 0
        self._probe_packets = 0
        self._probe_until = 0.0
        self.cluster: int | None = None
        """Probe cluster to which the packets of the last ``take`` belong, if any."""

    def set_rate(self, rate: int) -> None:
        """The target in bits per second."""
        self._rate = max(rate, 1000)
        self._pace = self._rate * self._factor

    def put(self, packet: object, size: int, kind: Kind, now: float) -> None:
        """A packet of ``size`` bytes wants to go."""
        self._queues[kind].append((packet, size))
        self._waiting += size

    def begin_probe(self, probe: Probe, now: float) -> None:
        """Send at the rate of ``probe`` until its bytes are out; a probe under way is replaced."""
        self._probe = probe
        self._probe_left = probe.size
        self._probe_packets = probe.packets
        # One that cannot be filled (nothing to send, no padding negotiated) must not stay open.
        self._probe_until = now + 0.1 + probe.size * 8 / probe.rate
        self._free_at = now

    def take(self, now: float) -> list[object]:
        """What is to be sent now, in this order."""
        self._end_probe(now)
        probe = self._probe
        pace = self._pace if probe is None else max(self._pace, probe.rate)
        self.cluster = None if probe is None else probe.cluster
        taken: list[object] = []
        sound, repeated, pictures, padding = self._queues
        free_at = max(self._free_at, now - _WAKE_S)
        bits = 0
        while sound:
            bits += self._leave(taken, *sound.popleft())
        free_at += bits / pace
        # A cluster is a question to the line, not what the target allows.
        allowed = self._allowed_bits(now) - bits if probe is None else float("inf")
        while free_at <= now and allowed > 0:
            queue = repeated or pictures or padding
            if not queue:
                break
            left = self._leave(taken, *queue.popleft())
            bits += left
            allowed -= left
            free_at += left / pace
            if probe is not None and self._probe_left <= 0 and self._probe_packets <= 0:
                break  # what follows is not of the cluster
        self._free_at = min(free_at, now + _MOST_DEBT_S)
        if probe is None:
            self._even_at = min(max(self._even_at, now) + bits / self._rate, now + _MOST_DEBT_S)
        self._taken_at = now
        return taken

    def _allowed_bits(self, now: float) -> float:
        return (_AHEAD_S - max(self._even_at - now, 0.0)) * self._rate

    def _leave(self, taken: list[object], packet: object, size: int) -> int:
        """Bits that left."""
        taken.append(packet)
        self._waiting -= size
        if self._probe is not None:
            self._probe_left -= size
            self._probe_packets -= 1
        return size * 8

    def _end_probe(self, now: float) -> None:
        if self._probe is not None and (
            (self._probe_left <= 0 and self._probe_packets <= 0) or now > self._probe_until
        ):
            self._probe = None
            self._queues[Kind.PADDING].clear()
            self._waiting = sum(size for queue in self._queues for _, size in queue)

    def padding_wanted(self, now: float) -> int:
        """Bytes of the padding packet that a probe needs now, because no picture is there to fill it; 0 for none."""
        probe = self._probe
        if probe is None or self._free_at > now or self._waiting:
            return 0
        if self._probe_left <= 0 and self._probe_packets <= 0:
            return 0
        return max(probe.packet_size, 1)

    def next_due(self, now: float) -> float | None:
        """When to call ``take`` next, or None while nothing waits. The past means at once."""
        if self._queues[Kind.SOUND]:
            return now
        if not self._waiting and (self._probe is None or (self._probe_left <= 0 and self._probe_packets <= 0)):
            return None
        if self._probe is not None:
            return self._free_at
        return max(self._free_at, self._even_at - _AHEAD_S, self._taken_at + _WAKE_S)

    @property
    def waiting_s(self) -> float:
        """How long what waits will take, seconds."""
        return self._waiting * 8 / self._rate

    @property
    def waiting_bytes(self) -> int:
        """How much waits."""
        return self._waiting

    def drop_pictures(self) -> list[object]:
        """Throw away and return what waits of pictures, retransmissions too: a key frame takes their place.

        Sound that is sent again should be put in as sound, then it is not touched.
        """
        dropped: list[object] = []
        for kind in (Kind.RETRANSMISSION, Kind.PICTURE):
            for packet, size in self._queues[kind]:
                dropped.append(packet)
                self._waiting -= size
            self._queues[kind].clear()
        return dropped
