# SPDX-License-Identifier: LGPL-3.0-only
import datetime
import io

from PIL import Image

from odoo.tests import HttpCase

from .common import SubscriptionCommon


class ObjectionCommon(SubscriptionCommon):
    """Two producers with an account each, and objections to their open recalls."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.make_account("own_account", cls.producer)
        cls.other_producer = cls.make_producer()
        cls.other_plan = cls.make_plan(cls.other_producer)
        cls.other_vins = cls.add_vehicles(cls.other_plan, 3)
        cls.other_account = cls.make_account("other_account", cls.other_producer)
        cls.operator = cls.make_user("svc_operator", "recall_service.group_operator")
        cls.Objection = cls.env["recall.objection"]
        cls.refusal = cls.env.ref("recall_service.objection_reason_refuse_other_work")
        cls.consent = cls.env.ref("recall_service.objection_reason_accept_not_reported")

    @classmethod
    def make_account(cls, login, producer):
        return cls.make_user(
            login,
            "recall_service.group_producer",
            email=f"{login}@example.com",
            recall_producer_ids=producer.ids,
        )

    @classmethod
    def object(cls, vin=None, plan=None, photo=None, form=None, **said):
        """File an objection as the public page does."""
        plan = plan or cls.plan
        values = {
            "vin": vin or cls.vins[0],
            "recall_number": plan.recall_number,
            "repair_date": datetime.date(2025, 3, 1),
            "workshop": "Workshop East",
            "repair_number": None,
            "email": None,
            **said,
        }
        form = form or f"form-{plan.id}-{values['vin']}"
        return cls.Objection._file(values, photo, form, "192.0.2.1")

    @classmethod
    def draw(cls, form="JPEG", colour="white", **options):
        file = io.BytesIO()
        Image.new("RGB", (60, 40), colour).save(file, form, **options)
        return file.getvalue()

    @classmethod
    def photo_with_place(cls):
        exif = Image.Exif()
        exif[0x010F] = "Canarycamera"
        exif.get_ifd(0x8825)[1] = "N"
        exif.get_ifd(0x8825)[2] = (31.0, 13.0, 49.0)
        return cls.draw(exif=exif)

    def get_events(self, action):
        return self.env["recall.audit.event"].search(
            [("action", "=", f"objection.{action}")]
        )

    def run_objection_cron(self, name):
        self.run_cron(f"objection_{name}")


class ObjectionHttp(HttpCase, ObjectionCommon):
    """Objecting as a visitor does, with plain requests: no script takes part."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.leave_forms_unguarded()
