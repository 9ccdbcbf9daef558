"""A session for assistive programs: screen, window manager, session bus, accessibility bus, and who walks over it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from kiosk.ui.press import REPEAT_SECONDS
from tests.ui.harness import virtual_screen

LIMIT_S = 20.0
_MARK = "SVAR_TEST_SESSION"
_LAUNCHERS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")
_WALKER = Path(__file__).with_name("walker.py")
_REAPER = Path(__file__).with_name("reaper.py")
_DEBIAN_PYTHON = "/usr/bin/python3"


class Element(msgspec.Struct, frozen=True):
    """What an assistive program gets of one thing that shows. ``depth`` counts from the program's window."""

    depth: int
    role: str
    name: str
    focusable: bool
    focused: bool
    checked: bool
    rect: tuple[int, int, int, int] | None
    actions: tuple[str, ...]
    value: float | None


class Heard(msgspec.Struct, frozen=True):
    """One object:announcement."""

    text: str
    urgent: bool


class Walker:
    """The assistive program: Debian's Python with gi, in a process of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._pressed_at = -math.inf
        self.process = subprocess.Popen(
            [_DEBIAN_PYTHON, "-W", "ignore::DeprecationWarning", str(_WALKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self._answer()

    def tree(self) -> list[Element]:
        """All that shows, in reading order."""
        return msgspec.convert(self._ask(do="tree"), list[Element])

    def names(self) -> list[str]:
        """The names of all that shows, in reading order."""
        return [element.name for element in self.tree()]

    def press(self, name: str, action: str = "Press") -> None:
        """Let the one element of that name do that. Raises AssertionError when there is not exactly one.

        A person takes longer than a bouncing finger, whose second press a page that has just come ignores.
        """
        time.sleep(max(0.0, self._pressed_at + 2 * REPEAT_SECONDS - time.monotonic()))
        self._pressed_at = time.monotonic()
        trouble = self._ask(do="act", name=name, action=action)
        assert trouble == "", f"{trouble}: {self.names()}"

    def turn_to(self, name: str) -> None:
        """Press «Mer» until this shows: it may stand on another sub-page. Raises AssertionError."""
        for _ in range(5):
            names = self.names()
            if name in names:
                return
            more = [one for one in names if one.startswith("Mer ")]
            assert more, f"no {name!r} and no «Mer»: {names}"
            self.press(more[0])
            self._wait(self.names, names.__ne__, "another sub-page")
        raise AssertionError(f"{name!r} stands on no sub-page")

    def heard(self) -> list[Heard]:
        """The announcements since the last question."""
        return msgspec.convert(self._ask(do="heard"), list[Heard])

    def wait_for(self, *names: str) -> list[Element]:
        """Wait until things of all these names show. Raises AssertionError."""
        tree: list[Element] = self._wait(self.tree, lambda tree: {one.name for one in tree} >= set(names), names)
        return tree

    def wait_to_hear(self, text: str) -> Heard:
        """Wait until this has been announced; it must be the next thing that is. Raises AssertionError."""
        heard: list[Heard] = self._wait(self.heard, bool, text, lambda heard: [one.text for one in heard] == [text])
        return heard[0]

    def end(self) -> None:
        """It ends when nobody commands it any more."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        _end(self.process)

    def _wait(
        self,
        get: Callable[[], Any],
        enough: Callable[[Any], bool],
        what: object,
        wanted: Callable[[Any], bool] = lambda got: True,
    ) -> Any:
        end = time.monotonic() + LIMIT_S
        got = get()
        while not enough(got):
            assert time.monotonic() < end, f"never: {what}; last: {got}"
            time.sleep(0.05)
            got = get()
        assert wanted(got), f"not {what}: {got}"
        return got

    def _ask(self, **command: str) -> object:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> object:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT_S)
        if not ready:
            raise TimeoutError("the accessibility bus does not answer")
        reply = json.loads(self.process.stdout.readline() or b'{"error": "the walker has ended"}')
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["result"]


class Session:
    """What programs of the session need: their environment."""

    def __init__(self, display: str, environment: dict[str, str]) -> None:
        self.display = display
        self.environment = environment

    def set_screen_reader(self, running: bool) -> None:
        """As a desktop does when a screen reader is turned on or off."""
        value = f"variant:boolean:{str(running).lower()}"
        command = ["dbus-send", "--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus"]
        command += [
            "org.freedesktop.DBus.Properties.Set",
            "string:org.a11y.Status",
            "string:ScreenReaderEnabled",
            value,
        ]
        subprocess.run(command, env=self.environment, check=True, timeout=LIMIT_S, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def accessible_session() -> Iterator[Session]:
    """Begin one, and end every process of it, also those that the buses started. Raises AssertionError if one stays."""
    mark = secrets.token_hex(8)
    # A short path: the address of a socket holds 108 bytes.
    runtime = Path(tempfile.mkdtemp(prefix="svar-"))
    try:
        with virtual_screen(1280, 800) as display, contextlib.ExitStack() as started:
            kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "USER") if name in os.environ}
            environment = {
                **kept,
                _MARK: mark,
                "DISPLAY": display,
                "XDG_RUNTIME_DIR": str(runtime),
                "XDG_CACHE_HOME": str(runtime),
                "GSETTINGS_BACKEND": "memory",
                "GIO_USE_VFS": "local",
            }
            address = started.enter_context(_session_bus(environment))
            environment["DBUS_SESSION_BUS_ADDRESS"] = address
            launcher = next(path for path in _LAUNCHERS if Path(path).exists())
            started.enter_context(_running([launcher, "--launch-immediately"], environment))
            started.enter_context(_running(["openbox", "--sm-disable"], environment))
            _wait_for_window_manager(environment)
            yield Session(display, environment)
        assert _gone(mark), f"left behind: {[Path(f'/proc/{pid}/cmdline').read_bytes() for pid in _marked(mark)]}"
    finally:
        for pid in _marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        shutil.rmtree(runtime, ignore_errors=True)


@contextlib.contextmanager
def _session_bus(environment: dict[str, str]) -> Iterator[str]:
    """Gives its address."""
    reading, writing = os.pipe()
    try:
        command = ["dbus-daemon", "--session", "--nofork", f"--print-address={writing}"]
        with _running(command, environment, (writing,)):
            ready, _, _ = select.select([reading], [], [], LIMIT_S)
            if not ready:
                raise TimeoutError("no session bus")
            yield os.read(reading, 4096).decode().strip()
    finally:
        os.close(reading)
        os.close(writing)


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str], passed: tuple[int, ...] = ()) -> Iterator[None]:
    # Buses start programs that outlive them a little.
    process = subprocess.Popen(
        [sys.executable, str(_REAPER), *command],
        env=environment,
        pass_fds=passed,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for_window_manager(environment: dict[str, str]) -> None:
    end = time.monotonic() + LIMIT_S
    command = ["xdotool", "get_num_desktops"]
    while subprocess.run(command, env=environment, capture_output=True, timeout=LIMIT_S, check=False).returncode:
        if time.monotonic() > end:
            raise TimeoutError("no window manager")
        time.sleep(0.05)


def _marked(mark: str) -> list[int]:
    """The processes of a session, by the mark in their environment."""
    wanted = f"{_MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def _gone(mark: str) -> bool:
    """Whether all have ended; the buses' own children need a moment to notice."""
    end = time.monotonic() + LIMIT_S
    while _marked(mark):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
