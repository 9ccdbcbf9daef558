"""What the kiosk's media process counted in a window, as figures of an EndReport; pure, asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from kiosk.callbench.end import Sample, Sent
from kiosk.facts.call_statistics import CallStatistics, InboundRtp, OutboundRtp, inbound, outbound


class Figures(msgspec.Struct, frozen=True):
    """The fields of EndReport that come from statistics, with its names, units and meanings."""

    frames_decoded: int | None = None
    freeze_seconds: float | None = None
    concealed_share: float | None = None
    silent_share: float | None = None
    sound_delay: tuple[Sample, ...] = ()
    sound_target: tuple[Sample, ...] = ()
    lips: tuple[float, ...] = ()
    sent: tuple[Sent, ...] = ()
    target_rate: tuple[Sample, ...] = ()
    round_trip: tuple[Sample, ...] = ()


def figures_of(series: Sequence[CallStatistics]) -> Figures:
    """``series``: the moments of one window in the order of time, the first near its beginning; may be empty.

    Shares are of all samples that were played, silently concealed ones counted as concealed too, as with a browser's.
    """
    if not series:
        return Figures()
    first, last = series[0], series[-1]
    heard, seen = (inbound(first, "audio"), inbound(last, "audio")), (inbound(first, "video"), inbound(last, "video"))
    played = _grown(*heard, "total_samples_received")
    decoded = _grown(*seen, "frames_decoded")
    return Figures(
        frames_decoded=None if decoded is None else int(decoded),
        freeze_seconds=_grown(*seen, "total_freezes_duration"),
        concealed_share=_share(_grown(*heard, "concealed_samples"), played),
        silent_share=_share(_grown(*heard, "silent_concealed_samples"), played),
        sound_delay=tuple(_waits(series, "jitter_buffer_delay")),
        sound_target=tuple(_waits(series, "jitter_buffer_target_delay")),
        # Ours is how late the picture was shown; EndReport's is how late the sound.
        lips=tuple(
            -1000 * one.transport.picture_after_voice for one in series if one.transport.picture_after_voice is not None
        ),
        sent=tuple(_sent(series)),
        target_rate=tuple(Sample(one.timestamp, one.transport.available_outgoing_bitrate) for one in series),
        round_trip=tuple(
            Sample(one.timestamp, 1000 * one.transport.current_round_trip_time)
            for one in series
            if one.transport.current_round_trip_time is not None
        ),
    )


def _grown(before: InboundRtp | OutboundRtp | None, after: InboundRtp | OutboundRtp | None, name: str) -> float | None:
    """How much a counter grew; one that was not there at first began at 0, one that is lower began anew."""
    last: float | None = getattr(after, name, None)
    first: float = getattr(before, name, None) or 0.0
    return last if last is None or last < first else last - first


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _waits(series: Sequence[CallStatistics], name: str) -> Iterator[Sample]:
    """Milliseconds that the samples played since the moment before had waited (or were meant to wait)."""
    for before, after in pairwise(series):
        one, two = inbound(before, "audio"), inbound(after, "audio")
        played, waited = _grown(one, two, "jitter_buffer_emitted_count"), _grown(one, two, name)
        if played and waited is not None:
            yield Sample(after.timestamp, 1000 * waited / played)


def _sent(series: Sequence[CallStatistics]) -> Iterator[Sent]:
    for before, after in pairwise(series):
        one, two = outbound(before, "video"), outbound(after, "video")
        seconds = after.timestamp - before.timestamp
        encoded, size = _grown(one, two, "frames_encoded"), _grown(one, two, "bytes_sent")
        if two is None or encoded is None or size is None or seconds <= 0:
            continue
        if two.frame_width and two.frame_height:
            frames_per_second = round(encoded / seconds, 1)
            yield Sent(after.timestamp, two.frame_width, two.frame_height, frames_per_second, 8 * size / seconds)
