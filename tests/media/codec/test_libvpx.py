"""VP8 in a conversation: rate, key frames, layers, sizes; and a decoder that survives what a peer may send."""

from __future__ import annotations

import functools
import gc
import weakref
from collections.abc import Sequence

import pytest
from av.video.frame import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.media.codec.libvpx import EncodedPicture, TemporalLayers, Vp8Decoder, Vp8Encoder, Vp8Error, key_frame_size
from tests.media.codec.pictures import difference, picture

WIDTH, HEIGHT = 320, 240


def encoded(encoder: Vp8Encoder, numbers: Sequence[int], *, fps: int = 30) -> list[EncodedPicture]:
    frames = []
    for number in numbers:
        frame = encoder.encode(picture(number, WIDTH, HEIGHT), pts_ms=number * 1000 // fps)
        if frame is not None:
            frames.append(frame)
    return frames


def shown(decoder: Vp8Decoder, data: bytes) -> VideoFrame:
    result = decoder.decode(data)
    assert result is not None
    return result


def kilobits(frames: Sequence[EncodedPicture], *, fps: int = 30) -> float:
    return sum(len(frame.data) for frame in frames) * 8 * fps / len(frames) / 1000


def test_a_picture_goes_through() -> None:
    encoder, decoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=500_000), Vp8Decoder()
    for number in range(20):
        frame = encoder.encode(picture(number, WIDTH, HEIGHT), pts_ms=number * 33)
        assert frame is not None
        assert frame.key_frame is (number == 0)
        assert (frame.temporal_layer, frame.layer_sync, frame.non_reference) == (0, False, False)
        assert 0 <= frame.quantizer <= 127
        seen = shown(decoder, frame.data)
        assert (seen.width, seen.height, seen.format.name) == (WIDTH, HEIGHT, "yuv420p")
    assert difference(seen, picture(19, WIDTH, HEIGHT)) > 30


@pytest.mark.parametrize(("width", "height"), [(2, 2), (33, 17), (176, 144), (640, 360)])
def test_any_size_goes_through(width: int, height: int) -> None:
    encoder, decoder = Vp8Encoder(width, height, bitrate=300_000), Vp8Decoder()
    grey = VideoFrame(width, height, "yuv420p")
    for plane in grey.planes:
        plane.update(bytes([90]) * plane.buffer_size)
    frame = encoder.encode(grey, pts_ms=0)
    assert frame is not None
    assert key_frame_size(frame.data) == (width, height)
    assert difference(shown(decoder, frame.data), grey) > 35


def test_the_rate_is_followed_without_a_key_frame() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=800_000)
    high = encoded(encoder, range(60))
    encoder.set_rate(200_000, 30)
    low = encoded(encoder, range(60, 150))
    encoder.set_rate(800_000, 30)
    again = encoded(encoder, range(150, 240))
    assert [frame.key_frame for frame in high + low + again].count(True) == 1
    assert 600 < kilobits(high[30:]) < 1000
    assert 130 < kilobits(low) < 260
    assert 600 < kilobits(again[45:]) < 1000
    assert max(len(frame.data) for frame in low) < 4 * 200_000 / 8 / 30


def test_the_rate_holds_when_fewer_pictures_come_than_were_announced() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000, frames_per_second=30)
    frames = encoded(encoder, range(90), fps=15)
    assert 220 < kilobits(frames[30:], fps=15) < 380


def test_a_pause_of_the_camera_makes_no_huge_frame() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000)
    encoded(encoder, range(60))
    frame = encoder.encode(picture(60, WIDTH, HEIGHT), pts_ms=12_000)
    assert frame is not None
    assert len(frame.data) < 4 * 300_000 / 8 / 30


def test_time_that_stands_still_or_runs_back_is_survived() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000)
    for at in (0, 0, -5_000, 1 << 40, 3):
        encoder.encode(picture(1, WIDTH, HEIGHT), pts_ms=at)


def test_a_key_frame_on_request_is_small() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000)
    encoded(encoder, range(45))
    frame = encoder.encode(picture(45, WIDTH, HEIGHT), pts_ms=1500, key_frame=True)
    assert frame is not None
    assert frame.key_frame
    assert len(frame.data) * 8 / 300_000 < 0.2
    shown(Vp8Decoder(), frame.data)


