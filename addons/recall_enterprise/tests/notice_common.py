# SPDX-License-Identifier: LGPL-3.0-only
import itertools
from contextlib import nullcontext
from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from odoo.addons.recall_base.tests.common import RecallCommon
from odoo.addons.recall_base.tests.smtp_common import SmtpCommon

from .notice_gateway import Gateway

_numbers = itertools.count(1)

TEXT = "{owner} {vins} {recall_number} {free_of_charge} {hotline}"


class NoticeCommon(SmtpCommon, RecallCommon):
    """A producer with a public page, ten open vehicles, and factories of contacts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Rounds that others left in the database are none of these tests' business.
        running = cls.env["recall.notice.round"].search([("state", "=", "running")])
        running.state = "stopped"
        cls.producer.write(
            {
                "hotline": "400-123-4567",
                "public_url": "https://recall.example.cn/recall",
            }
        )
        own = {"recall_producer_ids": cls.producer.ids}
        # Set before a mail server listens: Odoo tells accounts of such changes by mail.
        cls.clerk, cls.reviewer, cls.dealer_user, cls.trusted = (
            cls.make_user(f"notice_{name}", groups, **own)
            for name, groups in (
                ("clerk", "recall_enterprise.group_clerk"),
                ("reviewer", "recall_enterprise.group_reviewer"),
                ("dealer", "recall_enterprise.group_dealer"),
                (
                    "trusted",
                    "recall_enterprise.group_clerk,recall_base.group_personal_data",
                ),
            )
        )

    @classmethod
    def make_contact(cls, vin, producer=None, **vals):
        number = next(_numbers)
        return cls.env["recall.owner.contact"].create(
            {
                "producer_id": (producer or cls.producer).id,
                "vin": vin,
                "name": f"张{number}",
                "phone": f"138{number:08}",
                "email": f"owner{number}@example.com",
                "address": f"上海市浦东新区示例路{number}号",
                **vals,
            }
        )

    @classmethod
    def make_contacts(cls, vins, **vals):
        return cls.env["recall.owner.contact"].union(
            *(cls.make_contact(vin, **vals) for vin in vins)
        )

    @classmethod
    def make_round(cls, channel="mail", **vals):
        return cls.env["recall.notice.round"].create(
            {
                "plan_id": cls.plan.id,
                "channel": channel,
                "sender": "recall@producer.example",
                "subject_zh": "召回 {recall_number}",
                "subject_en": "Recall {recall_number}",
                "body_zh": f"召回通知 {TEXT}",
                "body_en": f"Notice {TEXT}",
                **vals,
            }
        )

    @classmethod
    def start(cls, notice_round):
        notice_round.action_check()
        notice_round.action_start()
        return notice_round

    def make_done(self, channel="mail"):
        """A round that was sent, without sending: five owners, five without."""
        notice_round = self.start(self.make_round(channel))
        told = notice_round.notice_ids.filtered(lambda one: one.state == "queued")
        past = fields.Datetime.now() - timedelta(days=40)
        told.write({"state": "sent", "sent_at": past, "handed_at": past})
        notice_round._finish_done()
        return notice_round

    def run_sender(self):
        """Run the scheduled action, as the server does."""
        self.run_cron("recall_enterprise.ir_cron_notice_send")

    def run_cron(self, name):
        self.env.flush_all()
        entered = getattr(self, "registry_test_mode", False)  # HttpCase does at once
        with nullcontext() if entered else self.enter_registry_test_mode():
            self.env.ref(name).method_direct_trigger()
        self.env.invalidate_all()

    def states(self, notice_round):
        """VIN -> state of the round's notices."""
        self.env.invalidate_all()
        return {notice.vin: notice.state for notice in notice_round.notice_ids}

    def get_notice(self, notice_round, vin):
        return notice_round.notice_ids.filtered(lambda notice: notice.vin == vin)

    def events(self, action):
        return self.env["recall.audit.event"].search([("action", "=", action)])

    def use_gateway(self):
        """Make Odoo send short messages through a class that keeps them."""
        gateway = type("Gateway", (Gateway,), {})
        self.startPatcher(
            patch.object(
                type(self.env["res.company"]),
                "_get_sms_api_class",
                lambda company: gateway,
            )
        )
        return gateway

    def report_sms(self, reference, status):
        """Take a delivery report as Odoo's route /sms/status does."""
        tracker = self.env["sms.tracker"].search([("sms_uuid", "=", reference)])
        state = self.env["sms.sms"].IAP_TO_SMS_STATE_SUCCESS.get(status)
        if state:
            tracker._action_update_from_sms_state(state)
        else:
            tracker._action_update_from_provider_error(status)
