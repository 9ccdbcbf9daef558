"""The journal: bytes are on disk before anything is done with them, and come back until they have been dealt with."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from drivers.device import RawPacket
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, DATE_TIME
from kiosk.measurements.outbox import Outbox, OutboxError, OutboxReason
from tests.measurements.samples import CUFF, RECEIVED, WITH_TIME
from tests.measurements.test_outbox import file_size_limit


def packet(session: str, data: bytes = WITH_TIME, *, seconds: float = 0.0, read: bool = False) -> RawPacket:
    characteristic = DATE_TIME if read else BLOOD_PRESSURE_MEASUREMENT
    return RawPacket(CUFF, session, characteristic, data, RECEIVED + timedelta(seconds=seconds), read)


def test_what_was_recorded_comes_back_in_order_until_it_is_settled(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    order = [packet("a", bytes([number]), seconds=number, read=number == 0) for number in range(4)]
    other = packet("b")
    for one in (*order[:2], other, *order[2:]):
        outbox.journal.record(one)
    outbox.close()
    outbox = Outbox.open(path)
    first, second = outbox.journal.unsettled_sessions()
    assert (first.session, first.packets) == ("a", tuple(order))
    assert (second.session, second.packets) == ("b", (other,))
    outbox.journal.settle("a")
    outbox.journal.settle("never heard of")
    assert [one.session for one in outbox.journal.unsettled_sessions()] == ["b"]
    outbox.close()


def test_identical_packets_are_all_there(outbox: Outbox) -> None:
    for _ in range(3):
        outbox.journal.record(packet("a"))
    (session,) = outbox.journal.unsettled_sessions()
    assert session.packets == (packet("a"),) * 3


def test_nothing_of_the_bytes_or_of_the_device_is_in_the_clear(outbox: Outbox, tmp_path: Path) -> None:
    outbox.journal.record(packet("a"))
    on_disk = b"".join(file.read_bytes() for file in tmp_path.glob("outbox.sqlite*"))
    assert b"a" in on_disk
    for secret in (WITH_TIME, WITH_TIME.hex().encode(), CUFF.address.encode(), CUFF.model.encode()):
        assert secret not in on_disk


def test_settled_sessions_stay_for_a_month_and_others_for_ever(outbox: Outbox) -> None:
    for session in ("settled", "not settled"):
        outbox.journal.record(packet(session))
    outbox.journal.settle("settled")
    assert outbox.journal.expire(RECEIVED + timedelta(days=29)) == 0
    assert outbox.journal.expire(RECEIVED + timedelta(days=31)) == 1
    assert outbox._database.read("SELECT session FROM session") == [("not settled",)]
    assert outbox.journal.expire(RECEIVED + timedelta(days=4000)) == 0
    assert len(outbox.journal.unsettled_sessions()) == 1


def test_a_clock_that_was_a_year_ahead_does_not_keep_packets_a_year_longer(outbox: Outbox) -> None:
    outbox.journal.record(packet("a", seconds=365 * 86_400.0))
    outbox.journal.settle("a")
    assert outbox.journal.expire(RECEIVED) == 0
    assert outbox.journal.expire(RECEIVED + timedelta(days=31)) == 1


def test_a_packet_with_a_broken_seal_costs_only_itself(outbox: Outbox) -> None:
    for number in range(3):
        outbox.journal.record(packet("a", bytes([number])))
    outbox._database.write("UPDATE packet SET sealed = x'01' WHERE number = ?", (2,))
    (session,) = outbox.journal.unsettled_sessions()
    assert [one.data for one in session.packets] == [b"\x00", b"\x02"]


def test_a_full_disk_is_told_before_the_device_may_forget(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    outbox.journal.record(packet("a"))
    with file_size_limit(0, path.with_name("outbox.sqlite-wal")), pytest.raises(OutboxError) as caught:
        outbox.journal.record(packet("a", b"\x01"))
    assert caught.value.reason in (OutboxReason.FULL, OutboxReason.FAILED)
    outbox.journal.record(packet("a", b"\x02"))
    (session,) = outbox.journal.unsettled_sessions()
    assert [one.data for one in session.packets] == [WITH_TIME, b"\x02"]
    outbox.close()


def test_a_journalled_packet_is_the_same_value_again(outbox: Outbox) -> None:
    one = msgspec.structs.replace(packet("a", b""), device=msgspec.structs.replace(CUFF, fake=True))
    outbox.journal.record(one)
    assert outbox.journal.unsettled_sessions()[0].packets == (one,)
