"""Turns counters that wrap, as RTP sequence numbers and timestamps do, into plain integers; knows no packet."""

from __future__ import annotations


class Unwrapper:
    """Each value becomes the integer that is nearest to the one before, so what comes a little late counts back.

    A value exactly half the range away counts forwards. The first value stays as it is; earlier ones become negative.
    """

    __slots__ = ("_half", "_last", "_mask")

    def __init__(self, bits: int) -> None:
        """``bits``: width of the counter, 16 for sequence numbers, 32 for timestamps (RFC 3550 5.1)."""
        if bits < 1:
            raise ValueError(f"a counter has at least one bit, not {bits}")
        self._mask = (1 << bits) - 1
        self._half = 1 << (bits - 1)
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        """The unwrapped value; bits above the counter's width are ignored."""
        last = self._last
        if last is None:
            last = value & self._mask
        else:
            step = (value - last) & self._mask
            last += step if step <= self._half else step - self._mask - 1
        self._last = last
        return last
