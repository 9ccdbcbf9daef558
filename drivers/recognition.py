"""Who is this? Scores what a device shows (an advertisement, first bytes on a cable) against a description."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from drivers.dialogues.conversation import Decode
from drivers.dialogues.oximeter_stream import Frames
from drivers.errors import DecodeError
from drivers.readings import QuantityName
from drivers.supported_device import Advertisement, Recognition, SupportedDevice

_NAME: Final = 4
_OTHER: Final = 2
_REQUIRED: Final = 1

_BELIEF: Final = {1: 0.6, 2: 0.95}
"""By how many frames; three in a row are no accident."""

_SKIPPED_WEIGHT: Final = 4
"""A quarter of the bytes in no frame, and it is something else."""

_MOST_SPO2: Final = 100
_MOST_PULSE_RATE: Final = 300


def score(recognition: Recognition, advertisement: Advertisement) -> int:
    """How well an advertisement fits; 0: not this device.

    A description of required services only fits whatever offers them: it loses to any that says more. Of one that says
    more two properties must fit: a service, a name or a maker alone is shared by too many.
    """
    offered = {*advertisement.services, *advertisement.service_data}
    if not offered.issuperset(recognition.required):
        return 0
    name = (advertisement.name or "").rstrip("\x00")
    fits = [
        _NAME * any(name.startswith(beginning) for beginning in recognition.names),
        _OTHER * len(offered.intersection(recognition.services)),
        _OTHER * len(advertisement.service_data.keys() & set(recognition.service_data)),
        _OTHER * len(advertisement.manufacturer_data.keys() & set(recognition.companies)),
    ]
    required = _REQUIRED * len(recognition.required)
    particular = (recognition.names, recognition.services, recognition.service_data, recognition.companies)
    if any(particular) and (not any(fits) or sum(1 for fit in (required, *fits) if fit) < 2):
        return 0
    return required + sum(fits)


def best(devices: Iterable[SupportedDevice], advertisement: Advertisement) -> SupportedDevice | None:
    """The one that fits best; None when none does, or two equally well."""
    scored = [(score(device.recognition, advertisement), device) for device in devices]
    highest = max((points for points, _ in scored), default=0)
    winners = [device for points, device in scored if points == highest]
    return winners[0] if highest and len(winners) == 1 else None


class CountingFrames(Frames, Protocol):
    """Finds frames, and counts the bytes that belong to none."""

    skipped: int


def frames_probe(
    frames: Callable[[], CountingFrames], decode: Decode, *, longest: int, alone: bool = False
) -> Callable[[bytes], float]:
    """A ``SupportedDevice.probe`` by how much of what came makes sense: 0 none of it, 1 all.

    ``longest``: bytes of a frame; one may have begun before we listened. ``alone``: one frame is proof enough.
    """

    def probe(first: bytes) -> float:
        finder = frames()
        found = finder.feed(first)
        sensible = [frame for frame in found if _makes_sense(frame, decode)]
        if not sensible:
            return 0.0
        begun_before = min(first.find(found[0]), longest - 1)
        senseless = sum(len(frame) for frame in found) - sum(len(frame) for frame in sensible)
        wrong = finder.skipped - begun_before + senseless
        believed = 1.0 if alone else _BELIEF.get(len(sensible), 1.0)
        return max(0.0, believed - _SKIPPED_WEIGHT * wrong / len(first))

    return probe


def _makes_sense(frame: bytes, decode: Decode) -> bool:
    try:
        measurement = decode(frame)
    except DecodeError:
        return False
    spo2 = measurement.value(QuantityName.SPO2)
    pulse_rate = measurement.value(QuantityName.PULSE_RATE)
    return (spo2 is None or spo2 <= _MOST_SPO2) and (pulse_rate is None or pulse_rate <= _MOST_PULSE_RATE)
