"""The rate at which packets arrive at the other end, from the times it reports; knows nothing of what was lost."""

from __future__ import annotations

from collections import deque

_KEPT_MS = 1000.0


class ArrivalRate:
    """Sizes and arrival times of the last second. Times are milliseconds of the other end's clock."""

    def __init__(self) -> None:
        self._packets: deque[tuple[float, int]] = deque()

    def add(self, arrival_ms: float, size: int) -> None:
        """A packet of ``size`` bytes arrived."""
        self._packets.append((arrival_ms, size))
        while self._packets[0][0] < arrival_ms - _KEPT_MS:
            self._packets.popleft()

    def clear(self) -> None:
        """Begin anew: packets arrived of which nothing was heard."""
        self._packets.clear()

    def rate(self, window_ms: float, least_packets: int = 5) -> float:
        """Bits per second over the last ``window_ms``, and over ``least_packets`` at least; 0 while unknown.

        A narrow line brings few packets: a longer look is better than the distance of two of them.
        """
        packets = self._packets
        if len(packets) < 2:
            return 0.0
        first = last = packets[-1][0]
        size = oldest = 0
        for counted, (arrival, packet_size) in enumerate(reversed(packets)):
            if arrival < last - window_ms and counted >= least_packets:
                break
            first = arrival
            size += packet_size
            oldest = packet_size
        span = last - first
        return (size - oldest) * 8000 / span if span >= 1.0 else 0.0
