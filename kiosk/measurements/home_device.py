"""One enrolled health device of this home: what it is, how it is reached, whose it is, and how it has been of late."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from drivers.device import Peripheral
from drivers.errors import LinkReason
from drivers.readings import DeviceInformation
from drivers.supported_device import ClockRule, Enrolment, SupportedDevice, Transport
from kiosk.facts.measurement import SHOWN_AS, MeasurementFault, MeasurementKind
from kiosk.measurements.capture import Captured
from kiosk.measurements.gate import Ownership

REPEATED_WITHIN = timedelta(minutes=2)
"""A record without a time that comes again byte for byte in a later connection, this soon, is the same measurement:
another one would have taken as long."""

RADIO_REASONS = frozenset({LinkReason.NO_ADAPTER, LinkReason.NO_BUS, LinkReason.POWERED_OFF})
"""Trouble of our own radio, not of a device."""

_CABLE_REASONS = frozenset(
    {
        LinkReason.PORT_MISSING,
        LinkReason.PORT_IN_USE,
        LinkReason.REFUSED,
        LinkReason.PROTOCOL,
    }  # no right to it, no port
)
_WORTH_WAITING = frozenset(
    {LinkReason.LINK_LOST, LinkReason.TIMED_OUT, LinkReason.NOT_FOUND, LinkReason.BUSY, LinkReason.PROTOCOL}
)


class HomeDevice(msgspec.Struct, frozen=True):
    """What was agreed at enrolment."""

    entry: SupportedDevice
    peripheral: Peripheral
    ownership: Ownership
    enrolment: Enrolment = Enrolment()
    information: DeviceInformation | None = None

    @property
    def kinds(self) -> tuple[MeasurementKind, ...]:
        """What it measures, as a patient calls it."""
        return tuple({SHOWN_AS[kind]: None for kind in self.entry.kinds if kind in SHOWN_AS})

    def offers(self, kind: MeasurementKind) -> bool:
        """Whether it measures that."""
        return kind in self.kinds

    @property
    def wired(self) -> bool:
        """It has a cable; it neither bonds nor is it heard."""
        return self.entry.transport is Transport.SERIAL


class ListenedDevice:
    """What is remembered of a device while it is listened to. ``trouble``: what a person has to mend, None: nothing;
    ``failure`` and ``bug``: what has been logged, and need not be again."""

    def __init__(self, home: HomeDevice) -> None:
        self.home = home
        self.information = home.information
        self.trouble: LinkReason | None = None
        self.failure: LinkReason | None = None
        self.bug: str | None = None
        self.enrolment = home.enrolment
        self.progress_at = float("-inf")
        self._latest: tuple[Captured, ...] = ()

    @property
    def address(self) -> str:
        return self.home.peripheral.identity.address

    def gave(self, records: tuple[Captured, ...]) -> None:
        """What one connection gave, also one that was cut short."""
        self._latest = records or self._latest

    def gave_all(self, sequences: Collection[int]) -> None:
        """It has given all it had, with these sequences: the next time only what came after is asked for.

        Having nothing after, it may have begun to count anew: then all is asked for. Forgotten at a restart.
        """
        self.enrolment = msgspec.structs.replace(self.enrolment, last_sequence=max(sequences, default=None))

    def repeated(self, raw: bytes, now: datetime) -> Captured | None:
        """The reading of the latest connection that these bytes repeat, if its confirmation may have been lost."""
        if self.home.entry.clock_rule is ClockRule.NO_CLOCK:  # remembers nothing, so repeats nothing
            return None
        return next(
            (
                one
                for one in self._latest
                if one.reading.value.raw == raw and now - one.reading.received <= REPEATED_WITHIN
            ),
            None,
        )

    def lasting(self, reason: LinkReason) -> LinkReason | None:
        """The reason if it is one that a person has to mend."""
        if self.home.wired:
            return reason if reason in _CABLE_REASONS else None
        return reason if reason is LinkReason.STALE_BOND or reason in RADIO_REASONS else None

    def may_come_back(self, reason: LinkReason) -> bool:
        """It was heard and could not be reached: it mostly shows itself again by itself."""
        return not self.home.wired and reason in _WORTH_WAITING

    def fault(self, reason: LinkReason | None) -> MeasurementFault | None:
        """What waiting does not mend: whoever asks is told at once. A cable may be plugged in meanwhile."""
        if self.home.wired or reason is None:
            return None
        if reason in RADIO_REASONS:
            return MeasurementFault.BLUETOOTH_OFF
        refused = reason in (LinkReason.STALE_BOND, LinkReason.REFUSED)
        return MeasurementFault.PAIR_AGAIN if refused else None
