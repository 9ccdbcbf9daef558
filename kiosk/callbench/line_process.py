"""The program that is the bad line: two network namespaces, a TUN device in each, packets between them; judges nothing.

    python -m kiosk.callbench.line_process --parent PID [--seed N] [--unprivileged]

It makes the namespaces itself and holds them by open files: others enter through /proc/PID/fd/N, and when it ends,
however it ends, nothing is left behind. One JSON line on stdout says that it is ready (or what is missing); after that
each line on stdin is a ``Command`` and each line on stdout its answer. The end of stdin or of its parent ends it.
"""

from __future__ import annotations

import argparse
import ctypes
import enum
import fcntl
import gc
import math
import os
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress

import msgspec

from kiosk.callbench.line import Conditions, Line, LineCounts

TUN = "/dev/net/tun"
INTERFACE = "line0"
SIDES = ("a", "b")
ADDRESSES = {"a": ("10.77.0.1", "10.77.1.1"), "b": ("10.77.0.2", "10.77.1.2")}
"""The address of each side, and another one to move to. All in one /16, so that either reaches either."""

_NETMASK = "255.255.0.0"
_MTU = 1500
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_TIMERSLACK = 1, 29
_TUNSETIFF, _TUNSETCARRIER = 0x400454CA, 0x400454E2
_IFF_TUN, _IFF_NO_PI, _IFF_UP = 0x0001, 0x1000, 0x0001
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFMTU = 0x8913, 0x8914, 0x8922
_NICENESS = -10
_REAL_TIME_PRIORITY = 1
_LONGEST_SLEEP_S = 0.5
_MOST_A_TURN = 64


class Missing(enum.Enum):
    """What the machine does not give."""

    TUN_DEVICE = "tun-device"
    TUN_PERMISSION = "tun-permission"
    NAMESPACES = "namespaces"


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The line is up. ``network`` and ``user``: descriptors of this process that are the namespaces."""

    network: dict[str, int]
    user: int | None


class NotThere(msgspec.Struct, frozen=True, tag="not-there"):
    """The line cannot be made."""

    missing: Missing
    detail: str


class Change(msgspec.Struct, frozen=True, tag="change"):
    """Other conditions from now on."""

    a_to_b: Conditions
    b_to_a: Conditions


class Count(msgspec.Struct, frozen=True, tag="count"):
    """Answer with LineReport; waits and rates since that CLOCK_MONOTONIC second only."""

    since: float | None = None


class Address(msgspec.Struct, frozen=True, tag="address"):
    """The side has this address instead of the one it had."""

    side: str
    address: str


class Plug(msgspec.Struct, frozen=True, tag="plug"):
    """The side's cable is in or out: its interface has a carrier or not, and nothing goes either way at once."""

    side: str
    plugged: bool


class Quit(msgspec.Struct, frozen=True, tag="quit"):
    """Answer with LineReport and end."""


Command = Change | Count | Address | Plug | Quit


class LineReport(msgspec.Struct, frozen=True, tag="report"):
    """Both directions' counts. ``late_*_ms``: how much later than due the emulator passed packets on, ever.
    ``processor_s``: what it has used. ``at``: CLOCK_MONOTONIC seconds."""

    at: float
    a_to_b: LineCounts
    b_to_a: LineCounts
    late_p50_ms: float
    late_p99_ms: float
    late_longest_ms: float
    processor_s: float


