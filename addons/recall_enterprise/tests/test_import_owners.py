# SPDX-License-Identifier: LGPL-3.0-only
import base64

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.recall_base.tests.import_common import ImportCommon

from .common import EnterpriseCommon

HEADER = ("车架号", "车主姓名", "手机号码", "电子邮箱", "通讯地址", "语言")


@tagged("post_install", "-at_install")
class TestImportOwners(ImportCommon, EnterpriseCommon):
    """Owner contacts by file, from the upload to the end, as a clerk does it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.make_user(
            "owners_clerk",
            "recall_enterprise.group_clerk",
            recall_producer_ids=cls.producer.ids,
        )

    def make_job(self, file=None, name="owners.csv", user=None, **vals):
        vals = {"kind": "owners", "plan_id": False, **vals}
        vals.setdefault("producer_id", self.producer.id)
        return super().make_job(file, name, user or self.clerk, **vals)

    def import_rows(self, *rows, form="csv"):
        make = self.make_csv if form == "csv" else self.make_xlsx
        return self.take_in(make(rows, HEADER))

    def find(self, *vins):
        return self.env["recall.owner.contact"].search(
            [("vin", "in", vins), ("producer_id", "=", self.producer.id)],
            order="vin",
        )

    def test_owners_of_a_file_are_not_taken_in(self):
        """E-NOTIFY: a clerk's file of owners is taken in; again, it changes nothing."""
        for form, vin in (("csv", self.vins[0]), ("xlsx", self.vins[1])):
            with self.subTest(form=form):
                row = (vin, "张三", "13986420357", "", "上海市示例路3号", "中文")
                job = self.import_rows(row, form=form)
                self.assertEqual(self.counts(job), ("done", 1, 1, 0, 0))
                contact = self.find(vin)
                self.assertEqual(
                    contact._open(),
                    {
                        "name": "张三",
                        "phone": "13986420357",
                        "email": "",
                        "address": "上海市示例路3号",
                    },
                )
                before = contact.changed_at
                again = self.import_rows(row, form=form)
                self.assertEqual(self.counts(again), ("done", 1, 0, 1, 0))
                self.assertEqual(self.find(vin).changed_at, before)

    def test_bad_row_is_dropped_without_a_word(self):
        """E-NOTIFY: what is wrong with a row is told, with the cell, masked."""
        vins = self.vins
        job = self.import_rows(
            (vins[0], "张三", "13986420357", "", "", ""),
            (vins[1], "", "", "", "", ""),
            (vins[2], "", "139864", "", "", ""),
            (vins[3], "", "", "nobody", "", ""),
            (vins[4], "", "13986420358", "", "", "Klingon"),
            ("", "", "13986420359", "", "", ""),
        )
        self.assertEqual(self.counts(job), ("done", 6, 1, 0, 5))
        codes = {row: code for row, _column, _value, code in self.reasons(job)}
        self.assertEqual(
            codes,
            {
                3: "contact_empty",
                4: "phone_format",
                5: "email_format",
                6: "contact_language",
                7: "cell_missing",
            },
        )
        self.assertEqual(self.find(*vins).vin, vins[0])

    def test_file_or_job_holds_an_owner_s_data_in_clear(self):
        """X-ACCESS: neither pieces, samples nor refused rows show who an owner is."""
        email = "hidden@example.com"
        job = self.make_job(
            self.make_csv(
                [
                    (self.vins[0], "欧阳无敌", "13986420357", email, "示例路3号", "xx"),
                    (self.vins[1], "欧阳无敌", "13986420357", email, "示例路3号", ""),
                ],
                HEADER,
            )
        )
        pieces = "".join(job.sudo().chunk_ids.mapped("sealed"))
        job.action_start()
        self.run_imports()
        self.assertEqual(job.taken_count, 1)
        shown = [*job.column_ids.mapped("sample"), *job.error_ids.mapped("value")]
        contact = self.find(self.vins[1])
        self.env.cr.execute(
            "SELECT row_to_json(contact)::text FROM recall_owner_contact contact"
            " WHERE id = %s",
            [contact.id],
        )
        shown += [pieces, self.env.cr.fetchone()[0]]
        for secret in ("无敌", "1398642", email, "示例路3号"):
            self.assertNotIn(secret, "".join(map(str, shown)))
            self.assertNotIn(base64.b64encode(secret.encode()).decode(), pieces)
        self.assertFalse(job.sudo().chunk_ids)

    def test_other_producer_s_owners_are_imported(self):
        """X-ACCESS: a clerk imports owners of its own producers only."""
        foreign = self.make_producer()
        with self.assertRaises(AccessError):
            self.make_job(producer_id=foreign.id)

    def test_dealer_or_stranger_imports_owners(self):
        """X-ACCESS: whoever is no clerk makes no such job."""
        for group in ("recall_base.group_reader", "base.group_user"):
            user = self.make_user(f"owners_{group}", group)
            with self.subTest(group=group), self.assertRaises(AccessError):
                self.make_job(user=user)
