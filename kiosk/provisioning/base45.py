"""Bytes as the 45 signs of a QR code's alphanumeric mode (RFC 9285): 1.5 signs a byte, 5.5 bits a sign."""

from __future__ import annotations

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {sign: value for value, sign in enumerate(_SIGNS)}


def encode(data: bytes) -> str:
    """Three signs for two bytes, the least significant first; two signs for a last single byte."""
    signs: list[str] = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        rest = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            rest, value = divmod(rest, 45)
            signs.append(_SIGNS[value])
    return "".join(signs)


def decode(text: str) -> bytes:
    """The bytes. ValueError for a sign that is none of the 45, a group that is too large, or one that is too short."""
    data = bytearray()
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        if len(group) == 1:
            raise ValueError("the last group has one sign")
        number = 0
        for sign in reversed(group):
            if sign not in _VALUES:
                raise ValueError("a sign that is none of the 45")
            number = number * 45 + _VALUES[sign]
        size = len(group) - 1
        if number >= 1 << 8 * size:
            raise ValueError("a group that stands for more than its bytes")
        data += number.to_bytes(size, "big")
    return bytes(data)
