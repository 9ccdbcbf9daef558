"""``kiosk devices decode``: spellings of the format and the bytes, one JSON object, and exit 2 with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from drivers.formats import FORMATS
from kiosk.cli import kiosk
from tests.drivers.decoders.vectors import REFUSED, VALID

HEX = "15 BD F0 0B 00 9F F0 3C 00 12 00"


def decode(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the one line of JSON."""
    result = CliRunner().invoke(kiosk, ["devices", "decode", *arguments])
    assert result.output.count("\n") == 1
    said = json.loads(result.output)
    assert isinstance(said, dict)
    return result.exit_code, said


def test_every_vector() -> None:
    for vector in VALID:
        code, said = decode(vector["format"], vector["hex"])
        assert (code, {key: said[key] for key in vector["expect"]}) == (0, vector["expect"]), vector["id"]
    for vector in REFUSED:
        code, said = decode(vector["format"], vector["hex"])
        assert (code, list(said)) == (2, ["error"]), vector["id"]
        assert vector["error"] in said["error"]


@pytest.mark.parametrize(
    "bytes_",
    [
        [HEX],
        HEX.split(),
        [HEX.replace(" ", "").lower()],
        [HEX.replace(" ", ":")],
        [HEX.replace(" ", "-")],
        [HEX.replace(" ", ", ")],
        ["0x" + HEX.replace(" ", "")],
        [f"0x{byte}" for byte in HEX.split()],
        [f" {HEX}\n"],
    ],
)
@pytest.mark.parametrize("name", ["2A35", "2a35", "0x2A35", "00002A35-0000-1000-8000-00805F9B34FB"])
def test_spellings(name: str, bytes_: list[str]) -> None:
    code, said = decode(name, *bytes_)
    assert (code, said["systolic"]) == (0, {"value": "18.9", "unit": "kPa"})


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["2A35", ""], "truncated"),
        (["2A35", "0"], "not hexadecimal"),
        (["2A35", "zz"], "not hexadecimal"),
        (["2A35", HEX + " 00"], "too many bytes"),
        (["2A99", "00"], "unknown format '2A99'; known are 2A35"),
        (["bci", "05 32 06 48 61"], "no complete frame"),
        (["fora", "51 22 00 00 FF FF A5 17"], "the sum is"),
        (["2A08", "EA 07 0D 1F 07 1E 00"], "no such time"),
    ],
)
def test_what_cannot_be_decoded(arguments: list[str], reason: str) -> None:
    code, said = decode(*arguments)
    assert (code, list(said)) == (2, ["error"])
    assert reason in said["error"]


def test_the_help_shows_one_example_of_every_format() -> None:
    lines = CliRunner().invoke(kiosk, ["devices", "decode", "--help"]).output.splitlines()
    shown = [line.split() for line in lines if len(line.split()) == 2 and line.split()[0] in FORMATS]
    assert [name for name, _ in shown] == list(FORMATS)
    for name, example in shown:
        assert decode(name, example)[0] == 0
