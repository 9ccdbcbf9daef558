"""The ui's end of the socket: good messages in, nonsense counted and survived, nothing lost on the way out."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from kiosk.flow.state import KioskState
from kiosk.ipc import wire
from kiosk.ipc.ui_messages import FromUi, Painted, PaintReport, Press, Pressed, Quit, Show, TakeVideo, VideoStream
from kiosk.ui.link import MAXIMUM_WAITING, Link


class Heard:
    """A link and what it said."""

    def __init__(self) -> None:
        self.core, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.link = Link(theirs)
        self.messages: list[object] = []
        self.descriptors: list[int] = []
        self.closed = 0
        self.link.received.connect(self._received)
        self.link.closed.connect(self._closed)

    def _received(self, message: object, descriptors: list[int]) -> None:
        self.messages.append(message)
        self.descriptors += descriptors

    def _closed(self) -> None:
        self.closed += 1

    def end(self) -> None:
        self.link.close()
        self.core.close()
        for descriptor in self.descriptors:
            os.close(descriptor)


@pytest.fixture
def heard(qtbot: QtBot) -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.end()


def test_messages_arrive_in_order(heard: Heard, qtbot: QtBot) -> None:
    sent = [Show(1, KioskState()), Show(2, KioskState(unsent=1)), Quit()]
    for message in sent:
        wire.send(heard.core, message)
    qtbot.waitUntil(lambda: heard.messages == sent, timeout=2000)


def test_descriptors_arrive_with_their_message(heard: Heard, qtbot: QtBot) -> None:
    reading, writing = os.pipe()
    wire.send(heard.core, TakeVideo(VideoStream.REMOTE), (reading, writing))
    os.close(reading)
    os.close(writing)
    qtbot.waitUntil(lambda: len(heard.descriptors) == 2, timeout=2000)
    os.write(heard.descriptors[1], b"x")
    assert os.read(heard.descriptors[0], 1) == b"x"


@pytest.mark.parametrize(
    "packet",
    [
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"type":"unknown"}',
        b'{"type":"show","revision":"one","state":{}}',
        b'{"type":"show","revision":1,"state":{"phase":{"type":"dreaming"}}}',
        b'{"type":"take-video","stream":"third-eye"}',
        b'{"type":"show"' + b" " * 100_000,
        b"[" * 90_000,
    ],
)
def test_nonsense_is_counted_and_survived(heard: Heard, qtbot: QtBot, packet: bytes) -> None:
    reading, writing = os.pipe()
    socket.send_fds(heard.core, [packet], [reading])
    os.close(reading)
    wire.send(heard.core, Quit())
    qtbot.waitUntil(lambda: bool(heard.messages), timeout=2000)
    assert heard.messages == [Quit()]
    assert heard.link.refused == 1
    with pytest.raises(BrokenPipeError):  # the descriptor that came with the nonsense was closed
        os.write(writing, b"x")
    os.close(writing)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_survived(qtbot: QtBot, packet: bytes) -> None:
    heard = Heard()
    heard.core.send(packet)
    wire.send(heard.core, Quit())
    qtbot.waitUntil(lambda: Quit() in heard.messages, timeout=2000)
    assert heard.link.refused + len(heard.messages) == 2
    heard.end()


def test_the_end_of_core_is_told_once(heard: Heard, qtbot: QtBot) -> None:
    heard.core.close()
    qtbot.waitUntil(lambda: heard.closed == 1, timeout=2000)
    heard.link.send(Painted(1, 1.0))
    qtbot.wait(20)
    assert heard.closed == 1


def test_what_core_does_not_read_waits(heard: Heard, qtbot: QtBot) -> None:
    report = PaintReport(1.0, 30, 30, tuple([33.3] * 2000), "software")
    for _ in range(200):
        heard.link.send(report)
    for revision in range(20):
        heard.link.send(Painted(revision, 1.0))
    heard.link.send(Pressed(Press.ANSWER, 19))
    decoder: msgspec.json.Decoder[FromUi] = msgspec.json.Decoder(FromUi)
    got: list[FromUi] = []
    heard.core.setblocking(False)

    def read() -> bool:
        while True:
            try:
                got.append(decoder.decode(wire.receive(heard.core)[0]))
            except BlockingIOError:
                return bool(got) and got[-1] == Pressed(Press.ANSWER, 19)

    qtbot.waitUntil(read, timeout=5000)
    assert [message.revision for message in got if isinstance(message, Painted)] == list(range(20))
    assert sum(isinstance(message, PaintReport) for message in got) < 200
    assert MAXIMUM_WAITING > 20
