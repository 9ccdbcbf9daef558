"""The settings file: strict TOML; an error names key and line. Secrets are named by file, never written in it."""

from __future__ import annotations

import re
import ssl
import tomllib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from kiosk.facts.caller import CallerClass
from kiosk.facts.loopback import is_loopback
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.profile import Output, Profile

_EUI48 = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}")


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may ring. ``uri`` as ``sip:kari@example.org``; ``class`` is care or relative."""

    uri: str
    name: str
    role: str
    caller_class: CallerClass = msgspec.field(name="class")
    picture: str | None = None


class SipSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account at the municipality's SIP server.

    ``servers``: wss: addresses, tried in order; ws: is accepted only for loopback. ``password_file`` holds one line.
    ``certificate_authority``: PEM file to trust instead of the system's. ``instance_id``: RFC 5626 urn:uuid.
    """

    servers: tuple[str, ...]
    address: str
    username: str
    password_file: Path
    instance_id: str
    certificate_authority: Path | None = None
    allow_md5: bool = False
    expires_s: int = 300


class TokenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the device shows who it is to the care platform (SMART backend services, ``private_key_jwt``, ES384).

    ``key_file``: the device's own P-384 private key (PEM), mode 0600; ``key_id``: its name at the platform.
    """

    url: str
    client_id: str
    key_file: Path
    key_id: str
    scope: str = "system/Observation.cu system/Device.cu system/Communication.cu"


class FhirSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The care platform. ``patient`` is its opaque logical id; never a national identity number. ``device``: this
    kiosk's logical id there.

    Without ``token`` nothing is shown to the platform: for loopback, or where the network itself tells who it is.
    """

    base_url: str
    patient: str
    device: str
    certificate_authority: Path | None = None
    token: TokenSettings | None = None


class RelaySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TURN server (RFC 8656): ``turn:host:port?transport=udp`` or ``tcp``, ``turns:host:443?transport=tcp``.

    ``credential_file`` holds one line.
    """

    urls: tuple[str, ...]
    username: str
    credential_file: Path


class MediaSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``camera``: ``generated``, ``/dev/videoN``, or the path of a file. ``sound_device``: a PortAudio name.

    ``ice_servers``: STUN addresses. ``relay_only``: this device's own addresses are told to nobody.
    ``relay_authority``: who signed the certificate of a relay behind TLS; None: whom the system trusts.
    ``camera_width`` and ``camera_height``: the largest picture that is asked of the camera and sent on a good line.

    ``echo_cancelling``: false where the sound device is a headset or feeds an induction loop. ``outputs``: what else
    this home has, a PortAudio name for each; the profile chooses from them.
    """

    camera: str = "/dev/video0"
    camera_width: Annotated[int, msgspec.Meta(ge=320, le=1280)] = 1280
    camera_height: Annotated[int, msgspec.Meta(ge=240, le=720)] = 720
    sound_device: str = "default"
    outputs: dict[Output, str] = {}
    echo_cancelling: bool = True
    ice_servers: tuple[str, ...] = ()
    relays: tuple[RelaySettings, ...] = ()
    relay_only: bool = False
    relay_authority: Path | None = None


class DeviceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One health device of this home. ``model`` as in the catalogue (``kiosk devices list --supported``).

    ``source`` fake: the shipped virtual one, told what to do by ``script`` (see drivers.fakes); only where the care
    platform is on this machine, so that nothing pretended ever leaves it. ``address``: of
    Bluetooth, ``00:11:22:33:44:55``; of a wired device, its name under /dev/serial/by-id.
    ``slots``: whose the device's user slots are, ``{1 = "p-4711", 2 = ""}``: empty for somebody who is no patient here.
    ``user_index`` and ``consent``: of scales that ask for them.
    """

    model: str
    source: Literal["bluetooth", "serial", "fake"] = "bluetooth"
    address: str = ""
    script: Path | None = None
    slots: dict[str, str] = {}
    user_index: int | None = None
    consent: int | None = None


class ButtonSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A big button on a serial line; what it does is the profile's (answer, or one switch for everything).

    ``port``: its name under /dev/serial/by-id. ``kind`` contact: a plain button between RTS and ``wire``; byte: it
    sends ``press`` at ``baud``. One with a keyboard inside (USB, Bluetooth) needs no settings.
    """

    port: str
    kind: Literal["contact", "byte"] = "contact"
    wire: Literal["cts", "dsr", "ri", "cd"] = "cts"
    baud: int = 9600
    press: Annotated[int, msgspec.Meta(ge=0, le=255)] = 1


class TargetSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The clinician's target for one kind of measurement, both ends included, in the unit that is shown."""

    kind: MeasurementKind
    low: Decimal
    high: Decimal


class BluetoothSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``adapter``: such as hci0; None: the system's first."""

    adapter: str | None = None


class ScreenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Core starts the ui itself. ``width`` and ``height`` are for a window; a full screen takes what there is."""

    fullscreen: bool = True
    width: int = 1280
    height: int = 800


class PlannedVisit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A visit known without a care plan: ``start`` is an offset date-time."""

    start: Annotated[datetime, msgspec.Meta(tz=True)]
    name: str
    role: str


class PiperSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Voices of Piper's that the municipality has installed. ``program``: a path, or a name to be found; ``models``:
    the ``.onnx`` file of each language; nynorsk is spoken by the one of bokmål."""

    models: dict[Literal["nb", "en"], Path]
    program: str = "piper"


class SpeechSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``prompt_packs``: folders with recordings that are heard in place of the voice (kiosk/speech/prompt_pack.py)."""

    prompt_packs: tuple[Path, ...] = ()
    piper: PiperSettings | None = None


class CallSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``ring_seconds``: instead of the profile's. ``ended_card_seconds``: the card after a call goes by itself, which
    in a home it does not. Both for tests, which wait less than a home does."""

    ring_seconds: float | None = None
    ended_card_seconds: float | None = None


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    ``data_directory`` holds the outbox and the devices that were paired here; ``sealing_key_file`` the key to the
    outbox's contents (None: ``sealing.key`` in that directory, for development); ``runtime_directory`` (mode 0700, on a
    memory file system) what may be lost; ``choose_profile``: begin with the patient's choosing of the profile, where
    none was kept; ``timeline_file`` takes what happened when, for the bench.
    """

    sip: SipSettings
    fhir: FhirSettings
    data_directory: Path
    runtime_directory: Path
    profile: Profile = Profile()
    choose_profile: bool = False
    media: MediaSettings = MediaSettings()
    bluetooth: BluetoothSettings = BluetoothSettings()
    devices: tuple[DeviceSettings, ...] = ()
    targets: tuple[TargetSettings, ...] = ()
    button: ButtonSettings | None = None
    sealing_key_file: Path | None = None
    screen: ScreenSettings = ScreenSettings()
    speech: SpeechSettings = SpeechSettings()
    call: CallSettings = CallSettings()
    contacts: tuple[Contact, ...] = ()
    timeline_file: Path | None = None
    next_visit: PlannedVisit | None = None


class SettingsError(Exception):
    """The settings cannot be used; the text names the file, the line where known, the key, and what to do."""


_PART = re.compile(r"([\w-]+)((?:\[[^\]]*\])*)")


def _line_of_key(text: str, path: str) -> int | None:
    """The 1-based line on which the last name of a msgspec error path (``$.devices[1].slots``) is set, or its table."""
    parts = _PART.findall(path.removeprefix("$"))
    names = [name for name, _ in parts]
    index = re.match(r"\[(\d+)\]", parts[0][1]) if parts else None
    table: list[str] = []
    numbers: dict[str, int] = {}
    best: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            table = [name.strip().strip("\"'") for name in stripped.split("]")[0].strip("[ ").split(".")]
            if stripped.startswith("[[") and len(table) == 1:
                numbers[table[0]] = numbers.get(table[0], -1) + 1
        of_index = index is None or not table or table[0] not in numbers or numbers[table[0]] == int(index[1])
        if stripped.startswith("["):
            if table == names and of_index and (best is None or index is not None):
                best = number
        elif "=" in stripped and not stripped.startswith("#"):
            key = [name.strip().strip("\"'") for name in stripped.split("=")[0].split(".")]
            if [*table, *key] == names and of_index:
                return number
    return best


def _decode(kind: type, value: object) -> object:
    """Paths stand in the file as text."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")


def parse_settings(text: str, name: str) -> Settings:
    """Read settings out of TOML ``text``; ``name`` is the file's name for messages. Raises SettingsError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name}: not valid TOML: {error}. Correct that line.") from error
    try:
        settings = msgspec.convert(raw, Settings, strict=True, dec_hook=_decode)
    except msgspec.ValidationError as error:
        message = str(error)
        what, _, path = message.partition(" - at `")
        path = path.rstrip("`")
        if "unknown field" in what:
            path = f"{path}.{what.split('`')[1]}" if path else f"$.{what.split('`')[1]}"
        line = _line_of_key(text, path)
        where = f"{name}, line {line}" if line else name
        key = path.removeprefix("$").strip(".") or "(top of the file)"
        raise SettingsError(f"{where}: {key}: {what}. Correct that key.") from error
    _check_usable(settings, text, name)
    return settings


