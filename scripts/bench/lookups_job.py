# SPDX-License-Identifier: LGPL-3.0-only
"""The part of ``lookups.py`` that runs inside Odoo."""

import random
from datetime import timedelta

from intake_job import WMI, make_plan, vin_sql, without_indexes

from odoo import fields
from odoo.tools import SQL

#: Plans that share the vehicles: a look-up reads the rows of all of them.
PLANS = 50
ASKED = 20_000


def prepare(env, vehicles):
    """Fill the table once; give VINs to ask for, and who may ask."""
    fill(env, vehicles)
    return {"vins": read_vins(env), **give_access(env)}


def read_vins(env):
    """VINs from all over the table, in no order."""
    env.cr.execute(
        SQL(
            """SELECT vin FROM recall_vehicle
                WHERE id %% greatest(1, (SELECT max(id) FROM recall_vehicle) / %s) = 0
                LIMIT %s""",
            ASKED,
            ASKED,
        )
    )
    vins = [row[0] for row in env.cr.fetchall()]
    random.Random(1).shuffle(vins)
    return vins


def give_access(env):
    data_user = env["recall.data.user"].create(
        {
            "name": f"Bench {fields.Datetime.now()}",
            "kind": "insurer",
            "purpose": "Benchmark",
        }
    )
    interface = env["recall.share.interface"].create(
        {
            "name": "Bench",
            "data_user_id": data_user.id,
            "quota_day": 2**31 - 1,
            "quota_burst": 2**31 - 1,
        }
    )
    _token, secret = env["recall.token"].issue(
        {"name": "Bench", "purpose": "share", "data_user_id": data_user.id}
    )
    admin = env.ref("base.user_admin")
    admin.group_ids |= env.ref("recall_service.group_operator")
    key = (
        env["res.users.apikeys"]
        .with_user(admin)
        ._generate("rpc", "bench", fields.Datetime.now() + timedelta(days=1))
    )
    return {"api_cfg": interface.api_cfg, "token": secret, "api_key": key}


def fill(env, vehicles):
    """Make PLANS plans of one producer, each with as many vehicles; once only."""
    if env["recall.plan"].search_count([("recall_number", "=like", "S2024M%")]):
        return
    if not env["recall.wmi"].search_count([("code", "=", WMI)]):
        env["recall.wmi"].create({"code": WMI, "manufacturer": "Bench"})
    producer = env["recall.producer"].create(
        {"name": "示例汽车有限公司", "hotline": "400 800 8000"}
    )
    plans = env["recall.plan"].union(
        *(make_plan(env, producer, f"S2024M{n:04}V") for n in range(1, PLANS + 1))
    )
    text = "由于供应商制造原因,部分车辆制动软管可能存在渗漏,影响制动性能。" * 4
    plans.write({"state": "published", "defect": text, "measure": text})
    env.flush_all()
    with without_indexes(env.cr, "recall_vehicle"):
        env.cr.execute(
            SQL(
                """INSERT INTO recall_vehicle (plan_id, line_id, vin, state)
                   SELECT (%(plans)s::int[])[1 + n %% %(count)s],
                          (%(lines)s::int[])[1 + n %% %(count)s], %(vin)s, 'open'
                     FROM generate_series(0, %(vehicles)s - 1) AS n""",
                plans=plans.ids,
                lines=[plan.line_ids.id for plan in plans],
                count=PLANS,
                vin=vin_sql(),
                vehicles=vehicles,
            )
        )
    env.cr.commit()
    connection = env.cr._cnx
    connection.autocommit = True
    env.cr.execute("VACUUM ANALYZE recall_vehicle")
    connection.autocommit = False
