"""One end of a link between processes, for asyncio: typed messages in, typed messages out, descriptors beside them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from kiosk.ipc import wire

_log = logging.getLogger(__name__)

MAXIMUM_WAITING = 256
"""Messages that may wait for a peer that does not read; more than that is a peer that hangs."""

In = TypeVar("In")


class Link(Generic[In]):
    """A connected SOCK_SEQPACKET socket with a message type in each direction.

    ``received`` is called for each message with its descriptors, which it then owns; ``closed`` once, when the other
    process has gone or hangs. Packets that are not one of the messages are counted in ``refused``, logged, survived.
    """

    def __init__(
        self,
        connection: socket.socket,
        incoming: msgspec.json.Decoder[In],
        received: Callable[[In, list[int]], None],
        closed: Callable[[], None],
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._incoming = incoming
        self._received = received
        self._closed = closed
        self._waiting: deque[tuple[msgspec.Struct, tuple[int, ...]]] = deque()
        self._open = True
        self.refused = 0
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection, self._read)

    def send(self, message: msgspec.Struct, descriptors: tuple[int, ...] = ()) -> None:
        """Queue a message with copies of the descriptors; the caller keeps its own. Nothing happens once closed."""
        if not self._open:
            return
        self._waiting.append((message, tuple(os.dup(one) for one in descriptors)))
        self._write()

    def close(self) -> None:
        """End the link without calling ``closed``."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._connection)
        self._loop.remove_writer(self._connection)
        self._connection.close()
        for _, descriptors in self._waiting:
            _close_all(descriptors)
        self._waiting.clear()

    def _write(self) -> None:
        while self._waiting:
            message, descriptors = self._waiting[0]
            try:
                wire.send(self._connection, message, descriptors)
            except BlockingIOError:
                if len(self._waiting) > MAXIMUM_WAITING:
                    _log.error("the other process does not read; giving up the link")
                    self._lost()
                else:
                    self._loop.add_writer(self._connection, self._write)
                return
            except wire.LinkClosed:
                self._lost()
                return
            except wire.WireError as error:
                _log.error("a message was dropped: %s", error)
            self._waiting.popleft()
            _close_all(descriptors)
        self._loop.remove_writer(self._connection)

    def _read(self) -> None:
        # A bounded number a turn, so that a talkative peer cannot starve the loop.
        for _ in range(32):
            if not self._open:
                return
            try:
                packet, descriptors = wire.receive(self._connection)
            except BlockingIOError:
                return
            except wire.LinkClosed:
                self._lost()
                return
            except wire.WireError as error:
                self._refuse(str(error), ())
                continue
            try:
                message = self._incoming.decode(packet)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self._refuse(str(error), tuple(descriptors))
                continue
            self._received(message, descriptors)

    def _refuse(self, why: str, descriptors: tuple[int, ...]) -> None:
        self.refused += 1
        _close_all(descriptors)
        _log.warning("refused a message of another process (%d so far): %s", self.refused, why)

    def _lost(self) -> None:
        if self._open:
            self.close()
            self._closed()


def _close_all(descriptors: tuple[int, ...]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
