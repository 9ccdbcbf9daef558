"""The rows of the catalogue for Bluetooth devices, those of makers first, then whatever follows the profiles.

Samples are put together from the properties by which the devices are known (names and services as published); the
service data of the Mi scale 2 was captured.
"""

from __future__ import annotations

from typing import Final

import msgspec

from drivers.dialogues import and_medical, broadcast_scale, omron, oximeters, profiles
from drivers.dialogues.consenting_scale import ConsentingScale
from drivers.dialogues.glucose_meter import GlucoseMeter
from drivers.dialogues.pulse_oximeter import PulseOximeter
from drivers.fakes.and_scale import VirtualAndScale, VirtualOlderAndScale
from drivers.fakes.and_thermometer import VirtualAndThermometer
from drivers.fakes.beurer_scale import VirtualBeurerScale
from drivers.fakes.cuff import VirtualCuff
from drivers.fakes.glucose_meter import VirtualGlucoseMeter
from drivers.fakes.mi_scale import VirtualMiScale1, VirtualMiScale2
from drivers.fakes.omron import VirtualOmronCuff, VirtualOmronScale
from drivers.fakes.oximeters import VirtualBerry, VirtualJumper, VirtualNonin3230, VirtualOximeter
from drivers.fakes.sig_devices import VirtualSigCuff, VirtualSigScale, VirtualSigThermometer
from drivers.gatt import (
    AND_WEIGHT_SERVICE,
    BLOOD_PRESSURE_SERVICE,
    BODY_COMPOSITION_SERVICE,
    CONTOUR_SERVICE,
    CURRENT_TIME_SERVICE,
    GLUCOSE_SERVICE,
    HEALTH_THERMOMETER_SERVICE,
    JUMPER_SERVICE,
    NONIN_OXIMETRY_SERVICE,
    PULSE_OXIMETER_SERVICE,
    TRANSPARENT_UART_SERVICE,
    USER_DATA_SERVICE,
    WEIGHT_SCALE_SERVICE,
)
from drivers.readings import Kind
from drivers.supported_device import (
    Advertisement,
    Bonding,
    ClockRule,
    Recognition,
    SupportedDevice,
    Transport,
    Verified,
)

_OMRON: Final = 0x020E
_OMRON_DATA: Final = bytes.fromhex("0100050001")
_BEURER: Final = 0x0611
_XIAOMI: Final = 0x0157

_ONE_HOST: Final = "one host only: remove it from the patient's phone first"

