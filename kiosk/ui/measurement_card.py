"""What is shown of a measurement: what to do, how far it has come, what it gave, or why it gave nothing. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from drivers.readings import Kind, Measurement, QuantityName
from kiosk.facts.measurement import NO_REPEAT, SHOWN_AS, Delivery, DeskNews, MeasurementFault, MeasurementKind
from kiosk.facts.shown import Shown, for_people, number, shown
from kiosk.flow.state import Measured, MeasurementStage, Measuring, NotMeasured, OwnerQuestion
from kiosk.ui.texts import ScreenTexts
from kiosk.ui.wording import when


class MeasurementCard(msgspec.Struct, frozen=True):
    """The panel of a measurement. Empty text means: not shown.

    ``steps``: what to do. ``value`` with ``unit`` and ``pulse``: a result, or while ``provisional`` what the device
    shows. ``bar``: how far the cuff is filled, 0 to 1 (``bar_name``). ``sentence`` and ``action``: what went wrong, or
    what speaks against the value. ``mark``: saved, sent (``arrived``). ``picture``: the drawing's name, with the steps
    only.
    """

    kind: MeasurementKind
    title: str
    steps: tuple[str, ...] = ()
    picture: str = ""
    picture_name: str = ""
    value: str = ""
    unit: str = ""
    pulse: str = ""
    provisional: bool = False
    bar: float | None = None
    bar_name: str = ""
    sentence: str = ""
    action: str = ""
    mark: str = ""
    arrived: bool = False
    can_stop: bool = False
    can_close: bool = False
    can_repeat: bool = False


class OwnerCard(msgspec.Struct, frozen=True):
    """Whose reading is it: the question, the value, when it came."""

    reading_id: str
    question: str
    title: str
    value: str
    when: str


FULL_CUFF = Decimal(200)
"""mmHg at which the bar is full; a cuff that goes on pumping keeps it full."""

_NOT_BELOW, _NOT_ABOVE = Decimal(0), Decimal(999)


def value_text(numbers: Shown, texts: ScreenTexts) -> str:
    """125 over 80, 97 %, 72,4 kg."""
    mark = texts.decimal_mark
    second = "" if numbers.second is None else number(numbers.second, mark)
    return texts.measuring[numbers.kind].value.format(value=number(numbers.value, mark), second=second)


def measurement_card(
    stage: MeasurementStage,
    texts: ScreenTexts,
    *,
    at_home: bool,
    can_measure: tuple[MeasurementKind, ...],
    desk: DeskNews | None = None,
) -> MeasurementCard:
    """The card of a stage; a result stays until it is closed. It is repeated only at home, where no nurse leads.

    ``desk``: what the desk knows of this kind's failing; then nothing else is asked of the patient.
    """
    match stage:
        case Measuring():
            return _measuring(stage, texts)
        case NotMeasured():
            fault: MeasurementFault | None = stage.fault
            card = _failed(stage.kind, stage.fault, texts)
            if desk is not None:
                card = msgspec.structs.replace(card, action=texts.desk_news(desk))
        case Measured():
            fault = stage.doubt
            card = _measured(stage, texts)
    repeats = at_home and fault is not None and fault not in NO_REPEAT and card.kind in can_measure
    repeats = repeats and stage.resume is None
    return msgspec.structs.replace(card, can_close=True, can_repeat=repeats)


def owner_card(question: OwnerQuestion, now: datetime, texts: ScreenTexts) -> OwnerCard:
    """The question about a reading."""
    value = question.reading.value
    guidance = texts.measuring[SHOWN_AS.get(value.kind, MeasurementKind.BLOOD_PRESSURE)]
    numbers = shown(value)
    return OwnerCard(
        reading_id=question.reading_id,
        question=texts.owner_question,
        title=guidance.result,
        value="" if numbers is None else value_text(numbers, texts),
        when=when(question.reading.received, now, texts),
    )


def _measuring(stage: Measuring, texts: ScreenTexts) -> MeasurementCard:
    guidance = texts.measuring[stage.kind]
    shown_now = None if stage.progress is None else _progress(stage.kind, stage.progress, texts)
    if shown_now is not None:
        return shown_now
    return MeasurementCard(
        kind=stage.kind,
        title=guidance.title,
        steps=guidance.steps,
        picture=stage.kind.value,
        picture_name=guidance.picture,
        can_stop=True,
    )


def _progress(kind: MeasurementKind, measurement: Measurement, texts: ScreenTexts) -> MeasurementCard | None:
    """The cuff fills, or a value that is not final; None when the device shows nothing yet."""
    guidance = texts.measuring[kind]
    if measurement.kind is Kind.CUFF_PRESSURE:
        quantity = measurement.quantities.get(QuantityName.CUFF_PRESSURE)
        if quantity is None or quantity.value is None or not quantity.value.is_finite():
            return None
        pressure, _ = for_people(min(max(quantity.value, _NOT_BELOW), _NOT_ABOVE), quantity.unit)
        return MeasurementCard(
            kind=kind,
            title=guidance.title,
            steps=(texts.inflating, texts.keep_still),
            value=number(pressure, texts.decimal_mark),
            provisional=True,
            bar=float(min(Decimal(1), pressure / FULL_CUFF)),
            bar_name=texts.cuff_pressure,
            can_stop=True,
        )
    numbers = shown(measurement)
    if numbers is None:
        return None
    return MeasurementCard(
        kind=kind,
        title=texts.measures,
        steps=(texts.not_final,),
        value=value_text(numbers, texts),
        provisional=True,
        can_stop=True,
    )


def _measured(stage: Measured, texts: ScreenTexts) -> MeasurementCard:
    value = stage.reading.value
    kind = SHOWN_AS.get(value.kind, MeasurementKind.BLOOD_PRESSURE)
    guidance = texts.measuring[kind]
    numbers = shown(value)
    if numbers is None:
        nothing = _failed(kind, stage.doubt or MeasurementFault.NO_VALUE, texts)
        return msgspec.structs.replace(nothing, title=guidance.result)
    notice = None if stage.doubt is None else texts.not_measured[stage.doubt]
    return MeasurementCard(
        kind=kind,
        title=guidance.result,
        value=value_text(numbers, texts),
        unit=guidance.unit,
        pulse="" if numbers.pulse is None else texts.pulse.format(pulse=number(numbers.pulse, texts.decimal_mark)),
        sentence="" if notice is None else notice.sentence,
        action="" if notice is None else notice.action,
        mark={Delivery.SAVED: texts.saved, Delivery.DELIVERED: texts.delivered, Delivery.HELD: texts.held}[
            stage.delivery
        ],
        arrived=stage.delivery is Delivery.DELIVERED,
    )


def _failed(kind: MeasurementKind, fault: MeasurementFault, texts: ScreenTexts) -> MeasurementCard:
    notice = texts.not_measured[fault]
    title = texts.measuring[kind].title
    return MeasurementCard(kind=kind, title=title, sentence=notice.sentence, action=notice.action)
