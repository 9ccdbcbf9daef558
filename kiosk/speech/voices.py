"""Which voice speaks which language, and how fast it is: pure, calibrated by measuring what it rendered."""

from __future__ import annotations

import msgspec

from kiosk.facts.profile import Language


class Voice(msgspec.Struct, frozen=True):
    """``name`` is espeak-ng's."""

    name: str


_BOKMAAL = Voice("gmq/nb")

VOICES = {
    Language.BOKMAAL: _BOKMAAL,
    # espeak-ng has no voice for nynorsk; its words in the mouth of the bokmål voice are understood.
    Language.NYNORSK: _BOKMAAL,
    Language.ENGLISH: Voice("en-gb"),
    Language.PSEUDO: _BOKMAAL,
}


def espeak_rate(voice: Voice, words_per_minute: int) -> int:
    """espeak-ng's parameter for so many words a minute as they are heard."""
    return round(words_per_minute * 162 / 140)
