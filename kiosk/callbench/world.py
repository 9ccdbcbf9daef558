"""Two network namespaces with the bad line between them, for as long as an ``async with`` lasts; runs no end itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Literal

import msgspec

from kiosk.callbench.line import Conditions
from kiosk.callbench.line_process import (
    ADDRESSES,
    Address,
    Answer,
    Change,
    Command,
    Count,
    Done,
    LineReport,
    Missing,
    NotThere,
    Plug,
    Quit,
    Ready,
    Refused,
)

Side = Literal["a", "b"]
_LIMIT_S = 10.0
_WHAT_TO_DO = {
    Missing.TUN_DEVICE: "This kernel has no TUN devices. Load the module (sudo modprobe tun), or in a container start "
    "it with --device /dev/net/tun.",
    Missing.TUN_PERMISSION: "You may not use /dev/net/tun. Run the bench as root, or let everyone use the device, as "
    "Debian does: sudo chmod 666 /dev/net/tun.",
    Missing.NAMESPACES: "Network namespaces cannot be made. Run the bench as root, or allow user namespaces: sudo "
    "sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000 "
    "kernel.apparmor_restrict_unprivileged_userns=0 (those that this kernel has).",
}


class WorldError(Exception):
    """The line cannot be had; the text says why and what to do. ``missing`` is None for what should not happen."""

    def __init__(self, text: str, missing: Missing | None = None) -> None:
        super().__init__(text)
        self.missing = missing


class World:
    """A line that is up. Side "a" has the address 10.77.0.1, side "b" 10.77.0.2; ``seed`` decides every loss."""

    def __init__(self, process: asyncio.subprocess.Process, ready: Ready) -> None:
        self._process = process
        self._ready = ready
        self._turn = asyncio.Lock()
        self._answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)

    @property
    def process_id(self) -> int:
        """The process that is the line."""
        return self._process.pid

    def command(self, side: Side, arguments: Sequence[str]) -> list[str]:
        """The command line that runs a program inside a side. The program takes the place of the prefix: it has its
        process id, its open files (3 and 4 of a browser's pipe too) and its user."""
        enter = ["nsenter", f"--net=/proc/{self._process.pid}/fd/{self._ready.network[side]}"]
        if self._ready.user is not None:
            enter[1:1] = [f"--user=/proc/{self._process.pid}/fd/{self._ready.user}", "--preserve-credentials"]
        return [*enter, "--", *arguments]

    async def change(self, conditions: Conditions, back: Conditions | None = None) -> float:
        """Other conditions from a to b, and ``back`` (the same if None) from b to a; their times count from the
        CLOCK_MONOTONIC second that is returned."""
        return await self._do(Change(a_to_b=conditions, b_to_a=back or conditions))

    async def counts(self, since: float | None = None) -> LineReport:
        """What has gone over the line; waits and rates only since that CLOCK_MONOTONIC second."""
        answer = await self._ask(Count(since=since))
        if not isinstance(answer, LineReport):
            raise WorldError(f"The line does not count: {answer}.")
        return answer

    async def move(self, side: Side, *, other: bool) -> str:
        """Give a side its other address, or its first again, instead of the one it has; returns it."""
        address = ADDRESSES[side][other]
        await self._do(Address(side=side, address=address))
        return address

    async def plug(self, side: Side, *, plugged: bool) -> float:
        """Pull a side's cable or put it in: nothing goes either way from then on, and its interface loses or gets its
        carrier, of which the kernel tells within a second. Returns when."""
        return await self._do(Plug(side=side, plugged=plugged))

    async def close(self) -> None:
        """End the line; programs that still run inside a side lose it."""
        with suppress(WorldError):
            await self._ask(Quit())
        with suppress(TimeoutError):
            async with asyncio.timeout(_LIMIT_S):
                await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _do(self, command: Command) -> float:
        answer = await self._ask(command)
        if isinstance(answer, Done):
            return answer.at
        detail = answer.detail if isinstance(answer, Refused) else repr(answer)
        raise WorldError(f"The line refused a command: {detail}.")

    async def _ask(self, command: Command) -> Answer:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise WorldError("The line has no ears.")
        async with self._turn:
            try:
                stdin.write(msgspec.json.encode(command) + b"\n")
                await stdin.drain()
                async with asyncio.timeout(_LIMIT_S):
                    return self._answers.decode(await stdout.readline())
            except (OSError, TimeoutError, ValueError, msgspec.DecodeError) as error:
                raise WorldError(f"The line's process does not answer ({type(error).__name__}).") from error


@asynccontextmanager
async def world(conditions: Conditions, back: Conditions | None = None, *, seed: int = 1) -> AsyncIterator[World]:
    """Two sides and the line between them. Raises WorldError when the machine does not allow it.

    As root the namespaces are made outright; as an ordinary user inside a user namespace, where the kernel allows it.
    """
    if shutil.which("nsenter") is None:
        raise WorldError("The program nsenter is missing. Install the package util-linux.")
    one = await _open(seed)
    try:
        await one.change(conditions, back)
        yield one
    finally:
        await asyncio.shield(one.close())


async def _open(seed: int) -> World:
    arguments = ["-m", "kiosk.callbench.line_process", "--parent", str(os.getpid()), "--seed", str(seed)]
    if os.geteuid() != 0:
        arguments.append("--unprivileged")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=16_000_000,
    )
    began = time.monotonic()
    try:
        async with asyncio.timeout(_LIMIT_S):
            first = await process.stdout.readline() if process.stdout else b""
        ready = msgspec.json.decode(first, type=Answer)
    except (TimeoutError, msgspec.DecodeError) as error:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise WorldError(f"The line's process did not start within {time.monotonic() - began:.0f} s.") from error
    if isinstance(ready, Ready):
        return World(process, ready)
    await process.wait()
    if isinstance(ready, NotThere):
        raise WorldError(f"{_WHAT_TO_DO[ready.missing]} ({ready.detail})", ready.missing)
    raise WorldError(f"The line's process began with nonsense: {ready!r}.")
