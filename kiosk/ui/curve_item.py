"""Draws a line of readings and its target band with a painter: the same on a graphics card and without one."""

from __future__ import annotations

from PySide6.QtCore import Property, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtQml import QmlElement
from PySide6.QtQuick import QQuickItem, QQuickPaintedItem

from kiosk.ui.history_card import Chart
from kiosk.ui.history_model import HistoryModel

QML_IMPORT_NAME = "Svar.Screen"
QML_IMPORT_MAJOR_VERSION = 1


@QmlElement
class CurveItem(QQuickPaintedItem):
    """The drawing of a HistoryModel. The line lies in ``plotWidth``; the band goes on to the right, where it is named.

    ``stroke`` is the width of the line in pixels; dots are three times as wide, the newest four times.
    """

    historyChanged = Signal()
    styleChanged = Signal()

    def __init__(self, parent: QQuickItem | None = None) -> None:
        super().__init__(parent)
        self._history: HistoryModel | None = None
        self._plot_width = 0.0
        self._stroke = 4.0
        self._ink = QColor("white")
        self._shade = QColor("darkgreen")
        self._edge = QColor("lightgreen")
        self.setAntialiasing(True)

    def paint(self, painter: QPainter) -> None:
        """Called by Qt whenever the drawing has to be made anew."""
        chart = self._history.chart if self._history is not None else None
        if chart is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_band(painter, chart)
        self._paint_line(painter, chart)

    def _area(self) -> QRectF:
        """Where the line may lie, so that the dots at the edges are whole."""
        edge = 2 * self._stroke
        return QRectF(edge, edge, max(1.0, self._plot_width - 2 * edge), max(1.0, self.height() - 2 * edge))

    def _paint_band(self, painter: QPainter, chart: Chart) -> None:
        area = self._area()
        thin = max(1.0, self._stroke / 4)
        painter.setPen(QPen(self._ink, thin))
        for fraction in (0.0, 1.0):
            y = area.bottom() - fraction * area.height()
            painter.drawLine(QPointF(0, y), QPointF(self._plot_width, y))
        if chart.band is None:
            return
        low, high = (area.bottom() - fraction * area.height() for fraction in chart.band)
        painter.fillRect(QRectF(0, high, self.width(), max(self._stroke, low - high)), self._shade)
        # The shade alone is too near the ground for weak eyes: its edges are bright.
        painter.setPen(QPen(self._edge, thin))
        for y in (low, high):
            painter.drawLine(QPointF(0, y), QPointF(self.width(), y))

    def _paint_line(self, painter: QPainter, chart: Chart) -> None:
        area = self._area()
        points = [QPointF(area.left() + x * area.width(), area.bottom() - y * area.height()) for x, y in chart.line]
        # Hundreds of readings in a thick line would be a blot.
        pen = QPen(self._ink, self._stroke if chart.dotted else self._stroke / 2)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ink)
        if chart.dotted:
            for point in points:
                painter.drawEllipse(point, 1.5 * self._stroke, 1.5 * self._stroke)
        painter.drawEllipse(points[-1], 2 * self._stroke, 2 * self._stroke)

    def _get_history(self) -> HistoryModel | None:
        return self._history

    def _set_history(self, history: HistoryModel | None) -> None:
        if history is self._history:
            return
        if self._history is not None:
            self._history.changed.disconnect(self.update)
        self._history = history
        if history is not None:
            history.changed.connect(self.update)
        self.historyChanged.emit()
        self.update()

    def _get_plot_width(self) -> float:
        return self._plot_width

    def _set_plot_width(self, width: float) -> None:
        self._plot_width = width
        self._restyled()

    def _get_stroke(self) -> float:
        return self._stroke

    def _set_stroke(self, stroke: float) -> None:
        self._stroke = stroke
        self._restyled()

    def _get_ink(self) -> QColor:
        return self._ink

    def _set_ink(self, ink: QColor) -> None:
        self._ink = ink
        self._restyled()

    def _get_shade(self) -> QColor:
        return self._shade

    def _set_shade(self, shade: QColor) -> None:
        self._shade = shade
        self._restyled()

    def _get_edge(self) -> QColor:
        return self._edge

    def _set_edge(self, edge: QColor) -> None:
        self._edge = edge
        self._restyled()

    def _restyled(self) -> None:
        self.styleChanged.emit()
        self.update()

    history = Property(HistoryModel, _get_history, _set_history, notify=historyChanged)
    plotWidth = Property(float, _get_plot_width, _set_plot_width, notify=styleChanged)
    stroke = Property(float, _get_stroke, _set_stroke, notify=styleChanged)
    ink = Property(QColor, _get_ink, _set_ink, notify=styleChanged)
    shade = Property(QColor, _get_shade, _set_shade, notify=styleChanged)
    edge = Property(QColor, _get_edge, _set_edge, notify=styleChanged)
