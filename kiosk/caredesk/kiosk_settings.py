"""Writes the settings file of a kiosk that belongs to the demonstration care desk; starts nothing."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from kiosk.facts.caller import CallerClass
from kiosk.settings import Contact, PlannedVisit, Settings, parse_settings


class KioskOptions(msgspec.Struct, frozen=True):
    """What may differ from one demonstration to the next; words as in the settings file.

    ``sound_device`` None: the virtual sound card's where there is one, else the system's default.
    ``instance_id`` None: a new one. ``models``: of the catalogue, whose virtual ones stand in this home.
    """

    camera: str = "generated"
    sound_device: str | None = None
    models: tuple[str, ...] = ("UA-651BLE",)
    fullscreen: bool = True
    width: int = 1280
    height: int = 800
    voice: bool = True
    ring_seconds: float | None = None
    ended_card_seconds: float | None = None
    next_visit: PlannedVisit | None = None
    instance_id: str | None = None
    timeline_file: Path | None = None


class KioskAccount(msgspec.Struct, frozen=True):
    """Where the kiosk belongs: its SIP account, the servers, whom it knows. ``patient`` and ``device``: logical ids."""

    address: str
    username: str
    password_file: Path
    servers: tuple[str, ...]
    certificate_authority: Path
    fhir_base: str
    patient: str
    device: str
    contacts: tuple[Contact, ...]


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, and that never was otherwise. Raises OSError."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _toml(value: object) -> str:
    """One TOML value. JSON's strings, numbers and booleans are TOML's too (TOML 1.0, basic strings)."""
    if isinstance(value, Path):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, CallerClass):
        return json.dumps(value.value)
    return json.dumps(value, ensure_ascii=False)


def _table(header: str, values: dict[str, object]) -> str:
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
    return "\n".join([header, *lines, ""]) if header else "\n".join([*lines, ""])


def settings_text(
    account: KioskAccount, options: KioskOptions, scripts: Mapping[str, Path], data: Path, runtime: Path
) -> str:
    """The whole file, with comments for who opens it. ``scripts``: what the virtual device of each model
    plays. Raises kiosk.settings.SettingsError for unusable options."""
    tables = [
        _table(
            "",
            {
                "data_directory": data,
                "runtime_directory": runtime,
                "timeline_file": options.timeline_file,
            },
        ),
        _table(
            "[sip]",
            {
                "servers": account.servers,
                "address": account.address,
                "username": account.username,
                "password_file": account.password_file,
                "certificate_authority": account.certificate_authority,
                "instance_id": options.instance_id or f"urn:uuid:{uuid.uuid4()}",
            },
        ),
        _table("[fhir]", {"base_url": account.fhir_base, "patient": account.patient, "device": account.device}),
        _table("[media]", {"camera": options.camera, "sound_device": options.sound_device or "default"}),
        _table(
            "[screen]",
            {
                "fullscreen": options.fullscreen,
                "width": options.width,
                "height": options.height,
            },
        ),
        _table("[profile.speaking]", {"enabled": options.voice}),
        # The demonstration's patient has said yes.
        _table("[profile.consents]", {"readings_aloud": True}),
        _table("[call]", {"ring_seconds": options.ring_seconds, "ended_card_seconds": options.ended_card_seconds}),
    ]
    for model, script in scripts.items():
        tables.append(_table("[[devices]]", {"model": model, "source": "fake", "script": script}))
    if options.next_visit is not None:
        visit = options.next_visit
        tables.append(_table("[next_visit]", {"start": visit.start, "name": visit.name, "role": visit.role}))
    for contact in account.contacts:
        tables.append(
            _table(
                "[[contacts]]",
                {
                    "uri": contact.uri,
                    "name": contact.name,
                    "role": contact.role,
                    "class": contact.caller_class,
                    "picture": contact.picture,
                },
            )
        )
    text = "# The settings of a kiosk at the demonstration care desk. Made anew at every start.\n" + "\n".join(tables)
    parse_settings(text, "the demonstration's settings")
    return text


def write_settings(
    path: Path,
    account: KioskAccount,
    options: KioskOptions,
    scripts: Mapping[str, Path],
    data: Path,
    runtime: Path,
) -> Settings:
    """Write the file (mode 0600) and make the two directories (mode 0700). The settings as the kiosk will read them."""
    text = settings_text(account, options, scripts, data, runtime)
    for directory in (data, runtime):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, text)
    return parse_settings(text, str(path))
