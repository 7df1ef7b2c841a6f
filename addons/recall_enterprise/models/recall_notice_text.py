# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import notice_text

TEXTS = ("subject_zh", "body_zh", "subject_en", "body_en")
CHANNELS = [("mail", "Mail"), ("sms", "Short message"), ("letter", "Letter")]


class RecallNoticeText(models.AbstractModel):
    """The text of a notice in both languages, with plain placeholders.

    Each owner is written to in his language. The text is no code: what stands in single
    braces is filled in once, and what was filled in is not looked at again.
    """

    _name = "recall.notice.text"
    _description = "Text of an owner notice"

    channel = fields.Selection(CHANNELS, default="letter", required=True)
    subject_zh = fields.Char(string="Subject (Chinese)")
    body_zh = fields.Text(string="Text (Chinese)")
    subject_en = fields.Char(string="Subject (English)")
    body_en = fields.Text(string="Text (English)")
    placeholders = fields.Char(
        string="Placeholders",
        compute="_compute_placeholders",
        help="What may stand in the text and is filled in for each owner.",
    )

    def _compute_placeholders(self):
        self.placeholders = " ".join(f"{{{name}}}" for name in notice_text.PLACEHOLDERS)

    @api.constrains(*TEXTS)
    def _check_texts(self):
        for record in self:
            faults = [
                fault
                for name in TEXTS
                for fault in notice_text.find_faults(record[name] or "")
            ]
            if faults:
                raise ValidationError(
                    self.env._(
                        "These cannot be filled in: %(faults)s. Use only "
                        "%(placeholders)s.",
                        faults=", ".join(dict.fromkeys(faults)),
                        placeholders=record.placeholders,
                    )
                )

    def _find_gaps(self):
        """Return what these texts lack before anybody is told, as sentences."""
        self.ensure_one()
        gaps = []
        for language, subject, body in (
            (self.env._("Chinese"), self.subject_zh, self.body_zh),
            (self.env._("English"), self.subject_en, self.body_en),
        ):
            missing = notice_text.find_missing(body or "")
            if not body:
                gaps.append(self.env._("The %(lang)s text is empty.", lang=language))
            elif missing:
                gaps.append(
                    self.env._(
                        "The %(lang)s text must hold %(missing)s.",
                        lang=language,
                        missing=", ".join(missing),
                    )
                )
            if self.channel != "sms" and not subject:
                gaps.append(self.env._("The %(lang)s subject is empty.", lang=language))
        return gaps
