# SPDX-License-Identifier: LGPL-3.0-only
import base64
import zlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives import hashes

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.models.sealed_mixin import YEAR
from odoo.addons.recall_base.tools import cipher

PACK_LEVEL = 3
NO_BODY = {"body_size": 0, "body_hash": False, "body_sealed": False}


class RecallExchange(models.Model):
    """One request to an enterprise terminal and what came back. Append-only.

    The body is kept as it came, compressed and sealed (it holds phone numbers), with
    its hash; the records it was made into can be compared with it at any time.
    """

    _name = "recall.exchange"
    _inherit = ["recall.kept.for.ever.mixin", "recall.sealed.mixin"]
    _description = "Exchange with an enterprise terminal"
    _audited = frozenset()
    _order = "id desc"
    _sealed = {"body_sealed": YEAR}
    _reseal_batch = 20  # a body has up to 27 MB

    enterprise_id = fields.Many2one(
        "recall.enterprise",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    started_at = fields.Datetime(required=True, readonly=True)
    seconds = fields.Float(readonly=True, digits=(8, 3), aggregator="avg")
    attempts = fields.Integer(readonly=True)
    outcome = fields.Selection(
        [
            ("success", "Success"),
            ("token", "Token cannot be opened"),
            ("request", "Request could not be made"),
            ("address", "Address not permitted"),
            ("resolve", "Host name not found"),
            ("connect", "No connection"),
            ("tls", "Certificate or encryption"),
            ("timeout", "No answer in time"),
            ("reset", "Connection broken off"),
            ("http", "HTTP error"),
            ("size", "Answer too large"),
            ("length", "Answer incomplete"),
            ("encoding", "Answer encoded"),
            ("redirect", "Redirected"),
            ("type", "Not JSON"),
            ("message", "Message malformed"),
            ("status", "Refused by the terminal"),
            ("storage", "Could not be stored"),
        ],
        required=True,
        readonly=True,
        index=True,
    )
    api_status = fields.Integer(readonly=True, aggregator=None)
    error = fields.Char(readonly=True)
    # Up to 27 MB: read only when it is asked for.
    body_sealed = fields.Char(readonly=True, groups="base.group_system", prefetch=False)
    body_hash = fields.Char(readonly=True, help="SM3 of the body as it came.")
    body_size = fields.Integer(string="Bytes", readonly=True)
    record_count = fields.Integer(string="Records", readonly=True)
    new_count = fields.Integer(string="New", readonly=True)
    same_count = fields.Integer(string="Known already", readonly=True)
    corrected_count = fields.Integer(string="Corrected", readonly=True)
    withdrawn_count = fields.Integer(string="Withdrawn", readonly=True)
    quarantined_count = fields.Integer(string="Quarantined", readonly=True)
    warned_count = fields.Integer(
        string="With warnings",
        readonly=True,
        help="Of the new and corrected ones: taken in although something was found, "
        "which stands with the report.",
    )
    quarantine_ids = fields.One2many("recall.quarantine", "exchange_id", readonly=True)

    @api.depends("enterprise_id", "started_at")
    def _compute_display_name(self):
        for exchange in self:
            exchange.display_name = f"{exchange.enterprise_id.name} #{exchange.id}"

    @api.model
    def _prepare_exchange_vals(self, enterprise, fetched):
        """Values that every exchange has, whatever became of it."""
        started = datetime.fromtimestamp(fetched.started, UTC).replace(tzinfo=None)
        return {
            "enterprise_id": enterprise.id,
            "started_at": started.replace(microsecond=0),
            "seconds": fetched.seconds,
            "attempts": getattr(fetched.answer or fetched.error, "attempts", 1),
            **self._prepare_body_vals(enterprise, fetched),
        }

    def _prepare_body_vals(self, enterprise, fetched):
        if fetched.digest:
            return fetched.digest.body
        body = fetched.answer and fetched.answer.body
        return self._packer(enterprise)(body) if body else NO_BODY

    def _count_kept(self):
        """How many of the records were not in quarantine before."""
        if not self.quarantined_count:
            return 0
        return self.env["recall.quarantine"].search_count(
            [("exchange_id", "=", self.id)]
        )

    @api.model
    def _create_failed(self, enterprise, fetched, outcome, error, api_status=False):
        return self.create(
            {
                **self._prepare_exchange_vals(enterprise, fetched),
                "outcome": outcome,
                "error": error,
                "api_status": api_status,
            }
        )

    @api.model
    def _packer(self, enterprise):
        """Make the function that gives the values in which a body is kept.

        It may run in a thread. A faster level than the usual one: it halves the work,
        for a sixth more of space.

        :returns: function ``(bytes) -> dict``
        """
        keys = cipher.KeyRing.from_environment()
        enterprise_id = enterprise.id

        def pack(body):
            if not body:
                return NO_BODY
            body_hash = _sm3(body)
            packed = base64.b64encode(zlib.compress(body, PACK_LEVEL)).decode()
            return {
                "body_size": len(body),
                "body_hash": body_hash,
                "body_sealed": keys.seal(
                    packed, _body_context(enterprise_id, body_hash)
                ),
            }

        return pack

    def _get_seal_context(self, column):
        return _body_context(self.enterprise_id.id, self.body_hash)

    def _open_body(self):
        """Return the body as it came. The caller answers for who sees it."""
        self.ensure_one()
        context = self._get_seal_context("body_sealed")
        # sudo: the sealed body is hidden from every role; callers check their own.
        packed = cipher.KeyRing.from_environment().open(
            self.sudo().body_sealed, context
        )
        return zlib.decompress(base64.b64decode(packed))

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("Exchanges cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Exchanges cannot be deleted."))


def _body_context(enterprise_id, body_hash):
    """What a sealed body is bound to: it opens in no other exchange."""
    return f"recall.exchange:body:{enterprise_id}|{body_hash}"


def _sm3(data):
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()
