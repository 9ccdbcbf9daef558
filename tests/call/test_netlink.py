"""What the kernel says of links and addresses: told apart, summed up, and never a crash."""

from __future__ import annotations

import ipaddress
import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from kiosk.call.netlink import (
    MAXIMUM_ENTRIES,
    Address,
    DefaultRoute,
    Dump,
    Link,
    Listed,
    Reach,
    ReachTable,
    dump_request,
    parse,
)

UP_RUNNING = 0x1 | 0x40 | 0x10000


def message(kind: int, body: bytes) -> bytes:
    padded = body + b"\0" * (-len(body) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + padded


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def link(index: int, flags: int, kind: int = 16) -> bytes:
    return message(kind, struct.pack("=BxHiII", 0, 1, index, flags, 0) + attribute(3, b"eth0\0"))


def address(index: int, text: str, kind: int = 20, scope: int = 0, flags: int = 0x80) -> bytes:
    packed = ipaddress.ip_address(text).packed
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    head = struct.pack("=BBBBI", family, 24, flags & 0xFF, scope, index)
    return message(kind, head + attribute(1, packed) + attribute(2, packed) + attribute(8, struct.pack("=I", flags)))


def default_route(index: int, gateway: str, kind: int = 24, length: int = 0) -> bytes:
    head = struct.pack("=BBBBBBBBI", socket.AF_INET, length, 0, 0, 254, 3, 0, 1, 0)
    return message(kind, head + attribute(4, struct.pack("=I", index)) + attribute(5, socket.inet_aton(gateway)))


def reach(*datagrams: bytes) -> Reach:
    table = ReachTable()
    for datagram in datagrams:
        for change in parse(datagram):
            table.take(change)
    return table.reach()


HOME = (link(2, UP_RUNNING), address(2, "192.168.1.7"), default_route(2, "192.168.1.1"))


def test_what_is_said_is_understood() -> None:
    assert parse(b"".join(HOME) + message(3, b"\0\0\0\0")) == [
        Link(2, True),
        Address(2, "192.168.1.7", True),
        DefaultRoute(2, socket.AF_INET, "192.168.1.1", True),
        Listed(failed=False),
    ]
    assert parse(message(2, struct.pack("=i", -1))) == [Listed(failed=True)]


def test_a_home_is_reached_by_its_address_and_its_router() -> None:
    expected = Reach(frozenset({"192.168.1.7"}), frozenset({(2, socket.AF_INET, "192.168.1.1")}))
    assert reach(*HOME) == expected
    assert reach(*reversed(HOME)) == expected


def test_loopback_and_link_local_addresses_lead_nowhere() -> None:
    loopback = (link(1, UP_RUNNING | 0x8), address(1, "127.0.0.1", scope=254))
    assert reach(*loopback, link(2, UP_RUNNING), address(2, "fe80::1", scope=253)) == Reach()


def test_an_address_is_not_ready_while_it_may_belong_to_another() -> None:
    tentative = address(2, "2001:db8::7", flags=0x40)
    assert reach(link(2, UP_RUNNING), tentative).addresses == frozenset()
    assert reach(link(2, UP_RUNNING), tentative, address(2, "2001:db8::7")).addresses == {"2001:db8::7"}


def test_a_link_that_goes_down_keeps_its_address_and_loses_its_routes() -> None:
    assert reach(*HOME, link(2, 0x1)) == Reach()
    back = reach(*HOME, link(2, 0x1), link(2, UP_RUNNING))
    assert back == Reach(frozenset({"192.168.1.7"}))
    assert reach(*HOME, link(2, 0x1), link(2, UP_RUNNING), default_route(2, "192.168.1.1")) == reach(*HOME)


def test_addresses_routes_and_links_go() -> None:
    assert reach(*HOME, address(2, "192.168.1.7", kind=21)).addresses == frozenset()
    assert reach(*HOME, default_route(2, "192.168.1.1", kind=25)).routes == frozenset()
    assert reach(*HOME, link(2, 0, kind=17), link(2, UP_RUNNING)) == Reach()


def test_only_default_routes_count() -> None:
    assert parse(default_route(2, "192.168.1.1", length=24)) == []


def test_the_table_has_an_end() -> None:
    table = ReachTable()
    for number in range(2 * MAXIMUM_ENTRIES):
        table.take(Link(number, True))
        table.take(Address(number, f"10.0.{number // 256}.{number % 256}", True))
    assert len(table.reach().addresses) == MAXIMUM_ENTRIES


def test_a_dump_request_is_a_whole_message() -> None:
    request = dump_request(Dump.ADDRESSES, 7)
    assert struct.unpack_from("=IHHII", request) == (len(request), 22, 0x301, 7, 0)


@given(st.binary(max_size=400))
def test_nonsense_is_left_out(datagram: bytes) -> None:
    table = ReachTable()
    for change in parse(datagram):
        table.take(change)
    table.reach()


@given(st.sampled_from([2, 3, 16, 17, 20, 21, 24, 25, 99]), st.binary(max_size=120), st.integers(0, 200))
def test_messages_of_any_content_and_any_cut_are_survived(kind: int, body: bytes, cut: int) -> None:
    datagram = message(kind, body) + HOME[1]
    changes = parse(datagram)
    assert changes[-1] == Address(2, "192.168.1.7", True)
    parse(datagram[:cut])
