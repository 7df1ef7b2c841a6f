# SPDX-License-Identifier: LGPL-3.0-only
"""Inside Odoo: VINs to ask for, and who may ask."""

import random
from datetime import timedelta
from itertools import islice

from odoo import fields
from odoo.tools import SQL

from odoo.addons.recall_base.tools import vin

ASKED = 20_000
ADDRESSES = 2_000


def lookups(env):
    """VINs of the table, and what each way of asking needs to be let in."""
    return {"vins": read_vins(env), **give_access(env)}


def pages(env):
    """VINs to post, and addresses of answers that work for ten minutes."""
    vins = read_vins(env, SQL("state = 'open'"))
    strangers = (
        vin.make_vin("LTZ", "ZZ99Z", "S", "A", f"{n:06}") for n in range(10**6)
    )
    make = env["recall.lookup.address"]._make
    found, none = (
        [f"/recall/answer/{make('answer', text)}" for text in islice(texts, ADDRESSES)]
        for texts in (vins, strangers)
    )
    return {"vins": vins, "found": found, "none": none}


def read_vins(env, condition=None):
    """VINs from all over the table, in no order."""
    env.cr.execute(
        SQL(
            """SELECT vin FROM recall_vehicle
                WHERE %s AND
                      id %% greatest(1, (SELECT max(id) FROM recall_vehicle) / %s) = 0
                LIMIT %s""",
            condition or SQL("true"),
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
