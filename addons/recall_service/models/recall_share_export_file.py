# SPDX-License-Identifier: LGPL-3.0-only
import hmac
import re
import time
from datetime import UTC, datetime

from odoo import api, fields, models

from odoo.addons.recall_base.tools import cipher, tokens
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

#: Seconds for which the address of a file works.
LIFE = 900
SIGNED = re.compile(
    r"(?P<told>(?P<file>\d{1,9})-(?P<interface>\d{1,9})-(?P<end>\d{10}))"
    r"-(?P<kid>[A-Za-z0-9._-]{1,32})-(?P<digest>[0-9a-f]{64})"
)
URL = "/recall/v1/export"


class RecallShareExportFile(models.Model):
    """One file of a complete export: a range of vehicles in one format.

    It is fetched by an address that is signed for one interface and works for a quarter
    of an hour: a download needs no token, and the address is of no use afterwards.
    """

    _name = "recall.share.export.file"
    _description = "File of a complete export"
    _order = "export_id desc, name"
    _log_access = False

    export_id = fields.Many2one(
        "recall.share.export",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    format = fields.Selection(
        [("ndjson", "NDJSON"), ("csv", "CSV")], required=True, readonly=True
    )
    name = fields.Char(required=True, readonly=True)
    size = fields.Integer(string="Size (bytes)", required=True, readonly=True)
    sha256 = fields.Char(string="SHA-256", required=True, readonly=True)
    record_count = fields.Integer(string="Records", required=True, readonly=True)
    attachment_id = fields.Many2one(
        "ir.attachment", required=True, readonly=True, ondelete="restrict"
    )

    def _prepare_address(self, interface_id, base):
        """What a data user is told of the file (``ShareFile``)."""
        end = int(time.time()) + LIFE
        told = f"{self.id}-{interface_id}-{end:010}"
        keys = cipher.KeyRing.from_environment()
        kid = keys.active["token"]
        digest = _sign(told, keys.token_keys[kid])
        expires = datetime.fromtimestamp(end, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "url": f"{base.rstrip('/')}{URL}/{told}-{kid}-{digest}",
            "name": self.name,
            "size": self.size,
            "sha256": self.sha256,
            "records": self.record_count,
            "expires": expires,
        }

    @api.model
    def _open_address(self, signed):
        """Return ``(file, interface)`` of a signed address.

        :raises MessageError: 403 for a wrong signature, 405 after its time, 408 when
            the interface is not permitted exports any more, 404 when the file is gone
        """
        match = SIGNED.fullmatch(signed)
        keys = cipher.KeyRing.from_environment().token_keys
        key = keys.get(match["kid"]) if match else None
        if not key or not hmac.compare_digest(
            _sign(match["told"], key), match["digest"]
        ):
            raise MessageError(ApiStatus.KEY_INVALID, "The address is not valid.")
        if int(match["end"]) < time.time():
            raise MessageError(
                ApiStatus.KEY_EXPIRED, "The address has expired. Ask for a new one."
            )
        interface = self.env["recall.share.interface"].browse(int(match["interface"]))
        interface = interface.exists().filtered(
            lambda one: one.active and one.allow_export and one.data_user_id.active
        )
        if not interface:
            raise MessageError(
                ApiStatus.NOT_PERMITTED, "The interface does not permit exports."
            )
        file = self.browse(int(match["file"])).exists()
        if not file:
            raise MessageError(
                ApiStatus.ROUTE_INVALID, "A newer export has taken the file's place."
            )
        return file, interface


def _sign(text, key):
    # The purpose is part of it: no other text that the key signs can pass for one.
    return tokens.digest(f"recall.share.export:{text}", key)
