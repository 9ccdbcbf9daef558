"""VP8 for a conversation: pictures to frames through libvpx, frames to pictures; no RTP, no choice of rate or size.

The encoder follows a new rate without a key frame and knows temporal layers, which PyAV's cannot. The decoder is
PyAV's: the same pictures as libvpx's to the bit, the same on damaged data (whatever is left of a frame is decoded
without complaint), and a tenth faster than libvpx with a copy out of its frame store.
"""

from __future__ import annotations

import ctypes
import threading
import weakref
from typing import Final, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from kiosk.media.codec.vpx_library import CONTEXT_BYTES, Image, VpxLibrary, vpx_library

MAXIMUM_WIDTH, MAXIMUM_HEIGHT = 1920, 1080
TemporalLayers = Literal[1, 2, 3]

# vpx_encoder.h, vp8cx.h, vpx_image.h
_CBR = 1
_KEY_FRAMES_ON_REQUEST = 0
_ERROR_RESILIENT = 1
_REALTIME = 1
_FRAME_PACKET = 0
_FRAME_IS_KEY = 1
_I420 = 0x102
_SET_CPU_USED = 13
_SET_NOISE_SENSITIVITY = 15
_SET_STATIC_THRESHOLD = 17
_SET_TOKEN_PARTITIONS = 18
_GET_LAST_QUANTIZER = 19
_SET_MAX_INTRA_BITRATE_PCT = 26
_SET_TEMPORAL_LAYER_ID = 30
_SET_SCREEN_CONTENT = 31
_FORCE_KEY = 1 << 0
_NO_REF_GOLDEN = 1 << 17
_NO_UPD_LAST = 1 << 18
_FORCE_GOLDEN = 1 << 19
_NO_UPD_ENTROPY = 1 << 20
_NO_REF_ALTREF = 1 << 21
_NO_UPD_GOLDEN = 1 << 22
_NO_UPD_ALTREF = 1 << 23

CLOCK_RATE = 90_000
# Measured with a talking head: from -4 to -6 half the time for 0.1 dB, from -6 to -8 a tenth of it, at -12 0.5 to 1 dB
# are lost. A small picture is quick anyway.
_CPU_USED, _LARGE_CPU_USED = -6, -8
_LARGE = 640 * 480
# The rate control's own idea of a buffer (start, aim, end). Small: what it may save up and spend at once ends up in the
# queue of the line. Browsers use 500, 600, 1000.
_BUFFER_MS: Final = (150, 200, 300)
# A key frame takes no longer on the line than this; with less, the frames behind it only grow.
_MAX_INTRA_MS = 150
_UNDERSHOOT, _OVERSHOOT = 100, 15
_MIN_QUANTIZER, _MAX_QUANTIZER = 2, 56
# Below this share of the aimed buffer pictures are left out. Hardly ever but when the rate is too low for the size, or
# all changes at once; then the queue would grow instead.
_DROP_PERCENT = 30
_STATIC_THRESHOLD = 1
# Another scene (camera uncovered, another camera) as an ordinary frame took ten times the mean, as a key frame three
# times. Mean change of the luma without what changed everywhere: talking 4 to 7, cycling 18, cuts 40 and more.
_CUT_STEP = 16
_CUT_CHANGE = 30.0
_CUTS_APART_MS = 1000  # a light that flickers is no new scene each time


class Vp8Error(Exception):
    """libvpx refused, or bytes are no VP8 frame that may be shown."""


class EncodedPicture(msgspec.Struct, frozen=True):
    """One VP8 frame. ``quantizer`` is VP8's own 0 (best) to 127; ``layer_sync``: needs nothing but layer 0.

    ``non_reference``: no later frame needs this one.
    """

    data: bytes
    key_frame: bool
    quantizer: int
    temporal_layer: int
    layer_sync: bool
    non_reference: bool


class _Step(NamedTuple):
    layer: int
    flags: int
    layer_sync: bool
    non_reference: bool


_ONLY_LAST = _NO_REF_GOLDEN | _NO_REF_ALTREF
_KEEP_OTHERS = _NO_UPD_GOLDEN | _NO_UPD_ALTREF
_KEEP_ALL = _NO_UPD_LAST | _KEEP_OTHERS | _NO_UPD_ENTROPY

