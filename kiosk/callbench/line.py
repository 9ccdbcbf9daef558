"""One direction of a bad line: packets go in, late, in bursts or never come out; pure, time is an argument.

A packet meets, in this order: an outage, loss (independent and in bursts), the queue before a link of limited rate, the
way's delay and its jitter. Chance comes from the seed alone, one draw a packet, so that the same sequence of packets
meets the same fate.
"""

from __future__ import annotations

import array
import enum
import heapq
import math
import random

import msgspec

RATE_PIECE_S = 0.2
"""Over how long delivered bits are added up for ``LineCounts.rate``."""


class JitterShape(enum.Enum):
    """How the delay that jitter adds is distributed; ``jitter_ms`` is its parameter."""

    NORMAL = "normal"
    """Standard deviation ``jitter_ms`` around the delay; never before the packet was sent."""
    UNIFORM = "uniform"
    """Between none and twice ``jitter_ms`` more than the delay."""
    EXPONENTIAL = "exponential"
    """More than the delay, by ``jitter_ms`` on average."""


class RateStep(msgspec.Struct, frozen=True):
    """From ``at_s`` seconds after the conditions began: so many bits a second, or no limit (None)."""

    at_s: float
    bits_per_second: float | None


class Outage(msgspec.Struct, frozen=True):
    """Whatever is sent from ``begin_s`` until before ``end_s`` is lost; seconds after the conditions began."""

    begin_s: float
    end_s: float


class Conditions(msgspec.Struct, frozen=True):
    """One direction's line. ``loss`` and ``burst_loss`` are shares of packets, ``burst_length`` the mean length of a
    burst in packets (Gilbert's model), ``queue_ms`` how long a packet may wait for the link before it is dropped.
    Raises ValueError for what no line can be."""

    name: str
    delay_ms: float = 20.0
    jitter_ms: float = 0.0
    jitter_shape: JitterShape = JitterShape.NORMAL
    reorders: bool = False
    loss: float = 0.0
    burst_loss: float = 0.0
    burst_length: float = 3.0
    rates: tuple[RateStep, ...] = ()
    queue_ms: float = 400.0
    outages: tuple[Outage, ...] = ()

    def __post_init__(self) -> None:
        numbers = (self.delay_ms, self.jitter_ms, self.queue_ms)
        if not all(0 <= number < 60_000 for number in numbers):
            raise ValueError("delay, jitter and queue are milliseconds, from 0 to a minute")
        if not (0 <= self.loss <= 1 and 0 <= self.burst_loss < 1 and 1 <= self.burst_length <= 1000):
            raise ValueError("loss is a share, and a burst has one packet or more")
        if any(step.bits_per_second is not None and step.bits_per_second < 1000 for step in self.rates):
            raise ValueError("a rate below 1000 bit/s is an outage")
        if any(later.at_s <= earlier.at_s for earlier, later in zip(self.rates, self.rates[1:], strict=False)):
            raise ValueError("the steps of the rate stand in the order of time")


def step_down_and_up(low_from_s: float = 10.0, low_until_s: float = 20.0) -> Conditions:
    """2 Mbit/s, then 300 kbit/s, then 2 Mbit/s again."""
    rates = (RateStep(0.0, 2_000_000), RateStep(low_from_s, 300_000), RateStep(low_until_s, 2_000_000))
    return Conditions("step", rates=rates)


CONDITIONS: dict[str, Conditions] = {
    one.name: one
    for one in (
        Conditions("clean"),
        Conditions("loss1", loss=0.01),
        Conditions("loss5", loss=0.05),
        Conditions("loss10", loss=0.10),
        Conditions("loss20", loss=0.20),
        Conditions("burst5", burst_loss=0.05, burst_length=3.0),
        Conditions("jitter30", jitter_ms=30.0),
        Conditions("rate300", rates=(RateStep(0.0, 300_000),)),
        Conditions("rate100", rates=(RateStep(0.0, 100_000),)),
        step_down_and_up(),
    )
}
"""The lines that calls are measured on, each with 20 ms one way; a rate has a queue of 400 ms before it."""


class LineCounts(msgspec.Struct, frozen=True):
    """What became of the packets of one direction: ``sent`` is all that went in, the others where they stayed.

    ``queue_*_ms``: how long those that were sent in the asked-for time waited for the link (0.0 where none was sent),
    the way's delay and the packet's own time on the link not counted. ``rate``: (CLOCK_MONOTONIC seconds of the
    piece's beginning, bits a second delivered to the link) for each 200 ms in which something was.
    """

    sent: int
    sent_bytes: int
    delivered: int
    delivered_bytes: int
    lost: int
    lost_in_outage: int
    queue_dropped: int
    queue_p50_ms: float
    queue_p95_ms: float
    queue_longest_ms: float
    rate: tuple[tuple[float, float], ...]


