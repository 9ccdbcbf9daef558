"""Asking again and sending again: when, how often, and what is forgotten."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.retransmission import MissingPackets, SentPackets

ROUND_TRIP = 0.04


def _missing(lifetime: float = 1.0) -> MissingPackets:
    missing = MissingPackets(lifetime=lifetime)
    missing.set_round_trip(ROUND_TRIP)
    missing.received(10, 0.0)
    return missing


def _questions(missing: MissingPackets, until: float) -> list[tuple[float, list[int]]]:
    """Everything that is asked when it is due."""
    asked: list[tuple[float, list[int]]] = []
    while (due := missing.next_due(0.0)) is not None and due <= until:
        if numbers := missing.ask(due):
            asked.append((due, numbers))
    return asked


def test_a_hole_is_asked_for_at_once_and_again_shortly_after() -> None:
    missing = _missing()
    missing.received(13, 0.1)
    assert missing.missing == 2
    assert missing.ask(0.1) == [11, 12]
    assert missing.ask(0.1) == []
    assert _questions(missing, 0.139) == [(0.11, [11, 12])]


def test_an_answer_that_is_overdue_is_asked_for_every_few_milliseconds() -> None:
    missing = _missing()
    missing.received(12, 0.1)
    asked = [at for at, _ in _questions(missing, 0.3)]
    assert asked[:2] == [0.1, 0.11]
    assert ROUND_TRIP <= asked[2] - 0.1 <= 1.2 * ROUND_TRIP
    assert all(0.005 <= later - earlier <= 0.011 for earlier, later in itertools.pairwise(asked[2:]))


def test_what_came_is_not_asked_for() -> None:
    missing = _missing()
    missing.received(13, 0.1)
    missing.ask(0.1)
    missing.received(11, 0.14, retransmitted=True)
    assert {number for _, numbers in _questions(missing, 0.2) for number in numbers} == {12}
    missing.received(12, 0.2, retransmitted=True)
    assert missing.missing == 0
    assert missing.next_due(0.2) is None
    assert missing.healed == 2


def test_it_is_given_up_after_its_lifetime_or_too_many_questions() -> None:
    for missing in (_missing(lifetime=0.12), MissingPackets(lifetime=60.0, tries=10)):
        missing.received(10, 0.0)
        missing.received(12, 0.1)
        asked = _questions(missing, 100.0)
        assert 3 <= len(asked) <= 15
        assert missing.missing == 0
        assert missing.given_up == 1


def test_the_lifetime_of_sound_is_kept() -> None:
    missing = _missing(lifetime=0.12)
    missing.received(12, 0.1)
    assert max(at for at, _ in _questions(missing, 10.0)) <= 0.22


def test_the_wait_follows_the_answers() -> None:
    missing = _missing()
    now, number = 1.0, 20
    for _ in range(20):
        missing.received(number, now)
        number += 2
        missing.received(number, now + 0.01)
        missing.ask(now + 0.01)
        missing.received(number - 1, now + 0.01 + 0.09, retransmitted=True)  # the line is slower than reports say
        now += 0.2
    assert 0.063 <= missing.wait_s <= 0.065


def test_order_that_is_not_kept_is_waited_for_a_little_once_it_has_been_seen() -> None:
    missing = _missing()
    missing.received(12, 0.1)
    missing.received(11, 0.104)  # not lost, only overtaken
    missing.received(14, 0.2)
    assert missing.ask(0.2) == []
    due = missing.next_due(0.2)
    assert due is not None
    assert 0.203 <= due <= 0.21
    missing.received(13, 0.203)
    assert missing.ask(0.3) == []
    missing.received(16, 20.0)
    assert missing.ask(20.0) == [15]


def test_an_end_that_answers_every_question_is_asked_less_and_a_slow_one_later() -> None:
    missing = _missing()
    number, now, asked = 11, 1.0, []
    answer = 1.5 * ROUND_TRIP
    for _ in range(30):
        missing.received(number, now)
        missing.received(number + 2, now)
        before = missing.asked
        while (due := missing.next_due(now)) is not None and due <= now + answer:
            missing.ask(due)
        asked.append(missing.asked - before)
        for _ in range(asked[-1]):
            missing.received(number + 1, now + answer, retransmitted=True)
        number, now = number + 3, now + 0.3
    assert asked[0] > 3
    assert max(asked[-10:]) <= 2
    assert missing.wait_s >= answer - 1e-9


def test_the_rest_of_a_frame_is_missed_before_the_next_frame() -> None:
    missing = _missing()
    missing.received(11, 0.1, ends=False)
    missing.received(12, 0.104, ends=False)
    due = missing.next_due(0.104)
    assert due is not None
    assert 0.109 <= due <= 0.12
    assert missing.ask(due) == [13]
    missing.received(14, 0.14)
    missing.received(13, due + ROUND_TRIP, retransmitted=True)
    assert missing.missing == 0


def test_a_packet_that_was_only_slow_teaches_patience() -> None:
    missing = _missing()
    number, now, asked = 11, 0.1, 0
    for _ in range(30):
        missing.received(number, now, ends=number % 3 == 0)
        number, now = number + 1, now + 0.018  # a slow line: 18 ms for each packet
        while (due := missing.next_due(now)) is not None and due < now:
            asked += len(missing.ask(due))
    assert asked <= 3
    assert missing.missing == 0


def test_what_was_sent_before_the_first_packet_can_be_asked_for() -> None:
    missing = _missing()
    missing.expect_earlier(3, 0.001)
    assert missing.ask(0.001) == [7, 8, 9]
    missing.forget_before(9)
    assert missing.missing == 1


def test_a_jump_is_no_loss() -> None:
    missing = _missing()
    missing.received(12, 0.1)
    missing.received(5000, 0.2)
    assert missing.missing == 0
    assert missing.given_up == 1


@given(
    steps=st.lists(
        st.tuples(st.integers(-100_000, 100_000), st.floats(0, 0.05), st.booleans(), st.booleans()), max_size=200
    )
)
def test_any_numbers_are_survived_in_bounds(steps: list[tuple[int, float, bool, bool]]) -> None:
    missing = MissingPackets(lifetime=0.3, most=50)
    now = 0.0
    received: set[int] = set()
    for number, seconds, retransmitted, ends in steps:
        now += seconds
        missing.received(number, now, retransmitted=retransmitted, ends=ends)
        received.add(number)
        numbers = missing.ask(now)
        assert numbers == sorted(set(numbers))
        assert not received & set(numbers)
        assert missing.missing <= 51
    now += 10.0
    for _ in range(60):
        missing.ask(now)
        now += 1.0
    assert missing.missing == 0


def _sent() -> SentPackets[str]:
    sent: SentPackets[str] = SentPackets(keep_s=1.0, most=1000)
    sent.set_round_trip(ROUND_TRIP)
    for number in (0xFFFF, 0, 1):
        sent.sent(number, f"packet {number}", 1100, 0.0)
    return sent


def test_what_is_asked_for_is_sent_again_but_not_while_it_is_on_its_way() -> None:
    sent = _sent()
    assert sent.asked([0xFFFF, 1, 7], 0.02) == ["packet 65535", "packet 1"]
    assert sent.asked([1], 0.03) == []
    assert sent.refused == 1
    assert sent.asked([1], 0.02 + ROUND_TRIP) == ["packet 1"]
    assert sent.sent_again == 3


def test_what_is_old_is_forgotten() -> None:
    sent = _sent()
    sent.sent(2, "packet 2", 1100, 1.5)
    assert sent.asked([0, 1, 2], 1.5) == ["packet 2"]
    few: SentPackets[int] = SentPackets(most=3)
    for number in range(10):
        few.sent(number, number, 10, 0.0)
    assert few.asked(range(10), 0.0) == [7, 8, 9]


def test_a_number_that_came_round_again_is_the_new_packet() -> None:
    sent = _sent()
    sent.sent(1, "new", 1100, 0.5)
    assert sent.asked([1], 0.5) == ["new"]


def test_the_budget_is_kept() -> None:
    sent: SentPackets[int] = SentPackets()
    sent.set_round_trip(0.01)
    sent.set_budget(80_000)  # ten packets of 1000 bytes a second
    for number in range(1000):
        sent.sent(number, number, 1000, 0.0)
    again = sum(len(sent.asked(range(1000), tenth / 10)) for tenth in range(20))
    assert 18 <= again <= 26
    sent.set_budget(0)
    assert len(sent.asked(range(1000), 30.0)) <= 2


def test_on_a_bad_line_a_second_copy_follows() -> None:
    sent = _sent()
    sent.set_loss(0.1)
    assert sent.asked([0], 0.1) == ["packet 0"]
    assert sent.copies(0.1) == []
    due = sent.next_due(0.1)
    assert due is not None
    assert sent.copies(due) == ["packet 0"]
    assert sent.next_due(due) is None
    sent.set_loss(0.0)
    assert sent.asked([1], 0.2) == ["packet 1"]
    assert sent.next_due(0.2) is None


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.floats(0, 0.5), st.booleans()), max_size=300))
def test_the_history_stays_in_bounds(steps: list[tuple[int, float, bool]]) -> None:
    sent: SentPackets[int] = SentPackets(keep_s=1.0, most=20)
    now = 0.0
    history: set[int] = set()
    for number, seconds, asks in steps:
        now += seconds
        if asks:
            assert set(sent.asked([number], now)) <= history
        else:
            sent.sent(number, number, 100, now)
            history.add(number)
    assert len(sent.asked(range(0x10000), now + 5.0)) <= 20


def _single_packet_frames(missing: MissingPackets, lost: set[int], until: float) -> dict[int, float]:
    """30 frames a second of one packet each; when each lost one was asked for first."""
    asked: dict[int, float] = {}
    for millisecond in range(int(until * 1000)):
        now = millisecond / 1000
        if millisecond % 33 == 0 and (number := millisecond // 33) not in lost:
            missing.received(number, now)
        for number in missing.ask(now):
            asked.setdefault(number, now)
    return asked


def test_on_a_lossy_line_a_frame_is_missed_when_its_time_has_come() -> None:
    lost = set(range(5, 60, 5)) | {70, 71}
    asked = _single_packet_frames(MissingPackets(lifetime=1.0), lost, 3.0)
    assert asked[5] == pytest.approx(6 * 0.033)  # nothing had been lost before: the next one tells
    for number in (*range(30, 60, 5), 70, 71):
        assert number * 0.033 < asked[number] <= number * 0.033 + 0.015


def test_on_a_line_that_loses_nothing_no_frame_is_guessed() -> None:
    assert not _single_packet_frames(MissingPackets(lifetime=1.0), set(), 3.0)


def test_a_sender_that_pauses_is_asked_for_three_frames_at_most() -> None:
    asked = _single_packet_frames(MissingPackets(lifetime=1.0), set(range(5, 60, 5)) | set(range(61, 1000)), 5.0)
    assert [number for number in asked if number > 60] == [61, 62, 63]


def test_what_has_been_given_up_is_not_asked_for_and_what_is_lost_later_is() -> None:
    missing = MissingPackets(lifetime=1.0)
    missing.received(1, 0.0)
    missing.received(60, 0.1)
    assert missing.missing == 58
    missing.give_up()
    assert missing.missing == 0 and missing.given_up == 58
    assert missing.next_due(0.2) is None and missing.ask(0.2) == []
    missing.received(62, 0.3)
    assert missing.ask(0.3) == [61]
