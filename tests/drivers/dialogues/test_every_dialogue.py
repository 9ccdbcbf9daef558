"""What holds for every dialogue of the catalogue, whatever its device does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.catalog import CATALOG
from drivers.decoders.date_time import encode_date_time
from drivers.dialogues.dialogue import (
    Action,
    Closed,
    Event,
    Failed,
    Finish,
    Keep,
    Read,
    ReadDone,
    Received,
    Refuse,
    Subscribe,
    Subscribed,
    Write,
    Written,
)
from drivers.errors import LinkReason
from drivers.gatt import (
    BLOOD_PRESSURE_MEASUREMENT,
    CURRENT_TIME,
    DATE_TIME,
    RECORD_ACCESS,
    SERIAL_SEND,
    TEMPERATURE_MEASUREMENT,
    USER_CONTROL_POINT,
    WEIGHT_MEASUREMENT,
)
from drivers.supported_device import Enrolment, SupportedDevice
from tests.drivers.dialogues.table import NOW

ENROLMENT = Enrolment(last_sequence=3, user_index=1, consent=3752)

# What may be written at all, by its first bytes: clocks, consent, asking for records, and two openings on a cable.
HARMLESS = {
    DATE_TIME: (b"",),
    CURRENT_TIME: (b"",),
    USER_CONTROL_POINT: (b"\x02",),
    RECORD_ACCESS: (b"\x01", b"\x03", b"\x04"),
    SERIAL_SEND: (bytes.fromhex("027002020803"), bytes.fromhex("7D81A1"), bytes.fromhex("7D81AF")),
}
RECORDS = {
    BLOOD_PRESSURE_MEASUREMENT: "1E7D0050006600EA07071F071E{:02X}4000010000",
    TEMPERATURE_MEASUREMENT: "026C0100FFEA07071F071E{:02X}",
    WEIGHT_MEASUREMENT: "02203AEA07071F071E{:02X}",
}


def answer_to(action: Subscribe | Read | Write, choice: int) -> Event:
    """Done as it should be, or refused in one of several ways."""
    reasons = (LinkReason.PROTOCOL, LinkReason.REFUSED, LinkReason.TIMED_OUT)
    if choice < len(reasons):
        return Failed(action, reasons[choice])
    match action:
        case Subscribe(characteristic):
            return Subscribed(characteristic)
        case Write(characteristic):
            return Written(characteristic)
        case Read(characteristic):
            return ReadDone(characteristic, encode_date_time(NOW))


@pytest.mark.parametrize("device", CATALOG, ids=lambda device: device.model)
@given(data=st.data())
def test_it_never_raises_never_harms_and_comes_to_an_end(device: SupportedDevice, data: st.DataObject) -> None:
    dialogue = device.dialogue(ENROLMENT)
    now = NOW
    todo: list[Action] = list(dialogue.start(now))
    characteristics = [action.characteristic for action in todo if isinstance(action, Subscribe)] or ["none"]
    finished = False
    for _ in range(data.draw(st.integers(0, 25))):
        operation: Subscribe | Read | Write | None = None
        while todo and operation is None:
            action = todo.pop(0)
            finished = finished or isinstance(action, Finish)
            if isinstance(action, Write):
                assert action.data.startswith(HARMLESS[action.characteristic]), action
            if isinstance(action, Subscribe | Read | Write):
                operation = action
        if isinstance(operation, Subscribe):
            characteristics.append(operation.characteristic)
        now += timedelta(seconds=data.draw(st.sampled_from([0.0, 0.1, 5.0])))
        if finished:
            break
        if operation is not None:
            todo.extend(dialogue.received(answer_to(operation, data.draw(st.integers(0, 9))), now))
        elif data.draw(st.booleans()):
            todo.extend(dialogue.silent(now))
        else:
            packet = Received(data.draw(st.sampled_from(characteristics)), data.draw(st.binary(max_size=24)))
            todo.extend(dialogue.received(packet, now))
    last = [*todo, *dialogue.received(Closed(LinkReason.LINK_LOST), now)]
    assert finished or any(isinstance(action, Finish) for action in last)


@pytest.mark.parametrize("device", CATALOG, ids=lambda device: device.model)
@pytest.mark.parametrize("reason", [None, LinkReason.LINK_LOST, LinkReason.TIMED_OUT])
def test_the_answer_to_a_closed_line_needs_no_line(device: SupportedDevice, reason: LinkReason | None) -> None:
    dialogue = device.dialogue(ENROLMENT)
    dialogue.start(NOW)
    actions = dialogue.received(Closed(reason), NOW)
    assert isinstance(actions[-1], Finish)
    assert all(isinstance(action, Keep | Refuse | Finish) for action in actions)


@pytest.mark.parametrize(
    "device",
    [device for device in CATALOG if device.model in ("UA-651BLE", "UC-352BLE", "UT-201BLE", "BP7000", "SIG scale")],
    ids=lambda device: device.model,
)
@given(
    moments=st.lists(st.integers(0, 12), min_size=1, max_size=8),
    cut=st.integers(0, 14),
    choices=st.lists(st.integers(0, 9), min_size=15, max_size=15),
)
def test_every_record_that_came_is_kept_exactly_once_wherever_the_line_is_cut(
    device: SupportedDevice, moments: list[int], cut: int, choices: list[int]
) -> None:
    """``moments``: at which step which record comes; ``cut``: the step at which the line is lost."""
    dialogue = device.dialogue(ENROLMENT)
    todo = list(dialogue.start(NOW))
    first = todo[0]
    assert isinstance(first, Subscribe)
    characteristic = first.characteristic
    came: list[bytes] = []
    actions: list[Action] = []

    def tell(event: Event) -> None:
        answer = dialogue.received(event, NOW)
        actions.extend(answer)
        todo.extend(action for action in answer if isinstance(action, Subscribe | Read | Write))

    tell(Subscribed(characteristic))
    todo.pop(0)
    for step in range(cut):
        for number, moment in enumerate(moments):
            if moment == step:
                came.append(bytes.fromhex(RECORDS[characteristic].format(number)))
                tell(Received(characteristic, came[-1]))
        if todo and not any(isinstance(action, Finish) for action in actions):
            operation = todo.pop(0)
            assert isinstance(operation, Subscribe | Read | Write)
            tell(answer_to(operation, choices[step]))
    tell(Closed(LinkReason.LINK_LOST))
    kept = [action.measurement.raw for action in actions if isinstance(action, Keep)]
    assert sorted(kept) == sorted(came)
