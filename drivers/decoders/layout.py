"""Packets whose first field, the flags, says which other fields follow: their lengths, their bits, nothing of meaning.

    ┌───────┬────────┬──────────────────────────────┐
    │ flags │ always │ [ optional ] [ optional ] …  │   one bit of the flags for each optional field
    └───────┴────────┴──────────────────────────────┘

Source: Bluetooth SIG, GATT Specification Supplement; all its measurement characteristics are built so.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, Final, TypeVar

from drivers.errors import DecodeError

_Name = TypeVar("_Name")

# An absent field is unpacked as a string of no bytes: every packet then gives as many values, in the same places.
_ABSENT: Final = "0s"

_UNKNOWN_USER: Final = 0xFF


class FlaggedLayout:
    """One such format. ``always`` and each optional field are struct codes of one value each, little-endian."""

    def __init__(self, flags: str, always: Sequence[str], optional: Sequence[tuple[int, Sequence[str]]]) -> None:
        self._flags = struct.Struct("<" + flags)
        self._begin = "<" + flags + "".join(always)
        self._optional = tuple((bit, tuple(codes)) for bit, codes in optional)
        self._mask = sum(bit for bit, _ in self._optional)
        self._known: dict[int, struct.Struct] = {}

    def unpack(self, packet: bytes) -> tuple[Any, ...]:
        """The flags and all fields, in order; b"" stands where a field is absent.

        Raises DecodeError when bytes are missing or left over: a packet of another length is another format.
        """
        if len(packet) < self._flags.size:
            raise DecodeError(f"truncated: the flags need {self._flags.size} bytes, the packet has {len(packet)}")
        present = self._flags.unpack_from(packet)[0] & self._mask
        layout = self._known.get(present)
        if layout is None:
            layout = self._known[present] = self._layout(present)
        if len(packet) != layout.size:
            short = len(packet) < layout.size
            raise DecodeError(
                f"{'truncated' if short else 'too many bytes'}: "
                f"the flags announce {layout.size}, the packet has {len(packet)}"
            )
        return layout.unpack(packet)

    def _layout(self, present: int) -> struct.Struct:
        codes = (code if present & bit else _ABSENT for bit, fields in self._optional for code in fields)
        return struct.Struct(self._begin + "".join(codes))


def names_of(bits: int, names: Sequence[tuple[int, _Name]]) -> tuple[_Name, ...]:
    """What the bits that are set are called, in the order of the table; bits without a name are left out."""
    if not bits:
        return ()
    return tuple(name for bit, name in names if bits & bit)


def user_of(slot: int | bytes) -> tuple[int | None, bool]:
    """The user slot as unpacked (b"" if absent), and whether the device said that it does not know the user."""
    if isinstance(slot, bytes):
        return None, False
    return (None, True) if slot == _UNKNOWN_USER else (slot, False)


def word_of(number: int, words: dict[int, str]) -> str:
    """The word for a coded value; a number without one is kept as ``reserved-N`` rather than dropped."""
    return words.get(number, f"reserved-{number}")


def exactly(packet: bytes, length: int, what: str) -> None:
    """Raises DecodeError unless the packet has ``length`` bytes."""
    if len(packet) != length:
        short = len(packet) < length
        raise DecodeError(f"{'truncated' if short else 'too many bytes'}: {what} has {length}, got {len(packet)}")
