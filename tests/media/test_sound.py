"""Sound through a real PulseAudio: the tone into the microphone reaches the peer, the peer's tone the loudspeaker,
the ring and speech are heard and stop, and a card that goes away and comes back is told."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kiosk.caredesk.listening import band_levels, pulsed_tone_levels
from kiosk.caredesk.sound_card import KIOSK_LOUDSPEAKER, VirtualSoundCard
from kiosk.facts.profile import Hearing, RingTone, Side, SoundProfile
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
    SetHearing,
    SpeechFinished,
    StartRing,
    Statistics,
    StopRing,
    StopSpeaking,
)
from kiosk.media.ring_tone import GROWTH_DB, GROWTH_S, PATTERNS
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


@pytest.mark.parametrize("tone", list(RingTone))
async def test_the_name_of_who_rings_is_heard_over_a_ring_that_steps_back(
    core: CoreEnd, card: VirtualSoundCard, tone: RingTone
) -> None:
    """G11, in what the loudspeaker plays: the ring's spectrum, the name within 3 s, the ring 20 dB down under it."""
    listening = asyncio.create_task(card.listen(KIOSK_LOUDSPEAKER, 8.5))
    await asyncio.sleep(0.3)
    core.send(StartRing(tone=tone))
    core.speak(1, _tone(3300, 2.0, 48_000), 48_000)  # above every harmonic of the ring
    await core.hear(SpeechFinished)
    heard = (await listening).astype(np.float64) / 32768
    rung = int(np.flatnonzero(np.abs(heard) > 0.003)[0])
    first, period = heard[rung:], PATTERNS[tone].period
    assert _band_dbfs(first[: 3 * RATE], 3200, 3400) > -25, "the name"
    spoken_over, alone = (_ring_levels(first[at : at + 2 * RATE]) for at in (0, period))
    growth = GROWTH_DB * (period / RATE) / GROWTH_S
    assert np.median((alone - spoken_over)[alone > -40]) - growth > 20
    ring = first[period:]
    whole = _band_dbfs(ring, 20, 24_000)
    assert _band_dbfs(ring, 399, 2500) > whole + 10 * np.log10(0.8)
    assert _band_dbfs(ring, 3000, 24_000) < whole + 10 * np.log10(0.1)


async def test_a_change_of_hearing_is_heard_at_once(core: CoreEnd, card: VirtualSoundCard) -> None:
    core.send(SetHearing(Hearing(volume_percent=100)))
    core.speak(1, _tone(440, 12.0, 48_000), 48_000)
    listening = asyncio.create_task(card.listen(KIOSK_LOUDSPEAKER, 2.0))
    await asyncio.sleep(1.0)
    core.send(SetHearing(Hearing(volume_percent=60)))
    levels = _dbfs(await listening)
    loud, soft = np.median(levels[40:70]), np.median(levels[-30:])
    assert loud - soft == pytest.approx(12, abs=0.5)
    core.send(SetHearing(Hearing(volume_percent=100, sound_profile=SoundProfile.STRONG)))
    await asyncio.sleep(0.3)
    assert np.median(_dbfs(await card.listen(KIOSK_LOUDSPEAKER, 0.3))) > soft + 12  # a busy machine leaves gaps


async def test_one_side_alone_is_heard_on_that_side_alone(core: CoreEnd, card: VirtualSoundCard) -> None:
    """A sink of two channels in place of the card's own; a change of side in the middle of speech."""
    environment = {**os.environ, **card.environment_kiosk}
    await _run(environment, "pactl", "load-module", "module-null-sink", "sink_name=two", f"rate={RATE}", "channels=2")
    stereo = await CoreEnd.as_process({**card.environment_kiosk, "PULSE_SINK": "two"})
    try:
        await stereo.configure()
        assert (await stereo.hear(PartState, lambda message: message.part is MediaPart.SOUND)).trouble is None
        stereo.speak(1, _tone(440, 20.0, 48_000), 48_000)
        both = await _two_channels(environment, "two", 1.0)
        assert _dbfs(both[:, 0]).max() == pytest.approx(_dbfs(both[:, 1]).max(), abs=0.5)
        stereo.send(SetHearing(Hearing(side=Side.LEFT, volume_percent=100)))
        await asyncio.sleep(2.0)  # the card is opened anew
        left = await _two_channels(environment, "two", 1.0)
        assert np.median(_dbfs(left[:, 0])) > -20
        assert not left[:, 1].any()
        stereo.send(SetHearing(Hearing(balance=50, volume_percent=100)))
        await asyncio.sleep(0.5)
        right = await _two_channels(environment, "two", 1.0)
        assert np.median(_dbfs(right[:, 1])) - np.median(_dbfs(right[:, 0])) == pytest.approx(6, abs=0.2)
        assert not [said for said in stereo.said if isinstance(said, PartState) and said.part is MediaPart.SOUND]
    finally:
        await stereo.stop()


def _tone(hz: float, seconds: float, rate: int) -> bytes:
    at = np.arange(int(seconds * rate)) / rate
    return (6000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes()


def _band_dbfs(samples: np.ndarray, lowest_hz: float, highest_hz: float) -> float:
    """The level of what lies between these frequencies."""
    power = np.abs(np.fft.rfft(samples)) ** 2 * 2 / len(samples) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(10 * np.log10(power[(frequency >= lowest_hz) & (frequency <= highest_hz)].sum() + 1e-12))


def _ring_levels(samples: np.ndarray) -> np.ndarray:
    """The level of what belongs to the ring in each 100 ms: where a busy machine leaves a gap, one of them is wrong."""
    parts = samples[: len(samples) // 4800 * 4800].reshape(-1, 4800) * np.hanning(4800)
    return np.array([_band_dbfs(part, 380, 2700) for part in parts])


async def _run(environment: dict[str, str], *command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def _two_channels(environment: dict[str, str], sink: str, seconds: float) -> np.ndarray:
    """What the sink plays from now on, one column for each channel; a null sink first renders seconds ahead."""
    wanted = int((seconds + 1.0) * RATE) * 4
    recorder = await asyncio.create_subprocess_exec(
        *("parec", "--raw", "--format=s16le", f"--rate={RATE}", "--channels=2", "--latency-msec=20"),
        f"--device={sink}.monitor",
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )
    assert recorder.stdout is not None
    try:
        data = await asyncio.wait_for(recorder.stdout.readexactly(wanted), 15)
    finally:
        recorder.terminate()
        await asyncio.wait_for(recorder.wait(), 5)
    return np.frombuffer(data, dtype="<i2").reshape(-1, 2)[-int(seconds * RATE) :]
