# SPDX-License-Identifier: LGPL-3.0-only
import re
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.recall_base.models.sealed_mixin import LASTING
from odoo.addons.recall_base.tools import cipher

STATES = [
    ("new", "Not asked yet"),
    ("working", "Working"),
    ("token", "Token expires"),
    ("certificate", "Certificate expires"),
    ("silent", "Silent"),
    ("slow", "Slow"),
    ("failing", "Failing"),
    ("down", "Down"),
    ("suspended", "Suspended"),
]


class RecallEnterprise(models.Model):
    """A connected enterprise terminal: where and how one producer is asked."""

    _name = "recall.enterprise"
    _description = "Connected enterprise terminal"
    _audit_readonly = False
    _inherit = ["recall.kept.fields.mixin", "recall.sealed.mixin"]
    _sealed = {"token_sealed": LASTING}
    _order = "name"
    _kept_fields = {
        "cursor",
        "next_pull_at",
        "lease_until",
        "lease_pid",
        "lease_started",
        "state",
        "failure_count",
        "last_success_at",
        "last_error",
        "certificate_expires_at",
    }

    name = fields.Char(related="producer_id.name", store=True)
    active = fields.Boolean(
        default=True, help="A suspended terminal is not asked for records."
    )
    producer_id = fields.Many2one("recall.producer", required=True, ondelete="restrict")
    url = fields.Char(
        string="Address of the interface",
        required=True,
        help="As given by the producer, e.g. https://recall.example.cn/recall/v1/sync",
    )
    api_cfg = fields.Char(string="Interface name (api_cfg)", required=True)
    api_token = fields.Char(
        string="Token (api_token)",
        store=False,
        readonly=False,
        compute="_compute_api_token",
        inverse="_inverse_api_token",
        help="Sealed when it is saved; it is never shown again.",
    )
    token_sealed = fields.Char(groups="base.group_system", copy=False)
    has_token = fields.Boolean(compute="_compute_has_token", compute_sudo=True)
    interval_minutes = fields.Integer(
        string="Ask every (minutes)", default=10, required=True
    )
    plain = fields.Boolean(
        string="Standard members only",
        help="Send only what the standard's annex B has. Switched on by itself when "
        "the terminal refuses more.",
    )

    # Kept by the scheduled action, in transactions of its own.
    cursor = fields.Char(readonly=True, copy=False)
    next_pull_at = fields.Datetime(
        readonly=True, copy=False, default=fields.Datetime.now, index=True
    )
    lease_until = fields.Datetime(readonly=True, copy=False)
    lease_pid = fields.Integer(readonly=True, copy=False)
    lease_started = fields.Char(readonly=True, copy=False)
    state = fields.Selection(
        STATES,
        default="new",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        help="Failing: the last cycle brought nothing. Down: three cycles or more. "
        "Slow: answers take too long on average. Silent: answers, but brings no new "
        "record for days although recalls run, or has not been asked in time.",
    )
    failure_count = fields.Integer(
        string="Failures in a row", readonly=True, copy=False
    )
    last_success_at = fields.Datetime(readonly=True, copy=False)
    last_error = fields.Char(readonly=True, copy=False)
    certificate_expires_at = fields.Datetime(readonly=True, copy=False)
    exchange_ids = fields.One2many("recall.exchange", "enterprise_id", readonly=True)
    quarantine_count = fields.Integer(compute="_compute_quarantine_count")

    _producer_uniq = models.Constraint(
        "UNIQUE(producer_id)", "This producer's terminal is connected already."
    )
    _interval_bounds = models.Constraint(
        "CHECK(interval_minutes BETWEEN 1 AND 1440)", "Choose 1 to 1440 minutes."
    )

    @api.constrains("url")
    def _check_url(self):
        for enterprise in self:
            if not _is_https(enterprise.url):
                raise ValidationError(
                    self.env._("The address must start with https:// and name a host.")
                )

    def _compute_api_token(self):
        self.api_token = False  # write-only

    def _inverse_api_token(self):
        keys = cipher.KeyRing.from_environment()
        for enterprise in self:
            token = (enterprise.api_token or "").strip()
            if not token:
                continue
            # sudo: whoever may write the terminal may set its token, not read it.
            enterprise.sudo().token_sealed = keys.seal(
                token, enterprise._get_seal_context("token_sealed")
            )
            self.env["recall.audit.event"]._record("enterprise.set_token", enterprise)
        # What was entered must not be in the answer to whoever saves it either.
        self.invalidate_recordset(["api_token"])

    def _get_seal_context(self, column):
        return f"recall.enterprise:token:{self.id}"

    @api.depends("token_sealed")
    def _compute_has_token(self):
        for enterprise in self:
            enterprise.has_token = bool(enterprise.token_sealed)

    def _compute_quarantine_count(self):
        counts = dict(
            self.env["recall.quarantine"]._read_group(
                [("enterprise_id", "in", self.ids), ("state", "=", "open")],
                ["enterprise_id"],
                ["__count"],
            )
        )
        for enterprise in self:
            enterprise.quarantine_count = counts.get(enterprise, 0)

    def action_open_quarantine(self):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_management.recall_quarantine_action"
        )
        return {**action, "domain": [("enterprise_id", "in", self.ids)]}


def _is_https(url):
    """Whether ``url`` is one that ``http_client`` would ask."""
    try:
        parts = urlsplit(url)
        port = parts.port  # raises when it is none
    except ValueError:
        return False
    return bool(
        re.fullmatch(r"[!-~]+", url)
        and parts.scheme == "https"
        and parts.hostname
        and "@" not in parts.netloc
        and port != 0
    )
