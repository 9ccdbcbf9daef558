"""Device Information (service 180A): strings, the system identifier and the PnP identifier.

    strings  2A29 maker  2A24 model  2A25 serial number  2A26 firmware  2A27 hardware  2A28 software
             UTF-8, without a length; some devices pad with NUL
    2A23     ┌──────────────────────┬─────────────────────────┐
             │ manufacturer's, u40  │ organisation (OUI), u24 │   little-endian
             └──────────────────────┴─────────────────────────┘
    2A50     ┌────────────────────┬────────────┬─────────────┬─────────────┐
             │ source of vendor u8│ vendor u16 │ product u16 │ version u16 │   source: 1 Bluetooth SIG, 2 USB
             └────────────────────┴────────────┴─────────────┴─────────────┘

Source: Bluetooth SIG, Device Information Service 1.2.
"""

from __future__ import annotations

import struct

import msgspec

from drivers.decoders.layout import exactly
from drivers.errors import DecodeError

SYSTEM_ID_BYTES = 8

_PNP = struct.Struct("<BHHH")
_LONGEST_TEXT = 512


class SystemIdentifier(msgspec.Struct, frozen=True):
    """``organisation`` is the OUI as it is written (``00-1C-05``); ``raw`` the eight bytes as sent."""

    manufacturer_part: int
    organisation: str
    raw: bytes


class PnpIdentifier(msgspec.Struct, frozen=True):
    """Who gave the vendor number (1 Bluetooth SIG, 2 USB Implementer's Forum), and the numbers."""

    vendor_source: int
    vendor: int
    product: int
    version: int


def decode_text(data: bytes) -> str:
    """One of the strings, without the NULs and blanks around it; empty when there is nothing else.

    Raises DecodeError for what is not UTF-8 and for more than an attribute can hold.
    """
    if len(data) > _LONGEST_TEXT:
        raise DecodeError(f"a string of {len(data)} bytes: an attribute holds {_LONGEST_TEXT}")
    try:
        return bytes(data).decode("utf-8").strip("\x00 \t\r\n")
    except UnicodeDecodeError as error:
        raise DecodeError(f"not UTF-8 at byte {error.start}") from error


def decode_system_id(data: bytes) -> SystemIdentifier:
    """Decode one value of 2A23. Raises DecodeError unless it has eight bytes."""
    exactly(data, SYSTEM_ID_BYTES, "a System ID")
    return SystemIdentifier(
        manufacturer_part=int.from_bytes(data[:5], "little"),
        organisation="-".join(f"{byte:02X}" for byte in reversed(data[5:])),
        raw=bytes(data),
    )


def decode_pnp_id(data: bytes) -> PnpIdentifier:
    """Decode one value of 2A50. Raises DecodeError unless it has seven bytes."""
    exactly(data, _PNP.size, "a PnP ID")
    return PnpIdentifier(*_PNP.unpack(data))
