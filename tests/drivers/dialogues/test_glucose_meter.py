"""Record access: counted, asked for again, joined with contexts; never deleted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.dialogues.dialogue import End, Finish, Read, Subscribe, Write
from drivers.dialogues.glucose_meter import GlucoseMeter
from drivers.errors import LinkReason
from drivers.gatt import CURRENT_TIME, DATE_TIME, GLUCOSE_CONTEXT, GLUCOSE_MEASUREMENT, RECORD_ACCESS
from drivers.readings import Detail, Kind
from tests.drivers.dialogues.table import NOW_2A2B, Table

HOW_MANY = Write(RECORD_ACCESS, bytes.fromhex("0401"))
REPORT = Write(RECORD_ACCESS, bytes.fromhex("0101"))
ABORT = Write(RECORD_ACCESS, bytes.fromhex("0300"))
DONE = bytes.fromhex("06000101")


def record(sequence: int, *, context: bool = False) -> bytes:
    flags = 0x12 if context else 0x02
    return bytes((flags,)) + sequence.to_bytes(2, "little") + bytes.fromhex("EA07071F071E0062B011")


def context_of(sequence: int) -> bytes:
    return bytes((0x02,)) + sequence.to_bytes(2, "little") + bytes((3,))  # fasting


def number(count: int) -> bytes:
    return bytes.fromhex("0500") + count.to_bytes(2, "little")


def asked(last_sequence: int | None = None) -> Table:
    """A meter up to the question of how many."""
    table = Table(GlucoseMeter(last_sequence), reads={CURRENT_TIME: NOW_2A2B})
    table.start()
    return table


def reporting(count: int, last_sequence: int | None = None) -> Table:
    """A meter that has said how many, and has been asked for them."""
    table = asked(last_sequence)
    table.packet(RECORD_ACCESS, number(count))
    table.silence()
    return table


def test_everything_is_on_before_anything_is_asked() -> None:
    table = asked()
    assert table.operations == [
        Subscribe(GLUCOSE_MEASUREMENT),
        Subscribe(GLUCOSE_CONTEXT),
        Subscribe(RECORD_ACCESS),
        Read(DATE_TIME),
        Read(CURRENT_TIME),
        HOW_MANY,
    ]


def test_as_many_as_announced_is_complete() -> None:
    table = reporting(2)
    assert table.writes == [HOW_MANY, REPORT]
    table.packet(GLUCOSE_MEASUREMENT, record(1))
    table.packet(GLUCOSE_MEASUREMENT, record(2))
    table.packet(RECORD_ACCESS, DONE)
    assert [one.sequence for one in table.kept] == [1, 2]
    assert table.finished == Finish(End.COMPLETE)


def test_only_what_is_new_is_asked_for() -> None:
    table = reporting(1, last_sequence=0x0102)
    assert [write.data.hex() for write in table.writes] == ["0403010301", "0103010301"]


def test_none_new_is_complete_without_asking_for_any() -> None:
    for nothing in (number(0), bytes.fromhex("06000406")):
        table = asked(7)
        table.packet(RECORD_ACCESS, nothing)
        assert len(table.writes) == 1
        assert table.finished == Finish(End.COMPLETE)


def test_a_meter_that_knows_no_filter_is_asked_for_everything() -> None:
    table = asked(7)
    table.packet(RECORD_ACCESS, bytes.fromhex("06000404"))
    assert table.writes[-1] == HOW_MANY
    table.packet(RECORD_ACCESS, number(1))
    table.silence()
    assert table.writes[-1] == REPORT


def test_a_meter_that_cannot_count_is_believed_after_a_moment() -> None:
    table = asked()
    table.packet(RECORD_ACCESS, bytes.fromhex("06000402"))
    table.silence()
    table.packet(GLUCOSE_MEASUREMENT, record(1))
    table.packet(RECORD_ACCESS, DONE)
    assert (table.wait, table.finished) == (1.0, None)
    table.silence()
    assert table.finished == Finish(End.COMPLETE)


def test_a_record_that_comes_after_the_answer_still_counts() -> None:
    table = reporting(2)
    table.packet(GLUCOSE_MEASUREMENT, record(1))
    table.packet(RECORD_ACCESS, DONE)
    assert table.finished is None
    table.packet(GLUCOSE_MEASUREMENT, record(2))
    assert table.finished == Finish(End.COMPLETE)


def test_what_did_not_come_is_asked_for_again_after_one_and_five_seconds_and_then_missed() -> None:
    table = reporting(2)
    for pause in (1.0, 5.0, None):
        table.packet(GLUCOSE_MEASUREMENT, record(1))
        table.packet(RECORD_ACCESS, DONE)
        table.silence()  # no straggler
        if pause is not None:
            assert table.wait == pause
            table.silence()
    assert table.writes == [HOW_MANY, REPORT, REPORT, REPORT]
    assert [one.sequence for one in table.kept] == [1]
    assert table.finished == Finish(End.INCOMPLETE)


def test_a_cut_off_record_is_had_whole_the_second_time() -> None:
    table = reporting(1)
    table.packet(GLUCOSE_MEASUREMENT, record(1)[:-2])
    table.packet(RECORD_ACCESS, DONE)
    table.silence()
    table.silence()
    table.packet(GLUCOSE_MEASUREMENT, record(1))
    table.packet(RECORD_ACCESS, DONE)
    assert (len(table.refused), len(table.kept), table.finished) == (1, 1, Finish(End.COMPLETE))


def test_a_meter_that_falls_silent_is_told_to_stop_and_asked_again() -> None:
    table = reporting(2)
    table.packet(GLUCOSE_MEASUREMENT, record(1))
    table.silence()
    assert table.writes[-1] == ABORT
    table.packet(RECORD_ACCESS, bytes.fromhex("06000301"))
    table.silence()
    assert table.writes[-1] == REPORT
    table.packet(GLUCOSE_MEASUREMENT, record(1))
    table.packet(GLUCOSE_MEASUREMENT, record(2))
    table.packet(RECORD_ACCESS, DONE)
    assert ([one.sequence for one in table.kept], table.finished) == ([1, 2], Finish(End.COMPLETE))


def test_a_late_answer_to_the_first_request_is_none_to_the_second() -> None:
    table = reporting(2)
    table.silence()
    table.packet(RECORD_ACCESS, DONE)
    table.silence()
    assert table.writes[-1] == REPORT
    assert table.wait == 5.0


@pytest.mark.parametrize("first", ["record", "context"])
def test_a_context_joins_its_record(first: str) -> None:
    table = reporting(1)
    packets = [(GLUCOSE_MEASUREMENT, record(5, context=True)), (GLUCOSE_CONTEXT, context_of(5))]
    for packet in packets if first == "record" else reversed(packets):
        table.packet(*packet)
    (kept,) = table.kept
    assert (kept.kind, kept.details[Detail.MEAL], kept.raw) == (Kind.GLUCOSE, "fasting", packets[0][1])


def test_a_record_whose_context_never_comes_is_kept_without() -> None:
    table = reporting(1)
    table.packet(GLUCOSE_MEASUREMENT, record(5, context=True))
    assert table.kept == []
    table.close(LinkReason.LINK_LOST)
    assert [one.sequence for one in table.kept] == [5]
    assert table.finished == Finish(End.LINK_LOST)


def test_a_context_without_a_record_is_not_dropped_silently() -> None:
    table = reporting(1)
    table.packet(GLUCOSE_CONTEXT, context_of(9))
    table.close()
    assert [one.kind for one in table.kept] == [Kind.GLUCOSE_CONTEXT]


def test_the_bogus_tail_of_a_full_meter_is_refused() -> None:
    table = reporting(451)
    for sequence in range(1, 451):
        table.packet(GLUCOSE_MEASUREMENT, record(sequence))
    high_in_2037 = bytes.fromhex("02C301F507071F071E00FE0711")
    table.packet(GLUCOSE_MEASUREMENT, high_in_2037)
    table.packet(RECORD_ACCESS, DONE)
    assert (len(table.kept), len(table.refused)) == (450, 1)
    assert table.finished == Finish(End.COMPLETE)


def test_the_same_record_is_no_bogus_tail_in_a_meter_with_room() -> None:
    table = reporting(1)
    table.packet(GLUCOSE_MEASUREMENT, bytes.fromhex("02C301F507071F071E00FE0711"))
    assert len(table.kept) == 1


@pytest.mark.parametrize("characteristic", [GLUCOSE_MEASUREMENT, RECORD_ACCESS])
def test_a_meter_without_a_bond_refuses(characteristic: str) -> None:
    table = Table(GlucoseMeter(None), refuses={characteristic: LinkReason.REFUSED})
    table.start()
    assert table.finished == Finish(End.REFUSED)
    assert table.writes == []


_PACKETS = st.one_of(
    st.tuples(
        st.just(RECORD_ACCESS), st.builds(lambda a, b: bytes((6, 0, a, b)), st.integers(0, 7), st.integers(0, 9))
    ),
    st.tuples(st.just(RECORD_ACCESS), st.integers(0, 4).map(number)),
    st.tuples(st.just(GLUCOSE_MEASUREMENT), st.integers(0, 3).map(record)),
    st.tuples(st.sampled_from([RECORD_ACCESS, GLUCOSE_MEASUREMENT, GLUCOSE_CONTEXT]), st.binary(max_size=14)),
    st.none(),
)


@given(st.lists(_PACKETS, max_size=30), st.one_of(st.none(), st.integers(0, 0xFFFF)))
def test_whatever_it_says_nothing_is_deleted_and_it_comes_to_an_end(
    packets: list[tuple[str, bytes] | None], last_sequence: int | None
) -> None:
    table = asked(last_sequence)
    for packet in packets:
        if table.finished is None:
            table.packet(*packet) if packet is not None else table.silence()
    for _ in range(20):
        if table.finished is None:
            table.silence()
    assert table.finished is not None
    assert {write.data[0] for write in table.writes} <= {1, 3, 4}