def test_another_scene_is_a_key_frame_and_a_lamp_is_not() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000)
    encoded(encoder, range(30))
    lit, upside_down = (picture(30, WIDTH, HEIGHT).to_ndarray() for _ in range(2))
    lit[:HEIGHT] += 20
    frame = encoder.encode(VideoFrame.from_ndarray(lit, format="yuv420p"), pts_ms=1000)
    assert frame is not None
    assert not frame.key_frame
    upside_down[:HEIGHT] = 255 - upside_down[:HEIGHT][::-1, ::-1]
    frame = encoder.encode(VideoFrame.from_ndarray(upside_down, format="yuv420p"), pts_ms=1033)
    assert frame is not None
    assert frame.key_frame
    assert len(frame.data) * 8 / 300_000 < 0.2


def test_a_rate_too_low_for_the_size_leaves_pictures_out() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=30_000)
    frames = encoded(encoder, range(120))
    assert 20 < len(frames) < 120
    assert sum(len(frame.data) for frame in frames[1:]) * 8 < 4.5 * 30_000


def test_a_key_frame_is_never_left_out() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=30_000)
    for number in range(60):
        frame = encoder.encode(picture(number, WIDTH, HEIGHT), pts_ms=number * 33, key_frame=number % 2 == 0)
        assert number % 2 or (frame is not None and frame.key_frame)


@pytest.mark.parametrize(("layers", "expected"), [(2, [0, 1, 0, 1, 0]), (3, [0, 2, 1, 2, 0])])
def test_frames_are_sent_in_layers(layers: TemporalLayers, expected: list[int]) -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=400_000)
    encoder.set_temporal_layers(layers)
    frames = encoded(encoder, range(90))
    assert [frame.temporal_layer for frame in frames[:5]] == expected
    assert 300 < kilobits(frames[30:]) < 500
    base = [len(frame.data) for frame in frames[30:] if frame.temporal_layer == 0]
    rest = [len(frame.data) for frame in frames[30:] if frame.temporal_layer == layers - 1]
    assert sum(base) / len(base) > sum(rest) / len(rest)


def test_each_layer_is_decoded_without_those_above_it() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=400_000)
    frames: list[EncodedPicture] = []
    for turn, layers in enumerate((1, 3, 2, 3, 1, 2)):
        encoder.set_temporal_layers(layers)  # type: ignore[arg-type]
        frames += encoded(encoder, range(turn * 11, turn * 11 + 11))
    assert [frame.key_frame for frame in frames].count(True) == 1
    whole = Vp8Decoder()
    full = [shown(whole, frame.data).to_ndarray() for frame in frames]
    for most in (0, 1):
        decoder = Vp8Decoder()
        for frame, expected in zip(frames, full, strict=True):
            if frame.temporal_layer <= most:
                assert (shown(decoder, frame.data).to_ndarray() == expected).all()
    dropping = Vp8Decoder()
    for number, (frame, expected) in enumerate(zip(frames, full, strict=True)):
        if frame.non_reference and number % 3:
            continue
        assert (shown(dropping, frame.data).to_ndarray() == expected).all()


def test_a_sync_frame_needs_only_the_base_layer() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=400_000)
    encoder.set_temporal_layers(3)
    frames = encoded(encoder, range(24))
    whole = Vp8Decoder()
    full = [shown(whole, frame.data).to_ndarray() for frame in frames]
    decoder = Vp8Decoder()
    for frame, expected in zip(frames, full, strict=True):
        if frame.temporal_layer == 0 or frame.layer_sync:
            assert (shown(decoder, frame.data).to_ndarray() == expected).all()


def test_a_key_frame_in_layers_begins_the_pattern_anew() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=400_000)
    encoder.set_temporal_layers(3)
    encoded(encoder, range(6))
    frame = encoder.encode(picture(6, WIDTH, HEIGHT), pts_ms=200, key_frame=True)
    assert frame is not None
    assert (frame.key_frame, frame.temporal_layer) == (True, 0)
    assert [later.temporal_layer for later in encoded(encoder, range(7, 11))] == [2, 1, 2, 0]


def test_another_size_begins_with_a_key_frame_that_a_running_decoder_takes() -> None:
    encoder, decoder = Vp8Encoder(160, 120, bitrate=2_000_000), Vp8Decoder()
    encoder.set_temporal_layers(2)
    for number, (width, height) in enumerate([(160, 120), (320, 240), (80, 60), (640, 480)]):
        encoder.resize(width, height)
        for part in range(3):
            frame = encoder.encode(picture(part, width, height), pts_ms=number * 100 + part * 33)
            assert frame is not None
            assert frame.key_frame is (part == 0)
            seen = shown(decoder, frame.data)
            assert (seen.width, seen.height) == (width, height)


