"""Transport-wide feedback: what is told is what arrived, and nonsense is refused."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.transport_feedback import MOST_INTERVAL_S, MOST_STATUSES, ArrivalRecorder, parse


def _told(packets: list[bytes]) -> dict[int, float | None]:
    return {number: at for fci in packets for number, at in parse(fci).arrivals}


def test_what_a_browser_sent_is_read() -> None:
    # A published capture: base 4, seven packets, reference 1 074 030 x 64 ms, deltas 19, 9, 9, 4, 3, 3, 4 ms.
    fci = bytes.fromhex("0004 0007 10636e 01 2007 4c 24 24 10 0c 0c 10")
    read = parse(fci)
    assert read.count == 1
    start = 1_074_030 * 64
    assert read.arrivals == tuple(
        (4 + place, start + ms) for place, ms in enumerate((19.0, 28.0, 37.0, 41.0, 44.0, 47.0, 51.0))
    )


def test_the_padding_that_some_leave_in_is_passed_over() -> None:
    fci = bytes.fromhex("0099 0001 3de802 17 2001 94 01")
    assert parse(fci).arrivals == ((153, 4_057_090 * 64 + 37.0),)


@pytest.mark.parametrize(
    ("chunk", "symbols"),
    [
        (0x00DD, [0] * 221),
        (0x9F1C, [0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0]),
        (0xCD50 & ~0x0C00, [0, 0, 1, 1, 1, 0, 0]),
    ],
)
def test_the_three_kinds_of_chunk(chunk: int, symbols: list[int]) -> None:
    fci = len(symbols).to_bytes(4) + bytes(4) + chunk.to_bytes(2) + bytes(sum(symbols))
    assert [0 if at is None else 1 for _, at in parse(fci).arrivals] == symbols


@pytest.mark.parametrize(
    "fci",
    [
        b"",
        bytes(9),
        bytes.fromhex("0000 0000 000000 00 2001 00"),  # on nothing
        bytes.fromhex("0000 ffff 000000 00 3fff 3fff 3fff 3fff 3fff 3fff 3fff 3fff 3fff"),  # on too many
        bytes.fromhex("0000 0001 000000 00 6001"),  # reserved symbol
        bytes.fromhex("0000 0002 000000 00 2002 00"),  # a delta too few
        bytes.fromhex("0000 0001 000000 00 2001 00 00000000"),  # deltas too many
        bytes.fromhex("0000 0001 000000 00 0000 0000 0000"),  # runs of nothing
        bytes.fromhex("0000 0010 000000 00 2001 00"),  # statuses too few
    ],
)
def test_nonsense_is_refused(fci: bytes) -> None:
    with pytest.raises(ValueError):
        parse(fci)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(fci: bytes) -> None:
    try:
        read = parse(fci)
    except ValueError:
        return
    assert 0 < len(read.arrivals) <= MOST_STATUSES


@given(
    start=st.integers(0, 0xFFFF),
    steps=st.lists(st.tuples(st.integers(1, 40), st.floats(-0.3, 3.0)), min_size=1, max_size=200),
    begun=st.floats(0, 1e6),
)
def test_what_was_recorded_is_what_is_read(start: int, steps: list[tuple[int, float]], begun: float) -> None:
    recorder = ArrivalRecorder()
    number, now = start, begun + 1000
    sent: dict[int, float | None] = {}
    for place, (step, seconds) in enumerate(steps):
        if place:
            for lost in range(number + 1, number + step):
                sent[lost & 0xFFFF] = None
            number += step
        now += seconds
        recorder.arrived(number & 0xFFFF, now, 1100)
        sent[number & 0xFFFF] = now
    packets = recorder.feedback(now)
    assert all(len(fci) <= 1100 for fci in packets)
    assert [parse(fci).count for fci in packets] == list(range(len(packets)))
    told: dict[int, float | None] = {}
    for fci in packets:
        told.update(parse(fci, near_ms=begun * 1000).arrivals)
    assert told.keys() == sent.keys()
    for key, at in sent.items():
        read = told[key]
        if at is None:
            assert read is None
        else:
            assert read == pytest.approx(at * 1000, abs=0.126)
    assert recorder.feedback(now + 1) == []


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 0xFFFF), st.floats(0, 0.1)), max_size=300),
    every=st.integers(1, 50),
)
def test_any_order_of_numbers_is_reported_in_bounds(arrivals: list[tuple[int, float]], every: int) -> None:
    recorder = ArrivalRecorder()
    now = 0.0
    for place, (number, seconds) in enumerate(arrivals):
        now += seconds
        recorder.arrived(number, now, 100)
        if place % every == 0:
            for fci in recorder.feedback(now):
                assert len(fci) <= 1100
                parse(fci)


def test_a_late_packet_is_told_with_what_followed_it() -> None:
    recorder = ArrivalRecorder()
    for number in (1, 2, 4):
        recorder.arrived(number, 1 + number / 100, 1100)
    assert _told(recorder.feedback(1.05))[3] is None
    recorder.arrived(3, 1.06, 1100)
    assert _told(recorder.feedback(1.1)) == {3: 1060.0, 4: 1040.0}


def test_what_is_much_too_late_and_what_came_twice_is_not_told_again() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(2, 1.0, 1100)
    recorder.feedback(1.0)
    recorder.arrived(3, 2.0, 1100)
    recorder.feedback(2.0)
    recorder.arrived(2, 2.1, 1100)
    recorder.arrived(3, 2.1, 1100)
    assert recorder.feedback(2.1) == []


def test_numbers_wrap() -> None:
    recorder = ArrivalRecorder()
    for number in (0xFFFE, 0xFFFF, 1):
        recorder.arrived(number, 5.0, 1100)
    (fci,) = recorder.feedback(5.0)
    assert [number for number, _ in parse(fci).arrivals] == [0xFFFE, 0xFFFF, 0, 1]


def test_a_new_numbering_is_not_a_loss_of_thousands() -> None:
    recorder = ArrivalRecorder()
    recorder.arrived(10, 1.0, 1100)
    recorder.feedback(1.0)
    recorder.arrived(20_000, 1.1, 1100)
    assert _told(recorder.feedback(1.1)) == {20_000: 1100.0}


def test_the_reference_time_wraps_after_twelve_days() -> None:
    recorder = ArrivalRecorder()
    span = (1 << 24) * 0.064
    recorder.arrived(1, span - 0.032, 1100)
    recorder.arrived(2, span + 0.032, 1100)
    (fci,) = recorder.feedback(span)
    ((_, first), (_, second)) = parse(fci).arrivals
    assert first is not None and second is not None
    assert second - first == 64.0
    later = ArrivalRecorder()
    later.arrived(3, span + 0.1, 1100)
    (fci,) = later.feedback(span + 0.1)
    assert _told([fci])[3] == pytest.approx(100)
    assert parse(fci, near_ms=span * 1000).arrivals[0][1] == pytest.approx(span * 1000 + 100)


@pytest.mark.parametrize("bitrate", [60_000, 100_000, 300_000, 1_000_000, 3_000_000])
def test_feedback_is_frequent_and_takes_no_more_than_its_share(bitrate: int) -> None:
    recorder = ArrivalRecorder()
    line = random.Random(7)
    told = received = 0
    said: list[float] = []
    number = 0
    for frame in range(300):
        left = bitrate / 30 / 8
        at = frame / 30
        while left > 0:
            size = min(1150, int(left) + 60)
            left -= size
            number += 1
            at += 0.002
            received += size
            if line.random() > 0.05:
                recorder.arrived(number, at, size, marker=left <= 0)
            if recorder.due(at):
                packets = recorder.feedback(at)
                told += sum(len(fci) + 66 for fci in packets)
                said.append(at)
    gaps = [after - before for before, after in itertools.pairwise(said)]
    assert told / received <= (0.06 if bitrate > 60_000 else 0.1)
    assert max(gaps) <= (MOST_INTERVAL_S + 0.05 if bitrate < 300_000 else 0.16)
    if bitrate >= 1_000_000:
        assert sum(gaps) / len(gaps) <= 0.08


def test_many_packets_are_told_at_once_and_nothing_is_never_due() -> None:
    recorder = ArrivalRecorder()
    assert recorder.next_due(0.0) is None
    recorder.arrived(0, 0.0, 1100)
    assert recorder.due(0.0)  # the sender learns its round trip at once
    recorder.feedback(0.0)
    assert not recorder.due(10.0)
    for number in range(1, 101):
        recorder.arrived(number, 0.001, 1100)
    assert recorder.due(0.002)