def load_settings(path: Path) -> Settings:
    """Read the settings file. Raises SettingsError, also when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{path}: cannot be read ({error.strerror}). Check that the file is there and who may read it."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 text (byte {error.start}). Write the file anew.") from error
    return parse_settings(text, str(path))


def _check_usable(settings: Settings, text: str, name: str) -> None:
    """Refuse what would carry a call or a reading in the clear (only loopback may), authorities that cannot be read,
    and outputs, devices and targets that make no sense. Raises SettingsError."""

    def refuse(key: str, problem: str) -> SettingsError:
        line = _line_of_key(text, f"$.{key}")
        return SettingsError(f"{name}, line {line}: {key}: {problem}" if line else f"{name}: {key}: {problem}")

    for key, authority in (
        ("sip.certificate_authority", settings.sip.certificate_authority),
        ("fhir.certificate_authority", settings.fhir.certificate_authority),
    ):
        if authority is not None:
            try:
                ssl.create_default_context(cafile=authority)
            except (OSError, ssl.SSLError) as error:
                raise refuse(key, f"{authority} holds no certificate ({error}). Enrol the device again.") from error
    addresses = [("sip.servers", server, "wss", "ws") for server in settings.sip.servers]
    addresses.append(("fhir.base_url", settings.fhir.base_url, "https", "http"))
    if settings.fhir.token is not None:
        addresses.append(("fhir.token.url", settings.fhir.token.url, "https", "http"))
    if Output.LOUDSPEAKER in settings.media.outputs:
        raise refuse("media.outputs.loudspeaker", "the loudspeaker is media.sound_device. Remove it here.")
    _check_devices(settings, refuse)
    _check_targets(settings, refuse)
    for key, address, secure, plain in addresses:
        try:
            parts = urlsplit(address)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise refuse(key, f"{address} is not an address ({error}). Correct it.") from error
        if host and (parts.scheme == secure or (parts.scheme == plain and is_loopback(host))):
            continue
        raise refuse(key, f"{address} is not a {secure}: address. Write one; {plain}: is for loopback only.")


def _check_devices(settings: Settings, refuse: Callable[[str, str], SettingsError]) -> None:
    """Refuse devices that cannot be reached or told apart, and virtual ones where readings would leave this machine."""
    known: set[str] = set()
    for number, device in enumerate(settings.devices):
        key = f"devices[{number}]"
        for slot in device.slots:
            if not (slot.isascii() and slot.isdigit() and int(slot) < 255):
                raise refuse(f"{key}.slots", f"{slot!r} of {device.model} is not a number from 0 to 254. Correct it.")
        if device.user_index is not None and not 0 <= device.user_index < 255:
            raise refuse(f"{key}.user_index", f"{device.user_index} is not a number from 0 to 254. Correct it.")
        if device.consent is not None and not 0 <= device.consent <= 9999:
            raise refuse(f"{key}.consent", f"{device.consent} is not a number from 0 to 9999. Correct it.")
        if device.source == "fake":
            if not is_loopback(urlsplit(settings.fhir.base_url).hostname or ""):
                raise refuse(f"{key}.source", "a virtual device is for a care platform on this machine. Remove it.")
            continue
        if device.source == "bluetooth" and not _EUI48.fullmatch(device.address):
            raise refuse(f"{key}.address", f"{device.address!r} is no Bluetooth address. Write 00:11:22:33:44:55.")
        if device.source == "serial" and (device.address in ("", ".", "..") or "/" in device.address):
            raise refuse(f"{key}.address", f"{device.address!r} is no name. Write what stands in /dev/serial/by-id.")
        if device.address.upper() in known:
            raise refuse(f"{key}.address", f"{device.address} stands here twice. Remove one of the two devices.")
        known.add(device.address.upper())


def _check_targets(settings: Settings, refuse: Callable[[str, str], SettingsError]) -> None:
    """Refuse a band that nobody can be in."""
    known: set[MeasurementKind] = set()
    for number, target in enumerate(settings.targets):
        key = f"targets[{number}]"
        if not (target.low.is_finite() and target.high.is_finite() and target.low < target.high):
            raise refuse(f"{key}.low", f"{target.low} is not below {target.high}. Correct one of them.")
        if target.kind in known:
            raise refuse(f"{key}.kind", f"{target.kind.value} has a target already. Remove one of the two.")
        known.add(target.kind)


def read_password(path: Path) -> str:
    """The one line of a password file. Raises SettingsError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: the password cannot be read ({error}). Enrol the device again.") from error
    if len(lines) != 1 or not lines[0]:
        raise SettingsError(f"{path}: must hold the password on one line and nothing else. Enrol the device again.")
    return lines[0]
