"""Speech first, then the picture: what each rate is divided into."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.media.rtp.allocation import PACKET_OVERHEAD, Allocation, allocate, sizes, speech_on_wire

WIDE = (1280, 720)
NARROW = (640, 480)


def _settled(target: int, loss: float = 0.0, camera: tuple[int, int] = NARROW) -> Allocation:
    allocation = None
    for second in range(20):
        allocation = allocate(target, loss, allocation, float(second), camera=camera)
    assert allocation is not None
    return allocation


def _on_wire(allocation: Allocation, loss: float) -> float:
    speech = speech_on_wire(allocation.speech_bitrate, allocation.speech_frame_ms, allocation.speech_redundancy)
    if not allocation.picture_bitrate:
        return speech
    frames = allocation.frames_per_second
    packets = -(-allocation.picture_bitrate // (8 * frames * allocation.picture_packet_bytes)) * frames
    return speech + (allocation.picture_bitrate + packets * PACKET_OVERHEAD * 8) / (1 - min(loss, 0.5))


@pytest.mark.parametrize("camera", [NARROW, WIDE])
def test_one_hundred_kilobits_carry_whole_speech_and_motion(camera: tuple[int, int]) -> None:
    allocation = _settled(88_000, camera=camera)
    assert (allocation.speech_bitrate, allocation.speech_frame_ms) == (16_000, 60)
    assert allocation.frames_per_second >= 10
    assert allocation.picture_bitrate > 40_000
    assert allocation.picture_packet_bytes <= 600


@pytest.mark.parametrize("camera", [NARROW, WIDE])
def test_three_hundred_kilobits_carry_quarter_vga_in_full_motion(camera: tuple[int, int]) -> None:
    for target in (230_000, 265_000, 300_000):
        allocation = _settled(target, camera=camera)
        assert allocation.frames_per_second >= 25
        assert allocation.picture_width * allocation.picture_height >= 320 * 240


def test_a_good_line_carries_what_the_camera_gives() -> None:
    assert _settled(800_000).picture_width == 640
    assert _settled(2_400_000, camera=WIDE).picture_height == 720
    assert _settled(2_400_000, camera=WIDE).speech_frame_ms == 20


def test_a_larger_picture_waits_for_seconds_of_room_and_a_smaller_one_does_not_wait() -> None:
    small = _settled(300_000)
    at = 100.0
    allocation = allocate(900_000, 0.0, small, at)
    assert allocation.picture_width == small.picture_width
    while allocation.picture_width == small.picture_width:
        at += 0.1
        allocation = allocate(900_000, 0.0, allocation, at)
    assert 2.9 < at - 100 < 3.3
    assert allocation.picture_width == 640
    assert allocate(300_000, 0.0, allocation, at + 0.1).picture_width == 320


def test_a_rate_that_swings_does_not_swing_the_size() -> None:
    allocation = None
    widths = set()
    for tick in range(600):
        target = 265_000 + (25_000 if tick // 20 % 2 else -25_000)
        allocation = allocate(target, 0.0, allocation, tick * 0.1)
        widths.add(allocation.picture_width)
    assert len(widths) == 1


def test_speech_is_protected_while_there_is_loss_and_for_a_while_after() -> None:
    allocation = allocate(1_000_000, 0.05, None, 0.0)
    assert allocation.speech_redundancy == 1
    assert allocation.fec_percent == 5
    later = allocate(1_000_000, 0.0, allocation, 5.0)
    assert later.speech_redundancy == 1
    assert later.fec_percent == 0
    assert allocate(1_000_000, 0.0, later, 30.0).speech_redundancy == 0


def test_heavy_loss_doubles_the_protection_where_the_rate_allows() -> None:
    assert allocate(800_000, 0.2, None, 0.0).speech_redundancy == 2
    assert allocate(300_000, 0.2, None, 0.0).speech_redundancy == 1
    assert allocate(90_000, 0.2, None, 0.0).speech_redundancy == 0
    assert allocate(800_000, 0.9, None, 0.0).fec_percent == 30


@given(
    st.integers(0, 10_000_000),
    st.floats(0, 1),
    st.sampled_from([NARROW, WIDE, (320, 240), (160, 120), (1920, 1080), (720, 1280), (2, 2)]),
)
def test_every_target_gives_something_that_fits(target: int, loss: float, camera: tuple[int, int]) -> None:
    allocation = allocate(target, loss, None, 0.0, camera=camera)
    assert allocation.speech_bitrate >= 16_000
    assert allocation.picture_bitrate >= 0
    assert (allocation.picture_width, allocation.picture_height) in sizes(camera)
    assert allocation.picture_width % 2 == 0 and allocation.picture_height % 2 == 0
    assert allocation.frames_per_second >= 10
    if allocation.picture_bitrate:
        assert _on_wire(allocation, loss) <= target * 1.02 + 1000
