# SPDX-License-Identifier: LGPL-3.0-only
"""Inside Odoo: files of reports are imported, and their floor in plain SQL."""

import secrets
import time
from pathlib import Path

from fill import vacuum

from odoo import Command
from odoo.tools import SQL

from odoo.addons.recall_base.tools import tabular

COLUMNS = (
    *("recall_number", "vin", "repair_date", "repair_number", "dealer_name"),
    *("phone", "part_numbers", "reported_measure"),
)


def run(env, paths, recall_number, dealers):
    """Import each file after its floor; returns rows a second of both, by file."""
    producer, plan = make_plan(env, recall_number, dealers)
    for path in map(Path, paths):
        with path.open("rb") as file:
            rows = tabular.read(file, tabular.detect(file))
            vins = ((row.cells[1], plan.line_ids.id) for row in rows)
            env["recall.vehicle"]._add_to_scope(plan, vins)
    env.cr.commit()
    vacuum(env.cr, "recall_vehicle")
    return [measure(env, Path(path), producer) for path in paths]


def measure(env, path, producer):
    check = env["recall.completion.check"]
    started = time.perf_counter()
    rows = copy_and_check(env.cr, check, path, producer)
    floor = time.perf_counter() - started
    env.cr.rollback()
    vacuum(env.cr, "recall_completion")
    started = time.perf_counter()
    import_file(env, path, producer, rows)
    seconds = time.perf_counter() - started
    return {"import": round(rows / seconds, 1), "COPY": round(rows / floor, 1)}


def import_file(env, path, producer, rows):
    """Upload a file and run the import as the scheduled action does."""
    job = env["recall.import"].create({"kind": "reports", "producer_id": producer.id})
    with path.open("rb") as file:
        job._upload(file, path.name)
    job.action_start()
    env.cr.commit()
    while job.state == "running":
        job._cron_run()
        job.invalidate_recordset()
    assert job.taken_count == rows, job.read()  # noqa: S101


def make_plan(env, recall_number, dealers):
    """Producer with dealers, and a plan without vehicles."""
    names = [f"第{number + 1}汽车销售服务有限公司" for number in range(dealers)]
    producer = env["recall.producer"].create({"name": f"Bench {secrets.token_hex(4)}"})
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


def copy_and_check(cr, check, path, producer):
    """COPY of the file, the same checks and the same table; returns the rows."""
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
    return cr.rowcount
