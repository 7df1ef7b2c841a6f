# SPDX-License-Identifier: LGPL-3.0-only
from .common import EnterpriseHttpCase


class EnterpriseBrowserCase(EnterpriseHttpCase):
    """Tours through the application's own pages, in both languages."""

    browser_size = "1366x900"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("zh_CN")
        cls.env["res.lang"]._activate_lang("en_US")
        # Debian's package lacks a file of `mail`: the bundle would say so as an error.
        cls.env["ir.asset"].create(
            {
                "name": "stripped from the package",
                "bundle": "web.assets_backend",
                "directive": "remove",
                "path": "mail/static/lib/selfie_segmentation/selfie_segmentation.js",
            }
        )
