"""The oximeters that stream, each as what it needs of drivers.dialogues.oximeter_stream."""

from __future__ import annotations

from typing import Final

from drivers.decoders.bci import BciFrames, decode_bci
from drivers.decoders.contec9 import ContecFrames, decode_contec9
from drivers.decoders.jumper import JumperFrames, decode_jumper
from drivers.decoders.nonin_3230 import decode_nonin_3230
from drivers.decoders.nonin_df8 import NoninFrames, decode_nonin_df8
from drivers.dialogues.oximeter_rules import Confirmed, SmartPoint, Steady
from drivers.dialogues.oximeter_stream import OximeterStream, Stream
from drivers.gatt import (
    JUMPER_MEASUREMENT,
    NONIN_OXIMETRY_MEASUREMENT,
    SERIAL_RECEIVE,
    SERIAL_SEND,
    TRANSPARENT_UART_RECEIVE,
)

NONIN_SELECT_DATA_FORMAT_8: Final = bytes.fromhex("027002020803")
CONTEC_START: Final = bytes.fromhex("7D81A1808080808080")
CONTEC_KEEP_ALIVE: Final = bytes.fromhex("7D81AF808080808080")
"""At least every 5 s."""


def nonin_3230() -> OximeterStream:
    """Nonin's Oximetry Service."""
    return OximeterStream(Stream(NONIN_OXIMETRY_MEASUREMENT, decode_nonin_3230, SmartPoint, once=True))


def nonin_data_format_8() -> OximeterStream:
    """Nonin over a cable, data format 8."""
    return OximeterStream(
        Stream(
            SERIAL_RECEIVE,
            decode_nonin_df8,
            Confirmed,
            frames=NoninFrames,
            send=SERIAL_SEND,
            opening=NONIN_SELECT_DATA_FORMAT_8,
        )
    )


def berry() -> OximeterStream:
    """Berry BM1000: BCI packets over the transparent UART."""
    return OximeterStream(Stream(TRANSPARENT_UART_RECEIVE, decode_bci, Steady, frames=BciFrames))


def jumper() -> OximeterStream:
    """Jumper JPD-500F."""
    return OximeterStream(Stream(JUMPER_MEASUREMENT, decode_jumper, Steady, frames=JumperFrames))


def contec_five_byte() -> OximeterStream:
    """Contec CMS50D over a cable: BCI packets, unasked."""
    return OximeterStream(Stream(SERIAL_RECEIVE, decode_bci, Steady, frames=BciFrames))


def contec_nine_byte() -> OximeterStream:
    """Contec CMS50D+, E and F over a cable: started, and kept going."""
    return OximeterStream(
        Stream(
            SERIAL_RECEIVE,
            decode_contec9,
            Steady,
            frames=ContecFrames,
            send=SERIAL_SEND,
            opening=CONTEC_START,
            keep_alive=CONTEC_KEEP_ALIVE,
        )
    )
