"""A home behind a router, as network namespaces: a line that can be cut in two places, and addresses that can change.

    care (where this runs) 10.76.0.1 ── router ── 10.77.0.2 the home's network, where the kiosk runs
                                              └── 10.78.0.2 its other address

Must run in network and mount namespaces of its own, as their root (``unshare -nm`` for root, ``unshare -Urnm`` for
others). X servers choose a free number by an address of the network namespace, and then take the socket file of that
number from whoever has it: ``home_network`` puts a directory of our own over theirs.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

CARE = "10.76.0.1"
HOME = "10.77.0"
ELSEWHERE = "10.78.0"
_X_SOCKETS = Path("/tmp/.X11-unix")


def own_network() -> tuple[str, ...] | None:
    """The command that gives a program a network of its own; None where the kernel forbids it."""
    if shutil.which("unshare") is None or shutil.which("ip") is None or shutil.which("nsenter") is None:
        return None
    for command in (("unshare", "-nm"), ("unshare", "-Urnm")):
        tried = subprocess.run(
            [*command, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two"],
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if tried.returncode == 0:
            return command
    return None


class HomeNetwork:
    """Made by ``home_network``. Each method returns when the kernel has done it."""

    def __init__(self, router: int, home: int) -> None:
        self._router = router
        self._home = home

    def at_home(self, *command: str) -> tuple[str, ...]:
        """The command that runs ``command`` in the home's network."""
        return ("nsenter", "-t", str(self._home), "-n", *command)

    async def set_up(self) -> None:
        """Wires, addresses and routes."""
        router, home = str(self._router), str(self._home)
        await self._ip("link set lo up")
        await self._ip(f"link add care0 type veth peer name wan netns {router}")
        await self._ip(f"addr add {CARE}/24 dev care0")
        await self._ip("link set care0 up")
        for line in ("link set lo up", "addr add 10.76.0.2/24 dev wan", "link set wan up"):
            await self._ip(line, router)
        await self._ip(f"link add lan type veth peer name home0 netns {home}", router)
        for net in (HOME, ELSEWHERE):
            await self._ip(f"addr add {net}.1/24 dev lan", router)
            await self._ip(f"route add {net}.0/24 via 10.76.0.2")
        await self._ip("link set lan up", router)
        await self.mend_upstream()
        await self._ip("link set lo up", home)
        await self._ip(f"addr add {HOME}.2/24 dev home0", home)
        await self.plug_in(HOME)

    async def unplug(self) -> None:
        """The kiosk's own link goes: it can know."""
        await self._ip("link set home0 down", str(self._home))

    async def plug_in(self, net: str) -> None:
        """The kiosk's link comes back, and with it the way out."""
        await self._ip(f"link set home0 up\nroute replace default via {net}.1", str(self._home))

    async def readdress(self, old: str, new: str) -> None:
        """Another address instead of the one there was, while the link is down."""
        await self._ip(f"addr add {new}.2/24 dev home0\naddr del {old}.2/24 dev home0", str(self._home))

    async def move(self, old: str, new: str) -> None:
        """The same while the link is up; the routes over the old address go with it, and a new way out comes."""
        lines = f"addr add {new}.2/24 dev home0", f"addr del {old}.2/24 dev home0", f"route replace default via {new}.1"
        await self._ip("\n".join(lines), str(self._home))

    async def cut_upstream(self) -> None:
        """The router passes nothing on any more: every link stays as it is, and nobody is told."""
        await self._forward("0")

    async def mend_upstream(self) -> None:
        """As before."""
        await self._forward("1")

    async def _forward(self, value: str) -> None:
        switch = f"echo {value} > /proc/sys/net/ipv4/ip_forward"
        await self._run("nsenter", "-t", str(self._router), "-n", "sh", "-c", switch)

    async def _ip(self, lines: str, of: str | None = None) -> None:
        """One program for all the lines: they follow one another at once on a busy machine, too."""
        enter = () if of is None else ("nsenter", "-t", of, "-n")
        await self._run(*enter, "ip", "-batch", "-", told=lines)

    async def _run(self, *command: str, told: str = "") -> None:
        process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        await process.communicate(told.encode())
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed ({told})")


@asynccontextmanager
async def home_network() -> AsyncIterator[HomeNetwork]:
    """Two namespaces beside our own, held by two sleeping processes."""
    holders = []
    _X_SOCKETS.mkdir(mode=0o1777, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    mounting = await asyncio.create_subprocess_exec("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", str(_X_SOCKETS))
    if await mounting.wait() != 0:
        raise RuntimeError(f"{_X_SOCKETS} cannot be covered")
    try:
        for _ in range(2):
            holders.append(
                await asyncio.create_subprocess_exec(
                    "setpriv", "--pdeathsig", "KILL", "unshare", "-n", "sh", "-c", "echo ready; exec sleep infinity",
                    stdout=asyncio.subprocess.PIPE,
                )
            )  # fmt: skip
        for holder in holders:
            assert holder.stdout is not None
            await asyncio.wait_for(holder.stdout.readline(), 10)
        network = HomeNetwork(holders[0].pid, holders[1].pid)
        await network.set_up()
        yield network
    finally:
        for holder in holders:
            with contextlib.suppress(ProcessLookupError):
                holder.kill()
            await holder.wait()


@asynccontextmanager
async def forwarded(port: int) -> AsyncIterator[None]:
    """What listens on this loopback port can be reached from the home too, at CARE."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, back), pump(there, writer))

    server = await asyncio.start_server(forward, CARE, port)
    try:
        yield
    finally:
        server.close()
