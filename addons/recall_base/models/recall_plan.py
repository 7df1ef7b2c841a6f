# SPDX-License-Identifier: LGPL-3.0-only
import re

from odoo import Command, api, fields, models
from odoo.tools import SQL

from ..tools import recall_number
from ..tools.messages import ApiStatus, MessageError
from .recall_vehicle import COUNTED_STATES

COUNTERS = ("vehicle_count", *(f"{state}_count" for state in COUNTED_STATES))
#: Fields that no role writes, neither by a form nor by an import or over RPC.
KEPT = {*COUNTERS, "completion_rate", "raw_rate", "version"}


class RecallPlan(models.Model):
    """A recall campaign: one recall number of GB/T 39061.

    The explicit VIN list (``recall.vehicle``) is the truth of what is in scope; a
    printed VIN range is a label. Counters are kept by the statements that change
    vehicles, so that no screen counts the big table.
    """

    _name = "recall.plan"
    _description = "Recall plan"
    _inherit = ["mail.thread"]
    _order = "recall_start desc, recall_number desc"
    _rec_name = "recall_number"
    _rec_names_search = ["recall_number", "brand", "series"]

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
        default="published",
        required=True,
        tracking=True,
    )
    brand = fields.Char(required=True)
    series = fields.Char(required=True)
    model = fields.Char(required=True)
    announced = fields.Date(string="Announced on")
    recall_start = fields.Date(required=True, tracking=True)
    announced_count = fields.Integer(
        string="Announced vehicles", help="As announced: the VIN list decides."
    )
    vin_range = fields.Char(string="VIN range", help="As printed: a label.")
    defect = fields.Text(required=True)
    consequence = fields.Text(string="Possible consequences", required=True)
    measure = fields.Text(string="Repair measures", required=True)
    over_the_air = fields.Boolean(string="Over-the-air update")
    extends_id = fields.Many2one(
        "recall.plan",
        string="Extends",
        index="btree_not_null",
        help="The earlier recall that this one widens.",
    )
    source = fields.Char(help="Where the facts of this plan were read.")
    version = fields.Integer(default=1, readonly=True)
    line_ids = fields.One2many("recall.plan.line", "plan_id", string="Product lines")
    part_ids = fields.One2many("recall.plan.part", "plan_id", string="Parts")
    vehicle_ids = fields.One2many("recall.vehicle", "plan_id", string="Vehicles")

    vehicle_count = fields.Integer(string="In scope", readonly=True, default=0)
    done_count = fields.Integer(string="Done", readonly=True, default=0)
    exported_count = fields.Integer(string="Exported", readonly=True, default=0)
    scrapped_count = fields.Integer(string="Scrapped", readonly=True, default=0)
    stolen_count = fields.Integer(string="Stolen", readonly=True, default=0)
    unreachable_count = fields.Integer(
        string="Owner unreachable", readonly=True, default=0
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
    _not_itself = models.Constraint(
        "CHECK(extends_id != id)", "A recall cannot extend itself."
    )

    @api.depends("recall_number", "brand", "series")
    def _compute_display_name(self):
        for plan in self:
            plan.display_name = " ".join(
                part for part in (plan.recall_number, plan.brand, plan.series) if part
            )

    def _has_field_access(self, field, operation):
        if operation == "write" and field.name in KEPT and not self.env.su:
            return False
        return super()._has_field_access(field, operation)

    def action_open_vehicles(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_base.recall_vehicle_action"
        )
        return {**action, "domain": [("plan_id", "in", self.ids)]}

    def action_open_completions(self):
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
            counts[plan.id]["vehicle_count"] += count
            if state in COUNTED_STATES:
                counts[plan.id][f"{state}_count"] = count
        wrong = self.filtered(
            lambda plan: any(plan[name] != n for name, n in counts[plan.id].items())
        )
        for plan in wrong.sudo():
            plan.write(counts[plan.id])
        wrong.flush_recordset()
        wrong._after_counters_changed()
        return wrong

    # === Taking in filed plans === #

    @api.model
    def _take_in(self, message):
        """Create or amend the plan that a filing describes.

        Repeating a message changes nothing. VINs are only ever added: a vehicle does
        not leave the scope because a later list lacks it.

        :param message: ``tools.messages.PlanMessage``
        :returns: dict with the ``plan``, number of vehicles ``added`` and the list of
            VINs ``refused`` by GB 16735
        :raises MessageError: 407 when the filing contradicts itself or a standard
        """
        for member, sentence in _find_faults(message):
            raise MessageError(ApiStatus.PARAMETER_FORMAT, sentence, member)
        producer = self.env["recall.producer"]._get_or_create([message.producerName])[
            message.producerName
        ]
        plan = self.search([("recall_number", "=", message.recallNum)])
        vals = self._prepare_plan_vals(message, producer)
        if not plan:
            plan = self.create({"recall_number": message.recallNum, **vals})
            plan._set_parts_of(message)
        elif _differs(plan, vals) or plan._parts_differ(message):
            plan.write(vals)
            # sudo: no role writes the version.
            plan.sudo().version += 1
            plan._set_parts_of(message)
        producer._add_dealers(message.dealers)
        line_ids = dict(enumerate(plan.line_ids.ids))
        added, refused = self.env["recall.vehicle"]._add_to_scope(
            plan, ((item.vin, line_ids.get(item.line or 0)) for item in message.vins)
        )
        self.env["recall.audit.event"]._record(
            "plan.take_in",
            plan,
            recall_number=plan.recall_number,
            version=plan.version,
            added=added,
            refused=len(refused),
        )
        return {"plan": plan, "added": added, "refused": refused}

    def _prepare_plan_vals(self, message, producer):
        extended = message.extends and self.search(
            [("recall_number", "=", message.extends)]
        )
        return {
            "producer_id": producer.id,
            "brand": message.brand,
            "series": message.series,
            "model": message.model,
            "announced": fields.Date.to_date(message.announced),
            "recall_start": fields.Date.to_date(message.recallStartTime),
            "announced_count": message.numRecall,
            "vin_range": message.vinRange,
            "defect": message.defectDesc,
            "consequence": message.possibleConsequence,
            "measure": message.repairMethod,
            "over_the_air": message.overTheAir,
            "extends_id": extended and extended.id,
            "source": message.source,
        }

    def _parts_differ(self, message):
        """Whether product lines or parts are others than those of a filing."""
        self.ensure_one()
        wanted = self._prepare_lines(message)
        parts = {part.number: part.name or False for part in self.part_ids}
        return (
            len(wanted) != len(self.line_ids)
            or any(map(_differs, self.line_ids, wanted))
            or parts
            != {part.partNumber: part.partName or False for part in message.parts}
        )

    def _set_parts_of(self, message):
        """Bring product lines and parts in line with a filing.

        Lines are amended in place: vehicles refer to them.
        """
        self.ensure_one()
        wanted = self._prepare_lines(message)
        line_commands = [
            Command.update(line.id, vals)
            for line, vals in zip(self.line_ids, wanted, strict=False)
        ]
        kept = len(line_commands)
        line_commands += [Command.create(vals) for vals in wanted[kept:]]
        line_commands += [Command.delete(line.id) for line in self.line_ids[kept:]]
        part_commands = [Command.clear()] + [
            Command.create({"number": part.partNumber, "name": part.partName})
            for part in message.parts
        ]
        self.write({"line_ids": line_commands, "part_ids": part_commands})

    def _prepare_lines(self, message):
        lines = message.lines or [message]
        return [self._prepare_line_vals(line, message) for line in lines]

    def _prepare_line_vals(self, line, message):
        """Values of a product line; what it does not give is as in the plan."""
        return {
            "brand": line.brand or message.brand,
            "series": line.series or message.series,
            "model": line.model or message.model,
            "production_start": fields.Date.to_date(line.productionStart),
            "production_end": fields.Date.to_date(line.productionEnd),
            "announced_count": line.numRecall,
            "vin_range": line.vinRange,
        }


def _differs(record, vals):
    """Whether writing ``vals`` would change ``record``."""
    now = record._convert_to_write({name: record[name] for name in vals})
    return any((now[name] or False) != (vals[name] or False) for name in vals)


def _find_faults(message):
    """Yield ``(member, sentence)`` for what makes a filing impossible to keep."""
    try:
        recall_number.parse(message.recallNum)
    except recall_number.RecallNumberError as error:
        yield (
            "recallNum",
            f"The member recallNum is not a number of GB/T 39061: {error.message}.",
        )
    if message.extends == message.recallNum:
        yield "extends", "The member extends names the recall itself."
    numbers = [part.partNumber for part in message.parts]
    if len(set(numbers)) < len(numbers):
        yield "parts", "The member parts holds a part number twice."
    for line in (message, *message.lines):
        start, end = line.productionStart, line.productionEnd
        if start and end and end < start:
            yield "productionEnd", "A production period ends before it starts."
    for dealer in message.dealers:
        if dealer.region and not re.fullmatch("[0-9]{6}", dealer.region):
            yield "region", "A region code of GB/T 2260 has six digits."
