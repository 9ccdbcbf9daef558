"""A settings file with an error names the key and the line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from kiosk.facts.caller import CallerClass
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.profile import Output
from kiosk.settings import SettingsError, load_settings, parse_settings, read_password

GOOD = """\
data_directory = "/var/lib/svar"
runtime_directory = "/run/svar"

[sip]
servers = ["wss://sip.example:443/"]
address = "sip:home-1@svar.example"
username = "home-1"
password_file = "/run/credentials/sip"
instance_id = "urn:uuid:00000000-0000-4000-8000-000000000001"

[fhir]
base_url = "https://fhir.example/r4"
patient = "p-1"
device = "d-1"

[[contacts]]
uri = "sip:kari@svar.example"
name = "Kari Nordmann"
role = "sykepleier"
class = "care"
"""


def test_a_good_file() -> None:
    settings = parse_settings(GOOD, "s.toml")
    assert settings.contacts[0].caller_class is CallerClass.CARE
    assert settings.sip.password_file == Path("/run/credentials/sip")
    assert settings.media.camera == "/dev/video0"
    assert not settings.sip.allow_md5


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ('address = "sip:home-1@svar.example"', "address = 3", 6, "sip.address"),
        ('username = "home-1"', 'usernam = "home-1"', 7, "sip.usernam"),
        ('class = "care"', 'class = "neighbour"', 20, "contacts"),
        ('patient = "p-1"', "patient = true", 13, "fhir.patient"),
        ('patient = "p-1"\n', "", 11, "fhir"),
    ],
)
def test_an_error_names_the_line_and_the_key(old: str, new: str, line: int, key: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_settings(GOOD.replace(old, new), "s.toml")
    assert f"s.toml, line {line}: {key}" in str(error.value)


def test_outputs_beside_the_loudspeaker() -> None:
    outputs = '[media.outputs]\nheadset = "usb"\nloop = "jack"\n'
    assert parse_settings(GOOD + outputs, "s.toml").media.outputs == {Output.HEADSET: "usb", Output.LOOP: "jack"}
    for wrong in ('loudspeaker = "default"', 'hat = "usb"'):
        with pytest.raises(SettingsError) as error:
            parse_settings(GOOD + f"[media.outputs]\n{wrong}\n", "s.toml")
        assert "media.outputs" in str(error.value)


def test_broken_toml_names_the_line() -> None:
    with pytest.raises(SettingsError, match="line 2"):
        parse_settings('data_directory = "/x"\nruntime_directory = \n', "s.toml")


def test_unreadable_files_are_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "missing.toml")
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(odd)


def test_a_password_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret\n")
    assert read_password(file) == "secret"
    for bad in ("", "two\nlines\n"):
        file.write_text(bad)
        with pytest.raises(SettingsError, match="one line"):
            read_password(file)
    with pytest.raises(SettingsError):
        read_password(tmp_path / "missing")


def test_nothing_travels_in_the_clear_and_an_authority_must_be_one(tmp_path: Path) -> None:
    for old, new, line in (
        ("wss://sip.example:443/", "ws://sip.example:80/", 5),
        ("wss://sip.example:443/", "https://sip.example/", 5),
        ("wss://sip.example:443/", "wss://sip.example:99999/", 5),
        ("https://fhir.example/r4", "http://fhir.example/r4", 12),
    ):
        with pytest.raises(SettingsError, match=f"s.toml, line {line}: "):
            parse_settings(GOOD.replace(old, new), "s.toml")
    parse_settings(GOOD.replace("https://fhir.example/r4", "http://localhost:8080/r4"), "s.toml")
    (tmp_path / "ca.pem").write_text("not one")
    for file in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        authority = f'certificate_authority = "{file}"\n'
        with pytest.raises(SettingsError, match=r"line 12: fhir\.certificate_authority"):
            parse_settings(GOOD.replace("[fhir]\n", "[fhir]\n" + authority), "s.toml")


DEVICES = """
[[devices]]
model = "UA-651BLE"
address = "00:11:22:33:44:55"
slots = {1 = "p-1", 2 = ""}

[[devices]]
model = "Nonin DF8"
source = "serial"
address = "usb-FTDI_1-if00-port0"

