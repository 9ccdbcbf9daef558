"""A nurse's change of the patient's profile during the call, and what she is told of it: JSON in a SIP MESSAGE. Pure.

She sends a JSON object with what is to be another; an empty one only asks. What is not known or not possible changes
nothing at all. The answer is a MESSAGE of the same type with the profile as it then is. Consents can be taken back
here, never given: the patient gives them, at home.
"""

from __future__ import annotations

import enum
from typing import Annotated, TypeVar

import msgspec

from kiosk.facts.profile import Language, Profile, RingTone, SoundProfile, Theme

CONTENT_TYPE = "application/vnd.svar.profile+json"
MAXIMUM_BYTES = 4096
VOLUME_STEP = 10
"""Of 100: 3 dB (facts/profile.py), the least that is surely heard."""


class ProfileRequestError(ValueError):
    """The body is no change that can be made; the text says why, without what stood in it."""


class Step(enum.Enum):
    """«Høyere», «Lavere»."""

    UP = "up"
    DOWN = "down"


class Consent(enum.Enum):
    """What can be taken back."""

    READINGS_ALOUD = "readings-aloud"


class ProfileChange(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is to be another; None: as it is."""

    volume: Step | None = None
    ring_volume: Step | None = None
    theme: Theme | None = None
    text_percent: Annotated[int, msgspec.Meta(ge=100, le=200)] | None = None
    words_per_minute: Annotated[int, msgspec.Meta(ge=90, le=200)] | None = None
    sound_profile: SoundProfile | None = None
    ring_tone: RingTone | None = None
    tremor: bool | None = None
    language: Language | None = None
    withdraw: Annotated[tuple[Consent, ...], msgspec.Meta(max_length=8)] = ()


class ToldProfile(msgspec.Struct, frozen=True, rename="camel"):
    """What the nurse is told. ``audiogram``: whether there is one to go by; ``refused``: her change was not made."""

    volume_percent: int
    ring_volume_percent: int
    theme: Theme
    text_percent: int
    words_per_minute: int
    sound_profile: SoundProfile
    ring_tone: RingTone
    tremor: bool
    language: Language
    audiogram: bool
    readings_aloud: bool
    refused: bool


Value = TypeVar("Value")

_decoder = msgspec.json.Decoder(ProfileChange)


def parse_change(body: bytes) -> ProfileChange:
    """Read a change. Raises ProfileRequestError."""
    if len(body) > MAXIMUM_BYTES:
        raise ProfileRequestError(f"{len(body)} bytes are too many for a change")
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileRequestError(f"not a change of a profile: {type(error).__name__}") from error


def changed(profile: Profile, change: ProfileChange) -> Profile:
    """The profile with the change made. Raises ProfileRequestError for what this patient's cannot be."""
    if change.language is Language.PSEUDO:
        raise ProfileRequestError("a language that nobody speaks")
    if change.sound_profile is SoundProfile.AUDIOGRAM and profile.hearing.audiogram is None:
        raise ProfileRequestError("there is no audiogram")
    replace = msgspec.structs.replace
    hearing, consents = profile.hearing, profile.consents
    if Consent.READINGS_ALOUD in change.withdraw:
        consents = replace(consents, readings_aloud=False)
    return replace(
        profile,
        language=_or(change.language, profile.language),
        seeing=replace(
            profile.seeing,
            theme=_or(change.theme, profile.seeing.theme),
            text_percent=_or(change.text_percent, profile.seeing.text_percent),
        ),
        hearing=replace(
            hearing,
            volume_percent=_stepped(hearing.volume_percent, change.volume),
            ring_volume_percent=_stepped(hearing.ring_volume_percent, change.ring_volume),
            sound_profile=_or(change.sound_profile, hearing.sound_profile),
            ring_tone=_or(change.ring_tone, hearing.ring_tone),
        ),
        speaking=replace(
            profile.speaking, words_per_minute=_or(change.words_per_minute, profile.speaking.words_per_minute)
        ),
        pressing=replace(profile.pressing, tremor=_or(change.tremor, profile.pressing.tremor)),
        consents=consents,
    )


def told(profile: Profile, *, refused: bool) -> bytes:
    """The answer, less than 1300 bytes (RFC 3428 section 8)."""
    return msgspec.json.encode(
        ToldProfile(
            volume_percent=profile.hearing.volume_percent,
            ring_volume_percent=profile.hearing.ring_volume_percent,
            theme=profile.seeing.theme,
            text_percent=profile.seeing.text_percent,
            words_per_minute=profile.speaking.words_per_minute,
            sound_profile=profile.hearing.sound_profile,
            ring_tone=profile.hearing.ring_tone,
            tremor=profile.pressing.tremor,
            language=profile.language,
            audiogram=profile.hearing.audiogram is not None,
            readings_aloud=profile.consents.readings_aloud,
            refused=refused,
        )
    )


def _or(wanted: Value | None, present: Value) -> Value:
    return present if wanted is None else wanted


def _stepped(percent: int, step: Step | None) -> int:
    if step is None:
        return percent
    return max(0, min(100, percent + (VOLUME_STEP if step is Step.UP else -VOLUME_STEP)))
