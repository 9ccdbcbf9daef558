"""Runs a module of the nurse's page in node, for the tests of its pure functions."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kiosk.caredesk.desk import PAGE

_NODE = Path(sys.prefix) / "bin" / "node"


def evaluate(module: str, script: str, argument: object) -> object:
    """What ``script``, a function's body of (page, argument), returns; through JSON. Raises CalledProcessError."""
    program = (
        f"const page = await import({json.dumps((PAGE / module).as_uri())});"
        "let text = ''; for await (const piece of process.stdin) text += piece;"
        f"const run = (page, argument) => {{ {script} }};"
        "process.stdout.write(JSON.stringify(run(page, JSON.parse(text)) ?? null));"
    )
    finished = subprocess.run(
        [_NODE, "--input-type=module", "-e", program],
        input=json.dumps(argument).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=30,
    )
    found: object = json.loads(finished.stdout)
    return found
