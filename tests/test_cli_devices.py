"""The commands about devices and the outbox: exit 0, 1 or 2, a sentence, never a traceback."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from drivers.catalog import CATALOG
from drivers.formats import FORMATS
from kiosk.cli import kiosk
from kiosk.measurements.outbox import Outbox
from kiosk.measurements.paired_devices import PairedDevice, PairedDevices
from kiosk.settings import DeviceSettings
from tests.measurements.samples import capture
from tests.test_settings import DEVICES, GOOD


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a kiosk's settings, which name two devices."""
    data = tmp_path / "data"
    (tmp_path / "settings.toml").write_text(GOOD.replace("/var/lib/svar", str(data)) + DEVICES)
    return tmp_path


def run(home: Path, *arguments: str) -> Result:
    """One command with these settings. Whatever happens, what a person sees is no traceback."""
    command = [*arguments, "--settings", str(home / "settings.toml")]
    return checked(CliRunner().invoke(kiosk, command))


def checked(result: Result) -> Result:
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def outbox(home: Path) -> Outbox:
    return Outbox.open(home / "data" / "outbox.sqlite")


# -- outbox -----------------------------------------------------------------------------------------------------------


def test_status_counts(home: Path) -> None:
    box = outbox(home)
    box.keep(capture())
    while_the_kiosk_runs = run(home, "outbox", "status")
    box.close()
    assert while_the_kiosk_runs.exit_code == 0
    assert json.loads(while_the_kiosk_runs.stdout) == {"waiting": 1, "delivered": 0, "held": 0}


@pytest.mark.parametrize("command", [("outbox", "status"), ("outbox", "export", "out.ndjson")])
def test_no_outbox_yet_and_a_damaged_one(home: Path, command: tuple[str, ...]) -> None:
    result = run(home, *command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Check that the kiosk has run" in result.stderr
    (home / "data").mkdir()
    (home / "data" / "outbox.sqlite").write_bytes(b"not a database at all" * 100)
    result = run(home, *command)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "damaged" in result.stderr


def test_export_writes_what_is_not_delivered_for_the_owner_alone_and_never_over_anything(home: Path) -> None:
    box = outbox(home)
    box.keep(capture())
    box.close()
    file = home / "out.ndjson"
    result = run(home, "outbox", "export", str(file))
    assert result.exit_code == 0
    assert "delete the file" in result.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0]["state"] == "waiting"
    assert lines[0]["reading"]["value"]["kind"] == "blood-pressure"
    before = file.read_bytes()
    again = run(home, "outbox", "export", str(file))
    assert again.exit_code == 1
    assert str(file) in again.stderr
    assert file.read_bytes() == before


def test_without_the_key_there_are_counts_and_no_contents(home: Path) -> None:
    box = outbox(home)
    box.keep(capture())
    box.close()
    (home / "data" / "sealing.key").unlink()
    assert json.loads(run(home, "outbox", "status").stdout)["waiting"] == 1
    result = run(home, "outbox", "export", str(home / "out.ndjson"))
    assert result.exit_code == 1
    assert "Bring back the key" in result.stderr
    assert not (home / "out.ndjson").exists()


@pytest.mark.parametrize(
    "command", [("outbox", "status"), ("outbox", "export", "x"), ("devices", "list"), ("devices", "pair")]
)
def test_settings_that_cannot_be_used(home: Path, command: tuple[str, ...]) -> None:
    text = (home / "settings.toml").read_text()
    (home / "settings.toml").write_text(text.replace('source = "serial"', 'source = "parallel"'))
    result = run(home, *command)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "settings.toml, line 29: devices[1].source: " in result.stderr
    (home / "settings.toml").unlink()
    result = run(home, *command)
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr


# -- devices list -----------------------------------------------------------------------------------------------------


def test_the_devices_of_this_home(home: Path) -> None:
    scale = DeviceSettings(model="UC-352BLE", address="00:11:22:33:44:66")
    PairedDevices(home / "data" / "devices.json").add(PairedDevice(scale))
    result = run(home, "devices", "list", "--json")
    assert result.exit_code == 0
    listed = json.loads(result.stdout)["devices"]
    assert [(one["model"], one["source"]) for one in listed] == [
        ("UA-651BLE", "bluetooth"),
        ("Nonin DF8", "serial"),
        ("UC-352BLE", "bluetooth"),
    ]
    assert "UC-352BLE" in run(home, "devices", "list").stdout
    (home / "data" / "devices.json").write_text("{")
    result = run(home, "devices", "list")
    assert result.exit_code == 1
    assert "devices.json" in result.stderr


def test_all_that_is_supported_needs_no_settings(tmp_path: Path) -> None:
    result = run(tmp_path, "devices", "list", "--supported", "--json")
    assert result.exit_code == 0
    assert [one["model"] for one in json.loads(result.stdout)["devices"]] == [one.model for one in CATALOG]


# -- devices decode ---------------------------------------------------------------------------------------------------


def test_help_shows_one_example_of_every_format_and_each_is_one() -> None:
    result = checked(CliRunner().invoke(kiosk, ["devices", "decode", "--help"]))
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    for name, one in FORMATS.items():
        assert any(line[:1] == [name] and "".join(line[1:]).lower() == one.example.lower() for line in lines), name
        decoded = checked(CliRunner().invoke(kiosk, ["devices", "decode", name, one.example]))
        assert decoded.exit_code == 0, (name, decoded.output)
        assert "kind" in json.loads(decoded.stdout)


@pytest.mark.parametrize(
    "arguments", [("2A35", "00"), ("2A35", "zz"), ("2A35", "0"), ("2AFF", "00"), ("no-such", "00"), ("2A35", "")]
)
def test_bytes_that_are_none_of_that_format(arguments: tuple[str, str]) -> None:
    result = checked(CliRunner().invoke(kiosk, ["devices", "decode", *arguments]))
    assert result.exit_code == 2
    assert list(json.loads(result.stdout)) == ["error"]


def test_decode_without_bytes_is_a_wrong_use() -> None:
    assert checked(CliRunner().invoke(kiosk, ["devices", "decode", "2A35"])).exit_code == 2


# -- devices pair -----------------------------------------------------------------------------------------------------


def test_without_the_system_bus_it_is_said_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={home / 'no-bus'}")
    result = run(home, "devices", "pair")
    assert result.exit_code == 1
    assert "Bluetooth is not available" in result.stderr
    outbox(home).close()  # nobody holds it any more


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--slot", "first=p-1"), "write it as"),
        (("--slot", "1"), "write it as"),
        (("--slot", "255=p-1"), "write it as"),
        (("--model", "Thermomix"), "devices list --supported"),
        (("--seconds", "0"), "0.0 is not in the range"),
    ],
)
def test_arguments_that_make_no_sense(home: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run(home, "devices", "pair", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_while_the_kiosk_runs_nothing_is_paired(home: Path) -> None:
    box = outbox(home)
    result = run(home, "devices", "pair")
    box.close()
    assert result.exit_code == 1
    assert "Stop the kiosk first." in result.stderr


# -- run --------------------------------------------------------------------------------------------------------------


def test_a_model_that_nobody_knows_is_a_sentence_and_exit_2(home: Path) -> None:
    password = home / "password"
    password.write_text("secret\n")
    text = (home / "settings.toml").read_text().replace("/run/credentials/sip", str(password))
    text = text.replace("/run/svar", str(home / "run")).replace('"Nonin DF8"', '"Thermomix"')
    (home / "settings.toml").write_text(text)
    result = run(home, "run")
    assert result.exit_code == 2
    assert "settings.toml: devices: Thermomix is not a device that Svar knows." in result.stderr
