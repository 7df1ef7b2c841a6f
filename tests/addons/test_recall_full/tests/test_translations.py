# SPDX-License-Identifier: LGPL-3.0-only
import io
import json
import pathlib
import re

import polib

from odoo.modules import Manifest
from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import trans_export

from .approved import OWN_MODULES

#: Terms that are written the same in both languages, so that no file translates them.
SAME = set(json.loads(pathlib.Path(__file__).with_name("same_terms.json").read_text()))
#: Terms of fields that website and SMS add to records with a chatter.
OF_CORE = {
    "Website Messages",
    "Website communication history",
    "SMS Delivery error",
}
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]")


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """People read the product in Chinese: nothing of it may be left in English."""

    def _terms(self, module):
        """Every term of an add-on as it is installed."""
        stream = io.BytesIO()
        trans_export(False, [module], stream, "po", self.env)
        entries = polib.pofile(stream.getvalue().decode())
        return {entry.msgid for entry in entries} - SAME - OF_CORE

    def _chinese(self, module):
        path = pathlib.Path(Manifest.for_addon(module).path, "i18n", "zh_CN.po")
        self.assertTrue(path.exists(), f"there is no {path}")
        entries = polib.pofile(str(path))
        return {
            entry.msgid: entry.msgstr for entry in entries if entry.msgid not in SAME
        }

    def test_term_has_no_chinese_translation(self):
        """S-QUERY: every term of every add-on has a Chinese translation."""
        for module in OWN_MODULES:
            with self.subTest(module=module):
                chinese = self._chinese(module)
                lacking = {
                    term for term in self._terms(module) if not chinese.get(term)
                }
                self.assertEqual(sorted(lacking), [])

    def test_add_on_presents_itself_in_english_alone_or_in_ruins(self):
        """S-QUERY: its page in the list of apps, which Odoo makes of a README that it
        takes for another markup where there is no such page."""
        for module in OWN_MODULES:
            with self.subTest(module=module):
                record = self.env["ir.module.module"].search([("name", "=", module)])
                self.assertIn("GB/T 41047-2021", record.description_html)
                self.assertIn("召回追溯：", record.description_html)
                self.assertNotIn("---", record.description_html)

    def test_translation_lost_a_placeholder(self):
        """S-QUERY: what is filled into a sentence is the same in both languages."""
        for module in OWN_MODULES:
            with self.subTest(module=module):
                for term, chinese in self._chinese(module).items():
                    self.assertEqual(
                        sorted(_PLACEHOLDER.findall(chinese)),
                        sorted(_PLACEHOLDER.findall(term)),
                        term,
                    )
