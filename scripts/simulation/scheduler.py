# SPDX-License-Identifier: LGPL-3.0-only
"""Odoo's scheduled actions, woken from outside as a trigger of its own wakes them."""

from contextlib import closing

from stack.cluster import Cluster

NUDGE = """
INSERT INTO ir_cron_trigger (cron_id, call_at)
SELECT res_id, now() AT TIME ZONE 'UTC' FROM ir_model_data
 WHERE model = 'ir.cron' AND module || '.' || name = ANY(%s)
   AND NOT EXISTS (SELECT FROM ir_cron_trigger
                    WHERE cron_id = res_id AND call_at <= now() AT TIME ZONE 'UTC')
"""
#: Whoever runs an action has locked it.
CUT_OFF = """
DELETE FROM ir_cron_progress
 WHERE cron_id IN (SELECT id FROM ir_cron FOR UPDATE SKIP LOCKED)
"""


def wake(cluster: Cluster, database: str, *crons: str) -> None:
    """Have the workers run scheduled actions (by their XML ids) now."""
    with closing(cluster.connect(database)) as line, line.cursor() as cursor:
        cursor.execute(NUDGE, [list(crons)])
    nudge(cluster, database)


def nudge(cluster: Cluster, database: str) -> None:
    """Have the workers look for what is due; they do so by themselves once a minute."""
    with closing(cluster.connect()) as line, line.cursor() as cursor:
        cursor.execute("SELECT pg_notify('cron_trigger', %s)", [database])


def forget_cut_off(cluster: Cluster, database: str) -> None:
    """Have Odoo forget which runs were cut off, those under way apart.

    It gives an action a rest that was cut off three times in a row, as none is that is
    not killed again and again for a test.
    """
    with closing(cluster.connect(database)) as line, line.cursor() as cursor:
        cursor.execute(CUT_OFF)
