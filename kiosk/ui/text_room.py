"""How the lines that may cover a picture are shared by what is said and what is written: pure."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kiosk.text.captions import LINES
from kiosk.text.lines import last, wrapped

ROOM_FOR_ALL = 4
"""Lines: below this, captions and what is written take turns."""

RECENT_S = 12.0
"""How long what has been written goes before captions where both have no room."""

NOTE_S = 8.0
"""How long the note that a machine writes stands where it takes room from other things."""


class Wanted(msgspec.Struct, frozen=True):
    """Lines that each would fill: ``said``, written by the other end (``theirs``) and here (``ours``).

    ``note``: of the note about captions. ``since_written``: seconds since either wrote; ``since_said``: since captions
    began. ``ours_newest``: the patient wrote last.
    """

    said: int = 0
    theirs: int = 0
    ours: int = 0
    note: int = 0
    since_written: float = 0.0
    since_said: float = 0.0
    ours_newest: bool = False


class Shares(msgspec.Struct, frozen=True):
    """Lines that each gets."""

    said: int = 0
    theirs: int = 0
    ours: int = 0
    note: int = 0


def shares(wanted: Wanted, room: int, ceiling: int) -> Shares:
    """At most ``room`` lines, the newest words first; the note may take more, up to ``ceiling`` lines in all."""
    said, theirs, ours = wanted.said, wanted.theirs, min(wanted.ours, 1)
    if said and (theirs or ours) and room < ROOM_FOR_ALL:
        if wanted.since_written < RECENT_S:
            said = 0
        else:
            theirs = ours = 0
    written = bool(theirs or ours)
    said = min(said, 2 if written else LINES, room)
    left = room - said
    if theirs and (left < 2 or (left == 2 and not wanted.ours_newest and theirs > 1)):
        ours = ours if left == 1 and wanted.ours_newest else 0
    ours = min(ours, left)
    theirs = min(theirs, LINES, left - ours)
    shown = said + theirs + ours
    lasting = not written and room >= ROOM_FOR_ALL
    note = wanted.note if said and (lasting or wanted.since_said < NOTE_S) else 0
    return Shares(said, theirs, ours, note if shown + note <= ceiling else 0)


def named(text: str, name: str, fits: Callable[[str], bool], most: int) -> list[str]:
    """The newest lines, the name before the first of them: for where a column of names has no room."""
    words = " ".join(last(wrapped(text, fits), most + 1)).split(" ")
    for first in range(len(words)):
        lines = wrapped(f"{name}: " + " ".join(words[first:]), fits)
        if len(lines) <= most:
            return lines
    return last(wrapped(text, fits), most)
