"""Clusters: when they go out, and what their arrival means."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kiosk.media.rtp.probing import Answer, Probe, Probing

BASE_MS = 5020.0


def _answer(
    probing: Probing, probe: Probe, now: float, line: int, *, sizes: list[int] | None = None, lost: tuple[int, ...] = ()
) -> tuple[Answer, int] | None:
    """Send the cluster over a line of this rate and report it."""
    packets = sizes or [probe.packet_size] * max(probe.packets, -(-probe.size // probe.packet_size))
    at, free_at, sent = now, 0.0, []
    for size in packets:
        probing.sent(probe.cluster, size, at)
        free_at = max(free_at, at) + size * 8 / line
        sent.append((at, free_at, size))
        at += size * 8 / probe.rate
    for index, (left, came, size) in enumerate(sent):
        arrival = None if index in lost else BASE_MS + came * 1000
        probing.reported(probe.cluster, left, arrival, size)
    return probing.answer(now + 0.2, usual_loss=0.0, least_delay_ms=BASE_MS)


def _probe(probing: Probing, now: float, target: int = 300_000) -> Probe:
    probe = probing.next(now, target=target, most=2_500_000, quiet=True)
    assert probe is not None
    return probe


def test_a_line_with_room_answers_with_the_rate_and_is_asked_again_at_once() -> None:
    probing = Probing(now=0.0)
    probe = _probe(probing, 0.0)
    assert probe.rate == 900_000
    assert probe.packets >= 5
    answer = _answer(probing, probe, 0.0, 20_000_000)
    assert answer is not None
    assert answer[0] is Answer.CARRIED
    assert answer[1] == pytest.approx(900_000, rel=0.05)
    assert _probe(probing, 0.2, target=900_000).rate == 1_800_000


@pytest.mark.parametrize("sizes", [None, [700, 120, 120, 120, 120, 120]])
def test_a_full_line_answers_with_its_own_rate(sizes: list[int] | None) -> None:
    probing = Probing(now=0.0)
    answer = _answer(probing, _probe(probing, 0.0), 0.0, 350_000, sizes=sizes)
    assert answer is not None
    assert answer[0] is Answer.SATURATED
    assert answer[1] == pytest.approx(350_000, rel=0.05)


def test_packets_of_unequal_size_do_not_make_a_wide_line_look_narrow() -> None:
    probing = Probing(now=0.0)
    answer = _answer(probing, _probe(probing, 0.0), 0.0, 50_000_000, sizes=[1100, 560, 560, 150, 150, 150, 150])
    assert answer is not None
    assert answer[0] is Answer.CARRIED


def test_a_cluster_of_which_little_came_says_nothing() -> None:
    probing = Probing(now=0.0)
    answer = _answer(probing, _probe(probing, 0.0), 0.0, 9_000_000, lost=(0, 2, 3))
    assert answer == (Answer.LOST, 0)


def test_questions_become_rarer_when_the_line_is_full_but_not_rare() -> None:
    probing = Probing(now=0.0)
    times = []
    now = 0.0
    while now < 60:
        probe = probing.next(now, target=300_000, most=2_500_000, quiet=True)
        if probe is not None:
            times.append(now)
            _answer(probing, probe, now, 310_000)
        now += 0.05
    pauses = [later - earlier for earlier, later in pairwise(times[1:])]
    assert pauses[0] < 2.2
    assert 2.5 < pauses[-1] < 3.6
    probing.rate_fell(now)
    assert probing.next(now + 1.3, target=300_000, most=2_500_000, quiet=True) is not None


def test_no_question_while_something_queues_or_there_is_no_more_to_want() -> None:
    probing = Probing(now=0.0)
    assert probing.next(0.0, target=300_000, most=2_500_000, quiet=False) is None
    assert probing.next(0.0, target=2_450_000, most=2_500_000, quiet=True) is None


def test_a_cluster_that_nobody_reports_is_given_up() -> None:
    probing = Probing(now=0.0)
    probe = _probe(probing, 0.0)
    assert probing.next(0.5, target=300_000, most=2_500_000, quiet=True) is None
    probing.next(1.1, target=300_000, most=2_500_000, quiet=True)
    later = _probe(probing, 3.0)
    assert later.cluster != probe.cluster
    probing.reported(probe.cluster, 0.0, 1.0, 100)
    assert probing.answer(3.0, usual_loss=0.0, least_delay_ms=0.0) is None
