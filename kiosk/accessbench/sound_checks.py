"""G11 to G14 of accessibility.md: ring tone, light of the ring, volume and sound profile, each measured on what is
rendered: the same Playout that feeds the loudspeaker, the same page that fills the screen."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from kiosk.accessbench import intelligibility, ring_light
from kiosk.accessbench.access_check import AccessCheck, Figure
from kiosk.callbench.echo_checks import EchoBench, Return, single_talk
from kiosk.callbench.echo_rig import voices
from kiosk.facts.caller import Caller, CallerClass
from kiosk.facts.moment import Moment
from kiosk.facts.profile import Hearing, Profile, RingTone, SoundProfile
from kiosk.flow import effects as do
from kiosk.flow import events as on
from kiosk.flow.state import KioskState, Ringing
from kiosk.flow.transitions import FlowSettings, step
from kiosk.media.playout import BLOCK, Playout
from kiosk.media.ring_tone import GROWTH_S, PATTERNS, RATE_HZ

Samples = npt.NDArray[np.float64]

SPEECH_DBFS = -25.0
_FULL_SCALE = 32768.0
_TICK_S = 0.5
_FLOW = FlowSettings(ended_card_seconds=8.0)
_NAME = "Kari Nordmann"
_LOUDEST = Hearing(volume_percent=100, sound_profile=SoundProfile.STRONG)


def rendered(playout: Playout, seconds: float) -> Samples:
    """What the loudspeaker is given, full scale is 1."""
    blocks = [playout.next_block()[0] for _ in range(round(seconds * RATE_HZ / BLOCK))]
    return np.concatenate(blocks) / _FULL_SCALE


def said(hearing: Hearing, samples: Samples) -> Samples:
    """Speech as this patient's loudspeaker is given it."""
    playout = Playout()
    playout.follow(hearing)
    playout.next_block()
    whole = np.clip(np.round(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    playout.say(1, whole)
    return rendered(playout, len(samples) / RATE_HZ)


def babble(seconds: float, dbfs: float = SPEECH_DBFS) -> Samples:
    """Noise with the spectrum and the syllables of speech, the same every time."""
    random = np.random.default_rng(7)
    length = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(random.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / RATE_HZ)
    spectrum *= np.minimum(1.0, frequency / 100) / (1 + (frequency / 500) ** 2)
    syllables = np.clip(np.sin(2 * np.pi * 3.7 * np.arange(length) / RATE_HZ), 0, 1)
    noise = np.fft.irfft(spectrum, length) * syllables
    scaled: Samples = noise * 10 ** ((dbfs - _dbfs(noise)) / 20)
    return scaled


def _dbfs(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples**2) + 1e-15))


def _worst(figures: dict[str, float], *, more: bool) -> Figure:
    name = (min if more else max)(figures, key=lambda one: figures[one])
    return Figure(figures[name], name)


# G11


