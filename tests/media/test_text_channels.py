"""Which data channels are listened to, and what of what they bring is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kiosk.ipc.media_messages import CaptionReceived, FromMedia, TextChannel, TextReceived, TextSent
from kiosk.media.engine import channels
from kiosk.media.text_channels import TextChannels


class Channel:
    """A data channel without a connection."""

    def __init__(self, protocol: str = "t140", label: str = "", **how: Any) -> None:
        self.protocol, self.label = protocol, label
        self.ordered = how.get("ordered", True)
        self.maxRetransmits = how.get("retransmits")
        self.maxPacketLifeTime = None
        self.closed = False
        self.sent: list[str] = []
        self._called: dict[str, Callable[..., None]] = {}

    def on(self, event: str, called: Callable[..., None]) -> None:
        self._called[event] = called

    def close(self) -> None:
        self.closed = True
        if "close" in self._called:
            self._called["close"]()

    def send(self, text: str) -> None:
        self.sent.append(text)

    def says(self, message: str | bytes) -> None:
        self._called["message"](message)


class Ear:
    """What core was told."""

    def __init__(self) -> None:
        self.told: list[FromMedia] = []
        self.now = 0.0
        self.channels: Any = TextChannels("c", self.told.append, lambda: self.now)

    def take(self) -> list[FromMedia]:
        told, self.told[:] = list(self.told), []
        return told


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_text_comes_and_goes_by_the_newest_channel(ear: Ear) -> None:
    first, second = Channel(), Channel(protocol="", label="t140")
    ear.channels.send("a", counted=True)
    ear.channels.came(first)
    first.says("Hei")
    ear.channels.send("b", counted=True)
    ear.channels.came(second)
    first.says("for sent")
    second.says(b"Olga")
    ear.channels.send("c", counted=False)
    first.close()
    second.close()
    ear.channels.send("d", counted=True)
    assert ear.take() == [
        TextChannel(call_id="c", open=True),
        TextReceived(call_id="c", text="Hei"),
        TextSent(call_id="c", characters=1),
        TextChannel(call_id="c", open=True),
        TextReceived(call_id="c", text="Olga"),
        TextChannel(call_id="c", open=False),
    ]
    assert (first.sent, second.sent) == (["b"], ["c"])


@pytest.mark.parametrize(
    "channel", [Channel("chat"), Channel("", "x"), Channel("t140", ordered=False), Channel("t140", retransmits=3)]
)
def test_other_channels_are_closed(ear: Ear, channel: Channel) -> None:
    ear.channels.came(channel)
    assert channel.closed
    assert ear.take() == []


def test_nonsense_is_refused(ear: Ear) -> None:
    channel = Channel()
    ear.channels.came(channel)
    ear.take()
    for message in (b"\xc3", b"\xff", "x" * 5000, "", b""):
        channel.says(message)
    assert ear.take() == []
    assert ear.channels.refused == 3
    assert not channel.closed


def test_a_flood_of_text_closes_its_channel(ear: Ear) -> None:
    channel = Channel()
    ear.channels.came(channel)
    for _ in range(10):
        channel.says("x" * 4000)
    assert channel.closed
    assert sum(len(one.text) for one in ear.take() if isinstance(one, TextReceived)) <= 12_000
    ear.now = 60.0
    another = Channel()
    ear.channels.came(another)
    another.says("Hei")
    assert TextReceived(call_id="c", text="Hei") in ear.take()


def test_captions_may_be_lost_and_come_in_masses(ear: Ear) -> None:
    channel = Channel("captions", ordered=False, retransmits=0)
    ear.channels.came(channel)
    for _ in range(500):
        channel.says("{}")
    channel.says("x" * 5000)
    assert len([one for one in ear.take() if isinstance(one, CaptionReceived)]) == 100
    assert not channel.closed


def test_after_the_call_nobody_is_told_anything(ear: Ear) -> None:
    channel = Channel()
    ear.channels.came(channel)
    ear.take()
    ear.channels.end()
    channel.says("Hei")
    channel.close()
    ear.channels.came(Channel())
    assert ear.take() == []


async def test_more_channels_than_anybody_needs_are_not_opened() -> None:
    opened: list[int] = []

    class Transport:
        def __init__(self) -> None:
            self._data_channels: dict[int, int] = {}

        async def _data_channel_receive(self, stream_id: int, pp_id: int, data: bytes) -> None:
            self._data_channels[stream_id] = stream_id
            opened.append(stream_id)

    transport: Any = Transport()
    channels.bound(transport)
    channels.bound(transport)
    for stream in range(1000):
        await transport._data_channel_receive(stream, 50, bytes([3]) + bytes(11))
    await transport._data_channel_receive(0, 50, bytes([3]) + bytes(400))
    assert opened == list(range(channels.MOST_CHANNELS))
    await transport._data_channel_receive(3, 51, b"Hei")
    assert opened[-1] == 3
    channels.bound(None)
