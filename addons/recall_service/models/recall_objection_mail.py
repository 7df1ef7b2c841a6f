# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallObjection(models.Model):
    """Telling the visitor by mail: the link first, then what became of it.

    A change only notes that a mail is due; a scheduled action puts it into Odoo's mail
    queue in the transaction that takes the note away. Several changes before that are
    told by one mail, which shows the present state.
    """

    _inherit = "recall.objection"

    def _trigger_mails(self):
        # sudo: the public asks, the scheduled action belongs to nobody.
        self.env.ref("recall_service.ir_cron_objection_mail").sudo()._trigger()

    @api.model
    def _cron_mail(self):
        """Make the mails that are due; what fails is tried next time."""
        due = [("mail_due", "=", True)]
        make, failure = type(self)._make_mail, "No mail was made"
        self.env["ir.cron"]._go_through(self, due, make, failure)

    def _make_mail(self):
        template = self.env.ref("recall_service.mail_template_objection")
        self.mail_due = False
        mail = self._queue_mail(template, self.id, self._open_email())
        mail.recall_objection_id = self

    @api.model
    def _queue_mail(self, template, record_id, address):
        """Put one mail into Odoo's queue, as part of no record.

        Producers' accounts read the messages of what they see, and the link in a
        visitor's mail is for the visitor alone.

        :returns: the mail; none where there is no address
        """
        Mail = self.env["mail.mail"]
        if not address:
            return Mail
        values = {
            "email_to": address,
            "recipient_ids": [],
            "model": False,
            "res_id": False,
        }
        mail = Mail.browse(template.send_mail(record_id, email_values=values))
        mail.recall_once = True
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
        return mail

    def _pass_on(self):
        """Note that the producer was told of these: the pages say so, no mail does."""
        self.write({"state": "passed", "passed_at": fields.Datetime.now()})
        self._log_many("pass_on")

    def _get_product(self):
        """Brand and series on one line, as a mail's subject has to be."""
        plan = self.plan_id
        return " ".join(f"{plan.brand} {plan.series}".split())
