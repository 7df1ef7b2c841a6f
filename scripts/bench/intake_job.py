# SPDX-License-Identifier: LGPL-3.0-only
"""The part of ``intake.py`` that runs inside Odoo."""

import cProfile
import io
import json
import random
import secrets
from datetime import date, timedelta
from pathlib import Path

from import_job import measured

from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher

WMI, VDS, YEAR, PLANTS = "LTZ", "AA11B", "S", "ABCDEFGHJKLMNPRSTUVWXYZ"
DEALERS = 1000
FIRST_DAY, DAILY = date(2025, 3, 1), 1000
#: Check digit of GB 16735 of the VIN with running number ``n``: what the constant part
#: and the plant add, then the weights of the serial number's digits.
VIN_SQL = """
    %(head)s || substr('0123456789X', 1 + (
        (%(sums)s::int[])[1 + n / 1000000] + n / 100000 %% 10 * 7 + n / 10000 %% 10 * 6
        + n / 1000 %% 10 * 5 + n / 100 %% 10 * 4 + n / 10 %% 10 * 3 + n %% 10 * 2
    ) %% 11, 1) || %(year)s || substr(%(plants)s, 1 + n / 1000000, 1)
    || lpad((n %% 1000000)::text, 6, '0')
"""
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8)
LETTERS = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))


def vin_sql():
    sums = [
        sum(
            int(LETTERS.get(char, char)) * weight
            for char, weight in zip(f"{WMI}{VDS}0{YEAR}{plant}", WEIGHTS, strict=True)
        )
        for plant in PLANTS
    ]
    return SQL(VIN_SQL, head=WMI + VDS, sums=sums, year=YEAR, plants=PLANTS)


# === WHAT IS THERE === #


def fill(env, existing):
    """Make a producer whose ``existing`` vehicles are all repaired and reported."""
    if env["recall.plan"].search_count([("recall_number", "=", "S2024M0001V")]):
        return
    if not env["recall.wmi"].search_count([("code", "=", WMI)]):
        env["recall.wmi"].create({"code": WMI, "manufacturer": "Bench"})
    plan = make_plan(env, make_producer(env, "Bench, existing"), "S2024M0001V")
    env.flush_all()
    with without_indexes(env.cr, "recall_vehicle", "recall_completion"):
        fill_tables(env.cr, plan, existing)
    env.cr.commit()
    connection = env.cr._cnx
    connection.autocommit = True
    env.cr.execute("VACUUM ANALYZE recall_vehicle, recall_completion")
    connection.autocommit = False


def fill_tables(cr, plan, existing):
    values = {
        "vin": vin_sql(),
        "plan": plan.id,
        "line": plan.line_ids.id,
        "producer": plan.producer_id.id,
        "number": plan.recall_number,
        "existing": existing,
        "dealers": DEALERS,
    }
    cr.execute("SET LOCAL maintenance_work_mem = '1GB'; SET LOCAL jit = off")
    cr.execute(
        SQL(
            """INSERT INTO recall_vehicle (plan_id, line_id, vin, state, state_date)
               SELECT %(plan)s, %(line)s, %(vin)s, 'done', '2025-03-01'
                 FROM generate_series(0, %(existing)s - 1) AS n""",
            **values,
        )
    )
    cr.execute(
        SQL(
            """INSERT INTO recall_completion (
                      state, producer_id, recall_number, vin, repair_date,
                      repair_number, dealer_name, phone_sealed, phone_digest,
                      phone_masked, synced_at, version, plan_id, vehicle_id,
                      dealer_id, create_date, write_date)
               SELECT 'confirmed', %(producer)s, %(number)s, vehicle.vin,
                      date '2025-03-01' + (vehicle.n %% 200)::int,
                      'RO-' || vehicle.n, dealer.name,
                      'SM4-GCM|20250101-abcdef|' || substr(md5(vehicle.vin), 1, 16)
                      || '|' || md5(vehicle.vin) || 'abcd',
                      md5(vehicle.vin) || md5('2' || vehicle.vin),
                      '138****0000', now(), 1, %(plan)s, vehicle.id, dealer.id,
                      now(), now()
                 FROM (SELECT *, row_number() OVER (ORDER BY id) AS n
                         FROM recall_vehicle WHERE plan_id = %(plan)s) vehicle
                 JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n
                         FROM recall_dealer WHERE producer_id = %(producer)s) dealer
                   ON dealer.n = 1 + vehicle.n %% %(dealers)s""",
            **values,
        )
    )