def test_the_same_size_again_changes_nothing() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000)
    encoded(encoder, range(3))
    encoder.resize(WIDTH, HEIGHT)
    assert not encoded(encoder, [3])[0].key_frame


def test_arguments_out_of_range_are_refused() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000)
    with pytest.raises(Vp8Error, match="does not fit"):
        encoder.encode(picture(0, 160, 120), pts_ms=0)
    with pytest.raises(Vp8Error, match="does not fit"):
        encoder.encode(VideoFrame(WIDTH, HEIGHT, "rgb24"), pts_ms=0)
    for width, height in ((0, 240), (320, 1), (1922, 1080), (1920, 1082)):
        with pytest.raises(Vp8Error, match="out of range"):
            encoder.resize(width, height)
    with pytest.raises(Vp8Error, match="out of range"):
        encoder.set_rate(10, 30)
    with pytest.raises(Vp8Error, match="out of range"):
        encoder.set_rate(300_000, 0)
    with pytest.raises(Vp8Error, match="temporal layers"):
        encoder.set_temporal_layers(4)  # type: ignore[arg-type]
    assert encoded(encoder, [0])[0].key_frame


def test_closed_is_refused_and_may_be_closed_again() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000)
    encoder.close()
    encoder.close()
    with pytest.raises(Vp8Error, match="closed"):
        encoded(encoder, [0])
    with pytest.raises(Vp8Error, match="closed"):
        encoder.set_rate(300_000, 30)
    with pytest.raises(Vp8Error, match="closed"):
        encoder.resize(160, 120)


def test_a_forgotten_encoder_is_released() -> None:
    encoder = Vp8Encoder(WIDTH, HEIGHT, bitrate=300_000)
    gone, release = weakref.ref(encoder), encoder._release
    assert release is not None
    del encoder
    gc.collect()
    assert gone() is None
    assert not release.alive


@functools.cache
def real_frames() -> tuple[bytes, ...]:
    encoder = Vp8Encoder(160, 120, bitrate=150_000)
    made = (encoder.encode(picture(number, 160, 120), pts_ms=number * 33) for number in range(6))
    return tuple(frame.data for frame in made if frame is not None)


def test_a_frame_before_the_first_key_frame_is_refused() -> None:
    with pytest.raises(Vp8Error):
        Vp8Decoder().decode(real_frames()[1])


@pytest.mark.parametrize("size", [(1921, 1080), (1920, 1081), (16383, 16383), (0, 240), (320, 0)])
def test_a_picture_too_large_or_empty_is_refused(size: tuple[int, int]) -> None:
    data = bytearray(real_frames()[0])
    data[6:10] = size[0].to_bytes(2, "little") + size[1].to_bytes(2, "little")
    decoder = Vp8Decoder()
    with pytest.raises(Vp8Error, match="a picture of"):
        decoder.decode(bytes(data))
    shown(decoder, real_frames()[0])


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x10\x00\x00\x9d\x01\x2b" + bytes(20), b"\x10\x00\x00\x9d\x01\x2a\x01"]
)
def test_a_broken_key_frame_header_is_refused(data: bytes) -> None:
    with pytest.raises(Vp8Error):
        Vp8Decoder().decode(data)


def test_scaling_bits_do_not_make_a_picture_large() -> None:
    data = bytearray(real_frames()[0])
    data[7] |= 0xC0
    assert key_frame_size(bytes(data)) == (160, 120)
    assert shown(Vp8Decoder(), bytes(data)).width == 160


@given(st.binary(max_size=300))
@settings(max_examples=150)
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    decoder = Vp8Decoder()
    shown(decoder, real_frames()[0])
    for attempt in (data, b"\x00" + data, b"\x01" + data, real_frames()[0][:10] + data):
        try:
            seen = decoder.decode(attempt)
        except Vp8Error:
            continue
        assert seen is None or (seen.width <= 1920 and seen.height <= 1080)


@given(data=st.data())
@settings(max_examples=80)
def test_damaged_frames_are_survived(data: st.DataObject) -> None:
    decoder = Vp8Decoder()
    for frame in real_frames():
        damaged = bytearray(frame[: data.draw(st.integers(1, len(frame)))])
        for _ in range(data.draw(st.integers(0, 4))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        try:
            seen = decoder.decode(bytes(damaged))
        except Vp8Error:
            continue
        assert seen is None or (seen.width <= 1920 and seen.height <= 1080)
    assert shown(decoder, real_frames()[0]).width == 160
