"""Current Time 2A2B: the white paper's value, there and back, nonsense."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.current_time import AdjustReason, CurrentTime, decode_current_time, encode_current_time
from drivers.errors import DecodeError
from tests.drivers.decoders.encoders import date_time_bytes, times


def test_the_white_papers_value() -> None:
    assert decode_current_time(bytes.fromhex("DA070C120F170600C000")) == CurrentTime(
        shown=datetime(2010, 12, 18, 15, 23, 6, 750000),  # noqa: DTZ001
        day_of_week=None,
        fractions=192,
    )


@given(times, st.integers(0, 7), st.integers(0, 255), st.sets(st.sampled_from(list(AdjustReason))))
def test_every_field(time: datetime, day: int, fractions: int, reasons: set[AdjustReason]) -> None:
    bits = {"manual": 1, "external-reference": 2, "zone-change": 4, "summer-time-change": 8}
    reason = sum(bits[one.value] for one in reasons)
    got = decode_current_time(date_time_bytes(time) + bytes((day, fractions, reason)))
    assert got.shown is not None
    assert got.shown.replace(microsecond=0) == time
    assert got.shown.microsecond == int(fractions / 256 * 1_000_000)
    assert (got.day_of_week, got.fractions, set(got.adjusted)) == (day or None, fractions, reasons)


@given(times)
def test_there_and_back(time: datetime) -> None:
    got = decode_current_time(encode_current_time(time, AdjustReason.EXTERNAL_REFERENCE))
    assert got == CurrentTime(time, time.isoweekday(), 0, (AdjustReason.EXTERNAL_REFERENCE,))


def test_an_unknown_date() -> None:
    assert decode_current_time(bytes.fromhex("00000C120F1706000000")).shown is None


@pytest.mark.parametrize(
    "text",
    ["", "DA070C120F170600C0", "DA070C120F170600C00000", "DA070D120F170600C000", "DA070C120F170608C000"],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_current_time(bytes.fromhex(text))
