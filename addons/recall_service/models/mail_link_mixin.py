# SPDX-License-Identifier: LGPL-3.0-only
import re

from odoo import api, fields, models
from odoo.tools import consteq, email_normalize, hmac

#: One plain address, RFC 5321 lengths; quoted and international ones are not taken.
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([a-z0-9-]+\.)+[a-z0-9-]{2,63}"
)
_EMAIL_LENGTH = 254


class RecallMailLinkMixin(models.AbstractModel):
    """What the public asks for with a mail address, and proves by a link in a mail.

    A model has a field ``email``, and says in ``_link_path`` where its links lead.
    """

    _name = "recall.mail.link.mixin"
    _description = "Asked for by mail"

    #: Path of the pages behind the links, without the record's id.
    _link_path = None
    #: Keeps the proofs of two models apart.
    _link_scope = "recall"

    @api.model
    def _normalise_email(self, text):
        """Return one plain address in lower case, or None.

        :param text: whatever was typed
        """
        text = (text or "").strip()
        address = len(text) <= _EMAIL_LENGTH and email_normalize(text)
        # Equal but for case: a name or a second address beside it is not taken.
        if not address or address != text.lower() or not _EMAIL.fullmatch(address):
            return None
        return address

    def _get_origin(self, network_address):
        """Keyed hash of today and a network address, for limits alone."""
        message = (fields.Date.today().isoformat(), network_address)
        return hmac(self.env(su=True), f"{self._link_scope}-origin", message)

    def _get_token(self, purpose):
        """Proof that whoever shows it got a mail of this record.

        :param str purpose: what the link is for, such as ``confirm``
        """
        self.ensure_one()
        message = (self.id, self.email)
        return hmac(self.env(su=True), f"{self._link_scope}-{purpose}", message)

    def _get_url(self, purpose):
        """Address in a mail; it holds nothing that names the person."""
        path = f"{self._link_path}/{self.id}/{purpose}"
        return f"{self._get_site()}{path}?token={self._get_token(purpose)}"

    @api.model
    def _get_site(self):
        """Address of the public site: its domain, or else ``web.base.url``."""
        return self.env["website"].get_current_website().get_base_url()

    @api.model
    def _from_link(self, record_id, purpose, token):
        """Return the record a link belongs to (sudo), or none.

        :param token: whatever came with the request
        """
        # sudo: the token is the right to this one record.
        record = self.sudo().browse(record_id).exists()
        # An upload in its place is no text.
        shown = token.encode(errors="replace") if isinstance(token, str) else b""
        if record and consteq(record._get_token(purpose).encode(), shown):
            return record
        return record.browse()
