"""What the tests of the nurse's page share: everything that the page talks to, and a call that is under way."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from kiosk.caredesk.chromium_nurse import ChromiumNurse
from kiosk.caredesk.desk import Desk
from kiosk.caredesk.sound_card import VirtualSoundCard
from tests.caredesk.browser_callee import BrowserCallee
from tests.caredesk.care_platform import CarePlatform

KIOSK = "sip:stue@svar.example"
KIOSK_TONE_HZ = 700.0
FHIR_JSON = "application/fhir+json"


class Stage:
    """Everything that the page talks to, shared by the tests of this module."""

    def __init__(self, desk: Desk, websocket: str, sound: VirtualSoundCard, care: CarePlatform) -> None:
        self.desk = desk
        self.websocket = websocket
        self.sound = sound
        self.care = care
        self.browser = ChromiumNurse()

    async def callee(self, user: str = "stue") -> BrowserCallee:
        return await BrowserCallee.register(
            self.browser,
            self.desk.address,
            f"sip:{user}@svar.example",
            f"{user}-password",
            self.websocket,
            KIOSK_TONE_HZ,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def talk(kari: ChromiumNurse, kiosk: BrowserCallee) -> None:
    await kari.ring()
    await kiosk.rings()
    await kari.wait_state("ringing", 10)
    await kiosk.answer()
    await kari.wait_state("talking", 15)


async def until_frames(count: Callable[[], Awaitable[int]], least: int, limit: float = 15.0) -> None:
    async with asyncio.timeout(limit):
        while await count() < least:
            await asyncio.sleep(0.05)
