# SPDX-License-Identifier: LGPL-3.0-only
import base64

from markupsafe import Markup

from odoo import api, fields, models

from odoo.addons.recall_base.tools import cipher

from ..tools import proof

#: Files of one objection.
MAX_PHOTOS = 5


class RecallObjectionPhoto(models.Model):
    """A photo of a repair order, or the order as a PDF.

    The content is in an attachment that nobody reads as such: it is handed out by one
    address only, to who may see the objection, and each time is logged.
    """

    _name = "recall.objection.photo"
    _description = "Photo of a repair order"
    _order = "id"

    objection_id = fields.Many2one(
        "recall.objection", required=True, readonly=True, index=True, ondelete="cascade"
    )
    number = fields.Integer(required=True, readonly=True)
    kind = fields.Selection(
        [("image", "Photo"), ("pdf", "PDF")], required=True, readonly=True
    )
    content = fields.Binary(
        attachment=True, required=True, readonly=True, groups="base.group_system"
    )
    digest = fields.Char(
        required=True,
        readonly=True,
        groups="base.group_system",
        help="Keyed hash of the file that was sent.",
    )

    _digest_uniq = models.UniqueIndex(
        "(objection_id, digest)", "This file was sent already."
    )

    @api.depends("number", "kind", "objection_id")
    def _compute_display_name(self):
        for photo in self:
            photo.display_name = photo._get_file_name()

    def _get_file_name(self):
        """A name of ours: the visitor's own can say anything."""
        ending = {"image": "jpg", "pdf": "pdf"}.get(self.kind)
        return f"{self.objection_id.receipt}-{self.number}.{ending}"

    @api.model
    def _add(self, objection, data):
        """Keep a file for an objection; the same one again is the one that is there.

        :param objection: ``recall.objection`` (sudo), of the visitor who sends the file
        :param bytes data: whatever was sent
        :raises tools.proof.ProofError: it is not taken
        :returns: the photo, or none when there are as many as there may be
        """
        digest = cipher.KeyRing.from_environment().blind(_fingerprint(data))
        known = objection.photo_ids.filtered(lambda photo: photo.digest == digest)
        if known or objection.photo_count >= MAX_PHOTOS:
            return known
        kept = proof.read_proof(data)
        # Written first: the same form sent twice at once waits here, and starts again.
        objection.photo_count += 1
        objection.flush_recordset(["photo_count"])
        photo = self.with_context(image_no_postprocess=True).create(
            {
                "objection_id": objection.id,
                "number": objection.photo_count,
                "kind": kept.kind,
                "content": base64.b64encode(kept.data),
                "digest": digest,
            }
        )
        self.env["recall.audit.event"]._record(
            "objection.photo_add", objection, number=photo.number, kind=photo.kind
        )
        return photo

    def _hand_out(self):
        """Return the content for who may see the objection, and log the look.

        :returns: bytes
        """
        self.ensure_one()
        self.check_access("read")
        self.env["recall.audit.event"]._record(
            "objection.photo_view", self.objection_id, number=self.number
        )
        # sudo: the content is hidden from every role, so that no look goes unlogged.
        return base64.b64decode(self.sudo().content)

    def _render(self):
        """Pictures to look at and files to save, for the form of the objection."""
        return Markup("").join(photo._render_one() for photo in self)

    def _render_one(self):
        values = {"url": f"/recall/objection/photo/{self.id}", "number": self.number}
        if self.kind == "pdf":
            label = self.env._("Save PDF %(number)s", number=self.number)
            return Markup(
                '<p><a href="{url}" class="btn btn-secondary">'
                '<i class="fa fa-file-pdf-o" role="presentation"></i> {label}</a></p>'
            ).format(**values, label=label)
        label = self.env._("Photo %(number)s of the repair order", number=self.number)
        return Markup(
            '<p><a href="{url}" target="_blank" rel="noopener">'
            '<img src="{url}" alt="{label}" class="o_recall_proof"/></a></p>'
        ).format(**values, label=label)


def _fingerprint(data):
    """A text that stands for a file of any size."""
    return f"{len(data)}:{base64.b64encode(data).decode()}"
