"""THE list of supported devices: how each is recognised, spoken to and set, and how we know. No conversation itself.

Everything that lists devices (the README's table, pairing, the settings' models, the tests of the fakes) reads it here.
Nothing in it has been tried with the real device yet: ``verified`` says what stands behind each row instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from drivers.catalog_bluetooth import BLUETOOTH
from drivers.catalog_serial import SERIAL
from drivers.recognition import best
from drivers.supported_device import Advertisement, SupportedDevice

CATALOG: Final[tuple[SupportedDevice, ...]] = (*BLUETOOTH, *SERIAL)

# As drivers.serial.finding: one short frame (0.6) may be an accident of noise.
_BELIEVED: Final = 0.7


class UnknownModel(KeyError):
    """No supported device is called so."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.model = model

    def __str__(self) -> str:
        return f"no supported device is called {self.model}"


def recognise(advertisement: Advertisement) -> SupportedDevice | None:
    """The supported device that advertises so; None when there is none, or when two would fit equally well."""
    return best(CATALOG, advertisement)


def by_model(model: str) -> SupportedDevice:
    """The device called so. Raises UnknownModel."""
    for device in CATALOG:
        if device.model == model:
            return device
    raise UnknownModel(model)


def probe(first_bytes: bytes) -> SupportedDevice | None:
    """The wired device that these first bytes come from; None when no one, or two, would send them."""
    scored = [(device.probe(first_bytes), device) for device in CATALOG if device.probe is not None]
    highest = max((score for score, _ in scored), default=0.0)
    winners = [device for score, device in scored if score == highest]
    return winners[0] if highest >= _BELIEVED and len(winners) == 1 else None


def device_table(devices: Iterable[SupportedDevice] = CATALOG) -> str:
    """The supported devices as a Markdown table, for the README."""
    heads = ("model", "maker", "measures", "transport", "bond", "clock", "verified", "note")
    rows = [
        (
            device.model,
            device.manufacturer,
            ", ".join(kind.value for kind in device.kinds),
            device.transport.value,
            device.bonding.value,
            device.clock_rule.value,
            device.verified.value,
            device.hosts_note,
        )
        for device in devices
    ]
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
