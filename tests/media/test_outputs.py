"""Voices in a headset and the ring at the loudspeaker, or the other way about, through a real PulseAudio with a sink
for each; and a headset that goes away and comes back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from kiosk.caredesk.sound_card import KIOSK_LOUDSPEAKER, VirtualSoundCard
from kiosk.facts.profile import Hearing, Output, Side
from kiosk.ipc.media_messages import MediaTrouble
from kiosk.media.further_output import FurtherOutput
from kiosk.media.outputs import Outputs
from kiosk.media.playout import BLOCK, PlayoutEvent
from kiosk.media.sound import Sound
from tests.media.core_end import until

HEADSET = "headset_sink"
DEVICE = "headset"
QUIET = -60.0


class Card(VirtualSoundCard):
    """One with a headset that can be taken away; ALSA is told its name."""

    headset = ""

    async def plug_in(self, channels: int = 1) -> None:
        self.headset = await self._ask(
            "load-module", "module-null-sink", f"sink_name={HEADSET}", "rate=48000", f"channels={channels}"
        )
        await self._record(HEADSET, latency_ms=10, stdout=asyncio.subprocess.DEVNULL)
        await self.listen(HEADSET, 0.1)  # it has rendered seconds ahead by now

    async def unplug(self) -> None:
        await self._ask("unload-module", self.headset)

    async def players(self) -> list[str]:
        """The sink of each stream that plays."""
        sinks = dict(line.split("\t")[:2] for line in (await self._ask("list", "short", "sinks")).splitlines())
        return [sinks[line.split("\t")[1]] for line in (await self._ask("list", "short", "sink-inputs")).splitlines()]

    async def _ask(self, *words: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "pactl", *words, env={**os.environ, **self.environment_kiosk}, stdout=asyncio.subprocess.PIPE
        )
        told, _ = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 0
        return told.decode().strip()


@pytest.fixture
async def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Card]:
    card = Card(tmp_path)
    await card.start()
    names = tmp_path / "asound.conf"
    names.write_text(f"</usr/share/alsa/alsa.conf>\npcm.{DEVICE} {{ type pulse device {HEADSET} }}\n", encoding="ascii")
    for name, value in {**card.environment_kiosk, "ALSA_CONFIG_PATH": str(names)}.items():
        monkeypatch.setenv(name, value)
    yield card
    await card.stop()


class Heard:
    """What a Sound tells."""

    def __init__(self) -> None:
        self.states: list[MediaTrouble | None] = []
        self.events: list[PlayoutEvent] = []
        self.outputs: list[tuple[Output, bool]] = []

    def state(self, trouble: MediaTrouble | None, _detail: str) -> None:
        self.states.append(trouble)

    def output(self, output: Output, works: bool) -> None:
        self.outputs.append((output, works))


def _sound(heard: Heard, hearing: Hearing) -> Sound:
    sound = Sound(
        "pulse",
        echo_cancelling=True,
        on_state=heard.state,
        on_event=heard.events.append,
        on_microphone=lambda _: None,
        outputs={Output.HEADSET: DEVICE},
        on_output=heard.output,
    )
    sound.follow(hearing)
    return sound


def _talk(sound: Sound) -> None:
    with sound.playout() as playout:
        playout.listen_to(lambda: np.full(BLOCK, 3000, dtype=np.int16))


def _level(samples: np.ndarray) -> float:
    """Of most of its blocks, in dB of full scale: a busy machine leaves gaps."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK).astype(np.float64) / 32768
    return float(np.median(10 * np.log10((blocks**2).mean(axis=1) + 1e-12)))


def _loudest(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(samples.astype(np.float64)).max() / 32768 + 1e-6))


async def test_the_ring_sounds_from_both_and_the_call_in_the_headset_alone(card: Card) -> None:
    await card.plug_in()
    heard = Heard()
    sound = _sound(heard, Hearing(volume_percent=100, voice_output=Output.HEADSET))
    sound.start()
    try:
        await until(lambda: (Output.HEADSET, True) in heard.outputs)
        with sound.playout() as playout:
            playout.start_ring()
        both = await asyncio.gather(card.listen(KIOSK_LOUDSPEAKER, 1.5), card.listen(HEADSET, 1.5))
        assert [_loudest(one) > -30 for one in both] == [True, True]
        with sound.playout() as playout:
            playout.stop_ring()
        _talk(sound)
        await asyncio.sleep(0.5)
        room, ear = await asyncio.gather(card.listen(KIOSK_LOUDSPEAKER, 1.0), card.listen(HEADSET, 1.0))
        assert not room.any()
        assert _level(ear) == pytest.approx(-20.8, abs=0.5)
        assert heard.states == [None]
    finally:
        await sound.stop()


async def test_the_ring_has_an_output_of_its_own_and_the_call_stays_at_the_loudspeaker(card: Card) -> None:
    await card.plug_in()
    heard = Heard()
    sound = _sound(heard, Hearing(volume_percent=100, ring_output=Output.HEADSET))
    sound.start()
    try:
        await until(lambda: (Output.HEADSET, True) in heard.outputs)
        with sound.playout() as playout:
            playout.start_ring()
        both = await asyncio.gather(card.listen(KIOSK_LOUDSPEAKER, 1.5), card.listen(HEADSET, 1.5))
        assert [_loudest(one) > -30 for one in both] == [True, True]
        with sound.playout() as playout:
            playout.stop_ring()
        _talk(sound)
        await asyncio.sleep(0.5)
        room, ear = await asyncio.gather(card.listen(KIOSK_LOUDSPEAKER, 1.0), card.listen(HEADSET, 1.0))
        assert _level(room) == pytest.approx(-20.8, abs=0.5)
        assert not ear.any()
    finally:
        await sound.stop()


