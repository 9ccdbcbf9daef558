"""libopus through ctypes: a voice goes through, lost packets are stood in for, nonsense is refused."""

from __future__ import annotations

import ctypes
import functools
import gc
import weakref

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.media.codec.bundled import bundled_folder, load
from kiosk.media.codec.libopus import (
    MAXIMUM_SAMPLES,
    OpusDecoder,
    OpusEncoder,
    OpusError,
    Samples,
    has_fec,
    library_version,
    packet_samples,
)
from tests.media.codec.sounds import voice

FRAME = 960


def packets(encoder: OpusEncoder, sound: Samples) -> list[bytes]:
    size = encoder.samples
    return [encoder.encode(sound[at : at + size]) for at in range(0, len(sound) - size + 1, size)]


def energy(sound: Samples) -> float:
    return float(np.sqrt(np.mean(sound.astype(np.float64) ** 2)))


def likeness(one: Samples, other: Samples) -> float:
    """The highest correlation of the middle of ``one`` with ``other``, over 5 ms of shift each way."""
    middle = one[240:-240].astype(np.float64)
    ahead = [other[at : at + len(middle)].astype(np.float64) for at in range(0, 481, 4)]
    return max(float(np.corrcoef(middle, shifted)[0, 1]) for shifted in ahead)


def test_the_library_is_the_one_that_was_measured() -> None:
    assert library_version().startswith("libopus 1.6")


@pytest.mark.parametrize("frame_ms", [20, 40, 60])
def test_a_voice_goes_through(frame_ms: int) -> None:
    encoder, decoder = OpusEncoder(bitrate=32_000), OpusDecoder()
    encoder.set_frame_ms(frame_ms)  # type: ignore[arg-type]
    sound = voice(1.2)
    sent = packets(encoder, sound)
    heard = np.concatenate([decoder.decode(packet) for packet in sent])
    assert heard.dtype == np.int16
    assert {packet_samples(packet) for packet in sent} == {frame_ms * 48}
    assert len(heard) == len(sound)
    assert likeness(sound[9600:28800], heard[9600:28800]) > 0.8


def test_the_rate_follows() -> None:
    encoder = OpusEncoder(bitrate=16_000)
    sound = voice(2)
    low = sum(map(len, packets(encoder, sound)))
    encoder.set_bitrate(48_000)
    high = sum(map(len, packets(encoder, sound)))
    assert 2 < high / low < 4


def test_a_lost_packet_is_heard_from_the_copy_in_the_next() -> None:
    encoder, decoder, guessing = OpusEncoder(bitrate=32_000), OpusDecoder(), OpusDecoder()
    encoder.set_expected_loss(20)
    sound = voice(2)
    sent = packets(encoder, sound)
    lost = next(at for at in range(40, len(sent) - 1) if has_fec(sent[at + 1]))
    whole = OpusDecoder()
    for packet in sent[:lost]:
        decoder.decode(packet)
        guessing.decode(packet)
        whole.decode(packet)
    original = whole.decode(sent[lost])
    copied = decoder.decode_fec(sent[lost + 1], FRAME)
    guessed = guessing.conceal(FRAME)
    assert copied.shape == guessed.shape == (FRAME,)
    assert likeness(copied, original) > 0.8
    assert energy(guessed) > 0.1 * energy(original)
    assert decoder.decode(sent[lost + 1]).shape == (FRAME,)


def test_no_copy_when_no_loss_is_expected() -> None:
    encoder = OpusEncoder(bitrate=32_000)
    encoder.set_expected_loss(20)
    encoder.set_expected_loss(0)
    assert not any(map(has_fec, packets(encoder, voice(0.5))))


def test_concealment_fades_to_silence() -> None:
    encoder, decoder = OpusEncoder(bitrate=32_000), OpusDecoder()
    for packet in packets(encoder, voice(0.5)):
        decoder.decode(packet)
    concealed = [energy(decoder.conceal(480)) for _ in range(60)]
    assert concealed[0] > 100
    assert concealed[-1] < 0.1 * concealed[0]


