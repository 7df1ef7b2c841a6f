# SPDX-License-Identifier: LGPL-3.0-only
"""`make bench`: measure all, or what ONLY names, and write what was found.

QUICK=1 takes small sizes; FOLDER is where performance.json and performance.md go (docs;
of a quick run .local/bench). TEMPLATE is a database with all add-ons to copy instead of
making one, KEEP=1 leaves the databases for the next run.
"""

import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

from stack.settings import LOCAL, ROOT, StackError

from . import report, scale
from .frame import Result
from .site import Bench
from .sizes import FULL, QUICK

#: Module of this package -> the IDs it measures, in the order of the run.
MEASUREMENTS = {
    "vins": ("P11",),
    "lookups": ("P1", "P2", "P3"),
    "gateway": ("P4", "P5"),
    "pages": ("P10",),
    "intake": ("P6", "P7", "LOG"),
    "sync": ("P8",),
    "imports": ("P9",),
    "growth": ("P12",),
    "cycle": ("CYCLE",),
    "memory": ("P13",),
}


def flag(name: str) -> bool:
    return os.environ.get(name, "0") not in ("", "0")


def choose(only: str) -> dict[str, set[str]]:
    """Modules with the IDs asked for; StackError names one that is not there."""
    every = {name for ids in MEASUREMENTS.values() for name in ids}
    wanted = set(only.split()) or every
    if wanted - every:
        raise StackError(f"no such measurement: {', '.join(sorted(wanted - every))}")
    chosen = {module: wanted & set(ids) for module, ids in MEASUREMENTS.items()}
    return {module: ids for module, ids in chosen.items() if ids}


def measure(bench: Bench, module: str, ids: set[str]) -> list[Result]:
    """Results of a module; one that fails is told as not run, and the rest goes on."""
    started = time.monotonic()
    try:
        results = importlib.import_module(f".{module}", __package__).measure(bench, ids)
    except (StackError, RuntimeError, OSError) as error:
        results = [Result(name, module, "–", missing=str(error)) for name in ids]
    print(f"{', '.join(sorted(ids))}: {time.monotonic() - started:.0f} s", flush=True)
    return results


def main() -> int:
    quick = flag("QUICK")
    default = LOCAL / "bench" if quick else ROOT / "docs"
    folder = Path(os.environ.get("FOLDER") or default)
    try:
        chosen = choose(os.environ.get("ONLY", ""))
    except StackError as error:
        print(error, file=sys.stderr)
        return 2
    run = report.describe_run(quick)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        bench = Bench(
            QUICK if quick else FULL,
            Path(work),
            os.environ.get("TEMPLATE", ""),
            flag("KEEP"),
        )
        try:
            for module, ids in chosen.items():
                known = report.store(folder, measure(bench, module, ids), run)
        finally:
            bench.close()
    report.write(folder, known)
    scale.write(folder, known)
    shown = {name: known[name] for ids in chosen.values() for name in ids}
    print(*report.table(shown), f"written: {folder}/performance.md", sep="\n")
    return 1 if any(result["missing"] for result in shown.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
