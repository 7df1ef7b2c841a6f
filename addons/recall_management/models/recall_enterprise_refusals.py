# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import email_split

from odoo.addons.recall_base.tools.messages import ApiStatus

#: Optional members of a request, that a terminal of another make may not like.
TOLD = {"api_refused", "api_log"}
#: Failed requests with them after which they are left out: one may have other reasons.
REFUSALS = 3


class RecallEnterprise(models.Model):
    """What a terminal is told with each request: refused records, and how far the
    operation log has come (M-VERIFY, X-TAMPER)."""

    _inherit = "recall.enterprise"

    tells_refused = fields.Boolean(
        string="Tell refused records by request",
        default=True,
        help="Requests name the records that were refused, and why, and the checkpoint "
        "of the operation log. Switched off by itself when the terminal refuses such a "
        "request; mail tells of the records anyhow.",
    )
    told_failures = fields.Integer(
        readonly=True,
        copy=False,
        help="Requests with such members that failed since one succeeded.",
    )

    def _prepare_request(self):
        request = super()._prepare_request()
        # Only a terminal that works is told: what it chokes on must not hide records.
        if (
            request["payload"]
            and self.tells_refused
            and not self.plain
            and self.last_success_at
            and not self.failure_count
        ):
            request["payload"].update(self._prepare_told())
        return request

    def _prepare_told(self):
        """Members of ``TOLD`` that have something to tell."""
        refusals = self.env["recall.quarantine"]._prepare_refusals(self)
        log = self.env["recall.audit.checkpoint"]._prepare_head()
        told = {"api_refused": refusals, "api_log": log}
        return {name: value for name, value in told.items() if value}

    def _note_success(self, fetched, parsed):
        super()._note_success(fetched, parsed)
        if TOLD & fetched.payload.keys():
            self.told_failures = 0
        self.env["recall.quarantine"]._note_told(
            self, fetched.payload.get("api_refused", ())
        )

    def _store_refusal(self, fetched, parsed):
        wrong_format = parsed.status is ApiStatus.PARAMETER_FORMAT
        if not (wrong_format and TOLD & fetched.payload.keys()):
            return super()._store_refusal(fetched, parsed)
        # It may be such a member that it does not like: neither cursor nor plain mode
        # is touched, and the request is made once more without it.
        message = self.env._("The terminal refuses to be told of refused records.")
        self._note_failure(fetched, "status", message, int(parsed.status))
        return True

    def _note_failure(self, fetched, outcome, error, api_status=False):
        refuses = outcome == "http" or api_status == ApiStatus.PARAMETER_FORMAT
        if refuses and TOLD & fetched.payload.keys():
            self.told_failures += 1
            # Each request has a checkpoint: that alone is no proof after one failure.
            if "api_refused" in fetched.payload or self.told_failures >= REFUSALS:
                self.tells_refused = False
        return super()._note_failure(fetched, outcome, error, api_status)

    def _get_technical_contact(self):
        """``(mail addresses, language)`` of the producer's technical contact."""
        self.ensure_one()
        if addresses := email_split(self.technical_email or ""):
            return addresses, self._find_lang(self.technical_lang)
        # sudo: the address book is no concern of who asks or watches terminals.
        contact = self.sudo().producer_id.technical_contact_id
        return email_split(contact.email or ""), self._find_lang(contact.lang)

    @api.model
    def _find_lang(self, wanted=None):
        """The wanted language, or the company's; English where neither is installed.

        Odoo fails of a language in the context that has been deactivated.
        """
        langs = (wanted, self.env.company.partner_id.lang)
        installed = map(self.env["res.lang"]._get_code, langs)
        return next(filter(None, installed), "en_US")
