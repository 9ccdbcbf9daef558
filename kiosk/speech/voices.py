"""Which voice speaks which language, and how fast it is: pure, calibrated by measuring what it rendered."""

from __future__ import annotations

import msgspec

from kiosk.facts.profile import Language


class Voice(msgspec.Struct, frozen=True):
    """``name`` is espeak-ng's; ``at_140``: its rate at which 140 words a minute are heard, with the pauses behind
    sentences (``kiosk bench access --only g10_rate``)."""

    name: str
    at_140: int


_BOKMAAL = Voice("gmq/nb", 157)

VOICES = {
    Language.BOKMAAL: _BOKMAAL,
    # espeak-ng has no voice for nynorsk; its words in the mouth of the bokmål voice are understood.
    Language.NYNORSK: _BOKMAAL,
    Language.ENGLISH: Voice("en-gb", 129),
    Language.PSEUDO: _BOKMAAL,
}


def espeak_rate(voice: Voice, words_per_minute: int) -> int:
    """espeak-ng's parameter for so many words a minute as they are heard."""
    return round(words_per_minute * voice.at_140 / 140)


def words_per_minute(voice_name: str, rate: int) -> int:
    """The other way round, of a voice by espeak-ng's name for it; 140 for one that is not ours."""
    voice = next((one for one in VOICES.values() if one.name == voice_name), None)
    return 140 if voice is None else round(rate * 140 / voice.at_140)
