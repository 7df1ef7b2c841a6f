# SPDX-License-Identifier: LGPL-3.0-only
import re
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_audit_rows import LINEAR
from odoo.addons.recall_base.models.recall_vehicle import REMOVED
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from . import recall_share_sandbox as sandbox
from .recall_lookup import PUBLIC_STATES

#: Rows of the inbox that are sealed between two commits. A plan counts as one row.
BATCH = 50_000
#: Key of the advisory lock that keeps two sealers apart.
SEALER_LOCK = 0x73686172
#: A cursor in the middle of all vehicles, or behind a change.
CURSOR = re.compile(
    r"all:(?P<began>\d{1,18}):(?P<id>\d{1,10})|since:(?P<seen>\d{1,18})"
)
SANDBOX_CURSOR = "since:1"

_PUBLIC = ", ".join(f"'{state}'" for state in PUBLIC_STATES)

_TABLES = """
CREATE TABLE IF NOT EXISTS recall_share_inbox (vehicle_id int, plan_id int);
CREATE TABLE IF NOT EXISTS recall_share_change (
    vehicle_id int PRIMARY KEY, sequence bigint NOT NULL UNIQUE);
"""

# Vehicles that came into the scope of a plan, or whose state moved. No look at the
# plan: that would cost more than the row, and the sealer looks anyway.
_VEHICLE_TRIGGER = """
CREATE OR REPLACE FUNCTION recall_share_vehicle_{operation}() RETURNS trigger
LANGUAGE plpgsql {linear} AS $$
BEGIN
    INSERT INTO recall_share_inbox (vehicle_id) {changed};
    RETURN NULL;
EXCEPTION WHEN undefined_table OR undefined_column THEN
    RETURN NULL;  -- the add-on is gone
END $$;
CREATE OR REPLACE TRIGGER recall_share_vehicle_{operation}
AFTER {operation} ON recall_vehicle REFERENCING {transition}
FOR EACH STATEMENT EXECUTE FUNCTION recall_share_vehicle_{operation}();
"""
_VEHICLE_OPERATIONS = {
    "insert": ("SELECT id FROM new_rows", "NEW TABLE AS new_rows"),
    "update": (
        """SELECT new_rows.id FROM new_rows JOIN old_rows USING (id)
            WHERE (new_rows.state, new_rows.state_date, new_rows.line_id)
                  IS DISTINCT FROM
                  (old_rows.state, old_rows.state_date, old_rows.line_id)""",
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    ),
}

# What every vehicle of a plan is told changed, or whether it is told at all. The
# conditions keep the plan's counters, which are written all the time, out of it.
_PLAN_TRIGGER = """
CREATE OR REPLACE FUNCTION recall_share_{table}() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO recall_share_inbox (plan_id) {plans};
    RETURN NULL;
EXCEPTION WHEN undefined_table OR undefined_column THEN
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER recall_share_{table}
AFTER UPDATE OF {columns} ON {table} FOR EACH ROW
WHEN (({old}) IS DISTINCT FROM ({new}){condition})
EXECUTE FUNCTION recall_share_{table}();
"""
_PLAN_TABLES = {
    "recall_plan": (
        "SELECT NEW.id",
        (
            *("state", "recall_number", "recall_start", "brand", "series", "model"),
            *("defect", "consequence", "measure", "producer_id"),
        ),
        f" AND (OLD.state IN ({_PUBLIC}) OR NEW.state IN ({_PUBLIC}))",
    ),
    "recall_plan_line": ("SELECT NEW.plan_id", ("brand", "series", "model"), ""),
    "recall_producer": (
        "SELECT id FROM recall_plan WHERE producer_id = NEW.id",
        ("name",),
        "",
    ),
}


class Page(NamedTuple):
    """VINs to be told of, and where to go on."""

    vins: list
    next_cursor: str
    has_more: bool


