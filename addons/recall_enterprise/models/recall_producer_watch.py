# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models
from odoo.tools import format_datetime

from odoo.addons.recall_base.tools import deadline

from .recall_completion_deadline import STUCK


class RecallProducer(models.Model):
    """The watch on the limit of clause 7.3: a mail to the reviewers, once a day."""

    _name = "recall.producer"
    _inherit = ["recall.producer", "recall.kept.fields.mixin"]
    _kept_fields = {"warned_on", "archived_until"}

    warning_mail = fields.Boolean(
        string="Warn of late reports by mail",
        default=True,
        help="Reviewers get a mail when reports are due by midnight or late.",
    )
    warning_hour = fields.Integer(
        string="Warning at",
        default=16,
        aggregator=None,
        help="Full hour (0 to 23) in the producer's time zone.",
    )
    warned_on = fields.Date(
        string="Last warning looked for on", readonly=True, copy=False
    )
    archived_until = fields.Datetime(
        readonly=True,
        copy=False,
        help="Reports confirmed up to then have been archived for their age.",
    )

    _warning_hour_range = models.Constraint(
        "CHECK(warning_hour BETWEEN 0 AND 23)", "Choose a full hour from 0 to 23."
    )

    def _cron_warn(self):
        """Warn the reviewers of each producer whose hour has come."""
        due = self.search([("warning_mail", "=", True)]).filtered(
            lambda producer: deadline.is_daily_due(
                producer.timezone, producer.warning_hour, producer.warned_on
            )
        )
        failure = "Reviewers were not warned"
        self.env["ir.cron"]._do_each(due, type(self)._warn, failure)

    def _warn(self):
        """Tell the reviewers what is due by midnight or late; nothing, if nothing."""
        self.ensure_one()
        self.warned_on = deadline.today(self.timezone)
        counts = self.env["recall.completion"]._count_owed(self)
        owed = {
            reason: (numbers[0], numbers[1])
            for (_producer, reason), numbers in counts.items()
            if numbers[0] or numbers[1]
        }
        reviewers = self._get_reviewers()
        if not owed or not reviewers:
            return
        for reviewer in reviewers:
            self.with_context(lang=reviewer.lang)._send_warning(reviewer, owed)
        self.env["recall.audit.event"]._record(
            "producer.warn",
            self,
            due=sum(due for due, _late in owed.values()),
            late=sum(late for _due, late in owed.values()),
            accounts=reviewers.ids,
        )

    def _get_reviewers(self):
        """Reviewers with this producer; where there are none, the administrators."""
        Users = self.env["res.users"]
        reviewer = self.env.ref("recall_enterprise.group_reviewer")
        administrator = self.env.ref("recall_enterprise.group_administrator")
        own = Users.search(
            [
                ("all_group_ids", "in", reviewer.ids),
                ("recall_producer_ids", "in", self.ids),
            ]
        )
        people = own or Users.search([("all_group_ids", "in", administrator.ids)])
        return people.filtered("email") - self.env.ref("base.user_root")

    def _send_warning(self, reviewer, owed):
        names = dict(
            self.env["recall.completion"]
            ._fields["stuck"]
            ._description_selection(self.env)
        )
        warning = {
            # As texts: a template leaves a zero out.
            "due": str(sum(due for due, _late in owed.values())),
            "late": str(sum(late for _due, late in owed.values())),
            "rows": [
                (names[reason], *map(str, owed[reason]))
                for reason, _name in STUCK
                if reason in owed
            ],
            "why": self._explain_silence() if {"confirmed", "sent"} & {*owed} else "",
            "url": f"{self.get_base_url()}/odoo/recall-deadlines",
            "lang": reviewer.lang,
        }
        template = self.env.ref("recall_enterprise.mail_template_deadline")
        template.with_context(warning=warning).send_mail(
            self.id,
            email_values={
                "recipient_ids": [fields.Command.set(reviewer.partner_id.ids)],
                "email_to": False,
            },
        )

    def _explain_silence(self):
        """Say why confirmed reports do not get away, in the language of the context."""
        self.ensure_one()
        interface = self.interface_ids.filtered(lambda item: item.purpose == "sync")[:1]
        if not interface:
            return self.env._(
                "No synchronisation interface is open: the regulator cannot ask. Open "
                "it under Synchronisation, Data interfaces."
            )
        asked = interface._get_last_request()
        if not asked:
            return self.env._("The regulator has not asked this interface yet.")
        return self.env._(
            "The regulator asked last at %(time)s.",
            time=format_datetime(self.env, asked, tz=self.timezone),
        )
