"""Seals what the database holds of a patient: AES-256-GCM under a key that lives outside the database.

A stolen disk without its key gives states, times and identities, but no value. What is sealed is bound to its row and
patient, so that nobody can move one reading's contents to another.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32

_VERSION = b"\x01"
_NONCE_BYTES = 12  # random: at one per sealed row a key lasts for 2**32 of them (NIST SP 800-38D, 8.3)


class SealingKeyError(Exception):
    """There is no key where it should be, or it cannot be read or made."""


class BrokenSealError(Exception):
    """Sealed bytes do not belong to this row, patient and key, or are damaged."""


class SealingKey:
    """One secret of 32 bytes, and what is done with it. Never shown: its repr holds nothing of it."""

    def __init__(self, secret: bytes) -> None:
        """ValueError unless ``secret`` has 32 bytes."""
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes, this one {len(secret)}")
        self._cipher = AESGCM(_derived(secret, b"seal"))
        self._digest_key = _derived(secret, b"digest")
        self.check_value = _derived(secret, b"check")
        """Stands in the database, so that a wrong key is noticed before anything is done with it."""

    def seal(self, data: bytes, *bound_to: str) -> bytes:
        """One byte of version, the nonce, the sealed data with its tag. ``bound_to`` is needed again for opening."""
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, data, _binding(bound_to))

    def open(self, sealed: bytes, *bound_to: str) -> bytes:
        """The data. Raises BrokenSealError."""
        if sealed[:1] != _VERSION:
            raise BrokenSealError("sealed in a way that is not known here")
        start = 1 + _NONCE_BYTES
        try:
            return self._cipher.decrypt(sealed[1:start], sealed[start:], _binding(bound_to))
        except (InvalidTag, ValueError) as error:  # ValueError: not even a whole nonce
            raise BrokenSealError("the seal is broken") from error

    def digest(self, data: bytes) -> bytes:
        """A keyed hash: a plain one of so few possible values could be guessed (HMAC-SHA-256)."""
        return hmac.new(self._digest_key, data, hashlib.sha256).digest()


def load_key(path: Path) -> SealingKey:
    """The key of a file: 64 hexadecimal digits. Raises SealingKeyError."""
    try:
        return SealingKey(bytes.fromhex(path.read_text(encoding="ascii")))
    except OSError as error:
        raise SealingKeyError(f"{path}: {error.strerror}") from error
    except ValueError as error:  # UnicodeDecodeError is one
        raise SealingKeyError(f"{path} holds no sealing key") from error


def load_or_make_key(path: Path) -> SealingKey:
    """The key of a file; if there is no file, a new key, readable by its owner alone and on disk when this returns.

    Only for a database that is new or not sealed yet: a sealed one needs its own key. Raises SealingKeyError.
    """
    if path.exists():
        return load_key(path)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # also when a crash has left one with another mode
            file.write(os.urandom(KEY_BYTES).hex().encode("ascii") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise SealingKeyError(f"{path}: {error.strerror}") from error
    return load_key(path)


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"svar outbox " + purpose).derive(secret)


def _binding(bound_to: tuple[str, ...]) -> bytes:
    return msgspec.json.encode(bound_to)  # one spelling for each tuple: ("ab", "c") is not ("a", "bc")
