"""The conversation with an A&D UA-651BLE cuff: subscribe, read its clock, set it, collect what it kept.

    kiosk                               cuff
      │  indications of 2A35 on           │
      │ ────────────────────────────────▶ │
      │  read 2A08 (its clock)            │   before it is set: what the times in the records are worth
      │ ────────────────────────────────▶ │
      │  write 2A08                       │   within 5 s of encryption, else it hangs up
      │ ────────────────────────────────▶ │
      │        2A35, oldest first, failed measurements too (all NaN)
      │ ◀──────────────────────────────── │
      │  (kept on disk) confirmation      │   asking for the next packet confirms this one
      │ ────────────────────────────────▶ │
      │                         hangs up  │
      │ ◀──────────────────────────────── │

Nothing here waits for ever as long as the Link does not (drivers.timed_link). Memory is never erased, bonds are never
removed.
Source: devices' behaviour as captured by the ThingML-BLE project (UA-651BLE traffic), A&D's sample applications.
"""

from __future__ import annotations

import msgspec

from drivers.decoders.blood_pressure import decode_blood_pressure
from drivers.decoders.date_time import decode_date_time, encode_date_time
from drivers.device import Clock, Journal, Link
from drivers.errors import DecodeError, LinkError, LinkReason
from drivers.gatt import BLOOD_PRESSURE_MEASUREMENT, DATE_TIME
from drivers.readings import BloodPressure, ClockCheck, DeviceIdentity, Reading


class Collected(msgspec.Struct, frozen=True):
    """What one connection gave, in the order in which it came.

    ``failed`` are inflations without a pressure; ``unreadable`` says of each packet that was refused, why;
    ``duplicates`` counts packets that came again. ``ended`` is None when the cuff closed the line as it should.
    """

    readings: tuple[Reading, ...] = ()
    failed: tuple[Reading, ...] = ()
    unreadable: tuple[str, ...] = ()
    duplicates: int = 0
    clock_set: bool = False
    ended: LinkReason | None = None


def has_pressure(value: BloodPressure) -> bool:
    """Whether the cuff found a pressure. The mean is often missing and never needed; a pulse alone is a failure."""
    return value.systolic.value is not None and value.diastolic.value is not None


async def collect(link: Link, identity: DeviceIdentity, clock: Clock, journal: Journal) -> Collected:
    """Hold the conversation over a connected ``link``; the caller closes it.

    Every readable record goes to ``journal`` before the next is asked for, failed ones too: they are history, not vital
    signs. What ``journal.keep`` raises ends the conversation, so that the cuff keeps the record. Trouble with the line
    is in the result, beside what came before it.
    """
    readings: list[Reading] = []
    failed: list[Reading] = []
    unreadable: list[str] = []
    seen: set[bytes] = set()
    duplicates = 0
    clock_set = False
    ended: LinkReason | None = None
    try:
        packets = await link.subscribe(BLOOD_PRESSURE_MEASUREMENT)
        check = await _read_clock(link, clock)
        clock_set = await _set_clock(link, clock)
        async for packet in packets:
            if packet in seen:
                duplicates += 1
                continue
            seen.add(packet)
            try:
                value = decode_blood_pressure(packet)
            except DecodeError as error:
                unreadable.append(str(error))
                continue
            reading = Reading(value=value, device=identity, received=clock.now(), clock=check)
            await journal.keep(reading)
            (readings if has_pressure(value) else failed).append(reading)
    except LinkError as error:
        ended = error.reason
    return Collected(
        readings=tuple(readings),
        failed=tuple(failed),
        unreadable=tuple(unreadable),
        duplicates=duplicates,
        clock_set=clock_set,
        ended=ended,
    )


async def _read_clock(link: Link, clock: Clock) -> ClockCheck:
    """What the cuff's clock shows; None in it when it cannot be read or shows nonsense. A lost line passes through."""
    try:
        shown = decode_date_time(await link.read(DATE_TIME))
    except DecodeError:
        shown = None
    except LinkError as error:
        if error.reason is LinkReason.LINK_LOST:
            raise
        shown = None
    return ClockCheck(device_time=shown, host_time=clock.now())


async def _set_clock(link: Link, clock: Clock) -> bool:
    """Whether the cuff took the time. If not, it will hang up, but what it sends until then is not to be lost."""
    try:
        await link.write(DATE_TIME, encode_date_time(clock.now()))
    except LinkError:
        return False
    return True
