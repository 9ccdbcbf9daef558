"""One side, or a balance between both, as factors and in the samples for two channels."""

from __future__ import annotations

import numpy as np
import pytest

from kiosk.facts.profile import Hearing, Side
from kiosk.media.card import spread
from kiosk.media.sound import sides_of


@pytest.mark.parametrize(
    ("hearing", "sides"),
    [
        (Hearing(), (1.0, 1.0)),
        (Hearing(side=Side.LEFT), (1.0, 0.0)),
        (Hearing(side=Side.RIGHT, balance=-50), (0.0, 1.0)),
        (Hearing(balance=-100), (1.0, 0.0)),
        (Hearing(balance=100), (0.0, 1.0)),
        (Hearing(balance=25), (0.75, 1.0)),
    ],
)
def test_a_balance_softens_the_other_side_and_raises_neither(hearing: Hearing, sides: tuple[float, float]) -> None:
    assert sides_of(hearing) == pytest.approx(sides)


def test_the_channels_are_interleaved_left_first() -> None:
    block = np.array([100, -200, 32767], dtype=np.int16)
    assert spread(block, (1.0, 0.5)).ravel().tolist() == [100, 50, -200, -100, 32767, 16384]
