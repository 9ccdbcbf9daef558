"""What the catalogue's wired devices send, made from the layouts of their makers, not with the decoders' tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import msgspec

from tests.drivers.serial.cable import Cable, Player

SELECT_DATA_FORMAT_8 = bytes.fromhex("02 70 02 02 08 03")
CONTEC_START = bytes.fromhex("7D 81 A1 80 80 80 80 80 80")
CONTEC_KEEP_ALIVE = bytes.fromhex("7D 81 AF 80 80 80 80 80 80")


def data_format_8(spo2: int, pulse_rate: int, *, smartpoint: bool = True) -> bytes:
    return bytes((0x80 | pulse_rate >> 7, pulse_rate & 0x7F, spo2, 0x20 if smartpoint else 0))


def bci(spo2: int, pulse_rate: int, *, number: int = 0, finger: bool = True) -> bytes:
    high = (pulse_rate >> 7) << 6
    return bytes((0x85, number % 100, high | (6 if finger else 0x30), pulse_rate & 0x7F, spo2))


def contec9(spo2: int, pulse_rate: int, *, number: int = 0, finger: bool = True) -> bytes:
    true = (0x05 if finger else 0x80, number % 100 | (0 if finger else 0x80), 6, pulse_rate, spo2, 0xFF, 0xFF)
    high = sum((value >> 7) << place for place, value in enumerate(true))
    return bytes((0x01, 0x80 | high, *(value | 0x80 for value in true)))


DATA_FORMAT_8_NO_FINGER = bytes.fromhex("83 7F 7F 08")
RICE_LAKE_LINE = b"     72.4 kg Gross\r\n"
HEALTH_O_METER_READING = b"\x1bR\x1bI0000012345\x1bW072.40\x1bH175.00\x1bT000.00\x1bB023.6\x1bNm\x1bE"


class Wire(msgspec.Struct, frozen=True):
    """A device on a wire: silent until it was told ``opening``, then ``body`` once, then ``rest`` over and over."""

    model: str
    body: bytes
    rest: bytes = b""
    opening: bytes = b""
    piece: int = 7
    every_s: float = 0.005

    def play(self, cable: Cable) -> Player:
        """In pieces that have nothing to do with the frames."""
        return Player(cable, self._pieces(), self.every_s, self.opening)

    def _pieces(self) -> Callable[[int], bytes]:
        def bytes_of() -> Iterator[int]:
            yield from self.body
            while self.rest:
                yield from self.rest

        stream = bytes_of()
        return lambda _: bytes(itertools.islice(stream, self.piece))


WIRES = (
    Wire("Nonin DF8", data_format_8(97, 72) * 60, DATA_FORMAT_8_NO_FINGER, SELECT_DATA_FORMAT_8),
    Wire(
        "CMS50D",
        b"".join(bci(97, 72, number=number) for number in range(250)),
        bci(127, 255, finger=False),
    ),
    Wire(
        "CMS50E",
        b"".join(contec9(97, 72, number=number) for number in range(250)),
        contec9(127, 255, finger=False),
        CONTEC_START,
        piece=13,
    ),
    Wire("Rice Lake 140", RICE_LAKE_LINE),
    Wire("Health o meter", HEALTH_O_METER_READING),
)
