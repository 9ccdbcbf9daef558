"""Who gets the lines: what is said, what is written, by whom last, and the note that a machine writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.text.captions import LINES
from kiosk.ui.text_room import NOTE_S, RECENT_S, Shares, Wanted, named, shares

LONG_AGO = 1e6


@pytest.mark.parametrize(
    ("wanted", "room", "shared"),
    [
        (Wanted(), 4, Shares()),
        (Wanted(theirs=3), 4, Shares(theirs=3)),
        (Wanted(theirs=3, ours=1), 4, Shares(theirs=3, ours=1)),
        (Wanted(theirs=3, ours=1), 2, Shares(theirs=2)),
        (Wanted(theirs=3, ours=1, ours_newest=True), 2, Shares(theirs=1, ours=1)),
        (Wanted(theirs=1, ours=1), 2, Shares(theirs=1, ours=1)),
        (Wanted(theirs=3, ours=1), 1, Shares(theirs=1)),
        (Wanted(theirs=3, ours=1, ours_newest=True), 1, Shares(ours=1)),
        (Wanted(said=3, note=1, since_said=LONG_AGO), 4, Shares(said=3, note=1)),
        (Wanted(said=3, note=1, since_said=LONG_AGO), 2, Shares(said=2)),
        (Wanted(said=3, note=1, since_said=NOTE_S - 1), 2, Shares(said=2, note=1)),
        (Wanted(said=3, theirs=3, ours=1, since_said=LONG_AGO), 4, Shares(said=2, theirs=2)),
        (Wanted(said=3, theirs=3, ours=1, since_written=RECENT_S - 1), 2, Shares(theirs=2)),
        (Wanted(said=3, theirs=3, ours=1, since_written=LONG_AGO, since_said=LONG_AGO), 2, Shares(said=2)),
        (Wanted(said=3, theirs=3, ours=1), 0, Shares()),
    ],
)
def test_the_newest_words_have_the_room(wanted: Wanted, room: int, shared: Shares) -> None:
    assert shares(wanted, room, ceiling=room + 1) == shared


def test_a_note_without_room_is_left_out() -> None:
    assert shares(Wanted(said=2, note=1), 2, ceiling=2).note == 0


@given(
    st.builds(
        Wanted,
        said=st.integers(0, LINES),
        theirs=st.integers(0, LINES),
        ours=st.integers(0, 1),
        note=st.integers(0, 2),
        since_written=st.floats(0, 100),
        since_said=st.floats(0, 100),
        ours_newest=st.booleans(),
    ),
    st.integers(0, 8),
    st.integers(0, 10),
)
def test_never_more_than_there_is_and_never_nothing(wanted: Wanted, room: int, more: int) -> None:
    share = shares(wanted, room, room + more)
    assert min(share.said, share.theirs, share.ours, share.note) >= 0
    assert share.said <= wanted.said and share.theirs <= wanted.theirs and share.ours <= wanted.ours
    assert share.said + share.theirs + share.ours <= room
    assert share.said + share.theirs + share.ours + share.note <= room + more
    if room and (wanted.said or wanted.theirs or wanted.ours):
        assert share.said + share.theirs + share.ours > 0


def test_without_a_column_the_name_stands_before_the_newest_lines() -> None:
    def fits(line: str) -> bool:
        return len(line) <= 16

    assert named("Hei Olga!", "Kari", fits, 2) == ["Kari: Hei Olga!"]
    lines = named("Jeg skrur opp lyden litt, så ser vi om det hjelper deg.", "Kari", fits, 2)
    assert lines == ["Kari: ser vi om", "det hjelper deg."]
    assert named("Donaudampfschifffahrt", "Kari", fits, 1) == ["Kari: fahrt"]
