"""Pictures from media to ui through shared memory: a few slots in a memfd, newest wins, no one ever waits.

    header, 64 bytes: magic "SVARRING" | slots u32 | slot_bytes u32 | newest u64 (number of the newest frame; 0 = none)
    slot, 64 bytes:   begun u64 | finished u64 | width u32 | height u32 | at f64
          slot_bytes: I420 picture: Y, U, V without padding

Frame n lies in slot n % slots. The writer sets ``begun = n``, writes, sets ``finished = n``, then ``newest = n``. A
reader copies the slot of ``newest`` and believes it only when ``begun == finished == n`` afterwards too. ``newest = 0``
after a frame means: blank the picture (the call is over).
Not ``multiprocessing.SharedMemory``: on Python 3.11 a reader's exit unlinks it.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct

import msgspec

_MAGIC = b"SVARRING"
_HEADER = struct.Struct("<8sIIQ")
_NEWEST = struct.Struct("<Q")
_NEWEST_AT = 16
_HEADER_BYTES = 64
_SLOT = struct.Struct("<QQIId")
_SLOT_HEADER_BYTES = 64
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL

MAXIMUM_WIDTH = 1280
MAXIMUM_HEIGHT = 720
SLOTS = 4


class RingError(Exception):
    """The shared memory is not a ring of ours."""


class Frame(msgspec.Struct, frozen=True):
    """One I420 picture: ``planes`` is Y (width*height), U and V (each half of both, rounded up), no padding.

    ``number`` grows by one with every frame that was written; ``at`` is CLOCK_MONOTONIC seconds of writing.
    """

    number: int
    width: int
    height: int
    at: float
    planes: bytes


def picture_bytes(width: int, height: int) -> int:
    """The size of an I420 picture."""
    return width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)


class FrameRingWriter:
    """Makes a ring. ``memory`` and ``bell`` are the descriptors to pass on: the memfd and an eventfd rung per frame."""

    def __init__(self, name: str) -> None:
        self._slot_bytes = picture_bytes(MAXIMUM_WIDTH, MAXIMUM_HEIGHT)
        self._stride = _SLOT_HEADER_BYTES + self._slot_bytes
        size = _HEADER_BYTES + SLOTS * self._stride
        self.memory = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(self.memory, size)
        fcntl.fcntl(self.memory, fcntl.F_ADD_SEALS, _SEALS)
        self.bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._map = mmap.mmap(self.memory, size)
        _HEADER.pack_into(self._map, 0, _MAGIC, SLOTS, self._slot_bytes, 0)
        self._number = 0

    def write(self, width: int, height: int, planes: bytes | memoryview, at: float) -> None:
        """Publish a picture. Raises ValueError for a size that does not fit or does not match ``planes``."""
        if len(planes) != picture_bytes(width, height) or len(planes) > self._slot_bytes:
            raise ValueError(f"{len(planes)} bytes do not make a {width}x{height} I420 picture that fits the ring")
        self._number += 1
        offset = _HEADER_BYTES + (self._number % SLOTS) * self._stride
        _SLOT.pack_into(self._map, offset, self._number, 0, width, height, at)
        begin = offset + _SLOT_HEADER_BYTES
        self._map[begin : begin + len(planes)] = planes
        _SLOT.pack_into(self._map, offset, self._number, self._number, width, height, at)
        _NEWEST.pack_into(self._map, _NEWEST_AT, self._number)
        self._ring_bell()

    def blank(self) -> None:
        """Take the picture away."""
        _NEWEST.pack_into(self._map, _NEWEST_AT, 0)
        self._ring_bell()

    def close(self) -> None:
        """Give everything back; readers keep what they have mapped."""
        self._map.close()
        os.close(self.memory)
        os.close(self.bell)

    def _ring_bell(self) -> None:
        try:
            os.eventfd_write(self.bell, 1)
        except BlockingIOError:
            return  # nobody has read 2**64 - 2 rings: the bell is ringing anyway


class FrameRingReader:
    """Reads a ring out of the descriptors that were passed on; owns them from then on."""

    def __init__(self, memory: int, bell: int) -> None:
        self.bell = bell
        self._memory = memory
        size = os.fstat(memory).st_size
        if size < _HEADER_BYTES:
            raise RingError(f"{size} bytes are too few for a frame ring")
        self._map = mmap.mmap(memory, size, prot=mmap.PROT_READ)
        if fcntl.fcntl(memory, fcntl.F_GET_SEALS) & _SEALS != _SEALS:
            raise RingError("its size is not sealed: to read on after it has shrunk would end this process")
        magic, self._slots, self._slot_bytes, _ = _HEADER.unpack_from(self._map, 0)
        if magic != _MAGIC or self._slots < 1 or size < _HEADER_BYTES + self._slots * (64 + self._slot_bytes):
            raise RingError("not a frame ring")
        self._stride = _SLOT_HEADER_BYTES + self._slot_bytes

    def newest(self) -> int:
        """The number of the newest frame; 0 when there is none or it was taken away."""
        (number,) = _NEWEST.unpack_from(self._map, _NEWEST_AT)
        return int(number)

    def read(self) -> Frame | None:
        """A copy of the newest frame, or None when there is none or the writer lapped us while copying."""
        number = self.newest()
        if number == 0:
            return None
        offset = _HEADER_BYTES + (number % self._slots) * self._stride
        begun, finished, width, height, at = _SLOT.unpack_from(self._map, offset)
        length = picture_bytes(width, height)
        if begun != number or finished != number or length > self._slot_bytes or not width or not height:
            return None
        begin = offset + _SLOT_HEADER_BYTES
        planes = self._map[begin : begin + length]
        begun, finished, *_ = _SLOT.unpack_from(self._map, offset)
        if begun != number or finished != number:
            return None
        return Frame(number=number, width=width, height=height, at=at, planes=planes)

    def hush(self) -> None:
        """Take the rings of the bell, so that it can be waited for again."""
        try:
            os.eventfd_read(self.bell)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give everything back."""
        self._map.close()
        os.close(self._memory)
        os.close(self.bell)
