"""G11 to G14: what the access bench says of the sound, and that its measures see what they are for."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.accessbench import intelligibility
from kiosk.accessbench.access_check import AccessCheck, judged
from kiosk.accessbench.intelligibility import shaped, stretches
from kiosk.accessbench.sound_checks import CHECKS, babble, energy_shares, said, true_peak_dbfs
from kiosk.facts.profile import Hearing, SoundProfile

SLOW = ("g14_haspi", "g14_profile_processor", "g14_profile_echo")
LIGHT = ("g12_",)
SOUND = [check for check in CHECKS if not check.name.startswith((*SLOW, *LIGHT))]


@pytest.mark.parametrize("check", SOUND, ids=[check.name for check in SOUND])
def test_the_sound_reaches_its_goal(check: AccessCheck) -> None:
    figure = check.measure()
    assert judged(check, figure).met, figure


def test_energy_is_told_where_it_is() -> None:
    at = np.arange(48_000) / 48_000
    assert energy_shares(np.sin(2 * np.pi * 1000 * at)) == pytest.approx((100, 0), abs=0.1)
    assert energy_shares(np.sin(2 * np.pi * 3500 * at)) == pytest.approx((0, 100), abs=0.1)


def test_a_peak_between_the_samples_is_seen() -> None:
    at = np.arange(4800)
    between = np.sin(np.pi / 2 * at + np.pi / 4)  # its samples reach 0.71
    assert 20 * np.log10(np.abs(between).max()) == pytest.approx(-3, abs=0.1)
    assert true_peak_dbfs(between) == pytest.approx(0, abs=0.2)


def test_speech_keeps_its_length_and_its_level_when_nothing_is_chosen() -> None:
    speech = babble(0.5)
    assert np.abs(said(Hearing(volume_percent=100), speech) - speech).max() < 2 / 32768


def test_the_chain_of_the_intelligibility_figures_is_that_of_the_loudspeaker() -> None:
    """Else HASPI would judge a sound that nobody hears."""
    hearing = Hearing(volume_percent=100, sound_profile=SoundProfile.STRONG)
    speech = babble(0.5)
    assert np.abs(shaped(speech, hearing)[4800:] - said(hearing, speech)[4800:]).max() < 0.01


def test_without_the_package_the_figures_of_intelligibility_are_missing_not_good() -> None:
    if intelligibility.installed():
        pytest.skip("pyclarity is installed here")
    assert intelligibility.strong_for_n4().value is None


def test_the_stretches_of_speech_are_of_one_level() -> None:
    assert len(stretches()) == 5
    assert [round(float(np.sqrt(np.mean(one**2))), 3) for one in stretches()] == [0.05] * 5
