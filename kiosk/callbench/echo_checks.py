"""The bench's echo rows: which scenes of the rig, which figure of them; ``python -m kiosk.callbench.echo_checks`` shows
every scene and keeps its sound."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import msgspec

from kiosk.callbench.call_check import Bench, Check, judged
from kiosk.callbench.echo_figures import level_losses_db, return_loss_db, voice_loss_db
from kiosk.callbench.echo_rig import Cleaning, Recording, Scene, Voices, keep, run, voices
from kiosk.callbench.echo_room import Room
from kiosk.facts.profile import Hearing
from kiosk.media.echo import EchoPath

_RING_S = 5.0
_FAR_S = 8.0
_ALONE_S = 4.0
_BOTH_S = 8.0
_JUMP_AT = 5.0

_ROOMS = (
    ("dry", Room(0.2, 0.06, seed=2)),
    ("home", Room(0.4, 0.10, seed=4)),
    ("bare", Room(0.6, 0.15, seed=6)),
)
_LOUD = ("loud", Room(0.4, 0.10, echo_dbfs=-18.0, distortion=0.03, seed=4))
_QUIET = ("quiet", Room(0.4, 0.10, noise_dbfs=-75.0, seed=4))

Make = Callable[[], Cleaning]


class Return(msgspec.Struct, frozen=True):
    """ERLE of one scene: in the second that begins 1 s after the far end began, and from 3 s on."""

    scene: str
    after_1s: float
    after_3s: float
    block_s: float


class DoubleTalk(msgspec.Struct, frozen=True):
    """What one scene lost of the near voice: common energy (judged), level, and median of 10 ms."""

    scene: str
    loss: float
    level: float
    segmental: float


def echo_path() -> Cleaning:
    """As the kiosk makes it."""
    return EchoPath(echo_cancelling=True, stream_delay_ms=60)


def single_talk(
    *, ring_s: float, rooms: Sequence[tuple[str, Room]] = (*_ROOMS, _LOUD, _QUIET), hearing: Hearing | None = None
) -> list[Scene]:
    """Only the far end speaks."""
    begun = "rung" if ring_s else "cold"
    return [
        Scene(f"{begun}-{name}", room, _FAR_S, ((0, _FAR_S),), ring_s=ring_s, hearing=hearing) for name, room in rooms
    ]


def delay_jumps() -> list[Scene]:
    """After 5 s of far speech its echo comes 40 ms later."""
    seconds = _JUMP_AT + _FAR_S
    return [
        Scene(f"jump-{name}", room, seconds, ((0, seconds),), ring_s=_RING_S, jump_at=_JUMP_AT) for name, room in _ROOMS
    ]


def double_talks(
    rooms: Sequence[tuple[str, Room]] = (*_ROOMS, _LOUD), hearing: Hearing | None = None
) -> list[tuple[Scene, Scene]]:
    """The near voice alone, the far end alone, then both; and the same with the far end silent at last."""
    far_at, both_at, end = _ALONE_S, 2 * _ALONE_S, 2 * _ALONE_S + _BOTH_S
    near = ((0.0, _ALONE_S), (both_at, end))
    return [
        (
            Scene(f"double-talk-{name}", room, end, ((far_at, end),), near, ring_s=_RING_S, hearing=hearing),
            Scene(f"near-alone-{name}", room, end, ((far_at, both_at),), near, ring_s=_RING_S, hearing=hearing),
        )
        for name, room in rooms
    ]


class EchoBench:
    """Runs scenes and keeps their sound in ``folder`` if there is one."""

    def __init__(self, spoken: Voices, folder: Path | None, make: Make = echo_path) -> None:
        self._spoken = spoken
        self._folder = folder
        self._make = make

    def returns(self, scenes: Sequence[Scene]) -> list[Return]:
        """The far end's echo; after the jump where there is one."""
        found = []
        for scene in scenes:
            recording, begun = self._run(scene), scene.jump_at or 0.0
            # The echo comes later than the far end speaks.
            begun += scene.room.delay_s
            after_1s = return_loss_db(recording, begun + 1, begun + 2)
            after_3s = return_loss_db(recording, begun + 3, scene.seconds)
            found.append(Return(scene.name, after_1s, after_3s, recording.block_s))
        return found

    def double_talk(self, pairs: Sequence[tuple[Scene, Scene]]) -> list[DoubleTalk]:
        """What the near voice loses while both speak."""
        found = []
        for both_scene, alone_scene in pairs:
            both, alone = self._run(both_scene), self._run(alone_scene)
            begin, end = 2 * _ALONE_S, both_scene.seconds
            level, segmental = level_losses_db(alone, both, begin, end)
            found.append(DoubleTalk(both_scene.name, voice_loss_db(alone, both, begin, end), level, segmental))
        return found

    def _run(self, scene: Scene) -> Recording:
        recording = run(scene, self._spoken, self._make())
        if self._folder is not None:
            keep(recording, self._folder / f"echo-{scene.name}.wav")
        return recording


