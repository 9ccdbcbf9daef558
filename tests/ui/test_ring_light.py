"""G12: the light of the ringing screen, in every theme, as WCAG and IRIS judge it."""

from __future__ import annotations

import pytest

from kiosk.accessbench import ring_light
from kiosk.accessbench.flashes import changing, changing_to_red
from kiosk.accessbench.ring_light import recorded
from kiosk.facts.profile import Theme


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("theme", list(Theme))
def test_the_light_of_the_ring_swells_slowly_and_never_red(theme: Theme) -> None:
    light = recorded(theme)
    assert len(light.shown) == 12 * 30
    assert changing(light.pictures).any(), "it moves"
    assert ring_light.flashes_a_second(light) <= 1.0
    assert not changing_to_red(light.pictures).any()


@pytest.mark.usefixtures("qapp")
def test_without_flashing_nothing_moves() -> None:
    assert ring_light.moving_when_off().value == 0.0


@pytest.mark.usefixtures("qapp")
def test_iris_passes_every_theme() -> None:
    figure = ring_light.failed_by_iris()
    assert figure.value == 0.0, figure
