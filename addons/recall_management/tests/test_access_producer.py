# SPDX-License-Identifier: LGPL-3.0-only
import base64
import itertools

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import PullCommon

#: Stands in every text of the other producer: nothing that is read may hold it.
MARK = "Foreignmark"
OURS = ("recall_base", "recall_management")
#: Models that a producer's account reads and that hold nothing of any producer.
CATALOGUES = {
    "recall.finding",
    "recall.quarantine.reason",
    "recall.yearly.figure",
}
#: Other people's models through which something of a producer could be read.
AROUND = {
    "ir.attachment",
    "mail.activity",
    "mail.followers",
    "mail.message",
    "res.partner",
    "res.users",
}


@tagged("post_install", "-at_install")
class TestAccessProducer(PullCommon):
    """As the account of one producer, nothing of another can be read.

    Each producer has a record in every model that the account may read. A new model
    that it may read fails ``test_model_has_no_foreign_record`` until ``_make_world``
    gives it one.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign_producer = cls.make_producer(f"{MARK} Motors")
        cls.make_dealer(cls.foreign_producer, f"{MARK} Dealer")
        cls.foreign_plan = cls.make_plan(
            cls.foreign_producer, brand=MARK, series=MARK, defect=MARK
        )
        cls.add_vehicles(cls.foreign_plan, 3)
        cls.foreign_enterprise = cls.make_enterprise(cls.foreign_producer)
        cls.account = cls.make_user(
            "own_account",
            # An export is refused to most accounts: not what is tested here.
            "recall_management.group_producer,base.group_allow_export",
            recall_producer_ids=cls.producer.ids,
        )

    def setUp(self):
        super().setUp()
        for producer, plan, enterprise in (
            (self.producer, self.plan, self.enterprise),
            (self.foreign_producer, self.foreign_plan, self.foreign_enterprise),
        ):
            self._make_world(producer, plan, enterprise)
        self.env.flush_all()
        self.env.invalidate_all()

    # === One record of each model, for a producer === #

    def _make_world(self, producer, plan, enterprise):
        self.plan.message_subscribe(self.account.partner_id.ids)
        mark = producer.name
        contact = self.env["res.partner"].create({"name": f"{mark} contact"})
        producer.technical_contact_id = contact
        colleague = self.make_user(
            f"{mark} account",
            "recall_management.group_producer",
            recall_producer_ids=producer.ids,
        )
        plan.message_subscribe((contact | colleague.partner_id).ids)
        self.env["recall.wmi"].create(
            {
                "code": f"LT{'A' if producer == self.producer else 'B'}",
                "manufacturer": mark,
                "producer_id": producer.id,
            }
        )
        self._take_in(plan, enterprise)
        self._make_around(plan, mark)
        self._make_exception(plan, mark)
        self._make_figures(plan, enterprise, mark)

    def _take_in(self, plan, enterprise):
        """An exchange that brings a report and a quarantined record."""
        good = self.make_record(plan=plan)
        wrong = self.make_record(plan=plan, recallTime="2020-01-01")
        self.pull([good, wrong], enterprises=enterprise)

    def _make_exception(self, plan, mark):
        self.env["recall.vin.exception"].create(
            {
                "vin": f"OLD{plan.id:07}",
                "producer_id": plan.producer_id.id,
                "reason": mark,
                "document": base64.b64encode(mark.encode()),
                "document_name": f"{mark}.txt",
            }
        )

    def _make_figures(self, plan, enterprise, mark):
        """What is noted of a terminal and a plan as time goes by."""
        now = fields.Datetime.now()
        incident = self.env["recall.incident"].create(
            {
                "enterprise_id": enterprise.id,
                "kind": "failure",
                "opened_at": now,
                "last_seen_at": now,
                "error": mark,
            }
        )
        incident.activity_schedule("mail.mail_activity_data_todo", summary=mark)
        entry = enterprise.exchange_ids.quarantine_ids[:1]
        self.env["recall.quarantine.event"]._add(entry, "checked", note=mark)
        announcement = self.env["recall.announcement"].create({"number": mark})
        plan.announcement_id = announcement
        statistic = self.env["recall.plan.statistic"]
        statistic.create({"plan_id": plan.id, "computed_on": now.date()})

    def _make_around(self, plan, mark):
        plan.message_post(body=mark, subject=mark)
        self.env["ir.attachment"].create(
            {
                "name": f"{mark}.txt",
                "res_model": "recall.plan",
                "res_id": plan.id,
                "datas": base64.b64encode(mark.encode()),
            }
        )

    # === What the account reads === #

    def _our_models(self):
        return sorted(
            name
            for name, model in self.env.registry.items()
            if model._original_module in OURS
            and not model._abstract
            and not model._transient
        )

    def _readable_models(self):
        return [
            name
            for name in self._our_models()
            if self.env[name].with_user(self.account).has_access("read")
        ]

    def _foreign(self, model):
        """Records of the other producer, found as nobody's limits apply."""
        path = {
            "recall.producer": "id",
            "recall.wmi": "producer_id",
            "ir.attachment": None,
        }.get(model) or self._path_to_producer(model)
        if not path:
            return self.env[model].browse()
        domain = [(path, "=", self.foreign_producer.id)]
        return self.env[model].with_context(active_test=False).search(domain)

    def _path_to_producer(self, model):
        """Dotted path of many2ones from a model to its producer, or None."""
        fields_ = self.env[model]._fields
        for name in ("producer_id", "plan_id", "enterprise_id", "entry_id"):
            field = fields_.get(name)
            if field is None or not (field.store or field.search):
                continue
            if field.comodel_name == "recall.producer":
                return name
            rest = self._path_to_producer(field.comodel_name)
            if rest:
                return f"{name}.{rest}"
        if "plan_ids" in fields_:
            return "plan_ids.producer_id"
        return None

    def test_model_has_no_foreign_record(self):
        """M-ACCESS: the tests below are blind to no model that the account reads."""
        for model in set(self._readable_models()) - CATALOGUES:
            with self.subTest(model=model):
                self.assertTrue(self._foreign(model), "make one in _make_world")
                own = self.env[model].with_user(self.account)
                self.assertTrue(own.search([]), "the account reads none of its own")

    def test_model_is_read_that_is_not_in_the_list(self):
        """M-ACCESS: what the account may read is written down here."""
        self.assertEqual(
            set(self._readable_models()),
            CATALOGUES
            | {
                "recall.age.report",
                "recall.announcement",
                "recall.availability.day",
                "recall.completion",
                "recall.dealer",
                "recall.enterprise",
                "recall.enterprise.history",
                "recall.exchange",
                "recall.incident",
                "recall.plan",
                "recall.plan.line",
                "recall.plan.part",
                "recall.plan.statistic",
                "recall.plan.version",
                "recall.producer",
                "recall.quarantine",
                "recall.quarantine.event",
                "recall.rate.report",
                "recall.repair.report",
                "recall.statistic.age",
                "recall.statistic.day",
                "recall.statistic.dealer",
                "recall.statistic.month",
                "recall.vehicle",
                "recall.vin.exception",
                "recall.wmi",
            },
        )

    def test_record_of_another_producer_is_found(self):
        """M-ACCESS: search, count, name_search, groups."""
        for model in self._readable_models():
            foreign = self._foreign(model)
            if not foreign:
                continue
            own = self.env[model].with_user(self.account)
            visible = own.with_context(active_test=False).search([])
            with self.subTest(model=model):
                self.assertFalse(visible & foreign.with_user(self.account))
                domain = [("id", "in", foreign.ids)]
                self.assertEqual(own.search_read(domain, ["id"]), [])
                self.assertEqual(own.search_count(domain), 0)
                names = dict(own.name_search("", limit=None))
                self.assertFalse(set(names) & set(foreign.ids))
                groups = own.formatted_read_group([], [], ["__count"])
                self.assertEqual(groups[0]["__count"], len(own.search([])))

    def test_record_of_another_producer_is_read_by_its_id(self):
        """M-ACCESS: read, export, copy of the display name."""
        for model in self._readable_models():
            foreign = self._foreign(model)[:1].with_user(self.account)
            if not foreign:
                continue
            foreign.invalidate_recordset()
            with self.subTest(model=model):
                for attempt in (
                    lambda record=foreign: record.read(["display_name"]),
                    lambda record=foreign: record.web_read({"display_name": {}}),
                    lambda record=foreign: record.export_data(["display_name"]),
                    lambda record=foreign: record.check_access("read"),
                ):
                    with self.assertRaises(AccessError):
                        attempt()

    def test_group_tells_of_another_producer(self):
        """M-ACCESS: grouped by whatever there is, nothing of the other appears."""
        for model in [*self._readable_models(), *AROUND]:
            own = self.env[model].with_user(self.account)
            for name in self._groupable(model):
                with self.subTest(model=model, field=name):
                    try:
                        groups = own.formatted_read_group([], [name], ["__count"])
                    except (AccessError, NotImplementedError):
                        continue
                    self._assert_unmarked(groups)

    def _groupable(self, model):
        for name, field in self.env[model]._fields.items():
            if field.store and field.type in ("many2one", "char", "selection"):
                yield name

    def test_field_leads_to_another_producer(self):
        """M-ACCESS: all that is read of the account's own, one relation further."""
        for model in [*self._readable_models(), *AROUND]:
            own = self.env[model].with_user(self.account)
            records = own.with_context(active_test=False).search([])
            self.assertTrue(records, f"nothing is read of {model}")
            for name in own.fields_get(attributes=["type"]):
                with self.subTest(model=model, field=name):
                    try:
                        values = records.web_read({name: self._specify(model, name)})
                    except AccessError:
                        continue
                    self._assert_unmarked(values)

    def _specify(self, model, name):
        """What ``web_read`` takes for a field: all fields of what it leads to."""
        field = self.env[model]._fields[name]
        if not field.relational:
            return {}
        comodel = self.env[field.comodel_name].with_user(self.account)
        inner = {"display_name": {}}
        if comodel.has_access("read") and field.comodel_name != "res.users":
            inner = {name: {} for name in comodel.fields_get(attributes=["type"])}
        return {"fields": inner}

    def test_export_tells_of_another_producer(self):
        """M-ACCESS: an export follows paths like a screen."""
        for model in self._readable_models():
            own = self.env[model].with_user(self.account)
            records = own.search([])
            for path in self._export_paths(model):
                with self.subTest(model=model, path=path):
                    try:
                        rows = records.export_data([path])["datas"]
                    except AccessError:
                        continue
                    self._assert_unmarked(rows)

    def _export_paths(self, model):
        own = self.env[model].with_user(self.account)
        for name, field in own._fields.items():
            if field.type == "binary" or not own._has_field_access(field, "read"):
                continue
            if name == "id" and not own._auto:
                continue
            yield f"{name}/display_name" if field.relational else name

    def test_condition_on_a_relation_tells_of_another_producer(self):
        """M-ACCESS: no question about what is not seen is answered by a count."""
        for model in self._readable_models():
            own = self.env[model].with_user(self.account)
            for name, field in own._fields.items():
                if field.type != "many2one" or not field.store:
                    continue
                target = self.env[field.comodel_name]._rec_name
                if not target:
                    continue
                with self.subTest(model=model, field=f"{name}.{target}"):
                    try:
                        found = own.search([(f"{name}.{target}", "ilike", MARK)])
                    except (AccessError, ValueError):
                        continue
                    self.assertFalse(found)

    def test_attachment_message_or_activity_of_another_producer_is_read(self):
        """M-ACCESS: what hangs on a plan is seen by who sees the plan."""
        incidents = self.env["recall.incident"]
        for around, (own_record, foreign_record) in {
            "ir.attachment": (self.plan, self.foreign_plan),
            "mail.message": (self.plan, self.foreign_plan),
            "mail.followers": (self.plan, self.foreign_plan),
            "mail.activity": (
                incidents.search([("enterprise_id", "=", self.enterprise.id)]),
                incidents.search([("enterprise_id", "=", self.foreign_enterprise.id)]),
            ),
        }.items():
            name = "model" if around == "mail.message" else "res_model"
            foreign = self.env[around].search(
                [(name, "=", foreign_record._name), ("res_id", "=", foreign_record.id)]
            )
            own = self.env[around].with_user(self.account)
            with self.subTest(model=around):
                self.assertTrue(foreign)
                self.assertFalse(own.search([("id", "in", foreign.ids)]))
                with self.assertRaises(AccessError):
                    foreign.with_user(self.account).read()
                if around != "mail.followers":
                    domain = [
                        (name, "=", own_record._name),
                        ("res_id", "=", own_record.id),
                    ]
                    self.assertTrue(own.search(domain))

    def test_account_posts_on_or_follows_a_plan_of_another_producer(self):
        """M-ACCESS: the chatter of a foreign plan is closed both ways."""
        plan = self.foreign_plan.with_user(self.account)
        with self.assertRaises(AccessError):
            plan.message_post(body="hello")
        self.assertFalse(plan.message_subscribe(self.account.partner_id.ids))
        with self.assertRaises(AccessError):
            plan.message_subscribe(self.producer.technical_contact_id.ids)
        self.assertNotIn(self.account.partner_id, self.foreign_plan.message_partner_ids)

    def test_account_without_producers_sees_something(self):
        """M-ACCESS: an account that was forgotten sees no record of a producer."""
        stray = self.make_user("stray", "recall_management.group_producer")
        for model in set(self._readable_models()) - CATALOGUES - {"recall.wmi"}:
            with self.subTest(model=model):
                self.assertFalse(self.env[model].with_user(stray).search([]))

    def test_account_changes_or_calls_what_is_not_its_own(self):
        """M-ACCESS: its own records are read, nothing more."""
        enterprise = self.enterprise.with_user(self.account)
        entry = self.get_quarantine().with_user(self.account)[:1]
        for attempt in (
            enterprise.action_pull_now,
            enterprise.action_test_call,
            lambda: enterprise.write({"url": "https://elsewhere.example/"}),
            lambda: entry.write({"state": "closed"}),
            lambda: self.plan.with_user(self.account).write({"brand": "x"}),
            lambda: self.account.with_user(self.account).write(
                {"recall_producer_ids": [fields.Command.set([])]}
            ),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def _assert_unmarked(self, values):
        text = str(values)
        secrets = itertools.chain(
            [MARK, self.foreign_plan.recall_number],
            self.foreign_plan.vehicle_ids.mapped("vin"),
        )
        for secret in secrets:
            position = text.find(secret)
            self.assertEqual(position, -1, text[max(position - 200, 0) : position + 40])
