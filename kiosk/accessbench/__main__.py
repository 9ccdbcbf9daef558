"""``python -m kiosk.accessbench PART NAME …``: measures these checks of a part and tells each as a line of JSON."""

from __future__ import annotations

import sys

from kiosk.accessbench.access_bench import measure_here


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    measure_here(sys.argv[1], sys.argv[2:], _tell)
