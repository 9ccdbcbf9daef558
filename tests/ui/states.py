"""States to show: one of every kind, with invented people."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from drivers.readings import BloodPressure, DeviceIdentity, Quantity, Reading, SpecialValue, Unit
from kiosk.facts.caller import Caller, CallerClass
from kiosk.facts.calls import CallOutcome
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.measurement import Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.visit import Visit
from kiosk.flow.state import Connecting, Ended, KioskState, Measured, Measuring, NotMeasured, Ringing, Talking

KARI = Caller("sip:kari@example.org", "Kari Nordmann", "sykepleier", CallerClass.CARE)
NOW = datetime(2026, 11, 21, 9, 41, tzinfo=UTC)
FAKES = (FakePart.CAMERA, FakePart.CUFF)
VISIT = Visit(datetime(2026, 11, 22, 10, 30, tzinfo=UTC), "Kari Nordmann", "sykepleier")


def quantity(value: str | None, unit: Unit = Unit.MILLIMETRE_OF_MERCURY) -> Quantity:
    if value is None:
        return Quantity(None, unit, SpecialValue.NOT_A_NUMBER)
    return Quantity(Decimal(value), unit)


def measured(
    systolic: str | None = "125",
    diastolic: str | None = "80",
    pulse: str | None = "64",
    unit: Unit = Unit.MILLIMETRE_OF_MERCURY,
    delivery: Delivery = Delivery.SAVED,
) -> Measured:
    value = BloodPressure(
        systolic=quantity(systolic, unit),
        diastolic=quantity(diastolic, unit),
        mean_arterial=quantity("95", unit),
        pulse_rate=None if pulse is None else quantity(pulse, Unit.PER_MINUTE),
        device_time=None,
        user=None,
        status=(),
        unknown_bits=0,
        raw=b"",
    )
    device = DeviceIdentity("UA-651BLE", "A&D", "00:11:22:33:44:55", fake=True)
    return Measured("reading-1", Reading(value, device, NOW), delivery, 1.0)


RINGING = Ringing("call-1", KARI, 1.0)
CONNECTING = Connecting("call-1", KARI, 1.0)
TALKING = Talking("call-1", KARI, 1.0)
RECOVERING = Talking("call-1", KARI, 1.0, recovering_since=2.0)
MEASURING = Measuring(MeasurementKind.BLOOD_PRESSURE, 1.0)


def every_state() -> dict[str, KioskState]:
    """A name and a state for everything that can be on the screen."""
    states = {
        "home": KioskState(next_visit=VISIT, unsent=1),
        "home-bare": KioskState(),
        "home-full": KioskState(next_visit=VISIT, fakes=FAKES, faults=(Fault.CALL_SERVER_UNREACHABLE,), unsent=12),
        "home-measured": KioskState(measurement=measured(), fakes=FAKES),
        "ring": KioskState(phase=RINGING, fakes=FAKES),
        "connecting": KioskState(phase=CONNECTING),
        "talk": KioskState(phase=TALKING, fakes=FAKES),
        "talk-recovering": KioskState(phase=RECOVERING, fakes=FAKES),
        "talk-measuring": KioskState(phase=TALKING, measurement=MEASURING, fakes=FAKES),
        "talk-measured": KioskState(phase=TALKING, measurement=measured(), fakes=FAKES),
        "talk-decimals": KioskState(phase=TALKING, measurement=measured("16.7", "10.7", "64.5", Unit.KILOPASCAL)),
        "talk-delivered": KioskState(phase=RECOVERING, measurement=measured(delivery=Delivery.DELIVERED)),
    }
    for fault in Fault:
        states[f"home-{fault.value}"] = KioskState(faults=(fault,), next_visit=VISIT, unsent=2, fakes=FAKES)
    for failure in MeasurementFault:
        failed = NotMeasured(MeasurementKind.BLOOD_PRESSURE, failure, 1.0)
        states[f"talk-{failure.value}"] = KioskState(phase=TALKING, measurement=failed, fakes=FAKES)
    for outcome in CallOutcome:
        states[f"ended-{outcome.value}"] = KioskState(phase=Ended(KARI, outcome, 1.0), fakes=FAKES)
    return states
