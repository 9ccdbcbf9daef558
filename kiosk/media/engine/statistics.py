"""The counts of a session by W3C's names; reads, changes nothing."""

from __future__ import annotations

import time

from kiosk.facts.call_statistics import CallStatistics, InboundRtp, OutboundRtp, Transport
from kiosk.media.engine.session import MediaSession


def statistics_of(session: MediaSession, now: float) -> CallStatistics:
    """What has been counted until now (CLOCK_MONOTONIC seconds)."""
    streams: list[InboundRtp | OutboundRtp] = [*_inbound(session), *_outbound(session)]
    return CallStatistics(
        timestamp=now,
        streams=tuple(streams),
        transport=Transport(
            bytes_received=session.bytes_received,
            bytes_sent=session.datagrams.bytes_sent,
            available_outgoing_bitrate=float(session.sending.estimate.target(now)),
            current_round_trip_time=session.sending.estimate.round_trip_s,
            queue_delay=session.sending.estimate.queue_delay_s,
            pacer_delay=session.sending.pacer.waiting_s,
            picture_after_voice=session.receiving.lip_sync.last_offset_s,
        ),
        microphone_level=session.sending.sound.level_dbfs() if session.sending.sound is not None else None,
        processor_seconds=time.process_time(),
    )


def _inbound(session: MediaSession) -> list[InboundRtp]:
    found: list[InboundRtp] = []
    for kind, stream in session.receiving.streams.items():
        reception = stream.reception
        pictures = session.receiving.pictures if kind == "video" else None
        sound = session.receiving.voice.figures() if kind == "audio" else None
        found.append(
            InboundRtp(
                kind=kind,
                packets_received=reception.packets,
                bytes_received=reception.bytes,
                packets_lost=reception.lost,
                jitter=reception.jitter_s,
                retransmitted_packets_received=stream.again_packets,
                nack_count=session.receiving.nacks_sent[kind],
                pli_count=session.receiving.plis_sent if pictures else 0,
                frames_received=pictures.frames_received if pictures else None,
                frames_decoded=pictures.frames_decoded if pictures else None,
                frames_dropped=pictures.frames_dropped if pictures else None,
                key_frames_decoded=pictures.key_frames_decoded if pictures else None,
                frame_width=pictures.width if pictures else None,
                frame_height=pictures.height if pictures else None,
                freeze_count=session.receiving.freezes.count if pictures else None,
                total_freezes_duration=session.receiving.freezes.duration_s if pictures else None,
                total_decode_time=pictures.decode_seconds if pictures else None,
                total_samples_received=sound.total_samples_received if sound else None,
                concealed_samples=sound.concealed_samples if sound else None,
                silent_concealed_samples=sound.silent_concealed_samples if sound else None,
                concealment_events=sound.concealment_events if sound else None,
                inserted_samples_for_deceleration=sound.inserted_samples_for_deceleration if sound else None,
                removed_samples_for_acceleration=sound.removed_samples_for_acceleration if sound else None,
                jitter_buffer_delay=sound.jitter_buffer_delay if sound else None,
                jitter_buffer_target_delay=sound.jitter_buffer_target_delay if sound else None,
                jitter_buffer_emitted_count=sound.jitter_buffer_emitted_count if sound else None,
            )
        )
    return found


def _outbound(session: MediaSession) -> list[OutboundRtp]:
    found: list[OutboundRtp] = []
    allocation = session.sending.allocation
    for kind, stream in session.sending.streams.items():
        pictures = session.sending.pictures if kind == "video" else None
        target = (allocation.picture_bitrate if pictures else allocation.speech_bitrate) if allocation else None
        found.append(
            OutboundRtp(
                kind=kind,
                packets_sent=stream.packets,
                bytes_sent=stream.payload_bytes,
                retransmitted_packets_sent=stream.packets_again,
                retransmitted_bytes_sent=stream.bytes_again,
                nack_count=session.sending.nacks_received[kind],
                pli_count=session.sending.plis_received if pictures else 0,
                target_bitrate=target,
                frames_encoded=pictures.encoded if pictures else None,
                key_frames_encoded=pictures.key_frames if pictures else None,
                frame_width=pictures.width if pictures else None,
                frame_height=pictures.height if pictures else None,
                total_encode_time=pictures.encode_seconds if pictures else None,
                fraction_lost=session.sending.fraction_lost.get(kind),
                round_trip_time=session.sending.estimate.round_trip_s,
            )
        )
    return found
