"""Serves the nurse's page on loopback, with her SIP account and a read-only way to the FHIR server; for demonstrations.

Whoever reaches the port gets the accounts' passwords, which are made for one run: therefore loopback only, and only
under a loopback name (a page from elsewhere cannot rebind its own name to us).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web
from yarl import URL

_log = logging.getLogger(__name__)

PAGE = Path(__file__).with_name("page")
_BUNDLE = PAGE / "node_modules" / ".bundle" / "jssip.js"
_FILES = {
    "": (PAGE / "index.html", "text/html"),
    "nurse.css": (PAGE / "nurse.css", "text/css"),
    "icon.svg": (PAGE / "icon.svg", "image/svg+xml"),
    "nurse.js": (PAGE / "nurse.js", "text/javascript"),
    "call.js": (PAGE / "call.js", "text/javascript"),
    "captions.js": (PAGE / "captions.js", "text/javascript"),
    "clock_strip.js": (PAGE / "clock_strip.js", "text/javascript"),
    "generated_media.js": (PAGE / "generated_media.js", "text/javascript"),
    "kinds.js": (PAGE / "kinds.js", "text/javascript"),
    "line_adaptation.js": (PAGE / "line_adaptation.js", "text/javascript"),
    "measurements.js": (PAGE / "measurements.js", "text/javascript"),
    "observations.js": (PAGE / "observations.js", "text/javascript"),
    "patient_profile.js": (PAGE / "patient_profile.js", "text/javascript"),
    "patient_side.js": (PAGE / "patient_side.js", "text/javascript"),
    "patient_words.js": (PAGE / "patient_words.js", "text/javascript"),
    "real_time_text.js": (PAGE / "real_time_text.js", "text/javascript"),
    "text_card.js": (PAGE / "text_card.js", "text/javascript"),
    "words.js": (PAGE / "words.js", "text/javascript"),
    "jssip.js": (_BUNDLE, "text/javascript"),
}
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1"})
_FHIR_LIMIT_S = 10.0
_FHIR_MAXIMUM_BYTES = 4_000_000


class DeskError(Exception):
    """The nurse's page cannot be served; the text says what to do."""


class Nurse(msgspec.Struct, frozen=True):
    """Someone who may sit at the desk: ``key`` chooses her in the page's address (``?caller=key``)."""

    key: str
    name: str
    uri: str
    password: str


class PageSettings(msgspec.Struct, frozen=True):
    """What the page is told. The first nurse is the one without ``?caller=``.

    ``callee``: the kiosk's SIP address. ``websocket``: Kamailio's address for JsSIP. ``patient``: ``Patient/<id>``.
    ``ice_servers``: W3C RTCIceServer objects.
    """

    nurses: tuple[Nurse, ...]
    callee: str
    websocket: str
    patient: str
    patient_name: str
    ice_servers: tuple[dict[str, str], ...] = ()


class Desk:
    """The web server. ``await start()``, open ``address``, ``await stop()``."""

    def __init__(self, port: int, page: PageSettings, fhir_base: str) -> None:
        """``port`` on 127.0.0.1. ``fhir_base``: without a slash at its end. Raises ValueError without a nurse."""
        if not page.nurses:
            raise ValueError("a desk needs at least one nurse")
        self._port = port
        self._page = page
        self._fhir_base = URL(fhir_base)
        self._runner: web.AppRunner | None = None
        self._client: aiohttp.ClientSession | None = None

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://localhost:{self._port}/"

    async def start(self) -> None:
        """Listen. Raises DeskError when the page was never bundled or the port is taken."""
        if not _BUNDLE.is_file():
            raise DeskError("The nurse's page lacks its npm package. Run packaging/setup.")
        application = web.Application(middlewares=[self._guard])
        application.on_response_prepare.append(self._protect)
        application.router.add_get("/config.json", self._configuration)
        application.router.add_get("/fhir/{path:.*}", self._read_fhir)
        application.router.add_get("/{name:[a-z_]*(?:[.][a-z]+)?}", self._file)
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_FHIR_LIMIT_S))
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        except OSError as error:
            await self.stop()
            raise DeskError(f"Port {self._port} for the nurse's page is taken. Choose another port.") from error

    async def stop(self) -> None:
        """Stop listening; safe to call twice."""
        runner, self._runner = self._runner, None
        client, self._client = self._client, None
        if runner is not None:
            await runner.cleanup()
        if client is not None:
            await client.close()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Loopback names only."""
        if request.url.host not in _LOOPBACK_NAMES:
            raise web.HTTPMisdirectedRequest(text="This desk answers only under localhost.")
        return await handler(request)

    async def _protect(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self._headers())

    def _headers(self) -> dict[str, str]:
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
            f"connect-src 'self' {self._page.websocket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Permissions-Policy": "camera=(self), microphone=(self), geolocation=()",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }

    async def _file(self, request: web.Request) -> web.StreamResponse:
        try:
            path, content_type = _FILES[request.match_info["name"]]
        except KeyError as error:
            raise web.HTTPNotFound(text="No such page.") from error
        return web.Response(text=path.read_text(encoding="utf-8"), content_type=content_type)

    async def _configuration(self, request: web.Request) -> web.StreamResponse:
        key = request.query.get("caller", "") or self._page.nurses[0].key
        nurse = next((one for one in self._page.nurses if one.key == key), None)
        if nurse is None:
            raise web.HTTPNotFound(text="No such caller.")
        return web.json_response(
            {
                "name": nurse.name,
                "uri": nurse.uri,
                "password": nurse.password,
                "websocket": self._page.websocket,
                "callee": self._page.callee,
                "patient": self._page.patient,
                "patientName": self._page.patient_name,
                "fhir": "/fhir",
                "iceServers": list(self._page.ice_servers),
            }
        )

    async def _read_fhir(self, request: web.Request) -> web.StreamResponse:
        """Pass a read or search on. The page never writes, so nothing but GET has a route."""
        if self._client is None:
            raise web.HTTPServiceUnavailable
        path = request.match_info["path"]
        if ".." in path.split("/"):
            raise web.HTTPNotFound(text="No such resource.")
        target = self._fhir_base.joinpath(path).with_query(request.query_string)
        try:
            async with self._client.get(
                target, headers={"Accept": "application/fhir+json"}, allow_redirects=False
            ) as answer:
                body = await _read_limited(answer)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("the FHIR server does not answer: %s", type(error).__name__)
            raise web.HTTPBadGateway(text="The FHIR server does not answer.") from error
        return web.Response(status=status, body=body, content_type="application/fhir+json")


async def _read_limited(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > _FHIR_MAXIMUM_BYTES:
            raise web.HTTPBadGateway(text="The FHIR server's answer is too large.")
    return bytes(body)
