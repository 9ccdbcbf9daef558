"""Looks at SCTP packets before aiortc does: one parameter of length 0 would keep aiortc 1.16 busy for ever.

Reads only the outer form (RFC 9260 section 3); what the chunks mean is aiortc's.
"""

from __future__ import annotations

import struct

_HEADER = 12
_CHUNK = struct.Struct("!BBH")
_PARAMETER = struct.Struct("!HH")
_FIXED_PART = {1: 16, 2: 16, 4: 0, 5: 0, 6: 0, 9: 0, 130: 0}
"""Chunk type -> bytes before its parameters, for those whose parameters aiortc reads."""


def is_sound(data: bytes) -> bool:
    """Whether every chunk and parameter has a length that leads on."""
    at = _HEADER
    while at <= len(data) - _CHUNK.size:
        kind, _, length = _CHUNK.unpack_from(data, at)
        end = at + length
        if length < _CHUNK.size or end > len(data):
            return False
        fixed = _FIXED_PART.get(kind)
        if fixed is not None:
            parameter = at + _CHUNK.size + fixed
            while parameter <= end - _PARAMETER.size:
                (_, size) = _PARAMETER.unpack_from(data, parameter)
                if size < _PARAMETER.size:
                    return False
                parameter += size + -size % 4
        at = end + -length % 4
    return True
