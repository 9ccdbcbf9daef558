"""What is shown for which state: tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.readings import Unit
from kiosk.facts.caller import Caller, CallerClass
from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.measurement import Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.visit import Visit
from kiosk.flow.state import Ended, Idle, KioskState, Measured, NotMeasured, Phase
from kiosk.resources import assets
from kiosk.ui.presentation import Page, Tone, number, page_of, present
from kiosk.ui.texts import ScreenTexts, load_texts
from tests.ui import states

OSLO_WINTER = timezone(timedelta(hours=1))
OSLO_SUMMER = timezone(timedelta(hours=2))
TEXTS: ScreenTexts = load_texts(assets() / "phrases/nb.toml")


def at(text: str, zone: timezone = OSLO_WINTER) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("now", "clock", "day", "date"),
    [
        ("2026-11-21T09:00", "09.00", "Lørdag formiddag", "21. november 2026"),
        ("2026-11-21T10:30", "10.30", "Lørdag formiddag", "21. november 2026"),
        ("2026-11-22T00:00", "00.00", "Søndag natt", "22. november 2026"),
        ("2026-11-23T05:59", "05.59", "Mandag natt", "23. november 2026"),
        ("2026-12-01T06:00", "06.00", "Tirsdag morgen", "1. desember 2026"),
        ("2027-01-06T08:59", "08.59", "Onsdag morgen", "6. januar 2027"),
        ("2028-02-29T11:59", "11.59", "Tirsdag formiddag", "29. februar 2028"),
        ("2027-05-17T12:00", "12.00", "Mandag ettermiddag", "17. mai 2027"),
        ("2027-06-24T17:59", "17.59", "Torsdag ettermiddag", "24. juni 2027"),
        ("2027-08-27T18:00", "18.00", "Fredag kveld", "27. august 2027"),
        ("2026-12-31T23:59", "23.59", "Torsdag kveld", "31. desember 2026"),
    ],
)
def test_clock_day_and_date(now: str, clock: str, day: str, date: str) -> None:
    screen = present(KioskState(), at(now), TEXTS)
    assert (screen.clock, screen.day, screen.date) == (clock, day, date)


@pytest.mark.parametrize(
    ("start", "when"),
    [
        (at("2026-11-21T10:30"), "Neste besøk kl. 10.30"),
        (at("2026-11-21T09:30"), "Neste besøk kl. 09.30"),
        (at("2026-11-22T08:00"), "Neste besøk i morgen kl. 08.00"),
        (at("2026-11-23T08:00"), "Neste besøk mandag kl. 08.00"),
        (at("2026-11-27T08:00"), "Neste besøk fredag kl. 08.00"),
        (at("2026-11-28T08:00"), "Neste besøk 28. november kl. 08.00"),
        (at("2027-01-02T08:00"), "Neste besøk 2. januar kl. 08.00"),
        (datetime(2026, 11, 21, 23, 30, tzinfo=UTC), "Neste besøk i morgen kl. 00.30"),
        (at("2026-11-20T10:30"), None),
    ],
)
def test_next_visit(start: datetime, when: str | None) -> None:
    state = KioskState(next_visit=Visit(start, "Kari Nordmann", "sykepleier"))
    visit = present(state, at("2026-11-21T10:00"), TEXTS).visit
    assert visit == (None if when is None else (when, "Kari Nordmann, sykepleier"))


def test_a_visit_is_told_in_the_homes_time_across_a_change_of_offset() -> None:
    summer = Visit(at("2027-03-28T10:30", OSLO_SUMMER), "Kari Nordmann", "")
    screen = present(KioskState(next_visit=summer), at("2027-03-28T09:00", OSLO_SUMMER), TEXTS)
    assert screen.visit == ("Neste besøk kl. 10.30", "Kari Nordmann")


@pytest.mark.parametrize(
    ("faults", "unsent", "text", "detail", "tone"),
    [
        ((), 0, "Alt er klart", "", Tone.CALM),
        ((), 1, "Alt er klart", "1 måling venter på å bli sendt", Tone.CALM),
        ((), 3, "Alt er klart", "3 målinger venter på å bli sendt", Tone.CALM),
        ((Fault.NO_CAMERA,), 0, "Kameraet virker ikke.", "Vi kan fortsatt snakke sammen.", Tone.GRAVE),
        ((Fault.NO_CAMERA, Fault.NO_SOUND), 4, "Lyden virker ikke.", "Sjekk at høyttaleren er på.", Tone.GRAVE),
        (tuple(Fault), 4, "Målinger kan ikke lagres nå.", "Si det til sykepleieren.", Tone.GRAVE),
        ((Fault.CARE_PLATFORM_UNREACHABLE,), 0, "Målinger blir ikke sendt nå.", "De er trygt lagret her.", Tone.CALM),
        (
            (Fault.CARE_PLATFORM_UNREACHABLE,),
            2,
            "Målinger blir ikke sendt nå.",
            "2 målinger venter på å bli sendt",
            Tone.CALM,
        ),
    ],
)
def test_status(faults: tuple[Fault, ...], unsent: int, text: str, detail: str, tone: Tone) -> None:
    status = present(KioskState(faults=faults, unsent=unsent), states.NOW, TEXTS).status
    assert (status.text, status.detail, status.tone) == (text, detail, tone)


def test_before_core_has_spoken_nothing_is_claimed() -> None:
    screen = present(None, states.NOW, TEXTS)
    assert screen.page is Page.HOME
    assert screen.status.text == "Et øyeblikk …"
    assert screen.visit is None


@pytest.mark.parametrize(
    ("phase", "page", "notice"),
    [
        (Idle(), Page.HOME, ""),
        (states.RINGING, Page.RING, ""),
        (states.CONNECTING, Page.CALL, "Kobler til …"),
        (states.TALKING, Page.CALL, ""),
        (states.RECOVERING, Page.CALL, "Et øyeblikk, vi kobler til igjen"),
        (Ended(states.KARI, CallOutcome.DECLINED, 1.0), Page.ENDED, ""),
    ],
)
def test_pages(phase: Phase, page: Page, notice: str) -> None:
    screen = present(KioskState(phase=phase), states.NOW, TEXTS)
    assert (screen.page, screen.notice) == (page, notice)


def test_every_phase_has_a_page() -> None:
    phases: dict[type, Phase] = {
        type(phase): phase
        for phase in (
            Idle(),
            states.RINGING,
            states.CONNECTING,
            states.TALKING,
            Ended(states.KARI, CallOutcome.FAILED, 1.0),
        )
    }
    assert set(phases) == set(Phase.__args__)
    assert {page_of(phase) for phase in phases.values()} == set(Page)


@pytest.mark.parametrize(
    ("name", "role", "line", "initials"),
    [
        ("Kari Nordmann", "sykepleier", "sykepleier, ringer", "KN"),
        ("Åse Marie Østby", "datter", "datter, ringer", "ÅØ"),
        ("kari", "", "ringer", "K"),
        ("", "vaktrom", "vaktrom, ringer", ""),
    ],
)
def test_caller(name: str, role: str, line: str, initials: str) -> None:
    caller = Caller("sip:x@example.org", name, role, CallerClass.CARE, picture="/pictures/x.png")
    card = present(KioskState(phase=msgspec.structs.replace(states.RINGING, caller=caller)), states.NOW, TEXTS).caller
    assert card is not None
    assert (card.line, card.initials, card.picture) == (line, initials, "/pictures/x.png")


@pytest.mark.parametrize(
    ("measurement", "value", "pulse", "mark"),
    [
        (states.measured(), "125 over 80", "Puls 64", "Lagret"),
        (states.measured(delivery=Delivery.DELIVERED), "125 over 80", "Puls 64", "Sendt"),
        (states.measured(delivery=Delivery.HELD), "125 over 80", "Puls 64", "Lagret her"),
        (states.measured("125.50", "80.0", "64.25"), "125,50 over 80,0", "Puls 64,25", "Lagret"),
        (states.measured("16.7", "10.7", None, Unit.KILOPASCAL), "16,7 over 10,7 kPa", "", "Lagret"),
        (states.measured("1.25E+2", "8E1"), "125 over 80", "Puls 64", "Lagret"),
    ],
)
def test_measured(measurement: Measured, value: str, pulse: str, mark: str) -> None:
    card = present(KioskState(phase=states.TALKING, measurement=measurement), states.NOW, TEXTS).measurement
    assert card is not None
    assert (card.title, card.value, card.pulse, card.mark) == ("Blodtrykk", value, pulse, mark)
    assert card.arrived == (measurement.delivery is Delivery.DELIVERED)


@pytest.mark.parametrize(("systolic", "diastolic"), [(None, "80"), ("125", None), ("NaN", "80"), ("125", "Infinity")])
def test_a_reading_without_numbers_shows_none(systolic: str | None, diastolic: str | None) -> None:
    card = present(KioskState(measurement=states.measured(systolic, diastolic)), states.NOW, TEXTS).measurement
    assert card is not None
    assert card.value == ""
    assert card.steps[0] == "Målingen ble ikke ferdig."


def test_guidance_and_failures_have_words() -> None:
    card = present(KioskState(measurement=states.MEASURING), states.NOW, TEXTS).measurement
    assert card is not None
    assert card.steps == ("Ta på deg mansjetten.", "Trykk på START på måleren.", "Sitt i ro.")
    for fault in MeasurementFault:
        failed = NotMeasured(MeasurementKind.BLOOD_PRESSURE, fault, 1.0)
        card = present(KioskState(measurement=failed), states.NOW, TEXTS).measurement
        assert card is not None
        assert len(card.steps) == 2


@pytest.mark.parametrize(
    ("fakes", "mark", "short"),
    [
        ((), "", ""),
        ((FakePart.CAMERA,), "Øvelse: kamera er ikke ekte", "Øvelse"),
        ((FakePart.CUFF,), "Øvelse: måler er ikke ekte", "Øvelse"),
        ((FakePart.CAMERA, FakePart.CUFF), "Øvelse: kamera og måler er ikke ekte", "Øvelse"),
    ],
)
def test_fakes_are_always_marked(fakes: tuple[FakePart, ...], mark: str, short: str) -> None:
    for state in states.every_state().values():
        screen = present(msgspec.structs.replace(state, fakes=fakes), states.NOW, TEXTS)
        assert (screen.fake_mark, screen.fake_mark_short) == (mark, short)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4))
def test_numbers_are_exact(value: Decimal) -> None:
    text = number(value)
    assert "." not in text
    assert "E" not in text
    assert Decimal(text.replace(",", ".")) == value


@given(st.datetimes(timezones=st.just(OSLO_WINTER)), st.integers(min_value=-5, max_value=10**6))
def test_any_moment_can_be_shown(now: datetime, unsent: int) -> None:
    screen = present(KioskState(unsent=unsent), now, TEXTS)
    assert "{" not in "".join((screen.clock, screen.day, screen.date, screen.status.text, screen.status.detail))
