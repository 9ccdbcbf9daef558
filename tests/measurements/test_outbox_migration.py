"""A database of the first Svar becomes one of today: nothing lost, nothing sent twice, nothing left in the clear."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from drivers.readings import ClockCheck, QuantityName, Reading, SpecialValue, Status
from kiosk.facts.history import Point
from kiosk.facts.measurement import MeasurementKind
from kiosk.measurements.outbox import Counts, Entry, Outbox, OutboxError, OutboxReason, State
from kiosk.measurements.resource import Resource
from kiosk.measurements.sealing import SealingKey
from tests.measurements.samples import OSLO_SUMMER, capture
from tests.measurements.test_outbox import file_size_limit

# What the first version wrote, statement for statement.
SCHEMA_1 = """
CREATE TABLE reading (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    reading_id   TEXT NOT NULL UNIQUE,
    patient      TEXT NOT NULL,
    captured_at  TEXT NOT NULL,
    reading      BLOB NOT NULL,
    observation  BLOB,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'held', 'failed')),
    reason       TEXT,
    seen         INTEGER NOT NULL DEFAULT 1,
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_attempt REAL NOT NULL DEFAULT 0,
    last_error   TEXT,
    server_id    TEXT,
    delivered_at TEXT,
    CHECK (state != 'waiting' OR observation IS NOT NULL)
) STRICT;
CREATE INDEX reading_by_state ON reading (state, sequence);
PRAGMA user_version = 1;
"""

READING_1 = """{"value":{"type":"blood-pressure","systolic":{"value":"125","unit":"mm[Hg]","special":null},
"diastolic":{"value":"80","unit":"mm[Hg]","special":null},"mean_arterial":{"value":"102","unit":"mm[Hg]","special":null},
"pulse_rate":{"value":"64","unit":"/min","special":null},"device_time":"2026-07-28T09:29:30","user":null,
"status":["irregular-pulse"],"unknown_bits":64,"raw":"Fn0AUABmAOEHAQEMJzZAAAAA","time_fault":false},
"device":{"model":"UA-651BLE","manufacturer":"A&D Medical","address":"00:11:22:33:44:55","fake":true},
"received":"2026-07-31T09:30:00+02:00","clock":{"device_time":"2026-07-28T09:29:58",
"host_time":"2026-07-31T09:30:00+02:00"}}"""
FAILED_1 = """{"value":{"type":"blood-pressure","systolic":{"value":null,"unit":"mm[Hg]","special":"not-a-number"},
"diastolic":{"value":null,"unit":"mm[Hg]","special":"not-a-number"},
"mean_arterial":{"value":null,"unit":"mm[Hg]","special":"not-a-number"},"pulse_rate":null,"device_time":null,"user":1,
"status":[],"unknown_bits":0,"raw":"Fv8H/wf/B+EHAQ4WLAT/BwAA","time_fault":true},
"device":{"model":"UA-651BLE","manufacturer":"A&D Medical","address":"00:11:22:33:44:55","fake":false},
"received":"2026-07-31T09:30:00+02:00","clock":null}"""
OBSERVATION_1 = (
    b'{"resourceType":"Observation","identifier":[{"system":"urn:ietf:rfc:3986","value":"%s"}],'
    b'"effectiveDateTime":"2026-07-31T09:29:32+02:00"}'
)
DELIVERED_AT = datetime(2026, 7, 31, 9, 31, tzinfo=OSLO_SUMMER)
IDS = ("urn:uuid:delivered", "urn:uuid:waiting", "urn:uuid:refused", "urn:uuid:failed", "urn:uuid:odd")


def database_1(path: Path, times: int = 1) -> Path:
    """A file as the first Svar left it, with a reading in each state and one that is not as it should be."""
    with closing(sqlite3.connect(path)) as old:
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(SCHEMA_1)
        for number in range(times):
            rows = (
                (IDS[0], READING_1, "delivered", None, 2, 3, 0.0, None, "17", DELIVERED_AT.isoformat()),
                (IDS[1], READING_1, "waiting", None, 1, 4, 1000.5, "HTTP 503", None, None),
                (IDS[2], READING_1, "held", "HTTP 422", 1, 1, 0.0, "HTTP 422", None, None),
                (IDS[3], FAILED_1, "failed", "no-value", 5, 0, 0.0, None, None, None),
                (IDS[4], '{"no": "reading"}', "held", "time-unknown", 1, 0, 0.0, None, None, None),
            )
            for reading_id, reading, *rest in rows:
                name = reading_id if number == 0 else f"{reading_id}-{number}"
                sent = rest[0] != "failed" and reading_id != IDS[4]
                old.execute(
                    "INSERT INTO reading (reading_id, patient, captured_at, reading, observation, state, reason, seen,"
                    " attempts, next_attempt, last_error, server_id, delivered_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                    (
                        *(name, "p17", "2026-07-31T09:30:00+02:00", reading.encode()),
                        *(OBSERVATION_1 % name.encode() if sent else None, *rest),
                    ),
                )
        old.commit()
    return path


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox.open(database_1(tmp_path / "outbox.sqlite"))
    yield outbox
    outbox.close()


def test_every_reading_keeps_its_state(migrated: Outbox) -> None:
    assert migrated.counts() == Counts(waiting=1, delivered=1, held=2, failed=1, repeats=5)
    assert migrated.entries() == tuple(
        Entry(IDS[place], "p17", "2026-07-31T09:30:00+02:00", *rest)
        for place, rest in enumerate(
            [
                (State.DELIVERED, None, False, 3, None, "17"),
                (State.WAITING, None, False, 4, "HTTP 503", None),
                (State.HELD, "HTTP 422", False, 1, "HTTP 422", None),
                (State.FAILED, "no-value", False, 0, None, None),
                (State.HELD, "time-unknown", False, 0, None, None),
            ]
        )
    )


def test_what_waited_is_sent_byte_for_byte_and_what_was_sent_is_not(migrated: Outbox) -> None:
    (item,) = migrated.waiting(1000.5)
    assert (item.reading_id, item.resource_type, item.patient) == (IDS[1], "Observation", "p17")
    assert (item.payload, item.attempts, item.refers) == (OBSERVATION_1 % IDS[1].encode(), 4, ())
    assert migrated.waiting(1000.0) == ()
    assert migrated.server_id(IDS[0]) == "17"
    migrated.mark_delivered(IDS[1], "18", DELIVERED_AT)
    new = capture()
    migrated.keep(new)
    assert [item.reading_id for item in migrated.waiting(None)] == [new.reading_id]
    assert migrated.keep(capture(reading_id=IDS[0])).server_id == "17"


def test_the_readings_are_values_of_today(migrated: Outbox) -> None:
    key = migrated._database.key
    rows = dict(migrated._database.read("SELECT reading_id, sealed FROM reading"))
    delivered = msgspec.json.decode(key.open(rows[IDS[0]], "reading", IDS[0], "p17"), type=Reading)
    assert delivered.value.value(QuantityName.SYSTOLIC) == Decimal(125)
    assert delivered.value.value(QuantityName.PULSE_RATE) == Decimal(64)
    assert (delivered.value.status, delivered.value.unknown_bits) == ((Status.IRREGULAR_PULSE,), 64)
    assert delivered.value.raw.hex().upper() == "167D0050006600E10701010C273640000000"
    assert delivered.device.fake
    assert delivered.clock == ClockCheck(datetime(2026, 7, 28, 9, 29, 58), delivered.received)  # noqa: DTZ001
    failed = msgspec.json.decode(key.open(rows[IDS[3]], "reading", IDS[3], "p17"), type=Reading)
    assert failed.value.quantities[QuantityName.SYSTOLIC].special is SpecialValue.NOT_A_NUMBER
    assert QuantityName.PULSE_RATE not in failed.value.quantities
    assert (failed.value.user, failed.value.time_fault) == (1, True)
    (odd,) = migrated.held("time-unknown")
    assert odd.reading == b'{"no": "reading"}'


def test_the_curve_begins_with_the_old_readings(migrated: Outbox) -> None:
    point = Point(datetime(2026, 7, 31, 9, 29, 32, tzinfo=OSLO_SUMMER), Decimal(125), Decimal(80))
    assert migrated.history("p17", MeasurementKind.BLOOD_PRESSURE) == (point, point, point)


def test_nothing_stays_in_the_clear(tmp_path: Path) -> None:
    path = database_1(tmp_path / "outbox.sqlite", times=40)
    assert b"resourceType" in path.read_bytes()
    outbox = Outbox.open(path)
    for file in sorted(tmp_path.glob("outbox.sqlite*")):
        content = file.read_bytes()
        assert b"resourceType" not in content
        assert b"systolic" not in content
    outbox.close()
    content = path.read_bytes()
    assert b"resourceType" not in content and b"systolic" not in content


def test_the_old_month_of_keeping_goes_on(migrated: Outbox) -> None:
    assert migrated.expire(DELIVERED_AT + timedelta(days=29)) == 0
    assert migrated.expire(DELIVERED_AT + timedelta(days=31)) == 2


def test_only_once(tmp_path: Path) -> None:
    path = database_1(tmp_path / "outbox.sqlite")
    for _ in range(3):
        outbox = Outbox.open(path)
        assert sum(getattr(outbox.counts(), state.value) for state in State) == len(IDS)
        outbox.close()


def test_looking_waits_for_the_migration(tmp_path: Path) -> None:
    path = database_1(tmp_path / "outbox.sqlite")
    with pytest.raises(OutboxError, match="start the kiosk once") as caught:
        Outbox.open(path, writing=False)
    assert caught.value.reason is OutboxReason.OLDER
    assert not path.with_name("sealing.key").exists()


class FailingKey(SealingKey):
    """Seals some, then the power is gone."""

    left = 7

    def seal(self, data: bytes, *bound_to: str) -> bytes:
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("power lost")
        return super().seal(data, *bound_to)


def test_a_migration_that_fails_half_way_has_not_been(tmp_path: Path) -> None:
    path = database_1(tmp_path / "outbox.sqlite", times=3)
    with pytest.raises(RuntimeError, match="power lost"):
        Outbox.open(path, FailingKey(bytes(32)))
    with closing(sqlite3.connect(path)) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        assert old.execute("SELECT count(*) FROM reading").fetchone() == (15,)
    outbox = Outbox.open(path)
    assert len(outbox.entries()) == 15
    outbox.close()


def test_a_migration_without_room_on_the_disk_costs_nothing(tmp_path: Path) -> None:
    path = database_1(tmp_path / "outbox.sqlite", times=40)
    with file_size_limit(0, path), pytest.raises(OutboxError) as caught:
        Outbox.open(path)
    assert caught.value.reason in (OutboxReason.FULL, OutboxReason.FAILED)
    outbox = Outbox.open(path)
    assert len(outbox.entries()) == 200
    outbox.close()


def test_a_key_that_was_given_is_the_one_it_is_sealed_with(tmp_path: Path) -> None:
    path = database_1(tmp_path / "outbox.sqlite")
    Outbox.open(path, SealingKey(bytes(32))).close()
    with pytest.raises(OutboxError):
        Outbox.open(path)
    Outbox.open(path, SealingKey(bytes(32))).close()


def test_a_database_of_the_second_version_keeps_what_waits_and_takes_messages(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    delivered, waiting = capture(whole=True), capture(whole=True)
    for one in (delivered, waiting):
        outbox.keep(one)
    outbox.mark_delivered(delivered.reading_id, "o-1", DELIVERED_AT)
    items, entries, sent = outbox.items(), outbox.entries(), outbox.waiting(None)
    outbox.close()
    with closing(sqlite3.connect(path)) as old:
        ((table,),) = old.execute("SELECT sql FROM sqlite_master WHERE name = 'item'").fetchall()
        # As the second version made it: no item without a reading.
        old.executescript(
            "ALTER TABLE item RENAME TO item_3; DROP INDEX item_by_state; DROP INDEX item_by_reading;"
            + table.replace("reading       INTEGER REFERENCES", "reading       INTEGER NOT NULL REFERENCES")
            + "; INSERT INTO item SELECT * FROM item_3; DROP TABLE item_3;"
            "CREATE INDEX item_by_state ON item (state, sequence); CREATE INDEX item_by_reading ON item (reading);"
            "PRAGMA user_version = 2"
        )
        with pytest.raises(sqlite3.IntegrityError):
            old.execute("UPDATE item SET reading = NULL")
        old.rollback()

    outbox = Outbox.open(path)
    assert (outbox.items(), outbox.entries(), outbox.waiting(None)) == (items, entries, sent)
    assert outbox.keep_message(Resource("Communication", "urn:uuid:m", b"{}"), "p-1")
    assert outbox.waiting(None)[-1].sequence > sent[-1].sequence
    outbox.close()
