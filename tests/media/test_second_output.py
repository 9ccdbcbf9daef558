"""A ring loudspeaker beside a headset, through a real PulseAudio with a sink for each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kiosk.caredesk.sound_card import KIOSK_LOUDSPEAKER, NURSE_LOUDSPEAKER, VirtualSoundCard
from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.playout import PlayoutEvent
from kiosk.media.second_output import opened
from kiosk.media.sound import Sound
from tests.media.core_end import until

RATE = 48_000
RING = "ring_loudspeaker"


@pytest.fixture
async def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[VirtualSoundCard]:
    """The third sink stands in for the ring loudspeaker; ALSA is told its name."""
    card = VirtualSoundCard(tmp_path)
    await card.start()
    names = tmp_path / "asound.conf"
    names.write_text(
        f"</usr/share/alsa/alsa.conf>\npcm.{RING} {{ type pulse device {NURSE_LOUDSPEAKER} }}\n", encoding="ascii"
    )
    for name, value in {**card.environment_kiosk, "ALSA_CONFIG_PATH": str(names)}.items():
        monkeypatch.setenv(name, value)
    yield card
    await card.stop()


class Heard:
    """What a Sound tells."""

    def __init__(self) -> None:
        self.states: list[MediaTrouble | None] = []
        self.events: list[PlayoutEvent] = []

    def state(self, trouble: MediaTrouble | None, _detail: str) -> None:
        self.states.append(trouble)


def _sound(heard: Heard, second_device: str, *, second_speaks: bool = True) -> Sound:
    return Sound(
        "pulse",
        echo_cancelling=False,
        on_state=heard.state,
        on_event=heard.events.append,
        on_microphone=lambda _: None,
        second_device=second_device,
        second_speaks=second_speaks,
    )


def _levels(samples: np.ndarray) -> np.ndarray:
    blocks = samples[: len(samples) // 480 * 480].reshape(-1, 480).astype(np.float64) / 32768
    return np.asarray(10 * np.log10((blocks**2).mean(axis=1) + 1e-12))


async def test_the_ring_sounds_from_both_and_the_call_from_the_first(card: VirtualSoundCard) -> None:
    heard = Heard()
    sound = _sound(heard, RING)
    sound.start()
    try:
        await until(lambda: sound.second_works)
        assert heard.states == [None]
        with sound.playout() as playout:
            playout.start_ring()
        both = await asyncio.gather(card.listen(KIOSK_LOUDSPEAKER, 1.5), card.listen(NURSE_LOUDSPEAKER, 1.5))
        assert [_levels(one).max() > -35 for one in both] == [True, True]
        with sound.playout() as playout:
            playout.stop_ring()
            playout.listen_to(lambda: np.full(480, 3000, dtype=np.int16))
        await asyncio.sleep(0.5)
        first, second = await asyncio.gather(card.listen(KIOSK_LOUDSPEAKER, 0.5), card.listen(NURSE_LOUDSPEAKER, 0.5))
        assert _levels(first).max() > -35
        assert not second.any()
    finally:
        await sound.stop()


async def test_a_home_without_its_ring_loudspeaker_rings(card: VirtualSoundCard) -> None:
    heard = Heard()
    sound = _sound(heard, "not plugged in")
    sound.start()
    try:
        await until(lambda: sound.works)
        with sound.playout() as playout:
            playout.start_ring()
        assert _levels(await card.listen(KIOSK_LOUDSPEAKER, 1.5)).max() > -35
        assert heard.states == [None]
        assert not sound.second_works
    finally:
        await sound.stop()


def test_one_that_cannot_be_had_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert opened("no such device") is None
    assert "second output" in caplog.text
