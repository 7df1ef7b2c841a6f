# SPDX-License-Identifier: LGPL-3.0-only
"""Load from this machine to this machine: wrk, bounded in connections and time."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from stack.settings import StackError

SCRIPT = Path(__file__).parent / "wrk" / "lines.lua"
JSON = {"Content-Type": "application/json"}


class Load(NamedTuple):
    """What wrk saw; latencies in seconds."""

    requests: int
    rate: float  # answers a second
    bad: int  # failed, or without what a good answer holds
    mean: float
    median: float
    p99: float


def ask(
    url: str,
    lines: Path,
    good: str,
    *,
    seconds: float,
    connections: int,
    method: str = "POST",
    status: int = 200,
    headers: Mapping[str, str] = JSON,
) -> Load:
    """Ask with the lines of a file, each connection again as soon as it is answered.

    :param lines: bodies to post; with GET paths
    :param good: text that each good answer holds in its body or its Location
    :param headers: "{address}" in one becomes another IPv4 address each time
    """
    program = shutil.which("wrk")
    if not program:
        raise StackError("wrk is missing: run RECALL_BENCH=1 scripts/setup.sh")
    command = [program, "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout=10s"]
    command += ["-s", str(SCRIPT), url, "--", str(lines), good, str(status), method]
    command += [f"{name}: {value}" for name, value in headers.items()]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    line = next(
        (s for s in result.stdout.splitlines() if s.startswith("RESULT ")), None
    )
    if result.returncode or not line:
        raise StackError(f"wrk failed: {(result.stderr or result.stdout)[-300:]}")
    count, duration, bad, *latencies = map(int, line.split()[1:])
    return Load(count, count / duration * 1e6, bad, *(v / 1e6 for v in latencies))
