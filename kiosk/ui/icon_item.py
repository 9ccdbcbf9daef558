"""Draws the icons of «Si igjen» and «Mer» where their words have no room: a loudspeaker, an arrow; in their colour."""

from __future__ import annotations

from PySide6.QtCore import Property, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtQml import QmlElement
from PySide6.QtQuick import QQuickItem, QQuickPaintedItem

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1

_BODY = ((0.08, 0.36), (0.26, 0.36), (0.48, 0.14), (0.48, 0.86), (0.26, 0.64), (0.08, 0.64))
_WAVES = (0.16, 0.32)
_PEN = 0.085
_ARROW = ((0.1, 0.42), (0.5, 0.42), (0.5, 0.18), (0.94, 0.5), (0.5, 0.82), (0.5, 0.58), (0.1, 0.58))


@QmlElement
class IconItem(QQuickPaintedItem):
    """As large as the smaller of its sides, in its middle. ``arrow``: «Mer», else «Si igjen»."""

    inkChanged = Signal()
    arrowChanged = Signal()

    def __init__(self, parent: QQuickItem | None = None) -> None:
        super().__init__(parent)
        self._ink = QColor("white")
        self._arrow = False
        self.setAntialiasing(True)

    def paint(self, painter: QPainter) -> None:
        """Called by Qt whenever the drawing has to be made anew."""
        side = min(self.width(), self.height())
        left, top = (self.width() - side) / 2, (self.height() - side) / 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ink)
        outline = _ARROW if self._arrow else _BODY
        painter.drawPolygon(QPolygonF([QPointF(left + x * side, top + y * side) for x, y in outline]))
        if self._arrow:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pen = QPen(self._ink, _PEN * side)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        middle = QPointF(left + 0.55 * side, top + 0.5 * side)
        for radius in _WAVES:
            size = 2 * radius * side
            place = QRectF(middle.x() - size / 2, middle.y() - size / 2, size, size)
            painter.drawArc(place, -45 * 16, 90 * 16)

    def _get_ink(self) -> QColor:
        return self._ink

    def _set_ink(self, ink: QColor) -> None:
        self._ink = ink
        self.inkChanged.emit()
        self.update()

    ink = Property(QColor, _get_ink, _set_ink, notify=inkChanged)

    def _get_arrow(self) -> bool:
        return self._arrow

    def _set_arrow(self, arrow: bool) -> None:
        self._arrow = arrow
        self.arrowChanged.emit()
        self.update()

    arrow = Property(bool, _get_arrow, _set_arrow, notify=arrowChanged)
