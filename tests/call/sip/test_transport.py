"""The socket: which addresses may be used, and that a server gone mad is survived."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from kiosk.call.events import RegistrationChanged, RegistrationState, SipEvent
from kiosk.call.netlink import Reach
from kiosk.call.sip.agent import SipAgent
from kiosk.call.sip.transport import ConnectionFailed, Transport, check_server
from kiosk.caredesk.certificates import make_authority
from kiosk.settings import SipSettings
from tests.call.sip.peer import INSTANCE, text


@pytest.mark.parametrize("address", ["wss://sip.example.org", "ws://127.0.0.1:80", "ws://[::1]:80/x", "ws://localhost"])
def test_addresses_that_may_be_used(address: str) -> None:
    assert check_server(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "ws://sip.example.org",
        "ws://10.0.0.1",
        "ws://127.0.0.1.example.org",
        "ws://localhost.example.org",
        "http://127.0.0.1",
        "sip:127.0.0.1",
        "wss://",
        "wss://user:password@example.org",
        "",
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(ValueError):
        check_server(address)
    with pytest.raises(ValueError):
        Transport((address,), None)


def test_authority_files(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Transport(("wss://127.0.0.1",), tmp_path / "missing.pem")
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(ssl.SSLError):
        Transport(("wss://127.0.0.1",), tmp_path / "bad.pem")


Handler = Callable[[web.WebSocketResponse], Awaitable[None]]


class Server:
    """A WebSocket server that does what a test tells it."""

    def __init__(self) -> None:
        self.connections = 0
        self.handler: Handler | None = None
        self.protocols: tuple[str, ...] = ("sip",)
        self.address = ""
        self.hangs = asyncio.Event()
        self.spoken = 0

    async def accept(self, request: web.Request) -> web.WebSocketResponse:
        self.connections += 1
        if self.hangs.is_set():
            await asyncio.Event().wait()
        self.spoken += 1
        socket = web.WebSocketResponse(protocols=self.protocols)
        await socket.prepare(request)
        if self.handler is not None:
            await self.handler(socket)
        return socket


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    application = web.Application()
    application.router.add_get("/", made.accept)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.address = f"ws://127.0.0.1:{runner.addresses[0][1]}/"
    yield made
    await runner.cleanup()


async def until(condition: Callable[[], bool], limit: float = 5.0) -> None:
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.01)


class Running:
    """An agent on its way, and what it told."""

    def __init__(self, servers: tuple[str, ...], on_event: Callable[[SipEvent], None] | None = None) -> None:
        self.events: list[SipEvent] = []
        settings = SipSettings(
            servers=servers,
            address="sip:kiosk@svar.example",
            username="kiosk",
            password_file=Path("unused"),
            instance_id=INSTANCE,
        )
        self.agent = SipAgent(settings, "secret", on_event or self.events.append)
        self.task = asyncio.create_task(self.agent.run())

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


async def test_the_subprotocol_is_needed(server: Server) -> None:
    server.protocols = ()
    with pytest.raises(ConnectionFailed, match="does not speak SIP"):
        await Transport((server.address,), None).connect()


async def test_every_server_is_tried_and_each_says_why(server: Server) -> None:
    connection = await Transport(("ws://127.0.0.1:1/", server.address), None).connect()
    await connection.close()
    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:1/.*127\.0\.0\.1:2/"):
        await Transport(("ws://127.0.0.1:1/", "ws://127.0.0.1:2/"), None).connect()


async def test_nonsense_from_the_server_is_survived(server: Server, tmp_path: Path) -> None:
    seen: list[str] = []

    async def mad(socket: web.WebSocketResponse) -> None:
        for frame in ("", "\r\n\r\n", "x" * 100_000, "INVITE\r\n\r\n", "\ud7ff\x00"):
            await socket.send_str(frame)
        await socket.send_bytes(b"\xff" * 1000)
        await socket.send_bytes(text("INVITE sip:x SIP/2.0", []))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                seen.append(message.data)

    server.handler = mad
    running = Running((server.address,))
    await until(lambda: bool(seen) and running.agent.dropped == 5)
    assert seen[0].startswith("REGISTER sip:svar.example SIP/2.0\r\n") and server.connections == 1
    await running.stop()


@pytest.mark.parametrize("frame", ["x" * 200_000, None])
async def test_an_oversize_frame_or_a_hang_up_costs_one_connection(server: Server, frame: str | None) -> None:
    async def cruel(socket: web.WebSocketResponse) -> None:
        if server.connections == 1:
            if frame is not None:
                await socket.send_str(frame)
            else:
                await socket.close()
        async for _ in socket:
            pass

    server.handler = cruel
    running = Running((server.address,))
    await until(lambda: server.connections == 2)
    await running.stop()


async def test_attempts_become_rarer(server: Server) -> None:
    async def closing(socket: web.WebSocketResponse) -> None:
        await socket.close()

    server.handler = closing
    running = Running((server.address,))
    await until(lambda: server.connections == 2)
    await asyncio.sleep(2.5)
    assert server.connections <= 5
    await running.stop()
    assert running.events == [RegistrationChanged(RegistrationState.OFFLINE, running.events[0].detail)]  # type: ignore[union-attr]


async def test_a_renewed_connection_takes_the_place_of_one_that_says_nothing(server: Server) -> None:
    async def silent(socket: web.WebSocketResponse) -> None:
        async for _ in socket:
            pass

    server.handler = silent
    running = Running((server.address,))
    await until(lambda: server.connections == 1)
    running.agent.renew()
    await until(lambda: server.connections == 2)
    await until(lambda: running.events != [])
    assert "fresh" in running.events[0].detail  # type: ignore[union-attr]
    await running.stop()


async def test_in_a_hurry_there_is_no_back_off(server: Server) -> None:
    async def closing(socket: web.WebSocketResponse) -> None:
        await socket.close()

    async def silent(socket: web.WebSocketResponse) -> None:
        async for _ in socket:
            pass

    server.handler = closing
    running = Running((server.address,))
    await until(lambda: server.connections == 4, limit=20.0)  # by now the pauses are long
    server.handler = silent
    running.agent.renew()
    await until(lambda: server.connections == 5, limit=1.9)
    await running.stop()


async def test_a_server_that_hangs_up_at_once_is_not_run_into_in_a_hurry(server: Server) -> None:
    async def closing(socket: web.WebSocketResponse) -> None:
        await socket.close()

    server.handler = closing
    running = Running((server.address,))
    running.agent.renew()
    await until(lambda: server.connections >= 2)
    await asyncio.sleep(1.1)
    assert 3 <= server.connections <= 5
    await running.stop()


async def test_attempts_that_hang_do_not_hold_up_the_next(server: Server) -> None:
    server.hangs.set()
    running = Running((server.address,))
    running.agent.renew()
    await until(lambda: server.connections >= 3)
    assert running.events == []
    server.hangs.clear()
    await until(lambda: server.spoken >= 1, limit=5.0)
    await running.stop()


async def test_an_own_address_that_is_gone_is_told_and_loopback_never_is(server: Server) -> None:
    async def silent(socket: web.WebSocketResponse) -> None:
        async for _ in socket:
            pass

    server.handler = silent
    running = Running((server.address,))
    assert not running.agent.reach_changed(Reach())
    await until(lambda: server.connections == 1)
    assert not running.agent.reach_changed(Reach())
    await running.stop()


async def test_a_name_is_looked_up_once_where_lookups_may_hang(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Transport((server.address.replace("127.0.0.1", "localhost"),), None)
    await (await transport.connect()).close()

    async def hang(*_arguments: object) -> None:
        raise OSError("no name server answers")

    monkeypatch.setattr("aiohttp.ThreadedResolver.resolve", hang)
    await (await transport.connect(remembered=True)).close()
    with pytest.raises(ConnectionFailed):
        await transport.connect()


async def test_a_bug_in_the_controller_is_not_swallowed(server: Server) -> None:
    def broken(_event: SipEvent) -> None:
        raise RuntimeError("bug")

    running = Running(("ws://127.0.0.1:1/",), broken)
    await asyncio.wait({running.task}, timeout=5)
    error = running.task.exception()
    assert isinstance(error, ExceptionGroup) and isinstance(error.exceptions[0], RuntimeError)


async def test_tls_may_not_be_left_by_a_redirect(server: Server, tmp_path: Path) -> None:
    made = make_authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)

    async def elsewhere(_request: web.Request) -> web.Response:
        raise web.HTTPFound(server.address.replace("ws:", "http:"))

    application = web.Application()
    application.router.add_get("/", elsewhere)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    address = f"wss://localhost:{runner.addresses[0][1]}/"
    with pytest.raises(ConnectionFailed, match="without TLS"):
        await Transport((address,), made.authority).connect()
    await runner.cleanup()
