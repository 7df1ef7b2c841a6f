# SPDX-License-Identifier: LGPL-3.0-only
import ipaddress
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import cipher, tokens

#: Fields of a token that may change after it was issued.
CHANGEABLE = {"name", "expires_at", "allowed_addresses"}
#: As many tokens of a purpose may be live at once: one is replaced by the other.
MAX_LIVE = 2
#: Days before its expiry from which a token is shown as expiring.
SOON, URGENT = 30, 7
#: How long the token of a self-test works.
PROBE_LIFE = timedelta(minutes=2)


class RecallToken(models.Model):
    """An identity key (``api_token``) that was issued to a peer.

    The secret is shown once. Kept is its HMAC-SM3 under a key outside the database,
    so that a copy of the database authorises nobody. Tokens are looked up by key id.
    """

    _name = "recall.token"
    _description = "Interface token"
    _audited = {"write", "unlink"}  # it is issued
    _audit_ignored = {"revoked_at"}
    _order = "id desc"
    _rec_name = "key_id"

    name = fields.Char(required=True, help="Who uses the token, and where.")
    key_id = fields.Char(string="Key id", readonly=True, required=True, copy=False)
    digest = fields.Char(
        readonly=True, required=True, copy=False, groups="base.group_system"
    )
    purpose = fields.Selection(
        [
            ("sync", "Management terminal pulls (sync)"),
            ("collect", "Internal system reports (collect)"),
            ("share", "Data user asks (share)"),
        ],
        required=True,
        readonly=True,
    )
    producer_id = fields.Many2one(
        "recall.producer", index="btree_not_null", ondelete="cascade", readonly=True
    )
    expires_at = fields.Datetime(
        string="Expires at", help="Empty: the token does not expire."
    )
    revoked_at = fields.Datetime(readonly=True, copy=False)
    allowed_addresses = fields.Char(
        help="Addresses or networks that may use the token, separated by commas. "
        "Empty: any address."
    )
    probe = fields.Boolean(
        readonly=True,
        copy=False,
        help="Made by a self-test for one request, which is authorised and answered "
        "empty.",
    )
    expiry = fields.Selection(
        [("soon", "Within 30 days"), ("urgent", "Within 7 days")],
        string="Expires",
        compute="_compute_expiry",
        help="Whether a live token is about to expire.",
    )
    state = fields.Selection(
        [("live", "Live"), ("expired", "Expired"), ("revoked", "Revoked")],
        compute="_compute_state",
    )

    _key_id_uniq = models.Constraint("UNIQUE(key_id)", "This key id is in use.")

    @api.depends("expires_at", "revoked_at")
    def _compute_state(self):
        now = fields.Datetime.now()
        for token in self:
            if token.revoked_at:
                token.state = "revoked"
            elif token.expires_at and token.expires_at <= now:
                token.state = "expired"
            else:
                token.state = "live"

    @api.depends("expires_at", "revoked_at")
    def _compute_expiry(self):
        now = fields.Datetime.now()
        for token in self:
            token.expiry = False
            if token.state == "live" and token.expires_at:
                left = token.expires_at - now
                if left <= timedelta(days=SOON):
                    token.expiry = "soon"
                if left <= timedelta(days=URGENT):
                    token.expiry = "urgent"

    @api.constrains("allowed_addresses")
    def _check_allowed_addresses(self):
        for token in self:
            if wrong := find_wrong_network(token.allowed_addresses):
                raise ValidationError(
                    self.env._(
                        "“%(text)s” is not an address or a network. Write addresses "
                        "like 203.0.113.7 or networks like 198.51.100.0/24, with "
                        "commas between them.",
                        text=wrong,
                    )
                )

    def write(self, vals):
        if not self.env.su and not CHANGEABLE.issuperset(vals):
            raise UserError(
                self.env._(
                    "Of an issued token only name, expiry and addresses can be "
                    "changed. Revoke it and issue another one."
                )
            )
        return super().write(vals)

    @api.model
    @api.private
    def issue(self, vals):
        """Create a token.

        :param dict vals: ``name``, ``purpose``, the owner, and what limits it
        :returns: ``(record, secret)``; the secret exists nowhere else
        """
        self.check_access("create")
        self._check_room(vals)
        token, secret = self._make(vals)
        self.env["recall.audit.event"]._record(
            "token.issue", token, key_id=token.key_id, purpose=token.purpose
        )
        return token, secret

    @api.model
    def _issue_probe(self, vals):
        """Create the token of a self-test: its request is authorised, never served.

        :returns: as `issue` does; it leaves no event, the self-test has its own
        """
        expires_at = fields.Datetime.now() + PROBE_LIFE
        return self._make({**vals, "probe": True, "expires_at": expires_at})

    def _make(self, vals):
        keys = cipher.KeyRing.from_environment()
        key_id, secret, digest = tokens.new_token(keys.token_keys, keys.active["token"])
        # sudo: nobody but this method may write the digest.
        token_sudo = self.sudo().create({**vals, "key_id": key_id, "digest": digest})
        return token_sudo.with_env(self.env), secret

    def _check_room(self, vals):
        """Refuse a third live token: two are what it takes to replace one."""
        for owner_field in filter(vals.get, self._get_owner_fields()):
            live = self._find_live(vals[owner_field], vals["purpose"], owner_field)
            if len(live) >= MAX_LIVE:
                raise UserError(
                    self.env._(
                        "Two tokens are live already: %(tokens)s. Revoke the one that "
                        "is no longer used, then issue another.",
                        tokens=", ".join(live.mapped("key_id")),
                    )
                )

    def _get_owner_fields(self):
        """Names of the fields that say whom a token was issued to."""
        return ["producer_id"]

    @api.model
    def _find_live(self, owner_id, purpose, owner_field="producer_id"):
        """Live tokens of an owner for a purpose, the newest first."""
        return self.search(
            [
                (owner_field, "=", owner_id),
                ("purpose", "=", purpose),
                ("revoked_at", "=", False),
                ("probe", "=", False),
                "|",
                ("expires_at", "=", False),
                ("expires_at", ">", fields.Datetime.now()),
            ]
        )

    @api.model
    def _count_live_under(self, kid):
        """How many live tokens are recognised by a key of the key file."""
        return self.search_count(
            [
                ("digest", "=like", f"{kid.replace('_', chr(92) + '_')}$%"),
                ("revoked_at", "=", False),
                "|",
                ("expires_at", "=", False),
                ("expires_at", ">", fields.Datetime.now()),
            ]
        )

    @api.autovacuum
    def _gc_probes(self):
        """Remove what self-tests left behind that were broken off."""
        self.search(
            [("probe", "=", True), ("expires_at", "<", fields.Datetime.now())]
        ).unlink()

    def action_edit(self):
        """Open the token to change its name, expiry and addresses."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Token"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_revoke(self):
        """Refuse whoever uses these tokens, at once and for ever."""
        self.check_access("write")
        live = self.filtered(lambda token: not token.revoked_at)
        # sudo: a revocation is not written over by anybody.
        live.sudo().revoked_at = fields.Datetime.now()
        for token in live:
            self.env["recall.audit.event"]._record(
                "token.revoke", token, key_id=token.key_id
            )


def parse_networks(text):
    """Return the networks of a comma-separated list; ValueError names the bad one."""
    return [
        ipaddress.ip_network(part.strip(), strict=False)
        for part in (text or "").split(",")
        if part.strip()
    ]


def find_wrong_network(text):
    """Return the first entry of a comma-separated list that is no network, or None."""
    for part in (text or "").split(","):
        try:
            parse_networks(part)
        except ValueError:
            return part.strip()
    return None
