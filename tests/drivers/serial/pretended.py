"""Catalogue entries of devices that do not exist, each known by bytes of its own: finding is tested alone."""

from __future__ import annotations

from datetime import datetime

from drivers.dialogues.dialogue import Action, Dialogue, Event, Read, Subscribe, Subscribed, Wait, Write, Written
from drivers.gatt import SERIAL_RECEIVE, SERIAL_SEND
from drivers.readings import Kind
from drivers.supported_device import Bonding, ClockRule, Enrolment, SerialLine, SupportedDevice, Transport, Verified


class OpeningDialogue:
    """Subscribes, then says its openings one after the other, then waits."""

    def __init__(self, openings: tuple[bytes, ...]) -> None:
        self._left = list(openings)

    def start(self, now: datetime) -> tuple[Action, ...]:
        return (Subscribe(SERIAL_RECEIVE, stream=True), Wait(5))

    def received(self, event: Event, now: datetime) -> tuple[Action, ...]:
        if isinstance(event, Subscribed | Written) and self._left:
            return (Write(SERIAL_SEND, self._left.pop(0)),)
        return ()

    def silent(self, now: datetime) -> tuple[Action, ...]:
        return (Read(SERIAL_RECEIVE),)


def entry(model: str, line: SerialLine | None, sign: bytes, *openings: bytes, score: float = 1.0) -> SupportedDevice:
    """A device that is surely there once ``sign`` was heard twice, and half so surely after once."""

    def probe(said: bytes) -> float:
        return score * min(said.count(sign), 2) / 2

    def dialogue(enrolment: Enrolment) -> Dialogue:
        return OpeningDialogue(openings)

    return SupportedDevice(
        model=model,
        manufacturer="Pretended",
        kinds=(Kind.PULSE_OXIMETRY,),
        transport=Transport.SERIAL,
        dialogue=dialogue,
        clock_rule=ClockRule.NO_CLOCK,
        bonding=Bonding.NONE,
        verified=Verified.FAKE_ONLY,
        line=line,
        probe=probe,
    )
