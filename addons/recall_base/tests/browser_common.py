# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import HttpCase

LANGUAGES = ("zh_CN", "en_US")
#: Debian's package lacks this file of `mail`: the bundle says so as an error.
STRIPPED = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


class RecallBrowserCase(HttpCase):
    """Tours through the application's own pages, in both languages.

    Mix it with the records of an add-on, this class first::

        class TestTours(RecallBrowserCase, EnterpriseCommon):
            def test_officer_cannot_release_a_record(self):
                for lang in LANGUAGES:
                    with self.subTest(lang=lang):
                        self.walk("recall_officer", self.officer, lang=lang)
    """

    browser_size = "1366x900"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in LANGUAGES:
            cls.env["res.lang"]._activate_lang(lang)
        modules = [
            name for name in cls.env.registry._init_modules if name.startswith("recall")
        ]
        cls.env["ir.module.module"]._load_module_terms(modules, ["zh_CN"])
        cls.env["ir.asset"].create(
            {
                "name": "stripped from the package",
                "bundle": "web.assets_backend",
                "directive": "remove",
                "path": STRIPPED,
            }
        )

    def walk(self, tour, user, url="/odoo", lang=None):
        """Run a tour as ``user``; what it changed can be read afterwards."""
        user.password = user.login
        if lang:
            user.lang = lang
        self.env.flush_all()
        self.start_tour(url, tour, login=user.login, timeout=90)
        self.env.invalidate_all()
