# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.recall_base.models.recall_token import find_wrong_network
from odoo.addons.recall_base.tools import credit_code

from .recall_data_user import KINDS

#: Days in which the link of the first mail works; what is unconfirmed ends with it.
CONFIRM_DAYS = 7
#: Days after which a refused application and its contact are deleted.
KEEP_REFUSED_DAYS = 365


class RecallDataApplication(models.Model):
    """An organisation asks to become a data user, or a data user asks for more.

    ``unconfirmed`` -> ``waiting`` <-> ``more`` (we asked something) -> ``approved`` or
    ``refused``. Whoever applies in public confirms the address by a link first; nobody
    sees the application before. The person's address and phone are in no log and no
    URL.
    """

    _name = "recall.data.application"
    _description = "Application of a data user"
    _inherit = [
        "mail.thread",
        "recall.mail.link.mixin",
        "recall.share.terms.mixin",
    ]
    _order = "id desc"
    _link_path = "/recall/partners/application"
    _link_scope = "recall-application"
    # What was asked stays as it was asked, and a decision has its dialogue: no role
    # writes an application, but operators write notes about it.
    _mail_post_access = "read"

    name = fields.Char(string="Organisation", required=True, size=200)
    credit_code = fields.Char(
        string="Unified social credit code",
        size=credit_code.LENGTH,
        help="18 characters with a check character (GB 32100).",
    )
    kind = fields.Selection(KINDS, string="Kind of partner", required=True)
    contact_name = fields.Char(string="Contact person", required=True, size=100)
    email = fields.Char(string="E-mail", required=True, help="In lower case.")
    phone = fields.Char(size=40)
    purpose = fields.Text(required=True, help="What the information shall be used for.")
    legal_basis = fields.Text(
        required=True,
        help="Law, regulation or agreement that the sharing shall rest on.",
    )
    allowed_addresses = fields.Char(
        size=500,
        help="Addresses or networks that the requests will come from, separated by "
        "commas. Empty: any address.",
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        default=lambda self: self.env.lang or "en_US",
    )
    state = fields.Selection(
        [
            ("unconfirmed", "To be confirmed"),
            ("waiting", "Waiting for a decision"),
            ("more", "More information asked"),
            ("approved", "Approved"),
            ("refused", "Refused"),
        ],
        default="unconfirmed",
        required=True,
        copy=False,
        tracking=True,
        group_expand="_expand_states",
    )
    asked_at = fields.Datetime(
        string="Requested on", default=fields.Datetime.now, required=True
    )
    confirmed_at = fields.Datetime(string="Confirmed on", copy=False)
    question = fields.Text(copy=False, help="What we asked the applicant.")
    answer = fields.Text(copy=False, help="What the applicant answered.")
    reason = fields.Text(string="Reason of the refusal", copy=False)
    decided_at = fields.Datetime(string="Decided on", copy=False)
    decided_id = fields.Many2one("res.users", string="Decided by", copy=False)
    data_user_id = fields.Many2one(
        "recall.data.user",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="Who applied for more, or whom the approval has made.",
    )
    interface_id = fields.Many2one(
        "recall.share.interface",
        string="Interface to be changed",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        help="Set: a data user asks for more on this interface.",
    )
    account_id = fields.Many2one(
        "res.users", string="Account", index="btree_not_null", copy=False
    )
    logged_in = fields.Boolean(
        string="Has logged in", compute="_compute_logged_in", compute_sudo=True
    )
    wishes = fields.Char(compute="_compute_wishes", string="Wished beyond clause 8.2")
    mail_due = fields.Selection(
        [
            ("confirm", "Confirm the address"),
            ("more", "More information asked"),
            ("approved", "Approved"),
            ("refused", "Refused"),
        ],
        copy=False,
        help="The mail that is to be made next.",
    )
    origin = fields.Char(
        copy=False,
        help="Keyed hash of the day and the network address that asked.",
    )

    _whole = models.Constraint(
        "CHECK(data_user_id IS NOT NULL OR num_nulls(credit_code, phone) = 0)",
        "A new partner names its credit code and a phone number.",
    )
    _mail_due_idx = models.Index("(id) WHERE mail_due IS NOT NULL")
    _asked_idx = models.Index("(email, asked_at)")
    _origin_idx = models.Index("(origin, asked_at) WHERE origin IS NOT NULL")
    _waiting_idx = models.Index("(asked_at) WHERE state = 'waiting'")

    @api.depends("account_id.login_date")
    def _compute_logged_in(self):
        for application in self:
            application.logged_in = bool(application.account_id.login_date)

    @api.depends(lambda self: self.env["recall.share.terms.mixin"]._get_term_names())
    def _compute_wishes(self):
        for application in self:
            application.wishes = ", ".join(application._describe_terms())

    @api.model
    def _expand_states(self, _states, _domain):
        return ["waiting", "more", "approved", "refused"]

    @api.constrains("credit_code")
    def _check_credit_code(self):
        for application in self:
            code = application.credit_code
            if code and credit_code.find_fault(code):
                raise ValidationError(
                    self.env._("This is not a unified social credit code of GB 32100.")
                )

    @api.constrains("allowed_addresses")
    def _check_allowed_addresses(self):
        for application in self:
            if find_wrong_network(application.allowed_addresses):
                raise ValidationError(
                    self.env._("The list of addresses cannot be read.")
                )

    # === Mails === #

    @api.model
    def _cron_mail(self):
        """Make the mails that are due; what fails is tried next time."""
        due = [("mail_due", "!=", False)]
        make, failure = type(self)._make_mail, "No mail was made"
        self.env["ir.cron"]._go_through(self, due, make, failure)

    def _make_mail(self):
        """Put the mail that is due into Odoo's queue, and note that in one go."""
        template = self.env.ref(
            f"recall_service.mail_template_application_{self.mail_due}"
        )
        self.mail_due = False
        template.send_mail(self.id)
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    def _trigger_mails(self):
        # sudo: the public asks, the scheduled action belongs to nobody.
        self.sudo().env.ref("recall_service.ir_cron_application")._trigger()

    def _get_invitation_url(self):
        """Where the new account chooses its password, and goes on to its page."""
        partner = self.account_id.partner_id
        partner.signup_prepare()
        urls = partner._get_signup_url_for_action(url="/my/recall")
        return urls[partner.id]

    # === Retention === #

    @api.autovacuum
    def _gc_ended(self):
        """Delete what was never confirmed, and what was refused long ago."""
        now = fields.Datetime.now()
        ended = self.search(
            [
                "|",
                "&",
                ("state", "=", "unconfirmed"),
                ("asked_at", "<", now - timedelta(days=CONFIRM_DAYS)),
                "&",
                ("state", "=", "refused"),
                ("decided_at", "<", now - timedelta(days=KEEP_REFUSED_DAYS)),
            ]
        )
        self.env["mail.mail"]._forget_about(ended)
        ended.unlink()
