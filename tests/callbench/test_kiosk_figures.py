"""What the kiosk counts becomes the bench's figures: growth over the window, shares, milliseconds."""

from __future__ import annotations

import pytest

from kiosk.callbench.end import Sample, Sent
from kiosk.callbench.kiosk_figures import Figures, figures_of
from kiosk.facts.call_statistics import CallStatistics, InboundRtp, OutboundRtp, Transport


def _moment(at: float, seconds: float, *, picture: bool = True) -> CallStatistics:
    """Counters after so many seconds of a call: 25 pictures and 48000 samples a second, a tenth of them concealed."""
    samples = int(48_000 * seconds)
    streams: list[InboundRtp | OutboundRtp] = [
        InboundRtp(
            kind="audio",
            packets_received=0,
            bytes_received=0,
            packets_lost=0,
            jitter=0.0,
            total_samples_received=samples,
            concealed_samples=samples // 10,
            silent_concealed_samples=samples // 100,
            jitter_buffer_delay=samples * 0.05,
            jitter_buffer_target_delay=samples * 0.04,
            jitter_buffer_emitted_count=samples,
        )
    ]
    if picture:
        streams.append(
            InboundRtp(
                kind="video",
                packets_received=0,
                bytes_received=0,
                packets_lost=0,
                jitter=0.0,
                frames_decoded=int(25 * seconds),
                total_freezes_duration=0.1 * seconds,
            )
        )
        streams.append(
            OutboundRtp(
                kind="video",
                packets_sent=0,
                bytes_sent=int(50_000 * seconds),
                retransmitted_packets_sent=0,
                retransmitted_bytes_sent=0,
                frames_encoded=int(30 * seconds),
                frame_width=640,
                frame_height=480,
            )
        )
    transport = Transport(
        bytes_received=0,
        bytes_sent=0,
        available_outgoing_bitrate=1e6,
        current_round_trip_time=0.041,
        queue_delay=0.0,
        pacer_delay=0.0,
        picture_after_voice=0.012 if picture else None,
    )
    return CallStatistics(timestamp=at, streams=tuple(streams), transport=transport)


def test_nothing_counted_is_nothing_known() -> None:
    assert figures_of([]) == Figures()


def test_a_window_of_two_seconds() -> None:
    figures = figures_of([_moment(100.0, 8.0), _moment(101.0, 9.0), _moment(102.0, 10.0)])
    assert figures.frames_decoded == 50
    assert figures.freeze_seconds == pytest.approx(0.2)
    assert figures.concealed_share == pytest.approx(0.1)
    assert figures.silent_share == pytest.approx(0.01)
    assert [one.at for one in figures.sound_delay] == [101.0, 102.0]
    assert [one.value for one in figures.sound_delay] == pytest.approx([50, 50])
    assert [one.value for one in figures.sound_target] == pytest.approx([40, 40])
    assert list(figures.lips) == pytest.approx([-12, -12, -12])
    assert figures.sent == (Sent(101.0, 640, 480, 30.0, 400_000), Sent(102.0, 640, 480, 30.0, 400_000))
    assert figures.target_rate[0] == Sample(100.0, 1e6)
    assert figures.round_trip[0].value == pytest.approx(41)


def test_what_began_within_the_window_and_what_began_anew() -> None:
    figures = figures_of([_moment(100.0, 5.0, picture=False), _moment(101.0, 1.0)])
    assert figures.frames_decoded == 25
    assert figures.concealed_share == pytest.approx(0.1)  # a fresh connection counts from 0
    assert figures.sent[0].frames_per_second == 30.0
    lonely = figures_of([_moment(100.0, 5.0, picture=False)])
    assert lonely.frames_decoded is None
    assert lonely.sent == ()
    assert lonely.sound_delay == ()
