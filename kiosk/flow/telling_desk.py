"""«Jeg sier fra til hjemmetjenesten»: what fails again and again at home is told to the care desk, once. Pure.

Nothing says so before the message is durable, and nothing says that the desk knows before the server has it. In a call
the nurse is there and sees it.
"""

from __future__ import annotations

import msgspec

from kiosk.facts.measurement import NO_REPEAT, NOT_THE_DESKS, DeskNews, MeasurementFault, MeasurementKind
from kiosk.facts.spoken import Spoken, Utterance, chain, shown
from kiosk.flow import effects as do
from kiosk.flow.state import KioskState, NotMeasured, Talking, Trouble

TOLD_AFTER = 2
"""So many times in a row; at once where another try mends nothing."""


Step = tuple[KioskState, tuple[do.Effect, ...]]


def failed(state: KioskState, kind: MeasurementKind, fault: MeasurementFault) -> Step:
    """It has given nothing once more."""
    if isinstance(state.phase, Talking) or fault in NOT_THE_DESKS:
        return state, ()
    trouble = next((one for one in state.troubles if one.kind is kind), Trouble(kind, 0))
    trouble = msgspec.structs.replace(trouble, times=trouble.times + 1)
    tells = not trouble.telling and trouble.desk is None and (fault in NO_REPEAT or trouble.times >= TOLD_AFTER)
    if tells:
        trouble = msgspec.structs.replace(trouble, telling=True)
    state = _with(state, trouble)
    return state, (do.TellDesk(kind, fault, trouble.times),) if tells else ()


def works(state: KioskState, kind: MeasurementKind) -> KioskState:
    """It has given something: what failed before is over, and a new failing is told anew."""
    return msgspec.structs.replace(state, troubles=tuple(one for one in state.troubles if one.kind is not kind))


def news(state: KioskState, kind: MeasurementKind, news: DeskNews) -> KioskState:
    """What has become of the message. What could not be kept is tried with the next failure."""
    trouble = next((one for one in state.troubles if one.kind is kind), None)
    if trouble is None:
        return state
    known = None if news is DeskNews.NOT_KEPT else news
    return _with(state, msgspec.structs.replace(trouble, telling=False, desk=known))


def waits(state: KioskState, kind: MeasurementKind) -> bool:
    """Whether it is not known yet if the desk will be told: only then can the patient be told what to do."""
    return any(one.kind is kind and one.telling for one in state.troubles)


def words(state: KioskState, stage: NotMeasured) -> Utterance:
    """Why it gave nothing, and what to do, or that the desk is told."""
    desk = state.desk_of(stage.kind)
    if desk is None:
        return Utterance(Spoken(stage.fault.value))
    return chain(shown(f"not_measured.{stage.fault.value}.sentence"), shown(f"desk_{desk.value}"))


def _with(state: KioskState, trouble: Trouble) -> KioskState:
    others = (one for one in state.troubles if one.kind is not trouble.kind)
    troubles = tuple(sorted((*others, trouble), key=lambda one: one.kind.value))
    return msgspec.structs.replace(state, troubles=troubles)
