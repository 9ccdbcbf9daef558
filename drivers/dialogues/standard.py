"""The conversation with a device that follows the Bluetooth profiles: cuffs, scales, thermometers, A&D's among them.

    kiosk                                device
      │  indications on                    │   all measurement characteristics, or the first of several names for one
      │ ─────────────────────────────────▶ │
      │  read its clock (2A08, or 2A2B)    │   before it is set: what the times in the records are worth
      │ ─────────────────────────────────▶ │
      │  write it, if that is the rule     │   A&D: at every connection, within 5 s, else it hangs up
      │ ─────────────────────────────────▶ │
      │         measurements, oldest first, failed ones too
      │ ◀───────────────────────────────── │
      │  silence, or it hangs up           │   silence: its clock if it was wrong, then device information, battery
      │ ◀───────────────────────────────── │

Source: Blood Pressure, Weight Scale, Body Composition and Health Thermometer Profiles; A&D cuffs' traffic as captured
by the ThingML-BLE project.
"""

from __future__ import annotations

import enum
from datetime import datetime, timedelta
from typing import Final

import msgspec

from drivers.decoders.body_composition import BodyCompositionParts
from drivers.dialogues.conversation import CLOCKS, IDLE_S, Conversation, Decode, Steps
from drivers.dialogues.dialogue import End, Received, Wait
from drivers.gatt import WEIGHT_MEASUREMENT
from drivers.readings import Kind, Measurement, QuantityName

CLOCK_TOLERANCE: Final = timedelta(minutes=1)
"""A clock that is off by less is not worth writing."""

_JOIN_S: Final = 1.5
"""How long a weight waits for the body composition of the same weigh-in."""


class SetClock(enum.Enum):
    """When this conversation writes the device's clock."""

    NEVER = "never"
    AT_ONCE = "at-once"
    WHEN_WRONG = "when-wrong"  # after the records, whose times are the old clock's; at once if it knows no time


class Source(msgspec.Struct, frozen=True):
    """A characteristic and what its packets mean."""

    characteristic: str
    decode: Decode


class Profile(msgspec.Struct, frozen=True):
    """What a device offers. ``sources``: its measurements; ``alternatives``: they are names of the same one, and the
    first that it has is enough. ``provisional``: shown, never kept. ``joins``: weight and composition belong together.

    ``clocks``: tried in this order. ``first_s``: seconds until it must have said something.
    """

    sources: tuple[Source, ...]
    alternatives: bool = False
    provisional: tuple[Source, ...] = ()
    joins: bool = False
    clocks: tuple[str, ...] = CLOCKS
    set_clock: SetClock = SetClock.NEVER
    first_s: float = 20.0


class StandardConversation(Conversation):
    """A :class:`Conversation` that follows a :class:`Profile`."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._decoders = {source.characteristic: source.decode for source in profile.sources}
        self._provisional = {source.characteristic: source.decode for source in profile.provisional}
        self._joining = BodyCompositionParts() if profile.joins else None
        self._unjoined: list[tuple[Measurement, datetime]] = []
        self._parts: set[bytes] = set()
        self._last_part = b""
        self._heard = False
        super().__init__()

    def _converse(self) -> Steps[End]:
        if not (yield from self._listen()):
            return self._not_listened_to
        clock = yield from self._read_clock(self._profile.clocks)
        if clock is None and self._profile.set_clock is SetClock.AT_ONCE:
            clock = self._profile.clocks[0], None  # it cannot be read; it hangs up if it is not written
        set_at_once = self._profile.set_clock is SetClock.AT_ONCE or (
            self._profile.set_clock is SetClock.WHEN_WRONG and clock is not None and clock[1] is None
        )
        if clock is not None and set_at_once:
            yield from self._write_clock(clock[0])
        if not (yield from self._prepare()):
            return End.REFUSED
        for source in self._profile.provisional:
            yield from self._subscribe(source.characteristic)
        began = self._now
        yield from self._collect()
        if clock is not None and not set_at_once and self._profile.set_clock is SetClock.WHEN_WRONG:
            yield from self._correct(clock, began)
        yield from self._ask_who_it_is()
        return self._outcome

    def _prepare(self) -> Steps[bool]:
        """What the device wants beside its clock before it talks; False: it will not."""
        yield from ()
        return True

    def _listen(self) -> Steps[bool]:
        heard = []
        for source in self._profile.sources:
            if (yield from self._subscribe(source.characteristic)):
                heard.append(source.characteristic)
                if self._profile.alternatives:
                    break
        if heard == [WEIGHT_MEASUREMENT] and not self._unjoined:
            self._joining = None  # there is nothing to wait for
        return bool(heard)

    def _collect(self) -> Steps[None]:
        while True:
            patience = IDLE_S if self._heard else self._profile.first_s
            if (yield Wait(_JOIN_S if self._unjoined else patience)) is not None:
                continue
            if not self._unjoined:
                return
            self._all_given()

    def _correct(self, clock: tuple[str, datetime | None], read_at: datetime) -> Steps[None]:
        characteristic, shown = clock
        if shown is None or abs(read_at.replace(tzinfo=None) - shown) > CLOCK_TOLERANCE:
            yield from self._write_clock(characteristic)

    # -- packets -----------------------------------------------------------------------------------------------------

    def _packet(self, packet: Received) -> bool:
        provisional = self._provisional.get(packet.characteristic)
        if provisional is not None:
            measurement = self._decoded(packet, provisional)
            if measurement is not None:
                self._show(measurement)
            return False
        decode = self._decoders.get(packet.characteristic)
        if decode is None:
            return False
        self._heard = True
        measurement = self._decoded(packet, decode)
        if measurement is not None:
            self._take(measurement)
        return True

    def _take(self, measurement: Measurement) -> None:
        if self._joining is None:
            self._keep(measurement, self._now)
            return
        if self._came_before(measurement):
            return
        self._unjoined.append((measurement, self._now))
        self._joined(self._joining.add(measurement))

    def _came_before(self, measurement: Measurement) -> bool:
        """Whether the radio gives a packet twice: joined again it would make another weigh-in of the same one.

        The second part of a composition has no time to know it by; it is the same only if it comes right after itself.
        """
        again = measurement.raw in self._parts if measurement.raw_time else measurement.raw == self._last_part
        self._parts.add(measurement.raw)
        self._last_part = b"" if measurement.final else measurement.raw
        return again

    def _all_given(self) -> None:
        if self._joining is not None:
            self._joined(self._joining.rest())

    def _joined(self, weigh_ins: tuple[Measurement, ...]) -> None:
        """Keep what is complete, with the time at which its first part came."""
        for weigh_in in weigh_ins:
            parts = [one for one in self._unjoined if one[0].raw in weigh_in.raw]
            self._unjoined = [one for one in self._unjoined if one not in parts]
            self._keep(_with_its_main_value(weigh_in), min((at for _, at in parts), default=self._now))


def _with_its_main_value(weigh_in: Measurement) -> Measurement:
    """A weigh-in in shoes has a weight and no body composition: it is a weight."""
    lacks_composition = weigh_in.kind is Kind.BODY_COMPOSITION and weigh_in.value(QuantityName.BODY_FAT) is None
    if lacks_composition and weigh_in.value(QuantityName.WEIGHT) is not None:
        return msgspec.structs.replace(weigh_in, kind=Kind.WEIGHT)
    return weigh_in
