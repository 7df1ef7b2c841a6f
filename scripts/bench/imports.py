# SPDX-License-Identifier: LGPL-3.0-only
"""How fast files are taken in, and how much memory that needs.

    N=1000000 .local/venv/bin/python scripts/bench/imports.py
    KIND=vins N=5000000 .local/venv/bin/python scripts/bench/imports.py

Makes a file of N rows and a fresh database with N vehicles in scope, runs the import as
the scheduled action does, and compares it with the floor of the same machine in the
same run: COPY of the file and the same checks in plain SQL, without Python. The VIN
list of a plan (KIND=vins) is measured without a floor.

Variables: KIND (reports; vins), N (100000), FORMAT (csv; xlsx), DATABASE
(bench_imports), TEMPLATE (a database with recall_enterprise to copy instead of making
one), KEEP (1 leaves it).
"""

import csv
import itertools
import json
import os
import sys
import tempfile
from pathlib import Path

import xlsxwriter

SCRIPTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS.parent / "addons" / "recall_base" / "tools")]

import cipher  # noqa: E402
import key_file  # noqa: E402
import vin  # noqa: E402
from stack.cluster import Cluster  # noqa: E402
from stack.database import Database  # noqa: E402

RECALL_NUMBER = "S2025M0001V"
DEALERS = 1000
HEADER = (
    *("召回编号", "车架号", "维修日期", "车辆维修记录编号", "经销商名称"),
    *("联系电话", "更换零部件", "维修措施"),
)
SCRIPT = """\
import sys
sys.path.insert(0, {!r})
import import_job
result = import_job.{}(env, **values)
"""


def make_rows(count):
    """Yield rows as a dealers' system exports them; all of them pass the checks."""
    for number in range(count):
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


def make_vins(count):
    """Yield the rows of a VIN list."""
    for number in range(count):
        plant, serial = divmod(number, 1_000_000)
        yield (vin.make_vin("LTZ", "AA11B", "S", vin.ALPHABET[plant], f"{serial:06}"),)


#: Kind of import -> function of import_job, header and rows of the file.
KINDS = {
    "reports": ("run", HEADER, make_rows),
    "vins": ("run_vins", ("车架号",), make_vins),
}


def write_file(path, header, rows):
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
        return
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for index, row in enumerate(itertools.chain([header], rows)):
            sheet.write_row(index, 0, row)


def main():
    count = int(os.environ.get("N", "100000"))
    form = os.environ.get("FORMAT", "csv")
    function, header, make = KINDS[os.environ.get("KIND", "reports")]
    cluster = Cluster()
    cluster.start()
    with tempfile.TemporaryDirectory() as folder:
        keys, file = Path(folder, "keys.json"), Path(folder, f"reports.{form}")
        key_file.generate_key_file(keys)
        write_file(file, header, make(count))
        name = os.environ.get("DATABASE", "bench_imports")
        database = Database(cluster, name, environment={cipher.ENVIRONMENT: str(keys)})
        template = os.environ.get("TEMPLATE")
        if template:
            database.copy_from(template)
        else:
            database.make(["recall_enterprise"])
        try:
            result = database.shell(
                SCRIPT.format(str(Path(__file__).parent), function),
                path=str(file),
                recall_number=RECALL_NUMBER,
                dealers=DEALERS,
            )
        finally:
            if not os.environ.get("KEEP"):
                database.drop()
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
