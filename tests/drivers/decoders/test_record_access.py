"""2A52 and 2A9F: what is asked, what is answered, and that nothing here can delete."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders import record_access, user_control_point
from drivers.decoders.record_access import (
    OpCode,
    Operator,
    RecordAccess,
    ResponseValue,
    decode_record_access,
    encode_abort,
    encode_number_of_records,
    encode_report_last_record,
    encode_report_records,
)
from drivers.decoders.user_control_point import (
    UserControl,
    UserOperation,
    UserResponse,
    decode_user_control,
    encode_consent,
    encode_list_all_users,
    encode_register,
)
from drivers.errors import DecodeError
from tests.drivers.decoders.encoders import u16, words


def test_requests_as_the_profile_writes_them() -> None:
    assert encode_number_of_records() == bytes.fromhex("0401")
    assert encode_number_of_records(0x1234) == bytes.fromhex("0403013412")
    assert encode_report_records() == bytes.fromhex("0101")
    assert encode_report_records(5) == bytes.fromhex("0103010500")
    assert encode_report_last_record() == bytes.fromhex("0106")
    assert encode_abort() == bytes.fromhex("0300")


@given(st.none() | words)
def test_no_request_deletes(sequence: int | None) -> None:
    encoders = [getattr(record_access, name) for name in vars(record_access) if name.startswith("encode_")]
    assert len(encoders) == 4
    for request in (
        encode_number_of_records(sequence),
        encode_report_records(sequence),
        encode_report_last_record(),
        encode_abort(),
    ):
        assert decode_record_access(request).op_code is not OpCode.DELETE_RECORDS


@pytest.mark.parametrize("sequence", [-1, 0x10000])
def test_a_sequence_number_that_does_not_fit(sequence: int) -> None:
    with pytest.raises(ValueError, match="sequence"):
        encode_report_records(sequence)


def test_answers() -> None:
    assert decode_record_access(bytes.fromhex("05000C00")) == RecordAccess(OpCode.NUMBER, Operator.NULL, count=12)
    assert decode_record_access(bytes.fromhex("06000101")) == RecordAccess(
        OpCode.RESPONSE,
        Operator.NULL,
        request=OpCode.REPORT_RECORDS,
        request_code=1,
        response=ResponseValue.SUCCESS,
    )
    assert decode_record_access(bytes.fromhex("06000106")).response is ResponseValue.NO_RECORDS
    assert decode_record_access(bytes.fromhex("06000301")).request is OpCode.ABORT


def test_the_answer_to_a_request_that_nobody_knows() -> None:
    answer = decode_record_access(bytes.fromhex("06000C02"))
    assert (answer.request, answer.request_code) == (None, 12)
    assert answer.response is ResponseValue.OP_CODE_NOT_SUPPORTED


@pytest.mark.parametrize("number", ["050001", "050003020100", "0500030201"])
def test_a_number_of_records_has_two_bytes(number: str) -> None:
    # Other services count in one byte or four; with them a number cut off would be another number.
    with pytest.raises(DecodeError):
        decode_record_access(bytes.fromhex(number))


@given(st.integers(10, 255))
def test_an_unknown_response_is_no_success(value: int) -> None:
    assert decode_record_access(bytes((6, 0, 1, value))).response is ResponseValue.RESERVED


@given(words, words)
def test_requests_are_understood(low: int, high: int) -> None:
    assert decode_record_access(b"\x01\x03\x01" + u16(low)).sequences == (low,)
    assert decode_record_access(b"\x01\x04\x01" + u16(low) + u16(high)).sequences == (low, high)
    assert decode_record_access(b"\x04\x02\x01" + u16(low)).sequences == (low,)


def test_other_filters_are_kept_as_sent() -> None:
    # An extension of Omron filters by its own type 4.
    got = decode_record_access(bytes.fromhex("010304FFFF"))
    assert (got.filter_type, got.operand, got.sequences) == (4, b"\xff\xff", ())


@pytest.mark.parametrize(
    "text",
    [
        "05",
        "050001",
        "0500010000",
        "060001",
        "0600010100",
        "0701",
        "0001",
        "0107",
        "0103",
        "01030105",
        "010100",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_record_access(bytes.fromhex(text))


def test_consent_as_captured() -> None:
    assert encode_consent(1, 3752) == bytes.fromhex("0201A80E")
    assert encode_register(1234) == bytes.fromhex("01D204")
    assert encode_list_all_users() == b"\x04"


def test_no_user_request_deletes() -> None:
    assert [name for name in vars(user_control_point) if name.startswith("encode_")] == [
        "encode_register",
        "encode_consent",
        "encode_list_all_users",
    ]


def test_user_answers() -> None:
    assert decode_user_control(bytes.fromhex("200201")) == UserControl(UserOperation.CONSENT, UserResponse.SUCCESS)
    assert decode_user_control(bytes.fromhex("200205")).response is UserResponse.USER_NOT_AUTHORISED
    assert decode_user_control(bytes.fromhex("20010103")) == UserControl(
        UserOperation.REGISTER, UserResponse.SUCCESS, user_index=3, parameter=b"\x03"
    )
    assert decode_user_control(bytes.fromhex("2002F0")).response is UserResponse.RESERVED


@pytest.mark.parametrize("text", ["", "20", "2002", "209901", "01", "0201A8", "0201A80E00", "200101", "99"])
def test_user_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_user_control(bytes.fromhex(text))


@pytest.mark.parametrize(("index", "consent"), [(255, 1), (-1, 1), (1, 10_000), (1, -1)])
def test_consent_that_cannot_be_written(index: int, consent: int) -> None:
    with pytest.raises(ValueError, match="is 0 to"):
        encode_consent(index, consent)
