"""Tells the processor to take vanishingly small numbers for zero in the calling thread; nothing else.

The echo canceller's filters decay towards zero when the room falls silent, and arithmetic with denormal numbers is
slow: measured 3.3 ms instead of 0.28 ms for each 10 ms block, for minutes. The C library's ``fesetenv`` (C99 7.6.4.3)
loads the control word that holds the switches: MXCSR on x86-64, FPCR on arm64.
"""

from __future__ import annotations

import ctypes
import platform
import struct

_FENV_BYTES = 64  # glibc: 32 on x86-64, 8 on arm64
_X86_MXCSR_AT = 28
_X86_FLUSH_AND_TREAT_AS_ZERO = 1 << 15 | 1 << 6
_ARM_FPCR_AT = 0
_ARM_FLUSH_TO_ZERO = 1 << 24
_WORDS = {
    "x86_64": (_X86_MXCSR_AT, _X86_FLUSH_AND_TREAT_AS_ZERO),
    "aarch64": (_ARM_FPCR_AT, _ARM_FLUSH_TO_ZERO),
}


def flush_denormals() -> bool:
    """Whether the calling thread flushes denormal numbers to zero from now on; False on an unknown machine or libm."""
    if platform.machine() not in _WORDS or platform.libc_ver()[0] != "glibc":
        return False
    place, bits = _WORDS[platform.machine()]
    try:
        libm = ctypes.CDLL("libm.so.6")
        environment = ctypes.create_string_buffer(_FENV_BYTES)
        if libm.fegetenv(environment) != 0:
            return False
        (word,) = struct.unpack_from("<I", environment, place)
        struct.pack_into("<I", environment, place, word | bits)
        return bool(libm.fesetenv(environment) == 0)
    except (OSError, AttributeError):
        return False
