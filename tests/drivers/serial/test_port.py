"""Opening a port: for us alone, and every trouble a reason."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from drivers.errors import LinkError, LinkReason
from drivers.serial.port import SerialPort
from drivers.supported_device import SerialLine
from tests.drivers.serial.cable import NAME, Cable

LINE = SerialLine(9600)

_OPEN_AS_ANYBODY = """
import os, sys
from pathlib import Path
from drivers.errors import LinkError
from drivers.serial.port import SerialPort
from drivers.supported_device import SerialLine
os.setgid(65534)
os.setuid(65534)
try:
    SerialPort.open(Path(sys.argv[1]), SerialLine(9600))
except LinkError as error:
    print(error.reason.value)
"""


def refusal(path: Path) -> LinkError:
    with pytest.raises(LinkError) as caught:
        SerialPort.open(path, LINE)
    return caught.value


def refusal_for_anybody(path: Path) -> str:
    """What a user without rights is told; only root can try this."""
    done = subprocess.run(
        [sys.executable, "-c", _OPEN_AS_ANYBODY, str(path)], capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip()


def test_bytes_go_both_ways_unchanged(cable: Cable) -> None:
    every_byte = bytes(range(256))
    port = SerialPort.open(cable.path, LINE)
    assert port.read_available() == b""
    cable.says(every_byte)
    assert port.read_available() == every_byte
    assert port.write_available(every_byte) == 256
    assert cable.was_told() == every_byte
    port.close()


def test_a_second_opening_finds_it_in_use_and_the_first_goes_on(cable: Cable) -> None:
    first = SerialPort.open(cable.path, LINE)
    assert refusal(cable.path).reason is LinkReason.PORT_IN_USE
    cable.says(b"still here")
    assert first.read_available() == b"still here"
    first.close()
    SerialPort.open(cable.path, LINE).close()


def test_two_names_of_one_tty_are_one_port(cable: Cable, folder: Path) -> None:
    other = folder / "usb-another-name"
    other.symlink_to(cable.path.resolve())
    port = SerialPort.open(cable.path, LINE)
    assert refusal(other).reason is LinkReason.PORT_IN_USE
    port.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
def test_without_the_right_to_it_it_is_refused(cable: Cable) -> None:
    cable.path.resolve().chmod(0o600)
    assert refusal_for_anybody(cable.path.resolve()) == LinkReason.REFUSED.value


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody without rights")
def test_programs_that_know_no_locks_are_kept_out_too(cable: Cable) -> None:
    tty = cable.path.resolve()
    tty.chmod(0o666)
    port = SerialPort.open(cable.path, LINE)
    assert refusal_for_anybody(tty) == LinkReason.PORT_IN_USE.value
    port.close()


def test_a_name_that_points_nowhere_is_missing(folder: Path) -> None:
    assert refusal(folder / NAME).reason is LinkReason.PORT_MISSING
    (folder / NAME).symlink_to(folder / "gone")
    assert refusal(folder / NAME).reason is LinkReason.PORT_MISSING


@pytest.mark.parametrize("path", ["/dev/null", "/"])
def test_what_is_no_serial_port_is_said_so(path: str) -> None:
    assert refusal(Path(path)).reason is LinkReason.PROTOCOL


def test_an_error_does_not_tell_whose_device_it_is(folder: Path) -> None:
    assert NAME not in str(refusal(folder / NAME))


def test_a_pulled_cable_is_a_lost_line_for_everything(cable: Cable) -> None:
    port = SerialPort.open(cable.path, LINE)
    cable.pull_out()
    for attempt in (
        port.read_available,
        lambda: port.write_available(b"?"),
        port.unsent,
        lambda: port.set_line(SerialLine(19200, "O")),
    ):
        with pytest.raises(LinkError) as caught:
            attempt()
        assert caught.value.reason is LinkReason.LINK_LOST
    port.close()


def test_a_closed_port_is_a_lost_line_and_touches_nobody_else_s(cable: Cable) -> None:
    port = SerialPort.open(cable.path, LINE)
    number = port.fileno()
    port.close()
    port.close()
    reader, writer = os.pipe()
    assert number in (reader, writer)
    for attempt in (port.read_available, lambda: port.write_available(b"?"), port.unsent):
        with pytest.raises(LinkError) as caught:
            attempt()
        assert caught.value.reason is LinkReason.LINK_LOST
    os.close(reader)
    os.close(writer)


def test_other_settings_take_hold_and_forget_what_the_old_ones_heard(cable: Cable) -> None:
    port = SerialPort.open(cable.path, LINE)
    assert termios.tcgetattr(port.fileno())[5] == termios.B9600
    cable.says(b"at the old speed")
    port.set_line(SerialLine(115200))
    assert termios.tcgetattr(port.fileno())[5] == termios.B115200
    assert port.read_available() == b""
    port.close()
