"""Measurements: the nurse's, the patient's and nobody's, from the first word to the last."""

from __future__ import annotations

import pytest

from drivers.readings import Kind, Measurement, Reading, Unit
from kiosk.facts.calls import CallOutcome
from kiosk.facts.measurement import Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.spoken import Spoken, Utterance
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow import spoken_readings
from kiosk.flow.state import Ended, Idle, KioskState, Measured, Measuring, NotMeasured, Ringing, Talking
from tests.flow.readings import CUFF, RECEIVED, cuff_pressure, measurement, reading, weight
from tests.flow.test_transitions import CONSENTS, KARI, OLA, TALK, play

PRESSURE, WEIGHT = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.WEIGHT
HOME = KioskState(can_measure=(PRESSURE, WEIGHT), profile=CONSENTS)
ASK = on.MeasurementAsked("1", PRESSURE)


def said(effects: list[do.Effect]) -> list[Spoken]:
    """Everything that is said, in order."""

    def spoken(utterance: Utterance) -> list[Spoken]:
        return [utterance.spoken, *(word for one in utterance.then for word in spoken(one))]

    return [word for one in effects if isinstance(one, do.Say) for word in spoken(one.utterance)]


def test_a_measurement_from_asking_to_delivery() -> None:
    state, effects = play(*TALK, ASK)
    assert isinstance(state.measurement, Measuring)
    assert effects[-3:] == [
        do.TellNurse(do.TaskNews.ACCEPTED, kind=PRESSURE),
        do.Say(Utterance(Spoken.MEASURE_BLOOD_PRESSURE)),
        do.Measure(PRESSURE),
    ]
    state, effects = play(on.ReadingKept("r", reading()), state=state)
    assert isinstance(state.measurement, Measured) and state.measurement.delivery is Delivery.SAVED
    assert effects[0] == do.TellNurse(do.TaskNews.SAVED, reading_id="r", kind=PRESSURE)
    assert said(effects) == [Spoken.BLOOD_PRESSURE_IS, Spoken.PULSE_IS, Spoken.READING_SAVED]
    state, effects = play(on.ReadingDelivered("r"), state=state)
    assert isinstance(state.measurement, Measured) and state.measurement.delivery is Delivery.DELIVERED


def test_what_the_home_has_no_device_for_is_told_to_the_nurse_alone() -> None:
    talking, _ = play(*TALK, state=HOME)
    state, effects = play(on.MeasurementAsked("1", MeasurementKind.GLUCOSE), state=talking)
    assert state == talking
    assert effects == [do.TellNurse(do.TaskNews.FAILED, reason="device-not-found", kind=MeasurementKind.GLUCOSE)]


def test_a_second_request_while_the_patient_is_asked_whose_it_is() -> None:
    state, _ = play(*TALK, ASK, on.OwnerAsked("r", reading()))
    _, effects = play(ASK, state=state)
    assert effects == [
        do.TellNurse(do.TaskNews.ACCEPTED, kind=PRESSURE),
        do.TellNurse(do.TaskNews.WAITING, reason="owner-asked", kind=PRESSURE),
    ]


def test_a_second_request_while_measuring_opens_no_second_device() -> None:
    state, _ = play(*TALK, ASK)
    _, effects = play(ASK, state=state)
    assert effects == [do.TellNurse(do.TaskNews.ACCEPTED, kind=PRESSURE)]


def test_a_request_for_another_kind_takes_the_place_of_the_first() -> None:
    state, effects = play(*TALK, ASK, on.MeasurementAsked("1", WEIGHT))
    assert state.measurement == Measuring(WEIGHT, 0.0)
    assert effects[-5:] == [
        do.TellNurse(do.TaskNews.FAILED, reason="replaced", kind=PRESSURE),
        do.StopMeasuring(),
        do.TellNurse(do.TaskNews.ACCEPTED, kind=WEIGHT),
        do.Say(Utterance(Spoken.MEASURE_WEIGHT)),
        do.Measure(WEIGHT),
    ]


def test_only_care_may_ask() -> None:
    state, effects = play(on.CallArrived("1", OLA), *TALK[1:], ASK)
    assert state.measurement is None
    assert effects[-1] == do.TellNurse(do.TaskNews.REJECTED, kind=PRESSURE)


@pytest.mark.parametrize("fault", MeasurementFault)
def test_every_fault_is_told_to_both(fault: MeasurementFault) -> None:
    state, effects = play(*TALK, ASK, on.MeasurementFailed(fault))
    assert isinstance(state.measurement, NotMeasured) and state.measurement.fault is fault
    assert do.TellNurse(do.TaskNews.FAILED, reason=fault.value, kind=PRESSURE) in effects
    assert said(effects)[-1].value == fault.value


def test_a_reading_that_comes_after_the_call_is_still_shown_until_it_is_closed() -> None:
    state, _ = play(*TALK, ASK, on.HangUpPressed())
    state, effects = play(on.ReadingKept("r", reading()), state=state, at=1.0)
    assert isinstance(state.phase, Idle), "the card after the call makes way"
    assert isinstance(state.measurement, Measured)
    assert said(effects)
    assert play(on.Tick(), state=state, at=20 * 3600.0) == (state, [])
    assert play(on.CardClosed(), state=state, at=20 * 3600.0)[0].measurement is None


