"""What stands in the code that a technician holds before the camera, or carries on a stick: written by the office, read
and judged here. Pure; nothing is asked of any network.

    S V A R 1 :  base45( head, body, signature )

    ┌───────────┬──────────┬────────────────────────────────────┬───────────────────────┐
    │ version 1 │ key 0/1  │ body: MessagePack array            │ Ed25519 over all that │
    │  1 byte   │  1 byte  │                                    │ stands before it, 64  │
    └───────────┴──────────┴────────────────────────────────────┴───────────────────────┘
    body: [ origin, [pin, …], token, expires, device, profile, language ]

``key`` 1: signed; 0: not, and no signature follows. A pin is the SHA-256 of a certificate's SubjectPublicKeyInfo
(RFC 7469 section 2.4): the one in use, and one in reserve. No patient stands in a code, neither by name nor by number.
"""

from __future__ import annotations

import enum
import re
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.facts.profile import Language
from kiosk.provisioning import base45

PREFIX = "SVAR1:"

MAXIMUM_CHARACTERS = 700
"""A longer one is not looked at. A full code has some 330, which is a QR code of version 12 at level M."""

TOKEN_BYTES = 16
PIN_BYTES = 32

_VERSION = 1
_UNSIGNED, _SIGNED = 0, 1
_HEAD_BYTES = 2
_SIGNATURE_BYTES = 64

# A host name as it travels (RFC 1123 section 2.1; IDNs would be A-labels and are refused below), with an optional port.
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_ORIGIN = re.compile(rf"https://(?P<host>{_LABEL}(?:\.{_LABEL})*)(?P<port>:[1-9][0-9]{{0,4}})?")
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}\Z"


class CodeFault(enum.Enum):
    """Why a code is not used. Each is one sentence and one next step for the technician."""

    NOT_A_CODE = "not-a-code"  # some other QR code
    TOO_LONG = "too-long"
    NEWER_VERSION = "newer-version"
    DAMAGED = "damaged"
    NOT_SIGNED = "not-signed"  # and this device accepts signed ones only
    FORGED = "forged"  # by no key that this device knows
    EXPIRED = "expired"
    NOT_AN_ORIGIN = "not-an-origin"


