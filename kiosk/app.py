"""The composition root of core: the only file that knows every concrete class. Builds them, joins them, ends them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable
from datetime import UTC, datetime

import msgspec

from kiosk.call import events as sip
from kiosk.call.policy import ContactList
from kiosk.call.sip.agent import SipAgent
from kiosk.controller import Controller, Kept
from kiosk.facts.caller import Caller
from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.measurement import MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.facts.visit import Visit
from kiosk.flow import events as on
from kiosk.flow.state import KioskState
from kiosk.flow.transitions import FlowSettings
from kiosk.ipc import media_messages as media
from kiosk.ipc import ui_messages as ui
from kiosk.ipc.link import Link
from kiosk.ipc.supervision import Child
from kiosk.measurements.ask import Cuff, SavedReading, WallClock, peripheral_of
from kiosk.measurements.outbox import Outbox, OutboxError
from kiosk.measurements.uploader import Uploader
from kiosk.resources import assets
from kiosk.settings import PlannedVisit, Settings
from kiosk.speech.announcer import Announcer
from kiosk.speech.phrases import parse_phrases
from kiosk.speech.speaker import Samples, Speaker
from kiosk.timeline import Timeline

_log = logging.getLogger(__name__)

TICK_SECONDS = 0.25
VOICES = {"nb": "gmq/nb"}


def local_moment() -> Moment:
    """Now, in the zone of the home."""
    return Moment(datetime.now(UTC).astimezone(), time.monotonic())


def contacts(settings: Settings) -> list[Caller]:
    """The contact list of the settings as values."""
    return [
        Caller(one.uri, one.name, one.role, one.caller_class, str(one.picture) if one.picture else None)
        for one in settings.contacts
    ]


def first_state(settings: Settings, now: Moment) -> KioskState:
    """What the screen shows before anything has happened."""
    fakes = []
    if settings.media.camera == "generated":
        fakes.append(FakePart.CAMERA)
    if settings.cuff.source == "fake":
        fakes.append(FakePart.CUFF)
    return KioskState(fakes=tuple(fakes), next_visit=_visit(settings.next_visit), started=now.wall)


def _visit(planned: PlannedVisit | None) -> Visit | None:
    return Visit(planned.start, planned.name, planned.role) if planned is not None else None


class App:
    """Core. ``run`` returns when the process is asked to end."""

    def __init__(self, settings: Settings, password: str) -> None:
        self._settings = settings
        self._timeline = Timeline(settings.timeline_file)
        self._contacts = ContactList(contacts(settings))
        self._ui_link: Link[ui.FromUi] | None = None
        self._media_link: Link[media.FromMedia] | None = None
        self._rings: dict[ui.VideoStream, tuple[int, int]] = {}
        self._speech_id = 0
        self._stop = asyncio.Event()

        settings.data_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.runtime_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        speech_folder = settings.runtime_directory / "speech"
        speech_folder.mkdir(exist_ok=True, mode=0o700)

        self._ui = Child(
            "ui",
            (
                sys.executable,
                "-m",
                "kiosk.ui",
                *(() if settings.screen.fullscreen else ("--windowed",)),
                "--width",
                str(settings.screen.width),
                "--height",
                str(settings.screen.height),
            ),
            msgspec.json.Decoder(ui.FromUi),
            started=self._ui_started,
            received=self._from_ui,
            lost=self._ui_lost,
        )
        self._media = Child(
            "media",
            (sys.executable, "-m", "kiosk.media"),
            msgspec.json.Decoder(media.FromMedia),
            started=self._media_started,
            received=self._from_media,
            lost=self._media_lost,
        )
        self._announcer = Announcer(
            parse_phrases((assets() / "phrases" / f"{settings.language}.toml").read_text(encoding="utf-8")),
            Speaker(VOICES[settings.language], settings.voice.words_per_minute, speech_folder, self._voice_works),
            self._play,
            lambda: self.to_media(media.StopSpeaking()),
        )
        self._sip = SipAgent(settings.sip, password, self._from_sip)
        self._outbox: Outbox | None = None
        self._uploader: Uploader | None = None
        self._cuff: Cuff | None = None
        self._controller = Controller(
            first_state(settings, local_moment()),
            FlowSettings(settings.call.ring_seconds, settings.call.ended_card_seconds),
            settings.fhir.patient,
            self._sip,
            self,
            local_moment,
            self._timeline,
        )
        self._open_outbox()

    def _open_outbox(self) -> None:
        settings = self._settings
        try:
            self._outbox = Outbox.open(settings.data_directory / "outbox.sqlite")
        except OutboxError as error:
            _log.error("the outbox cannot be opened: %s", error)
            self._controller.handle(on.FaultRaised(Fault.STORAGE_FAILED))
            return
        clock = WallClock()
        fhir = settings.fhir
        self._uploader = Uploader(
            self._outbox, fhir.base_url, self, clock, certificate_authority=fhir.certificate_authority
        )
        self._cuff = Cuff(
            peripheral_of(settings.cuff, clock),
            self._outbox,
            clock,
            patient=fhir.patient,
            device=fhir.device,
            kept=self.reading_was_kept,
        )
        self._count_unsent()

    async def run(self) -> None:
        """Run core until SIGTERM or SIGINT; ends its children and takes back its registration."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._stop.set)
        parts = [self._media.run(), self._sip.run(), self._tick()]
        if self._settings.screen.start:
            parts.insert(0, self._ui.run())
        if self._settings.voice.enabled:
            rings = [
                Utterance(Spoken.CALLER_RINGS, (("name", caller.name), ("role", caller.role)))
                for caller in contacts(self._settings)
            ]
            parts.append(self._announcer.run(rings))
        if self._uploader is not None:
            parts.append(self._uploader.run())
        tasks = [asyncio.create_task(part) for part in parts]
        stop = asyncio.create_task(self._stop.wait())
        try:
            done, _ = await asyncio.wait((*tasks, stop), return_when=asyncio.FIRST_COMPLETED)
            while not self._stop.is_set():
                for task in done:
                    task.result()  # a part that ended by an exception is a bug: raise it, systemd restarts us
                done, _ = await asyncio.wait(
                    (*[task for task in tasks if not task.done()], stop), return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            self._controller.handle(on.HangUpPressed())
            stop.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._outbox is not None:
                self._outbox.close()
            self._timeline.close()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._controller.handle(on.Tick())

    # -- ui ----------------------------------------------------------------------------------------------------------

    def _ui_started(self, link: Link[ui.FromUi]) -> None:
        self._ui_link = link
        self._note("child-started", name="ui", pid=self._ui.process_id or 0)
        for stream, descriptors in self._rings.items():
            link.send(ui.TakeVideo(stream), descriptors)
        self._controller.show_again()

    def _ui_lost(self) -> None:
        self._ui_link = None
        self._note("child-lost", name="ui")

    def _from_ui(self, message: ui.FromUi, descriptors: list[int]) -> None:
        _close_all(descriptors)
        match message:
            case ui.Pressed(press, revision):
                self._note("pressed", press=press.value)
                if not self._controller.meant_for_this_screen(revision):
                    _log.info("a press for a screen that has gone")
                    return
                presses: dict[ui.Press, on.Event] = {
                    ui.Press.ANSWER: on.AnswerPressed(),
                    ui.Press.DECLINE: on.DeclinePressed(),
                    ui.Press.HANG_UP: on.HangUpPressed(),
                    ui.Press.CLOSE_CARD: on.CardClosed(),
                }
                self._controller.handle(presses[press])
            case ui.Painted(revision, at):
                self._timeline.note(at, "painted", revision=revision)
                self._controller.painted(revision)
            case ui.RemoteFramePainted(at):
                self._timeline.note(at, "remote-frame-painted")
            case ui.PaintReport():
                self._timeline.note(
                    message.at,
                    "paint-report",
                    window_frames=message.window_frames,
                    remote_frames=message.remote_frames,
                    gaps_ms=list(message.gaps_ms),
                    scene_graph=message.scene_graph,
                )

    # -- media -------------------------------------------------------------------------------------------------------

    def _media_started(self, link: Link[media.FromMedia]) -> None:
        self._media_link = link
        self._note("child-started", name="media", pid=self._media.process_id or 0)
        settings = self._settings.media
        servers = tuple(media.IceServer((url,)) for url in settings.ice_servers)
        link.send(media.Configure(settings.camera, settings.sound_device, settings.echo_cancelling, servers))

    def _media_lost(self) -> None:
        self._media_link = None
        self._note("child-lost", name="media")
        self._controller.handle(on.FaultRaised(Fault.MEDIA_RESTARTING))
        self._controller.handle(on.MediaLost())

    def _from_media(self, message: media.FromMedia, descriptors: list[int]) -> None:
        controller = self._controller
        match message:
            case media.MediaReady():
                self._take_rings(descriptors)
                self._note("media-ready")
                controller.handle(on.FaultCleared(Fault.MEDIA_RESTARTING))
                controller.handle(on.MediaBack())
                return
            case media.PartState(part, trouble, detail):
                fault = Fault.NO_CAMERA if part is media.MediaPart.CAMERA else Fault.NO_SOUND
                if trouble is not None:
                    _log.error("%s does not work: %s (%s)", part.value, trouble.value, detail)
                controller.handle(on.FaultCleared(fault) if trouble is None else on.FaultRaised(fault))
            case media.CallPrepared():
                self._note("call-prepared")
            case media.CallAnswered(call_id, sdp):
                self._note("call-answered")
                controller.call_answered(call_id, sdp)
            case media.OfferReady(call_id, sdp):
                controller.offer_ready(call_id, sdp)
            case media.CallRefused(call_id, trouble, detail):
                _log.warning("an offer cannot be used: %s (%s)", trouble.value, detail)
                controller.call_refused(call_id)
            case media.LineChanged(call_id, line, at):
                self._timeline.note(at, "line", line=line.value)
                lines: dict[media.LineState, on.Event] = {
                    media.LineState.CONNECTED: on.LineUp(call_id),
                    media.LineState.SILENT: on.LineSilent(call_id),
                    media.LineState.FAILED: on.LineDown(call_id),
                }
                controller.handle(lines[line])
            case media.FirstRemoteFrame(call_id, at):
                self._timeline.note(at, "first-remote-frame")
                controller.handle(on.PeerSeenOrHeard(call_id))
            case media.FirstRemoteSound(call_id, at):
                self._timeline.note(at, "first-remote-sound")
                controller.handle(on.PeerSeenOrHeard(call_id))
            case media.RingSounding(at):
                self._timeline.note(at, "ring-sounding")
                controller.handle(on.RingSounding())
            case media.SpeechFinished(_, dropped):
                self._note("speech-finished", dropped=int(dropped))
            case media.Statistics():
                self._note("statistics", **{k: v for k, v in msgspec.structs.asdict(message).items() if k != "call_id"})
        _close_all(descriptors)

    def _take_rings(self, descriptors: list[int]) -> None:
        if len(descriptors) != 4:
            _log.error("media sent %d descriptors instead of 4", len(descriptors))
            _close_all(descriptors)
            return
        for old in self._rings.values():
            _close_all(old)
        self._rings = {
            ui.VideoStream.REMOTE: (descriptors[0], descriptors[1]),
            ui.VideoStream.SELF_VIEW: (descriptors[2], descriptors[3]),
        }
        if self._ui_link is not None:
            for stream, pair in self._rings.items():
                self._ui_link.send(ui.TakeVideo(stream), pair)

    # -- signalling --------------------------------------------------------------------------------------------------

    def _from_sip(self, event: sip.SipEvent) -> None:
        controller = self._controller
        match event:
            case sip.RegistrationChanged(state, detail):
                _log.info("registration: %s %s", state.value, detail)
                self._note("registration", state=state.value)
                for fault, raised in (
                    (Fault.CALL_SERVER_UNREACHABLE, state is sip.RegistrationState.OFFLINE),
                    (Fault.CALL_SERVER_REFUSES, state is sip.RegistrationState.REFUSED),
                ):
                    controller.handle(on.FaultRaised(fault) if raised else on.FaultCleared(fault))
            case sip.IncomingCall(call_id, asserted_identity, offer):
                self._note("call-arrived")
                controller.call_arrived(on.CallArrived(call_id, self._contacts.caller(asserted_identity)), offer)
            case sip.CallCancelled(call_id, answered_elsewhere):
                outcome = CallOutcome.ANSWERED_ELSEWHERE if answered_elsewhere else CallOutcome.CANCELLED
                controller.call_over(call_id, outcome)
            case sip.CallConfirmed():
                self._note("call-confirmed")
            case sip.CallEnded(call_id, by_peer, _):
                outcome = CallOutcome.HUNG_UP_THERE if by_peer else CallOutcome.CONNECTION_LOST
                controller.call_over(call_id, outcome)
            case sip.NoAck(call_id):
                controller.call_over(call_id, CallOutcome.CONNECTION_LOST)
            case sip.MessageReceived(call_id, content_type, body):
                controller.message_received(call_id, content_type, body)
            case sip.ReinviteReceived(call_id, offer):
                self.to_media(media.TakeOffer(call_id, offer))
            case sip.ReinviteAnswered(call_id, sdp):
                self._note("reinvite-answered")
                self.to_media(media.TakeAnswer(call_id, sdp))
            case sip.ReinviteFailed(_, status):
                _log.warning("the re-INVITE was refused with %d", status)

    # -- measurements ------------------------------------------------------------------------------------------------

    def delivered(self, reading_id: str, server_id: str) -> None:
        """The server holds a reading (UploadListener)."""
        self._controller.reading_delivered(reading_id, server_id)
        self._count_unsent()

    def held(self, reading_id: str) -> None:
        """The server refused a reading for good (UploadListener)."""
        self._controller.handle(on.ReadingHeld(reading_id))
        self._count_unsent()

    def trouble(self, trouble: Fault | None) -> None:
        """The way to the care platform (UploadListener)."""
        for fault in (Fault.CARE_PLATFORM_UNREACHABLE, Fault.CARE_PLATFORM_REFUSES, Fault.STORAGE_FAILED):
            self._controller.handle(on.FaultRaised(fault) if fault is trouble else on.FaultCleared(fault))

    def _count_unsent(self) -> None:
        if self._outbox is None:
            return
        try:
            unsent = self._outbox.counts().waiting
        except OutboxError as error:
            _log.error("the outbox cannot be read: %s", error)
            self._controller.handle(on.FaultRaised(Fault.STORAGE_FAILED))
            return
        self._controller.handle(on.UnsentCounted(unsent))

    # -- what the controller reaches (Outside) -----------------------------------------------------------------------

    def to_media(self, message: msgspec.Struct) -> None:
        """Send to media; without a media process the message is dropped: MediaBack asks for everything anew."""
        if self._media_link is not None:
            self._media_link.send(message)

    def show(self, revision: int, state: KioskState) -> None:
        """Let the screen draw this."""
        if self._ui_link is not None:
            self._ui_link.send(ui.Show(revision, state))

    def wake_screen(self) -> None:
        """Bright, now."""
        if self._ui_link is not None:
            self._ui_link.send(ui.Wake())

    def say(self, utterance: Utterance) -> None:
        """Speak, instead of what is being said."""
        if self._settings.voice.enabled:
            self._announcer.say(utterance)

    def stop_saying(self) -> None:
        """Silence."""
        self._announcer.stop()

    def _play(self, samples: Samples) -> None:
        if self._media_link is None:
            return
        memory = os.memfd_create("speech", os.MFD_CLOEXEC)
        try:
            with os.fdopen(memory, "wb", closefd=False) as file:
                file.write(samples.data)
            self._speech_id += 1
            self._note("speaking", id=self._speech_id)
            self._media_link.send(media.Speak(self._speech_id, samples.sample_rate), (memory,))
        finally:
            os.close(memory)

    def _voice_works(self, works: bool) -> None:
        self._controller.handle(on.FaultCleared(Fault.NO_VOICE) if works else on.FaultRaised(Fault.NO_VOICE))

    def measure(self, kind: MeasurementKind) -> Awaitable[Kept | MeasurementFault]:
        """Open the cuff and wait for its reading."""
        return self._measure(kind)

    async def _measure(self, kind: MeasurementKind) -> Kept | MeasurementFault:
        if self._cuff is None:
            return MeasurementFault.NOT_SAVED
        result = await self._cuff.measure()
        return Kept(result.reading_id, result.reading) if isinstance(result, SavedReading) else result

    def reading_was_kept(self) -> None:
        """Send it now."""
        self._count_unsent()
        if self._uploader is not None:
            self._uploader.wake()

    def _note(self, event: str, **details: str | int) -> None:
        self._timeline.note(time.monotonic(), event, **details)


def _close_all(descriptors: list[int] | tuple[int, ...]) -> None:
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
