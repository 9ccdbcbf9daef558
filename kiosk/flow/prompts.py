"""What every screen says: all that stands on it, in the order in which it is read, and what can be pressed. Pure.

Nothing on a screen is for the eye alone (EN 301 549 5.1.3): a new page or card gets its prompt here, and a check over
the registry of all screens looks whether its words are in it (kiosk/accessbench/voice_checks.py).
"""

from __future__ import annotations

from datetime import datetime

from drivers.readings import Kind, QuantityName
from kiosk.facts.caller import Caller
from kiosk.facts.choosing import Choosing, Question
from kiosk.facts.faults import FakePart, Fault
from kiosk.facts.line_quality import LineVerdict
from kiosk.facts.measurement import NO_REPEAT, SHOWN_AS, Delivery, MeasurementFault, MeasurementKind
from kiosk.facts.moment import Moment
from kiosk.facts.shown import for_people, number
from kiosk.facts.shown import shown as numbers_of
from kiosk.facts.spoken import Spoken, Utterance, chain, shown
from kiosk.facts.visit import Visit
from kiosk.flow import choosing, spoken_readings, telling_desk
from kiosk.flow.state import (
    Connecting,
    Ended,
    History,
    Idle,
    KioskState,
    Measured,
    MeasurementStage,
    Measuring,
    NotMeasured,
    OwnerQuestion,
    Ringing,
    Talking,
    Texting,
    Writing,
    writing_of,
)
from kiosk.flow.written import lanes

OFFERED_KINDS = 3
"""So many kinds have a button on the home page (kiosk/ui/presentation.py)."""

READY_PHRASES = 9
"""So many stand in every phrase file (tests/speech/test_languages.py)."""

_LANE_ON_SCREEN = 120
"""Characters of a lane that are told with the screen: about what stands there."""

Parts = list[Utterance]


def prompt(state: KioskState, now: Moment) -> Utterance:
    """All that the screen of ``state`` tells at ``now``, for the ear."""
    choices: list[str] = []
    match state.phase:
        case Ringing(caller=caller):
            parts = [rings(caller)]
            choices = ["answer", "decline"]
        case Connecting() as phase:
            parts = connecting(phase)
            choices = ["hang_up"]
        case Talking() as talking:
            parts = [_with_name(Spoken.TALKING_WITH, talking.caller.name), *_line(talking, state)]
            if state.questions:
                parts += _question(state.questions[0], state, now)
                choices = ["mine", "not_mine"]
            elif state.measurement is not None:
                card, choices = _measurement(state.measurement, state, at_home=False)
                parts += card
            if state.texting is not None:
                # Also beside a task.
                parts += lanes(state.texting, _LANE_ON_SCREEN)
            if state.texting is not None and not state.questions and state.measurement is None:
                card, choices = _writing(state.texting, writing_of(state), talking)
                parts += card
            if writing_of(state) is None:
                choices = [*choices, "hang_up"]
        case Ended(caller=caller, outcome=outcome) as ended:
            parts = [_with_name(Spoken(f"call-{outcome.value}"), caller.name)]
            choices = ["close"] if state.texting is None else ["texting.read_aloud", "close"]
            if ended.can_undo:
                choices = ["undo", *choices]
        case Idle():
            parts, choices = _between_calls(state, now)
    return _joined([*parts, *_choices(choices), *_fakes(state.fakes)])


def arrival(state: KioskState, now: Moment) -> Utterance:
    """The same in short, for a screen that a press has brought: without what can be pressed, and without the date."""
    if isinstance(state.phase, Idle) and not state.questions and state.measurement is None and state.history is None:
        return _joined([*_status(state), *_visit(state.next_visit, now.wall)])
    match state.phase:
        case Idle() if state.measurement is not None and not state.questions:
            return _joined(_measurement(state.measurement, state, at_home=True)[0])
        case _:
            return prompt(state, now)


