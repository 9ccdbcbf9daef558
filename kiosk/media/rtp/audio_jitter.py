"""Received Opus packets become an unbroken voice: buffered as deep as the line asks, stretched, repaired, concealed.

Not here: RTP, RED and asking for lost packets again (``opus_red``, ``retransmission``), how deep the buffer should be
(``audio_delay``), the sound card.
"""

from __future__ import annotations

from typing import Protocol

import msgspec
import numpy as np

from kiosk.media.codec.libopus import OpusError, has_fec, packet_samples
from kiosk.media.rtp.audio_delay import RATE_HZ, AudioDelay
from kiosk.media.rtp.sequence import Unwrapper
from kiosk.media.rtp.time_stretch import QUIET, SHORTEST_PIECE, Samples, accelerate, expand, level

BLOCK = 480
"""Samples in a block of 10 ms."""

_MOST_PACKETS = 150
_MOST_SEEN = 256
_MOST_BEHIND_S = 0.4  # above the target; more is skipped rather than caught up with
_BACKLOG_S = 0.04  # the first block is asked for so late: begin with what is new
_STRAY_S = 2.0
_STRAYS = 3
_CONCEALABLE = 120  # samples; libopus conceals in steps of 2.5 ms
_FADE_BEGINS = RATE_HZ * 100 // 1000
_FADE_ENDS = RATE_HZ * 150 // 1000
_FADE_IN = 240
_SILENT_PACKET = 2  # bytes; no longer packet says «nothing until further notice» (RFC 6716 section 2.1.9)
_TOO_LATE_S = 0.012  # a change of up to 15 ms does not lead back
_TOO_EARLY_S = 0.004
_FAR_S = 0.06  # so far from the target, every piece is stretched, and less alike periods are merged
_PAUSE = RATE_HZ * 40 // 1000  # samples between two changes of running speech
_ALIKE = 0.9
_ALIKE_FAR = 0.75
_LEAK_S = 0.0004  # a packet: how fast a lasting rise of the delay is believed
_QUIET_MOST = 300.0


class Decoder(Protocol):
    """As ``libopus.OpusDecoder``; each call moves the voice on. What cannot be decoded raises OpusError."""

    def decode(self, packet: bytes) -> Samples: ...

    def decode_fec(self, next_packet: bytes, samples: int) -> Samples: ...

    def conceal(self, samples: int) -> Samples: ...


class SoundFigures(msgspec.Struct, frozen=True):
    """Counts since the beginning, by the names and meanings of W3C's inbound-rtp statistics (webrtc-stats).

    Delays are sums over samples: seconds times ``jitter_buffer_emitted_count``. Comfort noise of a pause counts as
    silent concealed samples and makes no concealment event.
    """

    total_samples_received: int
    concealed_samples: int
    silent_concealed_samples: int
    concealment_events: int
    inserted_samples_for_deceleration: int
    removed_samples_for_acceleration: int
    jitter_buffer_delay: float
    jitter_buffer_target_delay: float
    jitter_buffer_emitted_count: int
    packets_discarded: int
    """Came too late, or could not be decoded."""
    packets_repaired: int
    """Lost, and there in time as a copy or sent again."""
    fec_packets_used: int
    """Lost, and played from the coarser copy within the next packet."""


