"""Makers' oximeters: Nonin 3230 and data format 8, BCI, Contec, Jumper; each field, what is missing, what is final."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.decoders.bci import decode_bci
from drivers.decoders.contec9 import decode_contec9
from drivers.decoders.jumper import decode_jumper
from drivers.decoders.nonin_3230 import decode_nonin_3230
from drivers.decoders.nonin_df8 import decode_nonin_df8
from drivers.errors import DecodeError
from drivers.readings import QuantityName, SpecialValue, Status
from tests.drivers.decoders.encoders import octets, words

sevens = st.integers(0, 0x7F)


def nonin(status: int, spo2: int = 98, pulse_rate: int = 72) -> bytes:
    return bytes((10, status, 30, 1, 50, 0, 1, spo2, pulse_rate // 256, pulse_rate % 256))


@pytest.mark.parametrize(
    ("status", "final"),
    [
        (0x14, True),
        (0x15, True),
        (0x10, False),
        (0x04, False),
        (0x1C, False),
        (0x34, True),
        (0x16, True),
        (0x00, False),
    ],
)
def test_nonin_is_final_by_smartpoint_with_a_finger(status: int, final: bool) -> None:
    assert decode_nonin_3230(nonin(status)).final == final


def test_nonin_status_words() -> None:
    value = decode_nonin_3230(nonin(0xFF))
    assert value.status == (
        Status.WEAK_SIGNAL,
        Status.SMARTPOINT,
        Status.SEARCHING,
        Status.FINGER_DETECTED,
        Status.LOW_BATTERY,
        Status.ENCRYPTED,
    )
    assert value.unknown_bits == 0x81


@given(octets, octets, words, words, octets.filter(lambda n: n != 127), words.filter(lambda n: n != 511))
def test_nonin_there_and_back(status: int, battery: int, amplitude: int, counter: int, spo2: int, rate: int) -> None:
    packet = b"\x0a" + bytes((status, battery)) + amplitude.to_bytes(2) + counter.to_bytes(2)
    value = decode_nonin_3230(packet + bytes((spo2,)) + rate.to_bytes(2))
    assert f"{value.value(QuantityName.BATTERY):f}" == f"{battery // 10}.{battery % 10}"
    assert f"{value.value(QuantityName.PULSE_AMPLITUDE):f}" == f"{amplitude // 100}.{amplitude % 100:02}"
    assert value.sequence == counter
    assert value.value(QuantityName.SPO2) == spo2
    assert value.value(QuantityName.PULSE_RATE) == rate


def test_nonin_missing() -> None:
    value = decode_nonin_3230(nonin(0x14, 127, 511))
    assert not value.final
    assert value.quantities[QuantityName.SPO2].special is SpecialValue.NOT_A_NUMBER
    assert value.quantities[QuantityName.PULSE_RATE].special is SpecialValue.NOT_A_NUMBER


@pytest.mark.parametrize("packet", [nonin(0x14)[:9], nonin(0x14) + b"\x00", b"\x0b" + nonin(0x14)[1:], b""])
def test_nonin_of_another_length(packet: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_nonin_3230(packet)


@given(st.integers(0, 0x1F), st.integers(0, 510), st.integers(0, 126), sevens)
def test_data_format_8_there_and_back(status: int, pulse_rate: int, spo2: int, last: int) -> None:
    frame = bytes((0x80 + status * 4 + pulse_rate // 128, pulse_rate % 128, spo2, last))
    value = decode_nonin_df8(frame)
    assert value.value(QuantityName.PULSE_RATE) == pulse_rate
    assert value.value(QuantityName.SPO2) == spo2
    assert (Status.SMARTPOINT in value.status) == (last // 32 % 2 == 1)
    assert (Status.OUT_OF_TRACK in value.status) == (status // 8 % 2 == 1)
    assert value.final == (last // 32 % 2 == 1 and last // 8 % 2 == 0 and bool(spo2) and bool(pulse_rate))


def test_data_format_8_without_a_finger() -> None:
    value = decode_nonin_df8(bytes.fromhex("83 7F 7F 28"))
    assert value.value(QuantityName.SPO2) is None
    assert value.value(QuantityName.PULSE_RATE) is None
    assert value.status == (Status.SENSOR_ALARM, Status.SMARTPOINT)
    assert not value.final


@given(st.integers(0, 7), sevens, st.integers(0, 3), st.integers(0, 254), st.integers(0, 126))
def test_bci_there_and_back(first: int, pleth: int, third: int, pulse_rate: int, spo2: int) -> None:
    frame = bytes((0x80 + first * 16 + 5, pleth, pulse_rate // 128 * 64 + third * 16 + 9, pulse_rate % 128, spo2))
    value = decode_bci(frame)
    assert value.value(QuantityName.PULSE_RATE) == pulse_rate
    assert value.value(QuantityName.SPO2) == spo2
    assert value.value(QuantityName.PLETH) == pleth
    assert value.final == (first % 2 == 0 and third == 0 and bool(pulse_rate) and bool(spo2))
    assert (Status.NO_FINGER in value.status) == (third % 2 == 1)
    assert (Status.SEARCHING in value.status) == (third // 2 == 1)


@given(octets, octets, octets, octets, octets, words)
def test_contec_there_and_back(signal: int, pleth: int, bar: int, pulse_rate: int, spo2: int, perfusion: int) -> None:
    fields = (signal, pleth, bar, pulse_rate, spo2, perfusion % 256, perfusion // 256)
    high = sum((field // 128) << place for place, field in enumerate(fields))
    value = decode_contec9(bytes((0x01, 0x80 + high, *(0x80 + field % 128 for field in fields))))
    assert value.value(QuantityName.PULSE_RATE) == (None if pulse_rate == 255 else pulse_rate)
    assert value.value(QuantityName.SPO2) == (None if spo2 >= 127 else spo2)
    assert value.value(QuantityName.PLETH) == pleth % 128
    assert (Status.NO_FINGER in value.status) == (signal >= 128)
    assert (Status.SEARCHING in value.status) == (pleth >= 128)
    absent = signal >= 128 or signal // 16 % 2 == 1 or pleth >= 128
    assert value.final == (not absent and 0 < spo2 < 127 and 0 < pulse_rate < 255)


@pytest.mark.parametrize(
    "text", ["", "01E085B396C1E1FF", "01E085B396C1E17FFF", "02E085B396C1E1FFFF", "016085B396C1E1FFFF"]
)
def test_contec_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_contec9(bytes.fromhex(text))


@pytest.mark.parametrize(
    ("text", "final"), [("81486120", True), ("81FF6120", False), ("81487F20", False), ("81000020", False)]
)
def test_jumper_is_final_with_both(text: str, final: bool) -> None:
    assert decode_jumper(bytes.fromhex(text)).final == final


@pytest.mark.parametrize("text", ["", "814861", "8148612000", "80486120", "81488020"])
def test_jumper_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_jumper(bytes.fromhex(text))


@pytest.mark.parametrize("text", ["", "853206", "05320648 61", "8532864861", "85320648 61 00"])
def test_bci_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_bci(bytes.fromhex(text))


@pytest.mark.parametrize("text", ["", "803962", "00396220", "80B96220", "8039622000"])
def test_data_format_8_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_nonin_df8(bytes.fromhex(text))