def screen_of(state: KioskState) -> str:
    """A name for what is looked at, the same as long as it is the same screen about the same thing."""
    phase = state.phase
    call = phase.call_id if isinstance(phase, Ringing | Connecting | Talking) else ""
    name = f"{type(phase).__name__} {call}"
    if state.questions:
        return f"{name} whose {state.questions[0].reading_id}"
    match state.measurement:
        case Measuring(kind=kind):
            return f"{name} measuring {kind.value}"
        case Measured(reading_id=reading_id):
            return f"{name} measured {reading_id}"
        case NotMeasured(kind=kind, fault=fault, since=since):
            return f"{name} not measured {kind.value} {fault.value} {since}"
        case None:
            pass
    if isinstance(phase, Talking) and (writing := writing_of(state)) is not None:
        return f"{name} writing {writing}"
    if state.choosing is not None:
        return f"{name} choosing {state.choosing.question.value} {len(state.choosing.picks)}"
    if state.history is not None:
        return f"{name} history {state.history.kind.value} {state.history.span.value}"
    return name


# -- calls -----------------------------------------------------------------------------------------------------------


def rings(caller: Caller) -> Utterance:
    """Who rings."""
    if not caller.role:
        return _with_name(Spoken.CALLER_WITHOUT_ROLE_RINGS, caller.name)
    return Utterance(Spoken.CALLER_RINGS, (("name", caller.name), ("role", caller.role)))


def connecting(phase: Connecting) -> Parts:
    """It has been answered, and takes its time; or we call."""
    if phase.calling:
        return [_with_name(Spoken.CALLING_BACK, phase.caller.name)]
    return [_with_name(Spoken.ANSWERED, phase.caller.name), shown("connecting")]


def _line(talking: Talking, state: KioskState) -> Parts:
    if talking.recovering:
        if Fault.MEDIA_RESTARTING in state.faults:
            return [Utterance(Spoken.RECOVERING)]
        return [shown("line_lost") if talking.given_time else Utterance(Spoken.LINE_WEAK)]
    match talking.verdict:
        case LineVerdict.GOOD:
            return []
        case LineVerdict.WEAK:
            return [shown("line_weak")]
        case LineVerdict.BAD:
            return [shown("line_bad")]


def _writing(texting: Texting, writing: Writing | None, talking: Talking) -> tuple[Parts, list[str]]:
    """What can be written. Captions are not told: they are what is being said, for those who do not hear it."""
    if writing is None:
        return [], ["texting.write"] if texting.readable and not talking.recovering else []
    name = texting.name.split(" ")[0]
    if writing.keyboard:
        return [_with_name(Spoken.WRITE_TO, name), Utterance(Spoken.WRITE_LETTERS)], ["texting.done"]
    phrases = [f"texting.phrases.{place}" for place in range(READY_PHRASES)]
    return [_with_name(Spoken.WRITE_TO, name)], [*phrases, "texting.keyboard", "texting.done"]


# -- between calls ---------------------------------------------------------------------------------------------------


def _between_calls(state: KioskState, now: Moment) -> tuple[Parts, list[str]]:
    if state.questions:
        return _question(state.questions[0], state, now), ["mine", "not_mine"]
    if state.measurement is not None:
        return _measurement(state.measurement, state, at_home=True)
    if state.choosing is not None:
        return _choosing(state.choosing)
    if state.history is not None:
        return _history(state.history, state, now)
    wall = now.wall
    words = (("weekday", f"weekdays.{wall.weekday()}"), ("daypart", f"dayparts.{_daypart(wall.hour)}"), ("text", "day"))
    month = (("month", f"months.{wall.month - 1}"), ("text", "date"))
    parts = [
        Utterance(Spoken.SHOWN, words=words),
        Utterance(Spoken.SHOWN, (("day", str(wall.day)), ("year", str(wall.year))), words=month),
        Utterance(Spoken.CLOCK_IS, _time(wall)),
        *_visit(state.next_visit, wall),
        *_status(state),
    ]
    kinds = [kind for kind in MeasurementKind if kind in state.can_measure]
    choices = [f"measuring.{kind.value}.title" for kind in kinds[:OFFERED_KINDS]]
    return parts, [*choices, "my_readings"] if choices else []


