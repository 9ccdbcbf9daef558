"""The outbox: durable, idempotent, honest about a full or damaged disk."""

from __future__ import annotations

import resource
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from drivers.readings import Reading
from kiosk.facts.measurement import MeasurementKind
from kiosk.measurements.outbox import Capture, Counts, Outbox, OutboxError, OutboxReason, State
from kiosk.measurements.outbox_schema import SCHEMA_VERSION, bring_up_to_date
from kiosk.measurements.resource import Reference, Resource
from kiosk.measurements.sealing import SealingKey, load_key
from kiosk.measurements.storage import Database
from tests.measurements.samples import capture, put_aside, reading, stamped

NOW = datetime(2026, 7, 31, 7, 30, tzinfo=UTC)


@contextmanager
def file_size_limit(extra: int, path: Path) -> Iterator[None]:
    """A full disk, as this process sees it: no file may grow beyond what ``path`` has now, plus ``extra``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + extra, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


def test_kept_is_there_after_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "outbox.sqlite"
    one = capture()
    outbox = Outbox.open(path)
    assert outbox.keep(one).new
    outbox.close()
    outbox = Outbox.open(path)
    (waiting,) = outbox.waiting(None)
    assert (waiting.reading_id, waiting.patient, waiting.attempts) == (one.reading_id, "p17", 0)
    assert (waiting.resource_type, waiting.payload) == ("Observation", one.resources[0].body)
    (entry,) = outbox.entries()
    assert (entry.patient, entry.state, entry.reason, entry.conflict) == ("p17", State.WAITING, None, False)
    outbox.close()
    assert path.stat().st_mode & 0o077 == 0


def test_the_disk_is_asked_to_sync(outbox: Outbox) -> None:
    assert outbox._database.read("PRAGMA journal_mode") == [("wal",)]
    assert outbox._database.read("PRAGMA synchronous") == [(2,)]


def test_the_reading_itself_can_be_read_back(outbox: Outbox) -> None:
    one = reading()
    held = put_aside(State.HELD, "owner-unknown", one)
    outbox.keep(held)
    outbox.keep(put_aside(State.HELD, "time-unknown"))
    (found,) = outbox.held("owner-unknown")
    assert msgspec.json.decode(found.reading, type=Reading) == one
    assert (found.reading_id, found.patient, found.captured_at) == (held.reading_id, "p17", one.received)


def test_the_same_identity_again_is_counted_and_not_stored(outbox: Outbox) -> None:
    one = capture()
    outbox.keep(one)
    outbox.mark_delivered(one.reading_id, "17", NOW)
    again = outbox.keep(one)
    assert (again.new, again.state) == (False, State.DELIVERED)
    assert outbox.counts() == Counts(delivered=1, repeats=1)


def test_states(outbox: Outbox) -> None:
    held, late, sent = capture(), capture(), capture()
    for one in (held, late, sent):
        outbox.keep(one)
    outbox.keep(put_aside(State.FAILED, "no-value"))
    outbox.keep(put_aside(State.DENIED, "not-ours"))
    outbox.mark_held(held.reading_id, "HTTP 422")
    outbox.mark_retry(late.reading_id, "HTTP 503", 1000.0)
    outbox.mark_delivered(sent.reading_id, "17", NOW)
    assert outbox.counts() == Counts(waiting=1, delivered=1, held=1, failed=1, denied=1)
    assert outbox.waiting(999.0) == ()
    assert [item.attempts for item in outbox.waiting(1000.0)] == [1]
    assert len(outbox.waiting(None)) == 1
    assert outbox.next_attempt() == 1000.0


def test_a_clock_that_went_back_a_year_does_not_stop_sending(outbox: Outbox) -> None:
    one = capture()
    outbox.keep(one)
    outbox.mark_retry(one.reading_id, "HTTP 503", 1_800_000_000.0)
    assert len(outbox.waiting(1_800_000_000.0 - 365 * 86_400)) == 1
    assert len(outbox.waiting(1_800_000_000.0 - 60)) == 0


def test_oldest_first_in_portions(outbox: Outbox) -> None:
    order = [capture() for _ in range(5)]
    for one in order:
        outbox.keep(one)
    first = outbox.waiting(None, limit=3)
    rest = outbox.waiting(None, after=first[-1].sequence)
    assert [item.reading_id for item in (*first, *rest)] == [one.reading_id for one in order]


def test_one_writer_at_a_time_and_others_may_look(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    outbox.keep(capture())
    with pytest.raises(OutboxError) as caught:
        Outbox.open(path)
    assert caught.value.reason is OutboxReason.IN_USE
    looking = Outbox.open(path, writing=False)
    assert looking.counts().waiting == 1
    with pytest.raises(OutboxError) as caught:
        looking.keep(capture())
    assert caught.value.reason is OutboxReason.READ_ONLY
    looking.close()
    outbox.close()
    Outbox.open(path).close()


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    Outbox.open(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(OutboxError, match="newer Svar") as caught:
        Outbox.open(path)
    assert caught.value.reason is OutboxReason.NEWER
    assert path.read_bytes() == before


def test_a_damaged_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(OutboxError) as caught:
        Outbox.open(path)
    assert caught.value.reason is OutboxReason.DAMAGED
    assert path.read_bytes().startswith(b"this is no database")


def test_a_place_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in (tmp_path / "file" / "outbox.sqlite", tmp_path):
        with pytest.raises(OutboxError) as caught:
            Outbox.open(path)
        assert caught.value.reason is OutboxReason.CANNOT_OPEN
    with pytest.raises(OutboxError) as caught:
        Outbox.open(tmp_path / "nothing.sqlite", writing=False)
    assert caught.value.reason is OutboxReason.CANNOT_OPEN


def test_a_full_disk_is_an_error_and_costs_nothing_kept_before(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    outbox.keep(capture())
    with file_size_limit(0, path.with_name("outbox.sqlite-wal")), pytest.raises(OutboxError) as caught:
        outbox.keep(capture())
    assert caught.value.reason in (OutboxReason.FULL, OutboxReason.FAILED)
    assert outbox.counts().waiting == 1
    assert outbox.keep(capture()).new
    assert outbox.counts().waiting == 2
    outbox.close()


# -- what belongs to no reading ---------------------------------------------------------------------------------------

MESSAGE = Resource("Communication", "urn:uuid:message", b'{"resourceType":"Communication"}')


def test_a_message_is_durable_sent_in_its_turn_and_once(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    before, after = capture(), capture()
    outbox.keep(before)
    assert outbox.keep_message(MESSAGE, "p-1")
    assert not outbox.keep_message(MESSAGE, "p-1")
    outbox.keep(after)
    outbox.close()
    outbox = Outbox.open(path)
    waiting = outbox.waiting(None)
    assert [one.reading_id for one in waiting] == [before.reading_id, MESSAGE.identifier, after.reading_id]
    assert waiting[1].payload == MESSAGE.body
    assert outbox.counts() == Counts(waiting=2), "it is no reading"
    assert not outbox.is_reading(MESSAGE.identifier)
    assert outbox.export(tmp_path / "export.ndjson") == 5
    assert MESSAGE.identifier in (tmp_path / "export.ndjson").read_text(encoding="utf-8").splitlines()[-1]
    outbox.mark_delivered(before.reading_id, "o-1", NOW)
    assert outbox.expire(NOW + timedelta(days=31)) == 2, "a message that waits keeps no reading back"
    outbox.mark_delivered(MESSAGE.identifier, "c-1", NOW)
    assert outbox.server_id(MESSAGE.identifier) == "c-1"
    assert outbox.expire(NOW + timedelta(days=31)) == 1
    assert [one.reading_id for one in outbox.waiting(None)] == [after.reading_id]
    outbox.close()


def test_a_message_is_sealed(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    outbox.keep_message(Resource("Communication", "urn:uuid:m", b"a canary that sings"), "p-1")
    outbox.close()
    assert all(b"canary" not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_full_disk_keeps_no_message(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    outbox = Outbox.open(path)
    with file_size_limit(0, path.with_name("outbox.sqlite-wal")), pytest.raises(OutboxError):
        outbox.keep_message(MESSAGE, "p-1")
    assert outbox.waiting(None) == ()
    outbox.close()


# -- several resources of one reading ----------------------------------------------------------------------------------


def test_a_reading_brings_its_device_once_and_refers_to_it(outbox: Outbox) -> None:
    first, second = capture(whole=True), capture(whole=True)
    for one in (first, second):
        outbox.keep(one)
    device = first.resources[0]
    waiting = outbox.waiting(None)
    assert [(item.resource_type, item.reading_id) for item in waiting] == [
        ("Device", device.identifier),
        ("Observation", first.reading_id),
        ("Observation", second.reading_id),
    ]
    assert waiting[2].refers == (Reference("/device", device.identifier),)
    assert outbox.server_id(device.identifier) is None
    outbox.mark_delivered(device.identifier, "d-1", NOW)
    assert outbox.server_id(device.identifier) == "d-1"
    assert outbox.server_id("never heard of") is None
    assert outbox.counts() == Counts(waiting=2)
    assert [item.state for item in outbox.items()] == [State.DELIVERED, State.WAITING, State.WAITING]


def test_a_refused_device_holds_back_no_reading(outbox: Outbox) -> None:
    one = capture(whole=True)
    outbox.keep(one)
    outbox.mark_held(one.resources[0].identifier, "HTTP 422")
    (item,) = outbox.waiting(None)
    assert (item.reading_id, outbox.counts()) == (one.reading_id, Counts(waiting=1))
    assert [(item.resource_type, item.reason) for item in outbox.items() if item.state is State.HELD] == [
        ("Device", "HTTP 422")
    ]
    outbox.keep(capture(whole=True))
    assert [item.resource_type for item in outbox.waiting(None)] == ["Observation", "Observation"]


def test_a_held_reading_may_send_word_of_itself(outbox: Outbox) -> None:
    word = Resource("Communication", "urn:uuid:word", b'{"resourceType":"Communication"}')
    held = msgspec.structs.replace(put_aside(State.HELD, "time-unknown"), resources=(word,))
    outbox.keep(held)
    (item,) = outbox.waiting(None)
    assert (item.resource_type, item.reading_id) == ("Communication", "urn:uuid:word")
    outbox.mark_delivered("urn:uuid:word", "17", NOW)
    assert outbox.counts() == Counts(held=1)


@pytest.mark.parametrize("state", [State.HELD, State.FAILED, State.DENIED])
def test_what_is_not_to_be_sent_cannot_bring_its_observation(outbox: Outbox, state: State) -> None:
    with pytest.raises(ValueError, match="Observation"):
        outbox.keep(msgspec.structs.replace(capture(), state=state))
    with pytest.raises(ValueError, match="Observation"):
        outbox.keep(msgspec.structs.replace(capture(), resources=()))
    assert outbox.entries() == ()


# -- whose, and twice the same time ------------------------------------------------------------------------------------


def test_the_owner_says_mine(outbox: Outbox) -> None:
    asked = put_aside(State.HELD, "owner-unknown")
    outbox.keep(asked)
    confirmed = capture(reading_id=asked.reading_id)
    assert outbox.release(asked.reading_id, confirmed.resources, confirmed.traced)
    assert outbox.counts() == Counts(waiting=1)
    (item,) = outbox.waiting(None)
    assert item.payload == confirmed.resources[0].body
    assert not outbox.release(asked.reading_id, confirmed.resources)
    assert not outbox.deny(asked.reading_id)
    assert outbox.held("owner-unknown") == ()
    assert len(outbox.history("p17", MeasurementKind.BLOOD_PRESSURE)) == 1


def test_the_owner_says_not_mine(outbox: Outbox) -> None:
    asked = put_aside(State.HELD, "owner-unknown")
    outbox.keep(asked)
    assert outbox.deny(asked.reading_id)
    assert not outbox.release(asked.reading_id, capture(reading_id=asked.reading_id).resources)
    assert outbox.counts() == Counts(denied=1)
    assert outbox.waiting(None) == ()
    assert outbox.keep(asked).state is State.DENIED


def test_mine_but_nobody_knows_when(outbox: Outbox) -> None:
    asked = put_aside(State.HELD, "owner-unknown")
    outbox.keep(asked)
    word = Resource("Communication", "urn:uuid:word", b'{"resourceType":"Communication"}')
    assert outbox.release(asked.reading_id, (word,))
    assert outbox.counts() == Counts(held=1)
    assert [item.resource_type for item in outbox.waiting(None)] == ["Communication"]


def test_what_the_server_refused_is_not_for_the_patient_to_release(outbox: Outbox) -> None:
    one = capture()
    outbox.keep(one)
    outbox.mark_held(one.reading_id, "HTTP 422")
    assert not outbox.release(one.reading_id, one.resources)
    assert not outbox.deny(one.reading_id)
    assert not outbox.deny("never heard of")
    assert outbox.counts() == Counts(held=1)


SAME_TIME = "cuff|1|blood-pressure|2026-07-31T09:30:00"


def timed(value: int, state: State = State.WAITING, words: str = SAME_TIME) -> Capture:
    packet = bytes([0x16, value]) + stamped(NOW.replace(tzinfo=None))[2:]
    one = capture(reading(packet, received=NOW)) if state is State.WAITING else put_aside(state, "x")
    return msgspec.structs.replace(one, same_time=words)


def test_another_value_of_the_same_time_keeps_both_and_flags_them(outbox: Outbox) -> None:
    first, second, elsewhere = timed(120), timed(130), timed(120, words=SAME_TIME.replace("|1|", "|2|"))
    assert outbox.keep(first).conflicts_with == ()
    assert outbox.keep(elsewhere).conflicts_with == ()
    assert outbox.at_same_time(SAME_TIME, second.reading_id) == (first.reading_id,)
    assert outbox.keep(second).conflicts_with == (first.reading_id,)
    assert outbox.keep(first).conflicts_with == ()
    assert [entry.conflict for entry in outbox.entries()] == [True, False, True]
    assert outbox.counts() == Counts(waiting=3, repeats=1)


def test_a_failed_try_contradicts_nothing(outbox: Outbox) -> None:
    assert outbox.keep(timed(120)).conflicts_with == ()
    assert outbox.keep(timed(0, State.FAILED)).conflicts_with == ()
    assert not any(entry.conflict for entry in outbox.entries())


# -- sealed ------------------------------------------------------------------------------------------------------------


def test_no_value_is_in_the_clear(outbox: Outbox, tmp_path: Path) -> None:
    one = capture(whole=True)
    outbox.keep(msgspec.structs.replace(one, same_time="cuff|1|2026-07-31T09:30:00"))
    on_disk = b"".join(file.read_bytes() for file in tmp_path.glob("outbox.sqlite*"))
    assert one.reading_id.encode() in on_disk
    for secret in (
        b"resourceType",
        b"8480-6",
        b"systolic",
        b"mm[Hg]",
        b"00:11:22:33:44:55",
        b"T09:30:00|",
        one.reading,
    ):
        assert secret not in on_disk


@pytest.mark.parametrize("loss", ["missing", "another", "damaged"])
def test_without_its_key_a_database_is_refused_and_left_alone(tmp_path: Path, loss: str) -> None:
    path, file = tmp_path / "outbox.sqlite", tmp_path / "sealing.key"
    outbox = Outbox.open(path)
    one = capture()
    outbox.keep(one)
    outbox.close()
    before, right = path.read_bytes(), file.read_bytes()
    match loss:
        case "missing":
            file.unlink()
        case "another":
            file.write_text("11" * 32, encoding="ascii")
        case _:
            file.write_text("11", encoding="ascii")
    found = file.read_bytes() if file.exists() else None
    for _ in range(2):
        with pytest.raises(OutboxError, match=r"outbox\.sqlite") as caught:
            Outbox.open(path)
        assert caught.value.reason is OutboxReason.KEY_MISSING
    assert path.read_bytes() == before
    assert (file.read_bytes() if file.exists() else None) == found
    looking = Outbox.open(path, writing=False)
    assert looking.counts() == Counts(waiting=1)
    assert [entry.reading_id for entry in looking.entries()] == [one.reading_id]
    with pytest.raises(OutboxError) as caught:
        looking.waiting(None)
    assert caught.value.reason is OutboxReason.KEY_MISSING
    looking.close()
    file.write_bytes(right)
    outbox = Outbox.open(path)
    assert outbox.waiting(None)[0].payload == one.resources[0].body
    outbox.close()


def test_the_key_from_elsewhere(tmp_path: Path) -> None:
    path, file = tmp_path / "data" / "outbox.sqlite", tmp_path / "credentials" / "key"
    Outbox.open(path, file).close()
    assert not path.with_name("sealing.key").exists()
    Outbox.open(path, load_key(file)).close()
    with pytest.raises(OutboxError) as caught:
        Outbox.open(path, SealingKey(bytes(32)))
    assert caught.value.reason is OutboxReason.KEY_MISSING


def test_an_item_with_a_broken_seal_is_held_and_blocks_nobody(outbox: Outbox) -> None:
    order = [capture() for _ in range(3)]
    for one in order:
        outbox.keep(one)
    outbox._database.write("UPDATE item SET sealed = x'01' WHERE sequence = ?", (1,))
    assert [item.reading_id for item in outbox.waiting(None, limit=1)] == [order[1].reading_id]
    assert outbox.counts() == Counts(waiting=2, held=1)
    assert outbox.entries()[0].reason == "seal broken"


def test_contents_do_not_open_in_another_row(outbox: Outbox) -> None:
    for one in (capture(), capture()):
        outbox.keep(one)
    outbox._database.write(
        "UPDATE item SET sealed = (SELECT sealed FROM item WHERE sequence = 2) WHERE sequence = ?", (1,)
    )
    assert len(outbox.waiting(None)) == 1


# -- the end -----------------------------------------------------------------------------------------------------------


def test_contents_go_30_days_after_delivery_and_the_rest_stays(outbox: Outbox) -> None:
    sent, unsent, held = capture(whole=True), capture(), capture()
    for one in (sent, unsent, held):
        outbox.keep(one)
    for part in sent.resources:
        outbox.mark_delivered(part.identifier, "17", NOW)
    outbox.mark_held(held.reading_id, "HTTP 422")
    before = outbox._database.read("SELECT digest FROM reading ORDER BY number")
    assert outbox.expire(NOW + timedelta(days=29)) == 0
    assert outbox.expire(NOW + timedelta(days=31)) == 3
    assert outbox.expire(NOW + timedelta(days=4000)) == 0
    left = outbox._database.read("SELECT reading_id FROM reading WHERE sealed IS NOT NULL")
    assert left == [(unsent.reading_id,), (held.reading_id,)]
    assert outbox._database.read("SELECT digest FROM reading ORDER BY number") == before
    assert [(item.reading_id, item.payload) for item in outbox.waiting(None)] == [
        (unsent.reading_id, unsent.resources[0].body)
    ]
    assert outbox.counts() == Counts(waiting=1, delivered=1, held=1)
    assert outbox.entries()[0].server_id == "17"
    again = outbox.keep(sent)
    assert (again.new, again.state, again.server_id) == (False, State.DELIVERED, "17")
    assert outbox.waiting(None)[0].reading_id == unsent.reading_id
    assert len(outbox.history("p17", MeasurementKind.BLOOD_PRESSURE)) == 3


def test_a_reading_stays_whole_while_one_of_its_resources_is_unsent(outbox: Outbox) -> None:
    one = capture(whole=True)
    outbox.keep(one)
    outbox.mark_delivered(one.reading_id, "17", NOW)
    assert outbox.expire(NOW + timedelta(days=31)) == 1
    assert outbox._database.read("SELECT sealed IS NULL FROM reading") == [(0,)]


def test_delivered_by_a_clock_that_was_a_year_ahead(outbox: Outbox) -> None:
    one = capture()
    outbox.keep(one)
    outbox.mark_delivered(one.reading_id, "17", NOW + timedelta(days=365))
    assert outbox.expire(NOW) == 0
    assert outbox.expire(NOW + timedelta(days=31)) == 2


def test_export_for_support(outbox: Outbox, tmp_path: Path) -> None:
    waiting, held, refused, sent = capture(whole=True), put_aside(State.HELD, "owner-unknown"), capture(), capture()
    for one in (waiting, held, refused, sent, put_aside(State.FAILED, "no-value")):
        outbox.keep(one)
    outbox.mark_delivered(sent.reading_id, "17", NOW)
    outbox.mark_held(refused.reading_id, "HTTP 422")
    file = tmp_path / "export.ndjson"
    assert outbox.export(file) == 6
    lines = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]
    assert [line.get("reading_id", line.get("resource_type")) for line in lines] == [
        waiting.reading_id,
        "Device",
        "Observation",
        held.reading_id,
        refused.reading_id,
        "Observation",
    ]
    assert lines[0]["reading"]["device"]["model"] == "UA-651BLE"
    assert lines[2]["resource"]["resourceType"] == "Observation"
    assert (lines[3]["state"], lines[3]["reason"]) == ("held", "owner-unknown")
    assert (lines[5]["state"], lines[5]["reason"], lines[5]["attempts"]) == ("held", "HTTP 422", 1)
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(OutboxError) as caught:
        outbox.export(file)
    assert caught.value.reason is OutboxReason.CANNOT_OPEN
    looking = Outbox.open(tmp_path / "outbox.sqlite", writing=False)
    assert looking.export(tmp_path / "while it runs.ndjson") == 6
    looking.close()


# -- whatever is done in whatever order --------------------------------------------------------------------------------


class OutboxMachine(RuleBasedStateMachine):
    """Against a dictionary: whatever is done in whatever order, nothing is lost, doubled or changed back."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(_in_memory())
        self.model: dict[str, State] = {}
        self.repeats = 0

    @rule(name=st.sampled_from("abcdef"))
    def keep(self, name: str) -> None:
        kept = self.outbox.keep(capture(reading_id=name))
        assert kept.new == (name not in self.model)
        self.repeats += name in self.model
        assert kept.state is self.model.setdefault(name, State.WAITING)

    @rule(data=st.data(), state=st.sampled_from([State.WAITING, State.DELIVERED, State.HELD]))
    def mark(self, data: st.DataObject, state: State) -> None:
        waiting = [name for name, there in self.model.items() if there is State.WAITING]
        if not waiting:
            return
        name = data.draw(st.sampled_from(waiting))
        match state:
            case State.WAITING:
                self.outbox.mark_retry(name, "HTTP 503", 0.0)
            case State.DELIVERED:
                self.outbox.mark_delivered(name, "17", NOW)
            case _:
                self.outbox.mark_held(name, "HTTP 422")
        self.model[name] = state

    @invariant()
    def agrees(self) -> None:
        states = list(self.model.values())
        assert self.outbox.counts() == Counts(
            waiting=states.count(State.WAITING),
            delivered=states.count(State.DELIVERED),
            held=states.count(State.HELD),
            repeats=self.repeats,
        )
        in_order = [name for name, state in self.model.items() if state is State.WAITING]
        assert [item.reading_id for item in self.outbox.waiting(None)] == in_order

    def teardown(self) -> None:
        self.outbox.close()


def _in_memory() -> Database:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    key = SealingKey(bytes(32))
    bring_up_to_date(connection, 0, key)
    return Database(connection, key=key)


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
