# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from .recall_vehicle import COUNTED_STATES, REMOVED

COUNTERS = ("vehicle_count", *(f"{state}_count" for state in COUNTED_STATES))


class RecallPlan(models.Model):
    """A recall campaign: one recall number of GB/T 39061.

    The explicit VIN list (``recall.vehicle``) is the truth of what is in scope; a
    printed VIN range is a label. Counters are kept by the statements that change
    vehicles, so that no screen counts the big table.
    """

    _name = "recall.plan"
    _description = "Recall plan"
    _audit_readonly = False
    _audit_plain = {"defect", "consequence", "measure"}
    _inherit = [
        "mail.thread",
        "recall.kept.fields.mixin",
        "recall.vin.range.mixin",
        "recall.hashed.mixin",
    ]
    _order = "recall_start desc, recall_number desc"
    _rec_name = "recall_number"
    _rec_names_search = ["recall_number", "brand", "series"]
    _hashed = (
        *("recall_number", "producer_id", "state", "announced", "recall_start"),
        *("announced_count", "vin_range", "defect", "consequence", "measure"),
    )
    _kept_fields = {*COUNTERS, "completion_rate", "raw_rate", "version"}

    recall_number = fields.Char(required=True, tracking=True, help="GB/T 39061.")
    producer_id = fields.Many2one(
        "recall.producer", required=True, index=True, ondelete="restrict", tracking=True
    )
    state = fields.Selection(
        [
            ("filed", "Filed"),
            ("published", "Published"),
            ("running", "Running"),
            ("finished", "Finished"),
            ("withdrawn", "Withdrawn"),
        ],
        default="filed",
        required=True,
        tracking=True,
        help="Filed: kept here, not public yet. Published and running: the public and "
        "data users are told, repairs are counted. Finished: still told, no longer "
        "watched. Withdrawn: nobody is told any more and no figure counts it; repairs "
        "that were reported stay.",
    )
    brand = fields.Char(required=True)
    series = fields.Char(required=True)
    model = fields.Char(required=True)
    announced = fields.Date(string="Announced on")
    announcement_id = fields.Many2one(
        "recall.announcement",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        help="One announcement can hold several recall numbers.",
    )
    recall_start = fields.Date(required=True, tracking=True)
    announced_count = fields.Integer(
        string="Announced vehicles", help="As announced: the VIN list decides."
    )
    defect = fields.Text(required=True)
    consequence = fields.Text(string="Possible consequences", required=True)
    measure = fields.Text(string="Repair measures", required=True)
    over_the_air = fields.Boolean(string="Over-the-air update")
    do_not_drive = fields.Boolean(
        string="Do not drive",
        help="The vehicle must not be driven before it is repaired: the public search "
        "says so before anything else.",
    )
    park_outside = fields.Boolean(
        string="Park outside",
        help="The vehicle can catch fire while it stands: it is to be parked outside, "
        "away from buildings and other vehicles, until it is repaired.",
    )
    parts_state = fields.Selection(
        [
            ("available", "Available"),
            ("awaited", "Awaited"),
            ("not_needed", "Not needed"),
        ],
        string="Repair parts",
        help="Whether owners can have the repair now. Empty: not told.",
    )
    parts_from = fields.Date(
        string="Parts expected from",
        compute="_compute_parts_from",
        store=True,
        readonly=False,
        help="From when parts that are awaited are expected.",
    )
    extends_id = fields.Many2one(
        "recall.plan",
        string="Extends",
        index="btree_not_null",
        help="The earlier recall that this one widens.",
    )
    extended_by_ids = fields.One2many(
        "recall.plan", "extends_id", string="Extended by", readonly=True
    )
    source = fields.Char(help="Where the facts of this plan were read.")
    version = fields.Integer(default=1, readonly=True)
    line_ids = fields.One2many("recall.plan.line", "plan_id", string="Product lines")
    part_ids = fields.One2many("recall.plan.part", "plan_id", string="Parts")
    vehicle_ids = fields.One2many("recall.vehicle", "plan_id", string="Vehicles")
    listed_count = fields.Integer(
        string="VINs in the filed list",
        help="How many VINs the filing says its list has in all. Empty: not told.",
    )
    missing_count = fields.Integer(
        string="VINs still to come",
        compute="_compute_missing_count",
        help="What the filed list has in all, less what has arrived.",
    )

    vehicle_count = fields.Integer(string="In scope", readonly=True, default=0)
    done_count = fields.Integer(string="Done", readonly=True, default=0)
    exported_count = fields.Integer(string="Exported", readonly=True, default=0)
    scrapped_count = fields.Integer(string="Scrapped", readonly=True, default=0)
    stolen_count = fields.Integer(string="Stolen", readonly=True, default=0)
    unreachable_count = fields.Integer(
        string="Owner unreachable", readonly=True, default=0
    )
    removed_count = fields.Integer(
        string="Taken out of scope", readonly=True, default=0
    )
    completion_rate = fields.Float(
        readonly=True,
        aggregator="avg",
        help="Done / (in scope - exported - scrapped - stolen).",
    )
    raw_rate = fields.Float(
        readonly=True, aggregator="avg", help="Done / in scope, nothing left out."
    )

    _recall_number_uniq = models.Constraint(
        "UNIQUE(recall_number)", "A plan with this recall number exists already."
    )
    _recall_number_form = models.Constraint(
        # tools.recall_number.PATTERN without its named groups, which SQL lacks
        r"CHECK(recall_number ~ '^[SE]20[0-9]{2}[A-Z](?!0000)[0-9]{4}[VIO]\Z')",
        "A recall number of GB/T 39061 looks like S2025M0149I: S or E, year, product "
        "letter, four digits (not 0000), V, I or O.",
    )
    _parts_from_awaited = models.Constraint(
        "CHECK(parts_from IS NULL OR parts_state = 'awaited')",
        "Only parts that are awaited have a date from which they are expected.",
    )
    _not_itself = models.Constraint(
        "CHECK(extends_id != id)", "A recall cannot extend itself."
    )

    @api.depends("recall_number", "brand", "series")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = " ".join(
                part for part in (plan.recall_number, plan.brand, plan.series) if part
            )

    @api.depends("parts_state")
    def _compute_parts_from(self):
        for plan in self:
            plan.parts_from = plan.parts_state == "awaited" and plan.parts_from

    @api.depends("listed_count", "vehicle_count", "removed_count")
    def _compute_missing_count(self):
        for plan in self:
            arrived = plan.vehicle_count + plan.removed_count
            plan.missing_count = max(plan.listed_count - arrived, 0)

    def action_open_vehicles(self):
        """Show the vehicles in the scope of these plans."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_base.recall_vehicle_action"
        )
        return {
            **action,
            "domain": [("plan_id", "in", self.ids)],
            "context": {"search_default_in_scope": 1},
        }

    def action_import_vins(self):
        """Begin the import of a VIN list of this plan."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("VIN list of %(plan)s", plan=self.recall_number),
            "res_model": "recall.import",
            "view_mode": "form",
            "context": {"default_kind": "vins", "default_plan_id": self.id},
        }

    def action_remove_vehicles(self):
        """Ask which vehicles leave the scope, and why."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Take vehicles out of scope"),
            "res_model": "recall.plan.removal",
            "view_mode": "form",
            "target": "new",
            "context": {"default_plan_id": self.id},
        }

    def action_open_completions(self):
        """Show the repair reports of these plans."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_base.recall_completion_action"
        )
        return {**action, "domain": [("plan_id", "in", self.ids)]}

    # === Counters === #

    def _after_counters_changed(self):
        """Bring the rates in line with counters that a statement has changed."""
        if self:
            self.env.cr.execute(
                SQL(
                    """UPDATE recall_plan SET
                        completion_rate = coalesce(done_count::float8 / nullif(
                            vehicle_count - exported_count - scrapped_count
                            - stolen_count, 0), 0),
                        raw_rate = coalesce(
                            done_count::float8 / nullif(vehicle_count, 0), 0)
                      WHERE id IN %s""",
                    tuple(self.ids),
                )
            )
        self.invalidate_recordset(flush=False)

    def _recount(self):
        """Count the vehicles of these plans anew; for repairs and tests, not screens.

        :returns: the plans whose counters were wrong
        """
        counts = {plan.id: dict.fromkeys(COUNTERS, 0) for plan in self}
        for plan, state, count in self.env["recall.vehicle"]._read_group(
            [("plan_id", "in", self.ids)], ["plan_id", "state"], ["__count"]
        ):
            if state != REMOVED:
                counts[plan.id]["vehicle_count"] += count
            if state in COUNTED_STATES:
                counts[plan.id][f"{state}_count"] = count
        wrong = self.filtered(
            lambda plan: any(plan[name] != n for name, n in counts[plan.id].items())
        )
        # sudo: counters are nobody's to write.
        for plan in wrong.sudo():
            plan.write(counts[plan.id])
        wrong.flush_recordset()
        wrong._after_counters_changed()
        return wrong
