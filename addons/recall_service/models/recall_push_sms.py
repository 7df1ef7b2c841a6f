# SPDX-License-Identifier: LGPL-3.0-only
import logging
import uuid
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.recall_base.tools import cipher, short_message

from .sms_failure_mixin import NO_NUMBER

_logger = logging.getLogger(__name__)

#: Subscribers whose messages are handed over between two commits.
BATCH = 50
#: After this time a message that is still being sent was cut off.
CUT_OFF = timedelta(minutes=5)
#: Characters of a VIN that a short message tells: enough for the owner.
VIN_TAIL = 6


class RecallPush(models.Model):
    """Short messages: handed to Odoo's provider class, at most once each.

    That a message is being sent is committed before it leaves, what became of it after.
    A server that dies in between leaves it "being sent": it may have gone out, so a
    person decides. All that is due to a subscriber comes in one message.
    """

    _name = "recall.push"
    _inherit = ["recall.push", "recall.sms.failure.mixin"]

    state = fields.Selection(
        selection_add=[("waiting",), ("sending", "Being sent"), ("sent",)],
        ondelete={"sending": "set default"},
    )

    @api.depends("failure", "unclear")
    @api.depends_context("lang")
    def _compute_failure_text(self):
        super()._compute_failure_text()

    def _get_failure_code(self):
        """Extension: what a server's end left behind got no answer."""
        was_cut_off = self.channel == "sms" and self.unclear
        return self.failure or (was_cut_off and short_message.NO_ANSWER)

    @api.depends("state", "failure", "channel", "next_try_at")
    def _compute_unclear(self):
        """Extension: short messages that were cut off, or got no answer."""
        short = self.filtered(lambda push: push.channel == "sms")
        super(RecallPush, self - short)._compute_unclear()
        unclear = short.filtered_domain(self._get_unclear_domain())
        short.unclear = False
        unclear.unclear = True

    def _search_unclear(self, operator, value):
        found = super()._search_unclear(operator, value)
        if found is NotImplemented:
            return found
        mails, short = Domain(found), Domain(self._get_unclear_domain())
        return mails | short if True in value else mails & ~short

    def _get_unclear_domain(self):
        return Domain("state", "=", "sending") & (
            Domain("failure", "!=", False)
            | Domain("next_try_at", "<", fields.Datetime.now() - CUT_OFF)
        )

    # === Sending === #

    @api.model
    def _cron_sms(self):
        """Send the short messages that are due, some subscribers at a time."""
        Cron = self.env["ir.cron"]
        domain = self._get_waiting_domain("sms")
        Cron._commit_progress(remaining=self.search_count(domain))
        last = 0
        while groups := self._read_group(
            domain & Domain("subscriber_id.id", ">", last),
            ["subscriber_id"],
            ["id:recordset"],
            order="subscriber_id",
            limit=BATCH,
        ):
            last = groups[-1][0].id
            due = self.browse(push.id for _who, pushes in groups for push in pushes)
            if not due.try_lock_for_update()._send_short():
                # It is not asked again at once, but when the action is next due.
                Cron._commit_progress(len(due), remaining=0)
                return
            if not Cron._commit_progress(len(due)):
                return

    def _send_short(self):
        """Send these messages; returns whether the gateway takes more."""
        batch = self._pick_wanted()._write_short()
        if not batch:
            return True
        told = self.browse(push.id for _message, pushes in batch for push in pushes)
        for push in told:
            push.attempts += 1
        told.write(
            {
                "state": "sending",
                "failure": False,
                "next_try_at": fields.Datetime.now(),
            }
        )
        # From here on nobody may send it again by itself, whatever ends the server.
        Cron = self.env["ir.cron"]
        Cron._commit_progress()
        answers = short_message.hand_over(
            self.env.company._get_sms_api_class()(self.env),
            [message for message, _pushes in batch],
        )
        if not Cron._commit_guarded(partial(told._note_answers, batch, answers)):
            _logger.warning("Answers about %s messages are lost", len(batch))
        return all(
            answer.state in (short_message.SENT, short_message.REFUSED)
            for answer in answers.values()
        )

    def _write_short(self):
        """Write one message a subscriber: list of ``(ShortMessage, messages)``."""
        keys = cipher.KeyRing.from_environment()
        batch = []
        for subscriber, pushes in self.grouped("subscriber_id").items():
            try:
                number = subscriber._prepare_number(keys)
            except cipher.SealError as error:
                _logger.error("Subscriber %s: %s", subscriber.id, error.message)
                if error.code == "key":
                    pushes._note_unreadable(subscriber.phone_sealed, NO_NUMBER)
                else:
                    pushes.write({"state": "failed", "failure": NO_NUMBER})
                continue
            text = pushes._tell_short(subscriber)
            message = short_message.ShortMessage(uuid.uuid4().hex, number, text)
            batch.append((message, pushes))
        return batch

    def _tell_short(self, subscriber):
        """Text of the message that tells a subscriber of these recalls."""
        told = self.with_context(lang=subscriber.lang)
        values = {
            "site": f"{self.env['recall.subscription']._get_site()}/recall",
            "stop": subscriber._get_short_url(),
        }
        plans = told.plan_id
        if len(plans) > 1:
            return told.env._(
                "Vehicle recalls: %(count)s recalls concern what you watch. See them "
                "under %(site)s/my-vehicles – To end these messages: %(stop)s",
                count=len(plans),
                **values,
            )
        push = told.sorted(lambda push: push.event != "vehicle")[0]
        values |= {"number": plans.recall_number, "product": push._get_product()}
        if push.event == "vehicle":
            return told.env._(
                "Vehicle recall %(number)s (%(product)s): your vehicle, VIN ending in "
                "%(vin)s, is in its scope. The repair is free of charge. What to do: "
                "%(site)s – To end these messages: %(stop)s",
                vin=push.subscription_id.vin[-VIN_TAIL:],
                **values,
            )
        return told.env._(
            "New vehicle recall %(number)s: %(product)s. Check your vehicle under "
            "%(site)s – To end these messages: %(stop)s",
            **values,
        )

    def _note_answers(self, batch, answers):
        """Note what became of a batch, but for messages that went meanwhile.

        :param batch: as returned by ``_write_short``
        :param dict answers: reference -> ``short_message.Answer``
        """
        sending = self.exists().filtered(lambda push: push.state == "sending")
        for message, pushes in batch:
            (pushes & sending)._settle_short(answers[message.reference])
        self.env["recall.audit.event"]._record("push.sms", self, count=len(self))

    def _settle_short(self, answer):
        """Note what became of one short message."""
        if answer.state == short_message.SENT:
            self._note_sent()
        elif answer.state == short_message.UNCLEAR:
            self.failure = answer.code
        elif answer.state == short_message.REFUSED:
            self.write({"state": "failed", "failure": answer.code})
        else:
            for push in self:
                push._wait_again(answer.code)

    def action_retry(self):
        """Extension: a person decided to send an unclear short message again."""
        self.check_access("write")
        self.filtered(lambda push: push.channel == "sms" and push.unclear).write(
            {"state": "failed"}
        )
        super().action_retry()
        # sudo: the scheduled action belongs to nobody.
        self.env.ref("recall_service.ir_cron_sms").sudo()._trigger()
