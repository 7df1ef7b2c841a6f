# SPDX-License-Identifier: LGPL-3.0-only
import base64
from collections import Counter
from contextlib import suppress

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.recall_base.models.sealed_mixin import YEAR
from odoo.addons.recall_base.tools import cipher


class RecallNoticeFile(models.Model):
    """Up to 1,000 letters of a round in one PDF, to print and to post.

    The file holds names and addresses: it is kept sealed, given out to readers of
    personal data only, each time logged, and removed after printing.
    """

    _name = "recall.notice.file"
    _description = "File of letters to owners"
    _inherit = ["recall.sealed.mixin"]
    _order = "id"
    _sealed = {"content": YEAR}
    _reseal_batch = 1

    round_id = fields.Many2one(
        "recall.notice.round",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    producer_id = fields.Many2one(
        related="round_id.producer_id", store=True, index=True
    )
    name = fields.Char(required=True, readonly=True)
    letter_count = fields.Integer(string="Letters", readonly=True)
    size = fields.Integer(string="Bytes", readonly=True)
    content = fields.Binary(
        attachment=True, groups="base.group_system", help="Sealed PDF."
    )
    state = fields.Selection(
        [("made", "To print"), ("posted", "Posted"), ("removed", "Posted and removed")],
        default="made",
        required=True,
        readonly=True,
    )
    posted_on = fields.Date(readonly=True)

    def _get_seal_context(self, column):
        return f"recall.notice.file:content:{self.round_id.id}|{self.name}"

    @api.model
    def _create_sealed(self, notice_round, content, letter_count):
        """Keep a PDF of letters, sealed.

        :param bytes content: the PDF
        """
        # sudo: files of all accounts count.
        number = len(notice_round.sudo().file_ids) + 1
        file = self.sudo().create(  # sudo: no role makes files; the sender does
            {
                "round_id": notice_round.id,
                "name": f"{notice_round.name.replace(' #', '-')}-{number:03}.pdf",
                "letter_count": letter_count,
                "size": len(content),
            }
        )
        keys = cipher.KeyRing.from_environment()
        sealed = keys.seal(
            base64.b64encode(content).decode(), file._get_seal_context("content")
        )
        file.content = base64.b64encode(sealed.encode())
        return file

    def _open_content(self):
        """Return the PDF. The caller answers for who sees it."""
        self.ensure_one()
        # sudo: the sealed content is hidden from every role; callers check their own.
        content = self.sudo().content
        if not content:
            raise UserError(self.env._("The file was removed after printing."))
        keys = cipher.KeyRing.from_environment()
        context = self._get_seal_context("content")
        opened = self._open_kept(lambda: keys.open(_unpack(content), context))
        if opened is None:
            raise UserError(
                self.env._(
                    "Erased: the key of the year in which the letters were made was "
                    "destroyed."
                )
            )
        return base64.b64decode(opened)

    # === Sealing anew: the sealed text is a file === #

    @api.model
    def _find_stale(self, keys, last, redigest):
        stale = set(self._stale_kids(keys, YEAR))
        found = self.search([("content", "!=", False), ("id", ">", last)], order="id")
        for file in found if stale else ():
            if cipher.kid_of(_unpack(file.content)) in stale:
                return file
            file.invalidate_recordset(["content"])
        return self.browse()

    def _reseal(self, keys):
        for file in self:
            text, context = _unpack(file.content), file._get_seal_context("content")
            target = keys.successor(cipher.kid_of(text))
            with suppress(cipher.SealError):  # altered: it stays under its key
                fresh = keys.seal(keys.open(text, context), context, target)
                file.content = base64.b64encode(fresh.encode())
        return len(self)

    @api.model
    def _count_kids(self):
        counts = Counter()
        for file in self.search([("content", "!=", False)]):
            counts[cipher.kid_of(_unpack(file.content))] += 1
            file.invalidate_recordset(["content"])
        return counts

    def _check_reader(self):
        """Refuse whoever may not see owners' addresses."""
        self._check_personal_reader(
            self.env._(
                "Only readers of personal data may have the letters: they hold names "
                "and addresses."
            )
        )

    def action_download(self):
        """Download the letters; it is logged."""
        self.ensure_one()
        self._check_reader()
        return {
            "type": "ir.actions.act_url",
            "url": f"/recall/notice/letters/{self.id}",
            "target": "download",
        }

    def action_posted(self):
        """Count the letters as sent today."""
        self.check_access("read")
        waiting = self.filtered(lambda file: file.state == "made")
        self.env["recall.notice"].flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_notice
                      SET state = 'sent', sent_at = now() AT TIME ZONE 'UTC'
                    WHERE file_id IN %s AND state = 'sending'""",
                tuple(waiting.ids or [0]),
            )
        )
        self.env["recall.notice"].invalidate_model()
        for file in waiting:
            file.sudo().write(  # sudo: no role writes files; they move by actions
                {"state": "posted", "posted_on": file.round_id._today()}
            )
            self.env["recall.audit.event"]._record(
                "notice_file.post", file, letters=file.letter_count
            )
        waiting.round_id._finish_done()

    def action_remove(self):
        """Remove the content of posted files; what was sent stays on record."""
        self._check_reader()
        if any(file.state == "made" for file in self):
            raise UserError(
                self.env._("Mark the file as posted first: then nobody needs it again.")
            )
        for file in self.filtered(lambda file: file.state == "posted"):
            # sudo: as above
            file.sudo().write({"state": "removed", "content": False})
            self.env["recall.audit.event"]._record("notice_file.remove", file)


def _unpack(content):
    return base64.b64decode(content).decode()
