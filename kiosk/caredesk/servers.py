"""Starts everything that the demonstration's kiosk talks to, on loopback, and ends it again; not the kiosk itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import secrets
import socket
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from kiosk.caredesk.certificates import make_authority
from kiosk.caredesk.desk import Desk, DeskError, Nurse, PageSettings
from kiosk.caredesk.fhir_server import FhirServer, FhirServerError
from kiosk.caredesk.kamailio import DOMAIN, Account, DigestAlgorithm, Kamailio, KamailioError, account
from kiosk.caredesk.kiosk_settings import KioskAccount, KioskOptions, write_private, write_settings
from kiosk.caredesk.sound_card import SoundCardError, VirtualSoundCard
from kiosk.facts.caller import CallerClass
from kiosk.measurements.fhir_devices import phg_device
from kiosk.settings import Contact

_Part = TypeVar("_Part")

_log = logging.getLogger(__name__)

PATIENT = "p-4711"
DEVICE = "d-4711"
KIOSK_USER = "stue"
_STOP_LIMIT_S = 15.0
_VIRTUAL_SOUND_DEVICE = "pulse"
CUFF_MODEL = "UA-651BLE"
_SCRIPT = """\
# What the virtual {model} does at the next measurement; drivers/fakes/script.py lists all it can.
packets = ["normal"]
"""
_CUFF_SCRIPT = _SCRIPT + "inflation_s = 2.0\n"


class CareDeskError(Exception):
    """A server of the demonstration cannot be had; the text says which and what to do."""


class Ports(msgspec.Struct, frozen=True):
    """Ports on 127.0.0.1; 0 means any free one."""

    desk: int = 0
    wss: int = 0
    ws: int = 0
    fhir: int = 0


class _Person(msgspec.Struct, frozen=True):
    """Someone at the desk. ``role`` None: not on the kiosk's contact list."""

    key: str
    name: str
    role: str | None


KARI = _Person("kari", "Kari Nordmann", "sykepleier")
OLA = _Person("ola", "Ola Hansen", "helsefagarbeider")
STRANGER = _Person("ukjent", "Ukjent Innringer", None)
_PEOPLE = (KARI, OLA, STRANGER)


def _free_ports(wanted: Ports) -> Ports:
    """Fill in the zeros. All probes stay open until all are chosen, so that no port comes twice."""
    with contextlib.ExitStack() as probes:

        def chosen(port: int) -> int:
            if port:
                return port
            probe = probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            probe.bind(("127.0.0.1", 0))
            number: int = probe.getsockname()[1]
            return number

        return Ports(chosen(wanted.desk), chosen(wanted.wss), chosen(wanted.ws), chosen(wanted.fhir))


