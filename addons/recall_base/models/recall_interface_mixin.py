# SPDX-License-Identifier: LGPL-3.0-only
import ipaddress
import logging
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from odoo import api, fields, models
from odoo.http import request
from odoo.tools import SQL

from ..tools import cipher, tokens
from ..tools.messages import STATUS_TEXT, ApiStatus, MessageError
from .recall_token import parse_networks

_logger = logging.getLogger(__name__)

PROBE_ANSWER = "Self-test: the request was authorised; nothing was handed over."


class Grant(NamedTuple):
    """What a token and an interface name together allow; ids of their records.

    ``terms`` holds the fields that the model of the interface names in ``_terms``.
    """

    interface_id: int
    owner_id: int
    token_id: int
    terms: Mapping = MappingProxyType({})


def _refusal(status):
    return MessageError(status, STATUS_TEXT[status])


class RecallInterfaceMixin(models.AbstractModel):
    """A data interface that is opened to a peer (clauses 7.5.2 and 8.3.2).

    A request names the interface by ``api_cfg`` and proves who asks by a token. The
    concrete model says in ``_owner_field`` whom an interface belongs to; tokens belong
    to the same kind of owner, and have a many2one of the same name.
    """

    _name = "recall.interface.mixin"
    _description = "Data interface"
    _inherit = ["recall.kept.fields.mixin"]
    _owner_field = None
    #: Fields of the interface that a request is judged by.
    _terms = ()
    #: Milliseconds that the statement of ``_authorise`` and those after it may take.
    _statement_limit = 0
    # Its maker chose it.
    _kept_fields = {"api_cfg"}

    name = fields.Char(required=True)
    active = fields.Boolean(
        default=True, help="A closed interface answers 404 (route invalid)."
    )
    api_cfg = fields.Char(
        string="Interface name (api_cfg)",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: secrets.token_urlsafe(12),
        help="Made when the interface is created; the peer sends it in each request.",
    )

    _api_cfg_uniq = models.Constraint(
        "UNIQUE(api_cfg)", "Another interface has this name already."
    )

    @api.model
    def _authorise(self, token_text, api_cfg, purpose, address):
        """Check who asks for which interface, in one statement.

        :param str token_text: ``<key id>.<secret>`` as sent
        :param str api_cfg: name of the interface as sent
        :param str purpose: what the route is for (``recall.token.purpose``)
        :param str address: the peer's address
        :rtype: Grant
        :raises MessageError: 401, 403, 404, 405, 406, 408, 409 or 410; 200 for the
            token of a self-test
        """
        try:
            keys = cipher.KeyRing.from_environment()
        except cipher.KeyFileError as error:
            _logger.error("Tokens cannot be checked: %s", error)
            raise _refusal(ApiStatus.PERMISSION_CHECK_FAILED) from error
        key_id, secret = tokens.split(token_text) or ("", "")
        row = self._read_grant(key_id, api_cfg) or {}
        if not tokens.matches(secret, row.get("digest"), keys.token_keys):
            self._note_wrong_secret(row, key_id, api_cfg)
            raise _refusal(ApiStatus.KEY_INVALID)
        self._note_caller(row, key_id)
        self._check_token(row, purpose, address)
        self._check_interface(row, purpose)
        if row["probe"]:
            # Here a self-test ends, with an empty answer: it can neither get nor
            # acknowledge nor bring anything, whatever its message says.
            raise MessageError(ApiStatus.SUCCESS, PROBE_ANSWER)
        terms = {name: row[name] for name in self._terms}
        return Grant(row["interface_id"], row["owner_id"], row["token_id"], terms)

    def _note_wrong_secret(self, row, key_id, api_cfg):
        """Hook: what was read (``row``, may be empty) has another secret."""

    def _note_caller(self, row, key_id):
        """Tell the log of the route who proved to ask, also when refused."""
        if not request:
            return
        own = row["interface_owner_id"] == row["owner_id"]
        request.recall_caller = {
            "key_id": key_id,
            "owner_id": row["owner_id"],
            "interface_id": row["interface_id"] if own else None,
            "probe": row["probe"],
        }

    def _read_grant(self, key_id, api_cfg):
        """What the database knows of a token, its owner and an interface, or None."""
        owner = self._fields[self._owner_field]
        self.env.cr.execute(
            SQL(
                """%(limit)s
                   SELECT token.id AS token_id, token.digest, token.purpose,
                          token.revoked_at IS NOT NULL AS revoked,
                          token.expires_at, token.allowed_addresses, token.probe,
                          owner.id AS owner_id, owner.active AS owner_active,
                          interface.id AS interface_id,
                          interface.active AS interface_active,
                          interface.%(owner_field)s AS interface_owner_id,
                          %(interface_purpose)s AS interface_purpose %(terms)s
                     FROM recall_token token
                     LEFT JOIN %(owner_table)s owner ON owner.id = token.%(owner_field)s
                     LEFT JOIN %(table)s interface ON interface.api_cfg = %(api_cfg)s
                    WHERE token.key_id = %(key_id)s""",
                owner_field=SQL.identifier(self._owner_field),
                owner_table=SQL.identifier(self.env[owner.comodel_name]._table),
                table=SQL.identifier(self._table),
                interface_purpose=self._purpose_sql(),
                terms=SQL("").join(
                    SQL(", interface.%s", SQL.identifier(name)) for name in self._terms
                ),
                api_cfg=api_cfg,
                key_id=key_id,
                # In one round trip: SET LOCAL alone would cost another.
                limit=SQL("SET LOCAL statement_timeout = %s;", self._statement_limit)
                if self._statement_limit
                else SQL(),
            )
        )
        return self.env.cr.dictfetchone()

    def _purpose_sql(self):
        """The purpose of ``interface``; models with one purpose give a literal."""
        return SQL("interface.purpose")

    def _check_token(self, row, purpose, address):
        if row["revoked"]:
            raise _refusal(ApiStatus.KEY_INVALID)
        if row["expires_at"] and row["expires_at"] <= fields.Datetime.now():
            raise _refusal(ApiStatus.KEY_EXPIRED)
        networks = parse_networks(row["allowed_addresses"])
        if networks and not any(
            ipaddress.ip_address(address) in net for net in networks
        ):
            raise _refusal(ApiStatus.UNAUTHORISED)
        if not row["owner_id"]:
            raise _refusal(ApiStatus.USER_UNKNOWN)
        if not row["owner_active"]:
            raise _refusal(ApiStatus.USER_DISABLED)
        if row["purpose"] != purpose:
            raise _refusal(ApiStatus.NOT_PERMITTED)

    def _check_interface(self, row, purpose):
        if not row["interface_active"]:
            raise _refusal(ApiStatus.ROUTE_INVALID)
        if (
            row["interface_owner_id"] != row["owner_id"]
            or row["interface_purpose"] != purpose
        ):
            raise _refusal(ApiStatus.NOT_PERMITTED)

    def action_issue_token(self):
        """Open the dialogue that issues a token for this interface's owner."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Issue a token"),
            "res_model": "recall.token.issue",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_name": self.name,
                "default_purpose": self._get_token_purpose(),
                f"default_{self._owner_field}": self[self._owner_field].id,
            },
        }

    def _get_token_purpose(self):
        return self.purpose
