"""From statistics to a verdict: told at its changes only, and each call begins with a good line."""

from __future__ import annotations

from kiosk.facts.call_statistics import CallStatistics, InboundRtp, Transport
from kiosk.facts.call_verdict import CallVerdict
from kiosk.facts.line_quality import LineVerdict


def second(number: int, *, round_trip: float = 0.04, concealed: int = 0) -> CallStatistics:
    voice = InboundRtp(
        "audio", 50 * number, 0, 0, 0.0, total_samples_received=48_000 * number, concealed_samples=concealed
    )
    return CallStatistics(float(number), (voice,), Transport(0, 0, 2_000_000.0, round_trip, 0.0, 0.0, None))


def test_a_change_is_told_once() -> None:
    verdict = CallVerdict()
    told = [verdict.take("1", second(number, round_trip=0.7)) for number in range(10)]
    assert [one for one in told if one is not None] == [LineVerdict.WEAK]
    told = [verdict.take("1", second(10 + number)) for number in range(20)]
    assert [one for one in told if one is not None] == [LineVerdict.GOOD]


def test_another_call_begins_anew() -> None:
    verdict = CallVerdict()
    for number in range(10):
        verdict.take("1", second(number, round_trip=2.0))
    assert [verdict.take("2", second(20 + number)) for number in range(20)] == [None] * 20


def test_the_same_moment_twice_says_nothing() -> None:
    verdict = CallVerdict()
    assert [verdict.take("1", second(1, round_trip=2.0)) for _ in range(20)] == [None] * 20