@pytest.mark.parametrize("kind", MeasurementKind)
def test_the_patient_begins_one_alone(kind: MeasurementKind) -> None:
    state, effects = play(on.MeasurePressed(kind), state=KioskState(can_measure=tuple(MeasurementKind)))
    assert state.measurement == Measuring(kind, 0.0)
    assert effects[1:] == [do.Measure(kind)]
    assert said(effects)[0].value == f"measure-{kind.value}"


@pytest.mark.parametrize(
    "state",
    [
        KioskState(),
        play(on.MeasurePressed(WEIGHT), state=HOME)[0],
        play(*TALK, state=HOME)[0],
        play(*TALK[:1], state=HOME)[0],
        play(on.OwnerAsked("r", reading()), state=HOME)[0],
    ],
    ids=["no such device", "measuring", "in a call", "it rings", "a question is asked"],
)
def test_a_press_where_there_is_no_such_button_does_nothing(state: KioskState) -> None:
    assert play(on.MeasurePressed(PRESSURE), state=state) == (state, [])


def test_stopping_is_no_failure() -> None:
    state, _ = play(on.MeasurePressed(PRESSURE), state=HOME)
    state, effects = play(on.StopPressed(), state=state)
    assert state.measurement is None
    assert do.StopMeasuring() in effects
    assert said(effects) == [Spoken.MEASURING_STOPPED]
    assert play(on.StopPressed(), state=state) == (state, [])
    state, effects = play(on.ReadingKept("r", reading()), state=state)
    assert isinstance(state.measurement, Measured), "what was measured all the same is shown"


def test_stopping_in_a_call_is_told_to_the_nurse() -> None:
    state, effects = play(*TALK, ASK, on.StopPressed())
    assert state.measurement is None
    assert do.TellNurse(do.TaskNews.FAILED, reason="stopped", kind=PRESSURE) in effects
    assert isinstance(state.phase, Talking)


def test_a_ring_covers_the_measurement_which_goes_on_and_its_result_comes() -> None:
    state, _ = play(on.MeasurePressed(PRESSURE), on.CallArrived("1", KARI), state=HOME)
    assert isinstance(state.phase, Ringing) and isinstance(state.measurement, Measuring)
    assert play(on.StopPressed(), state=state) == (state, [])
    state, effects = play(on.ReadingKept("r", reading()), state=state, at=1.0)
    assert isinstance(state.phase, Ringing) and not said(effects), "the ring is not interrupted"
    state, effects = play(on.Tick(), state=state, at=50.0)
    state, effects = play(on.AnswerPressed(), on.PeerSeenOrHeard("1"), state=state, at=55.0)
    assert isinstance(state.phase, Talking) and isinstance(state.measurement, Measured)
    assert said(effects)[0] is Spoken.BLOOD_PRESSURE_IS, "told as soon as it is seen"


def test_a_result_that_came_while_it_rang_is_told_after_a_declined_call() -> None:
    state, _ = play(on.MeasurePressed(PRESSURE), on.CallArrived("1", KARI), state=HOME)
    state, effects = play(on.ReadingKept("r", reading()), on.DeclinePressed(), state=state)
    assert isinstance(state.phase, Ended) and said(effects) == [Spoken.CALL_DECLINED]
    state, effects = play(on.CardClosed(), state=state, at=3.0)
    assert isinstance(state.phase, Idle) and isinstance(state.measurement, Measured)
    assert said(effects)[0] is Spoken.BLOOD_PRESSURE_IS


def test_a_result_seen_in_the_call_goes_with_it() -> None:
    state, _ = play(*TALK, ASK, on.ReadingKept("r", reading()), on.CallOver("1", CallOutcome.HUNG_UP_THERE))
    assert state.measurement is None


def test_a_reading_that_nobody_asked_for_wakes_the_screen_and_is_told() -> None:
    state, effects = play(on.ReadingKept("r", weight()), state=HOME)
    assert isinstance(state.measurement, Measured)
    assert do.WakeScreen() in effects
    assert said(effects) == [Spoken.WEIGHT_IS, Spoken.READING_SAVED]
    assert play(on.CardClosed(), state=state, at=0.4)[0] == state, "meant for what stood there before"
    assert play(on.CardClosed(), state=state, at=0.6)[0].measurement is None


def test_a_measurement_that_nobody_asked_for_and_that_failed() -> None:
    state, effects = play(on.MeasurementFailed(MeasurementFault.BODY_MOVED, PRESSURE), state=HOME)
    assert state.measurement == NotMeasured(PRESSURE, MeasurementFault.BODY_MOVED, 0.0)
    assert said(effects) == [Spoken.BODY_MOVED]
    state, effects = play(on.MeasurePressed(PRESSURE), state=state)
    assert isinstance(state.measurement, Measuring), "«Prøv igjen»"


