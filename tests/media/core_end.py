"""Core's end of the link for tests: runs Media inside the test or as the real process, and keeps what it says."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from kiosk.ipc import wire
from kiosk.ipc.frame_ring import FrameRingReader
from kiosk.ipc.media_messages import Configure, FromMedia, MediaReady, PrepareCall, Speak, ToMedia
from kiosk.media.process import Media

_Said = TypeVar("_Said", bound=msgspec.Struct)
LIMIT_S = 15.0


class CoreEnd:
    """Start it with ``inside`` or ``as_process``; ``await stop()`` ends what was started."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.said: list[FromMedia] = []
        self.remote: FrameRingReader | None = None
        self.self_view: FrameRingReader | None = None
        self.task: asyncio.Task[None] | None = None
        self.process: asyncio.subprocess.Process | None = None
        self._decoder: msgspec.json.Decoder[FromMedia] = msgspec.json.Decoder(FromMedia)
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(connection.fileno(), self._read)

    @classmethod
    async def inside(cls) -> CoreEnd:
        """Media in this process, over a socket pair."""
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        core = cls(mine)
        core.task = asyncio.create_task(Media(theirs).run())
        return core

    @classmethod
    async def as_process(cls, environment: dict[str, str] | None = None) -> CoreEnd:
        """Media as ``python -m kiosk.media --fd N``."""
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        core = cls(mine)
        core.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kiosk.media",
            "--fd",
            str(theirs.fileno()),
            pass_fds=(theirs.fileno(),),
            env={**os.environ, **(environment or {})},
            stdin=asyncio.subprocess.DEVNULL,
        )
        theirs.close()
        return core

    def send(self, message: ToMedia, descriptors: tuple[int, ...] = ()) -> None:
        wire.send(self.connection, message, descriptors)

    async def configure(self, *, camera: str = "generated", sound_device: str = "pulse", echo: bool = True) -> None:
        """Send Configure and take the rings."""
        self.send(Configure(camera=camera, sound_device=sound_device, echo_cancelling=echo, ice_servers=()))
        await self.hear(MediaReady)

    def prepare(self, call_id: str, offer: str) -> None:
        self.send(PrepareCall(call_id=call_id, offer=offer))

    def speak(self, speech_id: int, samples: bytes, rate: int) -> None:
        memory = os.memfd_create("speech")
        try:
            os.write(memory, samples)
            self.send(Speak(speech_id=speech_id, sample_rate=rate), (memory,))
        finally:
            os.close(memory)

    async def hear(
        self, kind: type[_Said], fits: Callable[[_Said], bool] = lambda _: True, limit_s: float = LIMIT_S
    ) -> _Said:
        """The next message of that kind that fits; it and those before it of that kind are taken off the list."""
        async with asyncio.timeout(limit_s):
            while True:
                for number, message in enumerate(self.said):
                    if isinstance(message, kind) and fits(message):
                        del self.said[number]
                        return message
                self._news.clear()
                await self._news.wait()

    async def stop(self) -> None:
        self._unplug()
        if self.process is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await self.process.wait()
            if self.process.returncode is None:
                self.process.kill()
            await self.process.wait()
        if self.task is not None:
            await self.task
        for ring in (self.remote, self.self_view):
            if ring is not None:
                ring.close()
        self.remote = self.self_view = None

    async def kill(self) -> None:
        """kill -9 of the media process."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        await self.stop()

    def _unplug(self) -> None:
        if self.connection.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.connection.fileno())
            self.connection.close()

    def _read(self) -> None:
        try:
            packet, descriptors = wire.receive(self.connection)
        except BlockingIOError:
            return
        except wire.LinkClosed:
            self._unplug()
            return
        message = self._decoder.decode(packet)
        if isinstance(message, MediaReady):
            assert len(descriptors) == 4
            self.remote = FrameRingReader(descriptors[0], descriptors[1])
            self.self_view = FrameRingReader(descriptors[2], descriptors[3])
        self.said.append(message)
        self._news.set()


async def until(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> float:
    """Wait for a condition; returns the seconds it took."""
    began = time.monotonic()
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.01)
    return time.monotonic() - began
