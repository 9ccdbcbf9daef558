"""Opus (RFC 6716) through libopus: 48 kHz mono sound to packets and back, with what stands in for lost packets.

PyAV's own decoder neither conceals a lost packet nor reads the in-band copy that the next one carries. Not here: which
packet is lost, buffering, RTP.

The library is called without letting go of Python's lock: a call takes 20 to 400 microseconds, and getting the lock
back from a busy thread can take 5 ms, half a block of the sound card.
"""

from __future__ import annotations

import ctypes
import functools
import threading
import weakref
from typing import Literal

import numpy as np
import numpy.typing as npt

from kiosk.media.codec.bundled import bundled_folder, load

Samples = npt.NDArray[np.int16]

RATE_HZ = 48_000
CHANNELS = 1
MAXIMUM_SAMPLES = 5_760
"""120 ms, the most that a packet may hold (RFC 6716 section 3.2.5, R5)."""
COMPLEXITY = 5

_MAXIMUM_PACKET_BYTES = 1_275 * 6
_SHORTEST = 120  # 2.5 ms, the unit in which libopus conceals

# opus_defines.h
_APPLICATION_VOIP = 2048
_SET_BITRATE = 4002
_SET_COMPLEXITY = 4010
_SET_INBAND_FEC = 4012
_SET_PACKET_LOSS_PERC = 4014
_SET_DTX = 4016
_SET_SIGNAL = 4024
_SIGNAL_VOICE = 3001
_BUFFER_TOO_SMALL = -2
_INVALID_PACKET = -4

_int_p = ctypes.POINTER(ctypes.c_int)


class OpusError(Exception):
    """libopus refused: nonsense instead of a packet, or an argument out of range."""


def packet_samples(packet: bytes) -> int | None:
    """How many samples at 48 kHz a packet holds by its table of contents (RFC 6716 section 3.1); None for nonsense."""
    if not packet:
        return None
    first = packet[0]
    code = first & 3
    if code == 3:
        if len(packet) < 2:
            return None
        frames = packet[1] & 0x3F
    else:
        frames = 1 if code == 0 else 2
    samples = frames * _frame_samples(first >> 3)
    return samples if 0 < samples <= MAXIMUM_SAMPLES else None


def _frame_samples(configuration: int) -> int:
    if configuration < 12:
        return (480, 960, 1920, 2880)[configuration & 3]
    if configuration < 16:
        return (480, 960)[configuration & 1]
    return (120, 240, 480, 960)[configuration & 3]