def _choosing(chosen: Choosing) -> tuple[Parts, list[str]]:
    question = chosen.question
    parts = [shown(f"choosing.questions.{question.value}")]
    if question is Question.SIZE:
        parts.append(shown("choosing.sample"))
    if question is Question.LANGUAGE:
        return parts, [f"choosing.languages.{place}" for place in range(len(choosing.LANGUAGES))]
    answers = {
        Question.SIZE: ["yes", "larger"],
        Question.VOLUME: ["yes", "louder"],
        Question.STEADINESS: ["skip"],
        Question.READINGS_ALOUD: ["yes", "no"],
        Question.READY: ["done"],
    }.get(question, ["first", "second"])
    return parts, [*(f"choosing.{answer}" for answer in answers), "back"]


def _status(state: KioskState) -> Parts:
    parts = [shown(f"faults.{fault.value}") for fault in state.faults]
    if state.old_readings is not None:
        parts.append(old_readings(state.old_readings.count))
    if not parts:
        parts.append(shown("all_well"))
    if state.unsent > 0:
        parts.append(shown("unsent_one") if state.unsent == 1 else shown("unsent_many", count=str(state.unsent)))
    return parts


def old_readings(count: int) -> Utterance:
    """So many came out of a device's memory."""
    return shown("old_readings_one") if count == 1 else shown("old_readings_many", count=str(count))


def _visit(visit: Visit | None, now: datetime) -> Parts:
    if visit is None:
        return []
    start = visit.start.astimezone(now.tzinfo)
    days = (start.date() - now.date()).days
    if days < 0:
        return []
    name = "visit_today" if days == 0 else "visit_tomorrow" if days == 1 else "visit_this_week"
    words = (
        ("weekday", f"weekdays_inside.{start.weekday()}"),
        ("month", f"months.{start.month - 1}"),
        ("text", name if days < 7 else "visit_later"),
    )
    when = Utterance(Spoken.SHOWN, (*_time(start), ("day", str(start.day))), words=words)
    if not visit.role:
        return [when, _with_name(Spoken.NAME, visit.name)]
    who = (("name", visit.name), ("role", visit.role))
    return [when, Utterance(Spoken.SHOWN, who, words=(("text", "visit_who"),))]


# -- measurements ----------------------------------------------------------------------------------------------------


def _measurement(stage: MeasurementStage, state: KioskState, *, at_home: bool) -> tuple[Parts, list[str]]:
    if isinstance(stage, Measuring):
        return _waits(stage), ["stop"]
    fault: MeasurementFault | None
    if isinstance(stage, NotMeasured):
        kind, fault = stage.kind, stage.fault
        parts = [shown(f"measuring.{kind.value}.title"), telling_desk.words(state, stage)]
    else:
        kind = SHOWN_AS.get(stage.reading.value.kind, MeasurementKind.BLOOD_PRESSURE)
        fault = stage.doubt
        told = spoken_readings.result(stage.reading.value, fault, aloud=state.aloud)
        parts = [shown(f"measuring.{kind.value}.result"), told, *_delivery(stage)]
    if not at_home:
        return parts, []
    repeats = fault is not None and fault not in NO_REPEAT and kind in state.can_measure and stage.resume is None
    return parts, ["again", "close"] if repeats else ["close"]


def _waits(stage: Measuring) -> Parts:
    progress = stage.progress
    if progress is not None and progress.kind is Kind.CUFF_PRESSURE:
        pressure = progress.quantities.get(QuantityName.CUFF_PRESSURE)
        if pressure is not None and pressure.value is not None and pressure.value.is_finite():
            return [shown(f"measuring.{stage.kind.value}.title"), shown("inflating"), shown("keep_still")]
    elif progress is not None and numbers_of(progress) is not None:
        # The number that comes and goes is not read out: it is not final.
        return [shown("measures"), shown("not_final")]
    return [Utterance(spoken_readings.GUIDANCE[stage.kind])]


