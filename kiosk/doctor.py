"""``kiosk doctor``: try each part for real, and say ok, or what is wrong and what to do. Changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import ssl
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import msgspec

from drivers.serial.finding import SERIAL_BY_ID
from kiosk.doctor_devices import examine_devices
from kiosk.facts.profile import Hearing, Output
from kiosk.ipc import media_messages as media
from kiosk.ipc.link import Link
from kiosk.ipc.supervision import Child
from kiosk.measurements.outbox import Counts, Outbox, OutboxError
from kiosk.resources import assets
from kiosk.settings import Settings, SettingsError, load_settings, read_password
from kiosk.speech.phrases import PhraseError, parse_phrases
from kiosk.speech.prompt_pack import PackError, load_pack, load_recording, outdated_in
from kiosk.speech.speaker import Speaker
from kiosk.speech.voices import VOICES

PROBE_SECONDS = 8.0
_OUTPUT_SECONDS = 2.0


class Finding(msgspec.Struct, frozen=True):
    """One part. ``wrong`` is None when it works; then ``detail`` says what was seen."""

    part: str
    detail: str = ""
    wrong: str | None = None
    action: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the part works."""
        return self.wrong is None

    def as_dict(self) -> dict[str, str | bool | None]:
        """For JSON."""
        return {
            "part": self.part,
            "ok": self.ok,
            "detail": self.detail,
            "wrong": self.wrong,
            "action": self.action,
        }


async def examine(settings_file: Path) -> list[Finding]:
    """All parts, in the order in which a technician would look. Never raises for what is wrong outside."""
    try:
        settings = load_settings(settings_file)
    except SettingsError as error:
        return [Finding("settings", wrong=str(error), action="Correct the settings file, or enrol the device again.")]
    findings = [Finding("settings", detail=str(settings_file))]
    probes: list[tuple[str, Callable[[Settings], Awaitable[list[Finding]]]]] = [
        ("password", _password),
        ("phrases", _phrases),
        ("screen", _screen),
        ("storage", _storage),
        ("health devices", _devices),
        ("button", _button),
        ("media", _media),
        ("voice", _voice),
        ("prompt packs", _prompt_packs),
        ("Piper", _piper),
        ("call server", _call_server),
        ("care platform", _care_platform),
    ]
    for part, probe in probes:
        try:
            findings += await asyncio.wait_for(probe(settings), PROBE_SECONDS * 2)
        except TimeoutError:
            findings.append(Finding(part, wrong="no answer", action="Restart the device; if it stays, call support."))
    return findings


async def _password(settings: Settings) -> list[Finding]:
    try:
        read_password(settings.sip.password_file)
    except SettingsError as error:
        return [Finding("password", wrong=str(error), action="Enrol the device again.")]
    mode = settings.sip.password_file.stat().st_mode & 0o077
    if mode:
        return [Finding("password", wrong="others may read the password file", action="Give it mode 0600.")]
    return [Finding("password", detail="there, and only ours to read")]


async def _phrases(settings: Settings) -> list[Finding]:
    try:
        file = assets() / "phrases" / f"{settings.profile.language.value}.toml"
        parse_phrases(file.read_text(encoding="utf-8"))
    except (OSError, PhraseError) as error:
        return [Finding("phrases", wrong=str(error), action="Install the package again.")]
    return [Finding("phrases", detail=settings.profile.language.value)]


async def _prompt_packs(settings: Settings) -> list[Finding]:
    return [await asyncio.to_thread(_prompt_pack, folder) for folder in settings.speech.prompt_packs]


def _prompt_pack(folder: Path) -> Finding:
    part = f"prompt pack {folder.name}"
    action = f"Run «kiosk speech check {folder}», and mend the pack or take it out of the settings."
    try:
        pack = load_pack(folder)
        for file in pack.files.values():
            load_recording(file)
    except PackError as error:
        return Finding(part, wrong=str(error), action=action)
    phrases = parse_phrases((assets() / "phrases" / f"{pack.language.value}.toml").read_text(encoding="utf-8"))
    outdated = len(outdated_in(pack, phrases))
    if outdated:
        return Finding(part, wrong=f"{outdated} recordings of sentences that are not said any more", action=action)
    return Finding(part, detail=f"{len(pack.files)} recordings, {pack.language.value}")


