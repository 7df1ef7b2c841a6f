# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import vin


class RecallVinException(models.Model):
    """Leave for one VIN that does not meet GB 16735: a vehicle older than that.

    One person asks for it, with a reason and a document; another one approves or
    refuses. While it is approved, the checks waive the findings about the form of
    exactly this VIN, of this producer, and nothing else. It is never deleted: the mark
    on the vehicle stays when the exception is revoked.
    """

    _name = "recall.vin.exception"
    _description = "Exception for a legacy VIN"
    _audited = {"write", "unlink"}  # it is requested
    _audit_readonly = False
    _inherit = ["recall.kept.fields.mixin"]
    _order = "id desc"
    _rec_name = "vin"
    # What the person who asks for an exception writes.
    _written_fields = {
        "producer_id",
        "plan_id",
        "vin",
        "reason",
        "document",
        "document_name",
    }

    vin = fields.Char(
        string="VIN",
        required=True,
        index=True,
        help="As on the vehicle: 5 to 17 capital letters, digits or hyphens.",
    )
    producer_id = fields.Many2one(
        "recall.producer", required=True, index=True, ondelete="restrict"
    )
    plan_id = fields.Many2one(
        "recall.plan",
        string="Recall plan",
        domain="[('producer_id', '=', producer_id)]",
        index="btree_not_null",
        ondelete="restrict",
        help="Its scope is entered by the vehicle when the exception is approved.",
    )
    import_id = fields.Many2one(
        "recall.import",
        string="File",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The import that asked for it; its document holds for all of its rows.",
    )
    reason = fields.Text(
        required=True, help="Why the vehicle has no VIN of GB 16735. No owner's data."
    )
    document = fields.Binary(
        attachment=True,
        help="Shows the number: vehicle licence, certificate or photo of the plate.",
    )
    document_name = fields.Char()
    state = fields.Selection(
        [
            ("requested", "Waits for approval"),
            ("approved", "Approved"),
            ("refused", "Refused"),
            ("revoked", "Revoked"),
        ],
        default="requested",
        required=True,
        readonly=True,
    )
    requested_by_id = fields.Many2one(
        "res.users",
        string="Requested by",
        default=lambda self: self.env.user,
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    decided_by_id = fields.Many2one(
        "res.users", string="Decided by", readonly=True, ondelete="restrict"
    )
    decided_at = fields.Datetime(readonly=True)
    revoked_by_id = fields.Many2one(
        "res.users", string="Revoked by", readonly=True, ondelete="restrict"
    )
    revoked_at = fields.Datetime(readonly=True)
    may_decide = fields.Boolean(compute="_compute_may_decide")

    _live_uniq = models.UniqueIndex(
        "(producer_id, vin) WHERE state IN ('requested', 'approved')",
        "An exception for this VIN is approved or waits for approval already.",
    )
    _form_of_vin = models.Constraint(
        r"CHECK(vin ~ '^[0-9A-Z-]{5,17}\Z')",
        "A legacy VIN has 5 to 17 capital letters, digits or hyphens.",
    )
    _two_persons = models.Constraint(
        "CHECK(decided_by_id != requested_by_id)",
        "Another person than the one who asked decides on an exception.",
    )
    _decided = models.Constraint(
        "CHECK(state = 'requested' OR decided_by_id IS NOT NULL)",
        "Nobody has decided on this exception.",
    )

    @api.depends("state", "requested_by_id")
    @api.depends_context("uid")
    def _compute_may_decide(self):
        for exception in self:
            exception.may_decide = (
                exception.requested_by_id != self.env.user
                and exception.has_access("write")
            )

    @api.constrains("plan_id", "producer_id")
    def _check_plan(self):
        for exception in self:
            plan = exception.plan_id
            if plan and plan.producer_id != exception.producer_id:
                raise ValidationError(
                    self.env._("The recall plan is another producer's: choose one.")
                )

    @api.constrains("vin", "document", "reason")
    def _check_request(self):
        for exception in self:
            if vin.is_vin(exception.vin):
                raise ValidationError(
                    self.env._("This VIN meets GB 16735: it needs no exception.")
                )
            document = exception.document or exception.import_id.document
            if not document or not (exception.reason or "").strip():
                raise ValidationError(
                    self.env._("Give a reason and add a document that shows the VIN.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        exceptions = super().create([_normalise(vals) for vals in vals_list])
        for exception in exceptions:
            exception._log("request")
        return exceptions

    def write(self, vals):
        if self._written_fields & vals.keys():
            self._check_still_mine()
        return super().write(_normalise(vals))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Exceptions are kept for ever. Refuse or revoke it instead.")
        )

    def action_approve(self):
        """Let the VIN pass from now on; not for the person who asked."""
        self._decide("approved")

    def action_refuse(self):
        """Refuse the exception; not for the person who asked."""
        self._decide("refused")

    def action_revoke(self):
        """End an exception: what has passed stays, and stays marked."""
        self._check_in_state("approved")
        # sudo: no role writes the state; who may revoke is checked above.
        self.sudo().write(
            {
                "state": "revoked",
                "revoked_by_id": self.env.uid,
                "revoked_at": fields.Datetime.now(),
            }
        )
        for exception in self:
            exception._log("revoked")

    @api.model
    def _find_approved(self, producer_id, vins=None):
        """Those of ``vins``, or of all, that pass by an exception of the producer.

        :returns: set of VINs
        """
        # sudo: the check applies to accounts and interfaces that see no exceptions.
        domain = [("producer_id", "=", producer_id), ("state", "=", "approved")]
        if vins is not None:
            domain.append(("vin", "in", list(vins)))
        # sudo: the check sees what its account may not.
        approved = self.sudo().search_fetch(domain, ["vin"])
        return set(approved.mapped("vin"))

    def _decide(self, state):
        """Decide on requests, as another person than the one who asked."""
        self._check_in_state("requested")
        own = self.filtered(lambda row: row.requested_by_id == self.env.user)
        if own:
            raise UserError(
                self.env._(
                    "You asked for the exception of %(vin)s yourself: another person "
                    "has to decide on it.",
                    vin=own[0].vin,
                )
            )
        # sudo: no role writes the state; who may decide is checked above.
        self.sudo().write(
            {
                "state": state,
                "decided_by_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )
        if state == "approved":
            self._put_in_scope()
        for exception in self:
            exception._log(state)

    def _put_in_scope(self):
        """Put the vehicles in the scope of their plans: each passes now."""
        # sudo: whoever may approve an exception lets its vehicle in.
        for plan, exceptions in self.sudo().grouped("plan_id").items():
            if plan:
                line = plan.line_ids.id if len(plan.line_ids) == 1 else None
                # sudo: its vehicle comes in by the approval.
                self.env["recall.vehicle"].sudo()._add_to_scope(
                    plan, [(exception.vin, line) for exception in exceptions]
                )

    def _check_in_state(self, state):
        self.check_access("write")
        for exception in self:
            if exception.state != state:
                raise UserError(
                    self.env._(
                        "The exception of %(vin)s was dealt with already.",
                        vin=exception.vin,
                    )
                )

    def _check_still_mine(self):
        """Refuse to change what another person asked for, or what was decided on."""
        self.check_access("write")
        for exception in self:
            if exception.state != "requested" or (
                exception.requested_by_id != self.env.user
            ):
                raise UserError(
                    self.env._(
                        "Only the person who asked may change an exception, until it "
                        "is decided on. Refuse it, and ask for a new one."
                    )
                )

    def _log(self, deed):
        self.env["recall.audit.event"]._record(
            f"vin_exception.{deed}",
            self,
            producer=self.producer_id.id,
            vin=self.vin,
            document=self._document_digest(),
        )

    def _document_digest(self):
        """SHA-1 of the document, so that a later exchange of it shows in the log."""
        # sudo: attachments of a field are found through the record, which was checked.
        return (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", (self.import_id or self)._name),
                    ("res_field", "=", "document"),
                    ("res_id", "=", (self.import_id or self).id),
                ]
            )
            .checksum
        ) or None


def _normalise(vals):
    """Take away blanks and lower case that a person typed."""
    return {**vals, "vin": vin.normalise_typed(vals["vin"])} if "vin" in vals else vals
