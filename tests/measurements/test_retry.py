"""Back-off and the meaning of answers, as tables and properties."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.measurements.retry import (
    FIRST_DELAY_S,
    LONGEST_DELAY_S,
    LONGEST_RETRY_AFTER_S,
    SHORTEST_DELAY_S,
    Answer,
    answer,
    delay,
    retry_after,
)

NOW = datetime(2026, 7, 31, 7, 30, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("meaning", "statuses"),
    [
        (Answer.DELIVERED, (200, 201)),
        (Answer.HOLD, (400, 409, 412, 413, 415, 422)),
        (Answer.RETRY_ALL, (408, 425, 429, 502, 503, 504)),
        (Answer.RETRY_ITEM, (500, 501, 505, 507, 599)),
        (Answer.REFUSED, (202, 204, 301, 302, 307, 401, 403, 404, 405, 410, 418)),
    ],
)
def test_answers(meaning: Answer, statuses: tuple[int, ...]) -> None:
    for status in statuses:
        assert answer(status) is meaning, status


def test_only_200_and_201_count_as_delivered() -> None:
    assert [status for status in range(100, 1000) if answer(status) is Answer.DELIVERED] == [200, 201]


@given(
    st.integers(min_value=-5, max_value=10_000),
    st.floats(min_value=0, max_value=1, exclude_max=True),
    st.none() | st.floats(min_value=0, max_value=1e12),
)
def test_delay_stays_in_its_bounds(attempt: int, chance: float, after: float | None) -> None:
    wait = delay(attempt, chance, after)
    assert SHORTEST_DELAY_S <= wait <= max(LONGEST_DELAY_S, LONGEST_RETRY_AFTER_S)
    if after is not None:
        assert wait >= min(after, LONGEST_RETRY_AFTER_S)


def test_delay_doubles_up_to_a_cap() -> None:
    almost_one = 0.999999
    waits = [delay(attempt, almost_one) for attempt in range(1, 14)]
    assert waits[0] == pytest.approx(FIRST_DELAY_S, rel=1e-3)
    assert waits[1] == pytest.approx(2 * FIRST_DELAY_S, rel=1e-3)
    assert waits[-1] == pytest.approx(LONGEST_DELAY_S, rel=1e-3)
    assert waits == sorted(waits)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Fri, 31 Jul 2026 07:31:00 GMT", 60.0),
        ("Fri, 31 Jul 2026 07:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Fri, 99 Jul 2026 07:31:00 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text(max_size=60))
def test_nonsense_in_retry_after_is_survived(header: str) -> None:
    found = retry_after(header, NOW)
    assert found is None or found >= 0