async def _piper(settings: Settings) -> list[Finding]:
    """Only whether all is there: the voice itself is tried with the others, and espeak-ng stands in for it."""
    piper = settings.speech.piper
    if piper is None:
        return []
    lacking = [str(model) for model in piper.models.values() if not model.is_file()]
    if shutil.which(piper.program) is None:
        lacking.append(piper.program)
    if lacking:
        wrong = f"not there: {', '.join(lacking)}"
        return [Finding("Piper", wrong=wrong, action="Install it, or take speech.piper out of the settings.")]
    return [Finding("Piper", detail=", ".join(sorted(piper.models)))]


async def _screen(settings: Settings) -> list[Finding]:
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if not display and os.environ.get("QT_QPA_PLATFORM") not in ("offscreen", "eglfs", "linuxfb"):
        return [Finding("screen", wrong="no display", action="Start it in the graphical session.")]
    return [Finding("screen", detail=display or os.environ.get("QT_QPA_PLATFORM", ""))]


async def _storage(settings: Settings) -> list[Finding]:
    try:
        settings.data_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = settings.data_directory / "outbox.sqlite"
        counts = Counts()
        if file.exists():
            # Only looking: the kiosk may be running and writing.
            outbox = Outbox.open(file, writing=False)
            counts = outbox.counts()
            outbox.close()
        free = shutil.disk_usage(settings.data_directory).free // 1_000_000
    except (OSError, OutboxError) as error:
        return [
            Finding("storage", wrong=str(error), action="Check that the disk is not full and that the user may write.")
        ]
    detail = f"{counts.waiting} waiting, {counts.held} held, {free} MB free"
    if counts.held:
        return [Finding("storage", detail, f"{counts.held} readings held back", "Tell the care platform's support.")]
    return [Finding("storage", detail=detail)]


async def _devices(settings: Settings) -> list[Finding]:
    findings = await examine_devices(settings, PROBE_SECONDS)
    return [Finding(one.part, one.detail, one.wrong, one.action) for one in findings]


async def _button(settings: Settings) -> list[Finding]:
    """Only whether it is plugged in: a kiosk that runs has it for itself."""
    button = settings.button
    if button is None:
        return []
    if not (SERIAL_BY_ID / button.port).exists():
        return [Finding("button", wrong="not plugged in", action="Plug it in, or correct button.port in the settings.")]
    return [Finding("button", detail=f"{button.kind}, plugged in")]


async def _media(settings: Settings) -> list[Finding]:
    """A real media process, asked for its devices."""
    told: dict[media.MediaPart, media.PartState] = {}
    ready = asyncio.Event()
    all_told = asyncio.Event()
    links: list[Link[media.FromMedia]] = []
    outputs: asyncio.Queue[media.OutputState] = asyncio.Queue()

    def started(link: Link[media.FromMedia]) -> None:
        links.append(link)
        chosen = settings.media
        link.send(
            media.Configure(chosen.camera, chosen.sound_device, chosen.echo_cancelling, (), outputs=chosen.outputs)
        )

    def received(message: media.FromMedia, descriptors: list[int]) -> None:
        for descriptor in descriptors:
            os.close(descriptor)
        if isinstance(message, media.PartState):
            told[message.part] = message
            if len(told) == len(media.MediaPart):
                all_told.set()
        elif isinstance(message, media.OutputState):
            outputs.put_nowait(message)
        elif isinstance(message, media.MediaReady):
            ready.set()

    command = (sys.executable, "-m", "kiosk.media")
    child: Child[media.FromMedia] = Child(
        "media",
        command,
        msgspec.json.Decoder(media.FromMedia),
        started=started,
        received=received,
        lost=lambda: None,
    )
    run = asyncio.create_task(child.run())
    others = []
    try:
        await asyncio.wait_for(ready.wait(), PROBE_SECONDS)
    except TimeoutError:
        return [Finding("media", wrong="the media process does not start", action="Install the package again.")]
    else:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(all_told.wait(), PROBE_SECONDS)
            others = [await _output(links[-1], outputs, *one) for one in settings.media.outputs.items()]
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    findings = [Finding("media", detail="starts")]
    actions = {
        media.MediaPart.CAMERA: "Plug in the camera, or name it under media.camera.",
        media.MediaPart.SOUND: "Plug in the loudspeaker and microphone, or name them under media.sound_device.",
    }
    for part, action in actions.items():
        state = told.get(part)
        if state is None:
            findings.append(Finding(part.value, wrong="no answer", action=action))
        elif state.trouble is not None:
            wrong = f"{state.trouble.value}: {state.detail}" if state.detail else state.trouble.value
            findings.append(Finding(part.value, wrong=wrong, action=action))
        else:
            chosen = settings.media.camera if part is media.MediaPart.CAMERA else settings.media.sound_device
            findings.append(Finding(part.value, detail=chosen))
    return findings + others


