"""The real process on a virtual screen, looked at as a person would: photographs of the screen, presses by XTEST."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtGui import QColor, QImage

from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.profile import Profile, Seeing
from kiosk.flow.state import KioskState
from kiosk.ipc import wire
from kiosk.ipc.frame_ring import FrameRingWriter
from kiosk.ipc.ui_messages import (
    ButtonPressed,
    PaintReport,
    Press,
    Pressed,
    RemoteFramePainted,
    Show,
    VideoStream,
    Wake,
)
from tests.ui import states
from tests.ui.harness import LIMIT_S, RunningUi, virtual_screen
from tests.ui.pictures import feed, plain

DAYLIGHT = Profile(seeing=Seeing(night_dimming=False))
# The tests run at any hour; the night's colours have tests of their own.
STATES = {name: msgspec.structs.replace(state, profile=DAYLIGHT) for name, state in states.every_state().items()}
RED, GREEN, BLUE = (81, 90, 240), (145, 54, 34), (41, 240, 110)


@pytest.fixture
def rings() -> Iterator[tuple[FrameRingWriter, FrameRingWriter]]:
    pair = FrameRingWriter("remote"), FrameRingWriter("self-view")
    yield pair
    for writer in pair:
        writer.close()


def colour(image: QImage, x: float, y: float) -> QColor:
    return image.pixelColor(int(image.width() * x), int(image.height() * y))


def near(got: QColor, red: int, green: int, blue: int) -> bool:
    return abs(got.red() - red) + abs(got.green() - green) + abs(got.blue() - blue) <= 30


def test_every_screen_is_painted_and_fills_the_display(
    ui: RunningUi, rings: tuple[FrameRingWriter, FrameRingWriter], pictures_folder: Path
) -> None:
    chosen = ["home", "home-full", "home-measured", "ring", "connecting", "ended-connection-lost"]
    chosen += ["home-one-kind", "home-three-kinds", "measure-blood-pressure", "measure-inflating", "measure-doubt"]
    chosen += ["owner", "history-week", "history-month", "history-year", "history-empty"]
    for name in chosen:
        ui.show(STATES[name])
        image = ui.photograph(pictures_folder / f"{name}.png")
        assert (image.width(), image.height()) == (1280, 800)
        ground = QColor("#0B1520")
        assert image.pixelColor(2, 400) == ground
        assert image.pixelColor(1277, 797) == ground
        shades = {image.pixel(x, y) for x in range(0, 1280, 7) for y in range(0, 800, 7)}
        assert len(shades) > 3, name
    remote, own = rings
    ui.take_video(VideoStream.REMOTE, remote)
    ui.take_video(VideoStream.SELF_VIEW, own)
    ui.show(STATES["talk"])
    remote.write(640, 480, plain(640, 480, 150, 110, 140), time.monotonic())
    own.write(320, 240, plain(320, 240, 90, 140, 110), time.monotonic())
    ui.wait_for(RemoteFramePainted)
    for name in ("talk", "talk-measuring", "talk-measured", "talk-link-lost", "talk-weak", "talk-bad-measuring"):
        ui.show(STATES[name])
        image = ui.photograph(pictures_folder / f"{name}.png")
        assert near(image.pixelColor(900, 300), 171, 147, 117), name
    for name in ("talk-recovering", "talk-recovering-long", "talk-delivered"):
        ui.show(STATES[name])
        image = ui.photograph(pictures_folder / f"{name}.png")
        assert not near(image.pixelColor(900, 300), 171, 147, 117), f"{name}: a still face looks alive"
    ui.show(STATES["talk"])
    assert not near(ui.photograph(pictures_folder / "talk-again.png").pixelColor(900, 300), 171, 147, 117)
    remote.write(640, 480, plain(640, 480, 150, 110, 140), time.monotonic())
    ui.wait_for(RemoteFramePainted)
    assert near(ui.photograph(pictures_folder / "talk-again.png").pixelColor(900, 300), 171, 147, 117)


@pytest.mark.parametrize("scene_graph", ["opengl", "software"])
def test_video_is_seen_on_both_scene_graphs(
    display: str, rings: tuple[FrameRingWriter, FrameRingWriter], tmp_path: Path, scene_graph: str
) -> None:
    ui = RunningUi(display, ("--scene-graph", scene_graph))
    remote, own = rings
    ui.show(KioskState())
    ui.take_video(VideoStream.REMOTE, remote)
    ui.take_video(VideoStream.SELF_VIEW, own)
    ui.show(KioskState(phase=states.CONNECTING))
    begun = time.monotonic()
    remote.write(640, 480, plain(640, 480, *RED), begun)
    own.write(320, 240, plain(320, 240, *BLUE), begun)
    painted = ui.wait_for(RemoteFramePainted)
    assert painted.at > begun
    ui.show(KioskState(phase=states.TALKING))
    image = ui.photograph(tmp_path / "talk.png")
    assert near(colour(image, 0.5, 0.4), 255, 0, 0)
    assert near(colour(image, 0.02, 0.4), 0, 0, 0), "bars beside a 4:3 picture"
    assert near(colour(image, 0.35, 0.92), 0, 0, 255), "own picture in its corner"
    remote.write(640, 480, plain(640, 480, *GREEN), time.monotonic())
    report = ui.wait_for(PaintReport, lambda report: report.remote_frames > 0)
    assert report.scene_graph == scene_graph
    assert near(colour(ui.photograph(tmp_path / "green.png"), 0.5, 0.4), 0, 255, 0)
    remote.blank()
    ui.show(KioskState(phase=states.CONNECTING))
    assert not near(colour(ui.photograph(tmp_path / "blank.png"), 0.9, 0.1), 0, 255, 0)
    assert "Traceback" not in ui.end()


def test_reports_count_what_was_painted(ui: RunningUi, rings: tuple[FrameRingWriter, FrameRingWriter]) -> None:
    ui.show(KioskState())
    ui.take_video(VideoStream.REMOTE, rings[0])
    ui.show(KioskState(phase=states.TALKING))
    written = feed(rings[0], 640, 480, 3.0)
    ui.show(KioskState())
    while ui.read(0.3) is not None:
        pass
    reports = [message for message in ui.seen if isinstance(message, PaintReport)]
    assert len(reports) >= 3
    assert written * 0.3 <= sum(report.remote_frames for report in reports) <= written
    assert all(gap > 0 for report in reports for gap in report.gaps_ms)
    assert sum(isinstance(message, RemoteFramePainted) for message in ui.seen) == 1
    assert ui.read(1.3) is None, "no reports between calls"


@pytest.mark.parametrize(
    ("state", "place", "press"),
    [
        ("ring", (640, 400), Press.ANSWER),
        ("ring", (1090, 725), Press.DECLINE),
        ("talk", (1100, 730), Press.HANG_UP),
        ("connecting", (1100, 730), Press.HANG_UP),
        ("ended-rang-out", (1140, 725), Press.CLOSE_CARD),
        ("home-measured", (1100, 710), Press.CLOSE_CARD),
        ("measure-weight", (1100, 710), Press.STOP),
        ("talk-measuring", (650, 730), Press.STOP),
        ("home-one-kind", (900, 710), Press.HISTORY),
        ("history-week", (1100, 710), Press.BACK),
    ],
)
def test_a_real_press_on_the_real_button(ui: RunningUi, state: str, place: tuple[int, int], press: Press) -> None:
    ui.show(STATES[state])
    ui.press(*place)
    pressed = ui.wait_for(Pressed)
    assert pressed == Pressed(press, ui.revision)


A_BREATH = 0.6
"""Longer than the second strike of a hand is ignored for on the page that the first one brought."""


def test_presses_tell_what_they_are_about(ui: RunningUi) -> None:
    ui.show(STATES["home-one-kind"])
    ui.press(300, 580)
    assert ui.wait_for(Pressed) == Pressed(Press.MEASURE, ui.revision, kind=MeasurementKind.BLOOD_PRESSURE)
    ui.show(STATES["owner"])
    time.sleep(A_BREATH)
    ui.press(800, 725)
    assert ui.wait_for(Pressed) == Pressed(Press.MINE, ui.revision, reading_id="reading-1")
    ui.press(1170, 725)
    assert ui.wait_for(Pressed) == Pressed(Press.NOT_MINE, ui.revision, reading_id="reading-1")
    ui.show(STATES["history-week"])
    time.sleep(A_BREATH)
    ui.press(750, 725)
    month = Pressed(Press.CURVE, ui.revision, kind=MeasurementKind.BLOOD_PRESSURE, span=Span.MONTH)
    assert ui.wait_for(Pressed) == month


def test_a_trembling_hand_answers_once(ui: RunningUi) -> None:
    ui.show(STATES["ring"])
    ui.press(640, 400)
    ui.press(640, 400)
    ui.press(645, 405)
    ui.wait_for(Pressed)
    while ui.read(0.4) is not None:
        pass
    assert sum(isinstance(message, Pressed) for message in ui.seen) == 1


def test_presses_beside_the_buttons_do_nothing(ui: RunningUi) -> None:
    ui.show(STATES["ring"])
    for place in ((640, 30), (640, 240), (8, 790), (5, 5)):
        ui.press(*place)
    while ui.read(0.4) is not None:
        pass
    assert not any(isinstance(message, Pressed) for message in ui.seen)


def test_keys_answer_and_none_leads_out(ui: RunningUi) -> None:
    ui.show(STATES["ring"])
    for keys in ("Escape", "alt+F4", "ctrl+q", "ctrl+w", "super"):
        ui.xdotool("key", keys)
    ui.xdotool("key", "F11")
    assert ui.wait_for(Pressed).press is Press.BUTTON, "a physical button may send it"
    ui.xdotool("key", "space")
    assert ui.wait_for(Pressed).press is Press.ANSWER
    ui.xdotool("key", "Tab", "Return")
    assert ui.wait_for(Pressed).press is Press.DECLINE
    assert ui.process.poll() is None


def test_a_button_that_core_listens_to_answers(ui: RunningUi) -> None:
    ui.show(STATES["ring"])
    ui.send(ButtonPressed())
    assert ui.wait_for(Pressed).press is Press.BUTTON


def test_nonsense_and_wake_from_core_are_survived(ui: RunningUi) -> None:
    ui.show(KioskState())
    ui.send(Wake())
    ui.show(STATES["ring"])


def test_garbage_is_refused_and_the_next_state_shown(display: str) -> None:
    ui = RunningUi(display)
    ui.show(KioskState())
    for packet in (b"{", b'{"type":"show","revision":5}', b"\x00" * 5000):
        ui.connection.send(packet)
    ui.show(STATES["ring"])
    assert "refused message 3" in ui.end()


def test_it_ends_when_core_has_gone(display: str) -> None:
    ui = RunningUi(display)
    ui.show(KioskState())
    ui.connection.close()
    assert ui.process.wait(10) == 0
    ui.end()


def test_on_a_tablet_it_waits_for_core_and_for_its_return(display: str, tmp_path: Path) -> None:
    path = tmp_path / "ui.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk.ui", "--socket", str(path)],
        env={**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"},
        stderr=subprocess.DEVNULL,
    )
    try:
        for revision in (1, 2):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                listener.bind(str(path))
                listener.listen(1)
                listener.settimeout(LIMIT_S)
                core, _ = listener.accept()
            path.unlink()
            with core:
                wire.send(core, Show(revision, STATES["ring"]))
                core.settimeout(LIMIT_S)
                assert f'"revision":{revision}'.encode() in core.recv(wire.MAXIMUM_PACKET)
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(LIMIT_S) == 0


def test_a_polite_signal_ends_it(display: str) -> None:
    ui = RunningUi(display)
    ui.show(KioskState())
    ui.process.send_signal(signal.SIGTERM)
    assert ui.process.wait(10) == 0
    ui.end()


def test_a_larger_screen_is_filled_too(pictures_folder: Path) -> None:
    with virtual_screen(1920, 1080) as display:
        ui = RunningUi(display)
        for name in ("home-full", "home-three-kinds", "measure-blood-pressure", "history-month", "ring"):
            ui.show(STATES[name])
            image = ui.photograph(pictures_folder / f"{name}-1920.png")
            assert (image.width(), image.height()) == (1920, 1080)
            assert image.pixelColor(1917, 1077) == QColor("#0B1520")
        ui.press(960, 500)
        assert ui.wait_for(Pressed).press is Press.ANSWER
        ui.end()
