# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import nullcontext
from urllib.parse import urlsplit

from lxml import html

from odoo import Command
from odoo.tests import HttpCase

from .common import RecallServiceCommon

CODE = "91350100M000100Y43"
EMAIL = "zs7@partner.example"


class PartnerCommon(RecallServiceCommon):
    """Two data users, each with an account of its own, and an operator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = cls.make_user("ptn_operator", "recall_service.group_operator")
        cls.own = cls.data_user
        cls.other = cls.make_data_user("Other insurer", kind="insurer")
        cls.other_interface = cls.make_interface(cls.other)
        cls.account = cls.make_account("partner_own", cls.own)
        cls.other_account = cls.make_account("partner_other", cls.other)

    @classmethod
    def make_account(cls, login, data_user):
        account = cls.make_user(
            login,
            "recall_service.group_partner",
            email=f"{login}@partner.example",
            password=login,
        )
        data_user.account_ids = [Command.link(account.id)]
        return account

    @classmethod
    def make_application(cls, state="waiting", **vals):
        return cls.env["recall.data.application"].create(
            {
                "name": "Inspection station No. 7",
                "credit_code": CODE,
                "kind": "inspection",
                "contact_name": "Zhang San",
                "email": EMAIL,
                "phone": "021-55550000",
                "purpose": "Open recalls at the annual inspection",
                "legal_basis": "Agreement No. 7",
                "quota_day": 500,
                "allow_many": True,
                "state": state,
                **vals,
            }
        )

    @classmethod
    def add_usage(cls, interface, hour, status=200, requests=1, vins=1, method="one"):
        cls.env.cr.execute(
            """INSERT INTO recall_share_usage (hour, interface_id, data_user_id,
                      method, api_status, request_count, vin_count, answer_bytes)
               VALUES (%s, %s, %s, %s, %s, %s, %s, 0)""",
            (
                hour,
                interface.id,
                interface.data_user_id.id,
                method,
                status,
                requests,
                vins,
            ),
        )

    def run_cron(self, name):
        own = isinstance(self, HttpCase)
        with nullcontext() if own else self.enter_registry_test_mode():
            self.env.ref(f"recall_service.ir_cron_{name}").method_direct_trigger()
        self.env.invalidate_all()

    def get_mails(self, email=EMAIL):
        return self.env["mail.mail"].search([("email_to", "=", email)], order="id")

    def get_link(self, mail, part):
        """Path and query of the mail's link that holds ``part``."""
        links = html.fromstring(mail.body_html).xpath("//a/@href")
        [link] = [link for link in links if part in link]
        parts = urlsplit(link)
        return f"{parts.path}?{parts.query}"