_BASE = _Step(0, _ONLY_LAST | _KEEP_OTHERS, False, False)
_PATTERNS: Final[dict[int, tuple[_Step, ...]]] = {
    1: (_BASE,),
    2: (_BASE, _Step(1, _ONLY_LAST | _KEEP_ALL, True, True)),
    # The golden picture belongs to layer 1.
    3: (
        _BASE,
        _Step(2, _ONLY_LAST | _KEEP_ALL, True, True),
        _Step(1, _ONLY_LAST | _NO_UPD_LAST | _NO_UPD_ALTREF | _NO_UPD_ENTROPY | _FORCE_GOLDEN, True, False),
        _Step(2, _NO_REF_ALTREF | _KEEP_ALL, False, True),
    ),
}
_SHARES: Final = {1: (1.0,), 2: (0.6, 1.0), 3: (0.4, 0.6, 1.0)}
"""The part of the rate up to and with each layer."""


class Vp8Encoder:
    """Pictures to VP8 frames at a constant rate, until ``close``. May be used from several threads, one call at a time.

    Raises LibraryTroubleError without a usable library, Vp8Error when an argument is out of range.
    """

    def __init__(self, width: int, height: int, *, bitrate: int, frames_per_second: float = 30) -> None:
        self._library: VpxLibrary = vpx_library()
        self._cut_ms = -_CUTS_APART_MS
        self._lock = threading.Lock()
        self._context = ctypes.create_string_buffer(CONTEXT_BYTES)
        self._config = self._library.default_config()
        self._image = Image()
        self._quantizer = ctypes.c_int()
        self._release: weakref.finalize[[object], Vp8Encoder] | None = None
        self._layers: TemporalLayers = 1
        self._step = 0
        self._clock = 0
        self._last_ms: int | None = None
        self._thumbnail: npt.NDArray[np.int16] | None = None
        self._bitrate = 0
        self._interval_ms = 0.0
        self._rate(bitrate, frames_per_second)
        self._size(width, height)
        self._open()

    def encode(self, frame: VideoFrame, *, pts_ms: int, key_frame: bool = False) -> EncodedPicture | None:
        """One frame from a yuv420p picture of the encoder's size; None when it was left out to keep the rate.

        ``pts_ms`` is when it was taken; only the distance to the one before counts. Raises Vp8Error.
        """
        if frame.format.name != "yuv420p" or (frame.width, frame.height) != (self._config.g_w, self._config.g_h):
            raise Vp8Error(f"{frame.format.name} {frame.width}x{frame.height} does not fit the encoder")
        with self._lock:
            self._alive()
            step = _PATTERNS[self._layers][self._step]
            flags = step.flags
            cut = self._is_cut(frame) and pts_ms - self._cut_ms >= _CUTS_APART_MS
            if cut:
                self._cut_ms = pts_ms
            if cut or key_frame:
                step, flags = _PATTERNS[self._layers][0], _FORCE_KEY
            if self._layers > 1:
                self._control(_SET_TEMPORAL_LAYER_ID, step.layer)
            for number, plane in enumerate(frame.planes):
                self._image.planes[number] = plane.buffer_ptr
                self._image.stride[number] = plane.line_size
            advance = self._advance(pts_ms)
            calls = self._library.calls
            self._checked(calls.vpx_codec_encode(self._context, self._image, self._clock, advance, flags, _REALTIME))
            self._clock += advance
            data, is_key = self._frame()
            if data is None:
                return None
            if is_key:
                step = _PATTERNS[self._layers][0]
                self._step = 0
            self._step = (self._step + 1) % len(_PATTERNS[self._layers])
            self._checked(
                calls.vpx_codec_control_(self._context, _GET_LAST_QUANTIZER, ctypes.addressof(self._quantizer))
            )
            return EncodedPicture(data, is_key, self._quantizer.value, step.layer, step.layer_sync, step.non_reference)

    def set_rate(self, bitrate: int, frames_per_second: float) -> None:
        """Bits a second without RTP and below, and how many pictures come; causes no key frame. Raises Vp8Error."""
        with self._lock:
            self._alive()
            self._rate(bitrate, frames_per_second)
            self._apply()

    def set_temporal_layers(self, layers: TemporalLayers) -> None:
        """In how many layers frames are sent from the next one on; causes no key frame. Raises Vp8Error."""
        if layers not in _PATTERNS:
            raise Vp8Error(f"{layers} temporal layers are not used")
        with self._lock:
            self._alive()
            if layers == self._layers:
                return
            self._layers = layers
            self._step = 0
            self._rate(self._bitrate, 1000 / self._interval_ms)
            self._apply()

    def resize(self, width: int, height: int) -> None:
        """Pictures of another size come from now on; the next frame is a key frame. Raises Vp8Error."""
        with self._lock:
            self._alive()
            if (width, height) == (self._config.g_w, self._config.g_h):
                return
            self._size(width, height)
            self._close()
            self._open()

    def close(self) -> None:
        """Gives the native encoder back; later calls raise Vp8Error."""
        with self._lock:
            self._close()

    def _size(self, width: int, height: int) -> None:
        if not (2 <= width <= MAXIMUM_WIDTH and 2 <= height <= MAXIMUM_HEIGHT):
            raise Vp8Error(f"{width}x{height} is out of range")
        self._config.g_w, self._config.g_h = width, height
        image = self._image
        image.fmt = _I420
        image.w = image.d_w = width
        image.h = image.d_h = height
        image.bit_depth = 8
        image.x_chroma_shift = image.y_chroma_shift = 1
        image.bps = 12

    def _rate(self, bitrate: int, frames_per_second: float) -> None:
        if not (1_000 <= bitrate <= 50_000_000 and 1 <= frames_per_second <= 120):
            raise Vp8Error(f"{bitrate} bit/s at {frames_per_second} frames/s is out of range")
        self._bitrate = bitrate
        self._interval_ms = 1000 / frames_per_second
        config = self._config
        kilobits = max(1, bitrate // 1000)
        config.rc_target_bitrate = kilobits
        config.rc_dropframe_thresh = _DROP_PERCENT
        layers = self._layers
        pattern = _PATTERNS[layers]
        config.ts_number_layers = layers
        config.ts_periodicity = len(pattern)
        for number, step in enumerate(pattern):
            config.ts_layer_id[number] = step.layer
        for number, share in enumerate(_SHARES[layers]):
            config.ts_target_bitrate[number] = max(number + 1, int(kilobits * share))
            config.ts_rate_decimator[number] = 1 << (layers - 1 - number)
        config.g_error_resilient = _ERROR_RESILIENT if layers > 1 else 0

    def _open(self) -> None:
        config = self._config
        config.g_threads = 1
        config.g_timebase_num, config.g_timebase_den = 1, CLOCK_RATE
        config.g_lag_in_frames = 0
        config.rc_end_usage = _CBR
        config.rc_resize_allowed = 0
        config.rc_min_quantizer, config.rc_max_quantizer = _MIN_QUANTIZER, _MAX_QUANTIZER
        config.rc_undershoot_pct, config.rc_overshoot_pct = _UNDERSHOOT, _OVERSHOOT
        config.rc_buf_initial_sz, config.rc_buf_optimal_sz, config.rc_buf_sz = _BUFFER_MS
        config.kf_mode = _KEY_FRAMES_ON_REQUEST
        library = self._library
        self._context = ctypes.create_string_buffer(CONTEXT_BYTES)
        self._checked(
            library.calls.vpx_codec_enc_init_ver(self._context, library.vp8_encoder, config, 0, library.encoder_abi)
        )
        self._release = weakref.finalize(self, library.calls.vpx_codec_destroy, self._context)
        large = config.g_w * config.g_h >= _LARGE
        for request, value in (
            (_SET_CPU_USED, _LARGE_CPU_USED if large else _CPU_USED),
            (_SET_NOISE_SENSITIVITY, 0),
            (_SET_STATIC_THRESHOLD, _STATIC_THRESHOLD),
            (_SET_TOKEN_PARTITIONS, 0),
            (_SET_MAX_INTRA_BITRATE_PCT, self._max_intra_percent()),
            (_SET_SCREEN_CONTENT, 0),
        ):
            self._control(request, value)
        self._step = 0
        self._clock = 0
        self._last_ms = None

    def _close(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None

    def _apply(self) -> None:
        self._checked(self._library.calls.vpx_codec_enc_config_set(self._context, self._config))
        self._control(_SET_MAX_INTRA_BITRATE_PCT, self._max_intra_percent())

    def _max_intra_percent(self) -> int:
        """What a key frame may take, in percent of a mean frame."""
        return max(100, round(_MAX_INTRA_MS * 100 / self._interval_ms))

    def _control(self, request: int, value: int) -> None:
        self._checked(self._library.calls.vpx_codec_control_(self._context, request, value))

    def _frame(self) -> tuple[bytes | None, bool]:
        iterator = ctypes.c_void_p()
        while packet := self._library.calls.vpx_codec_get_cx_data(self._context, ctypes.byref(iterator)):
            head = packet.contents
            if head.kind == _FRAME_PACKET and head.sz:
                return ctypes.string_at(head.buf, head.sz), bool(head.flags & _FRAME_IS_KEY)
        return None, False

    def _is_cut(self, frame: VideoFrame) -> bool:
        """Whether the picture has nothing to do with the one before."""
        luma = frame.planes[0]
        rows = np.frombuffer(luma, dtype=np.uint8).reshape(-1, luma.line_size)  # type: ignore[call-overload]
        thumbnail = rows[: frame.height : _CUT_STEP, : frame.width : _CUT_STEP].astype(np.int16)
        before, self._thumbnail = self._thumbnail, thumbnail
        if before is None or before.shape != thumbnail.shape:
            return False
        change = thumbnail - before
        return bool(np.abs(change - change.mean(dtype=np.float32)).mean() > _CUT_CHANGE)

    def _advance(self, pts_ms: int) -> int:
        """How far the rate control's clock goes for this picture: the mean distance of the last ten or so.

        The true distance would allow a huge frame after each pause of the camera, and libvpx takes every wobble of
        more than a tenth for a new frame rate.
        """
        if self._last_ms is not None:
            distance = min(max(pts_ms - self._last_ms, 8), 250)
            self._interval_ms += (distance - self._interval_ms) / 10
        self._last_ms = pts_ms
        return max(1, round(self._interval_ms * CLOCK_RATE / 1000))

    def _alive(self) -> None:
        if self._release is None:
            raise Vp8Error("closed")

    def _checked(self, result: int) -> None:
        if result:
            calls = self._library.calls
            detail: bytes = calls.vpx_codec_error_detail(self._context) or b""
            message: bytes = calls.vpx_codec_err_to_string(result)
            raise Vp8Error(f"{message.decode()}: {detail.decode('utf-8', 'replace')}")


def key_frame_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in the header of a key frame (RFC 6386 section 9.1); None for another frame.

    Raises Vp8Error for a header that is cut short or wrong.
    """
    if not data:
        raise Vp8Error("an empty frame")
    if data[0] & 1:
        return None
    if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
        raise Vp8Error("not a VP8 key frame")
    # The two bits on top tell how a player should scale; nobody does.
    return int.from_bytes(data[6:8], "little") & 0x3FFF, int.from_bytes(data[8:10], "little") & 0x3FFF


class Vp8Decoder:
    """Frames to pictures, in the order of the calls; begins with a key frame. One thread at a time."""

    def __init__(self) -> None:
        context = VideoCodecContext.create("vp8", "r")
        # More threads would hold frames back.
        context.thread_count = 1
        self._context = context

    def decode(self, data: bytes) -> VideoFrame | None:
        """The yuv420p picture of one whole frame; None for a frame that is not to be shown.

        The decoder does not notice a missing frame: whoever assembles frames must not pass what refers to one. Raises
        Vp8Error for what cannot be decoded, and for pictures larger than 1920x1080 before anything is allocated.
        """
        size = key_frame_size(data)
        if size is not None and not (0 < size[0] <= MAXIMUM_WIDTH and 0 < size[1] <= MAXIMUM_HEIGHT):
            raise Vp8Error(f"a picture of {size[0]}x{size[1]}")
        try:
            pictures = self._context.decode(Packet(data))
        except FFmpegError as error:
            raise Vp8Error(error.strerror or type(error).__name__) from error
        return pictures[-1] if pictures else None
