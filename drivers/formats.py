"""The list of wire formats by name, each with its decoder and an example, and a decoded packet as JSON-ready values.

The names are the 16-bit UUIDs of Bluetooth characteristics (``2A35``) and those of makers' formats (``nonin-ble``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from drivers.decoders.battery import decode_battery
from drivers.decoders.bci import BciFrames, decode_bci
from drivers.decoders.blood_pressure import decode_blood_pressure, decode_intermediate_cuff_pressure
from drivers.decoders.body_composition import decode_body_composition
from drivers.decoders.contec9 import ContecFrames, decode_contec9
from drivers.decoders.current_time import decode_current_time
from drivers.decoders.date_time import decode_date_time
from drivers.decoders.device_information import decode_pnp_id, decode_system_id, decode_text
from drivers.decoders.features import (
    Features,
    decode_blood_pressure_features,
    decode_body_composition_features,
    decode_glucose_features,
    decode_pulse_oximeter_features,
    decode_weight_scale_features,
)
from drivers.decoders.fora import ForaAnalyte, ForaCommand, decode_fora, fora_measurement, fora_time, fora_value
from drivers.decoders.glucose import decode_glucose, decode_glucose_context
from drivers.decoders.health_o_meter import HealthOMeterFrames, decode_health_o_meter
from drivers.decoders.jumper import JumperFrames, decode_jumper
from drivers.decoders.mi_scale import decode_mi_scale_1, decode_mi_scale_2
from drivers.decoders.nonin_3230 import decode_nonin_3230
from drivers.decoders.nonin_df8 import NoninFrames, decode_nonin_df8
from drivers.decoders.omron_advertisement import decode_omron_advertisement
from drivers.decoders.pulse_oximeter import decode_plx_continuous, decode_plx_spot_check
from drivers.decoders.record_access import decode_record_access
from drivers.decoders.rice_lake import RiceLakeFrames, decode_rice_lake
from drivers.decoders.temperature import decode_intermediate_temperature, decode_temperature
from drivers.decoders.user_control_point import decode_user_control
from drivers.decoders.weight import decode_weight
from drivers.errors import DecodeError
from drivers.readings import Measurement, Quantity

Json = dict[str, object]


class UnknownFormat(KeyError):
    """No format goes by that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"unknown format {self.name!r}; known are {', '.join(FORMATS)}"


class Format(msgspec.Struct, frozen=True):
    """One wire format: what it is, how its bytes become JSON-ready values (or DecodeError), and an example in hex."""

    title: str
    decode: Callable[[bytes], Json]
    example: str


class Frames(Protocol):
    """What finds frames in a stream."""

    skipped: int

    def feed(self, chunk: bytes) -> list[bytes]: ...


def decode_to_json(name: str, data: bytes) -> Json:
    """What the bytes say, ``kind`` first, as values that JSON has; numbers of measurements as text, exactly as sent.

    A stream format takes several frames at once: the last complete one decides, ``frames`` and ``skipped`` are counted.
    Raises UnknownFormat for the name, DecodeError for the bytes, and nothing else.
    """
    return find_format(name).decode(bytes(data))


def find_format(name: str) -> Format:
    """The format by its name in either case; a UUID also as ``0x2a35`` and in full. Raises UnknownFormat."""
    plain = name.strip().lower()
    sig = _SIG_UUID.fullmatch(plain)
    short = sig[1] if sig is not None else plain.removeprefix("0x")
    found = FORMATS.get(short.upper()) or FORMATS.get(plain)
    if found is None:
        raise UnknownFormat(name)
    return found


_SIG_UUID = re.compile(r"0000([0-9a-f]{4})-0000-1000-8000-00805f9b34fb")


def measurement_to_json(measurement: Measurement) -> Json:
    """A measurement as JSON-ready values: each quantity by its name, then time, user, sequence, status and the rest."""
    json: Json = {"kind": measurement.kind.value}
    for name, quantity in measurement.quantities.items():
        json[name.value] = _quantity(quantity)
    json["time"] = _time(measurement.device_time)
    json["user"] = measurement.user
    json["sequence"] = measurement.sequence
    json["status"] = [status.value for status in measurement.status]
    json["final"] = measurement.final
    if measurement.raw_time:
        json["raw_time"] = measurement.raw_time.hex()
    json["time_fault"] = measurement.time_fault
    json["unknown_user"] = measurement.unknown_user
    if measurement.unknown_bits:
        json["unknown_bits"] = measurement.unknown_bits
    for detail, word in measurement.details.items():
        json[detail.value] = word
    return json


def _quantity(quantity: Quantity) -> Json:
    if quantity.value is None:
        reason = None if quantity.special is None else quantity.special.value
        return {"value": None, "reason": reason}
    # Not str(): that writes 20, sent as 2 x 10, as 2E+1.
    return {"value": f"{quantity.value:f}", "unit": quantity.unit.value}


