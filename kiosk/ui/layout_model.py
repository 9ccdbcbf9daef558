"""Measures words with Qt's own line breaking and places the pieces of a page for QML. Where, is paging's."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QTextLayout, QTextOption
from PySide6.QtQml import QmlElement

from kiosk.ui.appearance import LINE
from kiosk.ui.paging import Block, Button, Room, Spot, arrange

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1

_SAFE = 1.0
"""Pixels by which a line may be drawn wider than it was measured."""


@QmlElement
class LayoutModel(QObject):
    """Lays out pages whose letters are of one family."""

    def __init__(self, family: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._family = family
        self._lines = functools.lru_cache(maxsize=2048)(self._break)
        self._width = functools.lru_cache(maxsize=2048)(self._measure)

    @Slot("QVariantList", "QVariantList", "QVariantMap", result="QVariantList")
    def arrange(
        self, pieces: Sequence[Mapping[str, Any]], buttons: Sequence[Mapping[str, Any]], room: Mapping[str, Any]
    ) -> list[dict[str, object]]:
        """All sub-pages: ``pieces`` and ``buttons``, each a list of index, x, y, width, height and (pieces) words.

        A piece: ``words``, ``size``, ``weight``, ``padding`` (width and height around the words), or ``width`` and
        ``height``; ``least``, ``pairs``, ``toRight``, ``late``. A button: ``words``, ``size``, ``weight``, ``padding``,
        ``sticky``, ``apart``, ``flows``. ``room`` has the fields of paging.Room.
        """
        where = msgspec.convert(dict(room), Room, strict=False)
        blocks = [self._block(piece, where.content_width) for piece in pieces]

        def height_of(index: int, width: float) -> float:
            button = buttons[index]
            lines: tuple[str, ...] = self._lines(
                button["words"], button["size"], button["weight"], width - button["padding"]
            )
            return len(lines) * math.ceil(int(button["size"]) * LINE) + float(button["padding"]) / 2

        pressed = [
            Button(
                width=max(where.bar, self.width(one["words"], one["size"], one["weight"]) + one["padding"]),
                sticky=one["sticky"],
                apart=one["apart"],
                flows=one["flows"],
            )
            for one in buttons
        ]
        return [
            {
                "pieces": [self._piece(spot, pieces[spot.index], where) for spot in page.blocks],
                "buttons": [_place(spot) for spot in page.buttons],
            }
            for page in arrange(blocks, pressed, where, height_of)
        ]

    @Slot(str, int, int, result=float)
    def width(self, words: str, size: int, weight: int) -> float:
        """Of the widest line of ``words``, in pixels."""
        return max([self._measured(line, size, weight) for line in words.split("\n")])

    def _measured(self, line: str, size: int, weight: int) -> float:
        found: float = self._width(line, size, weight)
        return found

    def lines(self, words: str, size: int, weight: int, width: float) -> tuple[str, ...]:
        """``words`` broken to ``width`` as QML's Text breaks them."""
        return self._lines(words, size, weight, width)

    def _font(self, size: int, weight: int) -> QFont:
        font = QFont(self._family)
        font.setPixelSize(size)
        font.setWeight(QFont.Weight(weight))
        return font

    def _measure(self, words: str, size: int, weight: int) -> float:
        return math.ceil(QFontMetricsF(self._font(size, weight)).horizontalAdvance(words)) + 2 * _SAFE

    def _break(self, words: str, size: int, weight: int, width: float) -> tuple[str, ...]:
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        found: list[str] = []
        for paragraph in words.split("\n"):
            layout = QTextLayout(paragraph, self._font(size, weight))
            layout.setTextOption(option)
            layout.beginLayout()
            while (line := layout.createLine()).isValid():
                line.setLineWidth(max(1.0, width - _SAFE))
                found.append(paragraph[line.textStart() : line.textStart() + line.textLength()].strip())
            layout.endLayout()
        return tuple(found) or ("",)

    def _block(self, piece: Mapping[str, Any], content_width: float) -> Block:
        least = None if piece["least"] < 0 else float(piece["least"])
        if not piece["words"]:
            return Block(
                piece["width"],
                piece["height"],
                least,
                pairs=piece["pairs"],
                to_right=piece["toRight"],
                late=piece["late"],
            )
        size, weight, padding = piece["size"], piece["weight"], piece["padding"]
        line = math.ceil(size * LINE)
        lines = len(self._lines(piece["words"], size, weight, content_width - padding))
        return Block(
            width=self.width(piece["words"], size, weight) + padding,
            height=lines * line + piece["air"],
            lines=lines,
            line=line + (piece["air"] if lines == 1 else 0),
            pairs=piece["pairs"],
            to_right=piece["toRight"],
            late=piece["late"],
        )

    def _piece(self, spot: Spot, piece: Mapping[str, Any], room: Room) -> dict[str, object]:
        place = _place(spot)
        words = piece["words"]
        if words and spot.count:
            lines = self._lines(words, piece["size"], piece["weight"], room.content_width - piece["padding"])
            words = "\n".join(lines[spot.first : spot.first + spot.count])
        place["words"] = words
        return place


def _place(spot: Spot) -> dict[str, object]:
    return {"index": spot.index, "x": spot.x, "y": spot.y, "width": spot.width, "height": spot.height}
