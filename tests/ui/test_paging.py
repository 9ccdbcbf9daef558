"""Where pieces and buttons stand: everything once, in order, inside its room, never more choices than allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.ui.paging import Block, Button, Room, arrange

ROOM = Room(
    width=1280,
    height=800,
    margin=24,
    edge=15,
    bar=118,
    left=24,
    content_width=1232,
    top=15,
    reserve=0,
    fixed=300,
    more=200,
    gap=7,
    between=29,
    apart=118,
    choices=3,
    choices_paged=3,
)


def words(lines: int, line: float = 90.0) -> Block:
    return Block(width=1000, height=lines * line, lines=lines, line=line)


def one_line(index: int, width: float) -> float:
    return 118.0


blocks = st.lists(
    st.builds(
        Block,
        width=st.floats(10, 1200),
        height=st.floats(200, 400),
        least=st.floats(20, 200),
        pairs=st.booleans(),
        late=st.booleans(),
    )
    | st.builds(words, st.integers(1, 12), st.sampled_from([60.0, 90.0, 176.0])),
    max_size=8,
)
buttons = st.lists(st.builds(Button, width=st.floats(118, 620), sticky=st.booleans()), max_size=3)


@given(blocks, buttons)
def test_everything_is_there_once_and_inside(content: list[Block], pressed: list[Button]) -> None:
    sticky = {index for index, button in enumerate(pressed) if button.sticky}
    pages = arrange(content, pressed, ROOM, one_line)
    whole = [spot.index for page in pages for spot in page.blocks if not spot.count]
    assert len(whole) == len(set(whole))
    lines: dict[int, list[int]] = {}
    for page in pages:
        for spot in page.blocks:
            if spot.count:
                lines.setdefault(spot.index, []).extend(range(spot.first, spot.first + spot.count))
    assert all(found == list(range(content[index].lines)) for index, found in lines.items())
    assert set(whole) | set(lines) == set(range(len(content)))
    seen: list[int] = []
    for page in pages:
        here = [spot.index for spot in page.buttons]
        assert sticky <= set(here), "critical buttons are on every sub-page"
        assert len(here) <= 3
        seen += [index for index in here if index not in sticky]
        for spot in (*page.blocks, *page.buttons):
            assert spot.x >= -0.5 and spot.x + spot.width <= 1280.5
            assert spot.y >= -0.5 and spot.y + spot.height <= 800.5
    assert sorted(set(seen)) == sorted(set(range(len(pressed))) - sticky)


@given(blocks, buttons)
def test_nothing_overlaps(content: list[Block], pressed: list[Button]) -> None:
    for page in arrange(content, pressed, ROOM, one_line):
        spots = [*page.blocks, *page.buttons]
        for at, one in enumerate(spots):
            for other in spots[at + 1 :]:
                across = max(one.x, other.x) - min(one.x + one.width, other.x + other.width)
                down = max(one.y, other.y) - min(one.y + one.height, other.y + other.height)
                assert max(across, down) >= -1


def test_what_fits_stands_on_one_page() -> None:
    assert len(arrange([words(5)], [Button(300)], ROOM, one_line)) == 1
    assert len(arrange([words(8)], [Button(300)], ROOM, one_line)) == 2


def test_opposites_stand_apart() -> None:
    (page,) = arrange([words(1)], [Button(300), Button(300, apart=True)], ROOM, one_line)
    no, yes = sorted(page.buttons, key=lambda spot: spot.index)
    assert no.x - (yes.x + yes.width) == pytest.approx(118)


def test_too_many_choices_go_to_the_next_page() -> None:
    pages = arrange([words(1)], [Button(200, sticky=False, flows=True) for _ in range(5)], ROOM, one_line)
    assert [len(page.buttons) for page in pages] == [3, 2]
