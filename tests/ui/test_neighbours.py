"""Tab and arrows come to every control, from every control."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.ui.neighbours import Place, Way, neighbour

GRID = [Place(column * 110.0, row * 60.0, 100.0, 50.0) for row in range(3) for column in range(9)]


@pytest.mark.parametrize(
    ("here", "way", "there"),
    [
        (None, Way.NEXT, 0),
        (None, Way.BEFORE, 26),
        (None, Way.DOWN, 0),
        (0, Way.NEXT, 1),
        (26, Way.NEXT, 0),
        (0, Way.BEFORE, 26),
        (10, Way.LEFT, 9),
        (10, Way.RIGHT, 11),
        (10, Way.UP, 1),
        (10, Way.DOWN, 19),
        (8, Way.RIGHT, 9),
        (9, Way.LEFT, 8),
        (19, Way.DOWN, 20),
    ],
)
def test_arrows_go_to_what_lies_there(here: int | None, way: Way, there: int) -> None:
    assert neighbour(GRID, here, way) == there


def test_without_controls_there_is_nowhere_to_go() -> None:
    assert neighbour([], None, Way.NEXT) is None


PLACES = st.lists(
    st.builds(Place, st.floats(0, 1200), st.floats(0, 700), st.floats(20, 900), st.floats(20, 400)),
    min_size=1,
    max_size=9,
)


@given(PLACES)
def test_no_trap(places: list[Place]) -> None:
    """With Tab alone, with Shift-Tab alone, and with the four arrows, all controls are come to."""
    for ways in ((Way.NEXT,), (Way.BEFORE,), (Way.LEFT, Way.RIGHT, Way.UP, Way.DOWN)):
        seen, edge = {0}, [0]
        while edge:
            here = edge.pop()
            for way in ways:
                there = neighbour(places, here, way)
                if there is not None and there not in seen:
                    seen.add(there)
                    edge.append(there)
        if len(ways) == 1:
            assert len(seen) == len(places)
        else:
            assert seen, "arrows have Tab beside them where places overlap"
