# SPDX-License-Identifier: LGPL-3.0-only
"""docs/performance.json, and the table that is written from it alone."""

import json
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from stack.settings import ROOT

from .frame import Result

NOTES = ROOT / "docs" / "performance"
HEAD = """\
# Performance

Written by `make bench` from `performance.json`: change nothing here by hand.
Each ratio is of a run of ours and the peer's run right after it on the same machine;
absolute figures are noise on a shared one. An aim is about the median of the runs
unless the table says otherwise.
"""
COLUMNS = "| ID | what | against | minimum | median | maximum | aim | reached | sizes |"
ANSWERS = {True: "yes", False: "**no**", None: "–"}


def describe_run(quick: bool) -> dict[str, Any]:
    """When, where and with what something was measured."""
    return {
        "taken": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "quick": quick,
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()} GB",
        "load_before": round(os.getloadavg()[0], 1),
        "versions": {
            "Python": platform.python_version(),
            "PostgreSQL": _first_word("psql", "--version", index=2),
            "HAProxy": _first_word("haproxy", "-v", index=2),
            "psycopg2": version("psycopg2-binary"),
            "product": _first_word(
                "git", "-C", str(ROOT), "describe", "--always", "--dirty"
            ),
        },
    }


def store(folder: Path, results: list[Result], run: dict[str, Any]) -> dict[str, Any]:
    """Put results beside those of other runs in performance.json; returns all."""
    path = folder / "performance.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    known |= {result.id: result.as_dict() | {"run": run} for result in results}
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    return known


def write(folder: Path, known: dict[str, Any]) -> None:
    notes = [path.read_text() for path in sorted(NOTES.glob("*.md"))]
    parts = [HEAD, *table(known), *machines(known)]
    parts += ["", *(deepen(note) for note in notes)]
    (folder / "performance.md").write_text("\n".join(parts).rstrip() + "\n")


def deepen(note: str) -> str:
    """A note's headings one level below the document's."""
    lines = note.splitlines()
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in lines)


def table(known: dict[str, Any]) -> list[str]:
    lines = [COLUMNS, "|" + "---|" * (COLUMNS.count("|") - 1)]
    for name in sorted(known, key=_order):
        lines += _rows(name, known[name])
    return lines


def _rows(name: str, result: dict[str, Any]) -> list[str]:
    about = f"| {name} | {result['what']}"
    peer, sizes = result["peer"], _sizes(result)
    if result["missing"]:
        reason = f"not run: {result['missing']}"
        return [f"{about} | {peer} | – | – | – | – | {reason} | {sizes} |"]
    rows = [
        f"{about}: {figure['name']} | {peer} | {_cells(figure)} | {sizes} |"
        for figure in result["figures"]
    ]
    for part, reason in result["details"].get("left_out", {}).items():
        rows.append(f"{about}: {part} | {peer} | – | – | – | – | not run: {reason} | |")
    return rows


def _cells(figure: dict[str, Any]) -> str:
    unit = figure["unit"] if figure["unit"] == "×" else f" {figure['unit']}"
    names = ("minimum", "median", "maximum")
    values = [f"{figure[name]:.4g}{unit}" for name in names]
    return " | ".join([*values, figure["aim"] or "–", ANSWERS[figure["reached"]]])


def _sizes(result: dict[str, Any]) -> str:
    sizes = ", ".join(f"{name} {value:,}" for name, value in result["sizes"].items())
    return f"quick: {sizes}" if result["run"]["quick"] else sizes


def machines(known: dict[str, Any]) -> list[str]:
    """A line for each run that the table has figures of."""
    runs: dict[str, list[str]] = {}
    for name in sorted(known, key=_order):
        runs.setdefault(json.dumps(known[name]["run"]), []).append(name)
    lines = [""]
    for text, names in runs.items():
        run = json.loads(text)
        versions = ", ".join(f"{k} {v}" for k, v in run["versions"].items())
        lines.append(
            f"- {', '.join(names)}: {run['taken']} UTC, {run['machine']}, load of the "
            f"machine before {run['load_before']}; {versions}."
        )
    return lines


def _order(name: str) -> tuple[str, int]:
    return name.rstrip("0123456789"), int(
        name.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") or 0
    )


def _first_word(*command: str, index: int = 0) -> str:
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        )
        return done.stdout.split()[index]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)
