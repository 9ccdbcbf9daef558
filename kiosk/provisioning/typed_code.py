"""The one-time token as letters that a person can type where there is no camera: eight groups of four. Pure.

    BCDF-GHJK-LMNP-QRST-VWXZ-…      30 signs of the token, 2 that check them

Twenty consonants: no vowel makes a word of it, and no letter looks like a digit. Where it leads stands on the sheet in
plain words, because a host name is easier to type than its bytes.
"""

from __future__ import annotations

import enum

from kiosk.provisioning.enrolment_code import TOKEN_BYTES

SIGNS = "BCDFGHJKLMNPQRSTVWXZ"
_VALUES = {sign: value for value, sign in enumerate(SIGNS)}
_BASE = len(SIGNS)
_DATA_SIGNS = 30  # 20**30 is just over 2**128
_CHECK_SIGNS = 2
_GROUP = 4

# A prime below 20 * 20: a wrong sign and two that changed places each change the sum.
_CHECK_MODULUS = 397


class TypedFault(enum.Enum):
    """What is wrong with what was typed."""

    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    FOREIGN_SIGN = "foreign-sign"
    MISTYPED = "mistyped"


class TypedRefused(Exception):
    """What was typed is no token."""

    def __init__(self, fault: TypedFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def write(token: bytes) -> str:
    """The token in groups, as it stands on the sheet. ValueError unless it has TOKEN_BYTES."""
    if len(token) != TOKEN_BYTES:
        raise ValueError(f"a token has {TOKEN_BYTES} bytes")
    number = int.from_bytes(token, "big")
    values: list[int] = []
    for _ in range(_DATA_SIGNS):
        number, value = divmod(number, _BASE)
        values.append(value)
    values.reverse()
    values += divmod(_check(values), _BASE)
    signs = "".join(SIGNS[value] for value in values)
    return "-".join(signs[start : start + _GROUP] for start in range(0, len(signs), _GROUP))


def read(typed: str) -> bytes:
    """The token. Small letters, spaces and hyphens are as good; raises TypedRefused for anything else."""
    signs = [sign for sign in typed.upper() if sign not in " -\t"]
    if any(sign not in _VALUES for sign in signs):
        raise TypedRefused(TypedFault.FOREIGN_SIGN)
    if len(signs) != _DATA_SIGNS + _CHECK_SIGNS:
        short = len(signs) < _DATA_SIGNS + _CHECK_SIGNS
        raise TypedRefused(TypedFault.TOO_SHORT if short else TypedFault.TOO_LONG)
    values = [_VALUES[sign] for sign in signs]
    check = values[-2] * _BASE + values[-1]
    number = 0
    for value in values[:_DATA_SIGNS]:
        number = number * _BASE + value
    if check != _check(values[:_DATA_SIGNS]) or number >> 8 * TOKEN_BYTES:
        raise TypedRefused(TypedFault.MISTYPED)
    return number.to_bytes(TOKEN_BYTES, "big")


def _check(values: list[int]) -> int:
    return sum((place + 1) * value for place, value in enumerate(values)) % _CHECK_MODULUS