async def _after(
    bench: Bench, name: str, goal: float, figure: Callable[[Return], float], scenes: Sequence[Scene]
) -> Check:
    spoken = voices()
    found = await asyncio.to_thread(EchoBench(spoken, bench.artefacts).returns, scenes)
    worst = min(found, key=figure)
    note = f"the worst of {len(found)}: " + _each([(one.scene, figure(one)) for one in found])
    return judged(name, figure(worst), "dB", goal, more=True, note=f"{note}; {spoken.note}")


async def echo_1s(bench: Bench, name: str) -> Check:
    """In the second that begins 1 s after the far end began to speak; after a ring tone, and cold."""
    return await _after(
        bench, name, 25.0, lambda one: one.after_1s, [*single_talk(ring_s=_RING_S), *single_talk(ring_s=0.0)]
    )


async def echo_3s(bench: Bench, name: str) -> Check:
    """From 3 s on; after a ring tone, and cold."""
    return await _after(
        bench, name, 30.0, lambda one: one.after_3s, [*single_talk(ring_s=_RING_S), *single_talk(ring_s=0.0)]
    )


async def echo_delay_jump(bench: Bench, name: str) -> Check:
    """From 3 s after the echo began to come 40 ms later."""
    return await _after(bench, name, 30.0, lambda one: one.after_3s, delay_jumps())


async def echo_double_talk(bench: Bench, name: str) -> Check:
    """Judged where the echo is about as loud as the near voice; a loudspeaker that is 10 dB louder stands beside it."""
    spoken = voices()
    echo = EchoBench(spoken, bench.artefacts)
    found = await asyncio.to_thread(echo.double_talk, double_talks(_ROOMS))
    loud = (await asyncio.to_thread(echo.double_talk, double_talks((_LOUD,))))[0]
    worst = max(found, key=lambda one: one.loss)
    note = (
        f"the worst of {len(found)}: {_each([(one.scene, one.loss) for one in found])}; by level {worst.level:.1f}; "
        f"with the echo 10 dB above the near voice {loud.loss:.1f}"
    )
    return judged(name, worst.loss, "dB", 3.0, note=f"{note}; {spoken.note}")


def _each(figures: Sequence[tuple[str, float]]) -> str:
    return ", ".join(f"{scene} {value:.1f}" for scene, value in figures)


def show(spoken: Voices, folder: Path | None, make: Make = echo_path) -> None:
    """Print every scene's figures."""
    bench = EchoBench(spoken, folder, make)
    click.echo(spoken.note)
    for one in bench.returns([*single_talk(ring_s=0.0), *single_talk(ring_s=_RING_S), *delay_jumps()]):
        cost = f"{one.block_s * 1e6:.0f} us a block"
        click.echo(f"{one.scene:20} {one.after_1s:5.1f} dB after 1 s {one.after_3s:5.1f} dB after 3 s {cost}")
    for two in bench.double_talk(double_talks()):
        click.echo(f"{two.scene:20} {two.loss:5.1f} dB lost; by level {two.level:.1f}, by 10 ms {two.segmental:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="echo scenes, offline")
    parser.add_argument("--artefacts", type=Path, help="folder for recordings")
    arguments = parser.parse_args()
    if arguments.artefacts is not None:
        arguments.artefacts.mkdir(parents=True, exist_ok=True)
    show(voices(), arguments.artefacts)
