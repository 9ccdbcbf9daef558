"""Sound through a real PulseAudio: the tone into the microphone reaches the peer, the peer's tone the loudspeaker,
the ring and speech are heard and stop, and a card that goes away and comes back is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kiosk.caredesk.listening import band_levels, pulsed_tone_levels
from kiosk.caredesk.sound_card import KIOSK_LOUDSPEAKER, VirtualSoundCard
from kiosk.facts.profile import RingTone
from kiosk.ipc.media_messages import (
    AcceptCall,
    CallAnswered,
    CallPrepared,
    DropCall,
    FirstRemoteSound,
    MediaPart,
    MediaTrouble,
    PartState,
    ReportStatistics,
    RingSounding,
    SpeechFinished,
    StartRing,
    Statistics,
    StopRing,
    StopSpeaking,
)
from tests.media.core_end import CoreEnd, until
from tests.media.nurse_peer import NursePeer

RATE = 48_000


@pytest.fixture
async def card(tmp_path: Path) -> AsyncIterator[VirtualSoundCard]:
    card = VirtualSoundCard(tmp_path)
    await card.start()
    yield card
    await card.stop()


@pytest.fixture
async def core(card: VirtualSoundCard) -> AsyncIterator[CoreEnd]:
    """The real process on the virtual card, its sound running."""
    core = await CoreEnd.as_process(card.environment_kiosk)
    await core.configure()
    assert (await core.hear(PartState, lambda message: message.part is MediaPart.SOUND)).trouble is None
    yield core
    await core.stop()


def _dbfs(samples: np.ndarray) -> np.ndarray:
    """The level of each 10 ms."""
    blocks = samples[: len(samples) // 480 * 480].reshape(-1, 480).astype(np.float64) / 32768
    return np.asarray(10 * np.log10((blocks**2).mean(axis=1) + 1e-12))


def _sine(seconds: float, rate: int) -> bytes:
    at = np.arange(int(seconds * rate)) / rate
    return (6000 * np.sin(2 * np.pi * 440 * at)).astype("<i2").tobytes()


async def test_the_tones_of_both_ends_are_heard_at_the_other(core: CoreEnd, card: VirtualSoundCard) -> None:
    await card.play_pulsed_tone(700)
    nurse = NursePeer(frequency=1100)
    core.prepare("c", await nurse.offer())
    await core.hear(CallPrepared)
    core.send(AcceptCall(call_id="c"))
    await nurse.take((await core.hear(CallAnswered)).sdp)
    await core.hear(FirstRemoteSound)
    await asyncio.sleep(1.0)
    nurse.parts.clear()
    heard_by_patient = await card.listen(KIOSK_LOUDSPEAKER, 5.0)
    tone, silence = pulsed_tone_levels(heard_by_patient, RATE, 1100)
    assert tone - silence >= 20
    assert tone > -35
    await until(lambda: len(nurse.samples) > 4.5 * RATE)
    tone, silence = pulsed_tone_levels(nurse.samples, RATE, 700)
    assert tone - silence >= 20
    assert tone > -40
    core.send(ReportStatistics())
    counts = await core.hear(Statistics)
    assert counts.sound_blocks > 500
    core.send(DropCall(call_id="c"))
    await asyncio.sleep(0.3)
    assert _dbfs(await card.listen(KIOSK_LOUDSPEAKER, 1.0)).max() < -80
    await nurse.close()


async def test_the_ring_is_told_when_it_sounds_and_stops_at_once(core: CoreEnd, card: VirtualSoundCard) -> None:
    listening = asyncio.create_task(card.listen(KIOSK_LOUDSPEAKER, 4.0))
    await asyncio.sleep(0.5)
    asked = time.monotonic()
    core.send(StartRing(tone=RingTone.STANDARD))
    sounding = await core.hear(RingSounding)
    assert sounding.at - asked < 0.3
    await asyncio.sleep(1.0)
    core.send(StopRing())
    heard = await listening
    levels = _dbfs(heard)
    loud = np.flatnonzero(levels > -45)
    assert 0.85 < (loud[-1] - loud[0]) / 100 < 1.25
    assert levels[loud[-1] + 2 :].max() < -90
    assert band_levels(heard, RATE, 520).max() > -30


async def test_speech_is_heard_whole_and_its_end_is_told(core: CoreEnd, card: VirtualSoundCard) -> None:
    listening = asyncio.create_task(card.listen(KIOSK_LOUDSPEAKER, 3.0))
    await asyncio.sleep(0.5)
    core.speak(9, _sine(0.7, 22_050), 22_050)
    finished = await core.hear(SpeechFinished)
    assert (finished.speech_id, finished.dropped) == (9, False)
    heard = await listening
    loud = np.flatnonzero(_dbfs(heard) > -40)
    assert 0.66 < len(loud) / 100 < 0.74
    assert band_levels(heard, RATE, 440).max() == pytest.approx(20 * np.log10(6000 / 32768), abs=1)


async def test_speech_stops_within_a_tenth_of_a_second(core: CoreEnd, card: VirtualSoundCard) -> None:
    core.speak(1, _sine(5, 22_050), 22_050)
    core.speak(2, _sine(5, 22_050), 22_050)
    listening = asyncio.create_task(card.listen(KIOSK_LOUDSPEAKER, 2.0))
    await asyncio.sleep(1.0)
    began = time.monotonic()
    core.send(StopSpeaking())
    ended = [await core.hear(SpeechFinished) for _ in range(2)]
    assert [(end.speech_id, end.dropped) for end in ended] == [(1, True), (2, True)]
    assert time.monotonic() - began < 0.1
    levels = _dbfs(await listening)
    assert levels[-60:].max() < -90, "silent within a tenth of a second, and the card's own buffer"


async def test_a_card_that_goes_away_and_comes_back_is_told(core: CoreEnd, card: VirtualSoundCard) -> None:
    core.speak(1, _sine(20, 22_050), 22_050)
    await card.stop()
    lost = await core.hear(PartState, lambda message: message.part is MediaPart.SOUND)
    assert lost.trouble in (MediaTrouble.STALLED, MediaTrouble.FAILED, MediaTrouble.NOT_FOUND)
    assert (await core.hear(SpeechFinished)).dropped
    await card.start()
    await core.hear(PartState, lambda message: message.part is MediaPart.SOUND and message.trouble is None)
    core.send(StartRing(tone=RingTone.STANDARD))
    await core.hear(RingSounding)
    assert _dbfs(await card.listen(KIOSK_LOUDSPEAKER, 2.5)).max() > -45
