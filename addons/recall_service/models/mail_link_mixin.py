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

    A model says in ``_link_path`` where its links lead.
    """

    _name = "recall.mail.link.mixin"
    _description = "Asked for by mail"

    #: Path of the pages behind the links, without what names the record.
    _link_path = None
    #: Keeps the proofs of two models apart.
    _link_scope = "recall"
    #: Field that names a record in its links.
    _link_name = "id"
    #: Field that a proof is bound to: with another value it is another one.
    _link_proof = "email"

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

    def _get_token(self, purpose=None, *facts):
        """Proof that whoever shows it got a link to this record.

        :param str purpose: what the link is for, such as ``confirm``
        :param facts: what else the proof is bound to
        """
        self.ensure_one()
        scope = f"{self._link_scope}-{purpose}" if purpose else self._link_scope
        message = (self.id, self._get_link_proof(), *facts)
        return hmac(self.env(su=True), scope, message)

    def _get_link_proof(self):
        """What a proof is bound to: it ends with the address written to."""
        return self[self._link_proof]

    def _is_token(self, shown, purpose=None, *facts):
        """Whether that is the proof: whatever came with the request."""
        # An upload in its place is no text.
        shown = shown.encode(errors="replace") if isinstance(shown, str) else b""
        return consteq(self._get_token(purpose, *facts).encode(), shown)

    def _get_path(self, purpose=None):
        """Path of a link, with its proof; it holds nothing that names the person."""
        parts = (self._link_path, self[self._link_name], purpose)
        path = "/".join(str(part) for part in parts if part)
        return f"{path}?token={self._get_token(purpose)}"

    def _get_url(self, purpose=None):
        """Address in a mail."""
        return f"{self._get_site()}{self._get_path(purpose)}"

    @api.model
    def _get_site(self):
        """Address of the public site: its domain, or else ``web.base.url``."""
        return self.env["website"].get_current_website().get_base_url()

    @api.model
    def _from_link(self, name, token, purpose=None):
        """Return the record a link belongs to (sudo), or none.

        :param name: what names the record in the path
        :param token: whatever came with the request
        """
        # sudo: the token is the right to this one record.
        record = self.sudo().search([(self._link_name, "=", name)])
        proven = record and record._is_token(token, purpose)
        return record if proven else record.browse()
