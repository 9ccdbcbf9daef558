"""What core does with real-time text, for the tests of media: the pure conversation over CoreEnd's link."""

from __future__ import annotations

import asyncio
import time

from kiosk.ipc.media_messages import SendText, TextChannel, TextReceived, TextSent
from kiosk.text import conversation as texts
from kiosk.text.conversation import Block, Conversation
from tests.media.core_end import CoreEnd


class TextingEnd:
    """``attach`` it to the media there is, ``write``, look at ``theirs`` and ``ours``; ``await close()``."""

    def __init__(self, call_id: str = "c") -> None:
        self.call_id = call_id
        self.conversation = Conversation()
        self.opened = 0
        self.refused_to_send = False
        self._core: CoreEnd | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def theirs(self) -> str:
        return self.conversation.theirs.text

    @property
    def ours(self) -> str:
        return self.conversation.ours.text

    def attach(self, core: CoreEnd) -> None:
        """Media began anew: what channel there was is gone."""
        self.conversation = texts.channel_closed(self.conversation)
        self._core = core

    def write(self, characters: str) -> None:
        self._perform(texts.write(self.conversation, characters, time.monotonic()))

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        ticked = 0.0
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            for message in list(self._core.said) if self._core is not None else []:
                self._take(message, now)
            if now - ticked >= 0.25:
                ticked = now
                self._perform(texts.passed(self.conversation, now))

    def _take(self, message: object, now: float) -> None:
        if not isinstance(message, TextChannel | TextReceived | TextSent) or self._core is None:
            return
        self._core.said.remove(message)
        if isinstance(message, TextReceived):
            self._perform(texts.received(self.conversation, message.text, now))
        elif isinstance(message, TextSent):
            self.conversation = texts.handed_over(self.conversation, message.characters)
        elif message.open:
            self.opened += 1
            self._perform(texts.channel_opened(self.conversation, now))
        else:
            self.conversation = texts.channel_closed(self.conversation)

    def _perform(self, step: tuple[Conversation, tuple[Block, ...]]) -> None:
        self.conversation, blocks = step
        for block in blocks:
            if self._core is not None and self._core.connection.fileno() >= 0:
                self._core.send(SendText(call_id=self.call_id, text=block.text, counted=block.counted))
