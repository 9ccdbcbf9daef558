"""Finds frames in a stream of bytes that comes in arbitrary chunks: any chunking gives the same frames. Pure.

A frame is never emitted on a guess that later bytes could take back; what belongs to none is counted as skipped.
"""

from __future__ import annotations


class MarkedFrames:
    """Frames of fixed length whose first byte has bit 7 set and no other has (Nonin data format 8, BCI)."""

    _MARK = 0x80

    def __init__(self, length: int) -> None:
        self._length = length
        self._begun = bytearray()
        self.skipped = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames that are complete with this chunk, in order. Keeps at most one unfinished frame."""
        frames: list[bytes] = []
        begun = self._begun
        for byte in chunk:
            if byte & self._MARK:
                self.skipped += len(begun)
                begun.clear()
            elif not begun:
                self.skipped += 1
                continue
            begun.append(byte)
            if len(begun) == self._length:
                frames.append(bytes(begun))
                begun.clear()
        return frames