class without_indexes:
    """Drop the indexes of tables and switch triggers off while they are filled."""

    def __init__(self, cr, *tables):
        self.cr, self.tables = cr, tables

    def __enter__(self):
        self.cr.execute(
            """SELECT indexdef, indexname FROM pg_indexes
                WHERE tablename = ANY(%s) AND indexname NOT LIKE %s""",
            (list(self.tables), "%_pkey"),
        )
        self.indexes = self.cr.fetchall()
        for _definition, name in self.indexes:
            self.cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
        self._switch("DISABLE")

    def __exit__(self, error, *_rest):
        if error:
            return
        self._switch("ENABLE")
        for definition, _name in self.indexes:
            self.cr.execute(definition)

    def _switch(self, verb):
        for table in self.tables:
            self.cr.execute(
                SQL("ALTER TABLE %s %s TRIGGER USER", SQL.identifier(table), SQL(verb))
            )


def make_producer(env, name):
    producer = env["recall.producer"].create({"name": name})
    env["recall.dealer"].create(
        [
            {"producer_id": producer.id, "name": f"第{n + 1}汽车销售服务有限公司"}
            for n in range(DEALERS)
        ]
    )
    return producer


def make_plan(env, producer, recall_number):
    text = ("brand", "series", "model", "defect", "consequence", "measure")
    return env["recall.plan"].create(
        {
            **dict.fromkeys(text, "B"),
            "recall_number": recall_number,
            "producer_id": producer.id,
            "recall_start": "2025-01-01",
            "line_ids": [(0, 0, {"brand": "B", "series": "B", "model": "B"})],
        }
    )


# === WHAT COMES === #


def run(env, url, folder, producers, pages, page, profile):
    """Prepare pages, measure the floor, then the pull; returns the figures."""
    env["recall.enterprise"].search([]).active = False
    per_producer = pages * page
    vins = sample_vins(env.cr, per_producer * (producers + 1))
    floor_plan = add_peer(env, vins[:per_producer])
    plans = [
        add_peer(env, vins[(n + 1) * per_producer : (n + 2) * per_producer])
        for n in range(producers)
    ]
    enterprises = env["recall.enterprise"].create(
        [
            {
                "producer_id": plan.producer_id.id,
                "url": f"{url}/{plan.id}",
                "api_cfg": "bench",
                "api_token": "key.secret",
            }
            for plan in plans
        ]
    )
    for n, plan in enumerate(plans):
        own = vins[(n + 1) * per_producer : (n + 2) * per_producer]
        write_pages(Path(folder), plan, own, page)
    env.cr.commit()
    analyze(env.cr)
    env.cr.execute("SELECT count(*) FROM recall_completion")
    figures = {"existing": env.cr.fetchone()[0], "rows": per_producer}
    lines = floor_lines(floor_plan, vins[:per_producer])
    with measured(env, figures, "floor"):
        for start in range(0, per_producer, page):
            copy_and_merge(env.cr, floor_plan, lines[start : start + page])
            env.cr.commit()
    figures["rows"] = producers * per_producer
    profiler = cProfile.Profile() if profile else None
    with measured(env, figures, "pull"):
        pull(env, profiler)
    if profiler:
        profiler.dump_stats(profile)
    check(env, enterprises, figures)
    for name in ("floor", "pull"):
        rows = producers * per_producer if name == "pull" else per_producer
        for part in ("python", "postgresql"):
            seconds = figures[name][f"cpu_{part}_s"]
            figures[name][f"us_per_record_{part}"] = round(seconds / rows * 1e6, 1)
    return figures


def pull(env, profiler):
    """Run the scheduled action until nothing is due."""
    if profiler:
        profiler.enable()
    due = True
    while due:
        env["recall.enterprise"]._cron_pull()
        env.invalidate_all()
        env.cr.execute(
            "SELECT FROM recall_enterprise WHERE active"
            " AND next_pull_at <= now() AT TIME ZONE 'UTC'"
        )
        due = env.cr.rowcount
    if profiler:
        profiler.disable()


def check(env, enterprises, figures):
    """All records were taken in, none twice, none refused."""
    exchanges = env["recall.exchange"].search(
        [("enterprise_id", "in", enterprises.ids)]
    )
    figures["outcomes"] = sorted(set(exchanges.mapped("outcome")))
    figures["new"] = sum(exchanges.mapped("new_count"))
    assert figures["new"] == figures["rows"], figures  # noqa: S101
    plans = env["recall.plan"].search(
        [("producer_id", "in", enterprises.producer_id.ids)]
    )
    assert sum(plans.mapped("done_count")) == figures["rows"], figures  # noqa: S101


def sample_vins(cr, count):
    """VINs from all over what is there, in no order: as cars come to a workshop."""
    cr.execute(
        """SELECT vin FROM recall_vehicle vehicle
             JOIN recall_plan plan ON plan.id = vehicle.plan_id
            WHERE plan.recall_number = 'S2024M0001V'
              AND vehicle.id %% greatest(
                      1, (SELECT max(id) FROM recall_vehicle) / %s / 2) = 0
            LIMIT %s""",
        (count, count),
    )
    vins = [row[0] for row in cr.fetchall()]
    random.Random(1).shuffle(vins)
    assert len(vins) == count, len(vins)  # noqa: S101
    return vins