def _time(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _one(decode: Callable[[bytes], Measurement]) -> Callable[[bytes], Json]:
    """A format of one packet."""
    return lambda data: measurement_to_json(decode(data))


def _stream(frames_of: Callable[[], Frames], decode: Callable[[bytes], Measurement]) -> Callable[[bytes], Json]:
    """A format of many frames in arbitrary chunks."""

    def last_of(data: bytes) -> Json:
        finder = frames_of()
        frames = finder.feed(data)
        if not frames:
            raise DecodeError(f"no complete frame in {len(data)} bytes")
        return {**measurement_to_json(decode(frames[-1])), "frames": len(frames), "skipped": finder.skipped}

    return last_of


def _text(field: str) -> Callable[[bytes], Json]:
    return lambda data: {"kind": "device-information", "field": field, "text": decode_text(data)}


def _system_id(data: bytes) -> Json:
    system_id = decode_system_id(data)
    return {
        "kind": "device-information",
        "field": "system-id",
        "organisation": system_id.organisation,
        "manufacturer_part": f"{system_id.manufacturer_part:010x}",
        "raw": system_id.raw.hex(),
    }


def _pnp_id(data: bytes) -> Json:
    pnp = decode_pnp_id(data)
    return {
        "kind": "device-information",
        "field": "pnp-id",
        "vendor_source": pnp.vendor_source,
        "vendor": pnp.vendor,
        "product": pnp.product,
        "version": pnp.version,
    }


def _features(decode: Callable[[bytes], Features]) -> Callable[[bytes], Json]:
    def to_json(data: bytes) -> Json:
        features = decode(data)
        json: Json = {"kind": "features", "features": list(features.names)}
        if features.supported_status:
            json["supported_status"] = [status.value for status in features.supported_status]
        if features.mass_resolution is not None:
            json["mass_resolution"] = {"value": f"{features.mass_resolution:f}", "unit": "kg"}
        if features.height_resolution is not None:
            json["height_resolution"] = {"value": f"{features.height_resolution:f}", "unit": "m"}
        if features.unknown_bits:
            json["unknown_bits"] = features.unknown_bits
        return json

    return to_json


def _date_time(data: bytes) -> Json:
    shown = decode_date_time(data)
    return {"kind": "date-time", "time": _time(shown), "raw_time": data.hex()}


def _current_time(data: bytes) -> Json:
    current = decode_current_time(data)
    return {
        "kind": "current-time",
        "time": _time(current.shown),
        "raw_time": data.hex(),
        "day_of_week": current.day_of_week,
        "fractions_256": current.fractions,
        "adjusted": [reason.value for reason in current.adjusted],
    }


def _record_access(data: bytes) -> Json:
    access = decode_record_access(data)
    json: Json = {
        "kind": "record-access",
        "operation": _word(access.op_code.name),
        "operator": _word(access.operator.name),
    }
    if access.count is not None:
        json["count"] = access.count
    if access.request_code is not None and access.response is not None:
        json["request"] = f"reserved-{access.request_code}" if access.request is None else _word(access.request.name)
        json["response"] = _word(access.response.name)
    if access.filter_type is not None:
        json["filter_type"] = access.filter_type
        json["operand"] = access.operand.hex()
    if access.sequences:
        json["sequences"] = list(access.sequences)
    return json


def _user_control(data: bytes) -> Json:
    control = decode_user_control(data)
    return {
        "kind": "user-control-point",
        "operation": _word(control.operation.name),
        "response": None if control.response is None else _word(control.response.name),
        "user": control.user_index,
        "consent": control.consent,
        "parameter": control.parameter.hex(),
    }


def _fora(data: bytes) -> Json:
    frame = decode_fora(data)
    json: Json = {
        "kind": "fora-frame",
        "direction": "answer" if frame.answer else "request",
        "command": f"{frame.command:02x}" if frame.known is None else _word(frame.known.name),
        "payload": frame.payload.hex(),
    }
    if frame.answer and frame.known is ForaCommand.RECORD_TIME:
        time = fora_time(frame)
        json |= {"time": _time(time.shown), "raw_time": frame.payload.hex(), "transmitted": time.transmitted}
    if frame.answer and frame.known is ForaCommand.RECORD_VALUE:
        value = fora_value(frame)
        if value.analyte is ForaAnalyte.URIC_ACID:
            json = {**measurement_to_json(fora_measurement(frame)), **{key: json[key] for key in json if key != "kind"}}
        # Without a confirmed scale it is a number, not a quantity.
        json["number"] = value.number
        json["analyte"] = str(value.analyte_code) if value.analyte is None else _word(value.analyte.name)
        json["category"] = _word(value.category.name)
        json["auxiliary"] = value.auxiliary
    return json


def _omron_advertisement(data: bytes) -> Json:
    advertisement = decode_omron_advertisement(data)
    return {
        "kind": "omron-advertisement",
        "time_not_set": advertisement.time_not_set,
        "pairing": advertisement.pairing,
        "streaming": advertisement.streaming,
        "service": advertisement.service,
        "users": [{"next_sequence": user.next_sequence, "records": user.records} for user in advertisement.users],
        "unknown_bits": advertisement.unknown_bits,
    }


def _word(name: str) -> str:
    return name.lower().replace("_", "-")


FORMATS: dict[str, Format] = {
    "2A35": Format("Blood Pressure Measurement", _one(decode_blood_pressure), "167D0050006600E10701100C273640000000"),
    "2A36": Format("Intermediate Cuff Pressure", _one(decode_intermediate_cuff_pressure), "006E00FF07FF07"),
    "2A49": Format("Blood Pressure Feature", _features(decode_blood_pressure_features), "2700"),
    "2A5E": Format("PLX Spot-Check Measurement", _one(decode_plx_spot_check), "1161004800D007010100030C"),
    "2A5F": Format("PLX Continuous Measurement", _one(decode_plx_continuous), "00E8F384F3"),
    "2A60": Format("PLX Features", _features(decode_pulse_oximeter_features), "A3004010800100"),
    "2A9D": Format("Weight Measurement", _one(decode_weight), "03C544EA07071F071E00"),
    "2A9E": Format("Weight Scale Feature", _features(decode_weight_scale_features), "3F000000"),
    "2A9C": Format("Body Composition Measurement", _one(decode_body_composition), "000EC2007413773E1807"),
    "2A9B": Format("Body Composition Feature", _features(decode_body_composition_features), "FF3F0000"),
    "2A1C": Format("Temperature Measurement", _one(decode_temperature), "02720100FFDA070C120F0000"),
    "2A1E": Format("Intermediate Temperature", _one(decode_intermediate_temperature), "006C0100FF"),
    "2A18": Format("Glucose Measurement", _one(decode_glucose), "060600EA07071F08000036C011"),
    "2A34": Format("Glucose Measurement Context", _one(decode_glucose_context), "02060003"),
    "2A51": Format("Glucose Feature", _features(decode_glucose_features), "FF03"),
    "2A52": Format("Record Access Control Point", _record_access, "05000C00"),
    "2A08": Format("Date Time", _date_time, "E10701100C2736"),
    "2A2B": Format("Current Time", _current_time, "DA070C120F170600C000"),
    "2A19": Format("Battery Level", _one(decode_battery), "5A"),
    "2A29": Format("Manufacturer Name", _text("manufacturer"), "412644204D65646963616C"),
    "2A24": Format("Model Number", _text("model"), "55412D363531424C45"),
    "2A25": Format("Serial Number", _text("serial-number"), "35313330353030303031"),
    "2A26": Format("Firmware Revision", _text("firmware"), "312E302E30"),
    "2A27": Format("Hardware Revision", _text("hardware"), "412D31"),
    "2A28": Format("Software Revision", _text("software"), "322E3100"),
    "2A23": Format("System ID", _system_id, "74E8FFFEFF051C00"),
    "2A50": Format("PnP ID", _pnp_id, "01090001000100"),
    "2A9F": Format("User Control Point", _user_control, "0201A80E"),
    "nonin-ble": Format("Nonin 3230 over Bluetooth", _one(decode_nonin_3230), "0A151E01320001620048"),
    "nonin-df8": Format("Nonin serial data format 8", _stream(NoninFrames, decode_nonin_df8), "80396220"),
    "bci": Format("BCI five-byte packet (Contec, Berry)", _stream(BciFrames, decode_bci), "8532064861"),
    "contec9": Format("Contec nine-byte live packet", _stream(ContecFrames, decode_contec9), "01E085B396C1E1FFFF"),
    "jumper": Format("Jumper JPD-500F", _stream(JumperFrames, decode_jumper), "81386344"),
    "mi-scale-1": Format("Xiaomi Mi scale 1, service data 181D", _one(decode_mi_scale_1), "62AC49E0070C140D1C04"),
    "mi-scale-2": Format("Xiaomi Mi scale 2, service data 181B", _one(decode_mi_scale_2), "0222EA07071F071E00F401803E"),
    "rice-lake": Format(
        "Rice Lake scale, printed line or block",
        _stream(RiceLakeFrames, decode_rice_lake),
        "202020203138342E30206C622047726F73730D0A",
    ),
    "health-o-meter": Format(
        "Health o meter, escape protocol",
        _stream(HealthOMeterFrames, decode_health_o_meter),
        "1B521B5739302E39381B483137382E37301B4232382E351B4E6D1B45",
    ),
    "fora": Format("FORA / TaiDoc frame", _fora, "51220000FFFFA516"),
    "omron-advertisement": Format("Omron manufacturer data (company 020E)", _omron_advertisement, "0104050003"),
}
