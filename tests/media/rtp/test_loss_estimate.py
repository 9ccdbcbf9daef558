"""Whose loss it is: the trial and what comes of it."""

from __future__ import annotations

import random
from collections.abc import Callable

from kiosk.media.rtp.loss_estimate import LossCause, LossEstimate


def _run(losses: LossEstimate, rate: float, share: Callable[[float], float], seconds: float) -> list[LossCause]:
    """Reports every 70 ms of a sender with packets of 1000 bytes, whose loss depends on its rate."""
    chance = random.Random(3)
    found = []
    now, left = 0.0, 0.0
    while now < seconds:
        now += 0.07
        sending = min(rate, losses.trial_rate or rate)
        left += sending * 0.07 / 8000
        packets, left = int(left), left - int(left)
        lost = sum(chance.random() < share(sending) for _ in range(packets))
        cause = losses.reported(
            packets - lost, lost, now, delivered=sending * (1 - share(sending)), queued=False, settle_s=0.2
        )
        if cause is not None:
            found.append(cause)
    return found


def test_loss_that_stays_when_less_is_sent_is_the_lines() -> None:
    losses = LossEstimate()
    assert _run(losses, 1_000_000, lambda rate: 0.15, 12) == [LossCause.LINE]
    assert 0.1 < losses.usual < 0.25
    assert 0.08 < losses.loss < 0.25


def test_loss_that_goes_when_less_is_sent_is_ours() -> None:
    losses = LossEstimate()
    found = _run(losses, 1_000_000, lambda rate: max(0.0, 1 - 800_000 / rate), 4)
    assert found[0] is LossCause.OUR_RATE
    assert losses.usual < 0.05


def test_little_loss_is_no_reason_for_a_trial() -> None:
    losses = LossEstimate()
    assert _run(losses, 1_000_000, lambda rate: 0.01, 10) == []
    assert losses.trial_rate is None


def test_what_is_usual_falls_when_the_line_gets_better() -> None:
    losses = LossEstimate()
    _run(losses, 1_000_000, lambda rate: 0.2, 8)
    now = 8.0
    for _ in range(200):
        now += 0.07
        losses.reported(9, 0, now, delivered=1e6, queued=False, settle_s=0.2)
    assert losses.usual < 0.05


def test_nothing_is_tried_while_the_line_queues() -> None:
    losses = LossEstimate()
    now = 0.0
    for _ in range(60):
        now += 0.07
        assert losses.reported(8, 3, now, delivered=5e5, queued=True, settle_s=0.2) is None
    assert losses.trial_rate is None
    assert losses.loss > 0.2
