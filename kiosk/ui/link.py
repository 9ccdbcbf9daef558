"""The ui's end of the socket to core, on Qt's event loop: whole messages in, whole messages out. Decides nothing."""

from __future__ import annotations

import collections
import logging
import os
import socket

import msgspec
from PySide6.QtCore import QObject, QSocketNotifier, Signal

from kiosk.ipc import wire
from kiosk.ipc.ui_messages import FromUi, PaintReport, ToUi

_log = logging.getLogger(__name__)

MAXIMUM_WAITING = 256
"""Messages kept while core does not read; beyond that the oldest go (a core that is stuck so long is restarted)."""


class Link(QObject):
    """Emits ``received(message, descriptors)`` for every good message, and ``closed`` once when core has gone.

    The descriptors belong to the receiver. What cannot be read is counted in ``refused`` and dropped.
    """

    received = Signal(object, object)
    closed = Signal()

    def __init__(self, connection: socket.socket, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.refused = 0
        self._connection: socket.socket | None = connection
        self._waiting: collections.deque[FromUi] = collections.deque(maxlen=MAXIMUM_WAITING)
        self._decoder: msgspec.json.Decoder[ToUi] = msgspec.json.Decoder(ToUi)
        connection.setblocking(False)
        self._readable = QSocketNotifier(connection.fileno(), QSocketNotifier.Type.Read, self)
        self._readable.activated.connect(self._read)
        self._writable = QSocketNotifier(connection.fileno(), QSocketNotifier.Type.Write, self)
        self._writable.setEnabled(False)
        self._writable.activated.connect(self._write)

    def send(self, message: FromUi) -> None:
        """Send, or keep until core reads again. A paint report that cannot go at once is not worth keeping."""
        if isinstance(message, PaintReport) and self._waiting:
            return
        self._waiting.append(message)
        self._write()

    def close(self) -> None:
        """Stop listening and close the socket; ``closed`` is not emitted."""
        if self._connection is None:
            return
        self._readable.setEnabled(False)
        self._writable.setEnabled(False)
        self._connection.close()
        self._connection = None

    def _read(self) -> None:
        while self._connection is not None:
            try:
                packet, descriptors = wire.receive(self._connection)
            except BlockingIOError:
                return
            except wire.LinkClosed:
                self._lost()
                return
            except wire.WireError as error:
                self._refuse(str(error), [])
                continue
            try:
                message = self._decoder.decode(packet)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                # msgspec quotes field names and types, never values.
                self._refuse(str(error), descriptors)
                continue
            self.received.emit(message, descriptors)

    def _refuse(self, why: str, descriptors: list[int]) -> None:
        for descriptor in descriptors:
            os.close(descriptor)
        self.refused += 1
        _log.warning("refused message %d from core: %s", self.refused, why)

    def _write(self) -> None:
        while self._waiting and self._connection is not None:
            try:
                wire.send(self._connection, self._waiting[0])
            except BlockingIOError:
                self._writable.setEnabled(True)
                return
            except wire.LinkClosed:
                self._lost()
                return
            self._waiting.popleft()
        self._writable.setEnabled(False)

    def _lost(self) -> None:
        if self._connection is None:
            return
        self.close()
        self.closed.emit()
