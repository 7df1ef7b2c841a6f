# SPDX-License-Identifier: LGPL-3.0-only
"""Inside Odoo: a regulator whose tables are as large as a measurement wants them."""

import secrets

from odoo.tools import SQL

WMI, VDS, YEAR, PLANTS = "LTZ", "AA11B", "S", "ABCDEFGHJKLMNPRSTUVWXYZ"
DEALERS = 1000
#: Plans that share the vehicles.
PLANS = 50
#: Vehicles for each that was not repaired yet.
PER_OPEN = 10
TABLES = ("recall_vehicle", "recall_completion")
TEXT = "由于供应商制造原因,部分车辆制动软管可能存在渗漏,影响制动性能。" * 4
#: Check digit of GB 16735 of the VIN with running number ``n``: what the constant part
#: and the plant add, then the weights of the serial number's digits.
VIN_SQL = """
    %(head)s || substr('0123456789X', 1 + (
        (%(sums)s::int[])[1 + n / 1000000] + n / 100000 %% 10 * 7 + n / 10000 %% 10 * 6
        + n / 1000 %% 10 * 5 + n / 100 %% 10 * 4 + n / 10 %% 10 * 3 + n %% 10 * 2
    ) %% 11, 1) || %(year)s || substr(%(plants)s, 1 + n / 1000000 %% 23, 1)
    || lpad((n %% 1000000)::text, 6, '0')
"""
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8)
LETTERS = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))


def vin_sql():
    """Of a number ``n`` below 23 million times the letters of years, here three."""
    sums = [
        sum(
            int(LETTERS.get(char, char)) * weight
            for char, weight in zip(f"{WMI}{VDS}0{year}{plant}", WEIGHTS, strict=True)
        )
        for year in "STV"
        for plant in PLANTS
    ]
    year = SQL("substr('STV', 1 + n / 23000000, 1)")
    return SQL(VIN_SQL, head=WMI + VDS, sums=sums, year=year, plants=PLANTS)


def fill(env, existing):
    """Make ``existing`` repaired vehicles with a report each, and some open ones."""
    if env["recall.plan"].search_count([("recall_number", "=like", "S2024M%")]):
        # Kept from another run: nothing is written while nobody has sealed the log.
        env["recall.audit.seal"]._cron_seal()
        env.cr.commit()
        return
    if not env["recall.wmi"].search_count([("code", "=", WMI)]):
        env["recall.wmi"].create({"code": WMI, "manufacturer": "Bench"})
    producer = make_producer(env, "示例汽车有限公司")
    plans = env["recall.plan"].union(
        *(make_plan(env, producer, f"S2024M{n:04}V") for n in range(1, PLANS + 1))
    )
    env.flush_all()
    with without_indexes(env.cr, *TABLES):
        fill_tables(env.cr, plans, existing)
    env.cr.commit()
    vacuum(env.cr, *TABLES)


def fill_tables(cr, plans, existing):
    values = {
        "vin": vin_sql(),
        "plans": plans.ids,
        "lines": [plan.line_ids.id for plan in plans],
        "numbers": plans.mapped("recall_number"),
        "producer": plans.producer_id.id,
        "count": PLANS,
        "existing": existing,
        "all": existing + existing // PER_OPEN,
        "dealers": DEALERS,
    }
    cr.execute("SET LOCAL maintenance_work_mem = '1GB'; SET LOCAL jit = off")
    cr.execute(
        SQL(
            """INSERT INTO recall_vehicle (plan_id, line_id, vin, state, state_date)
               SELECT (%(plans)s::int[])[1 + n %% %(count)s],
                      (%(lines)s::int[])[1 + n %% %(count)s], %(vin)s,
                      CASE WHEN n < %(existing)s THEN 'done' ELSE 'open' END,
                      CASE WHEN n < %(existing)s THEN date '2025-03-01' END
                 FROM generate_series(0, %(all)s - 1) AS n""",
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
               SELECT 'confirmed', %(producer)s, plan.number, vehicle.vin,
                      date '2025-03-01' + vehicle.id %% 200,
                      'RO-' || vehicle.id, dealer.name,
                      'SM4-GCM|20250101-abcdef|' || substr(md5(vehicle.vin), 1, 16)
                      || '|' || md5(vehicle.vin) || 'abcd',
                      md5(vehicle.vin) || md5('2' || vehicle.vin),
                      '138****0000', now(), 1, plan.id, vehicle.id, dealer.id,
                      now(), now()
                 FROM recall_vehicle vehicle
                 JOIN unnest(%(plans)s::int[], %(numbers)s::varchar[])
                      AS plan(id, number) ON plan.id = vehicle.plan_id
                 JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n
                         FROM recall_dealer WHERE producer_id = %(producer)s) dealer
                   ON dealer.n = 1 + vehicle.id %% %(dealers)s
                WHERE vehicle.state = 'done'""",
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
        switch_triggers(self.cr, "DISABLE", *self.tables)

    def __exit__(self, error, *_rest):
        if error:
            return
        switch_triggers(self.cr, "ENABLE", *self.tables)
        for definition, _name in self.indexes:
            self.cr.execute(definition)


def switch_triggers(cr, verb, *tables, names=("USER",)):
    """ENABLE or DISABLE triggers of tables: all of ours, or those named."""
    for table in tables:
        for name in names:
            what = SQL(name) if name == "USER" else SQL.identifier(f"{table}{name}")
            cr.execute(
                SQL(
                    "ALTER TABLE %s %s TRIGGER %s",
                    SQL.identifier(table),
                    SQL(verb),
                    what,
                )
            )


def vacuum(cr, *tables):
    """What autovacuum does after millions of rows."""
    connection = cr._cnx
    connection.autocommit = True
    for table in tables:
        cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(table)))
    connection.autocommit = False


def make_producer(env, name=""):
    producer = env["recall.producer"].create(
        {"name": name or f"Bench {secrets.token_hex(4)}", "hotline": "400 800 8000"}
    )
    env["recall.dealer"].create(
        [
            {"producer_id": producer.id, "name": f"第{n + 1}汽车销售服务有限公司"}
            for n in range(DEALERS)
        ]
    )
    return producer


def make_plan(env, producer, recall_number):
    """A published plan without vehicles."""
    plan = env["recall.plan"].create(
        {
            **dict.fromkeys(("brand", "series", "model"), "B"),
            **dict.fromkeys(("defect", "consequence", "measure"), TEXT),
            "recall_number": recall_number,
            "producer_id": producer.id,
            "recall_start": "2025-01-01",
            "line_ids": [(0, 0, {"brand": "B", "series": "B", "model": "B"})],
        }
    )
    plan.state = "published"
    return plan
