"""Holds one conversation: performs a dialogue's actions over a Link, journals first, and lets nothing take for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from drivers.device import Clock, Journal, Link, RawPacket
from drivers.dialogues.dialogue import Dialogue, End
from drivers.errors import LinkReason
from drivers.readings import DeviceIdentity, DeviceInformation, Measurement, Reading


class Limits(msgspec.Struct, frozen=True):
    """Seconds. ``operation``: one subscribe, read, write or close, well under an A&D cuff's patience of 5 s;
    ``session``: the whole conversation."""

    operation: float = 2.0
    session: float = 120.0


class Collected(msgspec.Struct, frozen=True):
    """What one connection gave. ``kept``: readings given to the journal, in order; ``refused`` says of each packet that
    could not be read, why. ``lost`` is the line's trouble, None when it ended as it should."""

    end: End
    kept: tuple[Reading, ...] = ()
    refused: tuple[str, ...] = ()
    information: DeviceInformation | None = None
    lost: LinkReason | None = None


async def hold(
    dialogue: Dialogue,
    link: Link,
    identity: DeviceIdentity,
    clock: Clock,
    journal: Journal,
    *,
    show: Callable[[Measurement], None],
    limits: Limits,
) -> Collected:
    """Hold the conversation to its end and close the line; what the journal raises ends it and passes through."""
    raise NotImplementedError


def replay(dialogue: Dialogue, packets: Sequence[RawPacket]) -> tuple[Reading, ...]:
    """What the journalled packets of one session that was cut short would have become."""
    raise NotImplementedError
