"""Real Kamailio with a certificate authority of its own, a kiosk's agent and raw desk peers, all on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from kiosk.call.events import IncomingCall, RegistrationChanged, RegistrationState, SipEvent
from kiosk.call.sip.agent import SipAgent
from kiosk.caredesk.certificates import Authority, make_authority
from kiosk.caredesk.kamailio import DigestAlgorithm, Kamailio, account
from kiosk.settings import SipSettings
from tests.call.raw_peer import RawPeer

E = TypeVar("E")
PASSWORD = "kiosk-password"
KIOSK = "sip:kiosk@svar.example"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Desk:
    """Kamailio that can be started late, stopped, and started again on the same ports."""

    def __init__(self, directory: Path) -> None:
        self.authority: Authority = make_authority(directory / "certificates")
        accounts = [
            account("kiosk", PASSWORD, DigestAlgorithm.SHA_256),
            account("kari", "kari-password", DigestAlgorithm.MD5),
            account("ola", "ola-password", DigestAlgorithm.MD5),
        ]
        self.kamailio = Kamailio(
            directory / "kamailio",
            self.authority.certificate,
            self.authority.key,
            accounts,
            free_port(),
            free_port(),
        )

    def settings(self, directory: Path, servers: tuple[str, ...] | None = None) -> SipSettings:
        return SipSettings(
            servers=servers or (self.kamailio.wss_address,),
            address=KIOSK,
            username="kiosk",
            password_file=directory / "unused",
            instance_id="urn:uuid:00000000-0000-4000-8000-000000000001",
            certificate_authority=self.authority.authority,
        )


class Kiosk:
    """The agent under test and what it told."""

    def __init__(self, settings: SipSettings, password: str = PASSWORD) -> None:
        self.events: asyncio.Queue[SipEvent] = asyncio.Queue()
        self.agent = SipAgent(settings, password, self.events.put_nowait)
        self.task = asyncio.create_task(self.agent.run())

    async def expect(self, kind: type[E], limit: float = 5.0) -> E:
        """The next event of this kind; others are dropped. Raises TimeoutError; also what ended the agent."""
        async with asyncio.timeout(limit):
            while True:
                getting = asyncio.create_task(self.events.get())
                done, _ = await asyncio.wait({getting, self.task}, return_when=asyncio.FIRST_COMPLETED)
                if getting not in done:
                    getting.cancel()
                    self.task.result()
                event = getting.result()
                if isinstance(event, kind):
                    return event

    async def registered(self, limit: float = 10.0) -> None:
        async with asyncio.timeout(limit):
            while (await self.expect(RegistrationChanged, limit)).state is not RegistrationState.REGISTERED:
                pass

    async def incoming(self) -> IncomingCall:
        return await self.expect(IncomingCall)

    async def stop(self) -> None:
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    made = Desk(tmp_path)
    await made.kamailio.start()
    yield made
    await made.kamailio.stop()


@pytest.fixture
async def kiosk(desk: Desk, tmp_path: Path) -> AsyncIterator[Kiosk]:
    made = Kiosk(desk.settings(tmp_path))
    await made.registered()
    yield made
    await made.stop()


Connect = Callable[[str], Awaitable[RawPeer]]


@pytest.fixture
async def nurse(desk: Desk) -> AsyncIterator[Connect]:
    """``await nurse("kari")``: registered at the desk edge."""
    made: list[RawPeer] = []

    async def connect(user: str) -> RawPeer:
        peer = RawPeer(desk.kamailio.ws_address, user, f"{user}-password")
        await peer.connect()
        made.append(peer)
        assert (await peer.register()).status == 200
        return peer

    yield connect
    for peer in made:
        await peer.close()
