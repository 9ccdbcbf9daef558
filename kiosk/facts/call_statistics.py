"""What a call's media count, by the names of W3C's webrtc-stats (in JSON: camel case); no addresses. Pure.

Counters run from the beginning of the call, times are seconds, sizes bytes; ``timestamp`` is CLOCK_MONOTONIC seconds.
None: not known (yet).
"""

from __future__ import annotations

import msgspec

from kiosk.facts.line_quality import LineFigures


class InboundRtp(msgspec.Struct, frozen=True, rename="camel", tag_field="type", tag="inbound-rtp"):
    """A stream that comes in."""

    kind: str
    packets_received: int
    bytes_received: int
    packets_lost: int
    jitter: float
    retransmitted_packets_received: int = 0
    nack_count: int = 0
    pli_count: int = 0
    frames_received: int | None = None
    frames_decoded: int | None = None
    frames_dropped: int | None = None
    key_frames_decoded: int | None = None
    frame_width: int | None = None
    frame_height: int | None = None
    freeze_count: int | None = None
    total_freezes_duration: float | None = None
    total_decode_time: float | None = None
    total_samples_received: int | None = None
    concealed_samples: int | None = None
    silent_concealed_samples: int | None = None
    concealment_events: int | None = None
    inserted_samples_for_deceleration: int | None = None
    removed_samples_for_acceleration: int | None = None
    jitter_buffer_delay: float | None = None
    jitter_buffer_target_delay: float | None = None
    jitter_buffer_emitted_count: int | None = None


class OutboundRtp(msgspec.Struct, frozen=True, rename="camel", tag_field="type", tag="outbound-rtp"):
    """A stream that goes out. ``fraction_lost`` and ``round_trip_time`` are the other end's reports of it."""

    kind: str
    packets_sent: int
    bytes_sent: int
    retransmitted_packets_sent: int
    retransmitted_bytes_sent: int
    nack_count: int = 0
    pli_count: int = 0
    target_bitrate: float | None = None
    frames_encoded: int | None = None
    key_frames_encoded: int | None = None
    frame_width: int | None = None
    frame_height: int | None = None
    total_encode_time: float | None = None
    fraction_lost: float | None = None
    round_trip_time: float | None = None


class Transport(msgspec.Struct, frozen=True, rename="camel", tag_field="type", tag="transport"):
    """All of a connection."""

    bytes_received: int
    bytes_sent: int
    available_outgoing_bitrate: float
    current_round_trip_time: float | None
    queue_delay: float
    """Not W3C's: seconds that packets wait on the line, as the other end's feedback tells."""
    pacer_delay: float
    """Not W3C's: seconds that packets wait here."""
    picture_after_voice: float | None
    """Not W3C's: seconds by which the last picture was shown after the voice of the same moment."""


class CallStatistics(msgspec.Struct, frozen=True, rename="camel"):
    """One moment of a call."""

    timestamp: float
    streams: tuple[InboundRtp | OutboundRtp, ...]
    transport: Transport
    microphone_level: float | None = None
    """Not W3C's: loudness of the patient's voice as sent, dBFS of the last second."""
    processor_seconds: float | None = None
    """Not W3C's: what media has used of the processor."""


def inbound(statistics: CallStatistics, kind: str) -> InboundRtp | None:
    """The stream of that kind that comes in."""
    return next((one for one in statistics.streams if isinstance(one, InboundRtp) and one.kind == kind), None)


def outbound(statistics: CallStatistics, kind: str) -> OutboundRtp | None:
    """The stream of that kind that goes out."""
    return next((one for one in statistics.streams if isinstance(one, OutboundRtp) and one.kind == kind), None)


def figures_between(before: CallStatistics, after: CallStatistics) -> LineFigures:
    """What happened between two moments of the same call, for the verdict."""
    voice, voice_before = inbound(after, "audio"), inbound(before, "audio")
    picture, picture_before = inbound(after, "video"), inbound(before, "video")
    sent = [one for one in after.streams if isinstance(one, OutboundRtp) and one.fraction_lost is not None]
    seconds = after.timestamp - before.timestamp
    return LineFigures(
        round_trip_s=after.transport.current_round_trip_time,
        lost_share_sent=max((one.fraction_lost or 0.0 for one in sent), default=None),
        lost_share_received=_lost(voice_before, voice),
        frozen_share=_share(
            _difference(picture_before, picture, "total_freezes_duration"), seconds if seconds > 0 else None
        ),
        concealed_share=_share(
            _audible_concealed(voice_before, voice), _difference(voice_before, voice, "total_samples_received")
        ),
        available_bitrate=after.transport.available_outgoing_bitrate,
    )


def _difference(before: InboundRtp | None, after: InboundRtp | None, name: str) -> float | None:
    if before is None or after is None:
        return None
    first: float | None = getattr(before, name)
    last: float | None = getattr(after, name)
    return None if first is None or last is None or last < first else last - first


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else min(1.0, max(0.0, part / whole))


def _lost(before: InboundRtp | None, after: InboundRtp | None) -> float | None:
    received = _difference(before, after, "packets_received")
    if before is None or after is None or received is None:
        return None
    lost = max(0, after.packets_lost - before.packets_lost)
    return _share(lost, received + lost)


def _audible_concealed(before: InboundRtp | None, after: InboundRtp | None) -> float | None:
    concealed = _difference(before, after, "concealed_samples")
    silent = _difference(before, after, "silent_concealed_samples")
    return None if concealed is None else max(0.0, concealed - (silent or 0.0))