@functools.cache
def stereo_packets() -> tuple[bytes, ...]:
    """What a browser may send: two channels, through the library itself."""
    library = load("opus", ctypes.PyDLL, bundled_folder())
    library.opus_encoder_create.restype = ctypes.c_void_p
    problem = ctypes.c_int()
    handle = ctypes.c_void_p(library.opus_encoder_create(48_000, 2, 2048, ctypes.byref(problem)))
    library.opus_encoder_ctl(handle, 4002, 48_000)
    library.opus_encoder_ctl(handle, 4012, 1)
    library.opus_encoder_ctl(handle, 4014, 20)
    sound = voice(1)
    both = np.ascontiguousarray(np.stack([sound, sound // 2], axis=1))
    room = ctypes.create_string_buffer(4000)
    made = []
    for at in range(0, len(sound) - FRAME + 1, FRAME):
        block = np.ascontiguousarray(both[at : at + FRAME])
        size = library.opus_encode(handle, ctypes.c_void_p(block.ctypes.data), FRAME, room, 4000)
        made.append(room.raw[:size])
    library.opus_encoder_destroy(handle)
    return tuple(made)


def test_stereo_is_mixed_to_one_channel() -> None:
    decoder = OpusDecoder()
    made = stereo_packets()
    assert made[-1][0] & 4
    heard = np.concatenate([decoder.decode(packet) for packet in made])
    assert len(heard) == 48_000
    assert energy(heard[9600:]) == pytest.approx(0.75 * energy(voice(1)[9600:]), rel=0.2)


def test_has_fec_agrees_with_the_library() -> None:
    library = load("opus", ctypes.PyDLL, bundled_folder())
    seen = set()
    encoder = OpusEncoder(bitrate=32_000)
    made = list(stereo_packets())
    for frame_ms in (20, 40, 60):
        encoder.set_frame_ms(frame_ms)
        for loss in (0, 30):
            encoder.set_expected_loss(loss)
            made += packets(encoder, voice(0.6))
    for packet in made:
        expected = library.opus_packet_has_lbrr(packet, len(packet)) == 1
        assert has_fec(packet) is expected
        seen.add(expected)
    assert seen == {False, True}


@given(st.binary(max_size=1500))
@settings(max_examples=300)
def test_any_bytes_are_decoded_or_refused(packet: bytes) -> None:
    decoder = OpusDecoder()
    samples = packet_samples(packet)
    has_fec(packet)
    for attempt in (decoder.decode, lambda some: decoder.decode_fec(some, FRAME)):
        try:
            heard = attempt(packet)
        except OpusError:
            continue
        assert samples is not None
        assert len(heard) <= MAXIMUM_SAMPLES
    decoder.close()


@given(data=st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_packets_are_survived(data: st.DataObject) -> None:
    packet = bytearray(data.draw(st.sampled_from(stereo_packets()[10:20])))
    for _ in range(data.draw(st.integers(1, 6))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    decoder = OpusDecoder()
    for _ in range(3):
        try:
            assert len(decoder.decode(bytes(packet))) <= MAXIMUM_SAMPLES
        except OpusError:
            assert decoder.conceal(FRAME).shape == (FRAME,)


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"", None),
        (b"\x00", 480),
        (b"\x18", 2880),
        (b"\x60", 480),
        (b"\x78", 960),
        (b"\x80", 120),
        (b"\xf8", 960),
        (b"\xf9", 1920),
        (b"\x03", None),
        (b"\xfb\x00", None),
        (b"\xfb\x06", 5760),
        (b"\xfb\x07", None),
        (b"\x1b\x02", 5760),
        (b"\x1b\x03", None),
    ],
)
def test_the_table_of_contents(packet: bytes, samples: int | None) -> None:
    assert packet_samples(packet) == samples


def test_more_than_120_ms_is_refused() -> None:
    with pytest.raises(OpusError):
        OpusDecoder().decode(b"\xfb\x07" + b"\x00" * 50)


@pytest.mark.parametrize("samples", [0, -120, 100, MAXIMUM_SAMPLES + 120])
def test_what_cannot_be_concealed_is_refused(samples: int) -> None:
    decoder = OpusDecoder()
    with pytest.raises(OpusError):
        decoder.conceal(samples)
    with pytest.raises(OpusError):
        decoder.decode_fec(b"\xf8\x00", samples)


def test_arguments_out_of_range_are_refused() -> None:
    encoder = OpusEncoder(bitrate=24_000)
    with pytest.raises(OpusError):
        encoder.encode(np.zeros(959, dtype=np.int16))
    with pytest.raises(OpusError):
        encoder.encode(np.zeros(960, dtype=np.float32))
    with pytest.raises(OpusError):
        encoder.set_bitrate(10)
    with pytest.raises(OpusError):
        encoder.set_expected_loss(101)
    with pytest.raises(OpusError):
        encoder.set_frame_ms(30)  # type: ignore[arg-type]


def test_every_second_sample_of_an_array_is_encoded_as_it_reads() -> None:
    one, other = OpusEncoder(bitrate=24_000), OpusEncoder(bitrate=24_000)
    spread = np.repeat(voice(0.02), 2)
    assert one.encode(spread[::2]) == other.encode(voice(0.02))


def test_closed_is_refused_and_may_be_closed_again() -> None:
    encoder, decoder = OpusEncoder(bitrate=24_000), OpusDecoder()
    for codec in (encoder, decoder):
        codec.close()
        codec.close()
    with pytest.raises(OpusError, match="closed"):
        encoder.encode(np.zeros(FRAME, dtype=np.int16))
    with pytest.raises(OpusError, match="closed"):
        encoder.set_bitrate(20_000)
    with pytest.raises(OpusError, match="closed"):
        decoder.conceal(FRAME)


def test_a_forgotten_codec_is_released() -> None:
    decoder = OpusDecoder()
    gone = weakref.ref(decoder)
    release = decoder._release
    del decoder
    gc.collect()
    assert gone() is None
    assert not release.alive
