# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError

#: Fields of a plan that make a version, in the order of annex A; counters do not.
VERSIONED = (
    *("producer_id", "brand", "series", "model", "announced", "announcement_id"),
    *("recall_start", "announced_count", "vin_range", "defect", "consequence"),
    *("measure", "over_the_air", "do_not_drive", "park_outside", "parts_state"),
    *("parts_from", "extends_id", "source"),
)
LINE_FIELDS = (
    *("brand", "series", "model", "production_start", "production_end"),
    *("announced_count", "vin_range"),
)
PART_FIELDS = ("number", "name")
#: One2many fields of a plan that make a version, and what is kept of their records.
LISTS = {"line_ids": LINE_FIELDS, "part_ids": PART_FIELDS}


class RecallPlanVersion(models.Model):
    """What a plan said after it was filed or amended. Nobody changes a version.

    Kept is a snapshot of annex A with product lines and parts; what changed against
    the version before is worked out when it is read, in the reader's language. Vehicles
    that came in or went out while a version was the newest are counted beside it, by
    the statements that move them.
    """

    _name = "recall.plan.version"
    _description = "Version of a recall plan"
    _order = "plan_id, number desc"
    _log_access = False
    _rec_name = "number"

    plan_id = fields.Many2one(
        "recall.plan", required=True, readonly=True, index=True, ondelete="cascade"
    )
    number = fields.Integer(
        string="Version", required=True, readonly=True, aggregator=None
    )
    time = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", string="By", readonly=True)
    origin = fields.Selection(
        [
            ("filing", "Filing system"),
            ("file", "File"),
            ("form", "By hand"),
        ],
        string="Came by",
        required=True,
        readonly=True,
    )
    reason = fields.Char(readonly=True)
    snapshot = fields.Json(readonly=True)
    added_count = fields.Integer(
        string="Vehicles added",
        readonly=True,
        help="While this version was the newest.",
    )
    removed_count = fields.Integer(string="Vehicles taken out", readonly=True)
    changes = fields.Html(compute="_compute_changes", sanitize=False)
    summary = fields.Char(string="What changed", compute="_compute_changes")

    _number_uniq = models.UniqueIndex("(plan_id, number)")

    @api.depends("snapshot")
    @api.depends_context("lang")
    def _compute_changes(self):
        ordered = self.search([("plan_id", "in", self.plan_id.ids)], order="number")
        known = {(version.plan_id, version.number): version for version in ordered}
        for version in self:
            before = known.get((version.plan_id, version.number - 1))
            rows = version._list_changes(before) if before else []
            version.summary = version._sum_up(before, rows)
            version.changes = self.env["ir.qweb"]._render(
                "recall_base.recall_plan_version_changes",
                {"first": not before, "rows": rows},
            )

    def _sum_up(self, before, rows):
        """What changed, in a few words: the names of the changed fields."""
        if not before:
            return self.env._("First filed")
        return ", ".join(row[0] for row in rows) or self.env._("VIN list")

    def _list_changes(self, before):
        """What this version says otherwise than the one before.

        :returns: list of ``(label, old text, new text)``; texts of lists have a line
            for each record that went or came
        """
        old, new = before.snapshot or {}, self.snapshot or {}
        plan_fields = self.env["recall.plan"]._fields
        rows = []
        for name in VERSIONED:
            field = plan_fields[name]
            # A version from before a field was there says nothing of it.
            before_it, after_it = old.get(name) or False, new.get(name) or False
            if before_it != after_it:
                label = field._description_string(self.env)
                shown = (self._show(field, value) for value in (before_it, after_it))
                rows.append((label, *shown))
        for name in LISTS:
            went, came = _difference(old.get(name, []), new.get(name, []))
            if went or came:
                label = plan_fields[name]._description_string(self.env)
                rows.append((label, *map(self._show_list, (went, came))))
        return rows

    def _show(self, field, value):
        if field.type == "boolean":
            return self.env._("yes") if value else self.env._("no")
        if field.type == "selection":
            value = dict(field._description_selection(self.env)).get(value)
        return str(value) if value else "–"

    def _show_list(self, records):
        return "\n".join(
            " · ".join(str(value) for value in record if value) for record in records
        )

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("A version of a plan cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A version of a plan cannot be deleted."))


def _difference(old, new):
    """Records that only ``old`` has, and that only ``new`` has, in their order."""
    return (
        [record for record in old if record not in new],
        [record for record in new if record not in old],
    )
