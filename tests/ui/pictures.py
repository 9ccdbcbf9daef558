"""Pictures with known colours, and a feed of them at a steady rate: what media would put in a frame ring."""

from __future__ import annotations

import time

from kiosk.ipc.frame_ring import FrameRingWriter


def plain(width: int, height: int, luma: int, blue: int = 128, red: int = 128) -> bytes:
    """One colour, I420, BT.601 limited range: 81, 90, 240 is red; 145, 54, 34 green; 41, 240, 110 blue."""
    half = ((width + 1) // 2) * ((height + 1) // 2)
    return bytes([luma]) * (width * height) + bytes([blue]) * half + bytes([red]) * half


def moving(width: int, height: int, count: int) -> list[bytes]:
    """A slope that wanders, ``count`` pictures long: every picture differs from its neighbours."""
    half = bytes([110]) * (width * height // 4) + bytes([150]) * (width * height // 4)
    slope = bytes(16 + (column * 200 // width) % 220 for column in range(width)) * 2
    return [slope[shift * 7 % width :][:width] * height + half for shift in range(count)]


def feed(writer: FrameRingWriter, width: int, height: int, seconds: float, frames_per_second: int = 30) -> int:
    """Write at a steady rate; how many were written."""
    pictures = moving(width, height, 60)
    begun = time.monotonic()
    written = 0
    while (due := begun + written / frames_per_second) < begun + seconds:
        time.sleep(max(0.0, due - time.monotonic()))
        writer.write(width, height, pictures[written % len(pictures)], time.monotonic())
        written += 1
    return written
