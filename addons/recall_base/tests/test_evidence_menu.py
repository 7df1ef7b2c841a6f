# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import tagged

from .menus import MenuCase


@tagged("post_install", "-at_install")
class TestEvidenceMenu(MenuCase):
    """Log and keys have one place, whichever terminals are installed."""

    def test_auditor_finds_no_way_to_the_log(self):
        """X-LOG: an account with no other role opens all that it may read."""
        auditor = self.make_user("menu_auditor", "recall_base.group_auditor")
        self.assertEqual(
            self.open_menus(auditor, "recall_base"),
            [
                "Operation log",
                "Checkpoints of the log",
                "Verifications of the log",
                "Keys",
            ],
        )

    def test_keeper_of_the_records_is_shown_the_log(self):
        """X-CRYPTO: keys and erasing are the keeper's, the log is not."""
        keeper = self.make_user("menu_keeper", "recall_base.group_keeper")
        opened = self.open_menus(keeper, "recall_base")
        self.assertEqual(opened[0], "Keys")
        self.assertEqual(len(opened), 2)
