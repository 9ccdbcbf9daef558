"""The buffer for received sound: on every line an unbroken voice, no later than it must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.media.codec.libopus import OpusDecoder, OpusError
from kiosk.media.rtp.audio_jitter import BLOCK, AudioJitterBuffer
from kiosk.media.rtp.time_stretch import Samples, level
from tests.media.rtp.voice_line import Way, encoded, run, speech

SILK_20_MS = b"\x08"  # table of contents: SILK, narrow band, 20 ms, one frame (RFC 6716 section 3.1)
DUE = 1.033  # when what came at 1.0 on an unknown line begins to play
CELT_10_MS = b"\xf0"
CELT_20_MS = b"\xf8"


class Tones:
    """A decoder whose sound says what it was made of: the packet's last byte, -1 for its copy, 1 for concealed."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def decode(self, packet: bytes) -> Samples:
        if packet.endswith(b"!"):
            raise OpusError("nonsense")
        self.calls.append(f"decode {packet[-1]}")
        return np.full(480 if packet[:1] == CELT_10_MS else 960, packet[-1], dtype=np.int16)

    def decode_fec(self, next_packet: bytes, samples: int) -> Samples:
        self.calls.append(f"copy before {next_packet[-1]}")
        return np.full(samples, -1, dtype=np.int16)

    def conceal(self, samples: int) -> Samples:
        self.calls.append(f"conceal {samples}")
        return np.full(samples, 1, dtype=np.int16)


def packet(number: int, *, copy: bool = False) -> bytes:
    """A packet of 20 ms that ends with this number; ``copy``: it carries a coarser copy of the one before."""
    return (SILK_20_MS if copy else CELT_20_MS) + (b"\x40" if copy else b"\x00") + bytes([number])


def heard(buffer: AudioJitterBuffer, since: float, blocks: int) -> list[int]:
    """The first sample of each block."""
    return [int(buffer.pull(since + index / 100)[0]) for index in range(blocks)]


