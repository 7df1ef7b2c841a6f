# SPDX-License-Identifier: LGPL-3.0-only
import time

from odoo import api, models

from odoo.addons.recall_base.tools.cipher import KeyRing, SealError

#: What an address shows -> seconds for which it does.
LIFETIMES = {"answer": 10 * 60, "shared": 7 * 24 * 60 * 60, "phone": 30 * 60}
#: Parts of a sealed text and of an address are set apart by these. No other character
#: of either is one of them, and "~" needs no escape in an address.
_SEALED_MARK, _ADDRESS_MARK = "|", "~"


class AddressError(Exception):
    """An address shows nothing; ``expired`` tells whether it once did."""

    def __init__(self, expired=False):
        super().__init__("expired" if expired else "not made here")
        self.expired = expired


class RecallLookupAddress(models.AbstractModel):
    """Addresses of answers that hold what was typed, sealed, and nothing readable.

    So an answer has an address, can be reloaded and printed, and any worker can show
    it, while nothing is stored. An address works for one use and until it expires.
    """

    _name = "recall.lookup.address"
    _description = "Address of a public answer"

    @api.model
    def _make(self, use, text):
        """Return the last part of the address that shows the answer for a text.

        :param str use: a key of ``LIFETIMES``
        """
        expires = int(time.time()) + LIFETIMES[use]
        sealed = KeyRing.from_environment().seal(f"{expires}:{text}", _bind(use))
        return sealed.replace(_SEALED_MARK, _ADDRESS_MARK)

    @api.model
    def _read(self, use, address):
        """Return the text of an address made for this use, and when it expires.

        :returns: the text and a time in seconds since 1970
        :raises AddressError: forged, altered, made for another use, or expired
        """
        sealed = address.replace(_ADDRESS_MARK, _SEALED_MARK)
        try:
            content = KeyRing.from_environment().open(sealed, _bind(use))
        except SealError:
            raise AddressError from None
        expires, _mark, text = content.partition(":")
        if int(expires) <= time.time():
            raise AddressError(expired=True)
        return text, int(expires)


def _bind(use):
    return f"recall.lookup:address:{use}"
