"""The rows of the call bench: which condition, which figure of it, which goal; runs no call itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from kiosk.callbench.call_check import Bench, Check, Measurement, Soak, judged
from kiosk.callbench.call_run import BURST_FROM_S, BURST_UNTIL_S, LOW_FROM_S, LOW_UNTIL_S, CallRun, Pair, SetUp
from kiosk.callbench.echo_checks import echo_1s, echo_3s, echo_delay_jump, echo_double_talk
from kiosk.callbench.end import EndReport
from kiosk.callbench.figures import (
    frames_per_second,
    frozen_share,
    high,
    lips_p95,
    longest_gap,
    middle,
    percentile,
    picture_delays,
    pixels,
    recovery_seconds,
    seconds_until_sent,
)
from kiosk.callbench.link_lost import LinkLost

QVGA_PIXELS = 320 * 240
_AFTER_BURST_S = 2.0
_AFTER_BURST_FOR_S = 3.0
_FULL_RATE_FPS = 27.0
_NOISE_MS = 20.0

Value = Callable[[CallRun], float | None]


class Row(msgspec.Struct, frozen=True):
    """One figure of one scenario's call. ``goal_row``: its number in the table of issue 4, None if it has none.

    ``remark``: what else the kiosk's call tells, for the note.
    """

    name: str
    scenario: str
    value: Value
    unit: str
    goal: float | None = None
    goal_row: int | None = None
    more: bool = False
    stock: bool = True
    note: str = ""
    remark: Callable[[CallRun], str] | None = None

    async def __call__(self, bench: Bench, name: str) -> Check:
        """Measure the kiosk, then the browser, then stock aiortc."""
        kiosk = await self._of(bench, Pair.KIOSK)
        reference = await self._of(bench, Pair.BROWSER)
        stock = await self._of(bench, Pair.STOCK) if self.stock else None
        run = await bench.run(Pair.KIOSK, self.scenario)
        remark = self.remark(run) if run is not None and self.remark is not None else ""
        note = "; ".join(part for part in (bench.trouble(Pair.KIOSK, self.scenario), self.note, remark) if part)
        return judged(name, kiosk, self.unit, self.goal, reference=reference, stock=stock, more=self.more, note=note)

    async def _of(self, bench: Bench, pair: Pair) -> float | None:
        run = await bench.run(pair, self.scenario)
        return None if run is None else self.value(run)


def _both(
    stem: str,
    scenario: str,
    value: Callable[[EndReport], float | None],
    unit: str,
    goal: float | None = None,
    goal_row: int | None = None,
    *,
    more: bool = False,
    note: str = "",
) -> tuple[Row, Row]:
    """The figure of what the nurse's browser gets (sent) and of what the patient gets (received)."""
    return (
        Row(f"{stem}_sent", scenario, lambda run: value(run.b), unit, goal, goal_row, more=more, note=note),
        Row(f"{stem}_received", scenario, lambda run: value(run.a), unit, goal, goal_row, more=more, note=note),
    )


def _frozen(report: EndReport) -> float | None:
    share = frozen_share(report)
    return None if share is None else share * 100


def _longest_ms(report: EndReport) -> float | None:
    longest = longest_gap(report)
    return None if longest is None else longest * 1000


def _concealed(report: EndReport) -> float | None:
    return None if report.concealed_share is None else report.concealed_share * 100


def _sound_delay(report: EndReport) -> float | None:
    return middle(report.sound_delay)


def _after_burst(report: EndReport) -> float | None:
    since = report.began + BURST_UNTIL_S + _AFTER_BURST_S
    return middle(report.sound_delay, since, since + _AFTER_BURST_FOR_S)


def _before_burst(report: EndReport) -> float | None:
    return middle(report.sound_delay, report.began, report.began + BURST_FROM_S)


