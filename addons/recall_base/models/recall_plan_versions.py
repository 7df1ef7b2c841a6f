# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from .recall_plan_version import LISTS, VERSIONED


class RecallPlan(models.Model):
    """Keeping the versions of a plan, however it is changed."""

    _inherit = "recall.plan"

    version_ids = fields.One2many(
        "recall.plan.version", "plan_id", string="Versions", readonly=True, copy=False
    )

    @api.model_create_multi
    def create(self, vals_list):
        plans = super(RecallPlan, self._without_versions()).create(vals_list)
        plans = plans.with_env(self.env)
        plans._keep_version()
        return plans

    def write(self, vals):
        if self._keeps_no_version() or not vals.keys() & {*VERSIONED, *LISTS}:
            return super().write(vals)
        done = super(RecallPlan, self._without_versions()).write(vals)
        self._keep_version()
        return done

    def _without_versions(self):
        """These plans, for changes that belong to a version that is being made."""
        return self.with_context(recall_version_follows=True)

    def _keeps_no_version(self):
        return self.env.context.get("recall_version_follows")

    def _keep_version(self, reason=None, force=False):
        """Keep what these plans say now, where it differs from their last version.

        :param str reason: why the plan was changed
        :param bool force: keep a version although the plan says the same
        """
        if not self or self._keeps_no_version():
            return
        self.flush_recordset()
        numbers = self._last_versions()
        for plan in self:
            number, kept = numbers.get(plan.id, (0, None))
            snapshot = plan._take_snapshot()
            if not force and kept and _tell(snapshot) == _tell(kept):
                continue
            # sudo: versions are made by changes of the plan, by nobody else.
            self.env["recall.plan.version"].sudo().create(
                {
                    "plan_id": plan.id,
                    "number": number + 1,
                    "user_id": self.env.uid,
                    "origin": plan._get_origin(),
                    "reason": reason,
                    "snapshot": snapshot,
                }
            )
            # sudo: no role writes the version.
            plan.sudo().version = number + 1

    def _last_versions(self):
        """Plan id -> number and snapshot of its newest version."""
        self.env["recall.plan.version"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (plan_id) plan_id, number, snapshot
                     FROM recall_plan_version WHERE plan_id IN %s
                    ORDER BY plan_id, number DESC""",
                tuple(self.ids),
            )
        )
        return {plan_id: (number, snapshot) for plan_id, number, snapshot in rows}

    def _get_origin(self):
        """What the change came by; only the system itself says it was the filing."""
        origin = self.env.context.get("recall_origin", "form")
        return "form" if origin == "filing" and not self.env.su else origin

    def _take_snapshot(self):
        """What the plan says, as JSON: names instead of ids, dates as text."""
        self.ensure_one()
        values = {name: _plain(self[name]) for name in VERSIONED}
        for name, columns in LISTS.items():
            values[name] = [
                [_plain(record[column]) for column in columns] for record in self[name]
            ]
        return values

    def _note_scope(self, added=0, removed=0):
        """Count vehicles that came in or went out beside the newest version."""
        self.ensure_one()
        if not (added or removed):
            return
        self.env.cr.execute(
            SQL(
                """UPDATE recall_plan_version version
                      SET added_count = coalesce(added_count, 0) + %s,
                          removed_count = coalesce(version.removed_count, 0) + %s
                     FROM recall_plan plan
                    WHERE plan.id = %s AND version.plan_id = plan.id
                      AND version.number = plan.version""",
                added,
                removed,
                self.id,
            )
        )
        self.env["recall.plan.version"].invalidate_model()


def _tell(snapshot):
    """What a snapshot says. One from before a field was there lacks what is empty."""
    return {name: value for name, value in snapshot.items() if value}


def _plain(value):
    """A field's value as JSON keeps it."""
    if isinstance(value, models.BaseModel):
        return value[value._rec_name] if value else False
    return value.isoformat() if hasattr(value, "isoformat") else value
