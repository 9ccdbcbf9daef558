"""A private system bus with BlueZoo on it in place of bluetoothd: two virtual radios, hci0 for us, hci1 for the device.

BlueZoo (GPL-2.0) is a program of its own here, never imported. What it cannot show, BlueZ itself must: an agent that is
asked for a passkey, a device that hangs up, a radio that falls silent.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

OURS = "00:00:00:00:00:0A"
THEIRS = "00:00:00:00:00:0B"

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow eavesdrop="false"/>
  </policy>
</busconfig>
"""


class BluezWorld:
    """Starts and ends the two programs. ``address`` is the bus's, also when nothing listens there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "bus"
        self.address = f"unix:path={self._socket}"
        self._bus: subprocess.Popen[bytes] | None = None
        self._daemon: subprocess.Popen[bytes] | None = None

    def start_bus(self) -> None:
        config = self._folder / "bus.conf"
        config.write_text(_CONFIG.format(socket=self._socket))
        self._socket.unlink(missing_ok=True)
        self._bus = subprocess.Popen(
            ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"], stderr=subprocess.DEVNULL
        )
        _wait(self._socket.exists, "dbus-daemon does not listen")

    def start_daemon(self, *adapters: str, enabled: bool = True) -> None:
        program = Path(sys.executable).with_name("bluezoo")
        command = [str(program), "--quiet", "--scan-interval", "1"]
        if enabled:
            command.append("--auto-enable")
        for adapter in adapters:
            command += ["--adapter", adapter]
        self._daemon = subprocess.Popen(
            command, env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": self.address}, stderr=subprocess.DEVNULL
        )
        # It takes its name first and makes its radios after: whoever asks in between is told of an unknown object.
        radios = [f"/org/bluez/hci{number}" for number in range(len(adapters))]
        _wait(lambda: self._daemon_has(radios, enabled), "BlueZoo does not show its radios")

    def stop_daemon(self) -> None:
        """As if bluetoothd had crashed."""
        _end(self._daemon)
        self._daemon = None

    def stop(self) -> None:
        self.stop_daemon()
        _end(self._bus)
        self._bus = None

    def _daemon_has(self, radios: list[str], enabled: bool) -> bool:
        objects = self._ask("org.bluez", "/", "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
        return objects is not None and all(
            radio in objects and (not enabled or self._is_powered(radio)) for radio in radios
        )

    def _is_powered(self, radio: str) -> bool:
        powered = self._ask(
            "org.bluez",
            radio,
            "org.freedesktop.DBus.Properties.Get",
            "string:org.bluez.Adapter1",
            "string:Powered",
        )
        return powered is not None and "true" in powered

    def _ask(self, name: str, path: str, member: str, *body: str) -> str | None:
        """The reply as text; None: an error, or nobody has that name."""
        asked = subprocess.run(
            ["dbus-send", f"--bus={self.address}", "--print-reply=literal", f"--dest={name}", path, member, *body],
            capture_output=True,
            check=False,
        )
        return asked.stdout.decode() if asked.returncode == 0 else None


def _wait(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is None:
        return
    process.send_signal(signal.SIGKILL)
    process.wait(10)
