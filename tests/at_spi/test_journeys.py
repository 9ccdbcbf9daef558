"""G6: five journeys of somebody who sees nothing, by an assistive program over the real accessibility bus.

Every name is read from the bus, every press goes over it, and what comes of it is seen in core, which flow decides.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from drivers.readings import Reading
from kiosk.facts.history import Span
from kiosk.facts.measurement import MeasurementKind
from kiosk.facts.profile import Consents, Profile
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import Connecting, Ended, Idle, KioskState, Measured, Measuring
from kiosk.ipc.ui_messages import Press
from tests.at_spi.session import Heard, Walker
from tests.at_spi.small_core import SmallCore
from tests.ui import states
from tests.ui.harness import RunningUi

HOME = KioskState(can_measure=states.TWO_KINDS, next_visit=states.VISIT)
AGREED = Profile(consents=Consents(readings_aloud=True))
OLD = Reading(states.blood_pressure(), states.DEVICE, datetime(2020, 1, 5, 9, 41, tzinfo=UTC))
RING = "Kari Nordmann, sykepleier, ringer."


def test_a_ring_is_heard_and_answered(ui: RunningUi, walker: Walker) -> None:
    core = SmallCore(ui, HOME)
    walker.wait_for("Startsiden")
    walker.heard()
    core.handle(on.CallArrived("call-1", states.KARI))
    assert walker.wait_to_hear(RING) == Heard(RING, urgent=True)
    tree = walker.wait_for("Svar videotelefon", "Ikke nå", "Bilde av Kari Nordmann", "Kari Nordmann")
    button = next(element for element in tree if element.name == "Svar videotelefon")
    assert (button.role, button.focusable, button.focused) == ("push button", True, True)
    assert button.rect is not None
    x, y, width, height = button.rect
    assert 0 <= x < x + width <= 1280 and 0 <= y < y + height <= 800 and width * height > 0.25 * 1280 * 800
    walker.press("Svar videotelefon")
    core.take_press(Press.ANSWER)
    assert isinstance(core.state.phase, Connecting)
    assert do.Accept("call-1") in core.done
    assert walker.wait_to_hear("Samtale med Kari Nordmann. Kobler til …") is not None
    assert "Svar videotelefon" not in walker.names()
    walker.press("Legg på")
    core.take_press(Press.HANG_UP)
    walker.wait_for("Samtalen er slutt.")


def test_a_ring_is_declined(ui: RunningUi, walker: Walker) -> None:
    core = SmallCore(ui, HOME)
    core.handle(on.CallArrived("call-1", states.KARI))
    walker.wait_for("Ikke nå")
    walker.press("Ikke nå")
    core.take_press(Press.DECLINE)
    assert isinstance(core.state.phase, Ended)
    walker.wait_for("Du svarte ikke nå.", "Det er helt i orden.")
    walker.press("Lukk")
    core.take_press(Press.CLOSE_CARD)
    assert isinstance(core.state.phase, Idle)


def test_blood_pressure_is_measured_and_read(ui: RunningUi, walker: Walker) -> None:
    core = SmallCore(ui, msgspec.structs.replace(HOME, profile=AGREED))
    walker.wait_for("Mål blodtrykk", "Mål oksygen", "Mine målinger")
    walker.heard()
    walker.press("Mål blodtrykk")
    pressed = core.take_press(Press.MEASURE)
    assert pressed.kind is MeasurementKind.BLOOD_PRESSURE
    assert isinstance(core.state.measurement, Measuring)
    assert do.Measure(MeasurementKind.BLOOD_PRESSURE) in core.done
    steps = "Mål blodtrykk. Ta på deg mansjetten. Trykk på START på måleren. Sitt i ro."
    assert not walker.wait_to_hear(steps).urgent
    walker.wait_for("En arm på bordet med mansjett på", "Ta på deg mansjetten.", "Avbryt")
    progress = states.inflating("142").progress
    assert progress is not None
    core.handle(on.MeasurementProgress(progress))
    assert walker.wait_to_hear("Mansjetten pumper.").text
    bar = next(element for element in walker.wait_for("142") if element.name == "Trykket i mansjetten")
    assert (bar.role, bar.value) == ("progress bar", 0.71)
    core.handle(on.ReadingKept("reading-1", states.reading_of(states.blood_pressure())))
    assert isinstance(core.state.measurement, Measured)
    assert not walker.wait_to_hear("Blodtrykk. 125 over 80. Puls 64. Lagret.").urgent
    walker.wait_for("125 over 80", "Puls 64", "Lagret")
    core.handle(on.ReadingDelivered("reading-1"))
    walker.wait_to_hear("Sendt.")
    walker.press("Lukk")
    core.take_press(Press.CLOSE_CARD)
    assert core.state.measurement is None


def test_whose_reading_it_is_is_answered(ui: RunningUi, walker: Walker) -> None:
    core = SmallCore(ui, HOME)
    walker.wait_for("Startsiden")
    walker.heard()
    core.handle(on.OwnerAsked("reading-7", OLD))
    question = walker.wait_to_hear("Er dette din måling? Blodtrykk 5. januar.")
    assert not question.urgent, "without consent the number waits until it is asked for"
    tree = walker.wait_for("Ja, min", "Nei", "125 over 80")
    assert [element.name for element in tree if element.role == "dialog"] == ["Er dette din måling?"]
    walker.press("Ja, min")
    assert core.take_press(Press.MINE).reading_id == "reading-7"
    assert do.AnswerOwner("reading-7", True) in core.done


def test_ones_own_readings_are_looked_at(ui: RunningUi, walker: Walker) -> None:
    core = SmallCore(ui, msgspec.structs.replace(HOME, profile=AGREED))
    walker.wait_for("Mine målinger")
    walker.press("Mine målinger")
    core.take_press(Press.HISTORY)
    core.handle(on.HistoryLoaded(states.curve(Span.WEEK, 7)))
    curve = "Kurve: Blodtrykk, siste uke. Lavest 114, høyest 142."
    walker.wait_for("Blodtrykk siste uke", curve, "128 over 80")
    walker.heard()
    walker.turn_to("Måned")
    walker.press("Måned")
    pressed = core.take_press(Press.CURVE)
    assert (pressed.kind, pressed.span) == (MeasurementKind.BLOOD_PRESSURE, Span.MONTH)
    core.handle(on.HistoryLoaded(states.curve(Span.MONTH, 30)))
    walker.wait_for("Blodtrykk siste måned")
    walker.turn_to("År")
    walker.press("Tilbake")
    core.take_press(Press.BACK)
    assert core.state.history is None
    walker.wait_for("Startsiden")
