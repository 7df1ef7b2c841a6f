# SPDX-License-Identifier: LGPL-3.0-only
import base64

from odoo import fields, models

from odoo.addons.recall_base.tools.notification import RELOAD, notify


class RecallFleetUpload(models.TransientModel):
    """Dialogue that takes a file of VINs into a partner's fleet."""

    _name = "recall.fleet.upload"
    _description = "Upload a fleet"

    data_user_id = fields.Many2one(
        "recall.data.user", string="Data user", required=True
    )
    # Not an attachment: it goes with the dialogue's row.
    file = fields.Binary(required=True, attachment=False)
    name = fields.Char()
    mode = fields.Selection(
        [
            ("add", "Add these vehicles"),
            ("replace", "Replace the fleet by these vehicles"),
            ("remove", "Take these vehicles out"),
        ],
        required=True,
        default="add",
    )

    def action_upload(self):
        """Take the file in and say what became of it."""
        self.ensure_one()
        Fleet = self.env["recall.fleet"]
        listed = Fleet._read_file(base64.b64decode(self.file))
        added, out = Fleet._store(
            self.data_user_id,
            listed.vins,
            replace=self.mode == "replace",
            remove=self.mode == "remove",
        )
        self.file = False
        told = Fleet._tell(listed, added, out)
        return notify(
            told, kind="warning" if listed.refused else "success", then=RELOAD
        )
