"""A nurse's change of the patient's profile: what is understood, what is refused, and what it makes of a profile."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.call.profile_request import (
    MAXIMUM_BYTES,
    ProfileChange,
    ProfileRequestError,
    Step,
    changed,
    parse_change,
    told,
)
from kiosk.facts.profile import (
    Audiogram,
    Consents,
    Hearing,
    Language,
    Pressing,
    Profile,
    RingTone,
    Seeing,
    SoundProfile,
    Speaking,
    Theme,
)

CONSENTED = Profile(consents=Consents(readings_aloud=True))


def change(**members: Any) -> Profile:
    return changed(CONSENTED, parse_change(json.dumps(members).encode()))


@pytest.mark.parametrize(
    ("members", "wanted"),
    [
        ({}, CONSENTED),
        ({"volume": "up"}, msgspec.structs.replace(CONSENTED, hearing=Hearing(volume_percent=90))),
        ({"volume": "down"}, msgspec.structs.replace(CONSENTED, hearing=Hearing(volume_percent=70))),
        ({"ringVolume": "up"}, CONSENTED),
        ({"ringVolume": "down"}, msgspec.structs.replace(CONSENTED, hearing=Hearing(ring_volume_percent=90))),
        (
            {"theme": "calm", "textPercent": 150},
            msgspec.structs.replace(CONSENTED, seeing=Seeing(theme=Theme.CALM, text_percent=150)),
        ),
        ({"wordsPerMinute": 110}, msgspec.structs.replace(CONSENTED, speaking=Speaking(words_per_minute=110))),
        (
            {"soundProfile": "strong", "ringTone": "deep"},
            msgspec.structs.replace(
                CONSENTED, hearing=Hearing(sound_profile=SoundProfile.STRONG, ring_tone=RingTone.DEEP)
            ),
        ),
        ({"tremor": True}, msgspec.structs.replace(CONSENTED, pressing=Pressing(tremor=True))),
        ({"language": "nn"}, msgspec.structs.replace(CONSENTED, language=Language.NYNORSK)),
        ({"withdraw": ["readings-aloud"]}, Profile()),
    ],
)
def test_what_a_change_makes_of_a_profile(members: dict[str, Any], wanted: Profile) -> None:
    assert change(**members) == wanted


@pytest.mark.parametrize(
    "members",
    [
        {"textPercent": 99},
        {"textPercent": 201},
        {"textPercent": "150"},
        {"wordsPerMinute": 300},
        {"theme": "pink"},
        {"language": "pseudo"},
        {"language": "se"},
        {"soundProfile": "audiogram"},
        {"volume": 100},
        {"tremor": 1},
        {"readingsAloud": True},
        {"consents": {"readings_aloud": True}},
        {"withdraw": ["everything"]},
        {"voice": "x", "theme": "calm"},
    ],
)
def test_what_is_refused_changes_nothing(members: dict[str, Any]) -> None:
    with pytest.raises(ProfileRequestError):
        change(**members)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b"[" * 4000, b"\xff", b" " * (MAXIMUM_BYTES + 1)])
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(ProfileRequestError):
        parse_change(body)


@given(st.binary(max_size=300))
def test_any_body_is_survived(body: bytes) -> None:
    try:
        changed(Profile(), parse_change(body))
    except ProfileRequestError as error:
        assert len(str(error)) < 100


def test_the_audiogram_where_there_is_one() -> None:
    measured = Profile(hearing=Hearing(audiogram=Audiogram((20, 20, 30, 40, 50, 60, 70, 70))))
    found = changed(measured, ProfileChange(sound_profile=SoundProfile.AUDIOGRAM))
    assert found.hearing.sound_profile is SoundProfile.AUDIOGRAM
    assert found.hearing.audiogram == measured.hearing.audiogram


@given(st.lists(st.sampled_from(Step), max_size=30))
def test_the_volume_stays_on_its_scale(steps: list[Step]) -> None:
    profile = Profile()
    for step in steps:
        profile = changed(profile, ProfileChange(volume=step))
        assert 0 <= profile.hearing.volume_percent <= 100


@given(st.dictionaries(st.sampled_from(["volume", "withdraw", "theme", "tremor", "language"]), st.none() | st.text()))
def test_no_message_gives_a_consent(members: dict[str, object]) -> None:
    try:
        profile = changed(Profile(), parse_change(json.dumps(members).encode()))
    except ProfileRequestError:
        return
    assert profile.consents == Consents()


def test_what_the_nurse_is_told() -> None:
    body = told(CONSENTED, refused=False)
    assert len(body) < 1300
    assert json.loads(body) == {
        "volumePercent": 80,
        "ringVolumePercent": 100,
        "theme": "dark",
        "textPercent": 100,
        "wordsPerMinute": 140,
        "soundProfile": "off",
        "ringTone": "standard",
        "tremor": False,
        "language": "nb",
        "audiogram": False,
        "readingsAloud": True,
        "refused": False,
    }
