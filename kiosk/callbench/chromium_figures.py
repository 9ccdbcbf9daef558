"""What a browser's page counted, as an EndReport: W3C statistics into milliseconds, shares and rates. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import msgspec

from kiosk.callbench.end import EndReport, Frame, Sample, Sent


class Entry(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of getStats as far as the bench reads it; absent members are None. Units as in W3C webrtc-stats."""

    concealed_samples: float | None = None
    silent_concealed_samples: float | None = None
    total_samples_received: float | None = None
    jitter_buffer_delay: float | None = None
    jitter_buffer_target_delay: float | None = None
    jitter_buffer_emitted_count: float | None = None
    estimated_playout_timestamp: float | None = None
    frames_decoded: float | None = None
    total_freezes_duration: float | None = None
    frame_width: float | None = None
    frame_height: float | None = None
    frames_per_second: float | None = None
    bytes_sent: float | None = None
    target_bitrate: float | None = None
    quality_limitation_reason: str | None = None
    current_round_trip_time: float | None = None


class PageSample(msgspec.Struct, frozen=True):
    """One look at getStats. ``at``: milliseconds of performance.now()."""

    at: float
    heard: Entry = Entry()
    seen: Entry = Entry()
    said: Entry = Entry()
    sent: Entry = Entry()
    pair: Entry | None = None


class PageReport(msgspec.Struct, frozen=True):
    """``frames``: (performance.now() ms, width, height, clock strip, how many had been presented with this one)."""

    frames: tuple[tuple[float, int, int, int | None, int], ...]
    samples: tuple[PageSample, ...]


def report_of(
    told: PageReport, *, offset: float, began: float, ended: float, processor_s: float, raw: dict[str, object]
) -> EndReport:
    """``offset`` seconds to add to the page's for CLOCK_MONOTONIC; ``began`` and ``ended`` on that clock."""
    samples = told.samples
    first, last = samples[0], samples[-1]
    heard = (first.heard, last.heard)
    total = _growth(heard[0].total_samples_received, heard[1].total_samples_received)
    return EndReport(
        seconds=ended - began,
        began=began,
        frames=tuple(_frames(told, offset)),
        frames_decoded=_whole(_growth(first.seen.frames_decoded, last.seen.frames_decoded)),
        freeze_seconds=_growth(first.seen.total_freezes_duration, last.seen.total_freezes_duration),
        concealed_share=_share(_growth(heard[0].concealed_samples, heard[1].concealed_samples), total),
        silent_share=_share(_growth(heard[0].silent_concealed_samples, heard[1].silent_concealed_samples), total),
        sound_delay=tuple(_waits(samples, offset, target=False)),
        sound_target=tuple(_waits(samples, offset, target=True)),
        lips=tuple(_lips(samples)),
        sent=tuple(_sent(samples, offset)),
        target_rate=tuple(
            Sample(one.at / 1000 + offset, one.sent.target_bitrate)
            for one in samples
            if one.sent.target_bitrate is not None
        ),
        processor_s=processor_s,
        round_trip=tuple(
            Sample(one.at / 1000 + offset, one.pair.current_round_trip_time * 1000)
            for one in samples
            if one.pair is not None and one.pair.current_round_trip_time is not None
        ),
        limitation=last.sent.quality_limitation_reason,
        raw=raw,
    )


def _frames(told: PageReport, offset: float) -> Iterator[Frame]:
    """A frame that was presented while the page's script was busy has its number only: it is put evenly between its
    neighbours, as large as the next one."""
    last: tuple[float, int] | None = None
    for at, width, height, clock, number in told.frames:
        if last is not None:
            missed = number - last[1] - 1
            for place in range(1, missed + 1):
                between = last[0] + (at - last[0]) * place / (missed + 1)
                yield Frame(between / 1000 + offset, width, height)
        yield Frame(at / 1000 + offset, width, height, clock)
        last = (at, number)


def _growth(before: float | None, after: float | None) -> float | None:
    """A counter that was not there at first began at 0."""
    return None if after is None else after - (before or 0)


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _waits(samples: Sequence[PageSample], offset: float, *, target: bool) -> Iterator[Sample]:
    """Milliseconds that the samples played since the look before had waited (or were meant to wait)."""
    for before, after in pairwise(samples):
        one, two = before.heard, after.heard
        played = _growth(one.jitter_buffer_emitted_count, two.jitter_buffer_emitted_count)
        waited = (
            _growth(one.jitter_buffer_target_delay, two.jitter_buffer_target_delay)
            if target
            else _growth(one.jitter_buffer_delay, two.jitter_buffer_delay)
        )
        if played and waited is not None:
            yield Sample(after.at / 1000 + offset, waited / played * 1000)


def _lips(samples: Sequence[PageSample]) -> Iterator[float]:
    """What is played now was captured when? Both in the sender's NTP milliseconds, by its sender reports."""
    for one in samples:
        sound, picture = one.heard.estimated_playout_timestamp, one.seen.estimated_playout_timestamp
        if sound and picture:
            yield picture - sound


def _sent(samples: Sequence[PageSample], offset: float) -> Iterator[Sent]:
    for before, after in pairwise(samples):
        two = after.sent
        grown = _growth(before.sent.bytes_sent, two.bytes_sent)
        seconds = (after.at - before.at) / 1000
        if grown is not None and two.frame_width and two.frame_height and seconds > 0:
            yield Sent(
                after.at / 1000 + offset,
                int(two.frame_width),
                int(two.frame_height),
                two.frames_per_second or 0.0,
                grown * 8 / seconds,
            )
