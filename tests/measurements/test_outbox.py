"""The outbox: durable, idempotent, honest about a full or damaged disk."""

from __future__ import annotations

import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from drivers.readings import Reading
from kiosk.measurements.outbox import Counts, Outbox, OutboxError, OutboxReason, State
from tests.measurements.samples import capture, reading

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
    assert (waiting.reading_id, waiting.observation, waiting.attempts) == (one.reading_id, one.observation, 0)
    (entry,) = outbox.entries()
    assert (entry.patient, entry.state, entry.reason) == ("p17", State.WAITING, None)
    outbox.close()
    assert path.stat().st_mode & 0o077 == 0


def test_the_disk_is_asked_to_sync(outbox: Outbox) -> None:
    assert outbox._read("PRAGMA journal_mode") == [("wal",)]
    assert outbox._read("PRAGMA synchronous") == [(2,)]


def test_the_reading_itself_can_be_read_back(outbox: Outbox) -> None:
    one = reading()
    outbox.keep(capture(one))
    ((stored,),) = outbox._read("SELECT reading FROM reading")
    assert msgspec.json.decode(stored, type=Reading) == one


def test_the_same_identity_again_is_counted_and_not_stored(outbox: Outbox) -> None:
    one = capture()
    outbox.keep(one)
    outbox.mark_delivered(one.reading_id, "17", NOW)
    again = outbox.keep(one)
    assert (again.new, again.state) == (False, State.DELIVERED)
    assert outbox.counts() == Counts(delivered=1, repeats=1)


def test_states(outbox: Outbox) -> None:
    held, late, sent, failed = capture(), capture(), capture(), capture()
    for one in (held, late, sent):
        outbox.keep(one)
    outbox.keep(msgspec.structs.replace(failed, observation=None, state=State.FAILED, reason="no-value"))
    outbox.mark_held(held.reading_id, "HTTP 422")
    outbox.mark_retry(late.reading_id, "HTTP 503", 1000.0)
    outbox.mark_delivered(sent.reading_id, "17", NOW)
    assert outbox.counts() == Counts(waiting=1, delivered=1, held=1, failed=1)
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
        newer.execute("PRAGMA user_version = 2")
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


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(min_value=0, max_value=60_000))
def test_a_torn_log_keeps_a_whole_beginning(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Power lost while the log was written: what stands is a prefix of what was kept, and keeping goes on."""
    here = tmp_path_factory.mktemp("torn")
    source, copy = here / "source.sqlite", here / "copy.sqlite"
    outbox = Outbox.open(source)
    order = [outbox.keep(capture()).reading_id for _ in range(4)]
    shutil.copy(source, copy)
    log = (here / "source.sqlite-wal").read_bytes()
    outbox.close()
    (here / "copy.sqlite-wal").write_bytes(log[: max(0, len(log) - cut)])
    after = Outbox.open(copy)
    found = [entry.reading_id for entry in after.entries()]
    assert found == order[: len(found)]
    assert cut > 0 or found == order
    assert after.keep(capture()).new
    after.close()


def test_what_was_said_to_be_kept_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    command = [sys.executable, "-m", "tests.measurements.victim", "flood", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        said = [victim.stdout.readline().strip() for _ in range(40)]
        time.sleep(0.05)
        victim.send_signal(signal.SIGKILL)
        said += [line.strip() for line in victim.stdout if line.endswith("\n")]
    assert victim.returncode == -signal.SIGKILL
    outbox = Outbox.open(path)
    kept = [entry.reading_id for entry in outbox.entries()]
    outbox.close()
    assert len(said) >= 40
    assert kept[: len(said)] == said
    assert len(kept) <= len(said) + 1


class OutboxMachine(RuleBasedStateMachine):
    """Against a dictionary: whatever is done in whatever order, nothing is lost, doubled or changed back."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(_in_memory(), None)
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


def _in_memory() -> sqlite3.Connection:
    from kiosk.measurements.outbox import _SCHEMA

    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(_SCHEMA)
    return connection


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
