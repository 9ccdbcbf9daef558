"""Device information, features, battery and Omron's advertisement."""

from __future__ import annotations

from decimal import Decimal

import pytest

from drivers.decoders.battery import decode_battery
from drivers.decoders.device_information import PnpIdentifier, decode_pnp_id, decode_system_id, decode_text
from drivers.decoders.features import (
    Features,
    decode_blood_pressure_features,
    decode_body_composition_features,
    decode_glucose_features,
    decode_pulse_oximeter_features,
    decode_weight_scale_features,
)
from drivers.decoders.omron_advertisement import OmronAdvertisement, OmronUser, decode_omron_advertisement
from drivers.errors import DecodeError
from drivers.readings import Quantity, QuantityName, Status, Unit


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"A&D Medical", "A&D Medical"),
        (b"FORA 6 CONNECT\x00\x00\x00\x00\x00", "FORA 6 CONNECT"),
        (b"\x00", ""),
        (b"", ""),
        ("Måler".encode(), "Måler"),
    ],
)
def test_texts(data: bytes, text: str) -> None:
    assert decode_text(data) == text


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * 513])
def test_texts_that_are_none(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_text(data)


def test_system_id() -> None:
    got = decode_system_id(bytes.fromhex("F026AAFEFFB51434"))
    assert (got.organisation, got.manufacturer_part) == ("34-14-B5", 0xFFFEAA26F0)
    with pytest.raises(DecodeError):
        decode_system_id(bytes(7))


def test_pnp_id() -> None:
    assert decode_pnp_id(bytes.fromhex("01690002000100")) == PnpIdentifier(1, 0x69, 2, 1)
    with pytest.raises(DecodeError):
        decode_pnp_id(bytes(8))


def test_features() -> None:
    assert decode_blood_pressure_features(bytes.fromhex("0102")) == Features(
        ("body-movement-detection",), unknown_bits=0x0200
    )
    assert decode_glucose_features(bytes.fromhex("0004")).names == ("multiple-bonds",)
    assert decode_pulse_oximeter_features(bytes.fromhex("0800")) == Features(("time-stamp",))
    assert decode_pulse_oximeter_features(bytes.fromhex("0200 010000")).supported_status == (
        Status.EXTENDED_DISPLAY_UPDATE,
    )
    assert decode_weight_scale_features((0b011_0111_011).to_bytes(4, "little")) == Features(
        ("time-stamp", "multiple-users"), mass_resolution=Decimal("0.005"), height_resolution=Decimal("0.001")
    )
    assert decode_body_composition_features((0b1_010_0001_11000000001).to_bytes(4, "little")) == Features(
        ("time-stamp", "weight", "height"),
        mass_resolution=Decimal("0.5"),
        height_resolution=Decimal("0.005"),
        unknown_bits=1 << 18,
    )


@pytest.mark.parametrize("text", ["", "A3", "A300", "A3004010", "A300401080010000"])
def test_features_of_another_length(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_pulse_oximeter_features(bytes.fromhex(text))


def test_battery() -> None:
    assert decode_battery(b"\x64").quantities == {QuantityName.BATTERY: Quantity(Decimal(100), Unit.PERCENT)}
    for data in (b"", b"\x65", b"\x64\x00"):
        with pytest.raises(DecodeError):
            decode_battery(data)


def test_omron_advertisement() -> None:
    assert decode_omron_advertisement(bytes.fromhex("01 CD 1000 02 2001 00")) == OmronAdvertisement(
        time_not_set=True,
        pairing=True,
        streaming=False,
        service=False,
        users=(OmronUser(16, 2), OmronUser(0x120, 0)),
        unknown_bits=0xC0,
    )


@pytest.mark.parametrize("text", ["", "01", "0100", "01000500", "010005000300", "0000050003", "09000500030000"])
def test_omron_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_omron_advertisement(bytes.fromhex(text))
