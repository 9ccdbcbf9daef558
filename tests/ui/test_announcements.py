"""What a screen reader is told unasked: once, all that is new, and no number without the patient's consent."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from kiosk.facts.measurement import Delivery
from kiosk.facts.profile import Language
from kiosk.facts.shown import number, shown
from kiosk.flow.state import KioskState, Measured
from kiosk.resources import assets
from kiosk.ui.announcements import Announcement, announcement
from kiosk.ui.presentation import present
from kiosk.ui.pseudo import every_language
from tests.ui import states

TEXTS = every_language(assets() / "phrases")[Language.BOKMAAL]
STATES = states.every_state()
AT_HOME = STATES["home-one-kind"]


def told(
    before: KioskState | None, after: KioskState, aloud: bool = True, later: timedelta = timedelta()
) -> Announcement | None:
    screens = present(before, states.NOW, TEXTS), present(after, states.NOW + later, TEXTS)
    return announcement(*screens, readings_aloud=aloud)


@pytest.mark.parametrize(
    ("before", "after", "text", "urgent"),
    [
        ("home", "ring", "Kari Nordmann, sykepleier, ringer.", True),
        ("ring", "connecting", "Samtale med Kari Nordmann. Kobler til …", False),
        ("connecting", "talk", None, False),
        ("talk", "talk-weak", "Linjen er litt svak.", False),
        ("talk-weak", "talk-recovering", "Et øyeblikk. Linjen er svak.", True),
        ("talk-recovering", "talk", None, False),
        ("talk", "ended-connection-lost", "Vi mistet forbindelsen. Vent litt, så ringer de igjen.", False),
        (
            "home-one-kind",
            "measure-blood-pressure",
            "Mål blodtrykk. Ta på deg mansjetten. Trykk på START på måleren. Sitt i ro.",
            False,
        ),
        ("measure-blood-pressure", "measure-inflating", "Mansjetten pumper.", False),
        ("measure-inflating", "home-measured", "Blodtrykk. 125 over 80. Puls 64. Lagret.", False),
        (
            "measure-blood-pressure",
            "failed-no-finger",
            "Måleren fant ikke fingeren. Sett den på, og prøv en gang til.",
            True,
        ),
        ("home-one-kind", "owner", "Er dette din måling? 125 over 80. Blodtrykk i dag kl. 09.41.", False),
        ("talk", "talk-measuring", "Mål blodtrykk. Ta på deg mansjetten. Trykk på START på måleren. Sitt i ro.", False),
    ],
)
def test_what_is_told(before: str, after: str, text: str | None, urgent: bool) -> None:
    result = told(STATES[before], STATES[after])
    assert result == (None if text is None else Announcement(text, urgent))


def test_what_is_wrong_is_told_at_home_and_may_interrupt() -> None:
    calm = KioskState()
    result = told(calm, STATES["home-call-server-refuses"])
    assert result == Announcement("Vi kan ikke ringe deg nå. Ring oss på vanlig telefon.", True)


def test_the_clock_the_day_and_a_rising_pressure_are_no_news() -> None:
    assert told(AT_HOME, AT_HOME, later=timedelta(hours=5)) is None
    assert told(KioskState(measurement=states.inflating("50")), KioskState(measurement=states.inflating("142"))) is None


def test_a_sent_reading_is_told_in_one_word() -> None:
    delivered = states.measured(delivery=Delivery.DELIVERED)
    assert told(KioskState(measurement=states.measured()), KioskState(measurement=delivered)) == Announcement("Sendt.")


def test_the_next_question_is_told_though_it_looks_the_same() -> None:
    other = msgspec.structs.replace(states.QUESTION, reading_id="reading-2")
    first, second = KioskState(questions=(states.QUESTION,)), KioskState(questions=(other,))
    assert told(first, second) == told(AT_HOME, second)


@pytest.mark.parametrize("before", [None, *STATES])
def test_nothing_is_told_twice_nor_when_nothing_changes(before: str | None) -> None:
    state = KioskState() if before is None else STATES[before]
    assert told(state, state) is None
    first = told(None, state)
    sentences = [] if first is None else first.text.split(". ")
    assert len(sentences) == len(set(sentences))


@pytest.mark.parametrize("name", [name for name, state in STATES.items() if state.measurement or state.questions])
def test_without_consent_no_number_of_a_reading_is_told(name: str) -> None:
    state = STATES[name]
    readings = [question.reading for question in state.questions]
    if isinstance(state.measurement, Measured):
        readings.append(state.measurement.reading)
    result = told(KioskState(), state, aloud=False)
    numbers = [one for one in (shown(reading.value) for reading in readings) if one is not None]
    values = [number(value) for one in numbers for value in (one.value, one.second, one.pulse) if value is not None]
    assert result is not None
    assert not set(values) & set(result.text.replace(".", " ").split())


def test_what_is_written_is_told_sentence_by_sentence() -> None:
    def writing(words: str) -> KioskState:
        return KioskState(phase=states.TALKING, texting=states.texting(words))

    assert told(writing("Hei"), writing("Hei ")) is None
    assert told(writing("Hei Olga"), writing("Hei Olga.")) == Announcement("Kari: Hei Olga.")
    assert told(writing("Hei Olga."), writing("Hei Olga. Sitt")) is None
    assert told(writing("Hei Olga. Sitt"), writing("Hei Olga. Sitt ned!")) == Announcement("Kari: Sitt ned!")
    long = "Hei. " * 100
    assert told(writing(long), writing(f"{long}H")) is None
