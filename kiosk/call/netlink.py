"""The kernel's words about links, addresses and default routes (rtnetlink): bytes in, what is usable out. Pure.

Layouts and numbers are those of Linux's if_link.h, if_addr.h and rtnetlink.h; numbers have the machine's byte order.
"""

from __future__ import annotations

import enum
import ipaddress
import struct
from typing import TypeVar

import msgspec

_Key = TypeVar("_Key")

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_NUMBER = struct.Struct("=I")

_DONE, _ERROR = 3, 2
_NEW_LINK, _DELETE_LINK, _GET_LINK = 16, 17, 18
_NEW_ADDRESS, _DELETE_ADDRESS, _GET_ADDRESS = 20, 21, 22
_NEW_ROUTE, _DELETE_ROUTE, _GET_ROUTE = 24, 25, 26
_REQUEST_DUMP = 0x1 | 0x300

_LOOPBACK, _UP, _LOWER_UP, _RUNNING = 0x8, 0x1, 0x10000, 0x40
_ATTRIBUTE_ADDRESS, _ATTRIBUTE_LOCAL, _ATTRIBUTE_FLAGS = 1, 2, 8
_DAD_FAILED, _TENTATIVE = 0x08, 0x40
_SCOPE_LINK = 253
_ROUTE_INTERFACE, _ROUTE_GATEWAY = 4, 5
_UNICAST = 1
_ATTRIBUTE_TYPE_MASK = 0x3FFF

MAXIMUM_ENTRIES = 4096
"""Of each kind: no home has more, and the table must not grow without limit."""


class Dump(enum.Enum):
    """What the kernel can be asked to list."""

    LINKS = _GET_LINK
    ADDRESSES = _GET_ADDRESS
    ROUTES = _GET_ROUTE


class Link(msgspec.Struct, frozen=True):
    """A network interface. ``usable``: up, with a carrier, and not the loopback; None: it has gone."""

    index: int
    usable: bool | None


class Address(msgspec.Struct, frozen=True):
    """An IP address of an interface, ready for use; ``there`` False: it has gone, or is not ready yet."""

    index: int
    address: str
    there: bool


class DefaultRoute(msgspec.Struct, frozen=True):
    """A way to everywhere. ``gateway`` is empty for a point-to-point link."""

    index: int
    family: int
    gateway: str
    there: bool


class Listed(msgspec.Struct, frozen=True):
    """The end of a list that was asked for; ``failed``: the kernel refused to make it."""

    failed: bool


Change = Link | Address | DefaultRoute | Listed


class Reach(msgspec.Struct, frozen=True):
    """How this machine can reach others now.

    ``addresses``: ready, on links with a carrier; never loopback or link-local. ``routes``: (interface, family,
    gateway) of the default routes over such links.
    """

    addresses: frozenset[str] = frozenset()
    routes: frozenset[tuple[int, int, str]] = frozenset()


def dump_request(what: Dump, sequence: int) -> bytes:
    """Asks the kernel to list everything of a kind; answered by changes and then Listed."""
    body = struct.pack("=Bxxx", 0)
    return _HEADER.pack(_HEADER.size + len(body), what.value, _REQUEST_DUMP, sequence & 0xFFFFFFFF, 0) + body


def parse(datagram: bytes) -> list[Change]:
    """The changes in a datagram of the kernel, in order. What is cut off or unknown is left out; nothing raises."""
    changes: list[Change] = []
    begin = 0
    while begin + _HEADER.size <= len(datagram):
        length, kind, _, _, _ = _HEADER.unpack_from(datagram, begin)
        if length < _HEADER.size or begin + length > len(datagram):
            break
        change = _change(kind, datagram[begin + _HEADER.size : begin + length])
        if change is not None:
            changes.append(change)
        begin += (length + 3) & ~3
    return changes


def _change(kind: int, body: bytes) -> Change | None:
    if kind == _DONE:
        return Listed(failed=False)
    if kind == _ERROR:
        return Listed(failed=True)
    if kind in (_NEW_LINK, _DELETE_LINK):
        return _link(kind, body)
    if kind in (_NEW_ADDRESS, _DELETE_ADDRESS):
        return _address(kind, body)
    if kind in (_NEW_ROUTE, _DELETE_ROUTE):
        return _route(kind, body)
    return None