async def test_the_loudspeaker_stands_in_for_a_headset_that_goes_away_in_a_call_until_it_is_back(card: Card) -> None:
    await card.plug_in()
    heard = Heard()
    sound = _sound(heard, Hearing(volume_percent=100, voice_output=Output.HEADSET, picture_delay_ms=200))
    sound.start()
    sound.listening = True
    try:
        await until(lambda: (Output.HEADSET, True) in heard.outputs)
        assert sound.picture_delay_s == pytest.approx(0.24)
        _talk(sound)
        assert await _settles(card, HEADSET)
        await card.unplug()
        await until(lambda: heard.outputs[-1] == (Output.HEADSET, False))
        assert sound.picture_delay_s == 0
        await asyncio.sleep(0.3)
        assert await _settles(card, KIOSK_LOUDSPEAKER)
        assert await card.players() == [KIOSK_LOUDSPEAKER], "not twice, as the sound server would have it"
        await card.plug_in()
        await until(lambda: heard.outputs[-1] == (Output.HEADSET, True), 10)
        assert await _settles(card, HEADSET)
        assert not (await card.listen(KIOSK_LOUDSPEAKER, 0.5)).any()
        assert heard.states == [None], "the card was never opened anew"
    finally:
        await sound.stop()


async def _settles(card: Card, sink: str) -> bool:
    for _ in range(5):
        if abs(_level(await card.listen(sink, 0.5)) + 20.8) < 0.5:
            return True
    return False


async def test_a_home_without_what_its_profile_asks_for_rings_at_the_loudspeaker(card: Card) -> None:
    heard = Heard()
    sound = _sound(heard, Hearing(voice_output=Output.LOOP, ring_output=Output.HEADSET))
    sound.start()
    try:
        await until(lambda: sorted(heard.outputs, key=str) == [(Output.HEADSET, False), (Output.LOOP, False)])
        with sound.playout() as playout:
            playout.start_ring()
        assert _loudest(await card.listen(KIOSK_LOUDSPEAKER, 1.5)) > -30
        assert heard.states == [None]
    finally:
        await sound.stop()


async def test_one_side_alone_is_heard_in_the_headset_too(card: Card) -> None:
    await card.plug_in(channels=2)
    heard = Heard()
    sound = _sound(heard, Hearing(volume_percent=100, voice_output=Output.HEADSET, side=Side.LEFT))
    sound.start()
    try:
        await until(lambda: (Output.HEADSET, True) in heard.outputs)
        _talk(sound)
        await asyncio.sleep(0.5)
        # Mixed down to one channel, what sounds on one side only has half its amplitude.
        assert _level(await card.listen(HEADSET, 1.0)) == pytest.approx(-26.8, abs=0.6)
    finally:
        await sound.stop()


class Taking:
    """Stands in for a stream."""

    sides = None

    def __init__(self) -> None:
        self.taken: list[np.ndarray] = []

    def put(self, block: np.ndarray) -> None:
        self.taken.append(block)


WHOLE, ALERT = np.full(BLOCK, 300, dtype=np.int16), np.full(BLOCK, 20, dtype=np.int16)


def _outputs(hearing: Hearing, *there: Output) -> tuple[Outputs, dict[Output, Taking]]:
    outputs = Outputs({}, lambda _output, _works: None)
    streams = {output: Taking() for output in there}
    outputs._open = streams  # type: ignore[assignment]
    outputs.follow(hearing, None)
    return outputs, streams


@pytest.mark.parametrize(
    ("voice", "ring", "there", "loudspeaker", "heard", "other"),
    [
        (Output.LOUDSPEAKER, Output.LOUDSPEAKER, Output.HEADSET, 300, 300, None),
        (Output.HEADSET, Output.LOUDSPEAKER, Output.HEADSET, 20, 20, 300),
        (Output.HEADSET, Output.HEADSET, Output.HEADSET, 0, 0, 300),
        (Output.LOUDSPEAKER, Output.LOOP, Output.LOOP, 300, 300, 20),
        (Output.BLUETOOTH, Output.LOUDSPEAKER, Output.BLUETOOTH, 20, 320, 300),
        (Output.BLUETOOTH, Output.BLUETOOTH, Output.BLUETOOTH, 0, 300, 300),
        (Output.HEADSET, Output.LOUDSPEAKER, Output.LOOP, 300, 300, None),
        (Output.HEADSET, Output.LOOP, Output.LOOP, 300, 300, 20),
    ],
)
def test_the_canceller_is_told_what_the_microphone_may_hear(
    voice: Output, ring: Output, there: Output, loudspeaker: int, heard: int, other: int | None
) -> None:
    outputs, streams = _outputs(Hearing(voice_output=voice, ring_output=ring), there)
    played, known = outputs.route(WHOLE, ALERT)
    assert (int(played[0]), int(known[0])) == (loudspeaker, heard)
    assert [int(block[0]) for block in streams[there].taken] == ([] if other is None else [other])
    assert outputs.voice_works is (voice in (Output.LOUDSPEAKER, there))


def test_a_stream_whose_blocks_nobody_takes_is_lost() -> None:
    class Standing(FurtherOutput):
        def __init__(self) -> None:
            self._stream, self._failed, self._played_at = self, False, 5.0

        active = True

    assert Standing().plays(7.9)
    assert not Standing().plays(8.1)
