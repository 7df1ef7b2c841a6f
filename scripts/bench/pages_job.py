# SPDX-License-Identifier: LGPL-3.0-only
"""The part of ``pages.py`` that runs inside Odoo."""

from itertools import islice

from lookups_job import fill, read_vins

from odoo.addons.recall_base.tools import vin

ADDRESSES = 2_000


def prepare(env, vehicles):
    """VINs to post, and addresses of answers that work for ten minutes."""
    fill(env, vehicles)
    vins = read_vins(env)
    strangers = (
        vin.make_vin("LTZ", "ZZ99Z", "S", "A", f"{n:06}") for n in range(10**6)
    )
    make = env["recall.lookup.address"]._make
    found, none = (
        [f"/recall/answer/{make('answer', text)}" for text in islice(texts, ADDRESSES)]
        for texts in (vins, strangers)
    )
    return {"vins": vins, "found": found, "none": none}
