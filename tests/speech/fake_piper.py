"""A program with the command line of piper-tts 1.8.0 that hums each line: as long as its words need, a tone each word.

The name of the model tells how it behaves: ``hang``, ``die``, ``none``, ``slow``, ``quiet``, ``broken``.
"""

from __future__ import annotations

import argparse
import sys
import time
import wave
from pathlib import Path

import numpy as np

RATE = 22_050
WORDS_PER_MINUTE = 180


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-m", required=True)
    parser.add_argument("-d", required=True)
    parser.add_argument("--length-scale", type=float, required=True)
    arguments = parser.parse_args()
    kind = Path(arguments.m).stem
    if kind == "none":
        raise ValueError("Unable to find voice")
    Path(arguments.d).with_suffix(".started").open("a", encoding="utf-8").write(f"{arguments.length_scale}\n")
    for number, line in enumerate(sys.stdin):
        if number and kind == "die":
            sys.exit(1)
        if number and kind == "hang":
            time.sleep(60)
        if number and kind == "slow":
            time.sleep(1.5)
        seconds = len(line.split()) * 60 / WORDS_PER_MINUTE * arguments.length_scale
        times = np.arange(int(seconds * RATE)) / RATE
        sound = np.sin(2 * np.pi * 500 * times) * (0 if kind == "quiet" and number else 9000)
        with wave.open(str(Path(arguments.d) / f"{time.monotonic_ns()}.wav"), "wb") as file:
            file.setnchannels(2 if kind == "broken" else 1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sound.astype("<i2").tobytes())


if __name__ == "__main__":
    main()
