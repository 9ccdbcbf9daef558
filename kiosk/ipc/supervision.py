"""Start a child process with a link to it, and start it again when it goes: at once, then ever slower."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from kiosk.ipc.link import Link

_log = logging.getLogger(__name__)

FIRST_DELAY_S = 0.0
LONGEST_DELAY_S = 10.0
HEALTHY_AFTER_S = 10.0
"""A child that lived this long starts the delays from the beginning again."""

STOP_SECONDS = 3.0
"""How long a child may take to end after it was asked to; then it is killed."""

In = TypeVar("In")


class Child(Generic[In]):
    """A supervised child: ``command`` gets ``--fd N`` appended, one end of the link.

    ``niceness`` below zero is asked for where the process may have it. ``started`` is called with every new link,
    ``received`` with every message, ``lost`` when the child has gone and will be started again.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        incoming: msgspec.json.Decoder[In],
        *,
        started: Callable[[Link[In]], None],
        received: Callable[[In, list[int]], None],
        lost: Callable[[], None],
        environment: dict[str, str] | None = None,
        niceness: int = 0,
    ) -> None:
        self.name = name
        self.process_id: int | None = None
        self.starts = 0
        self._command = tuple(command)
        self._incoming = incoming
        self._started = started
        self._received = received
        self._lost = lost
        self._environment = environment
        self._niceness = niceness

    async def run(self) -> None:
        """Keep the child running until cancelled; then end it, bounded."""
        delay = FIRST_DELAY_S
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await self._one_life()
            except OSError as error:
                # The environment's fault (no such program, no memory for a process): tried again, said in the log.
                _log.error("%s cannot be started: %s", self.name, error)
            if loop.time() - began >= HEALTHY_AFTER_S:
                delay = FIRST_DELAY_S
            _log.warning("%s has gone; starting it again in %.1f s", self.name, delay)
            self._lost()
            await asyncio.sleep(delay)
            delay = min(max(0.5, delay * 2), LONGEST_DELAY_S)

    async def _one_life(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The default of 212992 bytes is shared by all that waits; room for a screenful of states.
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_048_576)
        closed = asyncio.Event()
        link = Link(ours, self._incoming, self._received, closed.set)
        process: asyncio.subprocess.Process | None = None
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    "--fd",
                    str(theirs.fileno()),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    env={**os.environ, **(self._environment or {})},
                )
            self.process_id = process.pid
            if self._niceness:
                # Sound and picture cannot wait. Without the right to it (a developer's machine) it stays as it is.
                with contextlib.suppress(PermissionError, ProcessLookupError):
                    os.setpriority(os.PRIO_PROCESS, process.pid, self._niceness)
            self.starts += 1
            self._started(link)
            ended = asyncio.create_task(process.wait())
            gone = asyncio.create_task(closed.wait())
            try:
                # A child that closed its link is of no use even when it lives on.
                await asyncio.wait((ended, gone), return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                ended.cancel()
        finally:
            link.close()
            self.process_id = None
            if process is not None:
                await asyncio.shield(_end(process))


async def _end(process: asyncio.subprocess.Process) -> None:
    """A child whose link is closed ends by itself; SIGTERM and SIGKILL for one that does not."""
    for sign in (None, signal.SIGTERM, signal.SIGKILL):
        if sign is not None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(sign)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS / 2)
            return
        except TimeoutError:
            continue
