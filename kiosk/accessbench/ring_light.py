"""The light of the ringing screen (G12): records the real page in every theme and judges what moves in it.

Twelve seconds at 30 pictures a second. The page's own clock is set by hand for each picture, so that a busy machine
records what an idle one shows.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
from PySide6.QtCore import QObject
from PySide6.QtGui import QImage

from kiosk.accessbench import examples
from kiosk.accessbench.access_check import Figure
from kiosk.accessbench.flashes import Pictures, changing, changing_to_red, most_flashes
from kiosk.accessbench.iris import PASS, iris_verdict
from kiosk.accessbench.stage import Stage, application
from kiosk.facts.profile import Profile, Seeing, Theme

SECONDS = 12
PICTURES_A_SECOND = 30
SIZE = (1280, 800)
_SMALLER = 4
"""Recorded in a quarter of the width and height, each place one that is drawn."""


class RingLight(msgspec.Struct, frozen=True):
    """``pictures``: the different ones; ``shown``: which of them each thirtieth of a second shows."""

    pictures: Pictures
    shown: tuple[int, ...]

    def recording(self) -> Pictures:
        """All of them in order."""
        return np.asarray(self.pictures[np.array(self.shown)])


@cache
def recorded(theme: Theme, *, flash: bool = True) -> RingLight:
    """Twelve seconds of the ringing screen."""
    application()
    stage = Stage(SIZE, Profile(seeing=Seeing(theme=theme, flash=flash)))
    try:
        stage.show(examples.every_state()["ring"])
        pulse = _pulse(stage)
        running, interval = bool(pulse.property("running")), int(pulse.property("interval"))
        if not running:
            return RingLight(np.stack([_pixels(stage.grab())]), (0,) * (SECONDS * PICTURES_A_SECOND))
        steps = int(pulse.property("steps"))
        drawn = []
        for step in range(steps):
            pulse.setProperty("step", step)
            drawn.append(_pixels(stage.grab()))
    finally:
        stage.close()
    ticks = (int(number * 1000 / PICTURES_A_SECOND / interval) for number in range(SECONDS * PICTURES_A_SECOND))
    return RingLight(np.stack(drawn), tuple(tick % steps for tick in ticks))


def _pulse(stage: Stage) -> QObject:
    """The ring page's clock. Raises LookupError."""
    found = [one for item in stage.items() for one in item.children() if one.objectName() == "ringPulse"]
    if len(found) != 1:
        raise LookupError(f"ringPulse: {len(found)}")
    return found[0]


def _pixels(image: QImage) -> Pictures:
    whole = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(whole.constBits(), dtype=np.uint8).reshape(whole.height(), whole.bytesPerLine())
    return rows[:, : 3 * whole.width()].reshape(whole.height(), whole.width(), 3)[::_SMALLER, ::_SMALLER].copy()


def flashes_a_second(light: RingLight) -> float:
    """At the place that flashes the most."""
    return most_flashes(light.recording()) / SECONDS


def fastest_flash() -> Figure:
    """The worst theme."""
    return _worst({theme.value: flashes_a_second(recorded(theme)) for theme in Theme})


def saturated_red() -> Figure:
    """The share of the screen that lights up in it, in the worst theme."""
    return _worst({theme.value: 100 * float(changing_to_red(recorded(theme).pictures).mean()) for theme in Theme})


def moving_when_off() -> Figure:
    """The share of the screen that moves though the patient's profile forbids it."""
    return _worst({theme.value: 100 * float(changing(recorded(theme, flash=False).pictures).mean()) for theme in Theme})


def failed_by_iris() -> Figure:
    """In how many themes IRIS (with its rule for longer flashing) finds fault with the recording."""
    verdicts = {}
    with tempfile.TemporaryDirectory() as folder:
        for theme in Theme:
            verdicts[theme.value] = iris_verdict(recorded(theme).recording(), PICTURES_A_SECOND, Path(folder))
    missing = [name for name, verdict in verdicts.items() if verdict is None]
    if missing:
        return Figure(None, "iris-pse-detection is not installed")
    failed = [f"{name}: {verdict}" for name, verdict in verdicts.items() if verdict != PASS]
    return Figure(float(len(failed)), ", ".join(failed) or f"{len(verdicts)} themes pass")


def _worst(figures: dict[str, float]) -> Figure:
    name = max(figures, key=lambda one: figures[one])
    return Figure(figures[name], name)
