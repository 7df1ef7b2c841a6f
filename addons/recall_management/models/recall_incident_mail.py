# SPDX-License-Identifier: LGPL-3.0-only
import logging

from odoo import api, fields, models
from odoo.tools import email_split, format_datetime

_logger = logging.getLogger(__name__)

ADDRESSES = "recall_management.alarm_addresses"


class RecallIncident(models.Model):
    """Who is told of incidents, and how (M-MONITOR).

    The producer's technical contact gets a mail about each incident that the producer
    can do something about; the operator gets one mail about all that a run of the watch
    found, however many there are. Both are queued here and sent by the mail queue.
    """

    _inherit = "recall.incident"

    @api.model
    def _tell(self, opened, reminded, closed, now, own):
        """Queue the mails about incidents that have opened, last, or have closed.

        :param bool own: it is probably our own fault: producers get no mail
        """
        # Who is not asked any more has not recovered.
        closed = closed.filtered(
            lambda item: not item.enterprise_id or item.enterprise_id.active
        )
        if not own:
            opened._mail_producers("opened", now)
            reminded._mail_producers("reminded", now)
        closed.filtered("mail_count")._mail_producers("closed", now)
        open_tasks = reminded.filtered(lambda item: not item.acknowledged_id)
        self._mail_operator(
            {"opened": opened, "reminded": open_tasks, "closed": closed}
        )
        for incident in reminded:
            incident.days_left = incident._get_days_left(now)
        (opened | reminded | closed).told_at = now
        # sudo: what is queued shall be sent soon, not in the mail queue's next hour.
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()

    # === To the producer === #

    def _mail_producers(self, event, now):
        template = self.env.ref("recall_management.mail_template_incident")
        for incident in self:
            with incident._guard_mail():
                incident._mail_producer(template, event, now)

    def _mail_producer(self, template, event, now):
        if not self._concerns_producer():
            return
        addresses, lang = self.enterprise_id._get_technical_contact()
        if not addresses:
            return
        alarm = self.with_context(lang=lang)._prepare_alarm(event)
        values = {"email_to": ", ".join(addresses), "recipient_ids": []}
        self._queue(template, {**alarm, "lang": lang}, values)
        self.mail_count += 1
        self.last_mail_at = now

    def _prepare_alarm(self, event):
        """What the templates show of an incident, in the language of the context.

        Every value is text, or empty.
        """
        return {
            "event": event,
            "title": self._get_title(event),
            "terminal": self.enterprise_id.name or self.env._("Management terminal"),
            "contact": self.enterprise_id.technical_name or "",
            "address": self.enterprise_id.url or "",
            "kind": dict(self._fields["kind"]._description_selection(self.env))[
                self.kind
            ],
            "trouble": self.trouble,
            "advice": self.advice,
            "error": self.error or "",
            "since": self._format(self.first_cycle_at or self.opened_at),
            "until": self._format(self.closed_at),
            "success": self._format(self.enterprise_id.last_success_at),
            "expiry": self._format(
                self.kind in ("certificate", "token") and self._get_expiry()
            ),
            "url": f"{self.get_base_url()}/odoo/recall-incidents/{self.id}",
            "reached": not self._concerns_producer()
            or bool(self.enterprise_id._get_technical_contact()[0]),
        }

    def _get_title(self, event):
        return {
            "opened": self.env._("Alarm"),
            "reminded": self.env._("Still not solved"),
            "closed": self.env._("Solved"),
        }[event]

    def _format(self, moment):
        zone = self.enterprise_id.producer_id.timezone or "Asia/Shanghai"
        return format_datetime(self.env, moment, tz=zone) if moment else ""

    # === To the operator === #

    @api.model
    def _mail_operator(self, events):
        """Queue one mail about everything.

        :param events: dict event -> incidents
        """
        every = self.browse().union(*events.values())
        if not every:
            return
        template = self.env.ref("recall_management.mail_template_incident_operator")
        operators = self._get_operators()
        if not operators:
            _logger.warning("No officer has a mail address: the alarm reaches nobody")
        for lang, values in operators:
            rows = self.with_context(lang=lang)._prepare_rows(events)
            counts = {event: len(incidents) for event, incidents in events.items()}
            summary = {
                "rows": rows,
                "lang": lang,
                "title": self.with_context(lang=lang)._get_summary(counts, rows),
            }
            # No part of an incident: producers' accounts read what stands at theirs.
            nowhere = {"model": False, "res_id": False, "recall_alone": True}
            with every[:1]._guard_mail():
                every[:1]._queue(template, summary, {**values, **nowhere})

    @api.model
    def _prepare_rows(self, events):
        """``_prepare_alarm`` of each incident, but of those where it fails."""
        rows = []
        for event, incidents in events.items():
            for incident in incidents.with_env(self.env):
                with incident._guard_mail():
                    rows.append(incident._prepare_alarm(event))
        return rows

    @api.model
    def _get_summary(self, counts, rows):
        """Subject of the operator's mail: the incident, or how many there are."""
        if len(rows) == 1:
            return " · ".join(rows[0][part] for part in ("title", "terminal", "kind"))
        return self.env._(
            "Terminals: %(opened)s alarms, %(reminded)s not solved, %(closed)s solved",
            **counts,
        )

    @api.model
    def _get_operators(self):
        """Receivers by language: list of ``(lang, values of the mail)``.

        The addresses in the settings, or where there are none the officers.
        """
        # sudo: parameters are the administrator's.
        text = self.env["ir.config_parameter"].sudo().get_param(ADDRESSES) or ""
        if addresses := email_split(text):
            values = {"email_to": ", ".join(addresses), "recipient_ids": []}
            return [(self.env["recall.enterprise"]._find_lang(), values)]
        officers = self._get_officers().filtered("email")
        return [
            (
                lang,
                {
                    "email_to": False,
                    "recipient_ids": [fields.Command.set(users.partner_id.ids)],
                },
            )
            for lang, users in officers.grouped("lang").items()
        ]

    def _queue(self, template, alarm, values):
        template.with_context(alarm=alarm).send_mail(self.id, email_values=values)

    def _guard_mail(self):
        """One terminal, or a template that somebody broke, stops no other mail."""
        return self.env["ir.cron"]._guard(self, "No alarm was mailed")
