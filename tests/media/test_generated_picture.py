"""The clock in the generated picture is read back after VP8, scaling and letterboxing, and never out of noise."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.facts.clock_strip import BLOCKS, CLOCK_PERIOD, STRIP_SHARE, SYNC, read_clock
from kiosk.media.generated_picture import GeneratedPicture


def _through_vp8(pictures: list[np.ndarray], bit_rate: int) -> list[av.VideoFrame]:
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.bit_rate = width, height, "yuv420p", bit_rate
    encoder.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
    decoder = av.CodecContext.create("libvpx", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    frames: list[av.VideoFrame] = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = number
        for packet in encoder.encode(frame):
            frames += decoder.decode(packet)
    return frames


@given(st.integers(min_value=0, max_value=2**42))
@settings(max_examples=50)
def test_every_clock_is_read_back(clock: int) -> None:
    picture = GeneratedPicture(640, 480).draw(clock)
    assert read_clock(picture[:480]) == clock % CLOCK_PERIOD


def test_the_geometry_is_what_the_docstring_says() -> None:
    """A reader of its own, out of the words only: the nurse's page is written like this."""
    clock = 1_763_725_912_345
    luma = GeneratedPicture(640, 480).draw(clock)[:480]
    row = luma[480 // STRIP_SHARE // 2]
    bits = [int(row[int((block + 0.5) * 640 / BLOCKS)] > 128) for block in range(BLOCKS)]
    assert tuple(bits[:4]) == SYNC
    assert int("".join(map(str, bits[4:32])), 2) == clock % 2**28
    groups = [int("".join(map(str, bits[at : at + 4])), 2) for at in range(4, 36, 4)]
    check = 0
    for group in groups[:-1]:
        check ^= group
    assert groups[-1] == check
    assert {int(row[int((block + 0.5) * 640 / BLOCKS)]) for block in range(BLOCKS)} == {16, 235}


@given(st.integers(min_value=0, max_value=2**42), st.integers(4, BLOCKS - 1))
@settings(max_examples=50)
def test_a_block_that_a_coder_left_as_it_was_is_noticed(clock: int, block: int) -> None:
    luma = GeneratedPicture(640, 480).draw(clock)[:480]
    left, right = block * 640 // BLOCKS, (block + 1) * 640 // BLOCKS + 1
    luma[:, left:right] = 251 - luma[30, int((block + 0.5) * 640 / BLOCKS)]
    assert read_clock(luma) is None


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (640, 360)])
def test_it_survives_vp8_at_a_call_s_rate(size: tuple[int, int]) -> None:
    width, height = size
    generated = GeneratedPicture(width, height)
    clocks = [1_763_725_912_345 + 33 * n for n in range(45)]
    frames = _through_vp8([generated.draw(clock) for clock in clocks], 250_000)
    assert len(frames) == len(clocks)
    read = [read_clock(frame.to_ndarray()[:height].astype(np.uint8)) for frame in frames]
    right = sum(value == clock % CLOCK_PERIOD for value, clock in zip(read, clocks, strict=True))
    wrong = sum(value not in (None, clock % CLOCK_PERIOD) for value, clock in zip(read, clocks, strict=True))
    assert right >= 0.9 * len(clocks)
    assert wrong == 0


@pytest.mark.parametrize("size", [(1066, 800), (1280, 960), (200, 150), (337, 251)])
def test_it_survives_scaling_and_a_letterbox_that_is_cut_away(size: tuple[int, int]) -> None:
    clock = 1_763_725_912_345
    frame = av.VideoFrame.from_ndarray(GeneratedPicture(640, 480).draw(clock), format="yuv420p")
    luma = frame.reformat(width=size[0], height=size[1], format="gray").to_ndarray()
    screen = np.zeros((size[1] + 40, size[0] + 90), dtype=np.uint8)
    screen[20:-20, 45:-45] = luma
    assert read_clock(screen[20:-20, 45:-45]) == clock % CLOCK_PERIOD


def test_nothing_is_read_out_of_noise_or_a_blank() -> None:
    random = np.random.default_rng(3)
    assert read_clock(np.zeros((480, 640), dtype=np.uint8)) is None
    assert read_clock(np.full((480, 640), 200, dtype=np.uint8)) is None
    assert read_clock(np.zeros((4, 4), dtype=np.uint8)) is None
    for _ in range(50):
        assert read_clock(random.integers(0, 255, (480, 640), dtype=np.uint8)) is None


def test_the_picture_moves() -> None:
    generated = GeneratedPicture(640, 480)
    first, second = generated.draw(1000)[60:480], generated.draw(1500)[60:480]
    assert (first != second).mean() > 0.005


@pytest.mark.parametrize("size", [(641, 480), (640, 479), (10, 10)])
def test_a_size_that_cannot_carry_the_clock_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="too small or odd"):
        GeneratedPicture(*size)
