"""What every device conversation looks like: what has happened goes in, what to do comes out. Pure.

    session                                       dialogue
      │  start(now)                                  │
      │ ───────────────────────────────────────────▶ │
      │            Subscribe, Read, Write, Wait, …   │   done in this order, one at a time;
      │ ◀─────────────────────────────────────────── │   each operation answers by an event
      │  received(Received | ReadDone | … , now)     │
      │ ───────────────────────────────────────────▶ │
      │            Keep, Finish, …                   │
      │ ◀─────────────────────────────────────────── │
      │  silent(now)                                 │   nothing happened for as long as Wait said
      │ ───────────────────────────────────────────▶ │

A dialogue never deletes memory, unpairs, writes EEPROM, changes units or removes bonds.
drivers.session runs it; because it is pure, the journal of a connection that was cut short is played through a fresh
one after a restart.
"""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Protocol

import msgspec

from drivers.errors import LinkReason
from drivers.readings import DeviceInformation, Measurement


class End(enum.Enum):
    """How a conversation ended."""

    COMPLETE = "complete"  # the device has given all it had, as far as it lets us know
    INCOMPLETE = "incomplete"  # it owes us something: a count does not match, a record was cut off
    REFUSED = "refused"  # it will not talk to us: consent, bond, unknown protocol
    LINK_LOST = "link-lost"
    TIMED_OUT = "timed-out"


# -- actions -----------------------------------------------------------------------------------------------------------


class Subscribe(msgspec.Struct, frozen=True):
    """Indications or notifications on. ``stream``: many packets a second, of which only what is kept is journalled."""

    characteristic: str
    stream: bool = False


class Read(msgspec.Struct, frozen=True):
    """Ask for a value."""

    characteristic: str


class Write(msgspec.Struct, frozen=True):
    """Write a value."""

    characteristic: str
    data: bytes


class NoteClock(msgspec.Struct, frozen=True):
    """The device's clock shows ``shown`` now (None: nonsense or unknown); it holds for what is kept hereafter.

    A dialogue that reads a clock holds back what came earlier until it has: the bytes are in the journal meanwhile.
    """

    shown: datetime | None


class Keep(msgspec.Struct, frozen=True):
    """A measurement to be made durable: also a failed one, a stored one, somebody else's.

    ``received``: when its packet came, if that was held back; None: with the event that is answered by this.
    """

    measurement: Measurement
    received: datetime | None = None


class Show(msgspec.Struct, frozen=True):
    """A provisional measurement, for the screen only: cuff pressure, a saturation that is not stable yet."""

    measurement: Measurement


class Refuse(msgspec.Struct, frozen=True):
    """Bytes that could not be read; counted, logged without the bytes, kept in the journal."""

    characteristic: str
    why: str


class Learn(msgspec.Struct, frozen=True):
    """What the device says of itself."""

    information: DeviceInformation


class Wait(msgspec.Struct, frozen=True):
    """Call ``silent`` when nothing has happened for ``seconds`` from now; replaces an earlier Wait, and each event
    starts it anew. It is spent when ``silent`` is called."""

    seconds: float


class Finish(msgspec.Struct, frozen=True):
    """The conversation is over; the session closes the line."""

    end: End


Action = Subscribe | Read | Write | NoteClock | Keep | Show | Refuse | Learn | Wait | Finish


# -- events ------------------------------------------------------------------------------------------------------------


class Subscribed(msgspec.Struct, frozen=True):
    """The Subscribe was done."""

    characteristic: str


class Received(msgspec.Struct, frozen=True):
    """An indication or notification; it is in the journal already."""

    characteristic: str
    data: bytes


class ReadDone(msgspec.Struct, frozen=True):
    """The answer to a Read; it is in the journal already."""

    characteristic: str
    data: bytes


class Written(msgspec.Struct, frozen=True):
    """The Write was done."""

    characteristic: str


class Failed(msgspec.Struct, frozen=True):
    """A Subscribe, Read or Write did not succeed, but the line is still there."""

    operation: Subscribe | Read | Write
    reason: LinkReason


class Closed(msgspec.Struct, frozen=True):
    """The line is gone: the device hung up, which may be its ordinary end, or it was lost (``reason``). The last."""

    reason: LinkReason | None = None


Event = Subscribed | Received | ReadDone | Written | Failed | Closed


class Dialogue(Protocol):
    """One conversation with one device. A new object for each connection.

    ``now`` is the moment at which the packet or the answer came. The answer to ``Closed`` may hold only Keep, Refuse
    and Finish. After a Finish only packets that had come before it are still given, and then ``Closed``; of the answers
    only Keep and Refuse are done.
    """

    def start(self, now: datetime) -> tuple[Action, ...]: ...

    def received(self, event: Event, now: datetime) -> tuple[Action, ...]: ...

    def silent(self, now: datetime) -> tuple[Action, ...]: ...
