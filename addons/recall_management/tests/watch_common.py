# SPDX-License-Identifier: LGPL-3.0-only
from datetime import datetime, time, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields

from odoo.addons.recall_base.tools.http_client import Answer

from ..models import recall_enterprise_pull
from .common import PullCommon, make_answer, make_page

OPERATOR = "operator@regulator.example"


class WatchCommon(PullCommon):
    """Terminals on a simulated clock: ``ask`` is one cycle, ``wait`` moves the clock.

    The clock starts at 10:00 in Shanghai, on the day after the real one (the database
    server's clock is not moved).
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param(
            "recall_management.alarm_addresses", OPERATOR
        )
        cls.env["recall.incident"].search([]).unlink()
        # The sealer has kept up, as it does on a running server.
        cls.env["recall.audit.seal"]._cron_seal()
        cls.watch_cron = cls.env.ref("recall_management.ir_cron_watch")
        tomorrow = fields.Date.today() + timedelta(days=1)
        cls.start = datetime.combine(tomorrow, time(2))
        cls.enterprise.write({"technical_email": "tech@producer.example"})

    def setUp(self):
        super().setUp()
        self.clock = self.enterContext(freeze_time(self.start))
        self.first_mail = (
            self.env["mail.mail"].search([], limit=1, order="id desc").id or 0
        )

    def wait(self, **duration):
        self.clock.tick(timedelta(**duration))

    def add_terminals(self, count):
        """Terminals of other producers, each with a technical contact of its own."""
        terminals = self.env["recall.enterprise"]
        for _ in range(count):
            producer = self.make_producer()
            terminals |= self.make_enterprise(
                producer, technical_email=f"tech{producer.id}@producer.example"
            )
        return terminals

    def ask(self, *pages, watch=True):
        """Ask terminals once and let the watch look at them.

        :param pages: ``(terminals, page as of mock_peer)``; without, the only
            terminal answers with no records
        """
        pages = pages or ((self.enterprise, []),)
        answers, asked = {}, self.env["recall.enterprise"]
        for terminals, page in pages:
            answers |= dict.fromkeys(terminals.mapped("url"), page)
            asked |= terminals

        def post(url, _payload):
            return make_answer(answers[url])

        asked.next_pull_at = datetime(2000, 1, 1)
        with (
            patch.object(recall_enterprise_pull, "_peer_post", lambda: post),
            patch.object(type(self.env["recall.intake"]), "_take_in", self._quick()),
            self.enter_registry_test_mode(),
        ):
            self.assertIs(self.cron.method_direct_trigger(), True)
        self.env.invalidate_all()
        if watch:
            self.watch()

    def _quick(self):
        """``_take_in`` that does without the database's work where nothing came."""
        original = type(self.env["recall.intake"])._take_in

        def take_in(model, enterprise, fetched, parsed):
            if parsed.records or parsed.refused:
                return original(model, enterprise, fetched, parsed)
            return model.env["recall.exchange"].create(
                {
                    "enterprise_id": enterprise.id,
                    "started_at": fields.Datetime.now(),
                    "outcome": "success",
                }
            )

        return take_in

    def watch(self):
        """Have the watch run, the minute after a run of the pull if that is on."""
        if self.cron.active:
            self.env["recall.heartbeat"]._beat("pull")
        with self.enter_registry_test_mode():
            self.assertIs(self.watch_cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    def cycles(self, count, *pages, minutes=10):
        """Several cycles; the clock stands ``minutes`` behind the last one."""
        for _ in range(count):
            self.ask(*pages)
            self.wait(minutes=minutes)

    def get_incidents(self, terminals=None, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        if terminals is not None:
            domain.append(("enterprise_id", "in", terminals.ids))
        return self.env["recall.incident"].search(domain)

    def take_mails(self):
        """Mails queued since the last call: list of ``(receiver, subject, body)``."""
        mails = self.env["mail.mail"].search(
            [("id", ">", self.first_mail)],
            order="id",
        )
        self.first_mail = max([self.first_mail, *mails.ids])
        return [(mail.email_to, mail.subject, mail.body_html) for mail in mails]

    def take_receivers(self):
        return sorted(mail[0] for mail in self.take_mails())


def slow_answer(seconds, records=(), expires=None):
    """An answer that took so long, from a host whose certificate ends then."""
    answer = make_answer(make_page(records))
    return Answer(200, answer.body, seconds, expires or answer.certificate_expires)
