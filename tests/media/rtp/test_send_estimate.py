"""How much is sent: over simulated lines with fixed seeds, and what the estimate does with nonsense."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.media.rtp.send_estimate import SendEstimate
from tests.media.rtp.simulated_line import STEP, TABLE, Call, Conditions

SEEDS = (1, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clean_line_is_used_to_the_limit_within_two_seconds(seed: int) -> None:
    outcome = Call(TABLE["clean"], seed=seed).run(8)
    reached = outcome.reached(0.8 * 2_500_000, 0.0)
    assert reached is not None and reached < 2.0
    assert outcome.target_quantile(0.05, 3, 8) == 2_500_000
    assert outcome.queue_quantile(0.95, 3, 8) < 0.01


@pytest.mark.parametrize("seed", SEEDS)
def test_three_hundred_kilobits_are_filled_without_a_queue(seed: int) -> None:
    outcome = Call(TABLE["rate300"], seed=seed).run(20)
    assert outcome.queue_quantile(0.95, 5, 20) <= 0.08
    assert outcome.frozen_share(5, 20) == 0
    assert outcome.frames_per_second(5, 20) >= 25
    assert outcome.target_mean(5, 20) > 0.8 * 300_000
    assert all(width * height >= 320 * 240 for at, width, height, _ in outcome.sizes if at >= 5)
    assert outcome.sound_arrived >= outcome.sound_sent - 12  # what is still on its way, and the first second


@pytest.mark.parametrize("seed", SEEDS)
def test_speech_is_whole_at_one_hundred_kilobits(seed: int) -> None:
    outcome = Call(TABLE["rate100"], seed=seed).run(20)
    assert outcome.frames_per_second(5, 20) >= 10
    assert max(outcome.sound_delays[100:]) < 0.35
    assert outcome.queue_quantile(0.95, 5, 20) < 0.12


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rate_falls_at_once_and_is_back_in_six_seconds(seed: int) -> None:
    outcome = Call(Conditions(rates=STEP), seed=seed, most=1_700_000).run(35)
    assert max(outcome.gaps(14, 35)) <= 0.3
    fell = next(at for at, target in outcome.targets if at > 15 and target < 300_000)
    assert fell - 15 < 0.25
    back = outcome.reached(0.8 * 1_700_000, 30.0)
    assert back is not None and back < 6


@pytest.mark.parametrize("name", ["loss1", "loss5", "loss10", "loss20", "burst5"])
@pytest.mark.parametrize("seed", SEEDS)
def test_random_loss_does_not_starve_the_call(name: str, seed: int) -> None:
    outcome = Call(TABLE[name], seed=seed).run(20)
    assert outcome.target_quantile(0.02, 5, 20) >= 600_000


@pytest.mark.parametrize("seed", SEEDS)
def test_jitter_does_not_starve_the_call(seed: int) -> None:
    outcome = Call(TABLE["jitter30"], seed=seed).run(20)
    assert outcome.target_quantile(0.02, 5, 20) >= 600_000
    assert outcome.frozen_share(5, 20) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_that_drops_instead_of_queueing_is_not_taken_for_a_bad_radio(seed: int) -> None:
    outcome = Call(TABLE["policed800"], seed=seed).run(20)
    assert 450_000 < outcome.target_mean(5, 20) < 850_000
    losses = [loss for at, loss in outcome.losses if at >= 5]
    assert sum(losses) / len(losses) < 0.08


@pytest.mark.parametrize("seed", SEEDS)
def test_lost_feedback_costs_little(seed: int) -> None:
    outcome = Call(TABLE["feedback lost 20"], seed=seed).run(20)
    assert outcome.target_mean(5, 20) > 350_000
    assert outcome.queue_quantile(0.95, 5, 20) < 0.1


def test_an_encoder_that_sends_little_does_not_let_the_estimate_run_away() -> None:
    call = Call(Conditions(rates=((0.0, 600_000),)), seed=4, encoder_share=0.3)
    outcome = call.run(20)
    assert outcome.target_quantile(0.95, 8, 20) < 1.2 * 600_000


def test_the_other_end_may_limit() -> None:
    call = Call(TABLE["clean"], seed=1)
    call.estimate.receiver_limit(400_000, 0.0)
    outcome = call.run(5)
    assert max(target for _, target in outcome.targets) <= 400_000
    call.estimate.receiver_limit(None, 5.0)
    assert call.estimate.target(5.0) > 0


def test_a_cut_line_is_used_again_at_once() -> None:
    outcome = Call(TABLE["outage 3 s"], seed=1).run(16)
    assert all(target == 60_000 for at, target in outcome.targets if 11.3 < at < 13)
    assert next(at for at, target in outcome.targets if at > 13 and target > 600_000) < 13.4
    assert outcome.target_mean(14.5, 16) > 1_500_000


def test_a_stalled_radio_is_not_taken_for_a_slow_line() -> None:
    outcome = Call(TABLE["stalls"], seed=1).run(18)
    assert outcome.target_mean(10.7, 15) > 2_000_000
    assert outcome.target_mean(15.7, 18) > 2_000_000


def test_silence_of_the_other_end_stops_the_picture() -> None:
    call = Call(TABLE["clean"], seed=1)
    call.run(4)
    estimate = call.estimate
    for number in range(100_000, 100_400):
        estimate.sent(number, 1200, 4.0 + (number - 100_000) * 0.005)
    assert estimate.target(6.0) == 60_000
    assert estimate.probe(6.0) is None


def test_reports_decide_where_there_is_no_transport_feedback() -> None:
    estimate = SendEstimate(start=500_000, least=60_000, most=2_000_000, now=0.0)
    number = 0
    for second in range(20):
        for tick in range(100):
            estimate.sent(number, 800, second + tick / 100)
            number += 1
        estimate.round_trip(0.05, second + 1)
        estimate.report_lost(0.1, second + 1)
    assert estimate.target(20) >= 450_000, "loss without delay is the radio's"
    assert estimate.loss == pytest.approx(0.1, abs=0.02)
    for second in range(20, 30):
        estimate.round_trip(0.4, second + 1)
        estimate.report_lost(0.3, second + 1)
    assert estimate.target(30) < 300_000
    assert estimate.round_trip_s == 0.4


def test_rates_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="out of order"):
        SendEstimate(start=100, least=200, most=300, now=0.0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(
            st.tuples(
                st.integers(min_value=-(2**20), max_value=2**20),
                st.one_of(st.none(), st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)),
            ),
            max_size=30,
        ),
        max_size=30,
    )
)
def test_whatever_is_reported_the_target_stays_within_its_limits(reports: list[list[tuple[int, float | None]]]) -> None:
    estimate = SendEstimate(start=300_000, least=60_000, most=2_000_000, now=0.0)
    number = 0
    for index, report in enumerate(reports):
        now = index * 0.05
        probe = estimate.probe(now)
        for _ in range(6):
            estimate.sent(number, 500, now, probe=None if probe is None else probe.cluster)
            number += 1
        estimate.feedback(report, now)
        estimate.feedback([(number - 3, now * 1000), (number - 2, None), (number - 1, now * 1000 - 3)], now)
        assert 60_000 <= estimate.target(now) <= 2_000_000
        assert estimate.queue_delay_s >= 0
        assert 0 <= estimate.loss <= 1


def test_history_is_bounded_without_feedback() -> None:
    estimate = SendEstimate(start=300_000, least=60_000, most=2_000_000, now=0.0)
    for number in range(60_000):
        estimate.sent(number, 1000, number * 0.001)
    assert estimate.remembered <= 20_001
