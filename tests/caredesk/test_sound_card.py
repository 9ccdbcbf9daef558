"""The virtual sound card carries a tone from player to recorder, and the measurement tells tone from silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kiosk.caredesk.listening import pulsed_tone_levels
from kiosk.caredesk.sound_card import KIOSK_LOUDSPEAKER, KIOSK_MICROPHONE, RATE_HZ, VirtualSoundCard


def _pulses(frequency: float, amplitude: float, noise: float = 0.0) -> np.ndarray:
    at = np.arange(3 * RATE_HZ) / RATE_HZ
    sine = amplitude * np.sin(2 * np.pi * frequency * at) * (at % 1.0 < 0.3)
    hiss = noise * np.random.default_rng(7).standard_normal(len(at))
    return ((sine + hiss) * 32767).clip(-32768, 32767).astype(np.int16)


def test_a_pulsed_tone_is_measured_in_decibels_of_a_full_scale_sine() -> None:
    tone, silence = pulsed_tone_levels(_pulses(700, 0.1), RATE_HZ, 700)
    assert tone == pytest.approx(-20, abs=0.5)
    assert silence < -90


def test_another_frequency_and_hiss_are_not_the_tone() -> None:
    tone, silence = pulsed_tone_levels(_pulses(700, 0.1), RATE_HZ, 1100)
    assert tone < -60
    tone, silence = pulsed_tone_levels(_pulses(700, 0.0, noise=0.01), RATE_HZ, 700)
    assert tone - silence < 12


def test_a_steady_tone_does_not_stand_over_itself() -> None:
    at = np.arange(3 * RATE_HZ) / RATE_HZ
    steady = (3276 * np.sin(2 * np.pi * 700 * at)).astype(np.int16)
    tone, silence = pulsed_tone_levels(steady, RATE_HZ, 700)
    assert tone - silence < 1


def test_too_little_sound_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than one window"):
        pulsed_tone_levels(np.zeros(100, dtype=np.int16), RATE_HZ, 700)


async def test_a_tone_goes_through_the_card(tmp_path: Path) -> None:
    card = VirtualSoundCard(tmp_path)
    await card.start()
    try:
        await card.play_pulsed_tone(700)
        tone, silence = pulsed_tone_levels(await card.listen(KIOSK_MICROPHONE, 3.0), RATE_HZ, 700)
        assert tone - silence > 20
        other, _ = pulsed_tone_levels(await card.listen(KIOSK_LOUDSPEAKER, 2.0), RATE_HZ, 700)
        assert other < -90
    finally:
        await card.stop()
        await card.stop()
