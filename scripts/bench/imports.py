# SPDX-License-Identifier: LGPL-3.0-only
"""P9: import of CSV files of reports, beside COPY and the same checks in SQL."""

import csv
from collections.abc import Iterator
from pathlib import Path

from .frame import Aim, Figure, Result, ratios
from .site import Bench

RECALL_NUMBER = "S2025M0001V"
DEALERS = 1000
HEADER = (
    *("召回编号", "车架号", "维修日期", "车辆维修记录编号", "经销商名称"),
    *("联系电话", "更换零部件", "维修措施"),
)


def make_rows(first: int, count: int) -> Iterator[tuple[str, ...]]:
    """Yield rows as a dealers' system exports them; all of them pass the checks."""
    import vin

    for number in range(first, first + count):
        plant, serial = divmod(number, 1_000_000)
        yield (
            RECALL_NUMBER,
            vin.make_vin("LTZ", "AA11B", "S", vin.ALPHABET[plant], f"{serial:06}"),
            f"2025-{number % 9 + 1:02}-{number % 28 + 1:02}",
            f"RO-2025-{number:08}",
            f"第{number % DEALERS + 1}汽车销售服务有限公司",
            f"138{number * 7919 % 10**8:08}",
            "BH-1",
            "Dealers replace the brake hose.",
        )


def write_file(path: Path, first: int, count: int) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(make_rows(first, count))
    return str(path)


def measure(bench: Bench, ids: set[str]) -> list[Result]:
    rows = bench.sizes.imported
    paths = [
        write_file(bench.folder / f"reports-{n}.csv", n * rows, rows)
        for n in range(bench.sizes.rounds)
    ]
    runs = bench.producer("imports").run(
        "imports", "run", paths=paths, recall_number=RECALL_NUMBER, dealers=DEALERS
    )
    [name] = ids
    return [
        Result(
            name,
            "import of a CSV file of reports",
            "COPY of the file and the same checks in SQL",
            runs=runs,
            figures=[
                Figure(
                    "rows a second", ratios(runs, "import", "COPY"), aim=Aim("≥", 0.4)
                )
            ],
            sizes={"rows a file": rows, "files": len(paths)},
        )
    ]