class CareDesk:
    """SIP server, FHIR server, sound card (if wanted), the nurse's page, and a kiosk's settings that fit them.

    ``await start()``, read the properties, ``await stop()``; or ``async with CareDesk(...) as desk``.
    """

    def __init__(
        self,
        directory: Path,
        *,
        ports: Ports | None = None,
        virtual_sound: bool = True,
        kiosk: KioskOptions | None = None,
    ) -> None:
        """``directory``: for this run alone; short, since Unix sockets stand in it (their paths end at 107 bytes)."""
        self._directory = directory.absolute()
        self._ports = ports or Ports()
        self._virtual_sound = virtual_sound
        self._options = kiosk or KioskOptions()
        self._started: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._fhir: FhirServer | None = None
        self._kamailio: Kamailio | None = None
        self._desk: Desk | None = None
        self._sound_card: VirtualSoundCard | None = None

    @property
    def settings_file(self) -> Path:
        """What ``kiosk run`` is to be given."""
        return self._directory / "kiosk.toml"

    @property
    def cuff_script(self) -> Path:
        """What the virtual cuff does; may be rewritten between measurements."""
        return self.script_of(CUFF_MODEL)

    def script_of(self, model: str) -> Path:
        """What the virtual device of that model does."""
        return self._directory / f"{re.sub('[^a-z0-9]+', '-', model.lower())}.toml"

    @property
    def data_directory(self) -> Path:
        """Where the kiosk keeps its outbox."""
        return self._directory / "data"

    @property
    def runtime_directory(self) -> Path:
        """Where the kiosk puts its sockets."""
        return self._directory / "run"

    @property
    def address(self) -> str:
        """The nurse's page, as Kari."""
        return self._of_run(self._desk).address

    def address_of(self, caller: str) -> str:
        """The nurse's page as someone else: ``kari``, ``ola`` (also on the contact list), ``ukjent`` (not on it)."""
        return f"{self.address}?caller={caller}"

    @property
    def fhir(self) -> FhirServer:
        """The care platform."""
        return self._of_run(self._fhir)

    @property
    def kamailio(self) -> Kamailio:
        """The SIP server."""
        return self._of_run(self._kamailio)

    @property
    def sound_card(self) -> VirtualSoundCard:
        """The virtual sound card; only where it was wanted."""
        return self._of_run(self._sound_card)

    def kiosk_environment(self) -> dict[str, str]:
        """What to add to the environment of ``kiosk run``."""
        return {} if self._sound_card is None else self._sound_card.environment_kiosk

    def nurse_environment(self) -> dict[str, str]:
        """What to add to the environment of the nurse's browser."""
        return {} if self._sound_card is None else self._sound_card.environment_nurse

    def _of_run(self, part: _Part | None) -> _Part:
        if part is None:
            raise RuntimeError("the care desk does not run, or not with this part")
        return part

    async def start(self) -> None:
        """Start all. Whatever was started is ended again when a part fails. Raises CareDeskError."""
        try:
            await self._start()
        except (KamailioError, FhirServerError, SoundCardError, DeskError, OSError) as error:
            await self.stop()
            raise CareDeskError(str(error)) from error
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        ports = _free_ports(self._ports)
        if self._virtual_sound:
            card = VirtualSoundCard(self._directory)
            await self._run("sound card", card.start, card.stop)
            self._sound_card = card
        authority = make_authority(self._directory / "certificates")
        kiosk_password = secrets.token_urlsafe(24)
        nurses = tuple(
            Nurse(one.key, one.name, f"sip:{one.key}@{DOMAIN}", secrets.token_urlsafe(24)) for one in _PEOPLE
        )
        accounts: list[Account] = [account(KIOSK_USER, kiosk_password, DigestAlgorithm.SHA_256)]
        accounts += [account(nurse.key, nurse.password, DigestAlgorithm.MD5) for nurse in nurses]
        kamailio = Kamailio(
            self._directory / "kamailio", authority.certificate, authority.key, accounts, ports.wss, ports.ws
        )
        await self._run("SIP server", kamailio.start, kamailio.stop)
        self._kamailio = kamailio
        fhir = FhirServer(self._directory / "fhir", ports.fhir)
        await self._run("FHIR server", fhir.start, fhir.stop)
        self._fhir = fhir
        await fhir.put({"resourceType": "Patient", "id": PATIENT, "active": True})
        await fhir.put({**phg_device(DEVICE, version("svar")), "patient": {"reference": f"Patient/{PATIENT}"}})
        page = PageSettings(
            nurses=nurses,
            callee=f"sip:{KIOSK_USER}@{DOMAIN}",
            websocket=kamailio.ws_address,
            patient=f"Patient/{PATIENT}",
            patient_name=f"Pasient {PATIENT}",
        )
        desk = Desk(ports.desk, page, fhir.base_url)
        await self._run("nurse's page", desk.start, desk.stop)
        self._desk = desk
        self._write_kiosk(kamailio.wss_address, authority.authority, kiosk_password, fhir.base_url)

    def _write_kiosk(self, server: str, authority: Path, password: str, fhir_base: str) -> None:
        password_file = self._directory / "sip-password"
        write_private(password_file, password + "\n")
        options = self._options
        scripts = {model: self.script_of(model) for model in options.models}
        for model, script in scripts.items():
            text = _CUFF_SCRIPT if model == CUFF_MODEL else _SCRIPT
            script.write_text(text.format(model=model), encoding="utf-8")
        if options.sound_device is None and self._virtual_sound:
            options = msgspec.structs.replace(options, sound_device=_VIRTUAL_SOUND_DEVICE)
        kiosk_account = KioskAccount(
            address=f"sip:{KIOSK_USER}@{DOMAIN}",
            username=KIOSK_USER,
            password_file=password_file,
            servers=(server,),
            certificate_authority=authority,
            fhir_base=fhir_base,
            patient=PATIENT,
            device=DEVICE,
            contacts=tuple(
                Contact(uri=f"sip:{one.key}@{DOMAIN}", name=one.name, role=one.role, caller_class=CallerClass.CARE)
                for one in _PEOPLE
                if one.role is not None
            ),
        )
        write_settings(self.settings_file, kiosk_account, options, scripts, self.data_directory, self.runtime_directory)

    async def _run(self, name: str, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]) -> None:
        """Start a part; it is to be stopped even when its start failed half-way."""
        self._started.append((name, stop))
        await start()

    async def stop(self) -> None:
        """End all parts, last started first, each within a limit. Safe to call twice; one that resists is logged."""
        while self._started:
            name, stop = self._started.pop()
            try:
                async with asyncio.timeout(_STOP_LIMIT_S):
                    await stop()
            except (TimeoutError, OSError) as error:
                _log.error("the %s did not end in good order: %s", name, type(error).__name__)
        self._fhir = self._kamailio = self._desk = self._sound_card = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
