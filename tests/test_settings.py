"""A settings file with an error names the key and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.facts.caller import CallerClass
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
