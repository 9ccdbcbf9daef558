"""Streams: any chunking gives the same frames, noise is skipped and counted, nothing grows without bound."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.bci import BciFrames, decode_bci
from drivers.decoders.contec9 import ContecFrames, decode_contec9
from drivers.decoders.health_o_meter import HealthOMeterFrames, decode_health_o_meter
from drivers.decoders.jumper import JumperFrames, decode_jumper
from drivers.decoders.nonin_df8 import NoninFrames, decode_nonin_df8
from drivers.decoders.rice_lake import RiceLakeFrames, decode_rice_lake
from drivers.errors import DecodeError
from drivers.formats import Frames
from drivers.readings import Measurement

BLOCK = (
    b"GROSS WEIGHT 215.0 LB\r\nTARE WEIGHT 5.0 LB\r\nNET WEIGHT 210.0 LB\r\n"
    b"PATIENT HEIGHT 6-01.0 FT\r\nPATIENT BMI 28.4\r\n"
)
READING = b"\x1bR\x1bI1234\x1bW90.98\x1bH178.70\x1bT5.7\x1bB28.5\x1bNm\x1bE"

STREAMS: list[tuple[Callable[[], Frames], Callable[[bytes], Measurement], tuple[bytes, ...]]] = [
    (NoninFrames, decode_nonin_df8, (bytes.fromhex("80396220"), bytes.fromhex("896B6200"))),
    (BciFrames, decode_bci, (bytes.fromhex("8532064861"), bytes.fromhex("9000707F7F"))),
    (ContecFrames, decode_contec9, (bytes.fromhex("01E085B396C1E1FFFF"), bytes.fromhex("01E1858080808080FF"))),
    (JumperFrames, decode_jumper, (bytes.fromhex("81386344"), bytes.fromhex("81FF7F00"))),
    (RiceLakeFrames, decode_rice_lake, (b"    184.0 lb Gross \r\n", b"     72.4 kg  Net   \r\n", BLOCK)),
    (HealthOMeterFrames, decode_health_o_meter, (READING, b"\x1bR\x1bW0200.5\x1bNc\x1bE")),
]
IDS = ["nonin-df8", "bci", "contec9", "jumper", "rice-lake", "health-o-meter"]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The bytes in chunks, cut at these places."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[begin:end] for begin, end in pairwise(edges)]


@pytest.mark.parametrize(("finder", "decode", "frames"), STREAMS, ids=IDS)
@given(places=st.lists(st.integers(0, 10_000), max_size=12), order=st.lists(st.integers(0, 10), min_size=1, max_size=6))
def test_any_chunking_gives_the_frames_that_were_sent(
    finder: Callable[[], Frames],
    decode: Callable[[bytes], Measurement],
    frames: tuple[bytes, ...],
    places: list[int],
    order: list[int],
) -> None:
    sent = [frames[which % len(frames)] for which in order]
    found = finder()
    got = [frame for chunk in cut(b"".join(sent), places) for frame in found.feed(chunk)]
    assert got == sent
    assert found.skipped == 0
    for frame in got:
        assert decode(frame).raw == frame


@pytest.mark.parametrize(("finder", "decode", "frames"), STREAMS, ids=IDS)
@given(noise=st.binary(max_size=80), more=st.binary(max_size=80), places=st.lists(st.integers(0, 10_000), max_size=12))
def test_with_noise_any_chunking_gives_the_same_and_every_byte_is_accounted_for(
    finder: Callable[[], Frames],
    decode: Callable[[bytes], Measurement],
    frames: tuple[bytes, ...],
    noise: bytes,
    more: bytes,
    places: list[int],
) -> None:
    stream = noise + frames[0] + more + frames[1]
    whole, pieces = finder(), finder()
    expected = whole.feed(stream)
    assert [frame for chunk in cut(stream, places) for frame in pieces.feed(chunk)] == expected
    assert pieces.skipped == whole.skipped
    assert sum(map(len, expected)) + whole.skipped <= len(stream)
    for frame in expected:
        # A frame out of noise may be refused; it raises nothing else.
        try:
            decode(frame)
        except DecodeError:
            continue


@pytest.mark.parametrize(("finder", "decode", "frames"), STREAMS, ids=IDS)
def test_after_endless_noise_the_next_frames_are_found_again(
    finder: Callable[[], Frames], decode: Callable[[bytes], Measurement], frames: tuple[bytes, ...]
) -> None:
    found = finder()
    for noise in (b"\x00" * 20_000, b"\x1b" * 20_000, b"gross weight \r\n" * 500, bytes(range(128, 256)) * 50):
        found.feed(noise)
    found.feed(frames[0] * 3)
    before = found.skipped
    assert found.feed(frames[0] * 2) == [frames[0]] * 2
    assert found.skipped == before


@pytest.mark.parametrize(("finder", "decode", "frames"), STREAMS, ids=IDS)
def test_what_is_kept_between_chunks_is_bounded(
    finder: Callable[[], Frames], decode: Callable[[bytes], Measurement], frames: tuple[bytes, ...]
) -> None:
    fed = 0
    found = finder()
    for noise in (b"\x1bR" + b"x" * 5000, b"GROSS WEIGHT 1 LB\r\n" + b"TARE WEIGHT 1 LB\r\n" * 500, b"A" * 5000):
        assert found.feed(noise) == []
        fed += len(noise)
        assert fed - found.skipped < 600


def test_a_lost_byte_costs_one_frame() -> None:
    found = BciFrames()
    good = bytes.fromhex("8532064861")
    assert found.feed(good + good[:2] + good[3:] + good) == [good, good]
    assert found.skipped == 4


def test_contec_answers_to_commands_are_skipped() -> None:
    found = ContecFrames()
    live = bytes.fromhex("01E085B396C1E1FFFF")
    answers = bytes.fromhex("0C80 06808087 118081818080808080")
    assert found.feed(answers + live) == [live]
    assert found.skipped == len(answers)


def test_jumper_curves_are_skipped() -> None:
    found = JumperFrames()
    curve = bytes.fromhex("80 10 20 30 40 50 60 70 60 50")
    values = bytes.fromhex("81386344")
    assert found.feed(curve + values + curve + values) == [values, values]
    assert found.skipped == 2 * len(curve)


def test_a_reading_cut_off_by_the_next_one() -> None:
    found = HealthOMeterFrames()
    assert found.feed(READING[:20] + READING) == [READING]
    assert found.skipped == 20


def test_a_block_cut_off_by_a_line() -> None:
    found = RiceLakeFrames()
    line = b"    184.0 lb Gross \r\n"
    assert found.feed(BLOCK[:50] + b"\r\n" + line + BLOCK) == [line, BLOCK]
