# SPDX-License-Identifier: LGPL-3.0-only
"""Load from this machine to this machine: wrk, bounded in connections and time."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stack.settings import StackError

SCRIPT = Path(__file__).parent / "wrk" / "bodies.lua"


class Load(NamedTuple):
    """What wrk saw; latencies in seconds."""

    requests: int
    rate: float  # answers a second
    bad: int  # failed, or without what a good answer holds
    mean: float
    median: float
    p99: float


def post(
    url: str,
    bodies: Path,
    good: str,
    *,
    seconds: float,
    connections: int,
    headers: Sequence[str] = ("application/json",),
) -> Load:
    """Post the lines of `bodies`, each connection again as soon as it is answered.

    :param good: text that each good answer holds
    :param headers: Content-Type and, if given, Authorization
    """
    program = shutil.which("wrk")
    if not program:
        raise StackError("wrk is missing: run RECALL_BENCH=1 scripts/setup.sh")
    command = [program, "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout=10s"]
    command += ["-s", str(SCRIPT), url, "--", str(bodies), good, *headers]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    line = next(
        (s for s in result.stdout.splitlines() if s.startswith("RESULT ")), None
    )
    if result.returncode or not line:
        raise StackError(f"wrk failed: {(result.stderr or result.stdout)[-300:]}")
    count, duration, bad, *latencies = map(int, line.split()[1:])
    return Load(count, count / duration * 1e6, bad, *(v / 1e6 for v in latencies))
