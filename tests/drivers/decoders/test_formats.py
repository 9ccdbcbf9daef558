"""Every format by its name: vectors, examples, prefixes, nonsense, and the exact shape of the JSON."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DecodeError
from drivers.formats import FORMATS, UnknownFormat, decode_to_json
from tests.drivers.decoders.vectors import REFUSED, VALID, packet_of

# A prefix of a text is a text.
TEXTS = {"2A29", "2A24", "2A25", "2A26", "2A27", "2A28"}
SEED = 20260731


@pytest.mark.parametrize("vector", VALID, ids=lambda vector: vector["id"])
def test_vectors(vector: dict[str, Any]) -> None:
    got = decode_to_json(vector["format"], packet_of(vector))
    assert {key: got[key] for key in vector["expect"]} == vector["expect"]
    json.dumps(got)


@pytest.mark.parametrize("vector", REFUSED, ids=lambda vector: vector["id"])
def test_published_nonsense_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=vector["error"]):
        decode_to_json(vector["format"], packet_of(vector))


@pytest.mark.parametrize("name", FORMATS)
def test_examples(name: str) -> None:
    got = decode_to_json(name, bytes.fromhex(FORMATS[name].example))
    assert next(iter(got)) == "kind"
    json.dumps(got)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - TEXTS))
def test_every_prefix_of_an_example_is_refused(name: str) -> None:
    example = bytes.fromhex(FORMATS[name].example)
    for length in range(len(example)):
        with pytest.raises(DecodeError):
            decode_to_json(name, example[:length])


@pytest.mark.parametrize("vector", [v for v in VALID if v["format"] not in TEXTS], ids=lambda vector: vector["id"])
def test_every_prefix_of_a_vector_is_refused(vector: dict[str, Any]) -> None:
    packet = packet_of(vector)
    for length in range(len(packet)):
        with pytest.raises(DecodeError):
            decode_to_json(vector["format"], packet[:length])


@pytest.mark.parametrize("vector", [v for v in VALID if v["format"].startswith("2A")], ids=lambda vector: vector["id"])
def test_a_byte_too_many_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        decode_to_json(vector["format"], packet_of(vector) + b"\x00")


@pytest.mark.parametrize("name", ["2a35", "0x2A35", "0X2a35", "00002a35-0000-1000-8000-00805F9B34FB", " 2A35 "])
def test_names_of_a_characteristic(name: str) -> None:
    assert decode_to_json(name, bytes.fromhex(FORMATS["2A35"].example))["kind"] == "blood-pressure"


@pytest.mark.parametrize("name", ["", "2A99", "Nonin", "0x", "00002a35-0000-1000-8000-00805f9b34fc"])
def test_an_unknown_name(name: str) -> None:
    with pytest.raises(UnknownFormat, match=r"unknown format .*; known are 2A35"):
        decode_to_json(name, b"\x00")


def test_names_of_makers_formats_in_either_case() -> None:
    assert decode_to_json("Nonin-BLE", bytes.fromhex(FORMATS["nonin-ble"].example))["kind"] == "pulse-oximetry"


def test_the_shape() -> None:
    got = decode_to_json("2A35", bytes.fromhex("1E 8A00 FE07 0208 00000411 14293B 0210 FF E7FF"))
    assert list(got.items()) == [
        ("kind", "blood-pressure"),
        ("systolic", {"value": "138", "unit": "mm[Hg]"}),
        ("diastolic", {"value": None, "reason": "positive-infinity"}),
        ("mean_arterial", {"value": None, "reason": "negative-infinity"}),
        ("pulse_rate", {"value": "20", "unit": "/min"}),
        ("time", None),
        ("user", None),
        ("sequence", None),
        ("status", ["body-moved", "cuff-too-loose", "irregular-pulse", "improper-position"]),
        ("final", True),
        ("raw_time", "0000041114293b"),
        ("time_fault", True),
        ("unknown_user", True),
        ("unknown_bits", 0xFFC0),
    ]


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("0210", "20"),
        ("14F0", "2.0"),
        ("C8E0", "2.00"),
        ("0070", "0"),
        ("0080", "0.00000000"),
        ("2E0B", "-1234"),
        ("0170", "10000000"),
    ],
)
def test_numbers_are_never_written_with_an_exponent(word: str, text: str) -> None:
    spo2 = decode_to_json("2A5F", bytes.fromhex("00" + word + "4800"))["spo2"]
    assert spo2 == {"value": text, "unit": "%"}


def test_of_a_stream_the_last_complete_frame_decides() -> None:
    got = decode_to_json("bci", bytes.fromhex("48 61 85 32 06 48 61 85 32 06 49 60 85 32"))
    assert got["spo2"] == {"value": "96", "unit": "%"}
    assert (got["frames"], got["skipped"]) == (2, 2)


def test_a_hundred_thousand_random_packets_raise_nothing_but_decode_error() -> None:
    source = random.Random(SEED)
    names = list(FORMATS)
    examples = [bytes.fromhex(FORMATS[name].example) for name in names]
    understood = dict.fromkeys(names, 0)
    for round_ in range(100_000):
        which = round_ % len(names)
        packet = bytearray(examples[which])
        if source.random() < 0.5:
            packet = bytearray(source.randbytes(source.randrange(30)))
        else:
            for _ in range(source.randrange(1, 4)):
                packet[source.randrange(len(packet))] = source.randrange(256)
            if source.random() < 0.2:
                packet += source.randbytes(source.randrange(6))
        try:
            got = decode_to_json(names[which], bytes(packet))
        except DecodeError:
            continue
        understood[names[which]] += 1
        if "final" in got:
            check(got)
    assert all(understood.values()), understood


def check(got: dict[str, object]) -> None:
    """What holds for every decoded measurement."""
    for value in got.values():
        if isinstance(value, dict):
            assert (value["value"] is None) == ("reason" in value)
    assert isinstance(got["status"], list)
    if "raw_time" in got:
        assert got["time"] is not None or got["time_fault"]
    else:
        assert got["time"] is None


@given(st.sampled_from(sorted(FORMATS)), st.binary(max_size=40))
def test_nonsense_raises_nothing_but_decode_error(name: str, packet: bytes) -> None:
    try:
        json.dumps(decode_to_json(name, packet))
    except DecodeError:
        return