def test_the_end_of_a_measurement_that_nobody_waits_for_is_silent() -> None:
    assert play(on.MeasurementFailed(MeasurementFault.DEVICE_NOT_FOUND), state=HOME) == (HOME, [])


def test_another_kind_than_the_awaited_is_shown_and_the_waiting_goes_on() -> None:
    state, _ = play(*TALK, ASK)
    state, effects = play(on.ReadingKept("w", weight()), state=state, at=1.0)
    assert do.TellNurse(do.TaskNews.SAVED, reading_id="w", kind=WEIGHT) in effects
    assert isinstance(state.measurement, Measured)
    assert play(on.Tick(), state=state, at=600.0)[0].measurement == state.measurement
    again, _ = play(on.CardClosed(), state=state, at=600.0)
    assert again.measurement == Measuring(PRESSURE, 0.0)
    closed, _ = play(on.HangUpPressed(), state=state, at=2.0)
    assert closed.measurement == Measuring(PRESSURE, 0.0)
    state, effects = play(on.ReadingKept("r", reading()), state=state, at=5.0)
    assert isinstance(state.measurement, Measured) and state.measurement.resume is None


def test_a_doubtful_reading_is_shown_with_advice_and_sent_all_the_same() -> None:
    state, effects = play(*TALK, ASK, on.ReadingKept("r", reading(), MeasurementFault.CUFF_TOO_LOOSE))
    assert isinstance(state.measurement, Measured) and state.measurement.doubt is MeasurementFault.CUFF_TOO_LOOSE
    assert said(effects)[-3:] == [Spoken.BLOOD_PRESSURE_IS, Spoken.PULSE_IS, Spoken.CUFF_TOO_LOOSE]
    assert do.TellNurse(do.TaskNews.SAVED, reading_id="r", kind=PRESSURE) in effects


def test_a_reading_without_a_number_says_what_is_to_be_said() -> None:
    value = measurement(Kind.GLUCOSE)
    assert spoken_readings.result(value, MeasurementFault.ABOVE_RANGE, aloud=True) == Utterance(Spoken.ABOVE_RANGE)
    assert spoken_readings.result(value, None, aloud=True) == Utterance(Spoken.NO_VALUE)


def test_what_is_no_result_by_itself_is_not_shown() -> None:
    other = Reading(measurement(Kind.URIC_ACID, uric_acid=("5", Unit.MILLIGRAM_PER_DECILITRE)), CUFF, RECEIVED)
    assert play(on.ReadingKept("u", other), on.OwnerAsked("u", other), state=HOME) == (HOME, [])


def test_progress_is_shown_while_somebody_waits_for_that_kind() -> None:
    filling = on.MeasurementProgress(cuff_pressure("142"))
    assert play(filling, state=HOME) == (HOME, [])
    state, _ = play(on.MeasurePressed(WEIGHT), state=HOME)
    assert play(filling, state=state) == (state, [])
    state, _ = play(on.MeasurePressed(PRESSURE), state=HOME)
    state, effects = play(filling, state=state)
    assert effects == [] and isinstance(state.measurement, Measuring)
    assert state.measurement.progress == cuff_pressure("142")


def test_old_readings_are_counted_on_a_line_until_something_is_begun() -> None:
    state, effects = play(on.OldReadingsKept(2), on.OldReadingsKept(0), on.OldReadingsKept(1), state=HOME)
    assert state.old_readings is not None and state.old_readings.count == 3
    assert state.measurement is None and said(effects) == [Spoken.SHOWN], "never as just measured"
    assert play(on.Tick(), state=state, at=20 * 3600.0) == (state, [])
    assert play(on.MeasurePressed(PRESSURE), state=state)[0].old_readings is None
    assert play(on.CallArrived("1", KARI), state=state)[0].old_readings is None


def test_what_the_home_can_measure_has_one_order() -> None:
    state, _ = play(on.CanMeasure((WEIGHT, PRESSURE)))
    assert state.can_measure == (PRESSURE, WEIGHT)


@pytest.mark.parametrize(
    ("value", "spoken", "fields"),
    [
        (reading().value, Spoken.BLOOD_PRESSURE_IS, {"value": "125", "second": "80"}),
        (measurement(Kind.WEIGHT, weight=("159.60", Unit.POUND)), Spoken.WEIGHT_IS, {"value": "72,4"}),
        (
            measurement(Kind.TEMPERATURE, temperature=("98.2", Unit.FAHRENHEIT)),
            Spoken.TEMPERATURE_IS,
            {"value": "36,8"},
        ),
        (measurement(Kind.GLUCOSE, glucose=("97", Unit.MILLIGRAM_PER_DECILITRE)), Spoken.GLUCOSE_IS, {"value": "5,4"}),
        (measurement(Kind.PULSE_OXIMETRY, spo2=("97", Unit.PERCENT)), Spoken.PULSE_OXIMETRY_IS, {"value": "97"}),
    ],
)
def test_a_result_is_said_in_the_units_of_this_country(
    value: Measurement, spoken: Spoken, fields: dict[str, str]
) -> None:
    utterance = spoken_readings.result(value, None, aloud=True)
    assert (utterance.spoken, dict(utterance.fields)) == (spoken, fields)
