# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import deadline, vin
from .guarded_many2one import GuardedMany2one

#: States of a vehicle that take it out of the count a rate is measured against.
GONE = ("exported", "scrapped", "stolen")
#: State of a vehicle that an amendment of the plan took out of its scope.
REMOVED = "removed"
COUNTED_STATES = ("done", *GONE, "unreachable", REMOVED)


_REPAIRED = SQL(
    """(vehicle.state = 'done' OR EXISTS (
            SELECT FROM recall_completion completion
             WHERE completion.vehicle_id = vehicle.id
               AND completion.state IN ('checked', 'confirmed')))"""
)


class RecallVehicle(models.Model):
    """One VIN in the scope of one recall plan.

    Up to 120 million rows: no chatter, no log columns, no computed fields. Its state
    moves only through ``_move``, which keeps the plan's counters in the same statement.
    A vehicle is never closed because it is missing from a file. One that an amendment
    takes out of the scope stays as a row in the state ``removed``: in no count, told to
    nobody, but not forgotten.
    """

    _name = "recall.vehicle"
    _inherit = ["recall.legacy.vin.mixin", "recall.hashed.mixin"]
    _description = "Vehicle in the scope of a recall plan"
    _order = "id desc"
    _rec_name = "vin"
    _rec_names_search = ["vin"]
    _log_access = False
    _hashed = ("plan_id", "line_id", "vin", "state", "state_date")

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, index=True, ondelete="restrict"
    )
    line_id = GuardedMany2one(
        "recall.plan.line",
        within="plan_id",
        string="Product line",
        readonly=True,
        ondelete="restrict",
    )
    vin = fields.Char(string="VIN", size=17, required=True, readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("done", "Done"),
            ("exported", "Exported"),
            ("scrapped", "Scrapped"),
            ("stolen", "Stolen"),
            ("unreachable", "Owner unreachable"),
            (REMOVED, "Not in scope any more"),
        ],
        default="open",
        required=True,
        readonly=True,
    )
    state_date = fields.Date(readonly=True, help="Day of the repair or of the report.")

    _vin_plan_uniq = models.UniqueIndex(
        "(vin, plan_id)", "The vehicle is in the scope of this plan already."
    )

    def init(self):
        super().init()
        # Room for a vehicle's new state on its page: no index needs a new entry, while
        # a list fills the pages long before the first repair.
        self.env.cr.execute("ALTER TABLE recall_vehicle SET (fillfactor = 80)")

    @api.model
    def _add_to_scope(self, plan, vins):
        """Put VINs in the scope of ``plan``; those that are there stay as they are.

        One that an amendment took out comes back.

        :param vins: iterable of ``(vin, line_id or None)``
        :returns: ``(number added, list of VINs refused by GB 16735 that have no
            approved exception)``
        """
        listed = list(vins)
        passed = self._judge_listed(plan, [text for text, _line in listed])
        rows = [row for row, good in zip(listed, passed, strict=True) if good]
        refused = [row[0] for row, good in zip(listed, passed, strict=True) if not good]
        # The plan's unwritten changes would go when its counters are read anew.
        plan.flush_recordset()
        staged = self.env["recall.staging"]._load(
            "recall_scope_staging", {"vin": "varchar", "line_id": "int"}, rows
        )
        self.env.cr.execute(
            SQL(
                """WITH added AS (
                       INSERT INTO recall_vehicle (plan_id, line_id, vin, state)
                       SELECT %(plan)s, max(line.id), staged.vin, 'open'
                         FROM %(staged)s staged
                         LEFT JOIN recall_plan_line line
                                ON line.id = staged.line_id AND line.plan_id = %(plan)s
                        GROUP BY staged.vin
                       ON CONFLICT (vin, plan_id) DO NOTHING RETURNING 1)
                   UPDATE recall_plan
                      SET vehicle_count = vehicle_count + (SELECT count(*) FROM added)
                    WHERE id = %(plan)s
                RETURNING (SELECT count(*) FROM added)""",
                plan=plan.id,
                staged=staged,
            )
        )
        added = self.env.cr.fetchone()[0]
        if plan.removed_count:
            added += self._move(
                SQL(
                    """SELECT vehicle.id AS vehicle_id, 'open' AS state,
                              NULL::date AS state_date
                         FROM recall_vehicle vehicle
                        WHERE vehicle.plan_id = %s
                          AND vehicle.vin IN (SELECT vin FROM %s)""",
                    plan.id,
                    staged,
                ),
                allowed_from=(REMOVED,),
            )
        plan._after_counters_changed()
        plan._note_scope(added=added)
        return added, refused

    @api.model
    def _assign_lines(self, plan, vins):
        """Make vehicles in the scope of ``plan`` those of other product lines.

        :param vins: iterable of ``(vin, line_id)``
        :returns: number of vehicles that were of another line
        """
        self.flush_model()
        staged = self.env["recall.staging"]._load(
            "recall_line_staging", {"vin": "varchar", "line_id": "int"}, vins
        )
        self.env.cr.execute(
            SQL(
                """UPDATE recall_vehicle vehicle SET line_id = told.line_id
                     FROM (SELECT staged.vin, max(line.id) AS line_id
                             FROM %(staged)s staged
                             JOIN recall_plan_line line
                               ON line.id = staged.line_id AND line.plan_id = %(plan)s
                            GROUP BY staged.vin) told
                    WHERE vehicle.vin = told.vin AND vehicle.plan_id = %(plan)s
                      AND vehicle.line_id IS DISTINCT FROM told.line_id""",
                staged=staged,
                plan=plan.id,
            )
        )
        self.invalidate_model(["line_id"])
        return self.env.cr.rowcount

    @api.model
    def _leave_lines(self, lines):
        """Make vehicles that are not in scope any more those of no line."""
        self.flush_model()
        for plan, group in lines.grouped("plan_id").items():
            if not plan.removed_count:
                continue
            self.env.cr.execute(
                SQL(
                    """UPDATE recall_vehicle SET line_id = NULL
                        WHERE plan_id = %s AND line_id IN %s AND state = %s""",
                    plan.id,
                    tuple(group.ids),
                    REMOVED,
                )
            )
        self.invalidate_model(["line_id"])

    @api.model
    def _take_out(self, plan, vins):
        """Take VINs out of the scope of ``plan``, by an explicit amendment.

        What was repaired stays in scope, and what a report is waiting for.

        :param vins: iterable of VINs
        :returns: ``(number taken out, VINs that stay, VINs that were not in scope)``
        """
        plan.flush_recordset()
        self.env["recall.completion"].flush_model()
        staged = self.env["recall.staging"]._load(
            "recall_removal_staging", {"vin": "varchar"}, ((vin,) for vin in vins)
        )
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT staged.vin, vehicle.id IS NULL
                     FROM %(staged)s staged
                     LEFT JOIN recall_vehicle vehicle ON vehicle.vin = staged.vin
                          AND vehicle.plan_id = %(plan)s
                          AND vehicle.state != %(removed)s
                    WHERE vehicle.id IS NULL OR %(repaired)s""",
                staged=staged,
                plan=plan.id,
                removed=REMOVED,
                repaired=_REPAIRED,
            )
        )
        removed = self._move(
            SQL(
                """SELECT vehicle.id AS vehicle_id, %(removed)s AS state,
                          %(today)s AS state_date
                     FROM recall_vehicle vehicle
                    WHERE vehicle.plan_id = %(plan)s AND NOT %(repaired)s
                      AND vehicle.vin IN (SELECT vin FROM %(staged)s)""",
                removed=REMOVED,
                today=deadline.today(),
                plan=plan.id,
                repaired=_REPAIRED,
                staged=staged,
            ),
            allowed_from=("open", "unreachable", *GONE),
        )
        staying = [text for text, unknown in rows if not unknown]
        return removed, staying, [text for text, unknown in rows if unknown]

    def _judge_listed(self, plan, vins):
        """For each VIN of a list whether it meets GB 16735 or is excepted from it."""
        verdicts = vin.check_many(vins)
        if all(verdicts):
            return verdicts
        wrong = {text for text, good in zip(vins, verdicts, strict=True) if not good}
        excepted = self.env["recall.vin.exception"]._find_approved(
            plan.producer_id.id, wrong
        )
        return [
            good or text in excepted for text, good in zip(vins, verdicts, strict=True)
        ]

    @api.model
    def _move(self, moves, *, allowed_from):
        """Move vehicles to a new state and keep the counters of their plans.

        :param SQL moves: a query of ``(vehicle_id, state, state_date)``, one row for
            each vehicle
        :param allowed_from: states a vehicle may leave; the others stay untouched
        :returns: number of vehicles moved
        """
        self.flush_model()
        self.env["recall.plan"].flush_model()
        counters = SQL(", ").join(
            SQL(
                "%(column)s = plan.%(column)s + delta.%(column)s",
                column=SQL.identifier(f"{state}_count"),
            )
            for state in COUNTED_STATES
        )
        deltas = SQL(", ").join(
            SQL(
                "count(*) FILTER (WHERE state = %(state)s)"
                " - count(*) FILTER (WHERE was = %(state)s) AS %(column)s",
                state=state,
                column=SQL.identifier(f"{state}_count"),
            )
            for state in COUNTED_STATES
        )
        self.env.cr.execute(
            SQL(
                """WITH move AS (%(moves)s), moved AS (
                       UPDATE recall_vehicle vehicle
                          SET state = move.state, state_date = move.state_date::date
                         FROM move JOIN recall_vehicle old ON old.id = move.vehicle_id
                        WHERE vehicle.id = old.id AND old.state IN %(allowed)s
                          AND old.state != move.state
                    RETURNING vehicle.plan_id, vehicle.state, old.state AS was),
                   delta AS (
                       SELECT plan_id, count(*) AS moved, %(deltas)s
                         FROM moved GROUP BY plan_id),
                   counted AS (
                       UPDATE recall_plan plan
                          SET %(counters)s, vehicle_count
                              = plan.vehicle_count - delta.removed_count
                         FROM delta WHERE plan.id = delta.plan_id RETURNING plan.id)
                SELECT plan_id, moved FROM delta""",
                moves=moves,
                allowed=tuple(allowed_from),
                deltas=deltas,
                counters=counters,
            )
        )
        moved = dict(self.env.cr.fetchall())
        self.invalidate_model()
        self.env["recall.plan"].browse(moved)._after_counters_changed()
        return sum(moved.values())
