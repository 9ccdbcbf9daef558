"""Text in lines as a screen or a caption shows them: whole words, at most 40 characters, the newest last. Pure."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.text.graphemes import clusters

LONGEST_LINE = 40
"""Characters that people perceive; what captions keep to (accessibility goal G15)."""


def wrapped(text: str, fits: Callable[[str], bool] = lambda line: True, *, most: int = LONGEST_LINE) -> list[str]:
    """The lines of a text. ``fits``: whether a line is narrow enough; asked of every line with one word more.

    A word that fills more than a line is cut. A new line at the end begins a line, empty as yet.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_paragraph(paragraph, lambda line: len(list(clusters(line))) <= most and fits(line)))
    return lines


def last(lines: list[str], count: int) -> list[str]:
    """The newest ``count`` lines; an empty one at the end is room that shows nothing, so it does not count."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines[-count:] if count > 0 else []


def _paragraph(text: str, fits: Callable[[str], bool]) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if not longer or fits(longer):
            line = longer
            continue
        if line:
            lines.append(line)
        pieces = _cut(word, fits)
        lines.extend(pieces[:-1])
        line = pieces[-1]
    return [*lines, line]


def _cut(word: str, fits: Callable[[str], bool]) -> list[str]:
    """A word in pieces that fit; a single character always does."""
    if fits(word):
        return [word]
    pieces = [""]
    for cluster in clusters(word):
        if pieces[-1] and not fits(pieces[-1] + cluster):
            pieces.append("")
        pieces[-1] += cluster
    return pieces
