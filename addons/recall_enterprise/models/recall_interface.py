# SPDX-License-Identifier: LGPL-3.0-only
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

#: Paths of the routes (controllers/recall_enterprise.py).
PATHS = {"sync": "/recall/v1/sync", "collect": "/recall/v1/collect"}


class RecallInterface(models.Model):
    """A data interface that the producer has opened (clause 7.5.2)."""

    _name = "recall.interface"
    _description = "Data interface of a producer"
    _inherit = ["recall.interface.mixin"]
    _order = "producer_id, purpose, name"
    _owner_field = "producer_id"
    # What a self-test leaves on it: no change of the interface itself.
    _audit_ignored = {"tested_at", "test_result"}

    producer_id = fields.Many2one(
        "recall.producer", required=True, index=True, ondelete="restrict"
    )
    purpose = fields.Selection(
        [
            ("sync", "Synchronisation: the management terminal pulls"),
            ("collect", "Collection: the internal system reports repairs"),
        ],
        required=True,
        default="sync",
    )
    base_url = fields.Char(
        string="Own address",
        help="How this system is reached from outside, if not under the address of the "
        "setting web.base.url.",
    )
    address = fields.Char(
        string="Address of the interface",
        compute="_compute_address",
        help="What the peer enters as the address of its requests.",
    )
    own_network = fields.Boolean(
        string="In a private network",
        help="Lets the self-test call this system's own address (web.base.url) "
        "although it is not public. Other private addresses are never called.",
    )
    window_days = fields.Integer(
        string="Days in a plain answer",
        default=7,
        help="A request without a cursor gets every record confirmed or changed within "
        "this many days, each time, and whatever was never given, however old.",
    )
    page_size = fields.Integer(
        string="Records in a delivery",
        default=5000,
        help="A request may ask for fewer.",
    )
    token_ids = fields.One2many(
        "recall.token",
        string="Tokens",
        compute="_compute_tokens",
        groups="recall_base.group_keeper",
    )
    token_step = fields.Selection(
        [
            ("issue", "No token is live"),
            ("calm", "One token is live"),
            ("hand_over", "The new token was not used yet"),
            ("revoke", "The new token is in use"),
        ],
        compute="_compute_tokens",
        groups="recall_base.group_keeper",
    )
    token_expiry = fields.Selection(
        [
            ("none", "No live token"),
            ("urgent", "Within 7 days"),
            ("soon", "Within 30 days"),
        ],
        string="Token expires",
        compute="_compute_tokens",
        search="_search_token_expiry",
        groups="recall_base.group_keeper",
        help="When the last live token expires.",
    )
    delivery_ids = fields.One2many("recall.delivery", "interface_id", readonly=True)
    undeliverable_count = fields.Integer(
        string="Cannot be delivered", compute="_compute_undeliverable_count"
    )
    tested_at = fields.Datetime(string="Last self-test", readonly=True, copy=False)
    test_result = fields.Selection(
        [("passed", "Passed"), ("warned", "With remarks"), ("failed", "Failed")],
        string="Result of the self-test",
        readonly=True,
        copy=False,
    )

    _one_sync_uniq = models.UniqueIndex(
        "(producer_id) WHERE purpose = 'sync' AND active",
        "The producer has an open synchronisation interface. Close it first, or issue "
        "another token for it.",
    )
    _window_bounds = models.Constraint(
        "CHECK(window_days BETWEEN 1 AND 90)", "Choose 1 to 90 days."
    )
    _page_bounds = models.Constraint(
        "CHECK(page_size BETWEEN 1 AND 20000)", "Choose 1 to 20000 records."
    )

    @api.depends("base_url", "purpose")
    def _compute_address(self):
        # sudo: the system's own address is no secret; clerks may not read settings.
        own = self.env["ir.config_parameter"].sudo().get_param("web.base.url", "")
        for interface in self:
            base = (interface.base_url or own).rstrip("/")
            interface.address = base + PATHS[interface.purpose or "sync"]

    @api.depends("producer_id", "purpose")
    def _compute_tokens(self):
        Token = self.env["recall.token"]
        for interface in self:
            purpose = interface.purpose
            live = Token._find_live(interface.producer_id.id, purpose)
            interface.token_ids = Token.search(
                [
                    ("producer_id", "=", interface.producer_id.id),
                    ("purpose", "=", purpose),
                    ("probe", "=", False),
                ]
            )
            interface.token_step = self._find_step(live)
            # None is urgent as long as one token lives longer.
            expiries = live.mapped("expiry")
            order = (False, "soon", "urgent", "none")
            interface.token_expiry = next(e for e in order if e in [*expiries, "none"])

    def _find_step(self, live):
        """Where the replacement of a token stands; ``live`` has the newest first."""
        if len(live) < 2:
            return "calm" if live else "issue"
        return "revoke" if live[0].last_used_at else "hand_over"

    def _search_token_expiry(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = self.with_context(active_test=False).search([])
        return [("id", "in", found.filtered(lambda i: i.token_expiry in value).ids)]

    def _compute_undeliverable_count(self):
        groups = self.env["recall.completion"]._read_group(
            [
                ("producer_id", "in", self.producer_id.ids),
                ("undeliverable", "=", True),
            ],
            ["producer_id"],
            ["__count"],
        )
        counts = {producer.id: count for producer, count in groups}
        for interface in self:
            interface.undeliverable_count = (
                counts.get(interface.producer_id.id, 0)
                if interface.purpose == "sync"
                else 0
            )

    @api.constrains("base_url")
    def _check_base_url(self):
        for interface in self.filtered("base_url"):
            parts = urlsplit(interface.base_url)
            rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username)
            if parts.scheme != "https" or not parts.hostname or any(rest):
                raise ValidationError(
                    self.env._(
                        "“%(url)s” is not an address of this system. Write it like "
                        "https://recall.example.com, without a path; the regulator "
                        "connects over HTTPS only.",
                        url=interface.base_url,
                    )
                )

    def action_issue_token(self):
        """Open the dialogue that issues a token, with what its hand-over needs."""
        action = super().action_issue_token()
        action["context"] |= {
            "default_address": self.address,
            "default_api_cfg": self.api_cfg,
        }
        return action

    def action_open_log(self):
        """Show the requests to this interface."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_enterprise.recall_interface_log_action"
        )
        return action | {
            "domain": [("interface_id", "=", self.id)],
            "context": {"search_default_week": True},
        }

    def action_open_deliveries(self):
        """Show what this interface has delivered."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_enterprise.recall_delivery_action"
        )
        return action | {"domain": [("interface_id", "=", self.id)], "context": {}}

    def action_open_undeliverable(self):
        """Show the reports that no delivery can carry."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "recall_enterprise.recall_completion_action_undeliverable"
        )
        producer = ("producer_id", "=", self.producer_id.id)
        return action | {"domain": [producer, ("undeliverable", "=", True)]}

    def action_self_test(self):
        """Call this interface as its peer would, and show what comes of it."""
        self.ensure_one()
        self.check_access("write")
        if not self.id:
            raise UserError(self.env._("Save the interface first."))
        test = self.env["recall.interface.test"].create({"interface_id": self.id})
        test._start()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Self-test"),
            "res_model": "recall.interface.test",
            "res_id": test.id,
            "view_mode": "form",
            "target": "new",
        }

    def _get_test_networks(self):
        """Networks that are not public and that the self-test may call all the same.

        All of them, but only for the address that the operator has given the system:
        an administrator of interfaces must not look round the server's own network.
        """
        # sudo: the system's own address is no secret.
        own = self.env["ir.config_parameter"].sudo().get_param("web.base.url", "")
        same = urlsplit(self.address).netloc == urlsplit(own).netloc
        return ("0.0.0.0/0", "::/0") if self.own_network and same else ()

    def _get_seen_addresses(self):
        """Addresses whose requests an address list refused in the last week."""
        self.env.cr.execute(
            SQL(
                """SELECT DISTINCT address FROM recall_interface_log
                    WHERE interface_id = %s AND api_status = 401 AND NOT self_test
                      AND time > now() AT TIME ZONE 'UTC' - interval '7 days'
                    ORDER BY address LIMIT 5""",
                self.id,
            )
        )
        return [address for (address,) in self.env.cr.fetchall()]
