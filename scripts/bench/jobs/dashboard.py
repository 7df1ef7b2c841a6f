# SPDX-License-Identifier: LGPL-3.0-only
"""Inside Odoo: the page of the statistics."""

import time


def run(env, rounds):
    """Seconds of each opening of the page, the first one left out."""
    admin = env.ref("base.user_admin")
    admin.group_ids |= env.ref("recall_management.group_viewer")
    env.flush_all()
    page = env["recall.statistics.dashboard"].with_user(admin)
    seconds = []
    for _round in range(rounds + 1):
        env.invalidate_all()
        started = time.perf_counter()
        page.get_figures()
        seconds.append(time.perf_counter() - started)
    return seconds[1:]