def _step_freeze(report: EndReport) -> float | None:
    longest = longest_gap(report, report.began + LOW_FROM_S, report.began + report.seconds)
    return None if longest is None else longest * 1000


def _recovery(rate: Sequence[tuple[float, float]], began: float) -> float | None:
    return recovery_seconds(rate, began + LOW_FROM_S, began + LOW_UNTIL_S)


def _seconds_to_hd(run: CallRun) -> float | None:
    return seconds_until_sent(run.b.sent, run.began, width=1280, height=720, least_fps=_FULL_RATE_FPS)


def _picture_delay(run: CallRun, report: EndReport) -> float | None:
    return percentile(picture_delays(report, run.unix_less_monotonic), 0.5)


def _pulses_missing(run: CallRun) -> float | None:
    return None if run.a.sound_missing is None else run.a.sound_missing * 100


def _last_sent(report: EndReport) -> str:
    if not report.sent:
        return ""
    last = report.sent[-1]
    limits = f", limited by {report.limitation}" if report.limitation not in (None, "none") else ""
    return f"at the end {last.width}x{last.height} at {last.frames_per_second:.0f} fps{limits}"


def _lips_middle(report: EndReport) -> str:
    found = percentile(report.lips, 0.5)
    return "" if found is None else f"median {abs(found):.0f} ms, {'sound' if found > 0 else 'picture'} later"


def _processor(report: EndReport) -> float | None:
    return None if report.processor_s is None else 100 * report.processor_s / report.seconds


_LOSSES = (
    ("loss1", None, None),
    ("loss5", 0.2, 0.5),
    ("loss10", 1.0, 2.0),
    ("loss20", 4.0, 6.0),
    ("burst5", None, None),
)

