"""Listens to the kernel for links and addresses that come and go: the socket around netlink.py; decides nothing."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from kiosk.call.netlink import Dump, Listed, Reach, ReachTable, dump_request, parse

_log = logging.getLogger(__name__)

# RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE, RTMGRP_IPV6_IFADDR, RTMGRP_IPV6_ROUTE
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
_DATAGRAM = 65_536
_LISTING_LIMIT_S = 5.0


class LinkWatch:
    """``on_change(reach)`` on the event loop: once when all has been listed, then at every change of it."""

    def __init__(self, on_change: Callable[[Reach], None]) -> None:
        self._on_change = on_change
        self._reach: Reach | None = None

    async def run(self) -> None:
        """Until cancelled; returns at once where the kernel does not let us listen (said in the log)."""
        try:
            with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
                kernel.setblocking(False)
                kernel.bind((0, _GROUPS))
                while True:
                    await self._watch(kernel)
        except OSError as error:
            _log.error("links cannot be watched: %s", error)

    async def _watch(self, kernel: socket.socket) -> None:
        """List everything, then follow the changes; returns when some were lost and the list must be made anew."""
        table = ReachTable()
        to_list = [Dump.LINKS, Dump.ADDRESSES, Dump.ROUTES]
        kernel.send(dump_request(to_list[0], 1))
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(_LISTING_LIMIT_S if to_list else None):
                    datagram, (sender, _) = await loop.sock_recvfrom(kernel, _DATAGRAM)
            except TimeoutError:
                _log.warning("the kernel did not list its links; asking again")
                return
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    return
                raise
            if sender != 0:
                continue  # not the kernel
            for change in parse(datagram):
                table.take(change)
                if isinstance(change, Listed) and to_list:
                    to_list.pop(0)
                    if to_list:
                        kernel.send(dump_request(to_list[0], 1))
            if not to_list:
                self._tell(table.reach())

    def _tell(self, reach: Reach) -> None:
        if reach != self._reach:
            self._reach = reach
            self._on_change(reach)
