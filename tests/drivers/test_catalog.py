"""The list: everybody is recognised as who they are, by more than one property; the table says what is known."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.catalog import CATALOG, UnknownModel, by_model, device_table, probe, recognise
from drivers.gatt import (
    BLOOD_PRESSURE_SERVICE,
    BODY_COMPOSITION_SERVICE,
    JUMPER_SERVICE,
    NONIN_OXIMETRY_SERVICE,
    TRANSPARENT_UART_SERVICE,
    WEIGHT_SCALE_SERVICE,
)
from drivers.recognition import score
from drivers.supported_device import (
    Advertisement,
    Bonding,
    ClockRule,
    Recognition,
    SupportedDevice,
    Transport,
    Verified,
)

SAMPLES = [(device, sample) for device in CATALOG for sample in device.samples]

DF8 = bytes.fromhex("80396220")
BCI = bytes.fromhex("8532064861")
CONTEC = bytes.fromhex("01E085B396C1E1FFFF")
RICE_LAKE = b"     72.4 kg Gross\r\n"
HEALTH_O_METER = b"\x1bR\x1bW072.40\x1bH172.00\x1bNm\x1bE"
WIRED = {
    "Nonin DF8": DF8 * 3,
    "CMS50D": BCI * 6,
    "CMS50E": CONTEC * 6,
    "Rice Lake 140": RICE_LAKE,
    "Health o meter": HEALTH_O_METER,
}


@pytest.mark.parametrize(("device", "sample"), SAMPLES, ids=lambda one: getattr(one, "model", None))
def test_every_sample_has_exactly_one_winner(device: SupportedDevice, sample: Advertisement) -> None:
    scores = sorted((score(one.recognition, sample) for one in CATALOG), reverse=True)
    assert scores[0] > scores[1]
    assert recognise(sample) is device


def test_every_device_that_advertises_has_a_sample() -> None:
    for device in CATALOG:
        assert bool(device.samples) is (device.transport is not Transport.SERIAL), device.model


@pytest.mark.parametrize(
    "alone",
    [
        Advertisement(None, (TRANSPARENT_UART_SERVICE,)),
        Advertisement("Any", (TRANSPARENT_UART_SERVICE,)),
        Advertisement("BerryMed"),
        Advertisement(None, (BODY_COMPOSITION_SERVICE,)),
        Advertisement("Renpho", (BODY_COMPOSITION_SERVICE,)),
        Advertisement(None, service_data={BODY_COMPOSITION_SERVICE: bytes(13)}),
        Advertisement(None, (BODY_COMPOSITION_SERVICE,), service_data={BODY_COMPOSITION_SERVICE: bytes(13)}),
        Advertisement("My Oximeter"),
        Advertisement(None, (JUMPER_SERVICE,)),
        Advertisement(None, (NONIN_OXIMETRY_SERVICE,)),
        Advertisement("A&D_UA-651BLE_A1B2C3"),
        Advertisement("meter+01234567"),
        Advertisement(None, manufacturer_data={0x0611: b""}),
        Advertisement(None, manufacturer_data={0x020E: b"\x01"}),
        Advertisement(None),
        Advertisement(""),
    ],
)
def test_one_property_alone_is_nobody(alone: Advertisement) -> None:
    assert recognise(alone) is None


def test_padding_in_a_name_is_no_part_of_it() -> None:
    padded = Advertisement("A&D_UA-651BLE_A1B2C3\x00\x00\x00\x00\x00", (BLOOD_PRESSURE_SERVICE,))
    assert recognise(padded) is by_model("UA-651BLE")


def test_a_cuff_of_another_maker_is_a_cuff() -> None:
    assert recognise(Advertisement("A&D_UB-1100BLE_1", (BLOOD_PRESSURE_SERVICE,))) is by_model("SIG blood pressure")


def test_two_that_fit_equally_well_are_nobody() -> None:
    assert recognise(Advertisement("Both", (BLOOD_PRESSURE_SERVICE, WEIGHT_SCALE_SERVICE))) is None


@given(
    st.sampled_from(SAMPLES),
    st.sets(st.sampled_from(["name", "services", "manufacturer_data", "service_data"]), max_size=4),
)
def test_a_sample_with_parts_missing_is_never_another_makers(
    pair: tuple[SupportedDevice, Advertisement], missing: set[str]
) -> None:
    device, sample = pair
    blank = Advertisement(None)
    less = msgspec.structs.replace(sample, **{field: getattr(blank, field) for field in missing})
    winner = recognise(less)
    assert winner is None or winner is device or winner.manufacturer == "any"


def test_a_description_of_nothing_fits_nobody() -> None:
    assert score(Recognition(), Advertisement("x", (BLOOD_PRESSURE_SERVICE,))) == 0


# -- wired


@pytest.mark.parametrize("model", WIRED)
def test_first_bytes_tell_who_it_is(model: str) -> None:
    assert probe(WIRED[model]) is by_model(model)


@pytest.mark.parametrize("model", WIRED)
@given(cut=st.integers(0, 40), noise=st.binary(max_size=3))
def test_it_is_told_also_from_the_middle_and_never_taken_for_another(model: str, cut: int, noise: bytes) -> None:
    heard = noise + WIRED[model][cut % 20 :] + WIRED[model]
    assert probe(heard) in (by_model(model), None)


def test_from_the_middle_of_a_stream_it_is_still_told() -> None:
    for model in ("Nonin DF8", "CMS50D", "CMS50E"):
        assert probe((WIRED[model] * 4)[3:-2]) is by_model(model)


def test_noise_is_nobody() -> None:
    chance = random.Random(3)
    assert [probe(chance.randbytes(length)) for length in range(20, 400)] == [None] * 380


@pytest.mark.parametrize("heard", [b"", b"\x06", b"\x15", b"AT\r\n", bytes(200), b"\xff" * 200, b"hello world\r\n" * 9])
def test_what_says_nothing_of_ours_is_nobody(heard: bytes) -> None:
    assert probe(heard) is None


def test_a_value_that_no_oximeter_shows_is_not_believed() -> None:
    impossible = bytes((0x85, 50, 6, 72, 120))
    assert probe(impossible * 10) is None


# -- the list


def test_each_model_stands_once_and_is_found_by_its_name() -> None:
    models = [device.model for device in CATALOG]
    assert len(models) == len(set(models))
    for device in CATALOG:
        assert by_model(device.model) is device


def test_an_unknown_model_is_said_in_a_sentence() -> None:
    with pytest.raises(UnknownModel, match="no supported device is called X1"):
        by_model("X1")
    assert issubclass(UnknownModel, KeyError)


def test_what_the_issue_names_is_there() -> None:
    assert {device.model for device in CATALOG} >= {
        "UA-651BLE", "UC-352BLE", "UC-352BLE (older firmware)", "UT-201BLE", "SIG blood pressure", "SIG scale",
        "SIG thermometer", "SIG oximeter", "SIG glucose", "BP7000", "EVOLV", "BP5250", "SC-150", "3230", "BF720",
        "BF105", "SBF72", "JPD-500F", "BM1000", "Mi scale 1", "Mi scale 2", "Accu-Chek Guide", "Contour Next One",
        "Nonin DF8", "CMS50D", "CMS50E", "Rice Lake 140", "Health o meter",
    }  # fmt: skip


def test_nothing_claims_to_have_been_tried_with_the_real_device() -> None:
    assert all(device.verified is not Verified.REAL_DEVICE for device in CATALOG)


def test_rows_are_consistent() -> None:
    for device in CATALOG:
        wired = device.transport is Transport.SERIAL
        assert (device.line is not None) is wired, device.model
        assert (device.probe is not None) is wired, device.model
        assert device.kinds
        assert device.users >= 1
        if device.transport is not Transport.BLUETOOTH:
            assert device.bonding is Bonding.NONE
        if device.manufacturer == "A&D Medical":
            assert (device.clock_rule, device.bonding) == (ClockRule.EVERY_CONNECTION, Bonding.REQUIRED_ONE_HOST)


def test_the_table_has_a_row_for_each() -> None:
    lines = device_table().splitlines()
    assert lines[0] == "| model | maker | measures | transport | bond | clock | verified | note |"
    assert len(lines) == 2 + len(CATALOG)
    assert all(line.startswith("| ") and line.endswith(" |") for line in lines)
    assert {line.count(" | ") for line in lines} == {7}
