# SPDX-License-Identifier: LGPL-3.0-only
from types import MappingProxyType

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import SQL, ormcache

from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from .granted_terms_mixin import GRANTED_CONTENTS, GRANTED_METHODS, QUOTAS
from .recall_lookup import STATEMENT_LIMIT
from .remembered_mixin import remember

PURPOSE = "share"
TERMS = (*GRANTED_CONTENTS, *GRANTED_METHODS, "sandbox", *QUOTAS)


class RecallShareInterface(models.Model):
    """A data interface opened to a data user (clause 8.3.2, annex C).

    ``api_exchange_cfg`` of the requests is the field ``api_cfg`` here. The contents of
    clause 8.2 belong to every interface; what says more about a repair, every method
    but one VIN, and how much may be asked are granted to each by itself.
    """

    _name = "recall.share.interface"
    _description = "Sharing interface"
    _inherit = [
        "recall.remembered.mixin",
        "recall.interface.mixin",
        "recall.share.terms.mixin",
    ]
    _order = "data_user_id, name"
    _owner_field = "data_user_id"
    _terms = TERMS
    _remembered_fields = frozenset({"active", "api_cfg", "data_user_id", *TERMS})
    _statement_limit = STATEMENT_LIMIT

    data_user_id = fields.Many2one(
        "recall.data.user", required=True, index=True, ondelete="restrict"
    )
    sandbox = fields.Boolean(
        help="Answers the documented test VINs with made-up cases, and nothing else."
    )

    @api.constrains("share_phone", "phone_basis")
    def _check_phone_basis(self):
        for interface in self:
            if interface.share_phone and not (interface.phone_basis or "").strip():
                raise ValidationError(
                    self.env._(
                        "Phone numbers are personal data: write down the legal basis "
                        "before you grant them."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_phone_grant(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_phone_grant([vals])
        return super().write(vals)

    def _check_phone_grant(self, vals_list):
        """Only administrators grant phone numbers, and change on what basis."""
        if self.env.su or not any(
            vals.get("share_phone") or vals.get("phone_basis") for vals in vals_list
        ):
            return
        if not self.env.user.has_group("recall_service.group_administrator"):
            raise AccessError(
                self.env._("Only administrators may grant phone numbers.")
            )

    # === Grants === #

    def _read_grant(self, key_id, api_cfg):
        """Override of `recall_base` to remember what is granted."""

        def read():
            row = super(RecallShareInterface, self)._read_grant(key_id, api_cfg)
            return row and MappingProxyType(row)

        try:
            place = self._get_place(key_id, api_cfg, read)
        except LookupError as missing:
            return missing.args[0]
        row = remember(place, read)
        if not _is_grant(row):
            place.clear()
        return row

    @ormcache("key_id", "api_cfg")
    def _get_place(self, key_id, api_cfg, read):
        """A list to remember a grant in, with what was read.

        :raises LookupError: with what was read, where that is no grant: names that
            somebody thought up would fill the memory
        """
        place = []
        row = remember(place, read)
        if not _is_grant(row):
            raise LookupError(row)
        return place

    def _note_wrong_secret(self, row, key_id, api_cfg):
        """Override of `recall_base`: time does not tell what is remembered.

        An unknown key id is read each time, so a known one with a wrong secret is too.
        """
        super()._note_wrong_secret(row, key_id, api_cfg)
        if _is_grant(row):
            # pylint: disable-next=super-method-mismatch
            super()._read_grant(key_id, api_cfg)

    @api.model
    def _check_method(self, grant, method):
        """Refuse a method that an interface does not permit.

        :raises MessageError: 408
        """
        if method != "one" and not any(
            grant.terms[name]
            for name, named in GRANTED_METHODS.items()
            if named == method
        ):
            raise MessageError(
                ApiStatus.NOT_PERMITTED,
                f"The interface does not permit the method {method}. Ask the operator.",
            )

    def _purpose_sql(self):
        return SQL("%s", PURPOSE)

    def _get_token_purpose(self):
        return PURPOSE


def _is_grant(row):
    """Whether what was read of a token and a name is a token with its interface."""
    return bool(row and row["interface_id"])
