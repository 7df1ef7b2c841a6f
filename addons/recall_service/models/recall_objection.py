# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.recall_base.models.person_mixin import EMAIL, VIN
from odoo.addons.recall_base.tools import deadline

from ..tools.working_days import add_working_days

#: States in which somebody still has to do something.
LIVE = ("received", "passed", "accepted")
#: States in which the producer owes its answer.
UNANSWERED = ("received", "passed")
#: Working days a producer has to answer, and to report the repair then.
ANSWER_DAYS = ("recall_service.objection_answer_days", 10)
REPORT_DAYS = ("recall_service.objection_report_days", 5)


class RecallObjection(models.Model):
    """A visitor says: this vehicle was repaired, the search still shows it as open.

    ``received`` -> ``passed`` to the producer with its next daily mail -> ``accepted``
    (the producer will report the repair) or ``refused`` with a reason. Whatever its
    state, it is ``settled`` by itself when the vehicle is open no more; the visitor may
    end it as ``withdrawn``. An objection closes no vehicle: only a report does.

    No role writes to it; it changes by the deeds here only, each in the operation log.
    The visitor's address is sealed, shown masked, and erased soon after the end.
    """

    _name = "recall.objection"
    _description = "Objection to an open recall"
    _audit_personal = {"vin"}
    _inherit = ["recall.mail.link.mixin", "recall.sealed.email.mixin"]
    _order = "due_on, id"
    _person_keys = {EMAIL: "email_digest", VIN: "vin"}
    _email_scope = "recall.objection"
    _email_seed = "receipt"
    _rec_name = "receipt"
    _rec_names_search = ["receipt", "vin"]
    _link_path = "/recall/objection"
    _link_scope = "recall-objection"
    _link_name = _link_proof = "receipt"

    receipt = fields.Char(
        string="Receipt number", required=True, readonly=True, copy=False
    )
    form_digest = fields.Char(
        groups="base.group_system",
        copy=False,
        help="Keyed hash of the form that was sent: sent twice, it counts once.",
    )
    state = fields.Selection(
        [
            ("received", "Received"),
            ("passed", "With the producer"),
            ("accepted", "Accepted"),
            ("refused", "Refused"),
            ("settled", "Settled"),
            ("withdrawn", "Withdrawn"),
        ],
        default="received",
        required=True,
        readonly=True,
        group_expand=True,  # a column for each state, in this order
    )
    plan_id = fields.Many2one(
        "recall.plan",
        string="Recall plan",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    producer_id = fields.Many2one(related="plan_id.producer_id", store=True)
    vehicle_id = fields.Many2one(
        "recall.vehicle", required=True, readonly=True, ondelete="restrict"
    )
    vin = fields.Char(string="VIN", required=True, readonly=True)
    repair_date = fields.Date(
        string="Repaired on", required=True, readonly=True, help="As the visitor says."
    )
    workshop = fields.Char(required=True, readonly=True, help="As the visitor says.")
    repair_number = fields.Char(
        string="Repair order number", readonly=True, help="As the visitor says."
    )
    photo_ids = fields.One2many(
        "recall.objection.photo", "objection_id", string="Photos", readonly=True
    )
    photo_count = fields.Integer(string="Number of photos", readonly=True, default=0)
    photos_html = fields.Html(
        string="Repair order",
        compute="_compute_photos_html",
        sanitize=False,  # made here, of numbers alone
        help="Every look is noted in the operation log.",
    )
    lang = fields.Char(string="Language", readonly=True)
    mail_due = fields.Boolean(
        string="Mail due",
        readonly=True,
        copy=False,
        help="The visitor is to be told of the present state by mail.",
    )
    origin = fields.Char(
        groups="base.group_system",
        copy=False,
        help="Keyed hash of the day and the network address that asked.",
    )
    received_at = fields.Datetime(
        string="Received on", required=True, readonly=True, default=fields.Datetime.now
    )
    passed_at = fields.Datetime(string="Passed on", readonly=True)
    due_on = fields.Date(
        string="Due",
        readonly=True,
        help="Last day for the producer's answer; after an acceptance, for its report.",
    )
    overdue = fields.Boolean(compute="_compute_overdue", search="_search_overdue")
    user_id = fields.Many2one(
        "res.users", string="Handled by", readonly=True, ondelete="set null"
    )
    reason_id = fields.Many2one(
        "recall.objection.reason", string="Reason", readonly=True, ondelete="restrict"
    )
    decision_note = fields.Char(string="In words", readonly=True)
    decided_at = fields.Datetime(string="Decided on", readonly=True)
    decided_by_id = fields.Many2one(
        "res.users", string="Decided by", readonly=True, ondelete="restrict"
    )
    ended_at = fields.Datetime(string="Ended on", readonly=True)

    _receipt_uniq = models.UniqueIndex("(receipt)", "The receipt number is taken.")
    _form_uniq = models.UniqueIndex("(form_digest)", "The form was sent already.")
    _vehicle_idx = models.Index("(vehicle_id, received_at)")
    _vin_idx = models.Index("(vin)")
    _producer_idx = models.Index("(producer_id, state, due_on)")
    _live_idx = models.Index(
        "(due_on) WHERE state IN ('received', 'passed', 'accepted')"
    )
    _mail_due_idx = models.Index("(id) WHERE mail_due")
    _origin_idx = models.Index("(origin, received_at) WHERE origin IS NOT NULL")
    _email_idx = models.Index(
        "(email_digest, received_at) WHERE email_digest IS NOT NULL"
    )
    _ended_idx = models.Index("(ended_at) WHERE ended_at IS NOT NULL")

    @api.depends("state", "due_on")
    def _compute_overdue(self):
        today = deadline.today()
        for objection in self:
            objection.overdue = (
                objection.state in LIVE
                and bool(objection.due_on)
                and objection.due_on < today
            )

    def _search_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("state", "in", LIVE) & Domain("due_on", "<", deadline.today())

    @api.depends("photo_ids")
    def _compute_photos_html(self):
        for objection in self:
            objection.photos_html = objection.photo_ids._render()

    # === Terms === #

    @api.model
    def _get_term(self, term):
        """Last day of a term that begins today.

        :param term: ``ANSWER_DAYS`` or ``REPORT_DAYS``
        """
        name, default = term
        # sudo: a setting of the whole database.
        days = self.env["ir.config_parameter"].sudo().get_param(name) or ""
        days = int(days) if days.isdecimal() else default
        return add_working_days(deadline.today(), days)
