# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestStaff(TransactionCase):
    def test_role_is_not_staff(self):
        """X-ACCESS: each role of the suite has the second factor and the time-outs.

        Both come with one group, which every role of people at a back office implies.
        """
        staff = self.env.ref("recall_base.group_staff")
        roles = self.env["res.groups"].search(
            [("all_implied_ids", "in", self.env.ref("base.group_user").ids)]
        )
        names = roles._get_external_ids()
        for role in roles.filtered(
            lambda group: any(name.startswith("recall_") for name in names[group.id])
        ):
            with self.subTest(role=names[role.id]):
                self.assertIn(staff, role.all_implied_ids)
        timeouts = staff._get_lock_timeouts()
        self.assertEqual(timeouts["lock_timeout_inactivity"], [(15 * 60, False)])
        self.assertEqual(timeouts["lock_timeout"], [(12 * 3600, True)])
