"""What an Omron blood pressure meter says in its advertisement: whether its clock is set, and how many records wait.

    manufacturer data of company 020E, without the company
    ┌──────┬───────┬─────────────────────────────────────────────┐
    │ 0x01 │ flags │ per user: next sequence u16, records u8     │
    └──────┴───────┴─────────────────────────────────────────────┘
    flags    1-0  users less one   2  time not set   3  pairing mode   4  streaming   5  service mode   6-7  unknown

Only type 1 is decoded; newer types are laid out otherwise.

Source: the MIT-licensed hass-omron project, behaviour only.
"""

from __future__ import annotations

import msgspec

from drivers.errors import DecodeError

OMRON_COMPANY = 0x020E

_TYPE = 0x01
_HEAD_BYTES = 2
_USER_BYTES = 3
_USERS = 0x03
_TIME_NOT_SET = 0x04
_PAIRING = 0x08
_STREAMING = 0x10
_SERVICE = 0x20
_UNKNOWN = 0xC0


class OmronUser(msgspec.Struct, frozen=True):
    """One user slot: the sequence number of its next record, and how many it has stored."""

    next_sequence: int
    records: int


class OmronAdvertisement(msgspec.Struct, frozen=True):
    """What the flags say, and one entry for each user slot, in order."""

    time_not_set: bool
    pairing: bool
    streaming: bool
    service: bool
    users: tuple[OmronUser, ...]
    unknown_bits: int = 0


def decode_omron_advertisement(data: bytes) -> OmronAdvertisement:
    """Decode the manufacturer data of company 020E. Raises DecodeError for another type or another length."""
    if len(data) < _HEAD_BYTES:
        raise DecodeError(f"truncated: type and flags need {_HEAD_BYTES} bytes, got {len(data)}")
    if data[0] != _TYPE:
        raise DecodeError(f"manufacturer data of type {data[0]:#04x}: only {_TYPE:#04x} is known")
    flags = data[1]
    users = (flags & _USERS) + 1
    end = _HEAD_BYTES + users * _USER_BYTES
    if len(data) != end:
        raise DecodeError(
            f"{'truncated' if len(data) < end else 'too many bytes'}: {users} users need {end} bytes, got {len(data)}"
        )
    return OmronAdvertisement(
        time_not_set=bool(flags & _TIME_NOT_SET),
        pairing=bool(flags & _PAIRING),
        streaming=bool(flags & _STREAMING),
        service=bool(flags & _SERVICE),
        users=tuple(
            OmronUser(int.from_bytes(data[at : at + 2], "little"), data[at + 2])
            for at in range(_HEAD_BYTES, end, _USER_BYTES)
        ),
        unknown_bits=flags & _UNKNOWN,
    )
