"""The structures of libvpx's C interface and the library itself, checked before use; encodes and decodes nothing.

The structures are written down from vpx_codec.h, vpx_encoder.h and vpx_image.h of the versions in ``KNOWN``. The
library cannot be asked how it lays them out, so any other version is refused until somebody has compared it.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Final

from kiosk.media.codec.bundled import LibraryTrouble, LibraryTroubleError, bundled_folder, load

KNOWN: Final = {b"v1.17": (39, 12), b"v1.16": (39, 12), b"v1.12": (25, 12)}
"""Release -> encoder and decoder interface numbers (VPX_ENCODER_ABI_VERSION, VPX_DECODER_ABI_VERSION).

PyAV 18 brings 1.16, PyAV 19 brings 1.17, Debian 12 has 1.12; the tests of the encoder passed with each.
"""

MAXIMUM_TEMPORAL_LAYERS = 5
MAXIMUM_PERIODICITY = 16

_u = ctypes.c_uint
_i = ctypes.c_int
_handle = ctypes.c_void_p


class FixedBuffer(ctypes.Structure):
    """vpx_fixed_buf."""

    _fields_ = (("buf", ctypes.c_void_p), ("sz", ctypes.c_size_t))


class EncoderConfig(ctypes.Structure):
    """vpx_codec_enc_cfg. What follows the temporal layers differs between releases and stays as the library set it."""

    _fields_ = (
        ("g_usage", _u),
        ("g_threads", _u),
        ("g_profile", _u),
        ("g_w", _u),
        ("g_h", _u),
        ("g_bit_depth", _i),
        ("g_input_bit_depth", _u),
        ("g_timebase_num", _i),
        ("g_timebase_den", _i),
        ("g_error_resilient", ctypes.c_uint32),
        ("g_pass", _i),
        ("g_lag_in_frames", _u),
        ("rc_dropframe_thresh", _u),
        ("rc_resize_allowed", _u),
        ("rc_scaled_width", _u),
        ("rc_scaled_height", _u),
        ("rc_resize_up_thresh", _u),
        ("rc_resize_down_thresh", _u),
        ("rc_end_usage", _i),
        ("rc_twopass_stats_in", FixedBuffer),
        ("rc_firstpass_mb_stats_in", FixedBuffer),
        ("rc_target_bitrate", _u),
        ("rc_min_quantizer", _u),
        ("rc_max_quantizer", _u),
        ("rc_undershoot_pct", _u),
        ("rc_overshoot_pct", _u),
        ("rc_buf_sz", _u),
        ("rc_buf_initial_sz", _u),
        ("rc_buf_optimal_sz", _u),
        ("rc_2pass_vbr_bias_pct", _u),
        ("rc_2pass_vbr_minsection_pct", _u),
        ("rc_2pass_vbr_maxsection_pct", _u),
        ("rc_2pass_vbr_corpus_complexity", _u),
        ("kf_mode", _i),
        ("kf_min_dist", _u),
        ("kf_max_dist", _u),
        ("ss_number_layers", _u),
        ("ss_enable_auto_alt_ref", _i * 5),
        ("ss_target_bitrate", _u * 5),
        ("ts_number_layers", _u),
        ("ts_target_bitrate", _u * MAXIMUM_TEMPORAL_LAYERS),
        ("ts_rate_decimator", _u * MAXIMUM_TEMPORAL_LAYERS),
        ("ts_periodicity", _u),
        ("ts_layer_id", _u * MAXIMUM_PERIODICITY),
        ("the_rest", ctypes.c_uint8 * 2048),
    )


DEFAULTS: Final = {
    "g_w": 320,
    "g_h": 240,
    "g_bit_depth": 8,
    "g_input_bit_depth": 8,
    "g_timebase_num": 1,
    "g_timebase_den": 30,
    "rc_scaled_width": 1,
    "rc_resize_up_thresh": 60,
    "rc_target_bitrate": 256,
    "rc_min_quantizer": 4,
    "rc_max_quantizer": 63,
    "rc_buf_sz": 6000,
    "rc_buf_initial_sz": 4000,
    "rc_buf_optimal_sz": 5000,
    "rc_2pass_vbr_maxsection_pct": 400,
    "kf_mode": 1,
    "kf_max_dist": 128,
    "ss_number_layers": 1,
    "ts_number_layers": 1,
}
"""What the library's VP8 encoder starts from: found in other places, the layout is another one."""


