"""A room with a tablet in it, as sound: from what the loudspeaker is given to what its microphone hears; pure."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000
_SOUND_M_S = 343.0
_LOWEST_HZ, _HIGHEST_HZ = 250.0, 9_000.0
"""What the loudspeaker of a tablet gives back."""
_DECAY_60_DB = 6.908
"""Natural logarithm of 1000: an amplitude falls by 60 dB in one reverberation time."""

Samples = npt.NDArray[np.float64]


class Room(msgspec.Struct, frozen=True):
    """``reverberation_s``: RT60. ``delay_s``: from the block handed to the loudspeaker to the block in which its first
    sound comes back, buffers and air together. ``echo_dbfs``: level of the echo of far speech in the microphone.

    ``distance_m``: loudspeaker to microphone. ``distortion``: of the loudspeaker at full level, as harmonic share of
    the amplitude (0.01 is 1 %). ``noise_dbfs``: of the room in the microphone.
    """

    reverberation_s: float
    delay_s: float
    distance_m: float = 0.2
    volume_m3: float = 40.0
    echo_dbfs: float = -30.0
    distortion: float = 0.01
    noise_dbfs: float = -60.0
    seed: int = 1


def response(room: Room) -> Samples:
    """The room's impulse response without ``delay_s``, of unit energy: a direct path, sparse early reflections, and a
    dense tail that decays exponentially.

    Direct and reverberant energy stand as the critical distance says: 0.057 sqrt(volume / RT60) m.
    """
    random = np.random.default_rng(room.seed)
    length = int(room.reverberation_s * RATE_HZ)
    at = np.arange(length) / RATE_HZ
    decay = np.exp(-_DECAY_60_DB * at / room.reverberation_s)
    # Reflections get denser with the square of time; the first walls are a metre or two away.
    mean_free_s = 0.6 * room.volume_m3 ** (1 / 3) / _SOUND_M_S
    density = np.clip((at / mean_free_s) ** 2 * 0.02, 0, 1)
    tail = random.standard_normal(length) * decay * (random.random(length) < density) / np.sqrt(density + 1e-9)
    tail[: int(0.5 * mean_free_s * RATE_HZ)] = 0
    critical_m = 0.057 * np.sqrt(room.volume_m3 / room.reverberation_s)
    tail *= room.distance_m / critical_m / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    whole = np.fft.irfft(np.fft.rfft(tail, 2 * length) * _band(2 * length), 2 * length)[: length + RATE_HZ // 100]
    shaped: Samples = whole / np.sqrt(np.sum(whole**2))
    return shaped


def echo_of(room: Room, played: Samples, *, moved_at: int | None = None, moved_by_s: float = 0.0) -> Samples:
    """What the microphone hears of ``played`` (full scale is 1), of the same length; not yet at its level.

    From sample ``moved_at`` on the sound comes ``moved_by_s`` later, as when a sound server loses a buffer.
    """
    distorted = _loudspeaker(played, room.distortion)
    heard = convolved(distorted, response(room))
    early = _later(heard, room.delay_s)
    if moved_at is None:
        return early
    late = _later(heard, room.delay_s + moved_by_s)
    early[moved_at:] = late[moved_at:]
    return early


def noise_of(room: Room, length: int) -> Samples:
    """The room's own noise: falls by 3 dB an octave, as that of fans and streets does."""
    random = np.random.default_rng(room.seed + 1000)
    spectrum = np.fft.rfft(random.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(length, 1 / RATE_HZ), 50.0))
    noise = np.fft.irfft(spectrum, length)
    scaled: Samples = noise * (10 ** (room.noise_dbfs / 20) / np.sqrt(np.mean(noise**2)))
    return scaled


def convolved(samples: Samples, impulse: Samples) -> Samples:
    """The first ``len(samples)`` of the convolution."""
    size = 1 << (len(samples) + len(impulse)).bit_length()
    whole: Samples = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(impulse, size), size)
    return whole[: len(samples)]


def _band(size: int) -> Samples:
    frequency = np.fft.rfftfreq(size, 1 / RATE_HZ)
    rise = (frequency / _LOWEST_HZ) ** 2
    band: Samples = rise / (1 + rise) / (1 + (frequency / _HIGHEST_HZ) ** 4)
    return band


def _loudspeaker(played: Samples, distortion: float) -> Samples:
    """Even harmonics from its asymmetry, odd ones from its limits. Both are ``distortion`` of a full-scale sine."""
    bent: Samples = played + distortion * (2 * played**2 - 4 * played**3)
    return bent


def _later(samples: Samples, seconds: float) -> Samples:
    count = round(seconds * RATE_HZ)
    return np.concatenate([np.zeros(count), samples])[: len(samples)]
