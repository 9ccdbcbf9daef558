"""Our own pairing agent: bleak has none, and on a kiosk there is no desktop whose agent would answer BlueZ.

    register(bus) ── RegisterAgent, RequestDefaultAgent: while the radio has its bus; again after BlueZ restarted
    window(address, seconds) ── the one time when the one device may pair; KeyboardDisplay while its passkey is wanted

It must be the default agent: bleak pairs over a D-Bus connection of its own, for which BlueZ asks the default one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

from drivers.ble.agent_interface import AgentInterface
from drivers.ble.bluez import SERVICE, address_of
from drivers.ble.errors import RADIO_ERRORS, described
from drivers.ble.pairing_window import Answer, Request, Window, capability, decide

_log = logging.getLogger(__name__)

PATH = "/no/svar/agent"
_MANAGER = "org.bluez.AgentManager1"
_MANAGER_PATH = "/org/bluez"
_HIGHEST_PASSKEY = 999_999
_CALL_S = 5.0
_T = TypeVar("_T")

AskPasskey = Callable[[], Awaitable[int | None]]
"""The six digits that the device shows, as somebody typed them; None: given up."""

AskSame = Callable[[int], Awaitable[bool]]
"""Whether the device shows this number too."""


class PairingAgent:
    """One for the life of the process; the radio registers it on each bus it gets."""

    def __init__(self) -> None:
        self._bus: MessageBus | None = None
        self._interface: AgentInterface | None = None
        self._window: Window | None = None
        self._ask_passkey: AskPasskey | None = None
        self._ask_same: AskSame | None = None
        self._asking: asyncio.Future[Any] | None = None
        self.registered = False

    async def register(self, bus: MessageBus) -> None:
        """Offer ourselves to BlueZ on this bus. A BlueZ that will not have us is logged: bonded devices work anyway."""
        self._interface = AgentInterface(self)
        self._bus = bus
        bus.export(PATH, self._interface)
        await self._offer()

    async def unregister(self) -> None:
        """Before the bus is left. Never raises."""
        bus, self._bus = self._bus, None
        self.cancelled()
        if bus is not None and self.registered and bus.connected:
            await self._withdraw(bus)
        if bus is not None and self._interface is not None:
            bus.unexport(PATH, self._interface)
        self.registered = False

    @asynccontextmanager
    async def window(
        self, address: str, seconds: float, *, passkey: AskPasskey | None = None, same: AskSame | None = None
    ) -> AsyncIterator[None]:
        """While inside, and no longer than ``seconds``, this device may pair. One window at a time.

        ``passkey`` is asked for when the device shows six digits to type; ``same`` when it shows a number to compare.
        """
        if self._window is not None:
            raise RuntimeError("a pairing window is open already")
        until = asyncio.get_running_loop().time() + seconds
        self._window = Window(address.upper(), until, can_type=passkey is not None, can_compare=same is not None)
        self._ask_passkey, self._ask_same = passkey, same
        try:
            if passkey is not None:
                await self._offer_anew()
            yield
        finally:
            self._window = self._ask_passkey = self._ask_same = None
            self.cancelled()
            if passkey is not None:
                await self._offer_anew()

    # -- what BlueZ asks (drivers.ble.agent_interface) --------------------------------------------------------------

    async def allow(self, request: Request, device: str) -> None:
        if self._decide(request, device) is not Answer.ACCEPT:
            raise _rejected()

    async def confirm(self, device: str, passkey: int) -> None:
        ask = self._ask_same
        if self._decide(Request.CONFIRMATION, device) is not Answer.ASK or ask is None:
            raise _rejected()
        if not await self._asked(ask(passkey)):
            raise _rejected()

    async def passkey(self, device: str) -> int:
        ask = self._ask_passkey
        if self._decide(Request.PASSKEY, device) is not Answer.ASK or ask is None:
            raise _rejected()
        passkey = await self._asked(ask())
        if passkey is None or not 0 <= passkey <= _HIGHEST_PASSKEY:
            raise _rejected()
        return passkey

    def cancelled(self) -> None:
        """BlueZ, or the window, does not want the answer any more."""
        if self._asking is not None:
            self._asking.cancel()

    def released(self) -> None:
        """BlueZ has let us go: its daemon is ending. The radio registers us again with the next."""
        self.cancelled()
        self.registered = False

    # --------------------------------------------------------------------------------------------------------------

    def _decide(self, request: Request, device: str) -> Answer:
        answer = decide(self._window, request, address_of(device), asyncio.get_running_loop().time())
        _log.info("pairing: %s: %s", request.value, answer.value)
        return answer

    async def _asked(self, question: Awaitable[_T]) -> _T | None:
        """The person's answer; None when the time is over or nobody wants it any more."""
        window = self._window
        if window is None:
            return None
        self._asking = task = asyncio.ensure_future(question)
        try:
            await asyncio.wait({task}, timeout=max(0.0, window.until - asyncio.get_running_loop().time()))
        finally:
            self._asking = None
            task.cancel()
        return task.result() if task.done() and not task.cancelled() else None

    async def _offer_anew(self) -> None:
        """With another capability, which BlueZ takes only at registration."""
        if self._bus is not None and self._bus.connected:
            if self.registered:
                await self._withdraw(self._bus)
            await self._offer()

    async def _offer(self) -> None:
        bus = self._bus
        if bus is None:
            return
        try:
            async with asyncio.timeout(_CALL_S):
                await _call(bus, "RegisterAgent", "os", [PATH, capability(self._window)])
                self.registered = True
                await _call(bus, "RequestDefaultAgent", "o", [PATH])
        except RADIO_ERRORS as error:
            _log.warning("BlueZ does not take our pairing agent: %s", described(error))

    async def _withdraw(self, bus: MessageBus) -> None:
        self.registered = False
        try:
            async with asyncio.timeout(_CALL_S):
                await _call(bus, "UnregisterAgent", "o", [PATH])
        except RADIO_ERRORS as error:
            _log.info("BlueZ did not let our pairing agent go: %s", described(error))


def _rejected() -> DBusError:
    return DBusError("org.bluez.Error.Rejected", "not in a pairing window for this device")


async def _call(bus: MessageBus, member: str, signature: str, body: list[str]) -> None:
    reply = await bus.call(
        Message(
            destination=SERVICE, path=_MANAGER_PATH, interface=_MANAGER, member=member, signature=signature, body=body
        )
    )
    if reply is not None and reply.message_type is MessageType.ERROR:
        raise DBusError(reply.error_name or "org.bluez.Error.Failed", str(reply.body[0]) if reply.body else "")
