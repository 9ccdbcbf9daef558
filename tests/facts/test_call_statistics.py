"""Two moments of a call become the figures of a verdict, and JSON has W3C's names."""

from __future__ import annotations

import msgspec
import pytest

from kiosk.facts.call_statistics import CallStatistics, InboundRtp, OutboundRtp, Transport, figures_between, inbound

TRANSPORT = Transport(
    bytes_received=1,
    bytes_sent=2,
    available_outgoing_bitrate=600_000.0,
    current_round_trip_time=0.04,
    queue_delay=0.0,
    pacer_delay=0.0,
    picture_after_voice=None,
)


def _moment(second: float, *, packets: int, lost: int, samples: int, concealed: int, frozen: float) -> CallStatistics:
    voice = InboundRtp(
        kind="audio",
        packets_received=packets,
        bytes_received=packets * 80,
        packets_lost=lost,
        jitter=0.001,
        total_samples_received=samples,
        concealed_samples=concealed,
        silent_concealed_samples=0,
    )
    picture = InboundRtp(
        kind="video", packets_received=9, bytes_received=9, packets_lost=0, jitter=0.0, total_freezes_duration=frozen
    )
    sent = OutboundRtp(
        kind="video",
        packets_sent=1,
        bytes_sent=1,
        retransmitted_packets_sent=0,
        retransmitted_bytes_sent=0,
        fraction_lost=0.125,
    )
    return CallStatistics(timestamp=second, streams=(voice, picture, sent), transport=TRANSPORT)


def test_a_second_is_the_difference_of_two_moments() -> None:
    before = _moment(1.0, packets=50, lost=0, samples=48_000, concealed=480, frozen=0.0)
    after = _moment(2.0, packets=90, lost=10, samples=96_000, concealed=2_880, frozen=0.25)
    figures = figures_between(before, after)
    assert figures.lost_share_received == pytest.approx(0.2)
    assert figures.concealed_share == pytest.approx(0.05)
    assert figures.frozen_share == pytest.approx(0.25)
    assert figures.lost_share_sent == 0.125
    assert figures.round_trip_s == 0.04


def test_a_fresh_connection_counts_from_zero_and_says_nothing_of_the_seconds_before() -> None:
    before = _moment(1.0, packets=500, lost=9, samples=480_000, concealed=480, frozen=3.0)
    after = _moment(2.0, packets=40, lost=0, samples=40_000, concealed=0, frozen=0.0)
    figures = figures_between(before, after)
    assert figures.concealed_share is None
    assert figures.frozen_share is None
    assert figures.lost_share_received is None


def test_the_names_are_w3c_s() -> None:
    moment = _moment(1.0, packets=1, lost=0, samples=1, concealed=0, frozen=0.0)
    written = msgspec.json.decode(msgspec.json.encode(moment))
    assert written["streams"][0]["type"] == "inbound-rtp"
    assert written["streams"][0]["concealedSamples"] == 0
    assert written["streams"][2]["fractionLost"] == 0.125
    assert written["transport"]["availableOutgoingBitrate"] == 600_000
    assert msgspec.json.decode(msgspec.json.encode(moment), type=CallStatistics) == moment
    voice = inbound(moment, "audio")
    assert voice is not None and voice.packets_received == 1
