# SPDX-License-Identifier: LGPL-3.0-only
from contextlib import ExitStack, contextmanager, nullcontext
from unittest.mock import patch
from urllib.parse import urlsplit

from lxml import html

from odoo import Command
from odoo.tests import HttpCase

from odoo.addons.recall_base.tests.common import RecallCommon

from ..models.counter_mixin import meters
from ..models.recall_lookup_guard import FREE, GUARDED_FORM


class BilingualSite:
    """The public site in English and Chinese, English being first."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        languages = [
            cls.env["res.lang"]._activate_lang(code) for code in ("en_US", "zh_CN")
        ]
        cls.env["ir.module.module"]._load_module_terms(["recall_service"], ["zh_CN"])
        cls.env["website"].search([]).write(
            {
                "language_ids": [Command.set([one.id for one in languages])],
                "default_lang_id": languages[0].id,
            }
        )

    def walk_on_screens(self, walk):
        """Walk on a desktop, and on the narrowest phone."""
        for size, touch in (("1280x800", False), ("320x640", True)):
            with self.subTest(screen=size):
                self.browser_size, self.touch_enabled = size, touch
                walk()


class RecallServiceCommon(RecallCommon):
    """A data user with an interface and a live token, beside the shared records."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(meters.clear)
        cls.data_user = cls.make_data_user("Inspection station")
        cls.interface = cls.make_interface(cls.data_user)
        cls.token, cls.secret = cls.issue_share_token(cls.data_user)

    @classmethod
    def leave_forms_unguarded(cls):
        """Ask for no puzzle: what is tested sends many forms from one network."""
        cls.startClassPatcher(patch.dict(FREE, {GUARDED_FORM: 10_000}))

    @classmethod
    def make_data_user(cls, name, **vals):
        return cls.env["recall.data.user"].create(
            {"name": name, "kind": "inspection", "purpose": "Annual inspection", **vals}
        )

    @classmethod
    def make_interface(cls, data_user, **vals):
        return cls.env["recall.share.interface"].create(
            {"name": "Inspection", "data_user_id": data_user.id, **vals}
        )

    @classmethod
    def issue_share_token(cls, data_user, **vals):
        return cls.issue_token("share", "data_user_id", data_user, **vals)

    def share(self, vin_text):
        """Records that the sharing interface has for a VIN."""
        self.env.flush_all()
        secret, api_cfg = self.secret, self.interface.api_cfg
        grant = self.interface._authorise(secret, api_cfg, "share", "127.0.0.1")
        return self.env["recall.share"]._read([vin_text], grant).get(vin_text, [])


class SubscriptionCommon(RecallServiceCommon):
    """Subscribers, and the scheduled actions that write to them."""

    EMAIL = "owner@example.com"

    @classmethod
    def subscribe(cls, email=EMAIL, confirmed=True, **vals):
        """Create a subscription, to the first vehicle unless it is about another."""
        if not {"vin", "plan_id", "brand"} & set(vals):
            vals["vin"] = cls.vins[0]
        subscription = cls.env["recall.subscription"].create({"email": email, **vals})
        if confirmed:
            subscription._confirm()
        return subscription

    def run_cron(self, name):
        # Tests with requests are in that mode all the time.
        own = isinstance(self, HttpCase)
        with nullcontext() if own else self.enter_registry_test_mode():
            cron = self.env.ref(f"recall_service.ir_cron_{name}")
            self.assertEqual(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    def push(self):
        """Find whom to tell and tell them, as the scheduled actions do."""
        self.run_cron("expand")
        self.run_cron("send")

    @contextmanager
    def break_mails(self, to=""):
        """Make every mail fail that would go to an address which holds ``to``."""

        def broken(real):
            def make(record, *args, **options):
                mails = real(record, *args, **options)
                if any(to in (mail.email_to or "") for mail in mails):
                    raise ValueError(mails[0].email_to)
                return mails

            return make

        with ExitStack() as stack:
            for model, method in (
                ("mail.template", "send_mail_batch"),
                ("recall.subscription", "_queue_mails"),
            ):
                owner = self.env.registry[model]
                patched = broken(getattr(owner, method))
                stack.enter_context(patch.object(owner, method, patched))
            yield

    def get_mails(self, email=EMAIL):
        """Mails in Odoo's queue to this address, the oldest first."""
        return self.env["mail.mail"].search([("email_to", "=", email)], order="id")

    def get_links(self, mail):
        """Path and query of the links of a mail, by their last part."""
        links = html.fromstring(mail.body_html).xpath("//a/@href")
        base = self.env["recall.subscription"]._get_site()
        paths = [link.removeprefix(base) for link in links]
        return {urlsplit(path).path.rpartition("/")[2]: path for path in paths}
