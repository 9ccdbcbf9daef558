"""Which time a reading is from, and whether it may leave as a vital sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from drivers.readings import ClockCheck
from kiosk.measurements.gate import Gate, effective_time, is_live, judge
from tests.measurements.samples import FAILED, RECEIVED, WITHOUT_TIME, reading, stamped

LOCAL = RECEIVED.replace(tzinfo=None)
MINUTE = timedelta(minutes=1)


def check(shown: datetime | None, host: datetime = RECEIVED) -> ClockCheck:
    return ClockCheck(device_time=shown, host_time=host)


def test_without_a_device_time_the_reception_counts() -> None:
    assert effective_time(reading(WITHOUT_TIME)) == RECEIVED


@pytest.mark.parametrize("error", [timedelta(0), timedelta(days=-3), timedelta(days=-9000), timedelta(hours=1)])
def test_a_known_clock_error_is_taken_out(error: timedelta) -> None:
    one = reading(stamped(LOCAL - MINUTE + error), clock=check(LOCAL + error))
    assert effective_time(one) == RECEIVED - MINUTE
    assert judge(one).gate is Gate.PASS
    assert is_live(judge(one), one.received)


def test_an_old_record_keeps_its_own_time() -> None:
    one = reading(stamped(LOCAL - timedelta(days=12)), clock=check(LOCAL))
    judged = judge(one)
    assert judged.effective == RECEIVED - timedelta(days=12)
    assert (judged.gate, is_live(judged, one.received)) == (Gate.PASS, False)


def test_a_time_is_never_later_than_its_reception() -> None:
    assert effective_time(reading(stamped(LOCAL + MINUTE), clock=check(LOCAL))) == RECEIVED


@pytest.mark.parametrize(
    ("shown", "clock"),
    [
        (LOCAL, datetime(2000, 1, 1, 0, 5)),  # noqa: DTZ001 - the batteries were out since
        (datetime(2000, 1, 1, 0, 5), LOCAL),  # noqa: DTZ001 - taken before the clock was set
        (datetime(2044, 6, 1), LOCAL),  # noqa: DTZ001
    ],
)
def test_a_clock_that_jumped_makes_the_time_unknown(shown: datetime, clock: datetime) -> None:
    assert judge(reading(stamped(shown), clock=check(clock))).gate is Gate.TIME_UNKNOWN


@pytest.mark.parametrize("clock", [None, check(None)])
def test_without_a_clock_check_a_time_that_fits_the_reception_is_believed(clock: ClockCheck | None) -> None:
    assert effective_time(reading(stamped(LOCAL - 3 * MINUTE), clock=clock)) == RECEIVED - 3 * MINUTE
    assert effective_time(reading(stamped(LOCAL - timedelta(hours=1)), clock=clock)) is None
    assert effective_time(reading(stamped(LOCAL + timedelta(hours=1)), clock=clock)) is None


def test_an_unknown_date_is_not_replaced_by_a_guess() -> None:
    packet = stamped(LOCAL)
    nonsense = packet[:7] + bytes(2) + packet[9:]
    assert judge(reading(nonsense, clock=check(LOCAL))).gate is Gate.TIME_UNKNOWN


def test_summer_time_between_measurement_and_reception() -> None:
    """Measured an hour before Norway's clocks go back; the cuff does not know of it."""
    winter = timezone(timedelta(hours=1))
    received = datetime(2026, 10, 25, 2, 30, tzinfo=winter)
    shown_now = datetime(2026, 10, 25, 3, 30)  # noqa: DTZ001 - still summer time on the cuff
    one = reading(stamped(shown_now - timedelta(hours=1)), received=received, clock=check(shown_now, received))
    effective = effective_time(one)
    assert effective is not None
    assert effective.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("packet", "gate"),
    [
        (FAILED, Gate.NO_VALUE),
        (bytes.fromhex("00FF0750005A00"), Gate.NO_VALUE),
        (bytes.fromhex("007800FF075A00"), Gate.NO_VALUE),
        (bytes.fromhex("00780050 00FF07".replace(" ", "")), Gate.PASS),
        (bytes.fromhex("0050007800FF07"), Gate.IMPLAUSIBLE),
        (bytes.fromhex("00E80378005A00"), Gate.IMPLAUSIBLE),
        (bytes.fromhex("000000000000 00".replace(" ", "")), Gate.IMPLAUSIBLE),
        (bytes.fromhex("01A0F06AF07CF0"), Gate.PASS),
        (bytes.fromhex("0178005000FF07"), Gate.IMPLAUSIBLE),
        (bytes.fromhex("08780050005A0002"), Gate.OWNER_UNKNOWN),
        (bytes.fromhex("08780050005A00FF"), Gate.PASS),
    ],
)
def test_what_may_leave(packet: bytes, gate: Gate) -> None:
    assert judge(reading(packet)).gate is gate