class TestPackets:
    """Single steps, with a decoder that tells."""

    def test_nothing_is_silence_and_nothing_is_counted(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        block = buffer.pull(1.0)
        assert block.dtype == np.int16
        assert block.shape == (BLOCK,)
        assert not block.any()
        assert buffer.figures().total_samples_received == 0
        assert buffer.playing is None
        assert buffer.delay_s == 0.0

    def test_packets_play_in_order_also_over_the_wrap_whatever_order_they_came_in(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        first = 2**32 - 960
        for index, arrival in ((0, 1.0), (2, 1.04), (1, 1.041), (3, 1.06)):
            buffer.put((first + 960 * index) % 2**32, packet(10 + index), arrival, redundant=False)
        sound = [value for value in heard(buffer, DUE, 8) if value]
        assert sound == sorted(sound)
        assert set(sound) == {10, 11, 12, 13}
        assert buffer.figures().concealed_samples == 0

    def test_a_copy_fills_the_place_of_a_lost_packet_and_is_counted(self) -> None:
        decoder = Tones()
        buffer = AudioJitterBuffer(decoder)
        buffer.put(0, packet(10), 1.0, redundant=False)
        buffer.put(960, packet(11), 1.04, redundant=True)
        buffer.put(960, packet(99), 1.041, redundant=False, retransmitted=True)
        buffer.put(1920, packet(12), 1.04, redundant=False)
        heard(buffer, DUE, 6)
        assert decoder.calls == ["decode 10", "decode 11", "decode 12"]
        assert buffer.figures().packets_repaired == 1

    def test_the_next_packets_own_copy_stands_in(self) -> None:
        decoder = Tones()
        buffer = AudioJitterBuffer(decoder)
        buffer.put(0, packet(10), 1.0, redundant=False)
        buffer.put(1920, packet(12, copy=True), 1.04, redundant=False)
        heard(buffer, DUE, 6)
        assert decoder.calls == ["decode 10", "copy before 12", "decode 12"]
        assert buffer.figures().fec_packets_used == 1
        assert buffer.figures().concealed_samples == 0

    def test_a_hole_without_any_copy_is_concealed_for_about_as_long(self) -> None:
        decoder = Tones()
        buffer = AudioJitterBuffer(decoder)
        for index in (0, 1, 3, 4):
            buffer.put(960 * index, packet(10 + index), 1.0 + index / 50, redundant=False)
        heard(buffer, DUE, 9)
        calls = [call for call in decoder.calls if "conceal" not in call]
        assert calls == ["decode 10", "decode 11", "decode 13", "decode 14"]
        assert buffer.figures().concealed_samples == pytest.approx(960, abs=240)
        assert buffer.figures().concealment_events == 1

    def test_concealment_fades_to_silence_and_the_voice_comes_back(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        buffer.put(0, packet(10), 1.0, redundant=False)
        heard(buffer, DUE, 2)
        assert heard(buffer, DUE + 0.02, 10) == [1] * 10
        assert heard(buffer, DUE + 0.12, 30)[1:] == [0] * 29
        assert buffer.playing is None
        for index in range(2):
            buffer.put(48_000 + 960 * index, packet(20), 2.0 + index / 50, redundant=False)
        assert 20 in heard(buffer, 2.0, 5)
        figures = buffer.figures()
        assert figures.concealment_events == 1
        assert 0 < figures.silent_concealed_samples < figures.concealed_samples

    def test_a_pause_that_the_sender_announced_is_noise_and_no_event(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        buffer.put(0, packet(10), 1.0, redundant=False)
        buffer.put(960, CELT_20_MS + b"\x02", 1.02, redundant=False)
        heard(buffer, DUE, 40)
        buffer.put(960 * 22, packet(30), 1.44, redundant=False)
        assert 30 in heard(buffer, 1.44, 5)
        figures = buffer.figures()
        assert figures.concealment_events == 0
        assert figures.concealed_samples == figures.silent_concealed_samples > 0

    def test_a_packet_that_cannot_be_decoded_is_like_a_lost_one(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        buffer.put(0, packet(10), 1.0, redundant=False)
        buffer.put(960, CELT_20_MS + b"!", 1.02, redundant=False)
        buffer.put(1920, packet(12), 1.04, redundant=False)
        heard(buffer, DUE, 6)
        buffer.put(2880, b"", 1.06, redundant=False)
        figures = buffer.figures()
        assert (figures.concealed_samples, figures.packets_discarded) == (960, 2)

    def test_duplicates_and_late_packets_change_nothing(self) -> None:
        decoder = Tones()
        buffer = AudioJitterBuffer(decoder)
        for _ in range(2):
            for index in range(3):
                buffer.put(960 * index, packet(10 + index), 1.0 + index / 50, redundant=False)
        heard(buffer, DUE, 4)
        buffer.put(0, packet(10), DUE + 0.04, redundant=False)
        heard(buffer, DUE + 0.04, 2)
        assert decoder.calls == ["decode 10", "decode 11", "decode 12"]
        assert buffer.figures().packets_discarded == 0

    def test_a_stream_that_jumps_is_taken_up_after_its_third_packet(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        for index in range(5):
            buffer.put(960 * index, packet(10), 1.0 + index / 50, redundant=False)
        heard(buffer, DUE, 10)
        for index in range(10):
            buffer.put(10**9 + 960 * index, packet(77), 1.12 + index / 50, redundant=False)
        assert 77 in heard(buffer, 1.25, 10)

    def test_one_stray_packet_changes_nothing(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        for index in range(10):
            buffer.put(960 * index, packet(10), 1.0 + index / 50, redundant=False)
            buffer.put(10**9, packet(77), 1.0 + index / 50, redundant=False) if index == 5 else None
        assert set(heard(buffer, DUE, 18)) == {10}

    def test_packets_that_overlap_and_then_fall_far_behind_break_nothing(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        for index in range(6):
            buffer.put(100 * index, packet(10 + index), 1.0, redundant=False)
        heard(buffer, DUE, 2)
        heard(buffer, 3.0, 10)
        assert buffer.figures().packets_discarded == 5

    def test_packets_of_10_ms(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        for index in range(20):
            buffer.put(480 * index, CELT_10_MS + bytes([0, 10 + index]), 1.0 + index / 100, redundant=False)
        sound = [value for value in heard(buffer, DUE, 12) if value]
        assert sound == list(range(sound[0], sound[0] + len(sound)))

    def test_after_a_reset_another_stream_begins_and_the_counts_stay(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        buffer.put(0, packet(10), 1.0, redundant=False)
        heard(buffer, DUE, 4)
        counted = buffer.figures()
        buffer.reset()
        assert buffer.figures() == counted
        buffer.put(5_000_000, packet(55), 1.1, redundant=False)
        assert 55 in heard(buffer, 1.14, 2)

    def test_what_plays_is_told(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        for index in range(5):
            buffer.put(960 * index, packet(10), 1.0 + index / 50, redundant=False)
        buffer.pull(DUE)
        buffer.pull(DUE + 0.01)
        assert buffer.playing == (480, DUE + 0.01)

    def test_what_came_long_before_the_first_block_is_not_caught_up_with(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        for index in range(200):
            buffer.put(960 * index, packet(min(250, 10 + index)), 1.0 + index / 50, redundant=False)
        assert heard(buffer, 5.0, 1)[0] >= 208 - 3
        assert 0.0 < buffer.delay_s < 0.06

    def test_a_sound_card_that_stood_still_does_not_leave_its_delay(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        for index in range(100):
            buffer.put(960 * index, packet(10), 1.0 + index / 50, redundant=False)
            if not 20 <= index < 60:
                heard(buffer, 1.0 + index / 50, 2)
        assert buffer.delay_s < 0.06

    def test_a_least_delay_is_kept_and_nonsense_is_refused(self) -> None:
        buffer = AudioJitterBuffer(Tones())
        buffer.set_least_delay(0.1)
        assert buffer.target_s >= 0.1
        buffer.reset()
        assert buffer.target_s >= 0.1
        with pytest.raises(ValueError, match="delay"):
            buffer.set_least_delay(5.0)


class TestLines:
    """Real Opus, virtual time: shares of concealed sound and delays (mean, from arrival to playing) on bad lines."""

    @pytest.mark.parametrize("packet_ms", [20, 60])
    def test_a_clean_line_loses_nothing_and_is_quick(self, packet_ms: int) -> None:
        way = Way(packet_ms=60) if packet_ms == 60 else Way()
        result = run(way, 12.0)
        assert result.figures.concealed_samples == 0
        assert result.delay_s() <= (0.04 if packet_ms == 20 else 0.06)

    def test_the_voice_comes_out_as_it_went_in(self) -> None:
        result = run(Way(), 12.0)
        original = speech(12.0)
        assert level(result.sound[48_000:]) == pytest.approx(level(original[48_000:]), rel=0.1)
        assert np.abs(np.diff(result.sound.astype(np.int32))).max() <= 1.5 * np.abs(np.diff(original.astype(int))).max()

    @pytest.mark.parametrize("seed", [1, 2])
    @pytest.mark.parametrize(("loss", "most"), [(0.01, 0.002), (0.05, 0.005), (0.10, 0.02), (0.20, 0.06)])
    def test_random_loss(self, loss: float, most: float, seed: int) -> None:
        result = run(Way(loss=loss), 12.0, seed)
        assert result.concealed() <= most
        assert result.delay_s() <= (0.06 if loss < 0.2 else 0.12)

    @pytest.mark.parametrize(("loss", "most"), [(0.05, 0.015), (0.20, 0.07)])
    def test_loss_with_nothing_but_packets_sent_again(self, loss: float, most: float) -> None:
        result = run(Way(loss=loss, red=False, fec=False), 12.0)
        assert result.concealed() <= most

    def test_loss_with_nothing_but_the_copy_within_the_next_packet(self) -> None:
        result = run(Way(loss=0.05, red=False, again=False))
        bare = run(Way(loss=0.05, red=False, again=False, fec=False))
        assert result.figures.fec_packets_used >= 10
        assert bare.figures.fec_packets_used == 0
        assert result.concealed() <= 0.6 * bare.concealed()

    def test_bursts(self) -> None:
        result = run(Way(loss=0.05, burst=3.0), 12.0)
        assert result.concealed() <= 0.05
        assert result.delay_s() <= 0.12

    def test_no_click_where_something_was_lost(self) -> None:
        result = run(Way(loss=0.10), 12.0)
        steps = np.abs(np.diff(result.sound.astype(np.int32)))
        assert steps.max() <= 2.0 * np.abs(np.diff(speech(12.0).astype(np.int32))).max()

    def test_the_delay_is_back_two_seconds_after_a_time_of_loss(self) -> None:
        result = run(Way(loss=0.2, loss_until_s=8.0), 12.0)
        assert result.delay_s(10) <= 0.06
        assert result.delay_s(10) <= result.delay_s(5, 8)

    def test_a_gap_in_the_line_costs_its_length_and_leaves_no_delay(self) -> None:
        result = run(Way(outages=((8.0, 8.3),)), 12.0)
        assert result.concealed(8) * (len(result.seconds) - 8) <= 0.36
        assert result.delay_s(10) <= 0.06

    def test_a_held_up_line_loses_no_speech_and_the_delay_is_back_in_two_seconds(self) -> None:
        result = run(Way(holds=((8.0, 8.3),)), 12.0)
        assert result.concealed(8) * (len(result.seconds) - 8) <= 0.32
        assert result.figures.packets_discarded == 0
        assert result.delay_s(10, 11) <= 0.06

    def test_jitter(self) -> None:
        result = run(Way(jitter_s=0.03), 12.0)
        assert result.concealed() <= 0.01
        assert result.delay_s() <= 0.12

    @pytest.mark.parametrize("drift_ppm", [-1000.0, -200.0, 200.0, 1000.0])
    def test_clocks_that_run_apart(self, drift_ppm: float) -> None:
        result = run(Way(drift_ppm=drift_ppm), 12.0)
        assert result.figures.concealed_samples == 0
        assert 0.015 <= result.delay_s(8) <= 0.06

    def test_a_later_picture_is_waited_for_without_a_gap(self) -> None:
        result = run(Way(least_delay_s=0.12))
        assert result.figures.concealed_samples == 0
        assert result.figures.inserted_samples_for_deceleration >= 3_000
        assert result.delay_s(4) == pytest.approx(0.13, abs=0.02)

    def test_a_sound_card_that_asks_in_bursts(self) -> None:
        result = run(Way(pulls_at_once=4), 12.0)
        assert result.concealed() <= 0.005
        assert result.delay_s() <= 0.08


def _half_packets(count: int) -> int:
    return 480 * count


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=2**32 - 1)
            | st.integers(min_value=0, max_value=200).map(lambda n: n * 480),
            st.binary(max_size=30) | st.sampled_from(encoded(2.0, 20, True)),
            st.floats(min_value=0.0, max_value=0.1) | st.just(1.0),
            st.booleans(),
            st.booleans(),
            st.integers(min_value=0, max_value=4),
        ),
        max_size=80,
    )
)
def test_whatever_is_sent_ten_milliseconds_come_out(
    steps: list[tuple[int, bytes, float, bool, bool, int]],
) -> None:
    decoder = OpusDecoder()
    buffer = AudioJitterBuffer(decoder)
    now = 1.0
    pulled = 0
    for timestamp, data, passed, redundant, again, blocks in steps:
        now += passed
        buffer.put(timestamp, data, now, redundant=redundant, retransmitted=again)
        for index in range(blocks):
            assert buffer.pull(now + index / 100).shape == (BLOCK,)
            pulled += 1
    figures = buffer.figures()
    assert figures.silent_concealed_samples <= figures.concealed_samples
    assert figures.total_samples_received <= pulled * BLOCK
    decoder.close()
