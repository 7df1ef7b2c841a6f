# SPDX-License-Identifier: LGPL-3.0-only
"""Inside Odoo: the regulator takes records in, by the pull and by its rivals."""

import io
import json
import secrets
import time
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from fill import DEALERS, make_plan, make_producer, switch_triggers, vacuum

from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.phone import mask_phone

FIRST_DAY, DAILY = date(2025, 3, 1), 1000
LOG_TRIGGERS = ("_log_insert", "_log_update", "_log_delete")
TABLES = ("recall_vehicle", "recall_completion")


def run(env, url, folder, ways, rounds, producers, pages, page, orm):
    """Take records in by each way in turn; returns rates and memory of each round.

    :param ways: of "pull" (the product), "floor" (COPY and merge), "orm" (create),
        "unlogged" (the pull without the triggers of the operation log)
    :return: dict with ``runs`` (records a second by way), ``memory`` (bytes of this
        process after each pull) and ``records`` pulled in all
    """
    env["recall.enterprise"].search([]).active = False
    size = producers * pages * page
    sizes = {"pull": size, "unlogged": size, "floor": size // 2, "orm": orm}
    sizes = {way: sizes[way] for way in ways}
    vins = iter(sample_vins(env.cr, rounds * sum(sizes.values())))
    work = [
        {
            way: prepare(env, way, folder, vins, count, producers, page)
            for way, count in sizes.items()
        }
        for _round in range(rounds)
    ]
    env.cr.commit()
    vacuum(env.cr, *TABLES)
    runs, memory = [], []
    for given in work:
        runs.append({way: measure(env, way, url, given[way], page) for way in ways})
        memory.append(resident())
    return {"runs": runs, "memory": memory, "records": rounds * sizes.get("pull", 0)}


def prepare(env, way, folder, vins, count, producers, page):
    """Make the plans of one turn and what comes for them."""
    senders = producers if way in ("pull", "unlogged") else 1
    turn = {"count": count, "plans": [], "lines": [], "records": []}
    for _sender in range(senders):
        own = [next(vins) for _vin in range(count // senders)]
        plan = add_peer(env, own)
        turn["plans"].append(plan.id)
        if way == "floor":
            turn["lines"] = floor_lines(plan, own)
        elif way == "orm":
            turn["records"] = [
                make_record(number_of(plan), v, n) for n, v in enumerate(own)
            ]
        else:
            write_pages(Path(folder), plan, own, page)
    return turn


def measure(env, way, url, turn, page):
    """Records a second of one turn, from its first byte to its last commit."""
    plans = env["recall.plan"].browse(turn["plans"])
    take_in, begin = {
        "pull": (pull, connect),
        "unlogged": (pull, connect),
        "floor": (merge, None),
        "orm": (create, None),
    }[way]
    if begin:
        begin(env, url, plans)
    with switched_off(env.cr, way):
        started = time.perf_counter()
        take_in(env, plans, turn, page)
        seconds = time.perf_counter() - started
    check(env, way, plans, turn["count"])
    return round(turn["count"] / seconds, 1)


@contextmanager
def switched_off(cr, way):
    """Without the log's triggers, or for the floor without any of ours."""
    names = {"unlogged": LOG_TRIGGERS, "floor": ("USER",)}.get(way, ())
    switch_triggers(cr, "DISABLE", *TABLES, names=names)
    cr.commit()
    yield
    switch_triggers(cr, "ENABLE", *TABLES, names=names)
    cr.commit()


def check(env, way, plans, count):
    """All records were taken in, none twice, none refused."""
    env.invalidate_all()
    if way in ("pull", "unlogged"):
        exchanges = env["recall.exchange"].search(
            [("enterprise_id.producer_id", "in", plans.producer_id.ids)]
        )
        assert sum(exchanges.mapped("new_count")) == count, exchanges.mapped("outcome")  # noqa: S101
        env["recall.enterprise"].search([]).active = False
        env.cr.commit()
    found = env["recall.completion"].search_count([("plan_id", "in", plans.ids)])
    assert found == count, (way, found, count)  # noqa: S101


def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


# === THE PRODUCT === #


def connect(env, url, plans):
    env["recall.enterprise"].create(
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


def pull(env, _plans, _turn, _page):
    """Run the scheduled action until nothing is due."""
    due = True
    while due:
        env["recall.enterprise"]._cron_pull()
        env.invalidate_all()
        env.cr.execute(
            "SELECT FROM recall_enterprise WHERE active"
            " AND next_pull_at <= now() AT TIME ZONE 'UTC'"
        )
        due = env.cr.rowcount


def sample_vins(cr, count):
    """VINs from all over what is there, in no order: as cars come to a workshop.

    A small table gives each of them to several plans: other recalls of the same cars.
    """
    cr.execute(
        """WITH old AS NOT MATERIALIZED (
               SELECT vehicle.id, vin FROM recall_vehicle vehicle
                 JOIN recall_plan plan ON plan.id = vehicle.plan_id
                WHERE plan.recall_number LIKE 'S2024M%%')
           SELECT vin FROM old
            WHERE id %% greatest(1, (SELECT max(id) FROM old) / %s / 2) = 0
            ORDER BY md5(vin) LIMIT %s""",
        (count, count),
    )
    vins = [row[0] for row in cr.fetchall()]
    return (vins * (1 + count // len(vins)))[:count]


def add_peer(env, vins):
    """A new producer with a plan for vehicles that are there in another one."""
    env.cr.execute("SELECT 1 + max(id) FROM recall_plan")
    number = env.cr.fetchone()[0]
    plan = make_plan(env, make_producer(env), f"S2025M{number:04}V")
    rows = [(vin, plan.line_ids.id) for vin in sorted(vins)]
    env["recall.vehicle"]._add_to_scope(plan, rows)
    return plan


def number_of(plan):
    return {"recall_number": plan.recall_number}


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
    values = number_of(plan)
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


# === ITS RIVALS === #


def merge(env, plan, turn, page):
    for start in range(0, turn["count"], page):
        copy_and_merge(env.cr, plan, turn["lines"][start : start + page])
        env.cr.commit()


def floor_lines(plan, vins):
    """Lines of COPY that need no more work: sealed, and matched by their own ids."""
    keys = cipher.KeyRing.from_environment()
    lines, values = [], number_of(plan)
    for number, vin in enumerate(vins):
        record = make_record(values, vin, number)
        phone = record["telNum"]
        cells = (
            *(record["recallNum"], vin, record["recallTime"], record["repairNum"]),
            *(record["dealerName"], keys.seal(phone, vin), keys.blind(phone)),
            mask_phone(phone),
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


def create(env, plan, turn, _page):
    """As a team would write it with the ORM: batches of 1000, looked up by search."""
    for start in range(0, turn["count"], 1000):
        create_batch(env, plan, turn["records"][start : start + 1000])
        env.cr.commit()
        env.invalidate_all()


def create_batch(env, plan, records):
    Vehicle, Completion = env["recall.vehicle"], env["recall.completion"]
    vins = [record["vehicleVin"] for record in records]
    found = Vehicle.search_fetch(
        [("plan_id", "=", plan.id), ("vin", "in", vins)], ["vin"]
    )
    vehicles = {vehicle.vin: vehicle for vehicle in found}
    dealers = {
        dealer.name: dealer.id
        for dealer in env["recall.dealer"].search_fetch(
            [("producer_id", "=", plan.producer_id.id)], ["name"]
        )
    }
    Completion.create(
        [
            {
                "state": "confirmed",
                "producer_id": plan.producer_id.id,
                "recall_number": record["recallNum"],
                "vin": record["vehicleVin"],
                "repair_date": record["recallTime"],
                "repair_number": record["repairNum"],
                "dealer_name": record["dealerName"],
                "dealer_id": dealers[record["dealerName"]],
                "plan_id": plan.id,
                "vehicle_id": vehicles[record["vehicleVin"]].id,
                **phones(Completion, record),
            }
            for record in records
        ]
    )
    found.state = "done"


def phones(Completion, record):
    key = (record["recallNum"], record["vehicleVin"], record["repairNum"])
    names = ("phone_sealed", "phone_digest", "phone_masked")
    return dict(
        zip(names, Completion._prepare_phone(record["telNum"], *key), strict=True)
    )
