"""What is measured on a drawn page: contrast, sizes, layout, plainness. Each gives figures with where they stand."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFontMetricsF, QImage
from PySide6.QtQuick import QQuickItem

from kiosk.accessbench.stage import Stage
from kiosk.ui.texts import ScreenTexts

FIXED = frozenset({"sayAgain", "more"})
"""«Si igjen» and «Mer»: on every page, and no choices."""

WRITING = frozenset({"key", "keyboard", "writingDone"})
"""The keyboard, the way to it and the way out of writing: exempt from the rule of three choices (issue 5)."""


class Found(msgspec.Struct, frozen=True):
    """One figure and where it was found."""

    value: float
    where: str


def worst(found: Iterable[Found], *, least: bool = True) -> Found:
    """The smallest (or largest) of all. Raises ValueError when nothing was found."""
    every = list(found)
    return min(every, key=lambda one: one.value) if least else max(every, key=lambda one: one.value)


def luminance(colour: QColor) -> float:
    """Relative luminance, WCAG 2.2."""

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(one: QColor, other: QColor) -> float:
    """Contrast ratio, 1 to 21, WCAG 2.2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def pixels(image: QImage) -> npt.NDArray[np.uint32]:
    """Rows of 0xffRRGGBB."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(plain.constBits(), dtype=np.uint32).reshape(plain.height(), plain.bytesPerLine() // 4)
    return rows[:, : plain.width()].copy()


def text_contrast(stage: Stage, drawn: npt.NDArray[np.uint32]) -> Iterator[Found]:
    """Of every text as drawn: the most frequent colour in its place is its ground; among the colours of at least 80 %
    of the greatest contrast to it the most frequent is its letters'."""
    for item in stage.texts():
        area = stage.ink(item).toRect()
        part = drawn[max(0, area.top()) : area.bottom(), max(0, area.left()) : area.right()]
        if not part.size:
            continue
        values, counts = np.unique(part, return_counts=True)
        ground = QColor(int(values[counts.argmax()]))
        ratios = [
            (contrast(ground, QColor(int(value))), int(count)) for value, count in zip(values, counts, strict=True)
        ]
        top = max(ratio for ratio, _ in ratios)
        letters = max((one for one in ratios if one[0] >= 0.8 * top), key=lambda one: one[1])
        yield Found(letters[0], f"«{item.property('text')}»")


def edge_contrast(stage: Stage, drawn: npt.NDArray[np.uint32]) -> Iterator[Found]:
    """Of every button against what lies beside it: its ground's or its edge's, whichever is greater."""
    ring = 1.4 * stage.millimetre
    for item in stage.items("BigButton"):
        place = stage.rectangle(item)
        row = round(place.center().y())
        outside = QColor(int(drawn[row, max(0, round(place.left() - 3))]))
        inside = [int(drawn[row, round(place.left() + step)]) for step in (ring / 4, 1.5 * ring)]
        yield Found(max(contrast(outside, QColor(one)) for one in inside), item.objectName())


def controls_mm(stage: Stage) -> Iterator[Found]:
    """The smaller side of every control, in millimetres."""
    for item in stage.items("BigButton"):
        place = stage.rectangle(item)
        yield Found(min(place.width(), place.height()) / stage.millimetre, item.objectName())


def gap_mm(one: QRectF, other: QRectF) -> float:
    """Pixels between two places: the greater of both directions; negative when they overlap."""
    across = max(one.left(), other.left()) - min(one.right(), other.right())
    down = max(one.top(), other.top()) - min(one.bottom(), other.bottom())
    return max(across, down)


def capitals_degrees(stage: Stage) -> Iterator[Found]:
    """Height of every text's capital H as seen at the distance of the profile, in degrees."""
    distance = stage.profile.seeing.distance_m * 1000
    for item in stage.texts():
        height = QFontMetricsF(stage.drawn_font(item)).tightBoundingRect("H").height() / stage.millimetre
        yield Found(math.degrees(math.atan(height / distance)), f"«{item.property('text')}»")


def layout_faults(stage: Stage) -> Iterator[str]:
    """Clipped, overlapping or off the screen, each in words."""
    window = QRectF(-0.5, -0.5, stage.window.width() + 1, stage.window.height() + 1)
    texts = [(item, stage.ink(item)) for item in stage.texts()]
    buttons = [(item, stage.rectangle(item)) for item in stage.items("BigButton")]
    for item, ink in texts:
        words = item.property("text")
        if item.property("truncated") or item.property("contentWidth") > item.width() + 1:
            yield f"«{words}» is cut off"
        if not window.contains(ink):
            yield f"«{words}» is not all on the screen"
        for button, place in buttons:
            if button in _parents(item):
                if not place.adjusted(-1, -1, 1, 1).contains(ink):
                    yield f"«{words}» does not fit its button"
            elif gap_mm(ink, place) < -1:
                yield f"«{words}» lies under {button.objectName()}"
    for (one, first), (other, second) in itertools.combinations(texts, 2):
        shared = first.intersected(second)
        if shared.width() > 1 and shared.height() > 2:
            yield f"«{one.property('text')}» and «{other.property('text')}» overlap"
    for (button, first), (beside, second) in itertools.combinations(buttons, 2):
        if gap_mm(first, second) < 2 * stage.millimetre:
            yield f"{button.objectName()} and {beside.objectName()} touch"
    for button, place in buttons:
        if not window.contains(place):
            yield f"{button.objectName()} is not all on the screen"


def choices(stage: Stage) -> int:
    """How many buttons there are to choose from, the fixed ones and those of writing apart."""
    return len([item for item in stage.items("BigButton") if item.objectName() not in FIXED | WRITING])


def sentences(texts: ScreenTexts) -> list[str]:
    """Every sentence that the screen can show."""

    def walk(value: object) -> Iterator[str]:
        if isinstance(value, str):
            yield from (part.strip() for part in re.split(r"(?<=[.!?:])\s+", value) if part.strip())
        elif isinstance(value, dict):
            for one in value.values():
                yield from walk(one)
        elif isinstance(value, list | tuple):
            for one in value:
                yield from walk(one)

    return list(walk(msgspec.to_builtins(texts)))


def lix(every: Sequence[str]) -> float:
    """Björnsson's readability index: words a sentence, and the share of words longer than six letters in per cent."""
    words = [word for sentence in every for word in re.findall(r"[^\W\d_]+", sentence)]
    long = sum(len(word) > 6 for word in words)
    return len(words) / len(every) + 100 * long / len(words)


def _parents(item: QQuickItem) -> Iterator[QQuickItem]:
    parent = item.parentItem()
    while parent is not None:
        yield parent
        parent = parent.parentItem()