class CodeRefused(Exception):
    """The code cannot be used, for a reason out of :class:`CodeFault`. Holds nothing of the code."""

    def __init__(self, fault: CodeFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class EnrolmentCode(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One device's invitation.

    ``origin``: ``https://host`` or ``https://host:port`` in small letters, nothing else. ``pins``: one or two; empty
    only where the code was typed by hand. ``token``: used once. ``expires``: seconds since 1970, UTC. ``device``: the
    office's name for it (asset tag); ``profile``: which set of settings it gets.
    """

    origin: Annotated[str, msgspec.Meta(max_length=200)]
    pins: Annotated[tuple[bytes, ...], msgspec.Meta(max_length=2)]
    token: Annotated[bytes, msgspec.Meta(min_length=TOKEN_BYTES, max_length=TOKEN_BYTES)]
    expires: Annotated[int, msgspec.Meta(ge=0, lt=1 << 40)]
    device: Annotated[str, msgspec.Meta(pattern=_NAME)]
    profile: Annotated[str, msgspec.Meta(pattern=_NAME)]
    language: Language = Language.BOKMAAL

    @property
    def host(self) -> str:
        """The name that the technician is shown, in large letters, before anything is sent there."""
        return host_of(self.origin)

    def __repr__(self) -> str:
        """Without the token: reprs end in logs."""
        return f"EnrolmentCode(device={self.device!r}, origin={self.origin!r})"


class Offered(msgspec.Struct, frozen=True):
    """A code that may be used once the technician has confirmed it. ``signed``: by the municipality's own key; if not,
    the screen says so."""

    code: EnrolmentCode
    signed: bool


def host_of(origin: str) -> str:
    """Host and port of an origin, as they stand there. CodeRefused where it is no origin that is accepted.

    Refused with it: user names, paths, capitals, letters outside ASCII and IDNs (``xn--``): nobody can tell on a screen
    which of two that look alike it is.
    """
    found = _ORIGIN.fullmatch(origin)
    if found is None or any(label.startswith("xn--") for label in found["host"].split(".")):
        raise CodeRefused(CodeFault.NOT_AN_ORIGIN)
    if found["port"] is not None and int(found["port"][1:]) > 65_535:
        raise CodeRefused(CodeFault.NOT_AN_ORIGIN)
    return origin.removeprefix("https://")


def write(code: EnrolmentCode, key: Ed25519PrivateKey | None) -> str:
    """The text for the QR code, signed when there is a key. CodeRefused for a code that no device would take."""
    host_of(code.origin)
    body = msgspec.msgpack.encode(code)
    # What is written must be what is read: the limits stand in the type and are checked on the way in.
    _decoded(body)
    data = bytes((_VERSION, _UNSIGNED if key is None else _SIGNED)) + body
    if key is not None:
        data += key.sign(_signed_bytes(data))
    text = PREFIX + base45.encode(data)
    if len(text) > MAXIMUM_CHARACTERS:
        raise CodeRefused(CodeFault.TOO_LONG)
    return text


def read(text: str, keys: tuple[Ed25519PublicKey, ...], now: float) -> Offered:
    """The code in a text that was seen or read.

    ``keys``: the municipality's, as this device has them; with one or more, an unsigned code is refused. ``now``:
    seconds since 1970. Raises CodeRefused; no other error for any text.
    """
    if len(text) > MAXIMUM_CHARACTERS:
        raise CodeRefused(CodeFault.TOO_LONG)
    if not text.startswith(PREFIX):
        raise CodeRefused(CodeFault.NEWER_VERSION if re.match(r"SVAR[0-9]{1,3}:", text) else CodeFault.NOT_A_CODE)
    try:
        data = base45.decode(text.removeprefix(PREFIX))
    except ValueError:
        raise CodeRefused(CodeFault.DAMAGED) from None
    if len(data) <= _HEAD_BYTES:
        raise CodeRefused(CodeFault.DAMAGED)
    version, kind = data[:_HEAD_BYTES]
    if version != _VERSION:
        raise CodeRefused(CodeFault.NEWER_VERSION)
    if kind == _UNSIGNED:
        if keys:
            raise CodeRefused(CodeFault.NOT_SIGNED)
        body, signed = data[_HEAD_BYTES:], False
    elif kind == _SIGNED and len(data) > _HEAD_BYTES + _SIGNATURE_BYTES:
        # Without a key nobody here can tell; the screen says that it is not proven.
        signed = bool(keys)
        if signed and not any(_is_by(key, data) for key in keys):
            raise CodeRefused(CodeFault.FORGED)
        body = data[_HEAD_BYTES:-_SIGNATURE_BYTES]
    else:
        raise CodeRefused(CodeFault.DAMAGED)
    code = _decoded(body)
    host_of(code.origin)
    if now >= code.expires:
        raise CodeRefused(CodeFault.EXPIRED)
    return Offered(code, signed)


def _signed_bytes(data: bytes) -> bytes:
    # Bound to what it is for: the same key signs other documents.
    return b"svar enrolment code\x00" + data


def _is_by(key: Ed25519PublicKey, data: bytes) -> bool:
    try:
        key.verify(data[-_SIGNATURE_BYTES:], _signed_bytes(data[:-_SIGNATURE_BYTES]))
    except InvalidSignature:
        return False
    return True


def _decoded(body: bytes) -> EnrolmentCode:
    try:
        code = msgspec.msgpack.decode(body, type=EnrolmentCode)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise CodeRefused(CodeFault.DAMAGED) from None
    if not code.pins or any(len(pin) != PIN_BYTES for pin in code.pins):
        raise CodeRefused(CodeFault.DAMAGED)
    if code.language is Language.PSEUDO:
        raise CodeRefused(CodeFault.DAMAGED)
    return code
