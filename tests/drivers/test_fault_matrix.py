"""Every fault of the line on every kind of conversation: how it ends, what is given, what a second one makes good.

A cell says how the first connection ended, how many readings it gave (~: the last not final; !n: packets refused), and
how many different ones are known after a second, undisturbed one: ``lost 1>2``.

ok      complete            part    something is owed     no      refused, or not connected
lost    the line was lost   time    it took too long      bond    the bond is stale      silent  it never came

first, last: the fault befalls the packet with that record (a stream: its first packet; one before the value is sure).
after: what comes after the last record (a stream: long after the value was kept). opN: operation number N.
What remembers has two records, and the second connection asks for the rest; else the device is used a second time.

Known and stated: what a device sent and forgot is gone when it was lost or cut short on its way (its bytes are in the
journal). Without a time, or joined of several packets, a record that comes again after a polite end is another one
(``1>3``). A line of text on a cable that arrives garbled is noise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest

from drivers.catalog import CATALOG, by_model
from drivers.dialogues.dialogue import End
from drivers.errors import LinkError, LinkReason
from drivers.fakes.omron import OmronDevice
from drivers.fakes.script import Fault
from drivers.fakes.virtual_time import VirtualClock, run
from drivers.readings import QuantityName, Reading
from drivers.session import Limits, replay
from tests.drivers.faulty_devices import COLUMNS, ENROLMENT, Column, script_of, virtual
from tests.drivers.talking import MemoryJournal, converse

APPEARS_S = 180.0
LIMITS = Limits()
GOODBYE_S = 5.0

WITH_MEMORY = """
fault               and          sig          untimed      omron        consent      glucose      spot
none                ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2
drop-link first     lost 0>2     lost 0>2     lost 0>2     lost 0>2     lost 0>2     lost 0>2     lost 0>2
drop-link last      lost 1>2     lost 1>2     lost 1>2     lost 1>2     lost 1>2     lost 1>2     lost 1>2
drop-link after     lost 2>2     lost 2>2     lost 2>2     lost 2>2     lost 2>2     lost 2>2     lost 2>2
duplicate first     ok 3>2       ok 3>2       ok 2>2       ok 3>2       ok 2>2       ok 2>2       ok 3>2
duplicate last      ok 3>2       ok 3>2       ok 2>2       ok 3>2       ok 2>2       ok 2>2       ok 3>2
duplicate after     ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2
reorder first       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2
reorder last        ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2
reorder after       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2
truncate first      part 1!1>1   part 1!1>1   part 1!1>1   part 1!1>1   part 2!1>2   ok 2!1>2     part 1!1>1
truncate last       part 1!1>1   part 1!1>1   part 1!1>1   part 1!1>1   part 2!1>2   ok 2!1>2     part 1!1>1
truncate after      ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2!1>2     ok 2>2
split first         part 1!2>1   part 1!2>1   part 1!2>1   part 1!2>1   part 2!2>2   ok 2!2>2     part 1!2>1
split last          part 1!2>1   part 1!2>1   part 1!2>1   part 1!2>1   part 2!2>2   ok 2!2>2     part 1!2>1
split after         ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2!1>2     ok 2>2
lose first          ok 1>1       ok 1>1       ok 1>1       ok 1>1       ok 2>2       ok 2>2       ok 1>1
lose last           ok 1>1       ok 1>1       ok 1>1       ok 1>1       ok 2>2       ok 2>2       ok 1>1
lose after          ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2
redeliver first     ok 1>2       ok 1>2       ok 1>3       ok 1>2       ok 1>3       part 1>2     ok 1>2
redeliver last      ok 2>2       ok 2>2       ok 2>3       ok 2>2       ok 2>3       ok 2>2       ok 2>2
redeliver after     ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2
mute                ok 0>2       ok 0>2       ok 0>2       ok 0>2       no 0>2       part 0>2     ok 0>2
slow                ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2
hangs op0           time 0>2     time 0>2     time 0>2     time 0>2     time 0>2     time 0>2     time 0>2
hangs op1           time 0>2     time 2>2     time 2>2     time 0>2     time 0>2     time 0>2     time 2>2
hangs op2           time 0>2     time 2>2     time 2>2     ok 2>2       time 0>2     time 0>2     time 2>2
rejects op0         no 0>2       no 0>2       no 0>2       no 0>2       ok 0>2       no 0>2       no 0>2
rejects op1         ok 2>2       ok 2>2       ok 2>2       ok 0>2       ok 0>2       ok 2>2       ok 2>2
rejects op2         ok 0>2       ok 2>2       ok 2>2       ok 2>2       ok 2>2       no 0>2       ok 2>2
unauthenticated op0 no 0>2       no 0>2       no 0>2       no 0>2       no 0>2       no 0>2       no 0>2
unauthenticated op1 no 0>2       ok 2>2       ok 2>2       no 0>2       no 0>2       no 0>2       ok 2>2
unauthenticated op2 no 0>2       ok 2>2       ok 2>2       ok 2>2       no 0>2       no 0>2       ok 2>2
silent              silent 0>2   silent 0>2   silent 0>2   silent 0>2   silent 0>2   silent 0>2   silent 0>2
refuses             no 0>2       no 0>2       no 0>2       no 0>2       no 0>2       no 0>2       no 0>2
stale-bond          bond 0>2     bond 0>2     bond 0>2     bond 0>2     bond 0>2     bond 0>2     bond 0>2
"""
STREAMS = """
fault               continuous smartpoint nonin-wire jumper     bci        started    broadcast  printed    escaped
none                ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
drop-link first     lost 0>1   lost 0>1   lost 0>1   lost 0>1   lost 0>1   lost 0>1   lost 0>1   lost 0>1   lost 0>1
drop-link last      lost 1~>2  lost 1~>2  lost 1~>2  lost 1~>2  lost 1~>2  lost 1~>2  lost 1>2   lost 0>1   lost 0>1
drop-link after     ok 1>1     ok 1>2     ok 1>1     ok 1>1     ok 1>1     ok 1>1     lost 1>2   lost 1>1   lost 1>1
duplicate first     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 0>1     ok 1>2
duplicate last      ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
duplicate after     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
reorder first       ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 0>1     ok 0>1
reorder last        ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
reorder after       ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
truncate first      part 1!1>2 ok 1!1>2   ok 1>2     ok 1>2     ok 1>2     ok 1>2     part 1!1>2 ok 0>1     part 0!1>1
truncate last       part 1!1>2 ok 1!1>2   ok 1>2     ok 1>2     ok 1>2     ok 1>2     part 1!1>2 ok 0>1     ok 0>1
truncate after      part 1!1>2 ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     part 1!1>2 ok 1>2     ok 1>2
split first         part 1!1>2 ok 1!2>2   ok 1>2     ok 1>2     ok 1>2     ok 1>2     part 1!2>2 ok 1>2     ok 1>2
split last          part 1!1>2 ok 1!2>2   ok 1>2     ok 1>2     ok 1>2     ok 1>2     part 1!2>2 ok 1>2     ok 1>2
split after         part 1!1>2 ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     part 1!2>2 ok 1>2     ok 1>2
lose first          ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 0>1     ok 0>1
lose last           ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 0>1     ok 0>1
lose after          ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
redeliver first     lost 0>1   ok 0>1     ok 0>1     ok 0>1     ok 0>1     ok 0>1     ok 0>1     ok 0>1     ok 0>1
redeliver last      part 1~>2  part 1~>2  part 1~>2  part 1~>2  part 1~>2  part 1~>2  ok 1>2     ok 1>2     ok 1>2
redeliver after     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
mute                ok 0>1     time 0>1   time 0>1   time 0>1   time 0>1   time 0>1   ok 0>1     ok 0>1     ok 0>1
slow                ok 1>1     ok 1>2     ok 1>2     part 1~>2  ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
hangs op0           time 0>1   time 0>1   time 0>1   time 0>1   time 0>1   time 0>1   time 0>1   time 0>1   time 0>1
hangs op1           time 0>1   ok 1>2     time 0>1   ok 1>2     ok 1>2     time 0>1   ok 1>2     ok 1>2     ok 1>2
hangs op2           time 1~>2  ok 1>2     ok 1>2     ok 1>2     ok 1>2     time 1~>2  ok 1>2     ok 1>2     ok 1>2
rejects op0         ok 1>2     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1
rejects op1         no 0>1     ok 1>2     time 0>1   ok 1>2     ok 1>2     time 0>1   ok 1>2     ok 1>2     ok 1>2
rejects op2         ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2
unauthenticated op0 no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1
unauthenticated op1 no 0>1     ok 1>2     time 0>1   ok 1>2     ok 1>2     time 0>1   ok 1>2     ok 1>2     ok 1>2
unauthenticated op2 ok 1>2     ok 1>2     ok 1>2     ok 1>2     ok 1>2     part 1~>2  ok 1>2     ok 1>2     ok 1>2
silent              silent 0>1 silent 0>1 silent 0>1 silent 0>1 silent 0>1 silent 0>1 silent 0>1 silent 0>1 silent 0>1
refuses             no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1     no 0>1
stale-bond          bond 0>1   bond 0>1   bond 0>1   bond 0>1   bond 0>1   bond 0>1   bond 0>1   bond 0>1   bond 0>1
"""

WORDS: dict[End | LinkReason, str] = {
    End.COMPLETE: "ok",
    End.INCOMPLETE: "part",
    End.LINK_LOST: "lost",
    End.TIMED_OUT: "time",
    End.REFUSED: "no",
    LinkReason.REFUSED: "no",
    LinkReason.STALE_BOND: "bond",
}

# What the virtual devices measure, sure or not yet: whatever goes wrong on the line, nothing else may come of it.
TRUE_VALUES = {
    QuantityName.SYSTOLIC: {"125", "131"},
    QuantityName.DIASTOLIC: {"80", "84"},
    QuantityName.PULSE_RATE: {"64", "68", "72", "75"},
    QuantityName.SPO2: {"95", "97"},
    QuantityName.WEIGHT: {"72.400", "68.500", "80.000", "72.4", "72.40"},
    QuantityName.BODY_FAT: {"23.8"},
    QuantityName.TEMPERATURE: {"36.8", "37.1", "38.2"},
    QuantityName.GLUCOSE: {"98"},
}


def cells() -> Iterator[tuple[str, str, str, str]]:
    """Fault, where it strikes, column, and what is stated."""
    for table in (WITH_MEMORY, STREAMS):
        head, *rows = table.strip().splitlines()
        names = head.split()[1:]
        for row in rows:
            what, stated = row[:20].split(), row[20:].split()
            if len(stated) != 2 * len(names):
                raise ValueError(row)
            for number, name in enumerate(names):
                place = what[1] if len(what) > 1 else ""
                yield what[0], place, name, " ".join(stated[2 * number : 2 * number + 2])


def number_of(place: str, column: Column) -> int:
    """Which packet or operation."""
    match place:
        case "first":
            return column.places.first
        case "last":
            return column.places.last
        case "after":
            return column.places.after
        case "":
            return 0
        case operation:
            return int(operation.removeprefix("op"))


async def outcome(clock: VirtualClock, model: str, column: Column, fault: Fault | None, at: int) -> str:
    """Play one cell and say what came of it, as in the tables; what must hold in every cell is asserted here."""
    entry = by_model(model)
    device = virtual(model, clock, column.packets, fault=fault, fault_at=at)
    journal = MemoryJournal()
    device.expect()
    try:
        async with asyncio.timeout(APPEARS_S):
            held = await converse(device, entry.dialogue(ENROLMENT), clock, journal, LIMITS)
    except TimeoutError:
        first = "silent 0"
    except LinkError as error:
        first = f"{WORDS[error.reason]} 0"
    else:
        collected = held.collected
        assert held.seconds <= LIMITS.session + GOODBYE_S
        uncertain = "~" if collected.kept and not collected.kept[-1].value.final else ""
        refused = f"!{len(collected.refused)}" if collected.refused else ""
        first = f"{WORDS[collected.end]} {len(collected.kept)}{uncertain}{refused}"
        assert all(any(packet.data in one.value.raw for packet in journal.packets) for one in collected.kept)
        if column.remembers:
            again = replay(entry.dialogue(ENROLMENT), journal.last_session) if journal.packets else ()
            assert {one.value.raw for one in again} == {one.value.raw for one in collected.kept}

    device.script = script_of(entry, column.packets)
    if column.remembers and device.connections:
        device.show()
    else:
        device.expect()
    async with asyncio.timeout(APPEARS_S):
        await converse(device, entry.dialogue(ENROLMENT), clock, journal, LIMITS)
    assert len(journal.settled) == device.connections  # nothing waits to be played again
    assert device.forbidden == []
    assert not isinstance(device, OmronDevice) or device.aborted == 0
    for one in journal.kept:
        assert_true(one)
    return f"{first}>{len(journal.kept)}"


def assert_true(reading: Reading) -> None:
    """Whatever happened on the way, a value is what the device measured, with its precision, or none."""
    for name, true in TRUE_VALUES.items():
        value = reading.value.value(name)
        assert value is None or value in {Decimal(one) for one in true}, (name, value)


@pytest.mark.parametrize(
    ("fault", "place", "name", "stated"), [pytest.param(*cell, id="-".join(cell[:3])) for cell in cells()]
)
def test_it_ends_as_stated(fault: str, place: str, name: str, stated: str) -> None:
    column = COLUMNS[name]
    what = None if fault == "none" else Fault(fault)
    at = number_of(place, column)
    came = {
        model: run(lambda clock, model=model: outcome(clock, model, column, what, at), limit_s=3600)  # type: ignore[misc]
        for model in column.models
    }
    assert came == dict.fromkeys(column.models, stated)


def test_every_fault_and_every_virtual_device_is_in_the_matrix() -> None:
    played = list(cells())
    assert {fault for fault, _, _, _ in played} == {"none"} | {fault.value for fault in Fault}
    in_columns = {model for _, _, name, _ in played for model in COLUMNS[name].models}
    assert in_columns == {device.model for device in CATALOG if device.fake is not None}


def test_every_kind_of_conversation_has_a_virtual_device() -> None:
    with_a_fake = {type(one.dialogue(ENROLMENT)) for one in CATALOG if one.fake is not None}
    assert {type(one.dialogue(ENROLMENT)) for one in CATALOG} == with_a_fake