def has_fec(packet: bytes) -> bool:
    """Whether the packet carries a coarser copy of the sound before it: the LBRR flag (RFC 6716 sections 4.2.3, 4.2.4).

    Only packets with a SILK part can. The flags are the first bits of the first frame: one for voice activity for each
    20 ms of the frame, then one for the copy; of a stereo frame the middle channel first.
    """
    start = _first_frame(packet)
    if start is None or start >= len(packet):
        return False
    configuration = packet[0] >> 3
    if configuration >= 16:
        return False
    parts = max(1, _frame_samples(configuration) // 960)
    flags = packet[start]
    if flags >> (7 - parts) & 1:
        return True
    return bool(packet[0] & 4 and flags >> (6 - 2 * parts) & 1)


def _first_frame(packet: bytes) -> int | None:
    """Where the first frame begins (RFC 6716 section 3.2); None for nonsense and for a frame of no bytes."""
    size = len(packet)
    if size < 2:
        return None
    code = packet[0] & 3
    at = 1 if code < 3 else 2
    lengths = 1 if code == 2 else 0
    if code == 3:
        if packet[1] & 0x40:
            while at < size and packet[at] == 255:
                at += 1
            at += 1
        if packet[1] & 0x80:
            lengths = (packet[1] & 0x3F) - 1
    for number in range(lengths):
        if at >= size or (number == 0 and packet[at] == 0):
            return None
        at += 1 if packet[at] < 252 else 2
    return at


@functools.cache
def _library() -> ctypes.PyDLL:
    library = load("opus", ctypes.PyDLL, bundled_folder())
    handle = ctypes.c_void_p
    for name, result, arguments in (
        ("opus_get_version_string", ctypes.c_char_p, []),
        ("opus_strerror", ctypes.c_char_p, [ctypes.c_int]),
        ("opus_encoder_create", handle, [ctypes.c_int32, ctypes.c_int, ctypes.c_int, _int_p]),
        ("opus_encoder_destroy", None, [handle]),
        # Variable arguments travel like named ones on Linux's x86-64 and arm64.
        ("opus_encoder_ctl", ctypes.c_int, [handle, ctypes.c_int, ctypes.c_int32]),
        ("opus_encode", ctypes.c_int32, [handle, handle, ctypes.c_int, handle, ctypes.c_int32]),
        ("opus_decoder_create", handle, [ctypes.c_int32, ctypes.c_int, _int_p]),
        ("opus_decoder_destroy", None, [handle]),
        ("opus_decode", ctypes.c_int, [handle, ctypes.c_char_p, ctypes.c_int32, handle, ctypes.c_int, ctypes.c_int]),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


def library_version() -> str:
    """Such as "libopus 1.6.1". Raises LibraryTroubleError."""
    version: bytes = _library().opus_get_version_string()
    return version.decode("ascii", "replace")


def _checked(result: int) -> int:
    if result < 0:
        message: bytes = _library().opus_strerror(result)
        raise OpusError(message.decode("ascii", "replace"))
    return result


class OpusEncoder:
    """Sound of one voice to packets: VOIP, variable bit rate, no silence gaps (DTX), until ``close``.

    May be used from several threads, one call at a time. Raises LibraryTroubleError without a library.
    """

    def __init__(self, *, bitrate: int, frame_ms: Literal[20, 40, 60] = 20) -> None:
        self._library = _library()
        problem = ctypes.c_int(0)
        handle = self._library.opus_encoder_create(RATE_HZ, CHANNELS, _APPLICATION_VOIP, ctypes.byref(problem))
        _checked(problem.value)
        self._handle = handle
        self._release = weakref.finalize(self, self._library.opus_encoder_destroy, handle)
        self._lock = threading.Lock()
        self._packet = ctypes.create_string_buffer(_MAXIMUM_PACKET_BYTES)
        self._packet_view = memoryview(self._packet)
        self._samples = 0
        for request, value in (
            (_SET_COMPLEXITY, COMPLEXITY),
            (_SET_SIGNAL, _SIGNAL_VOICE),
            (_SET_DTX, 0),
        ):
            self._set(request, value)
        self.set_bitrate(bitrate)
        self.set_frame_ms(frame_ms)

    @property
    def samples(self) -> int:
        """How many samples ``encode`` takes."""
        return self._samples

    def encode(self, samples: Samples) -> bytes:
        """One packet of ``samples`` (int16, mono, exactly one frame). Raises OpusError."""
        if samples.dtype != np.int16 or samples.shape != (self._samples,):
            raise OpusError(f"{samples.dtype}{list(samples.shape)} instead of int16[{self._samples}]")
        if not samples.flags.c_contiguous:
            samples = np.ascontiguousarray(samples)
        with self._lock:
            self._alive()
            size = _checked(
                self._library.opus_encode(
                    self._handle, samples.ctypes.data, self._samples, self._packet, _MAXIMUM_PACKET_BYTES
                )
            )
            return bytes(self._packet_view[:size])

    def set_bitrate(self, bitrate: int) -> None:
        """Bits a second, without RTP and below. Raises OpusError below 500 and above 512 000."""
        if not 500 <= bitrate <= 512_000:
            raise OpusError(f"{bitrate} bit/s is out of range")
        self._set(_SET_BITRATE, bitrate)

    def set_expected_loss(self, percent: int) -> None:
        """What share of packets will be lost; above 0 packets carry a copy of the one before when the rate allows.

        libopus 1.6 with 20 ms of speech: 81 % of packets do (all with voice in them) from 6 percent and 20 kbit/s on,
        none below, and none at 16 kbit/s whatever is expected. The copy is paid for out of the same rate.
        """
        if not 0 <= percent <= 100:
            raise OpusError(f"{percent} percent is out of range")
        self._set(_SET_INBAND_FEC, 1 if percent else 0)
        self._set(_SET_PACKET_LOSS_PERC, percent)

    def set_frame_ms(self, frame_ms: Literal[20, 40, 60]) -> None:
        """How long the sound in a packet is; longer packets cost fewer headers."""
        if frame_ms not in (20, 40, 60):
            raise OpusError(f"frames of {frame_ms} ms are not used")
        self._samples = frame_ms * RATE_HZ // 1000

    def close(self) -> None:
        """Gives the native encoder back; later calls raise OpusError."""
        with self._lock:
            self._release()

    def _set(self, request: int, value: int) -> None:
        with self._lock:
            self._alive()
            _checked(self._library.opus_encoder_ctl(self._handle, request, value))

    def _alive(self) -> None:
        if not self._release.alive:
            raise OpusError("closed")


class OpusDecoder:
    """Packets to sound, in the order of the calls: each call moves the voice on. Until ``close``.

    Stereo packets come out mixed to one channel. May be used from several threads, one call at a time. Raises
    LibraryTroubleError without a library.
    """

    def __init__(self) -> None:
        self._library = _library()
        problem = ctypes.c_int(0)
        handle = self._library.opus_decoder_create(RATE_HZ, CHANNELS, ctypes.byref(problem))
        _checked(problem.value)
        self._handle = handle
        self._release = weakref.finalize(self, self._library.opus_decoder_destroy, handle)
        self._lock = threading.Lock()
        self._sound = np.zeros(MAXIMUM_SAMPLES, dtype=np.int16)
        self._sound_at = self._sound.ctypes.data

    def decode(self, packet: bytes) -> Samples:
        """The sound of a packet, ``packet_samples(packet)`` samples. Raises OpusError for nonsense."""
        if packet_samples(packet) is None:
            raise OpusError("not an Opus packet")
        return self._decode(packet, MAXIMUM_SAMPLES, 0)

    def decode_fec(self, next_packet: bytes, samples: int) -> Samples:
        """The ``samples`` that were lost just before ``next_packet``, from its copy of them; concealed without one.

        ``samples`` is a multiple of 120 (2.5 ms), usually what a packet holds. Raises OpusError.
        """
        if packet_samples(next_packet) is None:
            raise OpusError("not an Opus packet")
        return self._decode(next_packet, _concealable(samples), 1)

    def conceal(self, samples: int) -> Samples:
        """``samples`` (a multiple of 120) that sound like what went before, fading to silence. Raises OpusError."""
        return self._decode(None, _concealable(samples), 0)

    def close(self) -> None:
        """Gives the native decoder back; later calls raise OpusError."""
        with self._lock:
            self._release()

    def _decode(self, packet: bytes | None, room: int, fec: int) -> Samples:
        with self._lock:
            if not self._release.alive:
                raise OpusError("closed")
            length = 0 if packet is None else len(packet)
            count = _checked(self._library.opus_decode(self._handle, packet, length, self._sound_at, room, fec))
            return self._sound[:count].copy()


def _concealable(samples: int) -> int:
    if samples <= 0 or samples > MAXIMUM_SAMPLES or samples % _SHORTEST:
        raise OpusError(f"{samples} samples cannot be concealed")
    return samples