ROWS: tuple[Row, ...] = (
    *(
        row
        for name, frozen, concealed in _LOSSES
        for row in (
            *_both(f"frozen_{name}", name, _frozen, "%", frozen, 3 if frozen else None),
            *_both(f"longest_freeze_{name}", name, _longest_ms, "ms"),
            *_both(f"concealed_{name}", name, _concealed, "%", concealed, 4 if concealed else None),
            *_both(f"fps_{name}", name, frames_per_second, "1/s", more=True),
        )
    ),
    *_both("frozen_clean", "clean", _frozen, "%"),
    *_both("fps_clean", "clean", frames_per_second, "1/s", more=True),
    *_both("concealed_clean", "clean", _concealed, "%"),
    *_both("frozen_jitter30", "jitter30", _frozen, "%"),
    *_both("concealed_jitter30", "jitter30", _concealed, "%"),
    *_both("sound_delay_jitter30", "jitter30", _sound_delay, "ms"),
    *_both("sound_delay_loss10", "loss10", _sound_delay, "ms"),
    Row("sound_delay_clean", "clean", lambda run: _sound_delay(run.a), "ms", 60, 5, note="median in the jitter buffer"),
    Row("sound_delay_clean_sent", "clean", lambda run: _sound_delay(run.b), "ms", note="in the nurse's browser"),
    Row("sound_delay_before_burst", "burst", lambda run: _before_burst(run.a), "ms"),
    Row(
        "sound_delay_after_burst",
        "burst",
        lambda run: _after_burst(run.a),
        "ms",
        60,
        5,
        note="median 2 to 5 s after 2 s of 30 % loss",
    ),
    *_both("rate300_frozen", "rate300", _frozen, "%", 0.0, 6),
    *_both("rate300_fps", "rate300", frames_per_second, "1/s", 25.0, 6, more=True),
    *_both("rate300_pixels", "rate300", pixels, "pixels", QVGA_PIXELS, 6, more=True, note="QVGA is 76 800"),
    *_both("rate300_speech", "rate300", _concealed, "%", 0.5, 6, note="concealed; whole is at most 0.5 %"),
    Row("rate300_queue", "rate300", lambda run: run.line.a_to_b.queue_p95_ms, "ms", 80, 6, note="p95, kiosk to nurse"),
    Row(
        "rate300_queue_received", "rate300", lambda run: run.line.b_to_a.queue_p95_ms, "ms", note="p95, nurse to kiosk"
    ),
    *_both("rate100_speech", "rate100", _concealed, "%", 0.5, 7, note="concealed; whole is at most 0.5 %"),
    *_both("rate100_fps", "rate100", frames_per_second, "1/s", 10.0, 7, more=True),
    Row("rate100_queue", "rate100", lambda run: run.line.a_to_b.queue_p95_ms, "ms", note="p95, kiosk to nurse"),
    *_both("step_freeze", "step", _step_freeze, "ms", 300, 8, note="longest gap from the step down on"),
    Row(
        "step_recovery_sent",
        "step",
        lambda run: _recovery(run.line.a_to_b.rate, run.began),
        "s",
        6.0,
        8,
        note="until 80 % of the rate of before, kiosk to nurse",
    ),
    Row(
        "step_recovery_received",
        "step",
        lambda run: _recovery(run.line.b_to_a.rate, run.began),
        "s",
        6.0,
        8,
        note="until 80 % of the rate of before, nurse to kiosk",
    ),
    Row(
        "browser_sends_720p",
        "hd",
        _seconds_to_hd,
        "s",
        5.0,
        9,
        note="until it sends 1280x720 at 27 fps or more",
        remark=lambda run: _last_sent(run.b),
    ),
    *_both("fps_720p", "hd", frames_per_second, "1/s", more=True),
    Row(
        "lips_sent",
        "clean",
        lambda run: lips_p95(run.b),
        "ms",
        30,
        10,
        note="p95, by the sender reports",
        remark=lambda run: _lips_middle(run.b),
    ),
    Row(
        "lips_received",
        "clean",
        lambda run: lips_p95(run.a),
        "ms",
        30,
        10,
        note="p95, by the sender reports",
        remark=lambda run: _lips_middle(run.a),
    ),
    Row("lips_loss10_sent", "loss10", lambda run: lips_p95(run.b), "ms", note="p95, by the sender reports"),
    Row(
        "picture_delay_sent",
        "clock",
        lambda run: _picture_delay(run, run.b),
        "ms",
        note="median from drawn to presented, kiosk to nurse, the line's 20 ms in it",
    ),
    Row(
        "picture_delay_received",
        "clock",
        lambda run: _picture_delay(run, run.a),
        "ms",
        note="median from drawn to presented, nurse to kiosk's frame ring, the line's 20 ms in it",
    ),
    *(
        Row(f"pulses_missing_{name}", name, _pulses_missing, "%", note="of what the patient's loudspeaker played")
        for name in ("clean", "loss10", "rate300", "rate100")
    ),
    Row("round_trip_clean", "clean", lambda run: high(run.b.round_trip), "ms", note="p95; the line's is 40"),
    Row("processor_share_vga", "clean", lambda run: _processor(run.a), "% of a core"),
    Row("processor_share_720p", "hd", lambda run: _processor(run.a), "% of a core"),
)


def _set_up(scenario: str, goal_ms: float) -> Measurement:
    async def measure(bench: Bench, name: str) -> Check:
        kiosk = await bench.set_ups(Pair.KIOSK, scenario)
        reference = await bench.set_ups(Pair.BROWSER, scenario)
        stock = await bench.set_ups(Pair.STOCK, scenario)
        pictures = _p95_ms([one.picture_b for one in kiosk]), _p95_ms([one.picture_a for one in kiosk])
        shown = " / ".join("-" if one is None else f"{one:.0f}" for one in pictures)
        return judged(
            name,
            _p95_ms([one.connected for one in kiosk]),
            "ms",
            goal_ms,
            reference=_p95_ms([one.connected for one in reference]),
            stock=_p95_ms([one.connected for one in stock]),
            note=f"p95 of {len(kiosk)} calls until both are connected; first picture at nurse / patient {shown} ms"
            + _failures(kiosk),
            digits=0,
        )

    return measure


