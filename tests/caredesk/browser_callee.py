"""A callee in place of the kiosk: JsSIP in a second page of the nurse's Chromium; for the tests of her page only."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

from kiosk.caredesk.chromium_nurse import ChromiumNurse

_START = """
async ({ origin, uri, password, websocket, tone }) => {
  const { default: JsSIP } = await import(origin + "jssip.js");
  const { openMedia } = await import(origin + "generated_media.js");
  const callee = (window.callee = {
    session: null, registered: false, messages: [], answers: [], media: null, JsSIP, channels: {}, texts: {},
  });
  const agent = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(websocket)], uri, password, session_timers: false,
  });
  callee.agent = agent;
  agent.on("registered", () => { callee.registered = true; });
  agent.on("newRTCSession", ({ originator, session }) => {
    callee.session = session;
    session.on("ended", () => { callee.ended = true; });
    session.on("peerconnection", ({ peerconnection }) => callee.listenTo(peerconnection));
    session.on("failed", () => { callee.failed = true; });
  });
  agent.on("newMessage", ({ originator, message, request }) => {
    if (originator === "remote") {
      callee.messages.push({ type: request.getHeader("Content-Type"), body: request.body });
      message.accept();
    }
  });
  callee.listenTo = (connection) => connection.addEventListener("datachannel", ({ channel }) => {
    const kind = channel.protocol;
    callee.channels[kind] = channel;
    callee.texts[kind] ??= "";
    channel.addEventListener("message", ({ data }) => { callee.texts[kind] += data; });
  });
  callee.answer = async () => {
    callee.media = await openMedia({ camera: "generated", sound: "generated" }, tone);
    callee.session.answer({ mediaStream: callee.media.stream, pcConfig: { iceServers: [] } });
  };
  // What a kiosk does whose media process was restarted: a new peer connection takes over by re-INVITE.
  callee.startAfresh = () => new Promise((resolve, reject) => {
    const old = callee.session.connection;
    const fresh = new RTCPeerConnection({ iceServers: [] });
    callee.media.stream.getTracks().forEach((track) => fresh.addTrack(track, callee.media.stream));
    // All sections that were negotiated stay (RFC 3264 section 8).
    if (old.sctp) fresh.createDataChannel("afresh", { negotiated: true, id: 1000 });
    callee.listenTo(fresh);
    old.close();
    callee.session._connection = fresh;
    callee.fresh = fresh;
    if (!callee.session.renegotiate({}, resolve)) reject(new Error("not ready"));
  });
  callee.framesDecoded = async () => {
    const reports = [...(await (callee.fresh ?? callee.session.connection).getStats()).values()];
    return reports.find((r) => r.type === "inbound-rtp" && r.kind === "video")?.framesDecoded ?? 0;
  };
  callee.send = (type, body, inDialog) => new Promise((resolve) => {
    const answered = (response) => resolve(response.status_code);
    if (inDialog) {
      callee.session.sendRequest(JsSIP.C.MESSAGE, {
        extraHeaders: [`Content-Type: ${type}`], body,
        eventHandlers: { onSuccessResponse: answered, onErrorResponse: answered },
      });
    } else {
      agent.sendMessage("sip:kari@svar.example", body, {
        contentType: type,
        eventHandlers: {
          succeeded: ({ response }) => answered(response),
          failed: ({ response }) => answered(response),
        },
      });
    }
  });
  agent.start();
}
"""


class BrowserCallee:
    """Registers as an account, then does with a call what a test tells it to."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @classmethod
    async def register(
        cls, nurse: ChromiumNurse, origin: str, uri: str, password: str, websocket: str, tone: float
    ) -> BrowserCallee:
        """Open a page of its own beside the nurse's and register there."""
        browser = nurse.page.context.browser
        assert browser is not None
        page = await (await browser.new_context()).new_page()
        await page.goto(f"{origin}config.json")
        callee = cls(page)
        options = {"origin": origin, "uri": uri, "password": password, "websocket": websocket, "tone": tone}
        await page.evaluate(_START, options)
        await callee._until("window.callee.registered")
        return callee

    async def _until(self, expression: str) -> None:
        await self._page.wait_for_function(f"() => {expression}", timeout=15_000)

    async def rings(self) -> None:
        """Wait until a call has come."""
        await self._until("window.callee.session !== null")

    async def answer(self) -> None:
        await self._page.evaluate("() => window.callee.answer()")

    async def refuse(self, status: int) -> None:
        await self._page.evaluate("(status_code) => window.callee.session.terminate({ status_code })", status)

    async def start_afresh(self) -> None:
        """Re-INVITE with a new peer connection (ICE credentials, DTLS fingerprint); returns when it is accepted."""
        await self._page.evaluate("() => window.callee.startAfresh()")

    async def frames_decoded(self) -> int:
        """Frames of the nurse's picture in the newest peer connection."""
        return int(await self._page.evaluate("() => window.callee.framesDecoded()"))

    async def until_text(self, kind: str, fits: str) -> str:
        """All that came by the data channel of that protocol, once ``fits``, an expression of ``text``, is true."""
        condition = f"(kind) => {{ const text = window.callee.texts[kind]; return text !== undefined && ({fits}); }}"
        await self._page.wait_for_function(condition, arg=kind, timeout=15_000)
        return str(await self._page.evaluate("(kind) => window.callee.texts[kind]", kind))

    async def write(self, text: str) -> None:
        """Send by the data channel for real-time text."""
        await self._page.evaluate("(text) => window.callee.channels.t140.send(text)", text)

    async def close(self) -> None:
        """Unregister and close the page."""
        await self._page.evaluate("() => window.callee.agent.stop()")
        await self._page.context.close()

    async def hang_up(self) -> None:
        await self._page.evaluate("() => window.callee.session.terminate()")

    async def ended(self) -> None:
        """Wait until the caller has hung up."""
        await self._until("window.callee.ended === true")

    async def cancelled(self) -> None:
        """Wait until the caller has given up."""
        await self._until("window.callee.failed === true")

    async def messages(self) -> list[dict[str, Any]]:
        """Every SIP MESSAGE that came: its type and body."""
        await self._until("window.callee.messages.length > 0")
        messages: list[dict[str, Any]] = await self._page.evaluate("() => window.callee.messages")
        return messages

    async def until_message(self, text: str) -> None:
        """Wait until a SIP MESSAGE with this text in it has come."""
        await self._page.wait_for_function(
            "(text) => window.callee.messages.some(({ body }) => body.includes(text))", arg=text, timeout=15_000
        )

    async def send(self, content_type: str, body: str, *, in_dialog: bool = True) -> int:
        """Send a SIP MESSAGE to the nurse; the status of the answer."""
        return int(
            await self._page.evaluate(
                "([type, body, inDialog]) => window.callee.send(type, body, inDialog)", [content_type, body, in_dialog]
            )
        )
