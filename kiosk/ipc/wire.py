"""One message, one packet: msgspec JSON over SOCK_SEQPACKET Unix sockets, file descriptors beside it.

The kernel keeps the packet borders, so nothing has to be framed, and a packet is whole or not there. What cannot be
read is nonsense from outside (design.md rule 6): refused with WireError, counted by the caller, survived.
"""

from __future__ import annotations

import array
import socket
from typing import Any

import msgspec

MAXIMUM_PACKET = 131_072
"""Bytes; below the kernel's default send buffer (212992) and far above the largest message (an SDP of some 10 kB)."""

MAXIMUM_DESCRIPTORS = 4


class WireError(Exception):
    """A packet that is not one of the messages agreed on."""


class LinkClosed(Exception):
    """The other process has gone."""


def pack(message: msgspec.Struct) -> bytes:
    """The packet of a message. Raises WireError when it would be too large."""
    packet = msgspec.json.encode(message)
    if len(packet) > MAXIMUM_PACKET:
        raise WireError(f"{type(message).__name__} of {len(packet)} bytes exceeds {MAXIMUM_PACKET}")
    return packet


def send(connection: socket.socket, message: msgspec.Struct, descriptors: tuple[int, ...] = ()) -> None:
    """Send one message. Raises BlockingIOError when the other end does not read, LinkClosed when it has gone."""
    packet = pack(message)
    ancillary: list[tuple[int, int, Any]] = []
    if descriptors:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
    try:
        connection.sendmsg([packet], ancillary)
    except (BrokenPipeError, ConnectionResetError, ConnectionRefusedError) as error:
        raise LinkClosed from error


def receive(connection: socket.socket) -> tuple[bytes, list[int]]:
    """The next packet and its file descriptors, which now belong to the caller.

    Raises BlockingIOError when there is none, LinkClosed at the end, WireError for one that was cut short.
    """
    try:
        packet, descriptors, flags, _ = socket.recv_fds(connection, MAXIMUM_PACKET, MAXIMUM_DESCRIPTORS)
    except ConnectionResetError as error:
        raise LinkClosed from error
    if not packet:
        raise LinkClosed
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        for descriptor in descriptors:
            socket.close(descriptor)
        raise WireError("packet or descriptors cut short")
    return packet, list(descriptors)