def _delivery(stage: Measured) -> Parts:
    if numbers_of(stage.reading.value) is None:
        return []
    match stage.delivery:
        case Delivery.SAVED:
            return [] if stage.doubt is None else [Utterance(Spoken.READING_SAVED)]
        case Delivery.DELIVERED:
            return [Utterance(Spoken.READING_SENT)]
        case Delivery.HELD:
            return [Utterance(Spoken.READING_HELD)]


def _question(question: OwnerQuestion, state: KioskState, now: Moment) -> Parts:
    kind = SHOWN_AS.get(question.reading.value.kind, MeasurementKind.BLOOD_PRESSURE)
    return [
        shown(f"measuring.{kind.value}.result"),
        _when(question.reading.received, now),
        spoken_readings.question(question.reading.value, aloud=state.aloud),
    ]


# -- one's own readings ----------------------------------------------------------------------------------------------


def _history(history: History, state: KioskState, now: Moment) -> tuple[Parts, list[str]]:
    kind, span, curve = history.kind.value, history.span.value, history.curve
    parts = [shown(f"measuring.{kind}.result")]
    if history.failed:
        parts.append(Utterance(Spoken.HISTORY_FAILED))
    elif curve is None:
        parts.append(shown("loading"))
    else:
        parts.append(spoken_readings.latest(curve, aloud=state.aloud))
        if curve.latest is not None:
            parts.append(_when(curve.latest.at, now))
            if not curve.points:
                parts.append(shown(f"history.spans.{span}.empty"))
            elif state.aloud:
                values = [for_people(point.value, curve.unit)[0] for point in curve.points]
                words = (
                    ("result", f"measuring.{kind}.result"),
                    ("span", f"history.spans.{span}.name"),
                    ("text", "history.curve"),
                )
                fields = (("low", number(min(values))), ("high", number(max(values))))
                parts.append(Utterance(Spoken.SHOWN, fields, words=words))
    choices = [f"history.spans.{one}.button" for one in ("week", "month", "year")]
    if len(state.can_measure) > 1:
        place = state.can_measure.index(history.kind) if history.kind in state.can_measure else -1
        choices.append(f"measuring.{state.can_measure[(place + 1) % len(state.can_measure)].value}.show")
    return parts, [*choices, "back"]


# -- the rest --------------------------------------------------------------------------------------------------------


def _joined(parts: Parts) -> Utterance:
    return chain(parts[0], *parts[1:])


def _choices(names: list[str]) -> Parts:
    """What can be pressed, by the words on the buttons."""
    match names:
        case []:
            return []
        case [only]:
            return [Utterance(Spoken.CHOICE, words=(("first", only),))]
        case [first, last]:
            return [Utterance(Spoken.CHOICE_OF_TWO, words=(("first", first), ("last", last)))]
        case _:
            return [Utterance(Spoken.CHOICES), *(shown(name) for name in names)]


def _fakes(fakes: tuple[FakePart, ...]) -> Parts:
    parts = [part for part in fakes if part is not FakePart.CUFF or FakePart.DEVICE not in fakes]
    if not parts:
        return []
    words = [("text", "fakes.long"), ("part", f"fakes.{parts[0].value}")]
    if len(parts) > 1:
        words.append(("last_part", f"fakes.{parts[-1].value}"))
    return [Utterance(Spoken.SHOWN, words=tuple(words))]


def _with_name(spoken: Spoken, name: str) -> Utterance:
    return Utterance(spoken, (("name", name),))


def _time(when: datetime) -> tuple[tuple[str, str], ...]:
    return (("hour", str(when.hour)), ("minute", str(when.minute)))


def _when(at: datetime, now: Moment) -> Utterance:
    """Today and yesterday with the time, older ones by their day."""
    at = at.astimezone(now.wall.tzinfo)
    days = (now.wall.date() - at.date()).days
    words = (("month", f"months.{at.month - 1}"), ("text", {0: "today", 1: "yesterday"}.get(days, "on_day")))
    return Utterance(Spoken.SHOWN, (*_time(at), ("day", str(at.day))), words=words)


def _daypart(hour: int) -> str:
    for first_hour, name in ((18, "evening"), (12, "afternoon"), (9, "forenoon"), (6, "morning")):
        if hour >= first_hour:
            return name
    return "night"