class FramePacket(ctypes.Structure):
    """The head of vpx_codec_cx_pkt for an encoded frame."""

    _fields_ = (
        ("kind", _i),
        ("buf", ctypes.c_void_p),
        ("sz", ctypes.c_size_t),
        ("pts", ctypes.c_int64),
        ("duration", ctypes.c_ulong),
        ("flags", ctypes.c_uint32),
        ("partition_id", _i),
    )


class Image(ctypes.Structure):
    """vpx_image."""

    _fields_ = (
        ("fmt", _i),
        ("cs", _i),
        ("range", _i),
        ("w", _u),
        ("h", _u),
        ("bit_depth", _u),
        ("d_w", _u),
        ("d_h", _u),
        ("r_w", _u),
        ("r_h", _u),
        ("x_chroma_shift", _u),
        ("y_chroma_shift", _u),
        ("planes", ctypes.c_void_p * 4),
        ("stride", _i * 4),
        ("bps", _i),
        ("user_priv", ctypes.c_void_p),
        ("img_data", ctypes.c_void_p),
        ("img_data_owner", _i),
        ("self_allocd", _i),
        ("fb_priv", ctypes.c_void_p),
    )


CONTEXT_BYTES: Final = 256
"""Room for vpx_codec_ctx, which has 56 bytes; nothing of it is read here."""


class VpxLibrary:
    """A loaded libvpx of a known version. ``encoder_abi`` goes into every call that opens an encoder."""

    def __init__(self, library: ctypes.CDLL) -> None:
        library.vpx_codec_version_str.restype = ctypes.c_char_p
        self.version: bytes = library.vpx_codec_version_str()
        abi = KNOWN.get(b".".join(self.version.split(b".")[:2]))
        if abi is None:
            raise _unknown(f"libvpx {self.version.decode('ascii', 'replace')} is not known")
        self.encoder_abi, self.decoder_abi = abi
        self.calls = library
        _declare(library)
        self.vp8_encoder = ctypes.c_void_p(library.vpx_codec_vp8_cx())
        self._check()

    def default_config(self) -> EncoderConfig:
        """What a VP8 encoder starts from."""
        config = EncoderConfig()
        if self.calls.vpx_codec_enc_config_default(self.vp8_encoder, ctypes.byref(config), 0):
            raise _unknown("libvpx has no VP8 encoder")
        return config

    def _check(self) -> None:
        config = self.default_config()
        moved = [name for name, value in DEFAULTS.items() if getattr(config, name) != value]
        if moved:
            raise _unknown(f"libvpx lays out its settings in another way ({', '.join(moved)})")
        config.g_w = config.g_h = 16
        context = ctypes.create_string_buffer(CONTEXT_BYTES)
        if self.calls.vpx_codec_enc_init_ver(context, self.vp8_encoder, ctypes.byref(config), 0, self.encoder_abi):
            raise _unknown(f"libvpx {self.version.decode()} refuses interface {self.encoder_abi}")
        self.calls.vpx_codec_destroy(context)


def _declare(library: ctypes.CDLL) -> None:
    config = ctypes.POINTER(EncoderConfig)
    image = ctypes.POINTER(Image)
    for name, result, arguments in (
        ("vpx_codec_vp8_cx", _handle, []),
        ("vpx_codec_enc_config_default", _i, [_handle, config, _u]),
        ("vpx_codec_enc_init_ver", _i, [_handle, _handle, config, ctypes.c_long, _i]),
        ("vpx_codec_enc_config_set", _i, [_handle, config]),
        (
            "vpx_codec_encode",
            _i,
            [_handle, image, ctypes.c_int64, ctypes.c_ulong, ctypes.c_long, ctypes.c_ulong],
        ),
        ("vpx_codec_get_cx_data", ctypes.POINTER(FramePacket), [_handle, ctypes.POINTER(_handle)]),
        # Variable arguments travel like named ones on Linux's x86-64 and arm64.
        ("vpx_codec_control_", _i, [_handle, _i, _handle]),
        ("vpx_codec_destroy", _i, [_handle]),
        ("vpx_codec_error_detail", ctypes.c_char_p, [_handle]),
        ("vpx_codec_err_to_string", ctypes.c_char_p, [_i]),
    ):
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments


def _unknown(sentence: str) -> LibraryTroubleError:
    return LibraryTroubleError(LibraryTrouble.UNKNOWN_VERSION, sentence)


@functools.cache
def vpx_library() -> VpxLibrary:
    """The library, loaded once. Raises LibraryTroubleError."""
    return VpxLibrary(load("vpx", ctypes.CDLL, bundled_folder()))
