"""Examples of everything that can be on the screen, with invented people: what every check of all screens shows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from drivers.readings import DeviceIdentity, Kind, Measurement, Quantity, QuantityName, Reading, SpecialValue, Unit
from kiosk.facts.caller import Caller, CallerClass
from kiosk.facts.calls import CallOutcome
from kiosk.facts.choosing import Choosing, Pick, Playing, Question
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.history import Band, Curve, Point, Span
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.measurement import Delivery, DeskNews, MeasurementFault, MeasurementKind
from kiosk.facts.profile import Profile
from kiosk.facts.visit import Visit
from kiosk.flow.state import (
    Connecting,
    Ended,
    History,
    KioskState,
    Measured,
    Measuring,
    NotMeasured,
    OldReadings,
    OwnerQuestion,
    Ringing,
    Talking,
    Texting,
    Trouble,
    Writing,
)
from kiosk.text.captions import CaptionMessage
from kiosk.text.conversation import Conversation
from kiosk.text.outgoing import Outgoing
from kiosk.text.t140 import Lane, take

KARI = Caller("sip:kari@example.org", "Kari Nordmann", "sykepleier", CallerClass.CARE)
NOW = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
FAKES = (FakePart.CAMERA, FakePart.CUFF)
VISIT = Visit(datetime(2026, 11, 22, 10, 30, tzinfo=UTC), "Kari Nordmann", "sykepleier")
DEVICE = DeviceIdentity("UA-651BLE", "A&D", "00:11:22:33:44:55", fake=True)
ONE_KIND = (MeasurementKind.BLOOD_PRESSURE,)
TWO_KINDS = (MeasurementKind.BLOOD_PRESSURE, MeasurementKind.PULSE_OXIMETRY)
THREE_KINDS = (MeasurementKind.BLOOD_PRESSURE, MeasurementKind.TEMPERATURE, MeasurementKind.GLUCOSE)


def quantity(value: str | None, unit: Unit = Unit.MILLIMETRE_OF_MERCURY) -> Quantity:
    if value is None:
        return Quantity(None, unit, SpecialValue.NOT_A_NUMBER)
    return Quantity(Decimal(value), unit)


def blood_pressure(
    systolic: str | None = "125",
    diastolic: str | None = "80",
    pulse: str | None = "64",
    unit: Unit = Unit.MILLIMETRE_OF_MERCURY,
) -> Measurement:
    quantities = {
        QuantityName.SYSTOLIC: quantity(systolic, unit),
        QuantityName.DIASTOLIC: quantity(diastolic, unit),
        QuantityName.MEAN_ARTERIAL: quantity("95", unit),
    }
    if pulse is not None:
        quantities[QuantityName.PULSE_RATE] = quantity(pulse, Unit.PER_MINUTE)
    return Measurement(Kind.BLOOD_PRESSURE, quantities, raw=b"")


def single(kind: Kind, name: QuantityName, value: str, unit: Unit, pulse: str | None = None) -> Measurement:
    quantities = {name: quantity(value, unit)}
    if pulse is not None:
        quantities[QuantityName.PULSE_RATE] = quantity(pulse, Unit.PER_MINUTE)
    return Measurement(kind, quantities, raw=b"")


VALUES = {
    MeasurementKind.BLOOD_PRESSURE: blood_pressure(),
    MeasurementKind.PULSE_OXIMETRY: single(Kind.PULSE_OXIMETRY, QuantityName.SPO2, "97", Unit.PERCENT, "72"),
    MeasurementKind.WEIGHT: single(Kind.WEIGHT, QuantityName.WEIGHT, "72.400", Unit.KILOGRAM),
    MeasurementKind.TEMPERATURE: single(Kind.TEMPERATURE, QuantityName.TEMPERATURE, "36.8", Unit.CELSIUS),
    MeasurementKind.GLUCOSE: single(Kind.GLUCOSE, QuantityName.GLUCOSE, "5.4", Unit.MILLIMOLE_PER_LITRE),
}


def reading_of(value: Measurement) -> Reading:
    return Reading(value, DEVICE, NOW)


def measured(
    systolic: str | None = "125",
    diastolic: str | None = "80",
    pulse: str | None = "64",
    unit: Unit = Unit.MILLIMETRE_OF_MERCURY,
    delivery: Delivery = Delivery.SAVED,
    doubt: MeasurementFault | None = None,
) -> Measured:
    return Measured("reading-1", reading_of(blood_pressure(systolic, diastolic, pulse, unit)), delivery, 1.0, doubt)


def inflating(pressure: str) -> Measuring:
    value = single(Kind.CUFF_PRESSURE, QuantityName.CUFF_PRESSURE, pressure, Unit.MILLIMETRE_OF_MERCURY)
    return Measuring(MeasurementKind.BLOOD_PRESSURE, 1.0, value)


def curve(
    span: Span,
    count: int,
    kind: MeasurementKind = MeasurementKind.BLOOD_PRESSURE,
    band: tuple[str, str] | None = ("110", "140"),
) -> Curve:
    """``count`` readings, one a day up to now, wandering around the middle."""
    middle, swing, unit, second = {
        MeasurementKind.BLOOD_PRESSURE: ("128", 14, Unit.MILLIMETRE_OF_MERCURY, "80"),
        MeasurementKind.PULSE_OXIMETRY: ("95", 3, Unit.PERCENT, None),
        MeasurementKind.WEIGHT: ("72.4", 2, Unit.KILOGRAM, None),
        MeasurementKind.TEMPERATURE: ("37", 1, Unit.CELSIUS, None),
        MeasurementKind.GLUCOSE: ("6.4", 3, Unit.MILLIMOLE_PER_LITRE, None),
    }[kind]
    places = Decimal(1) if second else Decimal("0.1")
    points = tuple(
        Point(
            NOW - timedelta(days=day),
            (Decimal(middle) + Decimal(round(math.sin(day * 0.9) * swing, 1))).quantize(places),
            None if second is None else Decimal(second),
        )
        for day in reversed(range(count))
    )
    limits = None if band is None else Band(Decimal(band[0]), Decimal(band[1]))
    return Curve(kind, span, unit, points, points[-1] if points else None, NOW, limits)


def history(
    span: Span,
    count: int,
    kind: MeasurementKind = MeasurementKind.BLOOD_PRESSURE,
    band: tuple[str, str] | None = ("110", "140"),
) -> History:
    return History(kind, span, 1.0, curve(span, count, kind, band))


QUESTION = OwnerQuestion("reading-1", reading_of(blood_pressure()), 1.0)
RINGING = Ringing("call-1", KARI, 1.0)
CONNECTING = Connecting("call-1", KARI, 1.0)
TALKING = Talking("call-1", KARI, 1.0)
RECOVERING = Talking("call-1", KARI, 1.0, recovering_since=2.0)
LOST = Talking("call-1", KARI, 1.0, recovering_since=2.0, given_time=True)
WEAK = Talking("call-1", KARI, 1.0, verdict=LineVerdict.WEAK)
BAD = Talking("call-1", KARI, 1.0, verdict=LineVerdict.BAD)
MEASURING = Measuring(MeasurementKind.BLOOD_PRESSURE, 1.0)


def texting(theirs: str = "", ours: str = "", captions: tuple[CaptionMessage, ...] = ()) -> Texting:
    """What Kari and the patient have written, and what is said; Kari's end can read."""
    lanes = Conversation(take(Lane(), theirs)[0], take(Lane(), ours)[0], Outgoing(open=True, opened=1))
    # A call of its own for each, or the captions of one example would stand on the next.
    call_id = f"{theirs} {ours} {captions}"
    return Texting(call_id, KARI.name, lanes, captions=captions, captions_heard=len(captions))


