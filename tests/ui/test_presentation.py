"""What is shown for which state: tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.readings import Kind, QuantityName, Status, Unit
from kiosk.facts.caller import Caller, CallerClass
from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.history import Band, Curve, Point, Span
from kiosk.facts.measurement import Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.shown import number
from kiosk.facts.visit import Visit
from kiosk.flow.state import (
    Ended,
    History,
    Idle,
    KioskState,
    Measured,
    Measuring,
    NotMeasured,
    OldReadings,
    OwnerQuestion,
    Phase,
)
from kiosk.resources import assets
from kiosk.ui.history_card import axis
from kiosk.ui.measurement_card import MeasurementCard
from kiosk.ui.presentation import Tone, present
from kiosk.ui.screens import Page, page_of
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
        (states.RECOVERING, Page.CALL, "Et øyeblikk. Linjen er svak."),
        (states.LOST, Page.CALL, "Linjen er borte nå. Vi prøver igjen."),
        (states.WEAK, Page.CALL, "Linjen er litt svak."),
        (states.BAD, Page.CALL, "Linjen er svak."),
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
    pages = {page_of(KioskState(phase=phase)) for phase in phases.values()}
    assert pages == {Page.HOME, Page.RING, Page.CALL, Page.ENDED}


def test_between_calls_a_question_comes_first_then_a_measurement_then_curves() -> None:
    state = KioskState(history=History(MeasurementKind.WEIGHT, Span.WEEK, 1.0))
    assert page_of(state) is Page.HISTORY
    state = msgspec.structs.replace(state, measurement=states.MEASURING)
    assert page_of(state) is Page.MEASURE
    state = msgspec.structs.replace(state, questions=(states.QUESTION,))
    assert page_of(state) is Page.OWNER
    for phase in (states.RINGING, states.CONNECTING):
        screen = present(msgspec.structs.replace(state, phase=phase), states.NOW, TEXTS)
        assert (screen.measurement, screen.owner, screen.history) == (None, None, None), "the call's page covers them"
    talking = present(msgspec.structs.replace(state, phase=states.TALKING), states.NOW, TEXTS)
    assert talking.owner is not None and talking.measurement is None and talking.history is None


@pytest.mark.parametrize(
    ("kinds", "buttons"),
    [
        ((), ()),
        ((MeasurementKind.WEIGHT,), ("Mål vekt",)),
        ((MeasurementKind.GLUCOSE, MeasurementKind.BLOOD_PRESSURE), ("Mål blodtrykk", "Mål blodsukker")),
        (tuple(MeasurementKind), ("Mål blodtrykk", "Mål oksygen", "Mål vekt")),
    ],
)
def test_the_patient_can_begin_what_the_home_has_devices_for(
    kinds: tuple[MeasurementKind, ...], buttons: tuple[str, ...]
) -> None:
    screen = present(KioskState(can_measure=kinds), states.NOW, TEXTS)
    assert tuple(button.text for button in screen.buttons) == buttons


def test_old_readings_are_a_calm_line_unless_something_is_wrong() -> None:
    state = KioskState(old_readings=OldReadings(2, 1.0), unsent=2)
    status = present(state, states.NOW, TEXTS).status
    assert (status.text, status.detail) == ("2 eldre målinger er hentet.", "2 målinger venter på å bli sendt")
    one = present(KioskState(old_readings=OldReadings(1, 1.0)), states.NOW, TEXTS).status
    assert one.text == "1 eldre måling er hentet."
    wrong = present(msgspec.structs.replace(state, faults=(Fault.NO_SOUND,)), states.NOW, TEXTS).status
    assert wrong.text == "Lyden virker ikke."


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


def card_of(state: KioskState) -> MeasurementCard:
    card = present(state, states.NOW, TEXTS).measurement
    assert card is not None
    return card


@pytest.mark.parametrize(
    ("measurement", "value", "unit", "pulse", "mark"),
    [
        (states.measured(), "125 over 80", "", "Puls 64", "Lagret"),
        (states.measured(delivery=Delivery.DELIVERED), "125 over 80", "", "Puls 64", "Sendt"),
        (states.measured(delivery=Delivery.HELD), "125 over 80", "", "Puls 64", "Lagret her"),
        (states.measured("125.50", "80.0", "64.25"), "125,50 over 80,0", "", "Puls 64,25", "Lagret"),
        (states.measured("16.7", "10.7", None, Unit.KILOPASCAL), "125 over 80", "", "", "Lagret"),
        (states.measured("1.25E+2", "8E1"), "125 over 80", "", "Puls 64", "Lagret"),
    ],
)
def test_measured(measurement: Measured, value: str, unit: str, pulse: str, mark: str) -> None:
    card = card_of(KioskState(phase=states.TALKING, measurement=measurement))
    assert (card.title, card.value, card.unit, card.pulse, card.mark) == ("Blodtrykk", value, unit, pulse, mark)
    assert card.arrived == (measurement.delivery is Delivery.DELIVERED)


@pytest.mark.parametrize(
    ("kind", "title", "value", "unit", "pulse"),
    [
        (MeasurementKind.BLOOD_PRESSURE, "Blodtrykk", "125 over 80", "", "Puls 64"),
        (MeasurementKind.PULSE_OXIMETRY, "Oksygen", "97 %", "", "Puls 72"),
        (MeasurementKind.WEIGHT, "Vekt", "72,4 kg", "", ""),
        (MeasurementKind.TEMPERATURE, "Temperatur", "36,8 grader", "", ""),
        (MeasurementKind.GLUCOSE, "Blodsukker", "5,4", "mmol/L", ""),
    ],
)
def test_a_result_of_every_kind(kind: MeasurementKind, title: str, value: str, unit: str, pulse: str) -> None:
    measured = Measured("r", states.reading_of(states.VALUES[kind]), Delivery.SAVED, 1.0)
    card = card_of(KioskState(measurement=measured))
    assert (card.title, card.value, card.unit, card.pulse) == (title, value, unit, pulse)


@pytest.mark.parametrize(
    ("name", "sent", "unit", "value"),
    [
        (QuantityName.WEIGHT, "159.60", Unit.POUND, "72,4 kg"),
        (QuantityName.WEIGHT, "72.350", Unit.KILOGRAM, "72,4 kg"),
        (QuantityName.WEIGHT, "7E+1", Unit.KILOGRAM, "70,0 kg"),
        (QuantityName.TEMPERATURE, "98.6", Unit.FAHRENHEIT, "37,0 grader"),
        (QuantityName.GLUCOSE, "97", Unit.MILLIGRAM_PER_DECILITRE, "5,4"),
    ],
)
def test_numbers_come_in_the_units_of_this_country(name: QuantityName, sent: str, unit: Unit, value: str) -> None:
    kind = {QuantityName.WEIGHT: Kind.WEIGHT, QuantityName.TEMPERATURE: Kind.TEMPERATURE}.get(name, Kind.GLUCOSE)
    reading = states.reading_of(states.single(kind, name, sent, unit))
    assert card_of(KioskState(measurement=Measured("r", reading, Delivery.SAVED, 1.0))).value == value


@pytest.mark.parametrize(
    ("systolic", "diastolic"),
    [(None, "80"), ("125", None), ("NaN", "80"), ("125", "Infinity"), ("8E+120", "80")],
)
def test_a_reading_without_numbers_shows_none(systolic: str | None, diastolic: str | None) -> None:
    card = card_of(KioskState(measurement=states.measured(systolic, diastolic)))
    assert card.value == ""
    assert card.sentence == "Målingen ble ikke ferdig."


def test_guidance_and_failures_have_words() -> None:
    card = card_of(KioskState(measurement=states.MEASURING))
    assert card.steps == ("Ta på deg mansjetten.", "Trykk på START på måleren.", "Sitt i ro.")
    assert card.picture == "blood-pressure" and card.can_stop
    for fault in MeasurementFault:
        card = card_of(KioskState(measurement=NotMeasured(MeasurementKind.BLOOD_PRESSURE, fault, 1.0)))
        assert card.sentence and card.action


def test_a_doubtful_value_is_shown_with_the_advice() -> None:
    doubtful = states.measured(doubt=MeasurementFault.CUFF_TOO_LOOSE)
    card = card_of(KioskState(measurement=doubtful, can_measure=states.ONE_KIND))
    assert (card.value, card.mark) == ("125 over 80", "Lagret")
    assert (card.sentence, card.action) == ("Mansjetten sitter litt løst.", "Stram den, og mål en gang til.")
    assert card.can_repeat and card.can_close


@pytest.mark.parametrize(
    ("state", "repeats", "closes"),
    [
        (KioskState(can_measure=states.ONE_KIND), True, True),
        (KioskState(), False, True),
        (KioskState(phase=states.TALKING, can_measure=states.ONE_KIND), False, True),
    ],
    ids=["at home", "without the device", "in a call the nurse leads"],
)
def test_another_try_is_offered_where_it_can_help(state: KioskState, repeats: bool, closes: bool) -> None:
    failed = NotMeasured(MeasurementKind.BLOOD_PRESSURE, MeasurementFault.NO_VALUE, 1.0)
    card = card_of(msgspec.structs.replace(state, measurement=failed))
    assert (card.can_repeat, card.can_close, card.can_stop) == (repeats, closes, False)
    hopeless = msgspec.structs.replace(failed, fault=MeasurementFault.PAIR_AGAIN)
    assert not card_of(msgspec.structs.replace(state, measurement=hopeless)).can_repeat


@pytest.mark.parametrize(
    ("pressure", "unit", "value", "bar"),
    [
        ("0", Unit.MILLIMETRE_OF_MERCURY, "0", 0.0),
        ("142", Unit.MILLIMETRE_OF_MERCURY, "142", 0.71),
        ("290", Unit.MILLIMETRE_OF_MERCURY, "290", 1.0),
        ("-3", Unit.MILLIMETRE_OF_MERCURY, "0", 0.0),
        ("8E+120", Unit.MILLIMETRE_OF_MERCURY, "999", 1.0),
        ("13.35", Unit.KILOPASCAL, "100", 0.5),
    ],
)
def test_the_cuff_fills(pressure: str, unit: Unit, value: str, bar: float) -> None:
    progress = states.single(Kind.CUFF_PRESSURE, QuantityName.CUFF_PRESSURE, pressure, unit)
    card = card_of(KioskState(measurement=Measuring(MeasurementKind.BLOOD_PRESSURE, 1.0, progress)))
    assert card.value == value
    assert card.bar == pytest.approx(bar)
    assert card.steps[0] == "Mansjetten pumper." and card.provisional and card.can_stop and not card.mark


def test_a_value_on_its_way_says_so_and_nothing_yet_leaves_the_guidance() -> None:
    oxygen = MeasurementKind.PULSE_OXIMETRY
    card = card_of(KioskState(measurement=Measuring(oxygen, 1.0, states.VALUES[oxygen])))
    assert (card.title, card.value, card.steps) == ("Måler …", "97 %", ("Ikke ferdig ennå",))
    assert card.provisional and not card.mark
    no_finger = msgspec.structs.replace(states.VALUES[oxygen], quantities={}, status=(Status.NO_FINGER,))
    assert card_of(KioskState(measurement=Measuring(oxygen, 1.0, no_finger))).steps == TEXTS.measuring[oxygen].steps


def test_the_question_names_value_and_time() -> None:
    screen = present(KioskState(questions=(states.QUESTION,)), states.NOW, TEXTS)
    assert screen.owner is not None
    assert screen.owner.question == "Er dette din måling?"
    assert (screen.owner.value, screen.owner.when) == ("125 over 80", "i dag kl. 09.41")
    yesterday = present(KioskState(questions=(states.QUESTION,)), states.NOW + timedelta(days=1), TEXTS).owner
    assert yesterday is not None and yesterday.when == "i går kl. 09.41"
    assert OwnerQuestion("reading-1", states.QUESTION.reading, 1.0) == states.QUESTION


def curve_of(span: Span, points: list[tuple[str, str]], band: Band | None = None) -> Curve:
    made = tuple(Point(at(when), Decimal(value), Decimal(80)) for when, value in points)
    return Curve(
        MeasurementKind.BLOOD_PRESSURE,
        span,
        Unit.MILLIMETRE_OF_MERCURY,
        made,
        made[-1] if made else None,
        at("2026-11-21T10:00"),
        band,
    )


def history_of(curve: Curve) -> KioskState:
    return KioskState(history=History(curve.kind, curve.span, 1.0, curve), can_measure=states.TWO_KINDS)


def test_a_week_is_seven_whole_days_with_today_last() -> None:
    curve = curve_of(Span.WEEK, [("2026-11-15T00:00", "120"), ("2026-11-18T12:00", "140"), ("2026-11-21T09:00", "130")])
    card = present(history_of(curve), at("2026-11-21T10:00"), TEXTS).history
    assert card is not None and card.chart is not None
    assert card.chart.line[0][0] == 0.0
    assert card.chart.line[1] == pytest.approx((0.5, 0.75))
    assert card.chart.line[2][0] == pytest.approx((6 + 9 / 24) / 7)
    assert [text for _, text in card.chart.marks] == ["Sø", "Ma", "Ti", "On", "To", "Fr", "Lø"]
    assert [text for _, text in card.chart.levels] == ["110", "150"]
    assert (card.value, card.when) == ("130 over 80", "i dag kl. 09.00")
    assert card.next_span == (Span.MONTH, "Måned")
    assert card.other == (MeasurementKind.PULSE_OXIMETRY, "Vis oksygen")


def test_a_curve_of_exact_weights_is_told_in_tenths() -> None:
    points = (Point(at("2026-11-21T09:00"), Decimal("72.435")),)
    now = at("2026-11-21T10:00")
    curve = Curve(MeasurementKind.WEIGHT, Span.WEEK, Unit.KILOGRAM, points, points[-1], now)
    card = present(history_of(curve), now, TEXTS).history
    assert card is not None and card.chart is not None
    assert card.value == "72,4 kg"
    assert card.chart.description == "Kurve: Vekt, siste uke. Lavest 72,4, høyest 72,4."
    assert [text for _, text in card.chart.levels] == ["70", "75"]


def test_a_band_widens_the_axis_and_is_placed_on_it() -> None:
    curve = curve_of(Span.MONTH, [("2026-11-21T09:00", "130")], Band(Decimal(90), Decimal(140)))
    card = present(history_of(curve), at("2026-11-21T10:00"), TEXTS).history
    assert card is not None and card.chart is not None and card.chart.band is not None
    assert [text for _, text in card.chart.levels] == ["80", "140"]
    assert card.chart.band == pytest.approx((1 / 6, 1.0))
    assert [text for _, text in card.chart.marks] == ["23. okt", "7. nov", "i dag"]


def test_a_year_counts_back_from_today() -> None:
    curve = curve_of(Span.YEAR, [("2025-11-22T09:00", "130"), ("2026-11-21T09:00", "130")])
    card = present(history_of(curve), at("2026-11-21T10:00"), TEXTS).history
    assert card is not None and card.chart is not None
    assert card.chart.line[0][0] < 0.01 and card.chart.line[1][0] > 0.99
    assert [text for _, text in card.chart.marks] == ["nov", "mai", "i dag"]


@pytest.mark.parametrize(
    ("name", "sentence", "action"),
    [
        ("history-empty", "Ingen målinger ennå.", "Mål først, så vises tallene her."),
        ("history-loading", "Et øyeblikk …", ""),
        ("history-failed", "Målingene kan ikke vises nå.", "Si det til sykepleieren."),
        ("history-nothing-lately", "Ingen målinger siste uke.", ""),
        ("history-week", "", ""),
    ],
)
def test_without_a_curve_there_are_words(name: str, sentence: str, action: str) -> None:
    card = present(states.every_state()[name], states.NOW, TEXTS).history
    assert card is not None
    assert (card.sentence, card.action) == (sentence, action)
    assert (card.chart is None) == bool(sentence)


_values = st.decimals(allow_nan=False, allow_infinity=False, min_value=-500, max_value=10_000, places=2)


@given(st.lists(_values, min_size=1, max_size=40), st.integers(0, 3))
def test_every_axis_holds_its_values_between_two_short_numbers(values: list[Decimal], least: int) -> None:
    bottom, top = axis(min(values), max(values), Decimal(least) + 1)
    assert bottom <= min(values) <= max(values) <= top
    assert top - bottom >= least + 1
    assert all(len(number(end)) <= 7 for end in (bottom, top))


@given(
    st.lists(st.tuples(st.datetimes(timezones=st.just(OSLO_WINTER)), _values), max_size=50),
    st.sampled_from(Span),
    st.sampled_from([None, Band(Decimal(90), Decimal(140)), Band(Decimal(5), Decimal(5))]),
)
def test_whatever_was_measured_lies_inside_the_drawing(
    points: list[tuple[datetime, Decimal]], span: Span, band: Band | None
) -> None:
    made = tuple(Point(when, value) for when, value in sorted(points))
    until = at("2026-11-21T10:00")
    curve = Curve(MeasurementKind.WEIGHT, span, Unit.KILOGRAM, made, made[-1] if made else None, until, band)
    card = present(history_of(curve), until, TEXTS).history
    assert card is not None
    if card.chart is not None:
        places = [*card.chart.line, *((0.0, y) for y in card.chart.band or ())]
        assert all(0.0 <= x <= 1.0 and -1e-9 <= y <= 1.0 + 1e-9 for x, y in places)


@pytest.mark.parametrize(
    ("fakes", "mark", "short"),
    [
        ((), "", ""),
        ((FakePart.CAMERA,), "Øvelse: kamera er ikke ekte", "Øvelse"),
        ((FakePart.CUFF,), "Øvelse: måler er ikke ekte", "Øvelse"),
        ((FakePart.CAMERA, FakePart.CUFF), "Øvelse: kamera og måler er ikke ekte", "Øvelse"),
        ((FakePart.DEVICE,), "Øvelse: målere er ikke ekte", "Øvelse"),
        ((FakePart.CAMERA, FakePart.CUFF, FakePart.DEVICE), "Øvelse: kamera og målere er ikke ekte", "Øvelse"),
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


def test_every_state_comes_over_the_link_as_it_is() -> None:
    for name, state in states.every_state().items():
        assert msgspec.json.decode(msgspec.json.encode(state), type=KioskState) == state, name
