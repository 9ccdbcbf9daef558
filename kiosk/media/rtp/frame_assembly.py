"""VP8 frames out of RTP packets in any order, handed out in decode order; asks for nothing and decodes nothing.

A frame is the packets of one timestamp from the start of partition 0 to the marker (RFC 7741 section 4), so the next
frame need not be waited for. Handed out is only what can be decoded: what follows the last frame without a hole, a
whole key frame, and over a hole of higher temporal layers also the next frame of layer 0 (TL0PICIDX) or a frame
that says it depends on layer 0 only (Y).
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from kiosk.media.rtp.vp8_payload import TL0_INDEXES, Vp8Descriptor, parse

_UPPER_LAYERS = frozenset((1, 2, 3))
_FAR_BACK = 3000  # a number that is lower by so much is a new numbering, not a late packet


class AssembledFrame(msgspec.Struct, frozen=True):
    """One encoded VP8 frame. Numbers and ``timestamp`` (90 kHz) unwrapped; times CLOCK_MONOTONIC seconds."""

    data: bytes
    timestamp: int
    key_frame: bool
    temporal_layer: int
    first_number: int
    last_number: int
    first_at: float
    last_at: float


class _Partial:
    """The packets of one frame that are here."""

    __slots__ = (
        "base", "first", "first_at", "key_frame", "last", "last_at", "layer", "lowest", "marker_at", "pieces", "size",
        "synced", "timestamp", "whole",
    )  # fmt: skip

    def __init__(self, timestamp: int, descriptor: Vp8Descriptor, number: int, now: float) -> None:
        self.timestamp = timestamp
        self.pieces: dict[int, bytes] = {}
        self.size = 0
        self.lowest = number
        self.first: int | None = None
        self.last: int | None = None
        self.key_frame = False
        self.layer = descriptor.temporal_layer or 0
        self.base = descriptor.tl0picidx
        self.synced = descriptor.layer_sync
        self.first_at = self.last_at = now
        self.marker_at: float | None = None
        self.whole = False

    def add(self, number: int, descriptor: Vp8Descriptor, marker: bool, data: bytes, now: float) -> None:
        self.pieces[number] = data
        self.size += len(data)
        self.last_at = now
        if number < self.lowest:
            self.lowest = number
        if descriptor.key_frame is not None:
            self.first = number
            self.key_frame = descriptor.key_frame
        if marker:
            self.last = number
            self.marker_at = now
        first, last = self.first, self.last
        if first is not None and last is not None and len(self.pieces) > last - first >= 0:
            self.whole = all(number in self.pieces for number in range(first, last + 1))


class FrameAssembly:
    """One stream's packets become frames. Call ``take`` after ``put``, and when ``next_due`` says so."""

    def __init__(self, *, patience: float = 0.06, most_packets: int = 1500, most_bytes: int = 2_000_000) -> None:
        """``patience``: seconds that a frame of a lower temporal layer waits for a hole of higher layers to heal."""
        self._patience = patience
        self._most_packets = most_packets
        self._most_bytes = most_bytes
        self._partials: dict[int, _Partial] = {}  # by timestamp
        self._whole: dict[int, _Partial] = {}  # by the number of the first packet
        self._padding: set[int] = set()
        self._packets = 0
        self._bytes = 0
        self._next: int | None = None  # the number after the last frame; what is lower has no use
        self._needs_key_frame = True
        self._last_base: int | None = None
        self._broken: set[int] = set()  # temporal layers that lack a frame since their last sync
        self._skips_at: float | None = None
        self.refused = 0
        """Packets that were not VP8."""
        self.late = 0
        """Packets that came when their frame was of no use any more, or twice."""
        self.skipped = 0
        """Frames of higher temporal layers that were whole but could not be decoded any more."""

    @property
    def needs_key_frame(self) -> bool:
        """Nothing but a key frame can be handed out."""
        return self._needs_key_frame

    @property
    def next_number(self) -> int | None:
        """Lower packet numbers are of no use any more; None while that is not known."""
        if self._needs_key_frame:
            starts = [partial.first for partial in self._partials.values() if partial.key_frame]
            return min((first for first in starts if first is not None), default=self._next)
        return self._next

    @property
    def began_inside(self) -> bool:
        """No frame has been handed out, and the first packets are not the start of a key frame."""
        return self._next is None and bool(self._partials) and self.next_number is None

    @property
    def waiting_packets(self) -> int:
        """Packets that are held."""
        return self._packets + len(self._padding)

    def await_key_frame(self) -> None:
        """The decoder could not use what it got: only a key frame helps."""
        self._needs_key_frame = True

    def put(self, number: int, timestamp: int, marker: bool, payload: bytes, now: float) -> None:
        """A packet, first sent or sent again; ``number`` and ``timestamp`` unwrapped; empty ``payload``: padding."""
        if self._next is not None and number < self._next:
            if number > self._next - _FAR_BACK:
                self.late += 1
                return
            self._start_again()
        if not payload:
            self._padding.add(number)
            if len(self._padding) > self._most_packets:
                self._padding.clear()
            return
        try:
            descriptor = parse(payload)
        except ValueError:
            self.refused += 1
            return
        partial = self._partials.get(timestamp)
        if partial is None:
            partial = self._partials[timestamp] = _Partial(timestamp, descriptor, number, now)
        elif partial.whole or number in partial.pieces:
            self.late += 1
            return
        data = payload[descriptor.header_bytes :]
        partial.add(number, descriptor, marker, data, now)
        self._packets += 1
        self._bytes += len(data)
        if partial.whole and partial.first is not None:
            self._whole[partial.first] = partial
        while self._packets > self._most_packets or self._bytes > self._most_bytes:
            lowest = min(self._partials.values(), key=_lowest)
            self._drop(lowest)
            self._next = lowest.lowest + 1 if self._next is None else max(self._next, lowest.lowest + 1)
            self._needs_key_frame = True

    def take(self, now: float) -> list[AssembledFrame]:
        """What can be decoded now, in decode order."""
        self._skips_at = None
        return list(self._ready(now)) if self._whole else []

    def next_due(self, now: float) -> float | None:
        """When ``take`` may give a frame though no packet comes; None when it will not."""
        return self._skips_at

    def waiting_since(self, now: float) -> float | None:
        """Since when something that was received waits for what was not; None while nothing does."""
        partials = self._partials
        if not partials:
            return None
        if self._needs_key_frame:
            return min(partial.first_at for partial in partials.values())
        if len(partials) == 1:
            (only,) = partials.values()
            return only.first_at if only.lowest != self._next else only.marker_at
        head = min(partials.values(), key=_lowest)
        since = min(partial.first_at for partial in partials.values() if partial is not head)
        return min(since, head.first_at) if head.lowest != self._next else since

    def key_frame_progress(self) -> float | None:
        """When the last packet of a key frame came that is not whole yet; None when no such frame is here."""
        times = [partial.last_at for partial in self._partials.values() if partial.key_frame]
        return max(times) if times else None

    def _ready(self, now: float) -> Iterator[AssembledFrame]:
        while self._whole:
            partial = None
            if not self._needs_key_frame and self._next is not None:
                while self._next in self._padding:
                    self._padding.remove(self._next)
                    self._next += 1
                partial = self._whole.get(self._next)
            if partial is None:
                partial = self._beyond(now)
                if partial is None:
                    return
                self._broken |= _UPPER_LAYERS
            usable = self._decodable(partial)
            frame = self._hand_out(partial)
            if usable:
                yield frame
            else:
                self.skipped += 1

    def _beyond(self, now: float) -> _Partial | None:
        """The first frame beyond a hole that can be decoded without what is in the hole."""
        for partial in sorted(self._whole.values(), key=_lowest):
            if partial.key_frame:
                return partial
            if self._needs_key_frame or partial.base is None or self._last_base is None:
                continue
            step = (partial.base - self._last_base) % TL0_INDEXES
            if (step == 1 and partial.layer == 0) or (step == 0 and partial.layer > 0 and partial.synced):
                due = partial.last_at + self._patience
                if due <= now:
                    return partial
                self._skips_at = due if self._skips_at is None else min(self._skips_at, due)
        return None

    def _decodable(self, partial: _Partial) -> bool:
        layer = partial.layer
        if partial.key_frame:
            self._broken.clear()
        elif layer and partial.synced:
            self._broken.discard(layer)
        elif layer:
            return not any(broken <= layer for broken in self._broken)
        return True

    def _hand_out(self, partial: _Partial) -> AssembledFrame:
        first, last = partial.first, partial.last
        if first is None or last is None:
            raise RuntimeError("a frame that is not whole was to be handed out")
        if partial.layer == 0:
            self._last_base = partial.base
        self._drop(partial)
        for older in [other for other in self._partials.values() if other.lowest <= last]:
            self._drop(older)
        if self._padding:
            self._padding = {number for number in self._padding if number > last}
        self._next = last + 1
        self._needs_key_frame = False
        data = b"".join([partial.pieces[number] for number in range(first, last + 1)])
        return AssembledFrame(
            data, partial.timestamp, partial.key_frame, partial.layer, first, last, partial.first_at, partial.last_at
        )

    def _drop(self, partial: _Partial) -> None:
        del self._partials[partial.timestamp]
        if partial.first is not None and self._whole.get(partial.first) is partial:
            del self._whole[partial.first]
        self._packets -= len(partial.pieces)
        self._bytes -= partial.size

    def _start_again(self) -> None:
        self._partials.clear()
        self._whole.clear()
        self._padding.clear()
        self._packets = self._bytes = 0
        self._next = None
        self._needs_key_frame = True


def _lowest(partial: _Partial) -> int:
    return partial.lowest
