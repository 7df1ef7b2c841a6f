# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

from odoo.addons.recall_base.models.person_mixin import EMAIL
from odoo.addons.recall_base.models.sealed_mixin import YEAR
from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.contacts import mask_email


class RecallSealedEmailMixin(models.AbstractModel):
    """A person's mail address: sealed, found by a keyed digest, shown masked.

    It is bound to a column that the record keeps for ever, ``_email_seed``.
    """

    _name = "recall.sealed.email.mixin"
    _description = "Records with a sealed mail address"
    _inherit = ["recall.person.mixin", "recall.sealed.mixin"]
    _sealed = {"email_sealed": YEAR}
    _person_keys = {EMAIL: "email_digest"}
    _personal_columns = ("email_sealed", "email_digest", "email_masked")

    #: Kind of records within which an address opens.
    _email_scope = None
    #: Column that names one of them.
    _email_seed = None

    email_sealed = fields.Char(groups="base.group_system", copy=False)
    email_digest = fields.Char(groups="base.group_system", copy=False)
    email_masked = fields.Char(string="E-mail", readonly=True, copy=False)

    @api.model
    def _bind_email(self, seed):
        return f"{self._email_scope}:email:{seed}"

    def _get_seal_context(self, column):
        return self._bind_email(self[self._email_seed])

    def _prepare_digests(self, keys, column, text):
        return {"email_digest": keys.blind(text)}

    @api.model
    def _prepare_email(self, address, seed):
        """The columns of an address, or of none.

        :param str address: as returned by ``_normalise_email``
        :param str seed: value of the column ``_email_seed``
        """
        if not address:
            return dict.fromkeys(("email_sealed", "email_digest", "email_masked"))
        keys = cipher.KeyRing.from_environment()
        return {
            "email_sealed": keys.seal(address, self._bind_email(seed)),
            "email_digest": keys.blind(address),
            "email_masked": mask_email(address),
        }

    def _is_erased(self):
        """Whether there was an address that nobody can open any more."""
        # sudo: the sealed text is hidden from every role; it is only asked for its key.
        sealed = self.sudo().email_sealed
        keys = cipher.KeyRing.from_environment()
        return bool(sealed) and not keys.has_key_of(sealed)

    def _open_email(self):
        """Return the address in clear, for a mail to it, or None: there is none, or it
        is erased. The caller answers for who sees it."""
        self.ensure_one()
        # sudo: the sealed text is hidden from every role; callers check their own.
        record = self.sudo()
        keys = cipher.KeyRing.from_environment()
        if not keys.has_key_of(record.email_sealed):
            return None
        return keys.open(record.email_sealed, record._get_seal_context("email_sealed"))