UA_651BLE: Final = SupportedDevice(
    model="UA-651BLE",
    manufacturer="A&D Medical",
    kinds=(Kind.BLOOD_PRESSURE,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: and_medical.and_cuff(),
    clock_rule=ClockRule.EVERY_CONNECTION,
    bonding=Bonding.REQUIRED_ONE_HOST,
    verified=Verified.CAPTURED_TRAFFIC,
    recognition=Recognition(names=("A&D_UA-651BLE",), required=(BLOOD_PRESSURE_SERVICE,)),
    fake=VirtualCuff,
    samples=(Advertisement("A&D_UA-651BLE_A1B2C3", (BLOOD_PRESSURE_SERVICE,)),),
    hosts_note=f"{_ONE_HOST}; hold START 3 s until Pr",
)
UC_352BLE: Final = SupportedDevice(
    model="UC-352BLE",
    manufacturer="A&D Medical",
    kinds=(Kind.WEIGHT,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: and_medical.and_scale(older_firmware=False),
    clock_rule=ClockRule.EVERY_CONNECTION,
    bonding=Bonding.REQUIRED_ONE_HOST,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(names=("A&D_UC-352BLE",), required=(WEIGHT_SCALE_SERVICE,)),
    fake=VirtualAndScale,
    samples=(Advertisement("A&D_UC-352BLE_AA26F0", (WEIGHT_SCALE_SERVICE,)),),
    hosts_note=_ONE_HOST,
)
UC_352BLE_OLDER: Final = msgspec.structs.replace(
    UC_352BLE,
    model="UC-352BLE (older firmware)",
    dialogue=lambda _: and_medical.and_scale(older_firmware=True),
    recognition=Recognition(names=("A&D_UC-352BLE",), required=(AND_WEIGHT_SERVICE,)),
    fake=VirtualOlderAndScale,
    samples=(Advertisement("A&D_UC-352BLE_AA26F1", (AND_WEIGHT_SERVICE,)),),
)
UT_201BLE: Final = SupportedDevice(
    model="UT-201BLE",
    manufacturer="A&D Medical",
    kinds=(Kind.TEMPERATURE,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: and_medical.and_thermometer(),
    clock_rule=ClockRule.EVERY_CONNECTION,
    bonding=Bonding.REQUIRED_ONE_HOST,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(names=("A&D_UT201BLE", "A&D_UT-201BLE"), required=(HEALTH_THERMOMETER_SERVICE,)),
    fake=VirtualAndThermometer,
    samples=(
        Advertisement("A&D_UT201BLE_76C9B8", (HEALTH_THERMOMETER_SERVICE,)),
        Advertisement("A&D_UT201BLEA_90F83", (HEALTH_THERMOMETER_SERVICE,)),
    ),
    hosts_note=_ONE_HOST,
)


def _omron(model: str, number: str, users: int) -> SupportedDevice:
    """An Omron cuff; ``number``: eight hexadecimal digits in its name, after which its address follows."""
    return SupportedDevice(
        model=model,
        manufacturer="Omron",
        kinds=(Kind.BLOOD_PRESSURE,),
        transport=Transport.BLUETOOTH,
        dialogue=lambda _: omron.omron_cuff(),
        clock_rule=ClockRule.ON_FIRST_CURRENT_TIME,
        bonding=Bonding.REQUIRED,
        verified=Verified.SPECIFICATION,
        recognition=Recognition(
            names=(f"BLESmart_{number}", f"BLEsmart_{number}"),
            services=(BLOOD_PRESSURE_SERVICE,),
            companies=(_OMRON,),
        ),
        users=users,
        fake=VirtualOmronCuff if model == "BP7000" else None,
        samples=(
            Advertisement(f"BLESmart_{number}28FFB2000001", (BLOOD_PRESSURE_SERVICE,), {_OMRON: _OMRON_DATA}),
            Advertisement(f"BLEsmart_{number}28FFB2000001", (BLOOD_PRESSURE_SERVICE,)),
        ),
        hosts_note=_ONE_HOST,
    )


BP7000: Final = _omron("BP7000", "0000011F", 2)
EVOLV: Final = _omron("EVOLV", "0000021F", 1)
BP5250: Final = _omron("BP5250", "00000160", 1)
SC_150: Final = msgspec.structs.replace(
    _omron("SC-150", "00010112", 4),
    kinds=(Kind.WEIGHT,),
    dialogue=lambda _: omron.omron_scale(),
    recognition=Recognition(
        names=("BLESmart_00010112", "BLEsmart_00010112"), services=(WEIGHT_SCALE_SERVICE,), companies=(_OMRON,)
    ),
    fake=VirtualOmronScale,
    samples=(Advertisement("BLESmart_0001011228FFB2000002", (WEIGHT_SCALE_SERVICE,), {_OMRON: _OMRON_DATA}),),
)
NONIN_3230: Final = SupportedDevice(
    model="3230",
    manufacturer="Nonin",
    kinds=(Kind.PULSE_OXIMETRY,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: oximeters.nonin_3230(),
    clock_rule=ClockRule.NO_CLOCK,
    bonding=Bonding.OPTIONAL,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(names=("Nonin3230",), services=(NONIN_OXIMETRY_SERVICE,)),
    fake=VirtualNonin3230,
    samples=(Advertisement("Nonin3230_502644767", (NONIN_OXIMETRY_SERVICE,)),),
    hosts_note="pairs only within 2 minutes after its batteries were put in",
)


def _consenting(model: str, manufacturer: str, *names: str) -> SupportedDevice:
    """A scale with eight users and a code for each."""
    return SupportedDevice(
        model=model,
        manufacturer=manufacturer,
        kinds=(Kind.WEIGHT, Kind.BODY_COMPOSITION),
        transport=Transport.BLUETOOTH,
        dialogue=lambda enrolment: ConsentingScale(enrolment.user_index, enrolment.consent),
        clock_rule=ClockRule.WHEN_WRONG,
        bonding=Bonding.REQUIRED,
        verified=Verified.SPECIFICATION,
        recognition=Recognition(
            names=names,
            services=(WEIGHT_SCALE_SERVICE, BODY_COMPOSITION_SERVICE, USER_DATA_SERVICE),
            companies=(_BEURER,),
        ),
        users=8,
        fake=VirtualBeurerScale if model == "BF720" else None,
        samples=(
            Advertisement(names[0], (WEIGHT_SCALE_SERVICE, BODY_COMPOSITION_SERVICE), {_BEURER: b""}),
            Advertisement(names[0], (BODY_COMPOSITION_SERVICE,)),
        ),
        hosts_note="needs its user's index and code; without batteries for a while it forgets both",
    )


BF720: Final = _consenting("BF720", "Beurer", "BF720", "Beurer BF720")
BF105: Final = _consenting("BF105", "Beurer", "BF105", "Beurer BF105")
SBF72: Final = _consenting("SBF72", "Sanitas", "SBF72", "Sanitas SBF72")

JPD_500F: Final = SupportedDevice(
    model="JPD-500F",
    manufacturer="Jumper",
    kinds=(Kind.PULSE_OXIMETRY,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: oximeters.jumper(),
    clock_rule=ClockRule.NO_CLOCK,
    bonding=Bonding.NONE,
    verified=Verified.FAKE_ONLY,
    recognition=Recognition(names=("My Oximeter",), services=(JUMPER_SERVICE,)),
    fake=VirtualJumper,
    samples=(Advertisement("My Oximeter", (JUMPER_SERVICE,)),),
)
BM1000: Final = SupportedDevice(
    model="BM1000",
    manufacturer="Berry",
    kinds=(Kind.PULSE_OXIMETRY,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: oximeters.berry(),
    clock_rule=ClockRule.NO_CLOCK,
    bonding=Bonding.NONE,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(names=("BerryMed", "BM1000"), services=(TRANSPARENT_UART_SERVICE,)),
    fake=VirtualBerry,
    samples=(Advertisement("BerryMed", (TRANSPARENT_UART_SERVICE,)),),
    hosts_note="firmware with 20-byte packets (V1.5) is not understood",
)
MI_SCALE_1: Final = SupportedDevice(
    model="Mi scale 1",
    manufacturer="Xiaomi",
    kinds=(Kind.WEIGHT,),
    transport=Transport.BROADCAST,
    dialogue=lambda _: broadcast_scale.mi_scale_1(),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.NONE,
    verified=Verified.FAKE_ONLY,
    recognition=Recognition(names=("MI_SCALE", "MI SCALE"), service_data=(WEIGHT_SCALE_SERVICE,), companies=(_XIAOMI,)),
    fake=VirtualMiScale1,
    samples=(
        Advertisement(
            "MI_SCALE",
            (WEIGHT_SCALE_SERVICE,),
            {_XIAOMI: bytes.fromhex("c80f10000001")},
            {WEIGHT_SCALE_SERVICE: bytes.fromhex("22803eea07071f071e00")},
        ),
    ),
    hosts_note="its clock can be set with the maker's app only",
)
MI_SCALE_2: Final = SupportedDevice(
    model="Mi scale 2",
    manufacturer="Xiaomi",
    kinds=(Kind.WEIGHT,),
    transport=Transport.BROADCAST,
    dialogue=lambda _: broadcast_scale.mi_scale_2(),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.NONE,
    verified=Verified.CAPTURED_TRAFFIC,
    recognition=Recognition(names=("MIBFS", "MIBCS"), service_data=(BODY_COMPOSITION_SERVICE,), companies=(_XIAOMI,)),
    fake=VirtualMiScale2,
    samples=(
        # Captured by a user of TheengsDecoder: 14.45 kg, stable, of a scale whose clock was never set.
        Advertisement(
            "MIBFS",
            (BODY_COMPOSITION_SERVICE,),
            {_XIAOMI: bytes.fromhex("381ec7000001")},
            {BODY_COMPOSITION_SERVICE: bytes.fromhex("0224b2070113100c08fdff4a0b")},
        ),
    ),
    hosts_note="its clock can be set with the maker's app only",
)
ACCU_CHEK: Final = SupportedDevice(
    model="Accu-Chek Guide",
    manufacturer="Roche",
    kinds=(Kind.GLUCOSE,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda enrolment: GlucoseMeter(enrolment.last_sequence),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.PASSKEY,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(names=("meter+",), required=(GLUCOSE_SERVICE,)),
    samples=(Advertisement("meter+01234567", (GLUCOSE_SERVICE, CURRENT_TIME_SERVICE)),),
    hosts_note="also Guide Me and Instant; shows six digits in Settings, Wireless, Pairing",
)
CONTOUR: Final = SupportedDevice(
    model="Contour Next One",
    manufacturer="Ascensia",
    kinds=(Kind.GLUCOSE,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda enrolment: GlucoseMeter(enrolment.last_sequence),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.REQUIRED,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(names=("Contour",), services=(CONTOUR_SERVICE,), required=(GLUCOSE_SERVICE,)),
    samples=(Advertisement("Contour7800H0000001", (GLUCOSE_SERVICE,)),),
    hosts_note="five hosts at most",
)

SIG_CUFF: Final = SupportedDevice(
    model="SIG blood pressure",
    manufacturer="any",
    kinds=(Kind.BLOOD_PRESSURE,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: profiles.standard_cuff(),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.OPTIONAL,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(required=(BLOOD_PRESSURE_SERVICE,)),
    fake=VirtualSigCuff,
    samples=(Advertisement("BP-1", (BLOOD_PRESSURE_SERVICE,)), Advertisement(None, (BLOOD_PRESSURE_SERVICE,))),
    hosts_note="whatever has the Blood Pressure Service (1810)",
)
SIG_SCALE: Final = SupportedDevice(
    model="SIG scale",
    manufacturer="any",
    kinds=(Kind.WEIGHT, Kind.BODY_COMPOSITION),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: profiles.standard_scale(),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.OPTIONAL,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(required=(WEIGHT_SCALE_SERVICE,)),
    fake=VirtualSigScale,
    samples=(
        Advertisement("Scale", (WEIGHT_SCALE_SERVICE,)),
        Advertisement("Scale", (WEIGHT_SCALE_SERVICE, BODY_COMPOSITION_SERVICE)),
    ),
    hosts_note="whatever has the Weight Scale Service (181D) and wants no consent",
)
SIG_THERMOMETER: Final = SupportedDevice(
    model="SIG thermometer",
    manufacturer="any",
    kinds=(Kind.TEMPERATURE,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: profiles.standard_thermometer(),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.OPTIONAL,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(required=(HEALTH_THERMOMETER_SERVICE,)),
    fake=VirtualSigThermometer,
    samples=(Advertisement("Thermometer", (HEALTH_THERMOMETER_SERVICE,)),),
    hosts_note="whatever has the Health Thermometer Service (1809)",
)
SIG_OXIMETER: Final = SupportedDevice(
    model="SIG oximeter",
    manufacturer="any",
    kinds=(Kind.PULSE_OXIMETRY,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda _: PulseOximeter(),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.OPTIONAL,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(required=(PULSE_OXIMETER_SERVICE,)),
    fake=VirtualOximeter,
    samples=(Advertisement("Oximeter", (PULSE_OXIMETER_SERVICE,)),),
    hosts_note="whatever has the Pulse Oximeter Service (1822)",
)
SIG_GLUCOSE: Final = SupportedDevice(
    model="SIG glucose",
    manufacturer="any",
    kinds=(Kind.GLUCOSE,),
    transport=Transport.BLUETOOTH,
    dialogue=lambda enrolment: GlucoseMeter(enrolment.last_sequence),
    clock_rule=ClockRule.NEVER,
    bonding=Bonding.REQUIRED,
    verified=Verified.SPECIFICATION,
    recognition=Recognition(required=(GLUCOSE_SERVICE,)),
    fake=VirtualGlucoseMeter,
    samples=(Advertisement("Glucose", (GLUCOSE_SERVICE,)),),
    hosts_note="whatever has the Glucose Service (1808)",
)

BLUETOOTH: Final = (
    UA_651BLE,
    UC_352BLE,
    UC_352BLE_OLDER,
    UT_201BLE,
    BP7000,
    EVOLV,
    BP5250,
    SC_150,
    NONIN_3230,
    BF720,
    BF105,
    SBF72,
    JPD_500F,
    BM1000,
    MI_SCALE_1,
    MI_SCALE_2,
    ACCU_CHEK,
    CONTOUR,
    SIG_CUFF,
    SIG_SCALE,
    SIG_THERMOMETER,
    SIG_OXIMETER,
    SIG_GLUCOSE,
)
