"""Date Time 2A08: there and back, unknown parts, impossible dates."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.date_time import decode_date_time, encode_date_time
from drivers.errors import DecodeError

NAIVE = st.datetimes(min_value=datetime(1582, 1, 1), max_value=datetime(9999, 12, 31))  # noqa: DTZ001


def test_a_captured_time() -> None:
    # github.com/HEADS-project/ThingML-BLE, UA-651BLE traffic
    assert decode_date_time(bytes.fromhex("E10701100C2736")) == datetime(2017, 1, 16, 12, 39, 54)  # noqa: DTZ001


@pytest.mark.parametrize("text", ["000004111429 3B", "E1070011142900", "E1070100142900", "00000000000000"])
def test_unknown_parts_make_the_time_unknown(text: str) -> None:
    assert decode_date_time(bytes.fromhex(text)) is None


@pytest.mark.parametrize(
    "text",
    ["E1070D01000000", "E107021E000000", "E1070101180000", "E10701010 03C00", "E1070101 00003C", "01000101000000"],
)
def test_impossible_times_are_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_date_time(bytes.fromhex(text.replace(" ", "")))


@given(NAIVE)
def test_there_and_back(when: datetime) -> None:
    assert decode_date_time(encode_date_time(when)) == when.replace(microsecond=0)


@given(st.binary(max_size=12))
def test_nonsense_raises_nothing_but_decode_error(data: bytes) -> None:
    try:
        when = decode_date_time(data)
    except DecodeError:
        return
    assert when is None or encode_date_time(when) == data


def test_a_year_that_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="1582"):
        encode_date_time(datetime(1200, 1, 1))  # noqa: DTZ001