async def _output(
    link: Link[media.FromMedia], states: asyncio.Queue[media.OutputState], output: Output, device: str
) -> Finding:
    """Whether it can be opened, silently, in the place of the loudspeaker."""
    link.send(media.SetHearing(Hearing(voice_output=output)))
    works = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_OUTPUT_SECONDS):
            while (state := await states.get()).output is not output:
                pass
            works = state.works
    if works:
        return Finding(output.value, detail=device)
    action = f"Plug it in or switch it on, or correct media.outputs.{output.value}."
    return Finding(output.value, wrong=f"{device} is not there: the loudspeaker stands in", action=action)


async def _voice(settings: Settings) -> list[Finding]:
    if not settings.profile.speaking.enabled:
        return [Finding("voice", detail="switched off")]
    with tempfile.TemporaryDirectory(prefix="svar-doctor-") as folder:
        voice = VOICES[settings.profile.language]
        speaker = Speaker(voice, settings.profile.speaking.words_per_minute, Path(folder), lambda works: None)
        run = asyncio.create_task(speaker.run())
        try:
            await asyncio.wait_for(speaker.started(), PROBE_SECONDS)
            made = await speaker.samples("Svar.")
        except TimeoutError:
            made = None
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)
    if made is None:
        return [Finding("voice", wrong="no speech", action="Install espeak-ng and libespeak-ng1.")]
    return [Finding("voice", detail=f"{len(made.data) // 2 / made.sample_rate:.1f} s of speech")]


async def _call_server(settings: Settings) -> list[Finding]:
    findings = []
    for server in settings.sip.servers:
        address = urlsplit(server)
        part = f"call server {address.hostname}:{address.port or 443}"
        context: ssl.SSLContext | None = None
        try:
            if address.scheme == "wss":
                context = ssl.create_default_context(cafile=settings.sip.certificate_authority)
            _, writer = await asyncio.wait_for(
                asyncio.open_connection(address.hostname, address.port or 443, ssl=context), PROBE_SECONDS
            )
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            findings.append(Finding(part, detail="reached, certificate trusted" if context else "reached"))
        except ssl.SSLError as error:
            action = "Check the clock, and sip.certificate_authority."
            findings.append(Finding(part, wrong=f"certificate not trusted: {error.reason}", action=action))
        except (OSError, TimeoutError, socket.gaierror) as error:
            action = "Check the network; then whether the server runs."
            findings.append(Finding(part, wrong=f"not reached: {error or 'no answer'}", action=action))
    return findings


async def _care_platform(settings: Settings) -> list[Finding]:
    part = "care platform"
    url = f"{settings.fhir.base_url.rstrip('/')}/metadata"
    authority = settings.fhir.certificate_authority
    context = ssl.create_default_context(cafile=authority) if authority else True
    try:
        timeout = aiohttp.ClientTimeout(total=PROBE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, ssl=context) as answer:
            if answer.status != 200:
                return [
                    Finding(
                        part, wrong=f"answers {answer.status}", action="Check fhir.base_url and the device's right."
                    )
                ]
            body = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        action = "Check the network; then whether the server runs."
        return [Finding(part, wrong=f"not reached: {error or 'no answer'}", action=action)]
    if not isinstance(body, dict) or body.get("resourceType") != "CapabilityStatement":
        return [Finding(part, wrong="not a FHIR server", action="Check fhir.base_url.")]
    return [Finding(part, detail=f"FHIR {body.get('fhirVersion', '?')}")]