class Done(msgspec.Struct, frozen=True, tag="done"):
    """A Change, Address or Plug has been done. ``at``: CLOCK_MONOTONIC seconds."""

    at: float


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The line on stdin was no command, or the kernel refused it."""

    detail: str


Answer = Ready | NotThere | LineReport | Done | Refused


class _MissingError(Exception):
    def __init__(self, missing: Missing, detail: str) -> None:
        super().__init__(detail)
        self.missing = missing


_libc = ctypes.CDLL(None, use_errno=True)


def _unshare(what: int) -> None:
    """os.unshare is there from Python 3.12 on only."""
    if _libc.unshare(what):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class _Side:
    """One namespace with its TUN device; this process stands in the namespace while it is made."""

    def __init__(self, address: str) -> None:
        try:
            _unshare(_CLONE_NEWNET)
            self.namespace = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _MissingError(Missing.NAMESPACES, f"no network namespace: {error.strerror}") from error
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        with suppress(OSError):  # a kernel without IPv6 has nothing to switch off
            for interfaces in ("all", "default"):
                with open(f"/proc/sys/net/ipv6/conf/{interfaces}/disable_ipv6", "w", encoding="ascii") as switch:
                    switch.write("1")
        self._up("lo")
        try:
            self.tun = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError as error:
            raise _MissingError(Missing.TUN_PERMISSION, f"{TUN}: {error.strerror}") from error
        except OSError as error:
            raise _MissingError(Missing.TUN_DEVICE, f"{TUN}: {error.strerror}") from error
        try:
            fcntl.ioctl(self.tun, _TUNSETIFF, struct.pack("16sH22x", INTERFACE.encode(), _IFF_TUN | _IFF_NO_PI))
            fcntl.ioctl(self._control, _SIOCSIFMTU, struct.pack("16si20x", INTERFACE.encode(), _MTU))
            self.move(address)
        except OSError as error:
            raise _MissingError(Missing.TUN_DEVICE, f"no TUN interface: {error.strerror}") from error

    def move(self, address: str) -> None:
        """This address and no other."""
        for what, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, _NETMASK)):
            request = struct.pack("16sHH4s16x", INTERFACE.encode(), socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(self._control, what, request)
        self._up(INTERFACE)

    def plug(self, plugged: bool) -> None:
        """Carrier or none, as the driver of a real card tells of its cable."""
        fcntl.ioctl(self.tun, _TUNSETCARRIER, struct.pack("i", plugged))

    def _up(self, interface: str) -> None:
        answer = fcntl.ioctl(self._control, _SIOCGIFFLAGS, struct.pack("16sH22x", interface.encode(), 0))
        flags = struct.unpack("16xH22x", answer)[0] | _IFF_UP
        fcntl.ioctl(self._control, _SIOCSIFFLAGS, struct.pack("16sH22x", interface.encode(), flags))


class _Lateness:
    """A histogram of 10 µs steps up to 100 ms: cheap for every packet, exact enough."""

    def __init__(self) -> None:
        self._steps = [0] * 10_001
        self._count = 0
        self._longest = 0.0

    def add(self, seconds: float) -> None:
        self._steps[min(10_000, int(seconds * 100_000))] += 1
        self._count += 1
        self._longest = max(self._longest, seconds)

    def at_share_ms(self, share: float) -> float:
        seen, wanted = 0, share * self._count
        for step, count in enumerate(self._steps):
            seen += count
            if seen >= wanted and seen:
                return min(round(self._longest * 1000, 3), (step + 1) / 100)
        return 0.0

    @property
    def longest_ms(self) -> float:
        return round(self._longest * 1000, 3)


class Emulator:
    """Moves packets between the two sides until ``run`` is told to quit."""

    def __init__(self, sides: dict[str, _Side], seed: int) -> None:
        now = time.monotonic()
        self._sides = sides
        self._a_to_b = Line(Conditions("not told yet"), seed, now)
        self._b_to_a = Line(Conditions("not told yet"), seed + 1000, now)
        self._unplugged: set[str] = set()
        self._lateness = _Lateness()
        self._commands = msgspec.json.Decoder(Command)
        self._unread = b""
        self._over = False

    def run(self) -> None:
        """Until Quit or the end of stdin."""
        ways = (
            (self._sides["a"].tun, self._sides["b"].tun, self._a_to_b),
            (self._sides["b"].tun, self._sides["a"].tun, self._b_to_a),
        )
        sources = [ways[0][0], ways[1][0], 0]
        while not self._over:
            now = time.monotonic()
            sleep = _LONGEST_SLEEP_S
            for _, target, line in ways:
                due = line.next_due()
                if due is not None and due <= now:
                    self._lateness.add(now - due)
                    arrived = line.due(now)
                    for packet in arrived if not line.cut else ():
                        with suppress(OSError):  # the interface is down or its queue full: lost, as on any line
                            os.write(target, packet)
                    due = line.next_due()
                if due is not None:
                    sleep = min(sleep, due - now)
            # select, since its timeout has microseconds; epoll's has whole milliseconds.
            readable, _, _ = select.select(sources, (), (), max(0.0, sleep - (time.monotonic() - now)))
            for source, _, line in ways:
                if source in readable:
                    _take_all(source, line)
            if 0 in readable:
                self._listen()

    def _listen(self) -> None:
        heard = os.read(0, 65_536)
        if not heard:
            self._over = True
            return
        *lines, self._unread = (self._unread + heard).split(b"\n")
        for text in lines:
            try:
                answer = self._obey(self._commands.decode(text))
            except (msgspec.DecodeError, UnicodeDecodeError, OSError, KeyError) as error:
                answer = Refused(f"{type(error).__name__}: {error}")
            _say(answer)

    def _obey(self, command: Command) -> Answer:
        now = time.monotonic()
        match command:
            case Change():
                self._a_to_b.change(command.a_to_b, now)
                self._b_to_a.change(command.b_to_a, now)
            case Count():
                return self._report(-math.inf if command.since is None else command.since)
            case Address():
                self._sides[command.side].move(command.address)
            case Plug():
                self._sides[command.side].plug(command.plugged)
                self._unplugged -= {command.side}
                self._unplugged |= set() if command.plugged else {command.side}
                # The carrier alone does not do it: the kernel heeds it after up to a second, and still takes packets.
                self._a_to_b.cut = self._b_to_a.cut = bool(self._unplugged)
            case Quit():
                self._over = True
                return self._report(-math.inf)
        return Done(at=now)

    def _report(self, since: float) -> LineReport:
        return LineReport(
            at=time.monotonic(),
            a_to_b=self._a_to_b.counts(since),
            b_to_a=self._b_to_a.counts(since),
            late_p50_ms=self._lateness.at_share_ms(0.5),
            late_p99_ms=self._lateness.at_share_ms(0.99),
            late_longest_ms=self._lateness.longest_ms,
            processor_s=round(time.process_time(), 3),
        )


def _take_all(tun: int, line: Line) -> None:
    """Every packet that waits, within reason: a flood must not keep the other direction waiting."""
    now = time.monotonic()
    for _ in range(_MOST_A_TURN):
        try:
            packet = os.read(tun, _MTU + 100)
        except OSError:  # no more, or the interface is down
            return
        line.send(packet, now)


def _say(answer: Answer) -> None:
    os.write(1, msgspec.json.encode(answer) + b"\n")


def _hurry() -> None:
    """Come before the ends that are measured: a line does not wait for a processor. Needs root; else as it is.

    Measured with four programs that want both cores: the latest packet 21 ms late by niceness, 5 ms in real time.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_REAL_TIME_PRIORITY))


