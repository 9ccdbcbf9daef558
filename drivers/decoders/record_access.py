"""Record Access Control Point (0x2A52): asking a meter for stored records, and what it answers.

    ┌──────────┬──────────┬──────────────────────────────────────────────────┐
    │ op code  │ operator │ [ operand ]                                      │
    │    u8    │    u8    │ request: filter type u8 (1 = sequence), u16 … ;  │
    │          │          │ number (5): u16;  answer (6): op code u8, u8     │
    └──────────┴──────────┴──────────────────────────────────────────────────┘

A request is written, its answer indicated: ``04 01`` -> ``05 00 nn nn``; ``01 01`` -> the records, ``06 00 01 01``.
There is no way here to write a request that deletes.

Source: Bluetooth SIG, Glucose Service 1.0 and Glucose Profile 1.0.1.
"""

from __future__ import annotations

import enum

import msgspec

from drivers.decoders.layout import exactly
from drivers.errors import DecodeError


class OpCode(enum.Enum):
    """What is asked or answered. The deleting one is here only to be recognised."""

    REPORT_RECORDS = 1
    DELETE_RECORDS = 2
    ABORT = 3
    REPORT_NUMBER = 4
    NUMBER = 5
    RESPONSE = 6


class Operator(enum.Enum):
    """Which records."""

    NULL = 0
    ALL = 1
    UP_TO = 2
    FROM = 3
    RANGE = 4
    FIRST = 5
    LAST = 6


class ResponseValue(enum.Enum):
    """How a request went. RESERVED stands for every value that the format leaves open: no success."""

    RESERVED = 0
    SUCCESS = 1
    OP_CODE_NOT_SUPPORTED = 2
    INVALID_OPERATOR = 3
    OPERATOR_NOT_SUPPORTED = 4
    INVALID_OPERAND = 5
    NO_RECORDS = 6
    ABORT_UNSUCCESSFUL = 7
    NOT_COMPLETED = 8
    OPERAND_NOT_SUPPORTED = 9


class RecordAccess(msgspec.Struct, frozen=True):
    """One request or answer. ``count``: of NUMBER. ``request`` and ``response``: of RESPONSE.

    ``request`` is None when the request that is answered has an op code that nobody knows: ``request_code`` is as sent.
    ``filter_type``, ``operand``: of a request, as sent; ``sequences``: the numbers in it when it filters by sequence.
    """

    op_code: OpCode
    operator: Operator
    count: int | None = None
    request: OpCode | None = None
    request_code: int | None = None
    response: ResponseValue | None = None
    filter_type: int | None = None
    operand: bytes = b""
    sequences: tuple[int, ...] = ()


_HEAD_BYTES = 2
_ANSWER_BYTES = 4
_BY_SEQUENCE = 1
_SEQUENCE_BYTES = 2
_LAST_SEQUENCE = 0xFFFF
_SEQUENCES = {Operator.UP_TO: 1, Operator.FROM: 1, Operator.RANGE: 2}
_RESPONSES = {value.value: value for value in ResponseValue}
_OP_CODES = {code.value: code for code in OpCode}


def decode_record_access(data: bytes) -> RecordAccess:
    """Decode one request or indication of 0x2A52. Raises DecodeError for unknown codes and wrong lengths."""
    if len(data) < _HEAD_BYTES:
        raise DecodeError(f"truncated: op code and operator need {_HEAD_BYTES} bytes, got {len(data)}")
    op_code, operator = _op_code(data[0]), _operator(data[1])
    if op_code is OpCode.NUMBER:
        exactly(data, _ANSWER_BYTES, "a number of records")
        return RecordAccess(op_code, operator, count=int.from_bytes(data[2:], "little"))
    if op_code is OpCode.RESPONSE:
        exactly(data, _ANSWER_BYTES, "a response")
        return RecordAccess(
            op_code,
            operator,
            request=_OP_CODES.get(data[2]),
            request_code=data[2],
            response=_RESPONSES.get(data[3], ResponseValue.RESERVED),
        )
    return _request(op_code, operator, data[_HEAD_BYTES:])


def encode_number_of_records(from_sequence: int | None = None) -> bytes:
    """Ask how many records there are, or how many from a sequence number on."""
    return _encode(OpCode.REPORT_NUMBER, from_sequence)


def encode_report_records(from_sequence: int | None = None) -> bytes:
    """Ask for all records, or for those from a sequence number on."""
    return _encode(OpCode.REPORT_RECORDS, from_sequence)


def encode_report_last_record() -> bytes:
    """Ask for the newest record only."""
    return bytes((OpCode.REPORT_RECORDS.value, Operator.LAST.value))


def encode_abort() -> bytes:
    """Ask it to stop reporting."""
    return bytes((OpCode.ABORT.value, Operator.NULL.value))


def _encode(op_code: OpCode, from_sequence: int | None) -> bytes:
    if from_sequence is None:
        return bytes((op_code.value, Operator.ALL.value))
    if not 0 <= from_sequence <= _LAST_SEQUENCE:
        raise ValueError(f"a sequence number is 0 to {_LAST_SEQUENCE}, not {from_sequence}")
    return bytes((op_code.value, Operator.FROM.value, _BY_SEQUENCE)) + from_sequence.to_bytes(_SEQUENCE_BYTES, "little")


def _request(op_code: OpCode, operator: Operator, rest: bytes) -> RecordAccess:
    numbers = _SEQUENCES.get(operator, 0)
    if not numbers:
        if rest:
            raise DecodeError(f"too many bytes: {operator.name} takes no operand, got {len(rest)}")
        return RecordAccess(op_code, operator)
    if not rest:
        raise DecodeError(f"truncated: {operator.name} needs a filter type")
    filter_type, operand = rest[0], rest[1:]
    if filter_type != _BY_SEQUENCE:
        return RecordAccess(op_code, operator, filter_type=filter_type, operand=bytes(operand))
    exactly(operand, numbers * _SEQUENCE_BYTES, f"the operand of {operator.name}")
    sequences = tuple(
        int.from_bytes(operand[at : at + _SEQUENCE_BYTES], "little") for at in range(0, len(operand), _SEQUENCE_BYTES)
    )
    return RecordAccess(op_code, operator, filter_type=filter_type, operand=bytes(operand), sequences=sequences)


def _op_code(number: int) -> OpCode:
    code = _OP_CODES.get(number)
    if code is None:
        raise DecodeError(f"unknown op code {number:#04x}")
    return code


def _operator(number: int) -> Operator:
    try:
        return Operator(number)
    except ValueError as error:
        raise DecodeError(f"unknown operator {number:#04x}") from error
