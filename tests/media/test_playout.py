"""The mixture for the loudspeaker: what sounds, what is dropped, what is told."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.facts.profile import Hearing, RingTone, SoundProfile
from kiosk.media.limiter import CEILING
from kiosk.media.playout import BLOCK, Playout, RemoteHeard, RingBegan, SpeechEnded

RATE = 48_000


def _sine(seconds: float, amplitude: int = 8000) -> np.ndarray:
    at = np.arange(int(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * 440 * at)).astype(np.int16)


def _level(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples.astype(np.float64) ** 2)) + 1e-9))


def test_nothing_to_play_is_silence() -> None:
    block, events = Playout().next_block()
    assert block.dtype == np.int16
    assert len(block) == BLOCK
    assert not block.any()
    assert events == []


def test_ring_is_told_once_when_its_first_block_is_taken_and_stops_at_once() -> None:
    playout = Playout()
    playout.start_ring()
    first = playout.next_block()
    playout.start_ring()
    more = [playout.next_block() for _ in range(20)]
    assert first[1] == [RingBegan()]
    assert all(events == [] for _, events in more)
    assert any(block.any() for block, _ in more)
    playout.stop_ring()
    assert not playout.next_block()[0].any()


def test_speech_ducks_the_ring_by_twenty_decibels_and_is_told_when_done() -> None:
    playout = Playout()
    playout.start_ring()
    loud = np.concatenate([playout.next_block()[0] for _ in range(20)])
    playout.say(7, np.zeros(RATE // 2, dtype=np.int16))
    taken = [playout.next_block() for _ in range(50)]
    quiet = np.concatenate([block for block, _ in taken[10:]])
    assert _level(quiet) < _level(loud) - 19
    assert [event for _, events in taken for event in events] == [SpeechEnded(speech_id=7, dropped=False)]
    assert taken[-1][1], "told with its last block, not before"


def test_speech_waits_its_turn_and_is_dropped_at_once() -> None:
    playout = Playout()
    playout.say(1, _sine(0.5))
    playout.say(2, _sine(0.5))
    playout.next_block()
    assert playout.stop_speaking() == [SpeechEnded(1, True), SpeechEnded(2, True)]
    assert not playout.next_block()[0].any()


def test_two_short_speeches_in_one_block_are_both_told() -> None:
    playout = Playout()
    playout.say(1, _sine(0.001))
    playout.say(2, _sine(0.001))
    assert playout.next_block()[1] == [SpeechEnded(1, False), SpeechEnded(2, False)]


class _Voice:
    """Hands out what it was given, then silence; as the jitter buffer does."""

    def __init__(self, samples: np.ndarray) -> None:
        self._samples = samples

    def pull(self) -> np.ndarray:
        block, self._samples = self._samples[:BLOCK], self._samples[BLOCK:]
        return np.pad(block, (0, BLOCK - len(block)))


def test_remote_voice_comes_as_it_is_pulled_and_is_told_once() -> None:
    playout = Playout()
    voice = _sine(0.1)
    playout.listen_to(_Voice(voice).pull)
    blocks = [playout.next_block() for _ in range(10)]
    assert np.array_equal(np.concatenate([block for block, _ in blocks]), voice)
    assert [event for _, events in blocks for event in events] == [RemoteHeard()]


def test_digital_silence_is_not_the_first_sound() -> None:
    playout = Playout()
    playout.listen_to(_Voice(np.concatenate([np.zeros(4800, dtype=np.int16), _sine(0.1)])).pull)
    assert all(playout.next_block()[1] == [] for _ in range(10))
    assert playout.next_block()[1] == [RemoteHeard()]


def test_the_mixture_stays_below_full_scale() -> None:
    playout = Playout()
    playout.say(1, np.full(4800, 30_000, dtype=np.int16))
    playout.listen_to(_Voice(np.full(4800, 30_000, dtype=np.int16)).pull)
    assert 0.99 * CEILING < playout.next_block()[0].max() <= CEILING + 1


def test_a_call_that_is_over_leaves_nothing() -> None:
    playout = Playout()
    playout.listen_to(_Voice(_sine(0.1)).pull)
    playout.next_block()
    playout.forget_remote()
    assert not playout.next_block()[0].any()
    playout.listen_to(_Voice(_sine(0.1)).pull)
    assert playout.next_block()[1] == [RemoteHeard()], "told anew for the next call"


def test_where_it_rings_the_name_is_said_and_nothing_else() -> None:
    playout = Playout()
    playout.listen_to(_Voice(_sine(1.0)).pull)
    playout.say(1, _sine(0.01))
    assert playout.next_block()[0].any()
    assert not playout.alert.any(), "a call, and speech while nobody rings"
    playout.start_ring()
    for _ in range(5):
        playout.next_block()
    rings = playout.alert
    assert rings.any()
    playout.say(2, np.full(BLOCK, 9000, dtype=np.int16))
    playout.next_block()
    assert 8000 < np.median(playout.alert) < 10_000
    playout.stop_ring()
    playout.next_block()
    assert not playout.alert.any()


def test_it_is_quiet_when_nothing_is_to_be_played() -> None:
    playout = Playout()
    quiet = [playout.quiet]
    playout.start_ring()
    quiet.append(playout.quiet)
    playout.stop_ring()
    playout.say(1, _sine(0.01))
    quiet.append(playout.quiet)
    playout.next_block()
    quiet.append(playout.quiet)
    playout.listen_to(_Voice(_sine(0.1)).pull)
    assert [*quiet, playout.quiet] == [True, False, False, True, False]


def _said(hearing: Hearing | None, samples: np.ndarray) -> np.ndarray:
    playout = Playout()
    if hearing is not None:
        playout.follow(hearing)
        playout.next_block()
    playout.say(1, samples)
    return np.concatenate([playout.next_block()[0] for _ in range(len(samples) // BLOCK)])


@pytest.mark.parametrize(("percent", "decibels"), [(100, 0), (80, -6), (50, -15), (0, -30)])
def test_volume_goes_in_equal_steps_of_decibels(percent: int, decibels: float) -> None:
    as_it_is, set_so = _said(None, _sine(0.5)), _said(Hearing(volume_percent=percent), _sine(0.5))
    assert _level(set_so) - _level(as_it_is) == pytest.approx(decibels, abs=0.1)


def test_a_volume_that_is_changed_in_a_call_goes_there_within_one_block_without_a_click() -> None:
    playout = Playout()
    playout.follow(Hearing(volume_percent=100))
    playout.listen_to(_Voice(_sine(1.0)).pull)
    before = np.concatenate([playout.next_block()[0] for _ in range(20)])
    playout.follow(Hearing(volume_percent=60))
    after = np.concatenate([playout.next_block()[0] for _ in range(20)])
    assert _level(after[BLOCK:]) - _level(before) == pytest.approx(-12, abs=0.2)
    steps = np.abs(np.diff(np.concatenate([before, after]).astype(np.int32)))
    assert steps[len(before) - 1 :].max() <= steps.max()
    assert steps.max() == pytest.approx(8000 * 2 * np.pi * 440 / RATE, rel=0.02)


def test_the_ring_has_a_volume_of_its_own_also_while_it_rings() -> None:
    playout = Playout()
    playout.follow(Hearing(volume_percent=0))
    playout.start_ring()
    loud = np.concatenate([playout.next_block()[0] for _ in range(20)])
    playout.follow(Hearing(volume_percent=0, ring_volume_percent=50))
    playout.next_block()
    playout.stop_ring()
    playout.start_ring()
    soft = np.concatenate([playout.next_block()[0] for _ in range(20)])
    assert _level(soft) - _level(loud) == pytest.approx(-15, abs=0.5)


def test_the_sound_profile_shapes_voices_and_not_the_ring() -> None:
    strong = Hearing(volume_percent=100, sound_profile=SoundProfile.STRONG)
    soft = (_sine(0.5) // 64).astype(np.int16)
    assert _level(_said(strong, soft)) - _level(_said(None, soft)) > 10
    rings = []
    for hearing in (Hearing(), strong):
        playout = Playout()
        playout.follow(hearing)
        playout.start_ring(RingTone.DEEP)
        rings.append(np.concatenate([playout.next_block()[0] for _ in range(100)]))
    assert np.array_equal(rings[0], rings[1])


def test_another_tone_can_be_chosen_while_it_rings() -> None:
    playout = Playout()
    playout.follow(Hearing())
    playout.start_ring(RingTone.STANDARD)
    playout.next_block()
    playout.follow(Hearing(ring_tone=RingTone.MELODY))
    changed = np.concatenate([playout.next_block()[0] for _ in range(30)])
    melody = Playout()
    melody.start_ring(RingTone.MELODY)
    melody.next_block()
    assert np.array_equal(changed, np.concatenate([melody.next_block()[0] for _ in range(30)]))


def test_a_change_of_something_else_leaves_the_tone_that_was_asked_for() -> None:
    playout = Playout()
    playout.follow(Hearing())
    playout.start_ring(RingTone.DEEP)
    playout.follow(Hearing(volume_percent=20))
    deep = Playout()
    deep.start_ring(RingTone.DEEP)
    assert np.array_equal(playout.next_block()[0], deep.next_block()[0])


def test_everything_at_once_and_loud_stays_below_full_scale() -> None:
    playout = Playout()
    playout.follow(Hearing(volume_percent=100, sound_profile=SoundProfile.STRONG))
    playout.start_ring()
    playout.say(1, _sine(2.0, amplitude=32_000))
    playout.listen_to(_Voice(_sine(2.0, amplitude=32_000)).pull)
    blocks = []
    for _ in range(200):
        blocks.append(playout.next_block()[0].astype(np.int32))
        assert np.abs(playout.alert.astype(np.int32)).max() <= CEILING + 1
    assert 0.9 * CEILING < np.abs(np.concatenate(blocks)).max() <= CEILING + 1
