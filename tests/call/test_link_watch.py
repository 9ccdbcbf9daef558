"""The watcher against the kernel itself: in a network namespace of our own, links and addresses really go and come."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys

import pytest

from kiosk.call.link_watch import LinkWatch
from kiosk.call.netlink import Reach

CHILD = """
import asyncio
import subprocess
from kiosk.call.link_watch import LinkWatch

def ip(line):
    subprocess.run(["ip", *line.split()], check=True)

async def main():
    told = []
    changed = asyncio.Event()
    def on_change(reach):
        told.append(reach)
        changed.set()
    async def until(condition):
        async with asyncio.timeout(20):
            while not (told and condition(told[-1])):
                changed.clear()
                await changed.wait()
    watch = asyncio.create_task(LinkWatch(on_change).run())
    await until(lambda reach: not reach.addresses)
    ip("link add one type veth peer name two")
    ip("link set two up")
    ip("addr add 10.9.0.2/24 dev one")
    ip("link set one up")
    await until(lambda reach: reach.addresses == {"10.9.0.2"})
    ip("route add default via 10.9.0.1")
    await until(lambda reach: len(reach.routes) == 1)
    ip("link set one down")
    await until(lambda reach: not reach.addresses and not reach.routes)
    ip("link set one up")
    await until(lambda reach: reach.addresses == {"10.9.0.2"})
    ip("link set two down")
    await until(lambda reach: not reach.addresses)
    ip("link set two up")
    await until(lambda reach: reach.addresses == {"10.9.0.2"})
    ip("addr add 10.9.1.2/24 dev one")
    ip("addr del 10.9.0.2/24 dev one")
    await until(lambda reach: reach.addresses == {"10.9.1.2"})
    watch.cancel()
    print("all seen")

asyncio.run(main())
"""


async def test_this_machine_is_listed() -> None:
    told: asyncio.Queue[Reach] = asyncio.Queue()
    watch = asyncio.create_task(LinkWatch(told.put_nowait).run())
    try:
        reach = await asyncio.wait_for(told.get(), 10)
    finally:
        watch.cancel()
    assert "127.0.0.1" not in reach.addresses


def _namespace() -> tuple[str, ...] | None:
    """How to get a network of one's own: as root, or as anybody where the kernel allows it."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return None
    for command in (("unshare", "-n"), ("unshare", "-Urn")):
        tried = subprocess.run(
            [*command, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two"], check=False
        )
        if tried.returncode == 0:
            return command
    return None


async def test_links_and_addresses_come_and_go() -> None:
    namespace = _namespace()
    if namespace is None:
        pytest.skip("the kernel gives no network namespace with veth here")
    child = await asyncio.create_subprocess_exec(
        *namespace, sys.executable, "-c", CHILD, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(child.communicate(), 50)
    assert output.decode().strip() == "all seen"
