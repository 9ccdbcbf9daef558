"""The patient's voice on its way out: Opus packets of 20 to 60 ms, with copies of the last ones where some get lost."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

import numpy as np

from kiosk.media.codec.libopus import OpusEncoder
from kiosk.media.engine.outgoing import Outgoing, OutgoingStream
from kiosk.media.playout import Samples
from kiosk.media.ring_tone import RATE_HZ
from kiosk.media.rtp import opus_red
from kiosk.media.rtp.allocation import Allocation
from kiosk.media.rtp.capture_clock import CaptureClock, Verdict
from kiosk.media.voice import PACKET, MicrophoneReader

_MICROPHONE_LIMIT_S = 0.06
_LONGEST_OFFSET = 2**14 - 1
_LEAST_FEC_PERCENT = 6
_FRAME_MS: dict[int, Literal[20, 40, 60]] = {20: 20, 40: 40, 60: 60}


class SoundSending:
    """``send`` takes each packet, on the event loop. Without a sound card it sends silence: the line lives on."""

    def __init__(self, microphone: MicrophoneReader, stream: OutgoingStream, send: Callable[[Outgoing], None]) -> None:
        self._microphone = microphone
        self._stream = stream
        self._send = send
        self._encoder = OpusEncoder(bitrate=32_000)
        self._frame_ms = self._wanted_ms = 20
        self._copies = 0
        self._clock = CaptureClock(RATE_HZ)
        self._packet_begins = 0
        self._waiting: list[Samples] = []
        self._sent: deque[tuple[int, bytes]] = deque(maxlen=2)
        self._energy = 0.0
        self._measured = 0
        self.enabled = True

    def follow(self, allocation: Allocation) -> None:
        """Rate, packet length, copies and expected loss from now on."""
        self._encoder.set_bitrate(allocation.speech_bitrate)
        # Below 6 % libopus sends no copies in band (measured), and what is lost is lost.
        self._encoder.set_expected_loss(
            max(_LEAST_FEC_PERCENT, allocation.fec_percent) if allocation.fec_percent else 0
        )
        self._wanted_ms = allocation.speech_frame_ms
        self._copies = allocation.speech_redundancy

    def ticks_at(self, now: float) -> int | None:
        """Where the stream's clock stands; None before the first packet."""
        return self._clock.at(now)

    async def run(self) -> None:
        """Until it is cancelled."""
        due = time.monotonic() + _MICROPHONE_LIMIT_S
        while True:
            samples = await self._microphone.take(due)
            now = time.monotonic()
            if samples is None:
                samples = np.zeros(PACKET, dtype=np.int16)
                due += PACKET / RATE_HZ
            else:
                due = now + _MICROPHONE_LIMIT_S
            if not self._waiting and self._wanted_ms != self._frame_ms:
                self._frame_ms = self._wanted_ms
                self._encoder.set_frame_ms(_FRAME_MS[self._frame_ms])
            if self._clock.block(PACKET, now, more_waiting=self._microphone.has_more) is Verdict.DISCARD:
                continue
            if not self._waiting:
                self._packet_begins = self._clock.ticks - PACKET
            self._energy += float(np.dot(samples.astype(np.float32), samples.astype(np.float32)))
            self._measured += len(samples)
            self._waiting.append(samples)
            if len(self._waiting) * 20 >= self._frame_ms:
                voice = np.concatenate(self._waiting)
                self._waiting.clear()
                self._packet(voice)

    def level_dbfs(self) -> float | None:
        """How loud the voice was since this was asked last; None for silence of digital zeros or nothing at all."""
        energy, measured = self._energy, self._measured
        self._energy, self._measured = 0.0, 0
        if not measured or energy <= 0:
            return None
        return round(10 * math.log10(energy / measured / 32768**2), 1)

    def close(self) -> None:
        """Give the encoder back."""
        self._encoder.close()

    def _packet(self, voice: Samples) -> None:
        ticks = self._packet_begins
        primary = self._encoder.encode(voice)
        if not self.enabled:
            self._sent.clear()
            return
        agreement = self._stream.agreement
        if self._copies and agreement.redundant_type is not None:
            copies = [
                (ticks - at, agreement.payload_type, data)
                for at, data in list(self._sent)[-self._copies :]
                if ticks - at <= _LONGEST_OFFSET
            ]
            payload = opus_red.pack(primary, agreement.payload_type, copies)
            payload_type = agreement.redundant_type
        else:
            payload, payload_type = primary, agreement.payload_type
        self._sent.append((ticks, primary))
        self._send(self._stream.fresh(payload_type, ticks, payload, marker=self._stream.packets == 0))
