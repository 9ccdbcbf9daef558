"""Hands a recording to IRIS (Electronic Arts' test for photosensitive epilepsy, in Python) in a process of its own.

``python -m kiosk.accessbench.iris VIDEO`` prints the verdict as its last line; IRIS leaves files where it runs.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av

from kiosk.accessbench.flashes import Pictures

_LIMIT_S = 300.0
PASS = "Pass"


def iris_verdict(pictures: Pictures, pictures_a_second: int, folder: Path) -> str | None:
    """``PASS``, or what is wrong; None: IRIS is not installed. Raises OSError, subprocess.SubprocessError."""
    if importlib.util.find_spec("iris_pse_detection") is None:
        return None
    video = folder / "recording.mkv"
    _write(pictures, pictures_a_second, video)
    roots = os.pathsep.join(path for path in sys.path if path)
    ended = subprocess.run(
        [sys.executable, "-m", "kiosk.accessbench.iris", video.name],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": roots},
        capture_output=True,
        text=True,
        check=True,
        timeout=_LIMIT_S,
    )
    return ended.stdout.splitlines()[-1]


def _write(pictures: Pictures, pictures_a_second: int, video: Path) -> None:
    """Without any loss."""
    _, height, width, _ = pictures.shape
    with av.open(str(video), "w") as container:
        stream = container.add_stream("ffv1", rate=pictures_a_second)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgr0"
        for picture in pictures:
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)


def _main(video: str) -> None:
    iris: Any = importlib.import_module("iris_pse_detection")
    result = iris.VideoAnalyser(iris.Configuration()).analyse_video(video)
    sys.stdout.write(f"\n{result.overall_result.name}\n")


if __name__ == "__main__":
    _main(sys.argv[1])