def _link(kind: int, body: bytes) -> Link | None:
    if len(body) < _LINK.size:
        return None
    _, _, index, flags, _ = _LINK.unpack_from(body)
    if kind == _DELETE_LINK:
        return Link(index, None)
    carrier = flags & _UP and flags & _RUNNING and flags & _LOWER_UP
    return Link(index, bool(carrier) and not flags & _LOOPBACK)


def _address(kind: int, body: bytes) -> Address | None:
    if len(body) < _ADDRESS.size:
        return None
    _, _, short_flags, scope, index = _ADDRESS.unpack_from(body)
    attributes = _attributes(body, _ADDRESS.size)
    # On a point-to-point link ADDRESS is the other end's; LOCAL, where there is one, is always ours.
    text = _text(attributes.get(_ATTRIBUTE_LOCAL) or attributes.get(_ATTRIBUTE_ADDRESS) or b"")
    if text is None or scope >= _SCOPE_LINK:
        return None
    flags = _number(attributes.get(_ATTRIBUTE_FLAGS), short_flags)
    return Address(index, text, kind == _NEW_ADDRESS and not flags & (_TENTATIVE | _DAD_FAILED))


def _route(kind: int, body: bytes) -> DefaultRoute | None:
    if len(body) < _ROUTE.size:
        return None
    family, length, _, _, _, _, _, route_type, _ = _ROUTE.unpack_from(body)
    if length != 0 or route_type != _UNICAST:
        return None
    attributes = _attributes(body, _ROUTE.size)
    index = _number(attributes.get(_ROUTE_INTERFACE), 0)
    if index == 0:
        return None
    return DefaultRoute(index, family, _text(attributes.get(_ROUTE_GATEWAY, b"")) or "", kind == _NEW_ROUTE)


def _attributes(body: bytes, begin: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while begin + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, begin)
        if length < _ATTRIBUTE.size or begin + length > len(body):
            break
        found.setdefault(kind & _ATTRIBUTE_TYPE_MASK, body[begin + _ATTRIBUTE.size : begin + length])
        begin += (length + 3) & ~3
    return found


def _number(value: bytes | None, otherwise: int) -> int:
    if value is None or len(value) != _NUMBER.size:
        return otherwise
    number: int = _NUMBER.unpack(value)[0]
    return number


def _text(packed: bytes) -> str | None:
    if len(packed) not in (4, 16):
        return None
    return str(ipaddress.ip_address(packed))


class ReachTable:
    """What has been told until now; ``reach`` is what follows from it."""

    def __init__(self) -> None:
        self._usable: dict[int, bool] = {}
        self._addresses: dict[tuple[int, str], None] = {}
        self._routes: dict[tuple[int, int, str], None] = {}

    def take(self, change: Change) -> None:
        """One more change; Listed changes nothing."""
        match change:
            case Link(index, usable):
                if usable is None:
                    self._usable.pop(index, None)
                    self._addresses = {key: None for key in self._addresses if key[0] != index}
                elif len(self._usable) < MAXIMUM_ENTRIES or index in self._usable:
                    self._usable[index] = usable
                if not usable:
                    # IPv4 routes vanish with the carrier's link and the kernel does not say so; they come back said.
                    self._routes = {key: None for key in self._routes if key[0] != index}
            case Address(index, address, there):
                _keep(self._addresses, (index, address), there)
            case DefaultRoute(index, family, gateway, there):
                _keep(self._routes, (index, family, gateway), there)
            case Listed():
                pass

    def reach(self) -> Reach:
        """How others can be reached now."""
        return Reach(
            frozenset(address for index, address in self._addresses if self._usable.get(index)),
            frozenset(route for route in self._routes if self._usable.get(route[0])),
        )


def _keep(entries: dict[_Key, None], key: _Key, there: bool) -> None:
    if not there:
        entries.pop(key, None)
    elif len(entries) < MAXIMUM_ENTRIES:
        entries[key] = None