def add_peer(env, vins):
    """A new producer with a plan for vehicles that are there in another one."""
    env.cr.execute("SELECT 1 + max(id) FROM recall_plan")
    number = env.cr.fetchone()[0]
    producer = make_producer(env, f"Bench {secrets.token_hex(4)}")
    plan = make_plan(env, producer, f"S2025M{number:04}V")
    rows = [(vin, plan.line_ids.id) for vin in sorted(vins)]
    env["recall.vehicle"]._add_to_scope(plan, rows)
    return plan


def make_record(plan, vin, number):
    return {
        "recallNum": plan["recall_number"],
        "vehicleVin": vin,
        # A page holds the repairs of a few days, of vehicles from all over.
        "recallTime": f"{FIRST_DAY + timedelta(days=number // DAILY)}",
        "repairNum": f"RO-2025-{number:08}",
        "dealerName": f"第{number % DEALERS + 1}汽车销售服务有限公司",
        "telNum": f"138{(number * 7919 + 13) % 10**8:08}",
        "collectTime": "2025-10-02 08:00:00",
        "recordKind": "completion",
        "recordVersion": 1,
    }


def write_pages(folder, plan, vins, size):
    """Write the pages as the enterprise terminal gives them, and an empty last one."""
    values = {"recall_number": plan.recall_number}
    for start in range(0, len(vins) + 1, size):
        part = vins[start : start + size]
        records = [make_record(values, v, start + n) for n, v in enumerate(part)]
        answer = {
            "api_status": 200,
            "records": records,
            "count": len(records),
            "next_cursor": str(start + size) if records else str(start),
            "has_more": bool(records),
            "request_id": secrets.token_hex(8),
        }
        body = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        Path(folder, f"{plan.id}-{start}.json").write_text(body, encoding="utf-8")


# === FLOOR === #


def floor_lines(plan, vins):
    """Lines of COPY that need no more work: sealed, and matched by their own ids."""
    keys = cipher.KeyRing.from_environment()
    lines, values = [], {"recall_number": plan.recall_number}
    for number, vin in enumerate(vins):
        record = make_record(values, vin, number)
        phone = record["telNum"]
        cells = (
            *(record["recallNum"], vin, record["recallTime"], record["repairNum"]),
            *(record["dealerName"], keys.seal(phone, vin), keys.blind(phone)),
            cipher.mask_phone(phone),
        )
        lines.append("\t".join(cells) + "\n")
    return lines


def copy_and_merge(cr, plan, lines):
    """One page by COPY, then the statements no taking in can do without."""
    cr.execute(
        """CREATE TEMPORARY TABLE bench_staged (
               recall_number varchar, vin varchar, repair_date date,
               repair_number varchar, dealer_name varchar, phone_sealed varchar,
               phone_digest varchar, phone_masked varchar) ON COMMIT DROP;
           SET LOCAL jit = off"""
    )
    cr.copy_expert("COPY bench_staged FROM STDIN", io.StringIO("".join(lines)))
    cr.execute("ANALYZE bench_staged")
    cr.execute(
        SQL(
            """WITH added AS (
                   INSERT INTO recall_completion (state, producer_id, recall_number,
                          vin, repair_date, repair_number, dealer_name, phone_sealed,
                          phone_digest, phone_masked, version, plan_id, vehicle_id,
                          dealer_id, create_date, write_date)
                   SELECT 'confirmed', %(producer)s, row.recall_number, row.vin,
                          repair_date, repair_number, dealer_name, phone_sealed,
                          phone_digest, phone_masked, 1, %(plan)s, vehicle.id,
                          dealer.id, now(), now()
                     FROM bench_staged row
                     JOIN recall_vehicle vehicle
                       ON vehicle.vin = row.vin AND vehicle.plan_id = %(plan)s
                     JOIN recall_dealer dealer
                       ON dealer.producer_id = %(producer)s
                      AND dealer.name = row.dealer_name
                   ON CONFLICT DO NOTHING RETURNING vehicle_id, repair_date),
               moved AS (
                   UPDATE recall_vehicle vehicle
                      SET state = 'done', state_date = added.repair_date
                     FROM added WHERE vehicle.id = added.vehicle_id RETURNING 1)
               UPDATE recall_plan
                  SET done_count = done_count + (SELECT count(*) FROM moved)
                WHERE id = %(plan)s""",
            producer=plan.producer_id.id,
            plan=plan.id,
        )
    )


def analyze(cr):
    """What autovacuum does after millions of rows, long before these ones come."""
    cr.execute("ANALYZE recall_vehicle; ANALYZE recall_completion")
    cr.commit()