def every_text() -> dict[str, Texting]:
    """A name and what is written, for the lengths and kinds that there are."""
    said = (CaptionMessage(1, "Nå skal vi se på hvordan det går med beinet ditt i dag.", True, "Kari Nordmann", 1.0),)
    long = "Hei Olga! Hører du meg bedre nå? Jeg skrur opp lyden litt, så ser vi om det hjelper deg."
    return {
        "text": texting("Hei Olga!", "Jeg hører deg dårlig"),
        "text-theirs": texting(long),
        "text-ours": texting("", long),
        "text-long": texting(long, long),
        "text-loss": texting("Ta to \ufffd etter maten 👍🏽", "Ja"),
        "captions": texting(captions=said),
        "captions-typed": texting(captions=(msgspec.structs.replace(said[0], automatic=False),)),
        "text-captions": texting(long, "Ja", said),
    }


class Extras(msgspec.Struct, frozen=True):
    """What a screen shows beside its state: pictures come by a way of their own."""

    remote_picture: bool
    own_picture: bool


def every_screen() -> Iterator[tuple[str, KioskState, Extras]]:
    """A name, a state, and what to show with it, for everything that can be on the screen."""
    for name, state in every_state().items():
        phase = state.phase
        yield name, state, Extras(isinstance(phase, Talking) and not phase.recovering, isinstance(phase, Talking))


