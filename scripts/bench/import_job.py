# SPDX-License-Identifier: LGPL-3.0-only
"""The part of ``imports.py`` that runs inside Odoo."""

import os
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from odoo import Command
from odoo.tools import SQL

from odoo.addons.recall_base.tools import tabular

COLUMNS = (
    *("recall_number", "vin", "repair_date", "repair_number", "dealer_name"),
    *("phone", "part_numbers", "reported_measure"),
)


def run(env, path, recall_number, dealers):
    """Prepare the records, run the import, then the floor; returns the figures."""
    path = Path(path)
    producer = make_records(env, path, recall_number, dealers)
    figures = {"rows": 0, "file_mb": round(path.stat().st_size / 2**20, 1)}
    with measured(env, figures, "read_only"):
        figures["rows"] = read_alone(path)
    if path.suffix == ".csv":
        measure_floor(env, figures, path, producer)
    job = env["recall.import"].create({"kind": "reports", "producer_id": producer.id})
    with measured(env, figures, "upload"), path.open("rb") as file:
        job._upload(file, path.name)
        env.cr.commit()
    measure_job(env, figures, job)
    with measured(env, figures, "same_file_again"):
        again = import_again(env, path, job)
    figures["again"] = again.read(
        ["state", "taken_count", "repeated_count", "refused_count"]
    )[0]
    return figures


def run_vins(env, path, recall_number, dealers):
    """Import the VIN list of an empty plan; returns the figures."""
    path = Path(path)
    producer, plan = make_plan(env, recall_number, dealers)
    figures = {"rows": 0, "file_mb": round(path.stat().st_size / 2**20, 1)}
    with measured(env, figures, "read_only"):
        figures["rows"] = read_alone(path)
    job = env["recall.import"].create(
        {"kind": "vins", "producer_id": producer.id, "plan_id": plan.id}
    )
    with measured(env, figures, "upload"), path.open("rb") as file:
        job._upload(file, path.name)
        env.cr.commit()
    measure_job(env, figures, job)
    plan.invalidate_recordset()
    figures["vehicle_count"] = plan.vehicle_count
    return figures


def measure_job(env, figures, job):
    """Run an import to its end, as the scheduled action does."""
    job.action_start()
    env.cr.commit()
    with measured(env, figures, "import"):
        while job.state == "running":
            job._cron_run()
            job.invalidate_recordset()
    figures["job"] = job.read(
        ["state", "read_count", "taken_count", "repeated_count", "refused_count"]
    )[0]


def import_again(env, path, job):
    again = job.copy()
    with path.open("rb") as file:
        again._upload(file, path.name)
    again.action_start()
    env.cr.commit()
    while again.state == "running":
        again._cron_run()
        again.invalidate_recordset()
    return again


def read_alone(path):
    with path.open("rb") as file:
        return sum(1 for _row in tabular.read(file, tabular.detect(file)))


def make_records(env, path, recall_number, dealers):
    """Producer, dealers, plan and its vehicles."""
    producer, plan = make_plan(env, recall_number, dealers)
    with path.open("rb") as file:
        rows = tabular.read(file, tabular.detect(file))
        vins = ((row.cells[1], plan.line_ids.id) for row in rows)
        env["recall.vehicle"]._add_to_scope(plan, vins)
    env.cr.commit()
    env.cr.execute("ANALYZE recall_vehicle")
    env.cr.commit()
    return producer


def make_plan(env, recall_number, dealers):
    """Producer with dealers, and a plan without vehicles."""
    names = [f"第{number + 1}汽车销售服务有限公司" for number in range(dealers)]
    producer = env["recall.producer"].create({"name": "Bench"})
    env["recall.dealer"].create(
        [{"producer_id": producer.id, "name": name} for name in names]
    )
    if not env["recall.wmi"].search_count([("code", "=", "LTZ")]):
        env["recall.wmi"].create({"code": "LTZ", "manufacturer": "Bench"})
    text = dict.fromkeys(("brand", "series", "model", "defect", "consequence"), "B")
    plan = env["recall.plan"].create(
        {
            **text,
            "recall_number": recall_number,
            "producer_id": producer.id,
            "recall_start": "2025-01-01",
            "measure": "Dealers replace the brake hose.",
            "line_ids": [Command.create({"brand": "B", "series": "B", "model": "B"})],
            "part_ids": [Command.create({"number": "BH-1"})],
        }
    )
    env.flush_all()
    env.cr.commit()
    return producer, plan