def _become_owner() -> int:
    """Enter a user namespace of our own in which the same user has the same number; its descriptor."""
    user, group = os.getuid(), os.getgid()
    try:
        _unshare(_CLONE_NEWUSER)
        numbers = {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}
        for name, content in numbers.items():
            with open(f"/proc/self/{name}", "w", encoding="ascii") as mapping:
                mapping.write(content)
        return os.open("/proc/self/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _MissingError(Missing.NAMESPACES, f"no user namespace: {error.strerror}") from error


def main() -> int:
    """Make the line, say so, carry packets until told to quit."""
    parser = argparse.ArgumentParser(prog="python -m kiosk.callbench.line_process")
    parser.add_argument("--parent", type=int, required=True, help="process id; this program does not outlive it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unprivileged", action="store_true", help="through a user namespace of its own")
    arguments = parser.parse_args()
    # An interrupt of the terminal reaches the whole group; this one ends when its parent has counted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != arguments.parent:
        return 1  # it ended before we asked to follow it
    _hurry()
    try:
        owner = _become_owner() if arguments.unprivileged else None
        sides = {name: _Side(ADDRESSES[name][0]) for name in SIDES}
    except _MissingError as error:
        _say(NotThere(error.missing, str(error)))
        return 1
    _libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    emulator = Emulator(sides, arguments.seed)
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing here makes cycles, and a collection holds packets up
    _say(Ready(network={name: side.namespace for name, side in sides.items()}, user=owner))
    emulator.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