def energy_shares(samples: Samples) -> tuple[float, float]:
    """Percent of the energy between 0.4 and 2.5 kHz, and above 3 kHz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)
    # The lowest note has its line at 400 Hz: half of its width lies below.
    middle, high = power[(frequency >= 399) & (frequency <= 2500)].sum(), power[frequency > 3000].sum()
    return float(100 * middle / power.sum()), float(100 * high / power.sum())


def rung(tone: RingTone, seconds: float) -> Samples:
    """The ring as the loudspeaker is given it."""
    playout = Playout()
    playout.start_ring(tone)
    return rendered(playout, seconds)


def ring_energy() -> Figure:
    """The least share that lies where old ears hear."""
    return _worst({tone.value: energy_shares(rung(tone, 12.0))[0] for tone in RingTone}, more=True)


def ring_highs() -> Figure:
    """The largest share that they do not."""
    return _worst({tone.value: energy_shares(rung(tone, 12.0))[1] for tone in RingTone}, more=False)


def ring_growth() -> Figure:
    """By how many decibels the first note is louder ten seconds later."""
    grown = {}
    for tone in RingTone:
        period = PATTERNS[tone].period
        cycles = -(-round(GROWTH_S * RATE_HZ) // period)
        ring, note = rung(tone, (cycles + 1) * period / RATE_HZ), BLOCK * 5
        grown[tone.value] = _dbfs(ring[cycles * period :][:note]) - _dbfs(ring[:note])
    return _worst(grown, more=True)


def ring_under_speech() -> Figure:
    """By how many decibels the ring steps back while the name of who rings is said (which is silent here), from a tenth
    of a second after its beginning on: the way down is no click."""
    stepped, way = {}, RATE_HZ // 10
    for tone in RingTone:
        spoken_over = Playout()
        spoken_over.start_ring(tone)
        spoken_over.say(1, np.zeros(2 * RATE_HZ, dtype=np.int16))
        stepped[tone.value] = _dbfs(rung(tone, 1.5)[way:]) - _dbfs(rendered(spoken_over, 1.5)[way:])
    return _worst(stepped, more=True)


def ring_lasts(seconds: int) -> float:
    """How long it rings when nobody answers and the profile says so many seconds."""
    state, began = _ringing(seconds)[0], 0.0
    while isinstance(state.phase, Ringing) and began < 1000:
        began += _TICK_S
        state, _ = step(state, on.Tick(), _moment(began), _FLOW)
    return began


def ring_seconds() -> Figure:
    """The ordinary time, and whether the shortest and the longest are kept too."""
    found = {seconds: ring_lasts(seconds) for seconds in (30, Hearing().ring_seconds, 180)}
    kept = all(abs(lasts - seconds) <= _TICK_S for seconds, lasts in found.items())
    return Figure(found[Hearing().ring_seconds], f"{min(found.values()):g} to {max(found.values()):g} can be set", kept)


def name_after() -> Figure:
    """From the first step in which it rings to the one in which the name is said; how fast the voice is, G9 tells."""
    state, effects = _ringing(Hearing().ring_seconds)
    at = 0.0
    while at < Hearing().ring_seconds:
        for effect in effects:
            if isinstance(effect, do.Say) and _NAME in dict(effect.utterance.fields).values():
                return Figure(at, "before the voice has begun")
        at += _TICK_S
        state, effects = step(state, on.Tick(), _moment(at), _FLOW)
    return Figure(None, "the name is never said")


def _ringing(seconds: int) -> tuple[KioskState, tuple[do.Effect, ...]]:
    state = KioskState(profile=Profile(hearing=Hearing(ring_seconds=seconds)))
    caller = Caller("sip:kari@example.org", _NAME, "sykepleier", CallerClass.CARE)
    return step(state, on.CallArrived("1", caller), _moment(0.0), _FLOW)


def _moment(seconds: float) -> Moment:
    return Moment(datetime(2026, 11, 24, 12, tzinfo=UTC) + timedelta(seconds=seconds), seconds)


# G13


def volume_levels() -> dict[int, float]:
    """The level of soft speech for each setting of the volume, in decibels of full scale."""
    soft = babble(2.0, SPEECH_DBFS)
    return {percent: _dbfs(said(Hearing(volume_percent=percent), soft)) for percent in (0, 50, 100)}


def volume_range() -> Figure:
    """From the lowest to the highest."""
    levels = volume_levels()
    return Figure(levels[100] - levels[0], f"{levels[0]:.0f} to {levels[100]:.0f} dBFS of speech at {SPEECH_DBFS:.0f}")


def volume_step() -> Figure:
    """From the lowest to the middle."""
    levels = volume_levels()
    return Figure(levels[50] - levels[0], "50 % above 0 %")


def true_peak_dbfs(samples: Samples) -> float:
    """The highest the wave goes, also between the samples (four times oversampled, as ITU-R BS.1770 annex 2)."""
    spectrum = np.fft.rfft(samples)
    finer = np.zeros(2 * len(samples) + 1, dtype=np.complex128)
    finer[: len(spectrum)] = spectrum
    return float(20 * np.log10(np.abs(np.fft.irfft(finer, 4 * len(samples)) * 4).max()))


def loudest_peak() -> Figure:
    """Ring, speech and call all at once, each far too loud, at full volume with the strongest sound profile."""
    loud = np.clip(babble(3.0, -6.0), -1, 1)
    blocks = iter((loud * 32767).astype(np.int16).reshape(-1, BLOCK))
    playout = Playout()
    playout.follow(_LOUDEST)
    playout.start_ring(RingTone.STANDARD)
    playout.say(1, (loud[::-1] * 32767).astype(np.int16))
    playout.listen_to(lambda: next(blocks))
    return Figure(true_peak_dbfs(rendered(playout, 3.0)), "ring, speech and call at once")


# G14


def profile_delay() -> Figure:
    """How much later speech comes for the sound profile: where the correlation of both is highest, in milliseconds."""
    speech = babble(2.0)
    plain = said(Hearing(volume_percent=100), speech)
    late = {}
    for profile in (SoundProfile.LIGHT, SoundProfile.MEDIUM, SoundProfile.STRONG):
        shaped = said(Hearing(volume_percent=100, sound_profile=profile), speech)
        correlation = np.fft.irfft(np.fft.rfft(shaped) * np.conj(np.fft.rfft(plain)))
        late[profile.value] = abs(float((int(correlation.argmax()) + len(plain) // 2) % len(plain) - len(plain) // 2))
    return _worst({name: 1000 * samples / RATE_HZ for name, samples in late.items()}, more=False)


def profile_processor_ms(blocks: int = 3000) -> Samples:
    """Processor time of the sound profile for each 20 ms of a call: what the strongest adds to none."""
    voice = (babble(blocks * BLOCK / RATE_HZ) * 32767).astype(np.int16).reshape(-1, BLOCK)
    spent = []
    for hearing in (Hearing(volume_percent=100), _LOUDEST):
        playout, waiting = Playout(), iter(voice)
        playout.follow(hearing)
        playout.listen_to(waiting.__next__)
        times = []
        for _ in range(blocks):
            began = time.thread_time()
            playout.next_block()
            times.append(time.thread_time() - began)
        spent.append(1000 * np.array(times).reshape(-1, 2).sum(axis=1))
    added: Samples = spent[1] - np.median(spent[0])
    return added


def profile_processor() -> Figure:
    """99 % of the blocks need no more."""
    added = profile_processor_ms()
    return Figure(float(np.quantile(added, 0.99)), f"median {np.median(added):.2f} ms of 20 ms of a call")


def profile_echo() -> Figure:
    """How much of the echo is taken away with the strongest profile, in the worst room; without it as reference."""
    spoken = voices()

    def worst(hearing: Hearing) -> Return:
        found = EchoBench(spoken, None).returns(single_talk(ring_s=5.0, hearing=hearing))
        return min(found, key=lambda one: one.after_3s)

    with_it, without = worst(_LOUDEST), worst(Hearing(volume_percent=100))
    return Figure(with_it.after_3s, f"{with_it.scene}; {spoken.note}", reference=without.after_3s)


CHECKS: tuple[AccessCheck, ...] = (
    AccessCheck("g11_ring_energy", "% within 0.4-2.5 kHz", 80.0, ring_energy, more=True),
    AccessCheck("g11_ring_highs", "% above 3 kHz", 10.0, ring_highs),
    AccessCheck("g11_ring_growth", "dB in 10 s", 10.0, ring_growth, more=True),
    AccessCheck("g11_ring_seconds", "s", 60.0, ring_seconds),
    AccessCheck("g11_name_after", "s", 3.0, name_after),
    AccessCheck("g11_ring_under_speech", "dB", 20.0, ring_under_speech, more=True),
    AccessCheck("g12_ring_flashes", "Hz", 1.0, ring_light.fastest_flash, digits=2),
    AccessCheck("g12_ring_red", "% of the screen", 0.0, ring_light.saturated_red, digits=3),
    AccessCheck("g12_ring_still", "% of the screen", 0.0, ring_light.moving_when_off, digits=3),
    AccessCheck("g12_ring_iris", "themes failed", 0.0, ring_light.failed_by_iris, digits=0),
    AccessCheck("g13_volume_range", "dB", 18.0, volume_range, more=True),
    AccessCheck("g13_volume_step", "dB", 12.0, volume_step, more=True),
    AccessCheck("g13_loudest_peak", "dBFS", -1.0, loudest_peak),
    AccessCheck("g14_profile_delay", "ms", 15.0, profile_delay, digits=2),
    AccessCheck("g14_profile_processor", "ms in 20 ms", 1.0, profile_processor, digits=2),
    AccessCheck("g14_profile_echo", "dB of echo taken away", 30.0, profile_echo, more=True),
    AccessCheck("g14_haspi_n4", "HASPI", 0.90, intelligibility.strong_for_n4, more=True, digits=2),
    AccessCheck("g14_haspi_n3_change", "HASPI", -0.07, intelligibility.medium_for_n3, more=True, digits=2),
    AccessCheck("g14_haspi_n2_change", "HASPI", -0.07, intelligibility.light_for_n2, more=True, digits=2),
)