async def _dead_relay(bench: Bench, name: str) -> Check:
    without = await bench.set_ups(Pair.KIOSK, "clean")
    dead = await bench.set_ups(Pair.KIOSK, "clean", dead_relay=True)
    pair = [percentile(_came([one.connected for one in calls]), 0.5) for calls in (without, dead)]
    extra = None if pair[0] is None or pair[1] is None else max(0.0, (pair[1] - pair[0]) * 1000)
    # Two medians of a few calls differ by some milliseconds on a busy machine.
    value = 0.0 if extra is not None and extra <= _NOISE_MS else extra
    measured = "" if extra is None else f"medians differ by {extra:.0f} ms; up to {_NOISE_MS:.0f} counts as 0"
    return judged(name, value, "ms", 0, note=measured, digits=0)


def _p95_ms(values: Sequence[float | None]) -> float | None:
    """None when the calls that came to nothing are among those that the percentile may not leave out."""
    ordered = sorted(float("inf") if value is None else value * 1000 for value in values)
    found = percentile(ordered, 0.95)
    return None if found is None or found == float("inf") else found


def _came(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _failures(calls: Sequence[SetUp]) -> str:
    failed = sum(one.connected is None for one in calls)
    return f"; {failed} never connected" if failed else ""


def _processor_ratio(scenario: str) -> Measurement:
    async def measure(bench: Bench, name: str) -> Check:
        shares = []
        for pair in (Pair.KIOSK, Pair.BROWSER, Pair.STOCK):
            run = await bench.run(pair, scenario)
            shares.append(None if run is None else _processor(run.a))
        kiosk, browser, stock = shares
        if browser is None or browser <= 0:
            return judged(name, None, "x", 1.0, note="no browser to compare with")
        note = "" if kiosk is None else f"media process {kiosk:.0f} % of a core, one Chromium {browser:.0f} %"
        return judged(
            name,
            None if kiosk is None else kiosk / browser,
            "x Chromium",
            1.0,
            reference=1.0,
            stock=None if stock is None else stock / browser,
            note=note or bench.trouble(Pair.KIOSK, scenario),
            digits=2,
        )

    return measure


def _soak(value: Callable[[Soak], float], unit: str, goal: float) -> Measurement:
    async def measure(bench: Bench, name: str) -> Check:
        soak = await bench.soak()
        if soak is None:
            return judged(name, None, unit, goal, note="the calls could not be made")
        failed = f"; {soak.failed} of them failed" if soak.failed else ""
        note = f"growth from after the first call to after {soak.calls}, without a call{failed}"
        return judged(name, value(soak), unit, goal, note=note)

    return measure


_LINK = LinkLost()

CHECKS: dict[str, Measurement] = {
    "setup_clean": _set_up("clean", 150),
    "setup_loss10": _set_up("loss10", 400),
    "setup_loss20": _set_up("loss20", 700),
    "dead_relay_delay": _dead_relay,
    **{row.name: row for row in ROWS},
    "processor_vga": _processor_ratio("clean"),
    "processor_720p": _processor_ratio("hd"),
    "link_lost_shown": _LINK.shown,
    "link_back_same_address": _LINK.back_same_address,
    "link_back_other_address": _LINK.back_other_address,
    "echo_1s": echo_1s,
    "echo_3s": echo_3s,
    "echo_delay_jump": echo_delay_jump,
    "echo_double_talk": echo_double_talk,
    "calls_threads": _soak(lambda soak: soak.threads, "threads", 0.0),
    "calls_files": _soak(lambda soak: soak.files, "files", 0.0),
    "calls_memory": _soak(lambda soak: soak.memory_mb, "MB", 20.0),
}
"""Every check by its name, in the order in which they are measured and shown."""
