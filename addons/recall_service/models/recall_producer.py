# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import email_split

from odoo.addons.recall_base.tools import deadline

from .recall_objection import UNANSWERED

#: Local hour from which the daily mail is made.
HOUR = 8
#: Objections that the mail names; the others are counted.
ROWS = 20


class RecallProducer(models.Model):
    """The daily mail to a producer's people: objections that wait for them.

    It goes out on days on which there are new or overdue ones. With it the new ones
    count as passed on.
    """

    _name = "recall.producer"
    _inherit = ["recall.producer", "recall.remembered.mixin"]

    _remembered_fields = frozenset({"name", "hotline"})
    _audit_ignored = {"objection_mail_on"}

    objection_mail_on = fields.Date(
        string="Last mail of objections",
        readonly=True,
        copy=False,
        help="Day, where the producer is, on which it was told of objections.",
    )

    @api.model
    def _cron_pass_objections(self):
        """Tell each producer of its objections, once a day from eight o'clock."""
        waiting = self.env["recall.objection"]._read_group(
            ["|", ("state", "=", "received"), ("overdue", "=", True)], ["producer_id"]
        )
        producers = self.union(*(row[0] for row in waiting))
        due = producers.filtered(
            lambda producer: deadline.is_daily_due(
                producer.timezone, HOUR, producer.objection_mail_on
            )
        )
        failure = "Objections were not passed on"
        self.env["ir.cron"]._do_each(due, type(self)._pass_objections, failure)

    def _pass_objections(self):
        """Mail what waits; without anybody to be told nothing counts as passed on."""
        receivers = self._get_objection_receivers()
        if not receivers:
            return
        self.objection_mail_on = deadline.today(self.timezone)
        template = self.env.ref("recall_service.mail_template_objection_digest")
        for lang, addresses in receivers.items():
            digest = self.with_context(lang=lang)._prepare_objection_digest()
            self.env["recall.objection"]._queue_mail(
                template.with_context(digest=digest), self.id, ", ".join(addresses)
            )
        fresh = self._find_objections([("state", "=", "received")])
        fresh._pass_on()

    def _get_objection_receivers(self):
        """Mail addresses by language: the accounts that answer, or else the contact."""
        group = self.env.ref("recall_service.group_producer")
        accounts = self.env["res.users"].search(
            [
                ("recall_producer_ids", "in", self.ids),
                ("all_group_ids", "in", group.ids),
                ("email", "!=", False),
            ]
        )
        partners = accounts.partner_id or self.technical_contact_id
        receivers = {}
        for partner in partners:
            lang = partner.lang or self.env.company.partner_id.lang or "en_US"
            if addresses := email_split(partner.email or ""):
                receivers.setdefault(lang, []).extend(addresses)
        return receivers

    def _find_objections(self, domain, **options):
        return self.env["recall.objection"].search(
            [("producer_id", "=", self.id), *domain], **options
        )

    def _prepare_objection_digest(self):
        """What the template shows; no VIN and nothing of a visitor.

        :returns: dict of ``new``, ``overdue``, ``open`` (numbers as text), ``rows``
            (receipt number, recall number, due day, whether overdue), ``more``,
            ``url`` and ``lang``
        """
        waiting = self._find_objections([("state", "in", UNANSWERED)])
        overdue = self._find_objections([("overdue", "=", True)])
        rows = (overdue | waiting)[:ROWS]
        more = len(overdue | waiting) - len(rows)
        return {
            # As text: a template leaves a zero out.
            "new": str(len(waiting.filtered(lambda item: item.state == "received"))),
            "open": str(len(waiting)),
            "overdue": str(len(overdue)),
            "rows": [
                (
                    item.receipt,
                    item.plan_id.recall_number,
                    item.due_on.isoformat(),
                    item.overdue,
                )
                for item in rows
            ],
            "more": more > 0 and str(more),
            "url": f"{self.get_base_url()}/odoo/recall-objections",
            "lang": self.env.lang,
        }
