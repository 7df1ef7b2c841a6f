# SPDX-License-Identifier: LGPL-3.0-only
import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.vin import is_vin
from odoo.addons.recall_base.tools.vin_scan import find_vin

#: What a sealed phone number is bound to.
NATURAL_KEY = ("recall_number", "vin", "repair_number")
PHONE_COLUMNS = ("phone_sealed", "phone_digest", "phone_masked")
OPEN_STATES = ("draft", "rejected")


class RecallCompletion(models.Model):
    """Reports that a dealer enters by hand: written, handed in, corrected (5.2.1.1).

    A dealer's account creates and writes reports of its own dealer, as long as they are
    drafts or rejected, and only what a report says. Rights are checked with the
    account's own rules; the record is then written by the system, which adds producer,
    dealer, plan and vehicle.
    """

    _name = "recall.completion"
    _inherit = ["recall.completion", "recall.desk.record.mixin"]
    _written_fields = {
        "recall_number",
        "vin",
        "repair_date",
        "repair_number",
        "part_numbers",
        "reported_measure",
        "phone",
    }

    phone = fields.Char(
        string="Contact's phone",
        compute="_compute_phone",
        readonly=False,
        help="Of the owner, or of who brought the vehicle. It is sealed when you save; "
        "afterwards only its first and last digits are shown.",
    )
    plan_parts = fields.Json(
        compute="_compute_plan_parts", compute_sudo=True, help="Parts of the plan."
    )
    may_edit = fields.Boolean(compute="_compute_may_edit", compute_sudo=True)
    responsible_dealer_id = fields.Many2one(
        related="vehicle_id.responsible_dealer_id",
        string="Responsible dealer",
        groups="recall_base.group_reader",
    )

    # Two tabs, or a save sent twice: one draft.
    _draft_uniq = models.UniqueIndex(
        "(dealer_id, recall_number, vin)"
        " WHERE state = 'draft' AND dealer_id IS NOT NULL",
        "There is a draft for this vehicle and recall already. Open it under "
        '"My reports".',
    )

    def _compute_phone(self):
        # Written, never read: the number in clear is kept nowhere.
        self.phone = False

    @api.depends("recall_number", "producer_id")
    def _compute_plan_parts(self):
        user_dealer = self.env.user.recall_dealer_id
        for report in self:
            producer = report.producer_id or user_dealer.producer_id
            plan = self._find_entry_plan(report.recall_number, producer)
            report.plan_parts = [
                {"number": part.number, "name": part.name or ""}
                for part in plan.part_ids
            ]

    @api.depends("state", "interface_id")
    def _compute_may_edit(self):
        for report in self:
            report.may_edit = report.state in OPEN_STATES and not report.interface_id

    @api.model
    def default_get(self, fields_list):
        defaults = super().default_get(fields_list)
        if "repair_date" in fields_list and self._is_entry():
            defaults.setdefault("repair_date", fields.Date.context_today(self))
        return defaults

    # === What a dealer may write === #

    @api.model
    def _is_entry(self):
        """Whether a dealer's account is at work, not the system."""
        return not self.env.su and self.env.user.has_group(
            "recall_enterprise.group_dealer"
        )

    def _prepare_desk_record(self, vals, dealer):
        """Override to add who reports, and what the report is matched with."""
        return {
            **self._prepare_entry_identity(dealer),
            **self._prepare_entry(vals, dealer),
        }

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        self.check_access("write")
        self._check_entry_open()
        self._check_written(vals)
        for report in self:
            # sudo: rights were checked; the system adds what the report is matched to.
            sudo = report.sudo()
            super(RecallCompletion, sudo).write(
                sudo._prepare_entry(vals, sudo.dealer_id)
            )
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        if self.env.su:
            return
        self._check_entry_open()
        if any(report.state != "draft" for report in self):
            raise UserError(
                self.env._(
                    "Only a draft can be deleted. Correct the rejected report and hand "
                    "it in again."
                )
            )

    def _check_entry_open(self):
        """Refuse reports that this account's dealer may not change, or no more."""
        dealer = self.env["recall.desk"]._get_own_dealer()
        for report in self.sudo():  # sudo: the state decides, whatever may be read
            if report.dealer_id != dealer:
                raise AccessError(
                    self.env._("You may change the reports of your own dealer only.")
                )
            if report.state not in OPEN_STATES:
                raise UserError(
                    self.env._(
                        "The report %(number)s was handed in: it cannot be changed. "
                        "Ask the producer's reviewer, who can reject or withdraw it.",
                        number=report.repair_number,
                    )
                )
            if report.interface_id:
                raise UserError(
                    self.env._(
                        "The report %(number)s came from your own system. Correct it "
                        "there: the system sends it again.",
                        number=report.repair_number,
                    )
                )

    # === What the system adds === #

    @api.model
    def _prepare_entry_identity(self, dealer):
        """Who reports: the account's dealer, under a record id of our own."""
        return {
            "state": "draft",
            "producer_id": dealer.producer_id.id,
            "dealer_id": dealer.id,
            "dealer_name": dealer.name,
            "record_key": f"desk-{uuid.uuid4()}",
        }

    def _prepare_entry(self, vals, dealer):
        """Values to store for what a dealer wrote in a new or an open report."""
        stored = {
            name: _tidy(name, value) for name, value in vals.items() if name != "phone"
        }
        key = {name: stored.get(name, self[name]) for name in NATURAL_KEY}
        if any(self[name] != value for name, value in key.items()):
            stored |= self._match_entry(key, dealer)
        return stored | self._prepare_entry_phone(vals.get("phone"), key)

    def _match_entry(self, key, dealer):
        """Match a report with plan and vehicle, as a look-up does."""
        plan = self._find_entry_plan(key["recall_number"], dealer.producer_id)
        same_vehicle = self.vin == key["vin"] and self.plan_id == plan
        if same_vehicle or not (key["vin"] and plan):
            vehicle = self.vehicle_id if same_vehicle else self.vehicle_id.browse()
        else:
            desk = self.sudo(False).env["recall.desk"]
            vehicle = desk._look_up(key["vin"], dealer).filtered(
                lambda found: found.plan_id == plan
            )
        return {"plan_id": plan.id, "vehicle_id": vehicle.id}

    @api.model
    def _find_entry_plan(self, recall_number, producer):
        # sudo: dealers may not read plans; a report names one by its number.
        return (
            self.env["recall.plan"]
            .sudo()
            .search(
                [
                    ("recall_number", "=", recall_number or ""),
                    ("producer_id", "=", producer.id),
                ]
            )
        )

    def _prepare_entry_phone(self, phone, key):
        """Seal a phone number that was typed, or the stored one under a changed key."""
        moved = self and any(self[name] != key[name] for name in NATURAL_KEY)
        if not phone and moved and self.phone_sealed:
            phone = self._open_kept(self._open_phone)
            if phone is None:  # erased: nothing to seal for the changed key
                return dict.fromkeys(PHONE_COLUMNS, False)
        if not phone:
            return {}
        try:
            sealed, digest, masked = self._prepare_phone(phone.strip(), *key.values())
        except cipher.KeyFileError as error:
            raise UserError(
                self.env._(
                    "The phone number cannot be sealed, so nothing was saved. Tell the "
                    "administrator that the server's key file is missing."
                )
            ) from error
        return dict(zip(PHONE_COLUMNS, (sealed, digest, masked), strict=True))

    # === Handing in === #

    def action_hand_in(self):
        """Hand the report in: it runs through the checks an interface's would.

        Handing in twice makes one report: a second click finds it handed in, a second
        draft of the same repair gives way to the first, which is opened.
        """
        self.ensure_one()
        self.check_access("read")
        if self.state in ("checked", "confirmed"):
            return True
        self.check_access("write")
        self._check_entry_open()
        twin = self._find_twin()
        if twin:
            return self._give_way(twin)
        # sudo: no role reads the sealed number or moves the state; both were checked.
        sudo = self.sudo()
        if not sudo.phone_sealed:
            raise UserError(self.env._("Enter the phone number of the contact first."))
        passed = sudo._check_in()
        self.env["recall.audit.event"]._record(
            "completion.hand_in",
            self,
            passed=bool(passed),
            findings=sudo.finding_ids.mapped("code"),
        )
        if passed:
            self.env["recall.appointment"]._settle(SQL("completion.id = %s", self.id))
        return True  # the form reads itself anew, and says what became of it

    def _find_twin(self):
        """The dealer's own report of the same repair that was handed in before."""
        return self.search(
            [
                ("id", "!=", self.id),
                ("dealer_id", "=", self.dealer_id.id),
                ("state", "in", ("checked", "confirmed")),
                *((name, "=", self[name]) for name in NATURAL_KEY),
            ],
            limit=1,
        )

    def _give_way(self, twin):
        """Drop a second draft of a repair, and show the report that stands."""
        if self.state == "draft":
            self.unlink()
        action = self.env["recall.desk"]._read_action("recall_completion_action_entry")
        return {**action, "res_id": twin.id}


def _tidy(name, value):
    """What a dealer typed, without the blanks around it; a VIN as it is written."""
    if not isinstance(value, str):
        return value
    return find_vin(value, is_vin) if name == "vin" else value.strip()
