"""User Control Point (0x2A9F): a scale with users gives out its records after consent by index and code.

    request    ┌─────────┬──────────────────────────────────┐
               │ op code │ register: consent u16            │   1 register   2 consent   4 list all users
               │   u8    │ consent: index u8, consent u16   │
               └─────────┴──────────────────────────────────┘
    answer     ┌──────┬─────────┬───────┬─────────────┐
               │ 0x20 │ request │ value │ [parameter] │          value 1 is success, 5 not authorised
               └──────┴─────────┴───────┴─────────────┘

A request that deletes a user's data is recognised, never made here.

Source: Bluetooth SIG, User Data Service 1.1.
"""

from __future__ import annotations

import enum

import msgspec

from drivers.decoders.layout import exactly
from drivers.errors import DecodeError


class UserOperation(enum.Enum):
    """What is asked."""

    REGISTER = 1
    CONSENT = 2
    DELETE_USER_DATA = 3
    LIST_ALL_USERS = 4
    DELETE_USERS = 5


class UserResponse(enum.Enum):
    """How it went. RESERVED stands for every value that the format leaves open: no success."""

    RESERVED = 0
    SUCCESS = 1
    OP_CODE_NOT_SUPPORTED = 2
    INVALID_PARAMETER = 3
    OPERATION_FAILED = 4
    USER_NOT_AUTHORISED = 5


class UserControl(msgspec.Struct, frozen=True):
    """One request, or answer (``response`` is set). ``user_index``: of consent, or given by the answer to register."""

    operation: UserOperation
    response: UserResponse | None = None
    user_index: int | None = None
    consent: int | None = None
    parameter: bytes = b""


_ANSWER = 0x20
_ANSWER_BYTES = 3
_RESPONSES = {value.value: value for value in UserResponse}
_LAST_CONSENT = 9999
_LAST_INDEX = 0xFE


def decode_user_control(data: bytes) -> UserControl:
    """Decode one request or indication of 0x2A9F. Raises DecodeError for unknown codes and wrong lengths."""
    if not data:
        raise DecodeError("truncated: the op code is missing")
    if data[0] == _ANSWER:
        return _answer(data)
    operation = _operation(data[0])
    if operation is UserOperation.REGISTER:
        exactly(data, 3, "a registration")
        return UserControl(operation, consent=int.from_bytes(data[1:], "little"), parameter=bytes(data[1:]))
    if operation is UserOperation.CONSENT:
        exactly(data, 4, "a consent")
        return UserControl(
            operation, user_index=data[1], consent=int.from_bytes(data[2:], "little"), parameter=bytes(data[1:])
        )
    return UserControl(operation, parameter=bytes(data[1:]))


def encode_register(consent: int) -> bytes:
    """Make a new user with this code (0 to 9999)."""
    return bytes((UserOperation.REGISTER.value,)) + _consent(consent)


def encode_consent(user_index: int, consent: int) -> bytes:
    """Prove consent of the user in this slot."""
    if not 0 <= user_index <= _LAST_INDEX:
        raise ValueError(f"a user index is 0 to {_LAST_INDEX}, not {user_index}")
    return bytes((UserOperation.CONSENT.value, user_index)) + _consent(consent)


def encode_list_all_users() -> bytes:
    """Ask for the users, where the scale knows this newer request."""
    return bytes((UserOperation.LIST_ALL_USERS.value,))


def _answer(data: bytes) -> UserControl:
    if len(data) < _ANSWER_BYTES:
        raise DecodeError(f"truncated: an answer has at least {_ANSWER_BYTES} bytes, got {len(data)}")
    operation = _operation(data[1])
    response = _RESPONSES.get(data[2], UserResponse.RESERVED)
    parameter = bytes(data[_ANSWER_BYTES:])
    index: int | None = None
    if operation is UserOperation.REGISTER and response is UserResponse.SUCCESS:
        exactly(parameter, 1, "the index of the registered user")
        index = parameter[0]
    return UserControl(operation, response, user_index=index, parameter=parameter)


def _operation(number: int) -> UserOperation:
    try:
        return UserOperation(number)
    except ValueError as error:
        raise DecodeError(f"unknown op code {number:#04x}") from error


def _consent(consent: int) -> bytes:
    if not 0 <= consent <= _LAST_CONSENT:
        raise ValueError(f"a consent code is 0 to {_LAST_CONSENT}, not {consent}")
    return consent.to_bytes(2, "little")
