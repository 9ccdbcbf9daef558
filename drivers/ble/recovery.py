"""When the radio has fallen silent, and what to do about it, step by step. Pure: times in, steps out.

    heard ──silence──▶ restart discovery ──silence──▶ power-cycle the adapter ──silence──▶ say so, and begin again
      ▲                                                                                          │
      └───────────────────────────── any advertisement ◀─────────────────────────────────────────┘

BlueZ at times says that it discovers while nothing arrives any more (bluez issue 807 and relatives). Silence alone
proves nothing: a cuff in a lonely house speaks once a day. So the watch begins only when something was heard, and a
silence that ended by itself, or after recovery had not helped, teaches how long this house is silent when all is well.
"""

from __future__ import annotations

import enum

import msgspec


class Step(enum.Enum):
    """What to try next."""

    RESTART_DISCOVERY = "restart-discovery"
    POWER_CYCLE = "power-cycle"
    TELL = "tell"


_STEPS = (Step.RESTART_DISCOVERY, Step.POWER_CYCLE, Step.TELL)


class Patience(msgspec.Struct, frozen=True):
    """Seconds. ``silence``: the least silence that is suspicious; ``step``: how long each step may take to help.

    ``usual``: a silence is suspicious only when it is this many times the longest that was harmless.
    """

    silence: float = 600.0
    step: float = 60.0
    usual: float = 3.0


class Watch(msgspec.Struct, frozen=True):
    """What is known of the air. Times are seconds of any clock that only goes forward.

    ``heard_at``: the latest advertisement, None: none yet. ``longest``: the longest harmless silence. ``tried``: the
    steps taken in this silence. ``tried_at``: when the latest was.
    """

    heard_at: float | None = None
    longest: float = 0.0
    tried: int = 0
    tried_at: float = 0.0

    @property
    def told(self) -> bool:
        """All steps were tried in this silence."""
        return self.tried >= len(_STEPS)


def heard(watch: Watch, now: float) -> Watch:
    """An advertisement came.

    A silence that a step has just ended was a fault, and teaches nothing; one that outlived all steps was none.
    """
    if watch.heard_at is None:
        return Watch(heard_at=now)
    harmless = watch.tried == 0 or watch.told
    silence = now - watch.heard_at
    return Watch(heard_at=now, longest=max(watch.longest, silence) if harmless else watch.longest)


def resumed(watch: Watch, now: float) -> Watch:
    """The radio was busy with a connection, or discovery began anew: a silence counts from now on."""
    return Watch(heard_at=None if watch.heard_at is None else now, longest=watch.longest)


def due_at(watch: Watch, patience: Patience) -> float | None:
    """When the next step is due if nothing is heard; None: never, for nothing has been heard yet."""
    if watch.heard_at is None:
        return None
    limit = max(patience.silence, patience.usual * watch.longest)
    if watch.tried == 0:
        return watch.heard_at + limit
    return watch.tried_at + (limit if watch.told else patience.step)


def next_step(watch: Watch, now: float, patience: Patience) -> tuple[Watch, Step | None]:
    """The step that is due at ``now``, and what to remember of it. After the last they begin again."""
    due = due_at(watch, patience)
    if due is None or now < due:
        return watch, None
    tried = 0 if watch.told else watch.tried
    return msgspec.structs.replace(watch, tried=tried + 1, tried_at=now), _STEPS[tried]
