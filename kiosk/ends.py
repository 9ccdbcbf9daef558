"""Core's ends of the screen and media processes: they start and watch them, and translate between them and flow."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable

import msgspec

from kiosk.call_counts import CallCounts
from kiosk.controller import Controller
from kiosk.facts.faults import Fault
from kiosk.facts.profile import Hearing
from kiosk.flow import events as on
from kiosk.flow.state import KioskState
from kiosk.ipc import media_messages as media
from kiosk.ipc import ui_messages as ui
from kiosk.ipc.link import Link
from kiosk.ipc.supervision import Child
from kiosk.settings import MediaSettings, ScreenSettings
from kiosk.timeline import Timeline

_log = logging.getLogger(__name__)

Rings = dict[ui.VideoStream, tuple[int, int]]
"""A frame ring's memory and bell, by stream; the descriptors belong to the MediaEnd."""


class UiEnd:
    """The screen. ``attach`` the controller before ``run``."""

    def __init__(self, settings: ScreenSettings, timeline: Timeline) -> None:
        self._timeline = timeline
        self._controller: Controller | None = None
        self._link: Link[ui.FromUi] | None = None
        self._rings: Rings = {}
        size = ("--width", str(settings.width), "--height", str(settings.height))
        self._child = Child(
            "ui",
            (sys.executable, "-m", "kiosk.ui", *(() if settings.fullscreen else ("--windowed",)), *size),
            msgspec.json.Decoder(ui.FromUi),
            started=self._started,
            received=self._received,
            lost=self._lost,
            niceness=-5,
        )

    def attach(self, controller: Controller) -> None:
        """Whom to tell."""
        self._controller = controller

    async def run(self) -> None:
        """Keep the process running until cancelled."""
        await self._child.run()

    def show(self, revision: int, state: KioskState) -> None:
        """Let the screen draw this."""
        if self._link is not None:
            self._link.send(ui.Show(revision, state))

    def wake(self) -> None:
        """Bright, now."""
        if self._link is not None:
            self._link.send(ui.Wake())

    def press_button(self) -> None:
        """A button that core listens to has been pressed."""
        if self._link is not None:
            self._link.send(ui.ButtonPressed())

    def take_rings(self, rings: Rings) -> None:
        """Media began anew: read pictures from here."""
        self._rings = rings
        if self._link is not None:
            for stream, pair in rings.items():
                self._link.send(ui.TakeVideo(stream), pair)

    def _started(self, link: Link[ui.FromUi]) -> None:
        self._link = link
        self._timeline.note(time.monotonic(), "child-started", name="ui", pid=self._child.process_id or 0)
        self.take_rings(self._rings)
        if self._controller is not None:
            self._controller.show_again()

    def _lost(self) -> None:
        self._link = None
        self._timeline.note(time.monotonic(), "child-lost", name="ui")

    def _received(self, message: ui.FromUi, descriptors: list[int]) -> None:
        close_all(descriptors)
        controller = self._controller
        if controller is None:
            return
        match message:
            case ui.Pressed():
                self._timeline.note(time.monotonic(), "pressed", press=message.press.value)
                controller.pressed(message)
            case ui.Painted(revision, at):
                self._timeline.note(at, "painted", revision=revision)
                controller.painted(revision)
            case ui.RemoteFramePainted(at):
                self._timeline.note(at, "remote-frame-painted")
            case ui.ScreenReader(running):
                self._timeline.note(time.monotonic(), "screen-reader", running=int(running))
                controller.handle(on.ScreenReaderChanged(running))
            case ui.PaintReport():
                self._timeline.note(
                    message.at,
                    "paint-report",
                    window_frames=message.window_frames,
                    remote_frames=message.remote_frames,
                    gaps_ms=list(message.gaps_ms),
                    scene_graph=message.scene_graph,
                )


