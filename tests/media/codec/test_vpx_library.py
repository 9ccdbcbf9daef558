"""The contract with libvpx: fails when the bundled library is no longer what the structures were written for."""

from __future__ import annotations

import ctypes
import ctypes.util
import struct

import pytest

from kiosk.media.codec.bundled import LibraryTrouble, LibraryTroubleError
from kiosk.media.codec.vpx_library import DEFAULTS, KNOWN, EncoderConfig, FramePacket, Image, VpxLibrary, vpx_library


def test_the_bundled_version_is_the_one_that_was_read() -> None:
    library = vpx_library()
    assert library.version in {b"v1.16.0", b"v1.17.0"}
    assert (library.encoder_abi, library.decoder_abi) == (39, 12)


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="figures of a 64-bit machine")
def test_the_layout() -> None:
    assert EncoderConfig.rc_twopass_stats_in.offset == 80
    assert EncoderConfig.rc_target_bitrate.offset == 112
    assert EncoderConfig.ts_number_layers.offset == 216
    assert EncoderConfig.the_rest.offset == 328
    assert (FramePacket.buf.offset, FramePacket.sz.offset, FramePacket.flags.offset) == (8, 16, 40)
    assert (Image.d_w.offset, Image.planes.offset, Image.stride.offset, ctypes.sizeof(Image)) == (24, 48, 80, 136)


def test_the_defaults_stand_where_the_layout_says() -> None:
    config = vpx_library().default_config()
    assert {name: getattr(config, name) for name in DEFAULTS} == DEFAULTS
    # Nothing of the layers is set that would tell whether they stand in the right place: encoding in layers does.
    assert config.ts_periodicity == 0


def test_other_interface_numbers_are_refused_by_the_library() -> None:
    library = vpx_library()
    config = library.default_config()
    context = ctypes.create_string_buffer(256)
    for abi in (library.encoder_abi - 1, library.encoder_abi + 1):
        assert library.calls.vpx_codec_enc_init_ver(context, library.vp8_encoder, config, 0, abi) == 3


def test_the_image_is_what_the_library_makes_of_it() -> None:
    wrap = vpx_library().calls.vpx_img_wrap
    wrap.restype = ctypes.c_void_p
    wrap.argtypes = [ctypes.POINTER(Image), ctypes.c_int, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_char_p]
    image = Image()
    assert wrap(image, 0x102, 320, 240, 1, bytes(320 * 240 * 3 // 2))
    assert (image.fmt, image.w, image.h, image.d_w, image.d_h) == (0x102, 320, 240, 320, 240)
    assert (image.x_chroma_shift, image.y_chroma_shift, image.bps) == (1, 1, 12)
    assert list(image.stride)[:3] == [320, 160, 160]
    assert image.planes[1] - image.planes[0] == 320 * 240


def _release() -> bytes:
    return vpx_library().version.rsplit(b".", 1)[0]


def test_an_unknown_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(KNOWN, _release())
    with pytest.raises(LibraryTroubleError, match="is not known") as raised:
        VpxLibrary(vpx_library().calls)
    assert raised.value.trouble is LibraryTrouble.UNKNOWN_VERSION


def test_a_moved_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEFAULTS, "rc_buf_sz", struct.calcsize("i"))
    with pytest.raises(LibraryTroubleError, match="rc_buf_sz"):
        VpxLibrary(vpx_library().calls)


def test_a_wrong_interface_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KNOWN, _release(), (38, 12))
    with pytest.raises(LibraryTroubleError, match="38"):
        VpxLibrary(vpx_library().calls)


@pytest.mark.skipif(ctypes.util.find_library("vpx") != "libvpx.so.7", reason="Debian 12's libvpx is not here")
def test_the_library_of_debian_12_is_known_too() -> None:
    assert VpxLibrary(ctypes.CDLL("libvpx.so.7")).version.startswith(b"v1.12")