class Line:
    """One direction. Times must not go back from one call to the next.

    ``now``: CLOCK_MONOTONIC seconds; the rates and outages of the conditions count from ``began``.
    """

    def __init__(self, conditions: Conditions, seed: int, began: float = 0.0) -> None:
        self._loss_chance = random.Random(seed)
        self._jitter_chance = random.Random(seed + 1)
        self._in_burst = False
        self._order = 0
        self._on_way: list[tuple[float, int, bytes]] = []
        self._link_free_at = -math.inf
        self._last_arrival = -math.inf
        self._sent = self._sent_bytes = self._delivered = self._delivered_bytes = 0
        self._lost = self._lost_in_outage = self._queue_dropped = 0
        self._sent_at = array.array("d")
        self._waited = array.array("f")
        self._bits: dict[int, int] = {}
        self.cut = False
        """While True all that is sent is lost, whatever the conditions."""
        self.change(conditions, began)

    def change(self, conditions: Conditions, now: float) -> None:
        """Other conditions from now on, their times counted from now; what is on its way stays on it."""
        self.conditions = conditions
        self._began = now
        self._delay = conditions.delay_ms / 1000
        self._jitter = conditions.jitter_ms / 1000
        self._longest_wait = conditions.queue_ms / 1000
        self._leave_burst = 1 / conditions.burst_length
        self._enter_burst = self._leave_burst * conditions.burst_loss / (1 - conditions.burst_loss)
        self._steps = [(now + step.at_s, step.bits_per_second) for step in conditions.rates]
        self._outages = [(now + outage.begin_s, now + outage.end_s) for outage in conditions.outages]

    def send(self, packet: bytes, now: float) -> None:
        """A packet goes in."""
        self._sent += 1
        self._sent_bytes += len(packet)
        lost = self._meets_loss()
        if self.cut or any(begin <= now < end for begin, end in self._outages):
            self._lost_in_outage += 1
            return
        if lost:
            self._lost += 1
            return
        begins = now
        if self._steps:
            begins = max(now, self._link_free_at)
            if begins - now > self._longest_wait:
                self._queue_dropped += 1
                return
            self._link_free_at = self._through_link(begins, 8 * len(packet))
            left = self._link_free_at
        else:
            left = max(now, self._link_free_at)
        self._sent_at.append(now)
        self._waited.append(begins - now)
        piece = int(left / RATE_PIECE_S)
        self._bits[piece] = self._bits.get(piece, 0) + 8 * len(packet)
        arrives = left + self._delay
        if self._jitter:
            arrives = max(left, arrives + self._drawn_jitter())
        if not self.conditions.reorders:
            arrives = self._last_arrival = max(arrives, self._last_arrival)
        self._order += 1
        heapq.heappush(self._on_way, (arrives, self._order, packet))

    def due(self, now: float) -> list[bytes]:
        """The packets that have arrived by now, in the order of arrival."""
        arrived: list[bytes] = []
        on_way = self._on_way
        while on_way and on_way[0][0] <= now:
            packet = heapq.heappop(on_way)[2]
            self._delivered_bytes += len(packet)
            arrived.append(packet)
        self._delivered += len(arrived)
        return arrived

    def next_due(self) -> float | None:
        """When the next packet arrives; None when none is on its way."""
        return self._on_way[0][0] if self._on_way else None

    def counts(self, since: float = -math.inf) -> LineCounts:
        """The counts since the line was made; waits and rates only of what was sent from ``since`` on."""
        waited = sorted(wait for at, wait in zip(self._sent_at, self._waited, strict=True) if at >= since)
        return LineCounts(
            sent=self._sent,
            sent_bytes=self._sent_bytes,
            delivered=self._delivered,
            delivered_bytes=self._delivered_bytes,
            lost=self._lost,
            lost_in_outage=self._lost_in_outage,
            queue_dropped=self._queue_dropped,
            queue_p50_ms=_at_share(waited, 0.5),
            queue_p95_ms=_at_share(waited, 0.95),
            queue_longest_ms=_at_share(waited, 1.0),
            rate=tuple(
                (piece * RATE_PIECE_S, bits / RATE_PIECE_S)
                for piece, bits in sorted(self._bits.items())
                if (piece + 1) * RATE_PIECE_S > since
            ),
        )

    def _meets_loss(self) -> bool:
        """Draws for every packet, whatever else happens to it, so that its fate depends on its number only."""
        burst, alone = self._loss_chance.random(), self._loss_chance.random()
        self._in_burst = burst >= self._leave_burst if self._in_burst else burst < self._enter_burst
        return self._in_burst or alone < self.conditions.loss

    def _drawn_jitter(self) -> float:
        match self.conditions.jitter_shape:
            case JitterShape.NORMAL:
                return self._jitter_chance.gauss(0.0, self._jitter)
            case JitterShape.UNIFORM:
                return self._jitter_chance.uniform(0.0, 2 * self._jitter)
            case JitterShape.EXPONENTIAL:
                return self._jitter_chance.expovariate(1 / self._jitter)

    def _through_link(self, begins: float, bits: float) -> float:
        """When the last bit has gone over the link, whose rate may change meanwhile."""
        rate: float | None = None  # before the first step: no limit
        for number, (at, following) in enumerate(self._steps):
            if at <= begins:
                rate = following
                continue
            ends = begins if rate is None else begins + bits / rate
            if ends <= at or rate is None:
                return ends
            bits -= (at - begins) * rate
            begins, rate = self._steps[number]
        return begins if rate is None else begins + bits / rate


def _at_share(ordered: list[float], share: float) -> float:
    """Milliseconds that at least ``share`` of the ordered seconds do not exceed."""
    if not ordered:
        return 0.0
    return round(1000 * ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3)
