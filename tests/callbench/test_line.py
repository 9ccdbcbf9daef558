"""The bad line: what goes in comes out late, in order or not at all, and twice the same for the same seed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.callbench.line import CONDITIONS, Conditions, JitterShape, Line, Outage, RateStep, step_down_and_up


def _carry(line: Line, sendings: list[tuple[float, int]], seconds_after: float = 60.0) -> list[tuple[float, int]]:
    """(arrival, number of the packet) for packets of (time, bytes); each carries its number in its first 4 bytes."""
    arrivals: list[tuple[float, int]] = []

    def collect(until: float) -> None:
        while (due := line.next_due()) is not None and due <= until:
            arrivals.extend((due, int.from_bytes(packet[:4], "big")) for packet in line.due(due))

    for number, (at, size) in enumerate(sendings):
        collect(at)
        line.send(number.to_bytes(4, "big") + bytes(size - 4), at)
    collect(sendings[-1][0] + seconds_after if sendings else seconds_after)
    return arrivals


def _steady(count: int, every_s: float = 0.01, size: int = 1000) -> list[tuple[float, int]]:
    return [(100.0 + number * every_s, size) for number in range(count)]


rates = st.lists(
    st.tuples(st.floats(0, 5), st.one_of(st.none(), st.floats(20_000, 3_000_000))), max_size=4, unique_by=lambda s: s[0]
).map(lambda steps: tuple(RateStep(at, rate) for at, rate in sorted(steps, key=lambda step: step[0])))
conditions = st.builds(
    Conditions,
    name=st.just("any"),
    delay_ms=st.floats(0, 300),
    jitter_ms=st.one_of(st.just(0.0), st.floats(0.1, 100)),
    jitter_shape=st.sampled_from(JitterShape),
    reorders=st.booleans(),
    loss=st.floats(0, 1),
    burst_loss=st.floats(0, 0.9),
    burst_length=st.floats(1, 10),
    rates=rates,
    queue_ms=st.floats(1, 1000),
    outages=st.lists(st.builds(Outage, st.floats(0, 3), st.floats(0, 3)), max_size=2).map(tuple),
)
sendings = st.lists(st.tuples(st.floats(0, 0.2), st.integers(20, 1500)), max_size=80).map(
    lambda steps: [(100.0 + sum(step[0] for step in steps[: place + 1]), size) for place, (_, size) in enumerate(steps)]
)


@given(conditions=conditions, sendings=sendings, seed=st.integers(0, 2**32))
def test_every_packet_arrives_once_or_is_counted(
    conditions: Conditions, sendings: list[tuple[float, int]], seed: int
) -> None:
    line = Line(conditions, seed, began=100.0)
    arrivals = _carry(line, sendings, seconds_after=600.0)
    numbers = [number for _, number in arrivals]
    assert len(set(numbers)) == len(numbers)
    counts = line.counts()
    assert counts.sent == len(sendings)
    assert counts.sent_bytes == sum(size for _, size in sendings)
    assert counts.delivered == len(arrivals)
    assert counts.sent == counts.delivered + counts.lost + counts.lost_in_outage + counts.queue_dropped
    assert counts.queue_longest_ms <= conditions.queue_ms + 0.01
    assert counts.queue_p50_ms <= counts.queue_p95_ms <= counts.queue_longest_ms
    if not conditions.reorders:
        assert numbers == sorted(numbers)
    for arrival, number in arrivals:
        least = 0.0 if conditions.jitter_ms else conditions.delay_ms / 1000
        assert arrival >= sendings[number][0] + least - 1e-9


@given(conditions=conditions, sendings=sendings, seed=st.integers(0, 2**32))
def test_the_same_seed_and_packets_meet_the_same_fate(
    conditions: Conditions, sendings: list[tuple[float, int]], seed: int
) -> None:
    first = Line(conditions, seed, began=100.0)
    second = Line(conditions, seed, began=100.0)
    assert _carry(first, sendings) == _carry(second, sendings)
    assert first.counts() == second.counts()


@given(conditions=conditions)
def test_conditions_travel_as_json(conditions: Conditions) -> None:
    assert msgspec.json.decode(msgspec.json.encode(conditions), type=Conditions) == conditions


def test_a_clean_line_is_twenty_milliseconds_long() -> None:
    arrivals = _carry(Line(CONDITIONS["clean"], 1), _steady(100))
    assert [round(at - 100.0 - 0.01 * number, 6) for at, number in arrivals] == [0.02] * 100


@pytest.mark.parametrize("name", ["loss1", "loss5", "loss10", "loss20", "burst5"])
def test_the_share_that_is_lost(name: str) -> None:
    wished = CONDITIONS[name]
    line = Line(wished, 7)
    arrivals = _carry(line, _steady(20_000))
    share = line.counts().lost / 20_000
    assert share == pytest.approx(wished.loss + wished.burst_loss, rel=0.15)
    assert len(arrivals) + line.counts().lost == 20_000


def test_bursts_are_three_long_on_average() -> None:
    arrived = {number for _, number in _carry(Line(CONDITIONS["burst5"], 3), _steady(20_000))}
    bursts: list[int] = []
    length = 0
    for number in range(20_000):
        if number not in arrived:
            length += 1
        elif length:
            bursts.append(length)
            length = 0
    assert sum(bursts) / len(bursts) == pytest.approx(3.0, rel=0.15)


def test_a_link_of_300_kbit_a_second_delays_then_drops() -> None:
    line = Line(CONDITIONS["rate300"], 1)
    arrivals = _carry(line, _steady(1000))  # 800 kbit/s for ten seconds
    counts = line.counts()
    bits = 8000 * len(arrivals)
    assert bits / (arrivals[-1][0] - 100.02) == pytest.approx(300_000, rel=0.01)
    assert 380 < counts.queue_p95_ms <= 400
    assert counts.queue_dropped == 1000 - len(arrivals)
    assert all(bits_per_second <= 300_000 + 8000 / 0.2 for _, bits_per_second in counts.rate)


def test_the_waits_of_a_window() -> None:
    line = Line(CONDITIONS["rate300"], 1)
    _carry(line, [*_steady(100), (110.0, 1000)])
    assert line.counts().queue_p95_ms > 300
    assert line.counts(since=109.0).queue_longest_ms == 0.0
    assert [at for at, _ in line.counts(since=109.0).rate] == pytest.approx([110.0])


def test_a_step_comes_at_its_time_even_amid_a_packet() -> None:
    rates = (RateStep(0.0, 80_000), RateStep(1.0, 8_000))
    line = Line(Conditions("two rates", delay_ms=0, rates=rates), 1, began=100.0)
    # 1000 bytes from 100.95: 4000 bits until 101.0, the other 4000 at a tenth of the rate
    ((arrival, _),) = _carry(line, [(100.95, 1000)])
    assert arrival == pytest.approx(101.5)
    line = Line(step_down_and_up(10, 20), 1, began=100.0)
    arrivals = _carry(line, _steady(3000))  # 800 kbit/s
    low = [at for at, _ in arrivals if 110.5 <= at < 120.0]
    assert 8000 * len(low) / 9.5 == pytest.approx(300_000, rel=0.03)
    assert len([at for at, _ in arrivals if 121.0 <= at < 129.0]) == pytest.approx(800, abs=2)


def test_jitter_keeps_the_order_unless_asked() -> None:
    kept = _carry(Line(CONDITIONS["jitter30"], 5), _steady(2000))
    mixed = _carry(Line(msgspec.structs.replace(CONDITIONS["jitter30"], reorders=True), 5), _steady(2000))
    assert [number for _, number in kept] == list(range(2000))
    assert [number for _, number in mixed] != list(range(2000))
    delays = sorted(at - 100.0 - 0.01 * number for at, number in mixed)
    assert delays[0] >= -1e-9
    assert delays[1000] == pytest.approx(0.02, abs=0.003)
    assert delays[1900] == pytest.approx(0.02 + 1.645 * 0.03, abs=0.01)


def test_an_outage_takes_what_is_sent_in_it() -> None:
    line = Line(Conditions("cut", outages=(Outage(1.0, 2.0),)), 1, began=100.0)
    numbers = {number for _, number in _carry(line, _steady(300))}
    assert numbers == {*range(100), *range(200, 300)}
    assert line.counts().lost_in_outage == 100


def test_a_cut_line_takes_all() -> None:
    line = Line(CONDITIONS["clean"], 1, began=100.0)
    line.cut = True
    line.send(b"lost", 100.0)
    line.cut = False
    line.send(b"passed", 100.1)
    assert line.due(101.0) == [b"passed"]
    assert line.counts().lost_in_outage == 1


def test_other_conditions_take_over_what_is_on_its_way() -> None:
    line = Line(Conditions("slow", delay_ms=500), 1, began=100.0)
    line.send(b"first", 100.0)
    line.change(Conditions("fast", delay_ms=0, outages=(Outage(1.0, 2.0),)), 100.1)
    line.send(b"second", 100.2)
    line.send(b"cut", 101.2)
    assert line.due(100.4) == []
    assert line.due(100.5) == [b"first", b"second"]  # the order is kept
    assert line.next_due() is None
    assert line.counts().lost_in_outage == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"delay_ms": -1.0},
        {"jitter_ms": float("nan")},
        {"loss": 1.1},
        {"burst_loss": 1.0},
        {"burst_length": 0.5},
        {"rates": (RateStep(0.0, 0.0),)},
        {"rates": (RateStep(2.0, 1e6), RateStep(1.0, 1e6))},
    ],
)
def test_lines_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Conditions("wrong", **wrong)  # type: ignore[arg-type]
