"""Typed messages over a real socket pair, between well and badly behaved ends; children that die and come back."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.flow.state import KioskState
from kiosk.ipc import ui_messages as ui
from kiosk.ipc import wire
from kiosk.ipc.frame_ring import FrameRingReader, FrameRingWriter, RingError, picture_bytes
from kiosk.ipc.link import MAXIMUM_WAITING, Link
from kiosk.ipc.media_messages import FromMedia, PrepareCall, ToMedia
from kiosk.ipc.supervision import Child


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Recorder:
    def __init__(self) -> None:
        self.messages: list[ui.FromUi] = []
        self.descriptors: list[int] = []
        self.closed = asyncio.Event()

    def received(self, message: ui.FromUi, descriptors: list[int]) -> None:
        self.messages.append(message)
        self.descriptors += descriptors


def link(connection: socket.socket, recorder: Recorder) -> Link[ui.FromUi]:
    return Link(connection, msgspec.json.Decoder(ui.FromUi), recorder.received, recorder.closed.set)


async def until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_messages_and_descriptors_arrive() -> None:
    ours, theirs = pair()
    recorder = Recorder()
    end = link(ours, recorder)
    read, write = os.pipe()
    wire.send(theirs, ui.Pressed(ui.Press.ANSWER, 7), (write,))
    os.close(write)
    await until(lambda: recorder.messages)
    assert recorder.messages == [ui.Pressed(ui.Press.ANSWER, 7)]
    os.write(recorder.descriptors[0], b"through")
    assert os.read(read, 10) == b"through"
    end.send(ui.Show(1, KioskState()))
    packet, _ = wire.receive(theirs)
    assert msgspec.json.decode(packet, type=ui.ToUi) == ui.Show(1, KioskState())
    end.close()
    theirs.close()
    for descriptor in (read, *recorder.descriptors):
        os.close(descriptor)


async def test_unknown_and_garbled_messages_are_counted_and_survived() -> None:
    ours, theirs = pair()
    recorder = Recorder()
    end = link(ours, recorder)
    for packet in (b'{"type":"of-tomorrow"}', b"\xff\xfe", b"[]", b'{"type":"pressed","press":"everything"}'):
        theirs.send(packet)
    wire.send(theirs, ui.Pressed(ui.Press.HANG_UP, 1))
    await until(lambda: recorder.messages)
    assert end.refused == 4
    assert not recorder.closed.is_set()
    end.close()
    theirs.close()


async def test_a_peer_that_does_not_read_is_given_up() -> None:
    ours, theirs = pair()
    recorder = Recorder()
    end = link(ours, recorder)
    show = ui.Show(1, KioskState())
    for _ in range(MAXIMUM_WAITING * 20):
        end.send(show)
        if recorder.closed.is_set():
            break
    assert recorder.closed.is_set()
    theirs.close()


async def test_a_message_that_does_not_fit_is_dropped_and_the_next_one_goes() -> None:
    ours, theirs = pair()
    recorder = Recorder()
    end = link(ours, recorder)
    end.send(PrepareCall("1", "\x01" * 30_000))
    end.send(ui.Wake())
    packet, _ = wire.receive(theirs)
    assert msgspec.json.decode(packet, type=ui.ToUi) == ui.Wake()
    assert not recorder.closed.is_set()
    end.close()
    theirs.close()


async def test_the_end_of_the_other_is_noticed_once() -> None:
    ours, theirs = pair()
    recorder = Recorder()
    end = link(ours, recorder)
    theirs.close()
    await asyncio.wait_for(recorder.closed.wait(), 5)
    end.send(ui.Wake())
    end.close()


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoders(packet: bytes) -> None:
    for kind in (ui.ToUi, ui.FromUi, ToMedia, FromMedia):
        try:
            msgspec.json.decode(packet, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue


ECHO = """
import socket, sys
connection = socket.socket(fileno=int(sys.argv[2]))
while packet := connection.recv(1000):
    if b"wake" in packet:
        connection.send(b'{"type":"pressed","press":"answer","revision":1}')
"""


async def test_a_killed_child_is_started_again_at_once(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(ECHO)
    links: list[Link[ui.FromUi]] = []
    lost: list[int] = []
    recorder = Recorder()
    child: Child[ui.FromUi] = Child(
        "echo",
        (sys.executable, str(script)),
        msgspec.json.Decoder(ui.FromUi),
        started=links.append,
        received=recorder.received,
        lost=lambda: lost.append(1),
    )
    run = asyncio.create_task(child.run())
    try:
        await until(lambda: links)
        links[0].send(ui.Wake())
        await until(lambda: recorder.messages)
        assert child.process_id is not None
        os.kill(child.process_id, signal.SIGKILL)
        await until(lambda: len(links) == 2)
        assert lost == [1]
        links[1].send(ui.Wake())
        await until(lambda: len(recorder.messages) == 2)
        last = child.process_id
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    assert last is not None
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


async def test_a_program_that_is_not_there_does_not_end_core(tmp_path: Path) -> None:
    lost: list[int] = []
    child: Child[ui.FromUi] = Child(
        "missing",
        (str(tmp_path / "missing"),),
        msgspec.json.Decoder(ui.FromUi),
        started=lambda link: None,
        received=lambda message, descriptors: None,
        lost=lambda: lost.append(1),
    )
    run = asyncio.create_task(child.run())
    try:
        await until(lambda: lost)
        assert not run.done()
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


def test_a_frame_crosses_the_ring_newest_wins_and_blank_takes_it_away() -> None:
    writer = FrameRingWriter("test")
    reader = FrameRingReader(os.dup(writer.memory), os.dup(writer.bell))
    assert reader.read() is None
    for number in range(1, 10):
        writer.write(6, 5, bytes([number]) * picture_bytes(6, 5), at=float(number))
    frame = reader.read()
    assert frame is not None
    assert (frame.number, frame.width, frame.height, frame.at) == (9, 6, 5, 9.0)
    assert frame.planes == b"\x09" * picture_bytes(6, 5)
    reader.hush()
    writer.blank()
    assert reader.read() is None
    writer.write(2, 2, bytes(6), at=1.0)
    assert reader.read() is not None
    with pytest.raises(ValueError, match="do not make"):
        writer.write(2, 2, bytes(7), at=1.0)
    with pytest.raises(ValueError, match="do not make"):
        writer.write(4000, 4000, bytes(picture_bytes(4000, 4000)), at=1.0)
    reader.close()
    writer.close()


def test_memory_that_is_no_ring_is_refused() -> None:
    memory = os.memfd_create("nonsense")
    bell = os.eventfd(0)
    with pytest.raises(RingError):
        FrameRingReader(memory, bell)
    os.ftruncate(memory, 100_000)
    with pytest.raises(RingError):
        FrameRingReader(memory, bell)
    os.close(memory)
    os.close(bell)
