# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import email_normalize

from odoo.addons.recall_base.models.sealed_mixin import LASTING
from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.http_client import PeerError, check_url
from odoo.addons.recall_base.tools.notification import notify

from ..tools import webhook

#: Time in which a replaced secret signs as well.
BOTH_VALID = timedelta(days=1)
#: Events, as a receiver reads them, and the choice that asks for each.
EVENTS = {
    "recall.published": "tell_published",
    "recall.withdrawn": "tell_withdrawn",
    "vehicle.in_scope": "tell_in_scope",
    "vehicle.done": "tell_done",
}


class RecallWebhook(models.Model):
    """A partner's server that is told of events (Standard Webhooks).

    *New* until a secret was issued, then *active*. It is *disabled* by itself when it
    has taken nothing for three days, or says that it is gone (410); partner and
    operator get a mail. What waits then goes on waiting, and leaves when an operator
    enables it again. A data user that is suspended is told of nothing: what waits then
    leaves when it is answered again, with what has come up meanwhile.

    Messages arrive at least once and in no promised order: the receiver tells
    repetitions by ``webhook-id`` and the order by ``sequence``.

    Secrets are sealed, bound to their record, and shown once.
    """

    _name = "recall.webhook"
    _description = "Webhook"
    _audit_ignored = {
        "last_sequence",
        "failures",
        "failing_since",
        "next_try_at",
        "last_success_at",
        "last_status",
        "last_fault",
    }
    _inherit = ["recall.kept.fields.mixin", "recall.sealed.mixin"]
    _order = "data_user_id, name"
    _sealed = {"secret_sealed": LASTING, "old_secret_sealed": LASTING}
    _written_fields = {"name", "data_user_id", "url", "email", *EVENTS.values()}

    name = fields.Char(required=True, help="Which system receives the messages.")
    data_user_id = fields.Many2one(
        "recall.data.user",
        string="Data user",
        required=True,
        index=True,
        ondelete="restrict",
    )
    url = fields.Char(
        string="Address",
        required=True,
        help="Starts with https://. Redirects are not followed; addresses that are not "
        "public are refused.",
    )
    email = fields.Char(
        string="Mail for faults",
        required=True,
        help="Who is told when the receiver fails for three days.",
    )
    tell_published = fields.Boolean(string="Recall published", default=True)
    tell_withdrawn = fields.Boolean(string="Recall withdrawn", default=True)
    tell_in_scope = fields.Boolean(string="Fleet vehicle in scope", default=True)
    tell_done = fields.Boolean(string="Fleet vehicle repaired", default=True)
    state = fields.Selection(
        [("new", "New"), ("active", "Active"), ("disabled", "Disabled")],
        default="new",
        required=True,
        copy=False,
    )
    secret_sealed = fields.Char(groups="base.group_system", copy=False)
    old_secret_sealed = fields.Char(groups="base.group_system", copy=False)
    old_secret_until = fields.Datetime(string="Old secret until", copy=False)
    secret_at = fields.Datetime(string="Secret issued on", copy=False)
    started_at = fields.Datetime(string="Told since", copy=False)
    last_sequence = fields.Integer(string="Last number", default=0, copy=False)

    # === Health === #
    failures = fields.Integer(string="Failures in a row", default=0, copy=False)
    failing_since = fields.Datetime(string="Failing since", copy=False)
    next_try_at = fields.Datetime(string="Next try", copy=False)
    last_success_at = fields.Datetime(string="Last success", copy=False)
    last_status = fields.Integer(string="Last HTTP status", copy=False)
    last_fault = fields.Char(copy=False)
    last_error = fields.Char(string="What happened", compute="_compute_last_error")
    health = fields.Selection(
        [
            ("untried", "Not tried yet"),
            ("good", "Good"),
            ("failing", "Failing"),
            ("disabled", "Disabled"),
        ],
        compute="_compute_health",
    )
    message_ids = fields.One2many("recall.webhook.message", "webhook_id")
    waiting_count = fields.Integer(string="Waiting", compute="_compute_waiting_count")

    @api.depends("last_fault", "last_status", "failing_since")
    def _compute_last_error(self):
        Message = self.env["recall.webhook.message"]
        for hook in self:
            hook.last_error = hook.failing_since and Message._explain(
                hook.last_fault, hook.last_status
            )

    @api.depends("state", "failing_since", "last_success_at")
    def _compute_health(self):
        for hook in self:
            if hook.state == "disabled":
                hook.health = "disabled"
            elif hook.failing_since:
                hook.health = "failing"
            else:
                hook.health = "good" if hook.last_success_at else "untried"

    def _compute_waiting_count(self):
        counts = dict(
            self.env["recall.webhook.message"]._read_group(
                [("webhook_id", "in", self.ids), ("state", "=", "waiting")],
                ["webhook_id"],
                ["__count"],
            )
        )
        for hook in self:
            hook.waiting_count = counts.get(hook, 0)

    @api.constrains("url")
    def _check_url(self):
        for hook in self:
            try:
                check_url(hook.url)
            except PeerError as error:
                raise ValidationError(
                    self.env._(
                        "This address cannot be used: write https://, the host and the "
                        "path, without user name, password or blanks."
                    )
                ) from error

    @api.constrains("email")
    def _check_email(self):
        if not all(email_normalize(hook.email) for hook in self):
            raise ValidationError(self.env._("This is not an e-mail address."))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self._check_written(name for vals in vals_list for name in vals)
        return super().create(vals_list)

    # === Buttons === #

    def _as_account(self):
        """This webhook with all rights, after checking those of the account."""
        self.ensure_one()
        self.check_access("write")
        # sudo: secrets and health are the system's; the account may run them.
        return self.sudo()

    def action_issue_secret(self):
        """Issue a secret and show it once; the one before signs for another day."""
        secret = self._issue_secret()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Signing secret"),
            "res_model": "recall.webhook.secret",
            "view_mode": "form",
            "target": "new",
            "context": {"default_webhook_id": self.id, "default_secret": secret},
        }

    def _issue_secret(self):
        """Issue a secret; returns it, for the only time."""
        hook = self._as_account()
        hook.lock_for_update()
        secret = webhook.make_secret()
        now = fields.Datetime.now()
        hook.write(
            {
                "old_secret_sealed": hook.secret_sealed,
                "old_secret_until": hook.secret_sealed and now + BOTH_VALID,
                "secret_at": now,
                "secret_sealed": cipher.KeyRing.from_environment().seal(
                    secret, hook._get_seal_context("secret_sealed")
                ),
            }
        )
        if hook.state == "new":
            hook.write({"state": "active", "started_at": now})
        self.env["recall.audit.event"]._record("webhook.secret", self)
        return secret

    def action_test(self):
        """Put a test message in the outbox; it goes the way of all others."""
        hook = self._as_account()
        hook.data_user_id._check_enabled()
        if hook.state != "active":
            raise UserError(self.env._("Issue the secret or enable it first."))
        # Who presses the button is not made to wait for a back-off.
        hook.next_try_at = False
        # sudo: messages are made by the system only.
        self.env["recall.webhook.message"].sudo()._create_test(hook)
        self._wake()
        return notify(
            self.env._("The test message is on its way: see the messages in a minute.")
        )

    def action_disable(self):
        """Send nothing for now; what waits goes on waiting."""
        self._as_account().write({"state": "disabled"})
        self.env["recall.audit.event"]._record("webhook.disable", self)

    def action_enable(self):
        """Send again, also what has waited meanwhile."""
        hook = self._as_account()
        since = hook.failing_since
        hook.write(
            {
                "state": "active" if hook.secret_sealed else "new",
                "failing_since": False,
                "failures": 0,
                "next_try_at": False,
            }
        )
        # A message that was tried in vain gets its three days once more.
        tried = Domain("state", "=", "waiting") & Domain("attempts", ">", 0)
        if since:  # so does one that was given up while the receiver was away
            tried |= Domain("state", "=", "failed") & Domain("next_try_at", ">=", since)
        hook.env["recall.webhook.message"].search(
            Domain("webhook_id", "=", hook.id) & tried
        )._begin_anew()
        self.env["recall.audit.event"]._record("webhook.enable", self)
        self._wake()

    def action_open_messages(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_service.recall_webhook_message_action"
        )
        return {**action, "domain": [("webhook_id", "in", self.ids)]}

    def _wake(self):
        # sudo: the scheduled action belongs to nobody.
        self.env.ref("recall_service.ir_cron_deliver").sudo()._trigger()

    # === Secrets === #

    def _get_seal_context(self, column):
        # The same for both: a secret moves from one to the other.
        return f"recall.webhook:secret:{self.id}"

    def _open_secrets(self):
        """The secrets that sign now, the newest first."""
        sealed = [self.secret_sealed]
        if self.old_secret_until and self.old_secret_until > fields.Datetime.now():
            sealed.append(self.old_secret_sealed)
        ring = cipher.KeyRing.from_environment()
        context = self._get_seal_context("secret_sealed")
        return [ring.open(text, context) for text in sealed if text]

    @api.autovacuum
    def _gc_secrets(self):
        """Forget secrets that do not sign any more."""
        ended = self.search([("old_secret_until", "<", fields.Datetime.now())])
        ended.write({"old_secret_sealed": False, "old_secret_until": False})

    # === Faults === #

    def _note_results(self, results):
        """Note what a batch says about the receiver; disable one that is ill too long.

        :param results: list of ``tools.webhook.Result``, in the order of the tries
        """
        now = fields.Datetime.now()
        last = results[-1]
        vals = {"last_status": last.status, "last_fault": last.fault}
        failures, since = self.failures, self.failing_since
        if any(result.taken for result in results):
            failures, since = 0, False
            vals.update(last_success_at=now, failures=0)
            vals.update(failing_since=False, next_try_at=False)
        if last.about_receiver:
            failures, since = failures + 1, since or now
            vals.update(
                failures=failures,
                failing_since=since,
                next_try_at=now + webhook.wait_after(failures),
            )
            if last.status == webhook.GONE or now - since >= webhook.GIVE_UP:
                vals["state"] = "disabled"
        self.write(vals)
        if vals.get("state"):
            self.env["recall.audit.event"]._record("webhook.give_up", self)
            self.env.ref("recall_service.mail_template_webhook_fault").send_mail(
                self.id
            )

    def _get_alarm_addresses(self):
        """The partner's address for faults, and the operator's."""
        addresses = {self.email, self.env.company.email}
        return ", ".join(sorted(filter(None, addresses)))
