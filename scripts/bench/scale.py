# SPDX-License-Identifier: LGPL-3.0-only
"""docs/scale.md: what a country needs, by the figures of performance.json."""

from math import ceil
from pathlib import Path
from typing import Any

VEHICLES, LOOKUPS = 120_000_000, 2_000
#: Of a machine's power; what is left bears a lost node and the busiest hour.
USED = 0.6
#: Copies of the data: the database, its replica, room for a backup of both.
COPIES = 3
NEEDS = {"P4": "look-ups through the gateway", "P12": "bytes of a row"}
TEXT = """\
# What 120 million vehicles and 2,000 look-ups a second need

Written by `make bench` from `performance.json`: change nothing here by hand.

| | formula | result |
|---|---|---|
{rows}

{used} is the share of a machine's power that is planned with: the rest bears a lost
node and the busiest hour. Look-ups read only, so that replicas share them; reports
are taken in on one database (P6 tells its rate).{warning}
"""
ROWS = (
    (
        "one machine",
        "median throughput of P4: HAProxy, Odoo, PostgreSQL and the load tool on "
        "{cores} cores",
        "{rate:,.0f} look-ups a second",
    ),
    (
        "machines of that size",
        "{lookups:,} ÷ ({rate:,.0f} × {used}), rounded up",
        "{nodes}",
    ),
    (
        "disk of the database",
        "{vehicles:,} × {row:,.0f} bytes (a vehicle and its report with indexes, P12)",
        "{disk:,.0f} GB",
    ),
    ("disk in all", "× {copies}: database, replica, backup", "{all_disk:,.0f} GB"),
    (
        "memory of the database",
        "a quarter of its disk: indexes of look-ups and the newest reports",
        "{memory:,.0f} GB",
    ),
    (
        "network of look-ups",
        "{lookups:,} × {answer:,.0f} bytes of an answer (P4)",
        "{network:,.1f} MB/s",
    ),
)


def write(folder: Path, known: dict[str, Any]) -> bool:
    """Write scale.md beside the figures; False when some it needs are missing."""
    if any(not known.get(name, {}).get("figures") for name in NEEDS):
        return False
    values = compute(known)
    rows = "\n".join(f"| {' | '.join(row)} |" for row in ROWS).format(**values)
    (folder / "scale.md").write_text(TEXT.format(rows=rows, **values))
    return True


def compute(known: dict[str, Any]) -> dict[str, Any]:
    gateway, growth = known["P4"], known["P12"]
    [rate] = [f["median"] for f in gateway["figures"] if f["name"] == "throughput"]
    row = growth["runs"][-1]["bytes_per_row"]
    disk = VEHICLES * row / 1e9
    answer = gateway["details"]["bytes_per_answer"]
    quick = gateway["run"]["quick"] or growth["run"]["quick"]
    return {
        "cores": gateway["run"]["machine"].split(", ")[1].split()[0],
        "rate": rate,
        "lookups": LOOKUPS,
        "vehicles": VEHICLES,
        "used": USED,
        "copies": COPIES,
        "nodes": ceil(LOOKUPS / (rate * USED)),
        "row": row,
        "disk": disk,
        "all_disk": disk * COPIES,
        "memory": disk / 4,
        "answer": answer,
        "network": LOOKUPS * answer / 1e6,
        "warning": " The figures are of a quick run: small sizes." if quick else "",
    }