def measure_floor(env, figures, path, producer):
    """COPY of the file, the same checks and the same table, in plain SQL; undone."""
    with measured(env, figures, "floor"):
        copy_and_check(env.cr, env["recall.completion.check"], path, producer)
    env.cr.rollback()
    connection = env.cr._cnx
    connection.autocommit = True
    env.cr.execute("VACUUM recall_completion")
    connection.autocommit = False


def copy_and_check(cr, check, path, producer):
    columns = ", ".join(f"{name} varchar" for name in COLUMNS)
    cr.execute(f"CREATE TEMPORARY TABLE bench_file ({columns}) ON COMMIT DROP")
    with path.open("rb") as file:
        cr.copy_expert("COPY bench_file FROM STDIN (FORMAT csv, HEADER)", file)
    cr.execute("SET LOCAL jit = off")
    cr.execute(
        SQL(
            """CREATE TEMPORARY TABLE bench_staged ON COMMIT DROP AS
               SELECT row_number() OVER ()::int AS idx, %s AS producer_id,
                      recall_number, vin, repair_date::date, repair_number,
                      dealer_name, phone AS phone_sealed, phone AS phone_digest,
                      phone AS phone_masked, part_numbers, reported_measure,
                      ''::varchar AS found, NULL::int AS replaces_id,
                      vin AS record_key
                 FROM bench_file""",
            producer.id,
        )
    )
    cr.execute("ANALYZE bench_staged")
    check._audit(SQL.identifier("bench_staged"), producer)
    cr.execute(
        """INSERT INTO recall_completion (producer_id, recall_number, vin,
                  repair_date, repair_number, dealer_name, phone_sealed,
                  phone_digest, phone_masked, part_numbers, reported_measure,
                  record_key, state, version, plan_id, vehicle_id, dealer_id)
           SELECT producer_id, recall_number, vin, repair_date, repair_number,
                  dealer_name, phone_sealed, phone_digest, phone_masked,
                  part_numbers, reported_measure, record_key, 'checked', 1,
                  plan_id, vehicle_id, dealer_id
             FROM recall_report_checked WHERE NOT refused"""
    )


@contextmanager
def measured(env, figures, name):
    """Measure wall time, memory, CPU of this process and of its server processes."""
    watch = MemoryWatch()
    cpu, server, wall = time.process_time(), server_cpu(env.cr), time.monotonic()
    with watch:
        yield
    wall = time.monotonic() - wall
    figures[name] = {
        "seconds": round(wall, 2),
        "rows_per_s": round(figures["rows"] / wall) if figures["rows"] else None,
        "cpu_python_s": round(time.process_time() - cpu, 2),
        "cpu_postgresql_s": round(server_cpu(env.cr) - server, 2),
        "peak_rss_growth_mb": watch.growth,
    }


def server_cpu(cr):
    """Seconds of CPU of all server processes of the database, which stay till the end.

    By the titles they give themselves: a query would begin a transaction.
    """
    title = f"postgres: {cr._cnx.info.user} {cr.dbname} "
    seconds = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if process.joinpath("cmdline").read_bytes().startswith(title.encode()):
                seconds += cpu_of(process / "stat")
    return seconds


def cpu_of(stat):
    fields = Path(stat).read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class MemoryWatch:
    """Peak growth of this process's resident memory, in MB."""

    growth = 0

    def __enter__(self):
        self._start, self._done = self._rss(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def __exit__(self, *_error):
        self._done.set()
        self._thread.join()

    def _watch(self):
        while not self._done.wait(0.05):
            self.growth = max(self.growth, (self._rss() - self._start) >> 20)

    def _rss(self):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
