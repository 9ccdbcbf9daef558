"""A voice over a bad line in virtual time: real Opus with RED and packets sent again, into the buffer and out."""

from __future__ import annotations

import functools
import heapq
import random
from typing import Literal

import msgspec
import numpy as np

from kiosk.media.codec.libopus import OpusDecoder, OpusEncoder
from kiosk.media.rtp.audio_jitter import BLOCK, AudioJitterBuffer, SoundFigures
from kiosk.media.rtp.time_stretch import Samples

RATE = 48_000
ROUND_TRIP_S = 0.04


class Way(msgspec.Struct, frozen=True):
    """What happens to a voice on its way: shares, seconds, times from the beginning of the voice."""

    loss: float = 0.0
    burst: float = 1.0
    """Mean number of packets lost together."""
    jitter_s: float = 0.0
    outages: tuple[tuple[float, float], ...] = ()
    """Everything sent from the first until the second is lost."""
    holds: tuple[tuple[float, float], ...] = ()
    """Everything sent from the first until the second arrives then, at once."""
    drift_ppm: float = 0.0
    """How much faster the sender's clock runs."""
    loss_until_s: float = 1e9
    red: bool = True
    fec: bool = True
    again: bool = True
    """Lost packets are asked for and sent again."""
    packet_ms: Literal[20, 40, 60] = 20
    pulls_at_once: int = 1
    """The sound card asks for so many blocks together."""
    least_delay_s: float = 0.0
    """Asked of the buffer after two seconds."""


class Second(msgspec.Struct, frozen=True):
    """One second of a run: share of samples concealed, delays in seconds."""

    concealed: float
    delay_s: float
    """Mean time from a packet's arrival until its sound plays."""
    target_s: float


class Run(msgspec.Struct, frozen=True):
    """What came out."""

    seconds: list[Second]
    figures: SoundFigures
    sound: Samples

    def concealed(self, since_s: int = 2) -> float:
        """Share of samples concealed from this second on."""
        return float(np.mean([second.concealed for second in self.seconds[since_s:]]))

    def delay_s(self, since_s: int = 2, until_s: int | None = None) -> float:
        """Mean delay between these seconds."""
        return float(np.mean([second.delay_s for second in self.seconds[since_s:until_s]]))


@functools.cache
def speech(seconds: float, seed: int = 1) -> Samples:
    """Syllables with pauses, gliding pitch, some breath; mean pitch 120 Hz."""
    chance = np.random.default_rng(seed)
    count = int(seconds * RATE)
    at = np.arange(count) / RATE
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.31 * at) + 10 * np.sin(2 * np.pi * 1.7 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    formant = 500 + 300 * np.sin(2 * np.pi * 1.3 * at)
    sound = np.zeros(count)
    for harmonic in range(1, 25):
        centre = harmonic * pitch
        weight = np.exp(-(((centre - formant) / 200) ** 2)) + 0.4 * np.exp(-(((centre - 1500) / 300) ** 2)) + 0.02
        sound += weight * np.sin(harmonic * phase)
    syllables = np.clip(2.5 * np.sin(2 * np.pi * 2.3 * at) + 1.2, 0, 1) * (np.sin(2 * np.pi * 0.23 * at) > -0.75)
    sound = sound / np.abs(sound).max() * 9000 * syllables + chance.normal(0, 12, count)
    result: Samples = sound.astype(np.int16)
    return result


@functools.cache
def encoded(seconds: float, packet_ms: Literal[20, 40, 60], fec: bool) -> tuple[bytes, ...]:
    """The packets of ``speech(seconds)``."""
    encoder = OpusEncoder(bitrate=32_000, frame_ms=packet_ms)
    encoder.set_expected_loss(20 if fec else 0)
    size = encoder.samples
    sound = speech(seconds)
    packets = tuple(encoder.encode(sound[at : at + size]) for at in range(0, len(sound) - size + 1, size))
    encoder.close()
    return packets


def run(way: Way, seconds: float = 12.0, seed: int = 1) -> Run:
    """The whole voice through the line and out again."""
    packets = encoded(seconds, way.packet_ms, way.fec)
    size = way.packet_ms * RATE // 1000
    events = _arrivals(way, packets, size, random.Random(seed))
    buffer = AudioJitterBuffer(OpusDecoder())
    out: list[Samples] = []
    result: list[Second] = []
    before = buffer.figures()
    for block in range(int((seconds - 0.2) * 100)):
        now = 5.0 + (block - block % way.pulls_at_once) / 100
        while events and events[0][0] <= now:
            arrival, _, at, data, redundant, again = heapq.heappop(events)
            buffer.put(at & 0xFFFF_FFFF, data, arrival, redundant=redundant, retransmitted=again)
        if block == 200:
            buffer.set_least_delay(way.least_delay_s)
        out.append(buffer.pull(now))
        if block % 100 == 99:
            after = buffer.figures()
            result.append(_second(before, after))
            before = after
    return Run(seconds=result, figures=buffer.figures(), sound=np.concatenate(out))


def _second(before: SoundFigures, after: SoundFigures) -> Second:
    emitted = max(1, after.jitter_buffer_emitted_count - before.jitter_buffer_emitted_count)
    return Second(
        concealed=(after.concealed_samples - before.concealed_samples) / (100 * BLOCK),
        delay_s=(after.jitter_buffer_delay - before.jitter_buffer_delay) / emitted,
        target_s=(after.jitter_buffer_target_delay - before.jitter_buffer_target_delay) / emitted,
    )


Event = tuple[float, int, int, bytes, bool, bool]


def _arrivals(way: Way, packets: tuple[bytes, ...], size: int, chance: random.Random) -> list[Event]:
    """(arrival, order, timestamp, data, redundant, sent again) as a heap; timestamps begin shortly before the wrap."""
    events: list[Event] = []
    first = 2**32 - 100_000
    last_arrival = 0.0
    in_burst = False
    asked: list[int] = []
    for index, data in enumerate(packets):
        sent = 5.0 + (index + 1) * size / RATE / (1 + way.drift_ppm * 1e-6)
        loss = way.loss if sent - 5.0 < way.loss_until_s else 0.0
        if way.burst > 1.0:
            begin = loss / (way.burst * (1 - loss))
            in_burst = loss > 0 and chance.random() < (1 - 1 / way.burst if in_burst else begin)
            lost = in_burst
        else:
            lost = chance.random() < loss
        lost = lost or any(begin <= sent - 5.0 < end for begin, end in way.outages)
        if lost:
            asked.append(index)
            continue
        arrival = sent + max(0.0, 0.02 + chance.gauss(0.0, way.jitter_s))
        for begin, end in way.holds:
            if begin <= sent - 5.0 < end:
                arrival = max(arrival, 5.0 + end)
        arrival = last_arrival = max(arrival, last_arrival)
        order = 10 * index
        if way.red and index:
            events.append((arrival, order, first + (index - 1) * size, packets[index - 1], True, False))
        events.append((arrival, order + 1, first + index * size, data, False, False))
        for missing in asked if way.again else ():
            for attempt in range(2):
                if chance.random() >= loss and chance.random() >= loss:
                    when = arrival + ROUND_TRIP_S * (1 + 1.2 * attempt) + chance.uniform(0.0, 0.02)
                    events.append((when, order + 2, first + missing * size, packets[missing], False, True))
                    break
        asked = []
    heapq.heapify(events)
    return events