class MediaEnd:
    """Sound, camera and call. ``attach`` the controller and the screen before ``run``."""

    def __init__(self, settings: MediaSettings, hearing: Hearing, timeline: Timeline, screen: UiEnd) -> None:
        self._settings = settings
        self._hearing = hearing
        self._timeline = timeline
        self._screen = screen
        self._controller: Controller | None = None
        self._link: Link[media.FromMedia] | None = None
        self._ready = False
        self.counts = CallCounts()
        self._rings: Rings = {}
        self._speech_id = 0
        self._spoken: Callable[[int], None] = lambda speech_id: None
        self._child = Child(
            "media",
            (sys.executable, "-m", "kiosk.media"),
            msgspec.json.Decoder(media.FromMedia),
            started=self._started,
            received=self._received,
            lost=self._lost,
            niceness=-10,
        )

    def attach(self, controller: Controller, spoken: Callable[[int], None]) -> None:
        """Whom to tell; ``spoken`` hears the number of every speech that is over."""
        self._controller = controller
        self._spoken = spoken

    async def run(self) -> None:
        """Keep the process running until cancelled."""
        await self._child.run()

    def send(self, message: msgspec.Struct) -> None:
        """Without a media process that is ready the message is dropped: MediaBack asks for everything anew."""
        if self._link is not None and self._ready:
            self._link.send(message)

    def set_hearing(self, hearing: Hearing) -> None:
        """Let everything sound like this, also after a restart."""
        self._hearing = hearing
        self.send(media.SetHearing(hearing))

    def speak(self, sample_rate: int, samples: bytes) -> int | None:
        """Play signed 16-bit mono samples behind those before; the number of this speech, None when nothing plays."""
        if self._link is None or not self._ready:
            return None
        memory = os.memfd_create("speech", os.MFD_CLOEXEC)
        try:
            with os.fdopen(memory, "wb", closefd=False) as file:
                file.write(samples)
            self._speech_id += 1
            self._note("speaking", id=self._speech_id)
            self._link.send(media.Speak(self._speech_id, sample_rate), (memory,))
        finally:
            os.close(memory)
        return self._speech_id

    def _started(self, link: Link[media.FromMedia]) -> None:
        self._link = link
        self._note("child-started", name="media", pid=self._child.process_id or 0)
        settings = self._settings
        servers = (*(media.IceServer((url,)) for url in settings.ice_servers), *_relays(settings))
        link.send(
            media.Configure(
                settings.camera,
                settings.sound_device,
                settings.echo_cancelling,
                servers,
                settings.camera_width,
                settings.camera_height,
                settings.relay_only,
                str(settings.relay_authority) if settings.relay_authority is not None else None,
                outputs=settings.outputs,
            )
        )
        link.send(media.SetHearing(self._hearing))

    def _lost(self) -> None:
        self._link = None
        self._ready = False
        self._note("child-lost", name="media")
        if self._controller is not None:
            self._controller.handle(on.FaultRaised(Fault.MEDIA_RESTARTING))
            self._controller.handle(on.MediaLost())

    def _received(self, message: media.FromMedia, descriptors: list[int]) -> None:
        if isinstance(message, media.MediaReady):
            self._ready = True
            self._take_rings(descriptors)
        else:
            close_all(descriptors)
        if self._controller is not None:
            self._tell(self._controller, message)

    def _tell(self, controller: Controller, message: media.FromMedia) -> None:
        match message:
            case media.MediaReady():
                self._note("media-ready")
                controller.handle(on.FaultCleared(Fault.MEDIA_RESTARTING))
                controller.handle(on.MediaBack())
            case media.PartState(part, trouble, detail):
                fault = Fault.NO_CAMERA if part is media.MediaPart.CAMERA else Fault.NO_SOUND
                if trouble is not None:
                    _log.error("%s does not work: %s (%s)", part.value, trouble.value, detail)
                controller.handle(on.FaultCleared(fault) if trouble is None else on.FaultRaised(fault))
            case media.OutputState(output, works):
                controller.output_state(output, works)
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
                controller.handle(_LINES[line](call_id))
            case media.FirstRemoteFrame(call_id, at):
                self._timeline.note(at, "first-remote-frame")
                controller.handle(on.PeerSeenOrHeard(call_id))
            case media.FirstRemoteSound(call_id, at):
                self._timeline.note(at, "first-remote-sound")
                controller.handle(on.PeerSeenOrHeard(call_id))
            case media.TextChannel(call_id, is_open):
                self._note("text-channel", open=int(is_open))
                controller.handle(on.TextChannel(call_id, is_open))
            case media.TextReceived(call_id, text):
                self._note("text-received", characters=len(text))
                controller.handle(on.TextReceived(call_id, text))
            case media.TextSent(call_id, characters):
                self._note("text-sent", characters=characters)
                controller.handle(on.TextSent(call_id, characters))
            case media.CaptionReceived(call_id, message_text):
                controller.caption_received(call_id, message_text)
            case media.RingSounding(at):
                self._timeline.note(at, "ring-sounding")
                controller.handle(on.RingSounding())
            case media.SpeechFinished(speech_id, dropped):
                self._note("speech-finished", dropped=int(dropped))
                self._spoken(speech_id)
            case media.CallCounted(call_id, statistics):
                verdict = self.counts.take(call_id, statistics)
                if verdict is not None:
                    self._note("line-verdict", verdict=verdict.value)
                    controller.handle(on.LineJudged(call_id, verdict))
                controller.call_counted(call_id, statistics)
            case media.Statistics():
                self._note("statistics", **{k: v for k, v in msgspec.structs.asdict(message).items() if k != "call_id"})

    def _take_rings(self, descriptors: list[int]) -> None:
        if len(descriptors) != 4:
            _log.error("media sent %d descriptors instead of 4", len(descriptors))
            close_all(descriptors)
            return
        for old in self._rings.values():
            close_all(old)
        self._rings = {
            ui.VideoStream.REMOTE: (descriptors[0], descriptors[1]),
            ui.VideoStream.SELF_VIEW: (descriptors[2], descriptors[3]),
        }
        self._screen.take_rings(self._rings)

    def _note(self, event: str, **details: str | int) -> None:
        self._timeline.note(time.monotonic(), event, **details)


def _relays(settings: MediaSettings) -> list[media.IceServer]:
    """The relays whose credentials can be read; others are left out with a line in the log."""
    found: list[media.IceServer] = []
    for relay in settings.relays:
        try:
            credential = relay.credential_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            _log.warning("a relay is left out, its credential cannot be read: %s", type(error).__name__)
            continue
        found.append(media.IceServer(relay.urls, relay.username, credential))
    return found


_LINES: dict[media.LineState, type[on.LineUp | on.LineSilent | on.LineDown]] = {
    media.LineState.CONNECTED: on.LineUp,
    media.LineState.SILENT: on.LineSilent,
    media.LineState.FAILED: on.LineDown,
}


def close_all(descriptors: list[int] | tuple[int, ...]) -> None:
    """Close file descriptors, also ones that are closed already."""
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            os.close(descriptor)