[[targets]]
kind = "blood-pressure"
low = 110
high = "139.5"
"""


def test_devices_and_targets() -> None:
    settings = parse_settings(GOOD + DEVICES, "s.toml")
    first, second = settings.devices
    assert (first.model, first.source, first.slots) == ("UA-651BLE", "bluetooth", {"1": "p-1", "2": ""})
    assert (second.source, second.address) == ("serial", "usb-FTDI_1-if00-port0")
    (target,) = settings.targets
    assert (target.kind, target.low, target.high) == (MeasurementKind.BLOOD_PRESSURE, Decimal(110), Decimal("139.5"))


@pytest.mark.parametrize(
    ("old", "new", "line", "key"),
    [
        ('source = "serial"', 'source = "telepathy"', 29, "devices[1].source"),
        ('source = "serial"', 'sauce = "serial"', 29, "devices[1].sauce"),
        ('model = "Nonin DF8"\n', "", 27, "devices[1]"),
        ("slots = {1", "slots = {first", 25, "devices[0].slots"),
        ("slots = {1", "slots = {255", 25, "devices[0].slots"),
        ('"00:11:22:33:44:55"', '"00:11:22:33:44"', 24, "devices[0].address"),
        ('"00:11:22:33:44:55"', '""', 24, "devices[0].address"),
        ('"usb-FTDI_1-if00-port0"', '"/dev/ttyUSB0"', 30, "devices[1].address"),
        ('source = "serial"', 'source = "bluetooth"', 30, "devices[1].address"),
        ('source = "serial"', "user_index = 255", 29, "devices[1].user_index"),
        ('source = "serial"', "consent = 10000", 29, "devices[1].consent"),
        ('source = "serial"', 'source = "fake"', 29, "devices[1].source"),
        ('kind = "blood-pressure"', 'kind = "mood"', 33, "targets[0].kind"),
        ("low = 110", "low = true", 34, "targets[0].low"),
        ("low = 110", "low = nan", 34, "targets[0].low"),
        ("low = 110", "low = 140", 34, "targets[0].low"),
    ],
)
def test_an_error_in_a_table_of_many_names_the_right_one(old: str, new: str, line: int, key: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse_settings((GOOD + DEVICES).replace(old, new), "s.toml")
    assert f"s.toml, line {line}: {key}: " in str(error.value)


def test_nothing_stands_twice() -> None:
    again = '[[devices]]\nmodel = "UA-651BLE"\naddress = "00:11:22:33:44:55"\n'
    with pytest.raises(SettingsError, match=r"line 38: devices\[2\]\.address: .* twice"):
        parse_settings(GOOD + DEVICES + again, "s.toml")
    again = '[[targets]]\nkind = "blood-pressure"\nlow = 1\nhigh = 2\n'
    with pytest.raises(SettingsError, match=r"line 37: targets\[1\]\.kind: "):
        parse_settings(GOOD + DEVICES + again, "s.toml")


def test_a_virtual_device_is_for_a_care_platform_on_this_machine() -> None:
    fake = '[[devices]]\nmodel = "UA-651BLE"\nsource = "fake"\n'
    with pytest.raises(SettingsError, match=r"line 23: devices\[0\]\.source: "):
        parse_settings(GOOD + fake, "s.toml")
    at_home = GOOD.replace("https://fhir.example/r4", "http://127.0.0.1:8103")
    assert parse_settings(at_home + fake, "s.toml").devices[0].source == "fake"


def test_a_token_comes_in_the_clear_from_this_machine_only() -> None:
    token = '[fhir.token]\nurl = "http://id.example/token"\nclient_id = "c"\nkey_file = "/k"\nkey_id = "1"\n'
    with pytest.raises(SettingsError, match=r"line 22: fhir\.token\.url: "):
        parse_settings(GOOD + token, "s.toml")
    settings = parse_settings(GOOD + token.replace("http:", "https:"), "s.toml")
    assert settings.fhir.token is not None
    assert settings.fhir.token.key_file == Path("/k")
    with pytest.raises(SettingsError, match=r"line 21: fhir\.token: "):
        parse_settings(GOOD + token.replace('key_id = "1"\n', ""), "s.toml")