class AudioJitterBuffer:
    """One stream's packets in, blocks of 10 ms out. Not thread-safe: the caller holds a lock around every use.

    Timestamps are RTP's, 32 bits at 48 kHz; times are CLOCK_MONOTONIC seconds.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._total = self._concealed = self._silent = self._events = 0
        self._inserted = self._removed = self._emitted = 0
        self._delay_sum = self._target_sum = 0.0
        self._discarded = self._repaired = self._fec_used = 0
        self._least = 0.0
        self.reset()

    def reset(self) -> None:
        """Another stream begins (a new SSRC): forget what waits and what was learnt, keep the counts."""
        self._unwrapper = Unwrapper(32)
        self._delay = AudioDelay()
        self._delay.set_least(self._least)
        self._packets: dict[int, tuple[bytes, int, float, bool]] = {}
        self._seen: dict[int, None] = {}
        self._first: int | None = None
        self._strays = 0
        self._started = False
        self._position = 0  # timestamp behind the last sample that was decoded
        self._sound = np.zeros(0, dtype=np.int16)  # decoded, not yet pulled
        self._low = 0.0  # least recent (time of playing - media time)
        self._resumed = True
        self._stalled = 0  # concealed at the end, while nothing says what is missing
        self._run = 0  # concealed since the last true sample
        self._silence_said = False
        self._floor = 0.0
        self._quiet = QUIET
        self._since_change = _PAUSE
        self.playing: tuple[int, float] | None = None
        """(unwrapped timestamp, time): what left with the first sample of the last block; None while nothing plays.
        The lower 32 bits are RTP's timestamp; the upper ones begin anew with every stream."""

    @property
    def target_s(self) -> float:
        """How long after the quickest way's time a packet should begin to play."""
        return self._delay.target_s

    @property
    def delay_s(self) -> float:
        """How long after it a packet begins to play now; 0 before the first."""
        base = self._delay.base
        return 0.0 if base is None or not self._started else self._low - base

    def set_least_delay(self, seconds: float) -> None:
        """Do not aim below this, so that the picture can keep up. Raises ValueError outside 0-0.4 s."""
        self._delay.set_least(seconds)
        self._least = seconds

    def figures(self) -> SoundFigures:
        """The counts until now."""
        return SoundFigures(
            total_samples_received=self._total,
            concealed_samples=self._concealed,
            silent_concealed_samples=self._silent,
            concealment_events=self._events,
            inserted_samples_for_deceleration=self._inserted,
            removed_samples_for_acceleration=self._removed,
            jitter_buffer_delay=self._delay_sum,
            jitter_buffer_target_delay=self._target_sum,
            jitter_buffer_emitted_count=self._emitted,
            packets_discarded=self._discarded,
            packets_repaired=self._repaired,
            fec_packets_used=self._fec_used,
        )

    def put(self, timestamp: int, data: bytes, arrival: float, *, redundant: bool, retransmitted: bool = False) -> None:
        """A packet, a copy of one (``redundant``) or one sent again; put a payload's copies before its primary."""
        samples = packet_samples(data)
        if samples is None:
            self._discarded += 1
            return
        copy = redundant or retransmitted
        at = self._unwrapper.unwrap(timestamp)
        if not copy and self._is_stray(at, arrival):
            if self._strays < _STRAYS:
                return
            self.reset()
            at = self._unwrapper.unwrap(timestamp)
        if at in self._packets:
            return
        fresh = at not in self._seen
        if self._first is None:
            if copy:
                return
            self._first = at
        if redundant:
            self._delay.redundancy_seen(arrival)
        if at < self._first:
            return
        if fresh:
            self._learn(at, data, samples, arrival, copy)
        if self._started and at < self._position:
            self._discarded += fresh and not redundant
            return
        self._packets[at] = (data, samples, arrival, copy)
        if len(self._packets) > _MOST_PACKETS:
            self._discarded += 1
            del self._packets[min(self._packets)]

    def pull(self, now: float) -> Samples:
        """The next 480 samples, to be played at ``now``: silence until the first packet is due."""
        if not self._started and not self._begin(now):
            return np.zeros(BLOCK, dtype=np.int16)
        while len(self._sound) < BLOCK:
            self._more(now)
        self.playing = (self._position - len(self._sound), now) if self._run < _FADE_ENDS else None
        block = self._sound[:BLOCK].copy()
        self._sound = self._sound[BLOCK:]
        self._total += BLOCK
        self._since_change += BLOCK
        return block

    def _is_stray(self, at: int, arrival: float) -> bool:
        """Whether this packet's timestamp has nothing to do with those before."""
        base = self._delay.base
        if base is None or abs(self._delay.transit(at, arrival) - base) < _STRAY_S:
            self._strays = 0
            return False
        self._strays += 1
        return True

    def _learn(self, at: int, data: bytes, samples: int, arrival: float, copy: bool) -> None:
        self._see(at)
        if copy:
            self._delay.repaired(at, arrival)
        else:
            self._delay.arrived(at, samples, arrival)
        before = at - samples
        if before not in self._seen and self._first is not None and before >= self._first and has_fec(data):
            self._see(before)
            self._delay.repaired(before, arrival)

    def _see(self, at: int) -> None:
        self._seen[at] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]

    def _begin(self, now: float) -> bool:
        base = self._delay.base
        if base is None or not self._packets:
            return False
        first = min(self._packets)
        late = now - base - first / RATE_HZ - self._delay.target_s
        if late < 0.0:
            return False
        self._started = True
        self._position = first
        if late > _BACKLOG_S:
            self._skip(now - base - self._delay.target_s)
        return True

    def _more(self, now: float) -> None:
        """One more piece of sound behind what waits: played, repaired or made up."""
        base = self._delay.base
        assert base is not None  # begun
        playing_at = now + len(self._sound) / RATE_HZ
        if playing_at - self._position / RATE_HZ - base > self._delay.target_s + _MOST_BEHIND_S:
            self._skip(playing_at - base - self._delay.target_s)
        packet = self._packets.pop(self._position, None)
        if packet is not None:
            self._play(packet, now)
            self._keep_to_target(now, base)
            return
        ahead = min(self._packets, default=None)
        if ahead is None:
            # Late, lost, or the line is down: nothing says yet. Media time stands still.
            self._conceal(BLOCK)
            self._stalled += BLOCK
            self._resumed = True
            return
        if ahead < self._position:
            # Overlaps what was played: no true sender's.
            del self._packets[ahead]
            self._discarded += 1
            return
        self._bridge(ahead, playing_at, base)

    def _skip(self, media_s: float) -> None:
        """Forget what should have been played before this media time, if anything later is there."""
        newest = max(self._packets, default=None)
        if newest is None:
            return
        self._position = max(self._position, min(newest, round(media_s * RATE_HZ)))
        for at in [at for at in self._packets if at < self._position]:
            del self._packets[at]
            self._discarded += 1
        first = min(self._packets, default=None)
        if first is not None and first - self._position < self._packets[first][1]:
            self._position = first
        self._resumed = True
        self._stalled = 0

    def _bridge(self, ahead: int, playing_at: float, base: float) -> None:
        """Something is missing before ``ahead``: a step of what stands in for it, or on to ``ahead`` when due."""
        if self._stalled:
            self._position = min(self._position + self._stalled, ahead)
            self._stalled = 0
        self._resumed = True
        hole = ahead - self._position
        late = self._low
        if self._silence_said or late - base > self._delay.target_s:
            late = base + self._delay.target_s
        left = round((late - playing_at) * RATE_HZ) + ahead  # until ``ahead`` should begin
        data, samples, arrival, _ = self._packets[ahead]
        if hole >= samples and has_fec(data):
            if left < samples + _CONCEALABLE:
                self._position = ahead
                self._play_fec(data, samples, playing_at - arrival)
                return
            left -= samples
        elif left < _CONCEALABLE:
            self._position = ahead
            return
        count = min(BLOCK, left // _CONCEALABLE * _CONCEALABLE)
        self._conceal(count)
        self._position = min(self._position + count, ahead)

    def _play(self, packet: tuple[bytes, int, float, bool], now: float) -> None:
        data, samples, arrival, copy = packet
        at = self._position
        waiting = len(self._sound)
        self._stalled = 0
        self._position = at + samples
        try:
            sound = self._decoder.decode(data)
        except OpusError:
            self._discarded += 1
            self._conceal(samples // _CONCEALABLE * _CONCEALABLE)
            return
        begins = now + waiting / RATE_HZ
        offset = begins - at / RATE_HZ
        self._low = offset if self._resumed else min(self._low + _LEAK_S, offset)
        self._resumed = False
        self._repaired += copy
        self._silence_said = len(data) <= _SILENT_PACKET
        loudness = level(sound)
        self._floor = min(loudness, self._floor * 1.003 + 0.05)
        self._quiet = min(_QUIET_MOST, max(QUIET, 2.0 * self._floor))
        self._add_true(sound, begins - arrival)

    def _play_fec(self, data: bytes, samples: int, waited: float) -> None:
        try:
            sound = self._decoder.decode_fec(data, samples)
        except OpusError:
            self._conceal(samples // _CONCEALABLE * _CONCEALABLE)
            return
        self._fec_used += 1
        self._add_true(sound, waited)

    def _add_true(self, sound: Samples, waited: float) -> None:
        count = len(sound)
        if self._run > _FADE_BEGINS:
            fade = min(_FADE_IN, count)
            sound = sound.copy()
            sound[:fade] = (sound[:fade] * np.linspace(0.0, 1.0, fade, dtype=np.float32)).astype(np.int16)
        self._run = 0
        self._emitted += count
        self._delay_sum += (waited + count / 2 / RATE_HZ) * count
        self._target_sum += self._delay.target_s * count
        self._sound = np.concatenate((self._sound, sound))

    def _conceal(self, count: int) -> None:
        """``count`` samples (a multiple of 2.5 ms) of what might have been said, fading away; noise in a pause."""
        run = self._run
        self._run = run + count
        self._concealed += count
        if self._silence_said:
            self._silent += count
            self._sound = np.concatenate((self._sound, self._decoder.conceal(count)))
            return
        self._events += run == 0
        if run >= _FADE_ENDS:
            self._silent += count
            self._sound = np.concatenate((self._sound, np.zeros(count, dtype=np.int16)))
            return
        sound = self._decoder.conceal(count)
        if run + count > _FADE_BEGINS:
            gain = (_FADE_ENDS - run - np.arange(count, dtype=np.float32)) / np.float32(_FADE_ENDS - _FADE_BEGINS)
            sound = (sound * np.clip(gain, 0.0, 1.0)).astype(np.int16)
        self._sound = np.concatenate((self._sound, sound))

    def _keep_to_target(self, now: float, base: float) -> None:
        """Stretch what waits by a pitch period, when the delay is far enough from the target."""
        late = self._low - base - self._delay.target_s
        if -_TOO_EARLY_S < late < _TOO_LATE_S:
            return
        far = late > _FAR_S or late < -_FAR_S
        if self._since_change < _PAUSE and not far and level(self._sound) > self._quiet:
            return
        if late > 0 or len(self._sound) < SHORTEST_PIECE:
            following = self._packets.pop(self._position, None)
            if following is not None:
                self._play(following, now)
        before = len(self._sound)
        change = accelerate if late > 0 else expand
        self._sound = change(self._sound, quiet=self._quiet, alike=_ALIKE_FAR if far else _ALIKE)
        grown = len(self._sound) - before
        if grown == 0:
            return
        self._since_change = 0
        self._low += grown / RATE_HZ
        if grown > 0:
            self._inserted += grown
        else:
            self._removed -= grown