class RecallShareChange(models.AbstractModel):
    """Which vehicles changed, in an order that loses none (method "changes").

    Triggers put what changes into an inbox, in the transaction that changes it. One
    sealer moves what has been committed to the list and numbers it; whatever commits
    late is numbered later. A data user asks for the numbers above its cursor: no number
    below it can still appear. A vehicle stands in the list once, with its last number,
    and is told in its present state.

    A number is the time of sealing in microseconds, or one more than the last one: so
    a database that was restored from a backup goes on above what it had told before.
    """

    _name = "recall.share.change"
    _description = "Changes for data users"

    def init(self):
        # Constants of ours alone are put into these texts.
        statements = [
            _TABLES,
            *(
                _VEHICLE_TRIGGER.format(
                    operation=operation,
                    changed=changed,
                    transition=transition,
                    linear=LINEAR,
                )
                for operation, (changed, transition) in _VEHICLE_OPERATIONS.items()
            ),
            *(
                _PLAN_TRIGGER.format(
                    table=table,
                    plans=plans,
                    columns=", ".join(columns),
                    old=", ".join(f"OLD.{column}" for column in columns),
                    new=", ".join(f"NEW.{column}" for column in columns),
                    condition=condition,
                )
                for table, (plans, columns, condition) in _PLAN_TABLES.items()
            ),
        ]
        for statement in statements:
            self.env.cr.execute(statement)

    @api.model
    def _remove(self):
        """Drop triggers and tables: without the add-on they would go on filling."""
        functions = [f"recall_share_vehicle_{name}" for name in _VEHICLE_OPERATIONS]
        functions += [f"recall_share_{table}" for table in _PLAN_TABLES]
        for name in functions:
            self.env.cr.execute(
                SQL("DROP FUNCTION IF EXISTS %s() CASCADE", SQL.identifier(name))
            )
        for name in ("recall_share_inbox", "recall_share_change"):
            self.env.cr.execute(SQL("DROP TABLE IF EXISTS %s", SQL.identifier(name)))

    # === Sealing === #

    @api.model
    def _cron_seal(self):
        """Number what was committed since the last run."""
        Cron = self.env["ir.cron"]
        while taken := self._seal():
            if not Cron._commit_progress(taken) or taken < BATCH:
                break

    @api.model
    def _seal(self):
        """Move a batch of the inbox to the list; returns how many rows it took."""
        cr = self.env.cr
        cr.execute(SQL("SELECT pg_try_advisory_xact_lock(%s)", SEALER_LOCK))
        if not cr.fetchone()[0]:
            return 0
        self.env.flush_all()
        # Vehicles of a plan that nobody is told of are left out: when it is published,
        # the plan itself comes into the inbox, and all its vehicles with it.
        cr.execute(
            SQL(
                """WITH taken AS (
                       DELETE FROM recall_share_inbox WHERE ctid = ANY(ARRAY(
                           SELECT ctid FROM recall_share_inbox LIMIT %(batch)s))
                    RETURNING vehicle_id, plan_id),
                   changed AS (
                       SELECT vehicle.id FROM taken
                         JOIN recall_vehicle vehicle ON vehicle.id = taken.vehicle_id
                         JOIN recall_plan plan ON plan.id = vehicle.plan_id
                        WHERE plan.state IN %(states)s
                       UNION
                       SELECT vehicle.id
                         FROM (SELECT DISTINCT plan_id FROM taken) plan
                         JOIN recall_vehicle vehicle USING (plan_id)
                         JOIN recall_plan known ON known.id = vehicle.plan_id
                        WHERE known.state != 'filed'),
                   begin AS (
                       SELECT greatest(
                           (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
                           (SELECT max(sequence) FROM recall_share_change)) AS number),
                   sealed AS (
                       INSERT INTO recall_share_change (vehicle_id, sequence)
                       SELECT id, number + row_number() OVER (ORDER BY id)
                         FROM changed, begin
                       ON CONFLICT (vehicle_id) DO UPDATE
                          SET sequence = excluded.sequence)
                   SELECT count(*) FROM taken""",
                batch=BATCH,
                states=PUBLIC_STATES,
            )
        )
        return cr.fetchone()[0]

    # === Reading === #

    @api.model
    def _read_page(self, cursor, limit, grant):
        """Return the page behind a cursor; an empty cursor begins with all vehicles.

        :rtype: Page
        :raises MessageError: 407 for what was never a cursor
        """
        match = CURSOR.fullmatch(cursor)
        if cursor and not match:
            raise MessageError(
                ApiStatus.PARAMETER_FORMAT,
                "The member api_exchange_cursor is no cursor of this interface. Send "
                "next_cursor of the last answer, or an empty text to begin anew.",
                "api_exchange_cursor",
            )
        if grant.terms["sandbox"]:
            told = [] if cursor else [case.vin for case in sandbox.get_vehicles()]
            return Page(told, SANDBOX_CURSOR, False)
        if match and match["seen"]:
            return self._read_changes(int(match["seen"]), limit)
        if match:
            return self._read_all(int(match["began"]), int(match["id"]), limit)
        return self._read_all(self._get_last(), 0, limit)

    @api.model
    def _get_last(self):
        """The highest number sealed so far: what changes later is above it."""
        self.env.cr.execute(
            SQL("SELECT coalesce(max(sequence), 0) FROM recall_share_change")
        )
        return self.env.cr.fetchone()[0]

    def _read_all(self, began, last_id, limit):
        """A page of all vehicles, in the order of their ids.

        What is changed or added behind the reader meanwhile has a number above
        ``began``, from which the changes are read afterwards.
        """
        self.env.cr.execute(
            SQL(
                """SELECT vehicle.id, vehicle.vin,
                          plan.state IN %(states)s AND vehicle.state != %(removed)s
                     FROM (SELECT id, vin, plan_id, state FROM recall_vehicle
                            WHERE id > %(last)s ORDER BY id LIMIT %(limit)s) vehicle
                     JOIN recall_plan plan ON plan.id = vehicle.plan_id
                    ORDER BY vehicle.id""",
                states=PUBLIC_STATES,
                removed=REMOVED,
                last=last_id,
                limit=limit,
            ),
            log_exceptions=False,
        )
        rows = self.env.cr.fetchall()
        vins = list(dict.fromkeys(text for _id, text, told in rows if told))
        if len(rows) < limit:
            return Page(vins, f"since:{began}", False)
        return Page(vins, f"all:{began}:{rows[-1][0]}", True)

    def _read_changes(self, seen, limit):
        """A page of what has a number above ``seen``."""
        self.env.cr.execute(
            SQL(
                """SELECT change.sequence, vehicle.vin
                     FROM recall_share_change change
                     JOIN recall_vehicle vehicle ON vehicle.id = change.vehicle_id
                    WHERE change.sequence > %s ORDER BY change.sequence LIMIT %s""",
                seen,
                limit + 1,
            ),
            log_exceptions=False,
        )
        rows = self.env.cr.fetchall()
        page = rows[:limit]
        vins = list(dict.fromkeys(text for _sequence, text in page))
        last = page[-1][0] if page else seen
        return Page(vins, f"since:{last}", len(rows) > limit)
