"""The echo rig: its rooms, its figures on sound that was made up, and one short scene through the kiosk's own path."""

from __future__ import annotations

import wave
from pathlib import Path

import msgspec
import numpy as np
import pytest

from kiosk.callbench.conditions_table import CHECKS
from kiosk.callbench.echo_checks import EchoBench, double_talks, single_talk
from kiosk.callbench.echo_figures import level_losses_db, return_loss_db, voice_loss_db
from kiosk.callbench.echo_rig import Block, Recording, Scene, Voices, at_level, keep, level_dbfs, run, speaking, voices
from kiosk.callbench.echo_room import RATE_HZ, Room, echo_of, noise_of, response
from kiosk.facts.profile import Hearing, SoundProfile

ROOM = Room(0.2, 0.06)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Voices:
    """Nothing is installed in an empty folder, so they are synthetic and the same everywhere."""
    found = voices(tmp_path_factory.mktemp("nothing"))
    assert "SYNTHETIC" in found.note
    return found


class Through:
    """Gives the microphone on as it is, ``gain`` louder."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain_db = 20 * np.log10(gain)
        self._gain = gain
        self.order: list[str] = []

    def played(self, block: Block) -> None:
        self.order.append("played")

    def clean(self, near: Block, *, wanted: bool) -> Block | None:
        self.order.append("wanted" if wanted else "learning")
        return np.asarray(near * self._gain, dtype=np.int16) if wanted else None


@pytest.mark.parametrize("seconds", [0.2, 0.4, 0.6])
def test_a_room_rings_as_long_as_it_says(seconds: float) -> None:
    impulse = response(Room(seconds, 0.1))
    left = 10 * np.log10(np.cumsum(impulse[::-1] ** 2)[::-1])
    # Schroeder's decay between 5 and 25 dB below the reverberant start, which the direct sound stands above.
    start = int(0.03 * RATE_HZ)
    fallen = left - left[start]
    at = np.searchsorted(-fallen, [5, 25]) / RATE_HZ
    assert 3 * (at[1] - at[0]) == pytest.approx(seconds, rel=0.25)
    assert np.sum(impulse**2) == pytest.approx(1)


def test_echo_comes_late_and_later_after_a_jump() -> None:
    played = np.zeros(RATE_HZ)
    played[[0, RATE_HZ // 2]] = 0.5
    echo = echo_of(ROOM, played, moved_at=RATE_HZ // 2, moved_by_s=0.04)
    loud = np.abs(echo)
    assert np.argmax(loud[: RATE_HZ // 2]) / RATE_HZ == pytest.approx(0.06, abs=0.002)
    assert np.argmax(loud[RATE_HZ // 2 :]) / RATE_HZ == pytest.approx(0.10, abs=0.002)


def test_noise_and_voices_have_their_levels(spoken: Voices) -> None:
    assert level_dbfs(noise_of(ROOM, RATE_HZ)) == pytest.approx(-60, abs=0.1)
    assert level_dbfs(spoken.far[speaking(spoken.far)]) == pytest.approx(-20, abs=0.1)
    assert level_dbfs(at_level(spoken.near, -40.0)[speaking(spoken.near)]) == pytest.approx(-40, abs=0.1)


def test_blocks_go_as_in_the_kiosk_and_the_recording_begins_with_the_call(spoken: Voices) -> None:
    path = Through()
    scene = Scene("s", ROOM, 1.0, ((0.0, 1.0),), ring_s=0.5)
    recording = run(scene, spoken, path)
    assert path.order == ["played", "learning"] * 100 + ["played", "wanted"] * 100
    assert len(recording.cleaned) == RATE_HZ
    assert np.abs(recording.cleaned - recording.microphone).max() < 1e-4


def test_return_loss_counts_gain_against_it(spoken: Voices) -> None:
    scene = Scene("s", ROOM, 2.0, ((0.0, 2.0),))
    assert return_loss_db(run(scene, spoken, Through()), 0.5, 2.0) == pytest.approx(0, abs=0.1)
    assert return_loss_db(run(scene, spoken, Through(0.1)), 0.5, 2.0) == pytest.approx(20, abs=0.3)
    assert return_loss_db(run(scene, spoken, Through(2.0)), 0.5, 2.0) == pytest.approx(-6, abs=0.1)


def _recording(near: np.ndarray, cleaned: np.ndarray, gain_db: float = 0.0) -> Recording:
    gains = np.full(len(near) // 480, gain_db)
    return Recording(near * 0, near * 0, near, near, cleaned * 10 ** (gain_db / 20), gains, 0.0)


def test_voice_that_is_lost_counts_and_echo_that_is_left_does_not(spoken: Voices) -> None:
    near = spoken.near[: 4 * RATE_HZ]
    echo = np.random.default_rng(1).standard_normal(len(near)) * 0.02
    alone = _recording(near, near, 6.0)
    assert voice_loss_db(alone, _recording(near, near), 0, 4) == pytest.approx(0, abs=0.1)
    assert voice_loss_db(alone, _recording(near, near / 2 + echo), 0, 4) == pytest.approx(6, abs=0.4)
    for loss in level_losses_db(alone, _recording(near, near / 2), 0, 4):
        assert loss == pytest.approx(6, abs=0.1)


def test_the_kiosks_path_takes_the_echo_and_leaves_the_voice(spoken: Voices, tmp_path: Path) -> None:
    bench = EchoBench(spoken, tmp_path)
    room = (("dry", ROOM),)
    (found,) = bench.returns(single_talk(ring_s=2.5, rooms=room))
    assert found.after_3s > 25
    (lost,) = bench.double_talk(double_talks(room))
    assert lost.loss < 4
    with wave.open(str(tmp_path / "echo-rung-dry.wav"), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (3, RATE_HZ, 8 * RATE_HZ)


def test_the_canceller_copes_with_a_sound_profile(spoken: Voices) -> None:
    """It is told what the loudspeaker plays, not what came: compressed, raised and limited."""
    bench, room = EchoBench(spoken, None), (("dry", ROOM),)
    strong = Hearing(sound_profile=SoundProfile.STRONG)
    (found,) = bench.returns(single_talk(ring_s=2.5, rooms=room, hearing=strong))
    assert found.after_1s > 25 and found.after_3s > 25


def test_a_sound_profile_costs_the_near_voice_no_more_than_a_louder_echo_does(spoken: Voices) -> None:
    bench, strong = EchoBench(spoken, None), Hearing(sound_profile=SoundProfile.STRONG)

    def echo_dbfs(hearing: Hearing | None) -> float:
        return level_dbfs(run(Scene("level", ROOM, 4.0, ((0, 4.0),), hearing=hearing), spoken, Through()).echo)

    louder = msgspec.structs.replace(ROOM, echo_dbfs=ROOM.echo_dbfs + echo_dbfs(strong) - echo_dbfs(None))
    (shaped,) = bench.double_talk(double_talks((("dry", ROOM),), strong))
    (plain,) = bench.double_talk(double_talks((("dry", louder),)))
    assert shaped.loss < plain.loss + 1, plain


def test_a_recording_that_is_too_loud_is_kept_clipped(tmp_path: Path) -> None:
    loud = _recording(np.full(480, 2.0), np.full(480, -2.0))
    keep(msgspec.structs.replace(loud, played=np.full(480, 2.0)), tmp_path / "loud.wav")
    with wave.open(str(tmp_path / "loud.wav"), "rb") as file:
        samples = np.frombuffer(file.readframes(1), dtype="<i2")
    assert samples.tolist() == [32767, 32767, -32768]


def test_the_bench_knows_the_echo_rows() -> None:
    assert {"echo_1s", "echo_3s", "echo_delay_jump", "echo_double_talk"} <= set(CHECKS)
