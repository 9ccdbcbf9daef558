"""The words between core and the speech child."""

from __future__ import annotations

import msgspec


class Synthesize(msgspec.Struct, frozen=True, tag="synthesize"):
    """Make samples of ``text``. ``rate`` is espeak-ng's parameter, not words a minute."""

    request_id: int
    text: str
    voice: str
    rate: int


class Synthesized(msgspec.Struct, frozen=True, tag="synthesized"):
    """Done. File descriptors: [memfd with signed 16-bit little-endian mono samples]."""

    request_id: int
    sample_rate: int
    samples: int


class NotSynthesized(msgspec.Struct, frozen=True, tag="not-synthesized"):
    """The voice would not; ``detail`` for the log."""

    request_id: int
    detail: str


FromSpeech = Synthesized | NotSynthesized