def every_state() -> dict[str, KioskState]:
    """A name and a state for everything that can be on the screen."""
    states = {
        "home": KioskState(next_visit=VISIT, unsent=1),
        "home-bare": KioskState(),
        "home-full": KioskState(next_visit=VISIT, fakes=FAKES, faults=(Fault.CALL_SERVER_UNREACHABLE,), unsent=12),
        "home-measured": KioskState(measurement=measured(), fakes=FAKES),
        "home-one-kind": KioskState(next_visit=VISIT, fakes=FAKES, can_measure=ONE_KIND, unsent=1),
        "home-one-kind-bare": KioskState(can_measure=ONE_KIND),
        "home-two-kinds": KioskState(next_visit=VISIT, fakes=FAKES, can_measure=TWO_KINDS),
        "home-three-kinds": KioskState(next_visit=VISIT, can_measure=THREE_KINDS, unsent=2),
        "home-three-kinds-marked": KioskState(
            next_visit=VISIT, fakes=(FakePart.CAMERA, FakePart.DEVICE), can_measure=THREE_KINDS, unsent=2
        ),
        "home-three-kinds-fault": KioskState(
            next_visit=VISIT, fakes=FAKES, can_measure=THREE_KINDS, faults=(Fault.CALL_SERVER_UNREACHABLE,)
        ),
        "home-old-readings": KioskState(can_measure=ONE_KIND, old_readings=OldReadings(2, 1.0), next_visit=VISIT),
        "measure-inflating": KioskState(measurement=inflating("142"), fakes=FAKES),
        "measure-inflating-kpa": KioskState(
            measurement=Measuring(
                MeasurementKind.BLOOD_PRESSURE,
                1.0,
                single(Kind.CUFF_PRESSURE, QuantityName.CUFF_PRESSURE, "18.9", Unit.KILOPASCAL),
            )
        ),
        "measure-oxygen-on-its-way": KioskState(
            measurement=Measuring(MeasurementKind.PULSE_OXIMETRY, 1.0, VALUES[MeasurementKind.PULSE_OXIMETRY]),
            fakes=FAKES,
        ),
        "measure-doubt": KioskState(
            measurement=measured(doubt=MeasurementFault.CUFF_TOO_LOOSE), fakes=FAKES, can_measure=ONE_KIND
        ),
        "measure-above-range": KioskState(measurement=measured(None, doubt=MeasurementFault.ABOVE_RANGE)),
        "owner": KioskState(questions=(QUESTION,), fakes=FAKES),
        "talk-owner": KioskState(phase=TALKING, questions=(QUESTION,), fakes=FAKES),
        "talk-inflating": KioskState(phase=TALKING, measurement=inflating("142"), fakes=FAKES),
        "talk-doubt": KioskState(
            phase=TALKING, measurement=measured(doubt=MeasurementFault.IMPROPER_POSITION), fakes=FAKES
        ),
        "history-week": KioskState(history=history(Span.WEEK, 7), can_measure=ONE_KIND, fakes=FAKES),
        "history-week-one": KioskState(history=history(Span.WEEK, 1), can_measure=ONE_KIND),
        "history-month": KioskState(history=history(Span.MONTH, 30), can_measure=TWO_KINDS, fakes=FAKES),
        "history-month-three": KioskState(history=history(Span.MONTH, 3), can_measure=THREE_KINDS),
        "history-year": KioskState(history=history(Span.YEAR, 365), can_measure=ONE_KIND, fakes=FAKES),
        "history-year-one": KioskState(history=history(Span.YEAR, 1, band=None), can_measure=ONE_KIND),
        "history-empty": KioskState(history=history(Span.WEEK, 0), can_measure=TWO_KINDS, fakes=FAKES),
        "history-loading": KioskState(
            history=History(MeasurementKind.BLOOD_PRESSURE, Span.WEEK, 1.0), can_measure=ONE_KIND
        ),
        "history-failed": KioskState(
            history=History(MeasurementKind.BLOOD_PRESSURE, Span.WEEK, 1.0, failed=True), can_measure=TWO_KINDS
        ),
        "history-nothing-lately": KioskState(
            history=History(
                MeasurementKind.BLOOD_PRESSURE,
                Span.WEEK,
                1.0,
                Curve(
                    MeasurementKind.BLOOD_PRESSURE,
                    Span.WEEK,
                    Unit.MILLIMETRE_OF_MERCURY,
                    (),
                    Point(NOW - timedelta(days=60), Decimal(125), Decimal(80)),
                    NOW,
                ),
            ),
            can_measure=THREE_KINDS,
        ),
        "ring": KioskState(phase=RINGING, fakes=FAKES),
        "connecting": KioskState(phase=CONNECTING),
        "talk": KioskState(phase=TALKING, fakes=FAKES),
        "talk-recovering": KioskState(phase=RECOVERING, fakes=FAKES),
        "talk-recovering-long": KioskState(phase=LOST, fakes=FAKES),
        "talk-recovering-media": KioskState(phase=RECOVERING, faults=(Fault.MEDIA_RESTARTING,)),
        "talk-recovering-measuring": KioskState(phase=LOST, measurement=MEASURING, fakes=FAKES),
        "talk-weak": KioskState(phase=WEAK, fakes=FAKES),
        "talk-bad": KioskState(phase=BAD, fakes=FAKES),
        "talk-bad-measuring": KioskState(phase=BAD, measurement=MEASURING, fakes=FAKES),
        "talk-measuring": KioskState(phase=TALKING, measurement=MEASURING, fakes=FAKES),
        "talk-measured": KioskState(phase=TALKING, measurement=measured(), fakes=FAKES),
        "talk-decimals": KioskState(phase=TALKING, measurement=measured("16.7", "10.7", "64.5", Unit.KILOPASCAL)),
        "talk-delivered": KioskState(phase=RECOVERING, measurement=measured(delivery=Delivery.DELIVERED)),
    }
    for name, texting in every_text().items():
        states[f"talk-{name}"] = KioskState(phase=TALKING, texting=texting, fakes=FAKES)
    for name, writing in {
        "phrases": Writing(),
        "keyboard": Writing(keyboard=True),
        "group": Writing(keyboard=True, group=4),
    }.items():
        written = msgspec.structs.replace(every_text()["text"], writing=writing)
        states[f"write-{name}"] = KioskState(phase=TALKING, texting=written, fakes=FAKES)
    states["talk-text-measuring"] = KioskState(phase=TALKING, texting=texting, measurement=MEASURING, fakes=FAKES)
    states["talk-text-recovering"] = KioskState(phase=LOST, texting=every_text()["text"], fakes=FAKES)
    states["ended-text"] = KioskState(
        phase=Ended(KARI, CallOutcome.HUNG_UP_THERE, 1.0), texting=every_text()["text"], fakes=FAKES
    )
    for kind in MeasurementKind:
        kinds = (MeasurementKind.BLOOD_PRESSURE, kind)
        result = Measured("reading-1", reading_of(VALUES[kind]), Delivery.DELIVERED, 1.0)
        states[f"measure-{kind.value}"] = KioskState(measurement=Measuring(kind, 1.0), fakes=FAKES)
        states[f"talk-measure-{kind.value}"] = KioskState(phase=TALKING, measurement=Measuring(kind, 1.0), fakes=FAKES)
        states[f"measured-{kind.value}"] = KioskState(measurement=result, fakes=FAKES)
        states[f"talk-measured-{kind.value}"] = KioskState(phase=TALKING, measurement=result, fakes=FAKES)
        states[f"history-{kind.value}"] = KioskState(
            history=history(Span.WEEK, 5, kind, band=None), can_measure=kinds, fakes=FAKES
        )
    for fault in Fault:
        states[f"home-{fault.value}"] = KioskState(faults=(fault,), next_visit=VISIT, unsent=2, fakes=FAKES)
        states[f"home-{fault.value}-kinds"] = KioskState(
            faults=(fault,), next_visit=VISIT, unsent=2, fakes=FAKES, can_measure=TWO_KINDS
        )
    for failure in MeasurementFault:
        failed = NotMeasured(MeasurementKind.BLOOD_PRESSURE, failure, 1.0)
        states[f"talk-{failure.value}"] = KioskState(phase=TALKING, measurement=failed, fakes=FAKES)
        states[f"failed-{failure.value}"] = KioskState(measurement=failed, fakes=FAKES, can_measure=ONE_KIND)
    for news, failure in (
        (DeskNews.KEPT, MeasurementFault.LINK_LOST),
        (DeskNews.DELIVERED, MeasurementFault.PAIR_AGAIN),
    ):
        states[f"failed-desk-{news.value}"] = KioskState(
            measurement=NotMeasured(MeasurementKind.BLOOD_PRESSURE, failure, 1.0),
            fakes=FAKES,
            can_measure=ONE_KIND,
            troubles=(Trouble(MeasurementKind.BLOOD_PRESSURE, 2, desk=news),),
        )
    for question in Question:
        asked = Choosing(before=Profile(), chosen=Profile(), question=question)
        states[f"choose-{question.value}"] = KioskState(choosing=asked, can_measure=ONE_KIND, next_visit=VISIT)
    heard = Choosing(
        before=Profile(), chosen=Profile(), question=Question.RING_TONE, picks=(Pick.FIRST,), playing=Playing.SECOND
    )
    states["choose-ring-tone-heard"] = KioskState(choosing=heard)
    for outcome in CallOutcome:
        states[f"ended-{outcome.value}"] = KioskState(phase=Ended(KARI, outcome, 1.0), fakes=FAKES)
    states["ended-hung-up"] = KioskState(phase=Ended(KARI, CallOutcome.HUNG_UP_HERE, 1.0, back_to=TALKING), fakes=FAKES)
    states["calling"] = KioskState(phase=Connecting("1", KARI, 1.0, calling=True), fakes=FAKES)
    states["ended-undo"] = KioskState(phase=Ended(KARI, CallOutcome.DECLINED, 1.0, undo_to=RINGING), fakes=FAKES)
    return states
