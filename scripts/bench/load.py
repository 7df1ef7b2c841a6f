# SPDX-License-Identifier: LGPL-3.0-only
"""Load from this machine to this machine: wrk, bounded in connections and time."""

import math
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from stack.settings import StackError

SCRIPT = Path(__file__).parent / "wrk" / "lines.lua"
PACED = SCRIPT.with_name("paced.lua")
JSON = {"Content-Type": "application/json"}


class Pace(NamedTuple):
    """When connections ask: first within a second, later with a pause; seconds."""

    begin: float  # until the first: all connections are open by then
    pause: float  # of a connection after each answer


class Load(NamedTuple):
    """What wrk saw; latencies in seconds."""

    requests: int
    rate: float  # answers a second, those of the limits included
    bad: int  # failed, or without what a good answer holds
    limited: int  # answered 429
    mean: float
    median: float
    p99: float
    longest: float
    bytes: int  # received

    @property
    def good(self) -> int:
        return self.requests - self.bad - self.limited


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
    pace: Pace | None = None,
) -> Load:
    """Ask with the lines of a file, each connection again as soon as it is answered.

    :param lines: bodies to post; with GET paths
    :param good: text that each good answer holds in its body or its Location
    :param headers: "{address}" in one becomes another IPv4 address each time
    :param pace: with it the rate counts from the moment the first may ask
    """
    program = shutil.which("wrk")
    if not program:
        raise StackError("wrk is missing: run RECALL_BENCH=1 scripts/setup.sh")
    begin = pace.begin if pace else 0
    # wrk counts the pause of a connection too.
    patience = 10 + (math.ceil(pace.pause) if pace else 0)
    command = [program, "-t1", f"-c{connections}", f"-d{seconds + begin:g}s"]
    command += [
        f"--timeout={patience}s",
        "-s",
        str(PACED if pace else SCRIPT),
        url,
        "--",
    ]
    command += [str(lines), good, str(status), method]
    command += [f"{name}: {value}" for name, value in headers.items()]
    environment = os.environ | {"BENCH_SCRIPT": str(SCRIPT)}
    if pace:
        environment["BENCH_BEGIN"] = str(pace.begin)
        environment["BENCH_PAUSE"] = str(pace.pause)
        environment["BENCH_CONNECTIONS"] = str(connections)
    result = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment
    )
    line = next(
        (s for s in result.stdout.splitlines() if s.startswith("RESULT ")), None
    )
    if result.returncode or not line:
        raise StackError(f"wrk failed: {(result.stderr or result.stdout)[-300:]}")
    return _read(line, begin)


def _read(line: str, begin: float) -> Load:
    count, duration, bad, limited, *latencies, size = map(int, line.split()[1:])
    rate = count / max(duration / 1e6 - begin, 1e-6)
    return Load(count, rate, bad, limited, *(v / 1e6 for v in latencies), size)
