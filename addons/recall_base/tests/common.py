# SPDX-License-Identifier: LGPL-3.0-only
import itertools
import os
import pathlib
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL

from ..tools import cipher, key_file, vin

#: What goes wrong with a record within a scheduled action is logged here.
GUARD_LOGGER = "odoo.addons.recall_base.models.ir_cron"

# Serial numbers of the VINs made here, and sequences of the recall numbers: one
# counter for the process, so that no two calls meet.
_serials = itertools.count(1)
_sequences = itertools.count(1)


def _go_on(*_args, **_kwargs):
    """What a scheduled action is told after each step: there is time left."""
    return 60


class RecallCommon(TransactionCase):
    """Records that every add-on's tests need, and factories for more of them.

    Ready are ``producer``, ``dealer`` (the producer's, named in the filing), ``plan``
    (published, one product line, one part) and ``vins``: ten made-up VINs in its scope.
    A key file of its own is in force. No fixture depends on demo data.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True))
        cls.key_file = cls._provide_keys()
        cls._provide_wmi()
        cls.producer = cls.make_producer()
        cls.dealer = cls.make_dealer(cls.producer)
        cls.plan = cls.make_plan(cls.producer)
        cls.vins = cls.add_vehicles(cls.plan, 10)

    @classmethod
    def _provide_keys(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        path = pathlib.Path(folder) / "keys.json"
        key_file.generate_key_file(path)
        cls.startClassPatcher(patch.dict(os.environ, {cipher.ENVIRONMENT: str(path)}))
        return path

    def rotate_keys(self, *uses, year=None):
        """Add keys to the key file as an administrator does, for this test."""
        self.addCleanup(self._restore_keys, self.key_file.read_bytes())
        return key_file.rotate(self.key_file, uses, year)

    def _restore_keys(self, content):
        fresh = self.key_file.with_suffix(".fresh")
        fresh.touch(0o600)
        fresh.write_bytes(content)
        fresh.replace(self.key_file)

    def reseal(self, later=timedelta()):
        """Run the scheduled action that seals anew, some time after now."""
        now = fields.Datetime.now() + later
        with (
            patch.object(type(self.env["ir.cron"]), "_commit_progress", _go_on),
            patch.object(fields.Datetime, "now", lambda: now),
        ):
            self.env["recall.reseal"]._cron_run()
        self.env.invalidate_all()

    def assertMoved(self, read, *records):
        """After a rotation of all keys the records are under the new one, and open.

        :param read: function that opens a record
        """
        old = cipher.KeyRing.from_environment()
        before = [read(one) for one in records]
        self.rotate_keys()
        self.reseal()
        new = cipher.KeyRing.from_environment()
        key_file.retire(self.key_file, old.active["seal"], ["seal"])
        self.assertEqual([read(one) for one in records], before)
        self.assertTrue(all(before))
        return new

    @classmethod
    def _provide_wmi(cls):
        """Put the WMI of the VINs made here in the list: a check would warn of it."""
        Wmi = cls.env["recall.wmi"]
        if not Wmi.search_count([("code", "=", "LTZ")]):
            Wmi.create({"code": "LTZ", "manufacturer": "Test"})

    @classmethod
    def make_producer(cls, name=None, **vals):
        return cls.env["recall.producer"].create(
            {
                "name": name or f"Producer {next(_sequences)}",
                "hotline": "400-000-0000",
                **vals,
            }
        )

    @classmethod
    def make_dealer(cls, producer, name=None, **vals):
        return cls.env["recall.dealer"].create(
            {
                "producer_id": producer.id,
                "name": name or f"Dealer {next(_sequences)}",
                "region": "310115",
                **vals,
            }
        )

    @classmethod
    def make_recall_number(cls, kind="V", year=2025):
        return f"S{year}M{next(_sequences) % 9999 + 1:04}{kind}"

    @classmethod
    def make_plan(cls, producer, **vals):
        """Create a published plan with one product line and one part."""
        product = {"brand": "Testbrand", "series": "Series A", "model": "TST7000A"}
        product |= {name: vals[name] for name in product if name in vals}
        return cls.env["recall.plan"].create(
            {
                "recall_number": cls.make_recall_number(),
                "producer_id": producer.id,
                "state": "published",
                **product,
                "announced": fields.Date.to_date("2025-01-10"),
                "recall_start": fields.Date.to_date("2025-01-15"),
                "announced_count": 100,
                "vin_range": "as printed",
                "defect": "The brake hose may crack.",
                "consequence": "Braking may take longer.",
                "measure": "Dealers replace the brake hose.",
                "line_ids": [Command.create(dict(product))],
                "part_ids": [Command.create({"number": "BH-1", "name": "Brake hose"})],
                **vals,
            }
        )

    @classmethod
    def make_vin(cls, wmi="LTZ"):
        """Make up a VIN with the right check digit; no two calls give the same."""
        return vin.make_vin(wmi, "AA11B", "S", "A", f"{next(_serials):06}")

    @classmethod
    def add_vehicles(cls, plan, count=1, wmi="LTZ"):
        """Put made-up vehicles in the scope of ``plan``; returns their VINs."""
        vins = [cls.make_vin(wmi) for _ in range(count)]
        cls.put_in_scope(plan, vins)
        return vins

    @classmethod
    def put_in_scope(cls, plan, vins):
        """Put the given VINs in the scope of ``plan``, on its first product line."""
        cls.env.flush_all()
        line_id = plan.line_ids[:1].id or None
        cls.env["recall.vehicle"]._add_to_scope(
            plan, ((text, line_id) for text in vins)
        )

    @classmethod
    def get_vehicle(cls, plan, vin_text):
        return cls.env["recall.vehicle"].search(
            [("plan_id", "=", plan.id), ("vin", "=", vin_text)]
        )

    @classmethod
    def make_completion(cls, plan, vin_text, **vals):
        """Create a confirmed repair report and close the vehicle, as an intake does."""
        number = vals.pop("repair_number", f"RO-{next(_sequences):06}")
        completion = cls.env["recall.completion"].create(
            {
                "state": "confirmed",
                "producer_id": plan.producer_id.id,
                "recall_number": plan.recall_number,
                "vin": vin_text,
                "repair_date": fields.Date.to_date("2025-03-01"),
                "repair_number": number,
                "dealer_name": plan.producer_id.dealer_ids[:1].name or "Dealer",
                "plan_id": plan.id,
                "vehicle_id": cls.get_vehicle(plan, vin_text).id,
                "dealer_id": plan.producer_id.dealer_ids[:1].id,
                **vals,
            }
        )
        cls.set_phone(completion)
        cls.close_vehicles(completion)
        return completion

    @classmethod
    def set_phone(cls, completion, phone="13800138000"):
        sealed, digest, masked = completion._prepare_phone(
            phone, completion.recall_number, completion.vin, completion.repair_number
        )
        completion.sudo().write(
            {"phone_sealed": sealed, "phone_digest": digest, "phone_masked": masked}
        )

    @classmethod
    def close_vehicles(cls, completions):
        """Mark the vehicles of confirmed reports as done, with the plan's counters."""
        return completions._close_vehicles(
            SQL("completion.id IN %s", tuple(completions.ids))
        )

    @classmethod
    @contextmanager
    def triggers_off(cls, *tables):
        """What an owner of the tables can do; nobody else."""
        for table in tables:
            cls.env.cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in tables:
            cls.env.cr.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    @classmethod
    def fall_behind(cls, **waited):
        """Have an event wait for its seal for so long, and nothing sealed meanwhile.

        :param waited: members of a ``timedelta``
        """
        cls.env["recall.audit.event"]._record("test.deed")
        cls.env.flush_all()
        for table, column in (("pending", "since"), ("seal", "sealed_at")):
            with cls.triggers_off(f"recall_audit_{table}"):
                cls.env.cr.execute(
                    f"UPDATE recall_audit_{table} SET {column} = {column} - %s",
                    [timedelta(**waited)],
                )

    @classmethod
    def make_user(cls, login, groups, **vals):
        """Create an account; ``groups`` are XML ids, separated by commas."""
        return new_test_user(cls.env, login=login, groups=groups, **vals)

    @classmethod
    def issue_token(cls, purpose, owner_field, owner, **vals):
        """Issue a token; returns ``(record, secret text)``."""
        return cls.env["recall.token"].issue(
            {"name": "Test", "purpose": purpose, owner_field: owner.id, **vals}
        )

    def read_answer(self, response, list_name):
        """Check what holds for every answer of an interface; return it decoded.

        :param str list_name: member of the answer that holds its list
        """
        self.assertEqual(response.status_code, 200)
        self.assertEqual(
            response.headers["Content-Type"], "application/json; charset=utf-8"
        )
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertNotIn("Set-Cookie", response.headers)
        self.assertNotIn("Traceback", response.text)
        answer = response.json()
        self.assertEqual(answer["count"], len(answer[list_name]))
        return answer
