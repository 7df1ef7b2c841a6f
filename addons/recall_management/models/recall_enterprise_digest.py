# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import deadline

from .recall_quarantine import PENDING

#: Records that the mail names; the others are counted.
ROWS = 20
#: Local hour from which the mail is sent, where the parameter sets no other.
HOUR = 8
HOUR_PARAMETER = "recall_management.refusal_mail_hour"


class RecallEnterprise(models.Model):
    """The daily mail to a producer's technical contact: its refused records (M-VERIFY).

    It goes out on days on which records are open or returned, in the contact's
    language, whether the terminal takes the member ``api_refused`` or not.
    """

    _inherit = "recall.enterprise"
    _kept_fields = {"refusal_mail_on"}

    refusal_mail_on = fields.Date(
        string="Last mail of refused records",
        readonly=True,
        copy=False,
        help="Day, where the producer is, on which refused records were looked for.",
    )

    @api.model
    def _cron_mail_refusals(self):
        """Tell each producer of its refused records, once a day from the set hour."""
        # sudo: a setting of the whole database.
        parameters = self.env["ir.config_parameter"].sudo()
        hour = parameters.get_param(HOUR_PARAMETER) or ""
        hour = int(hour) if hour.isdecimal() else HOUR
        due = self.search([]).filtered(
            lambda enterprise: deadline.is_daily_due(
                enterprise.producer_id.timezone, hour, enterprise.refusal_mail_on
            )
        )
        failure = "Refusals were not mailed"
        self.env["ir.cron"]._do_each(due, type(self)._mail_refusals, failure)

    def _mail_refusals(self):
        """Mail what is refused; nothing, if nothing is or nobody is to be told."""
        self.ensure_one()
        self.refusal_mail_on = deadline.today(self.producer_id.timezone)
        addresses, lang = self._get_technical_contact()
        if not addresses or not self.env["recall.quarantine"]._has_pending(self):
            return
        digest = self.with_context(lang=lang)._prepare_digest()
        template = self.env.ref("recall_management.mail_template_refusals")
        template.with_context(digest=digest).send_mail(
            self.id,
            email_values={"email_to": ", ".join(addresses), "recipient_ids": []},
        )
        self.env["recall.audit.event"]._record(
            "enterprise.mail_refusals", self, count=digest["count"]
        )

    def _prepare_digest(self):
        """What the template shows: counts by reason and the newest few records.

        :returns: dict of ``count``, ``reasons`` (name, what to do, number), ``rows``
            (recall number, VIN, repair number, reasons, officer's words), ``more``
            and ``lang``
        """
        Quarantine = self.env["recall.quarantine"]
        domain = [("enterprise_id", "=", self.id), ("state", "in", PENDING)]
        entries = Quarantine.search(domain, limit=ROWS)
        count = Quarantine.search_count(domain)
        return {
            # As text: a template leaves a zero out.
            "count": str(count),
            "reasons": [
                (finding.name, finding.advice or "", str(number))
                for finding, number in self._count_reasons()
            ],
            "rows": [
                (
                    entry.recall_number or "",
                    entry.vin or "",
                    entry.repair_number or "",
                    ", ".join(entry.finding_ids.mapped("name")),
                    entry._explain_refusal() if entry.state == "returned" else "",
                )
                for entry in entries
            ],
            "more": count > len(entries) and str(count - len(entries)),
            "lang": self.env.lang,
        }

    def _count_reasons(self):
        """Findings against the pending entries with their numbers, the most first."""
        self.env.cr.execute(
            SQL(
                """SELECT rel.recall_finding_id, count(*)
                     FROM recall_quarantine entry
                     JOIN recall_finding_recall_quarantine_rel rel
                       ON rel.recall_quarantine_id = entry.id
                    WHERE entry.enterprise_id = %s
                      AND entry.state IN ('open', 'returned')
                    GROUP BY 1 ORDER BY 2 DESC, 1""",
                self.id,
            )
        )
        Finding = self.env["recall.finding"]
        return [(Finding.browse(row[0]), row[1]) for row in self.env.cr.fetchall()]
