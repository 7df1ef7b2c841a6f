# SPDX-License-Identifier: LGPL-3.0-only
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .fixtures import FIXTURES, SHARED
from .two_producers import TwoProducersCommon

#: Roles that work for one producer; all others see every producer by their task.
BOUND = (
    "recall_enterprise.group_dealer",
    "recall_enterprise.group_clerk",
    "recall_enterprise.group_reviewer",
    "recall_management.group_producer",
)
DEALER = "recall_enterprise.group_dealer"
SECRET = "only the other may read this"


@tagged("post_install", "-at_install")
class TestIsolation(TwoProducersCommon):
    """Producers and dealers in one database never see one another's records."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = [
            cls.make_bound_user(f"bound_{number}", group)
            for number, group in enumerate(BOUND)
        ]
        cls.others = [cls.records[m, "other"] for m in FIXTURES if m not in SHARED]
        cls.others.append(cls.producers["other"])
        # Records of the same producer that stand for another of its dealers.
        cls.neighbour = cls.make_dealer(cls.producer)
        cls.neighbours = [cls.neighbour, *cls._make_neighbours()]
        cls.env.flush_all()

    @classmethod
    def _make_neighbours(cls):
        own = {m: r for (m, scope), r in cls.records.items() if scope == "own"}
        cls.records["recall.dealer", "own"] = cls.neighbour
        for model in (
            "recall.completion",
            "recall.completion.event",
            "recall.appointment",
            "recall.appointment.postponement",
            "recall.plan.dealer",
        ):
            prepare_vals, _changes = FIXTURES[model]
            record = cls.env[model].create(prepare_vals(cls, cls.producer))
            cls.records[model, "own"] = record
            yield record
        for model, record in own.items():
            cls.records[model, "own"] = record

    def _each_case(self, check):
        """Check each account with each record that it must not see."""
        for user in self.users:
            foreign = list(self.others)
            if user.has_group(DEALER):
                foreign += self.neighbours
            for record in foreign:
                with self.subTest(role=user.login, record=record):
                    check(user, record.with_user(user))
                self.env.invalidate_all()

    def _seen(self, ask, *args):
        """What a question gives; nothing when the account may not ask it."""
        try:
            with self.env.cr.savepoint():
                return ask(*args)
        except (AccessError, UserError):
            return None

    def test_record_of_another_is_found(self):
        """X-ACCESS: search, count, name search and grouping leave it out."""

        def check(_user, record):
            if record._transient:
                return  # a dialogue is its account's own
            domain = [("id", "=", record.id)]
            self.assertFalse(self._seen(record.search, domain))
            self.assertFalse(self._seen(record.search_count, domain))
            self.assertFalse(self._seen(record.name_search, "", domain))
            groups = self._seen(record.formatted_read_group, domain, [], ["__count"])
            self.assertFalse(groups and groups[0]["__count"])

        self._each_case(check)

    def test_record_of_another_is_given_out(self):
        """X-ACCESS: reading, export and copying of a known id are refused."""

        def check(_user, record):
            self.assertFalse(self._seen(record.read, ["display_name"]))
            self.assertFalse(self._seen(record.web_read, {"display_name": {}}))
            self.assertFalse(self._seen(record.export_data, ["display_name"]))
            self.assertFalse(self._seen(record.copy_data))

        self._each_case(check)

    def test_own_record_leads_to_one_of_another(self):
        """X-ACCESS: no relation of an own record shows another's, not even its name."""
        foreign = {(record._name, record.id) for record in self.others}
        for user in self.users:
            for model in FIXTURES:
                record = self.records[model, "own"].with_user(user)
                with self.subTest(role=user.login, model=model):
                    self.assertFalse(foreign & self._read_related(record))
                    self.assertFalse(foreign & self._export_related(record))

    def test_group_is_named_after_a_record_of_another(self):
        """X-ACCESS: grouping of all there is shows no value that others' records have,
        by whatever relation."""
        foreign = {(record._name, record.id) for record in self.others}
        for user in self.users:
            for model in FIXTURES:
                records = self.env[model].with_user(user)
                with self.subTest(role=user.login, model=model):
                    self.assertFalse(foreign & self._group_by_relations(records))

    def _relations(self, record):
        return [name for name, field in record._fields.items() if field.relational]

    def _group_by_relations(self, records):
        """(model, id) of all that grouping by a relation shows, counted as a list does
        and collected as our own code does."""
        shown = set()
        described = records.fields_get(attributes=["groupable", "relation"])
        for name, description in described.items():
            comodel = description.get("relation")
            if not (comodel and description["groupable"]):
                continue
            groups = self._seen(records.formatted_read_group, [], [name], ["__count"])
            for group in groups or []:
                if value := group[name]:
                    shown.add((comodel, value[0]))
        groups = self._seen(records._read_group, [], [], ["id:array_agg"])
        for [ids] in groups or []:
            shown |= {(records._name, number) for number in ids or []}
        return shown

    def _export_related(self, record):
        """(model, id) of all that a file with every relation of a record would hold."""
        shown = set()
        for name in self._relations(record):
            exported = self._seen(record.export_data, [f"{name}/.id"])
            comodel = record._fields[name].comodel_name
            for [number] in (exported or {"datas": []})["datas"]:
                if number:
                    shown.add((comodel, int(number)))
        return shown

    def _read_related(self, record):
        """(model, id) of all that a form with every relation of a record would show."""
        shown = set()
        for name in self._relations(record):
            field = record._fields[name]
            specification = {name: {"fields": {"display_name": {}}}}
            for row in self._seen(record.web_read, specification) or []:
                values = row.get(name) or []
                values = [values] if isinstance(values, dict) else values
                shown |= {(field.comodel_name, value["id"]) for value in values}
        return shown

    def test_file_of_another_is_given_out(self):
        """X-ACCESS: attachments of a record are seen by whoever sees the record."""

        def check(user, record):
            values = {"name": SECRET, "raw": b"x"}
            values |= {"res_model": record._name, "res_id": record.id}
            file = self.env["ir.attachment"].create(values).with_user(user)
            self.assertFalse(self._seen(file.search, [("id", "=", file.id)]))
            self.assertFalse(self._seen(file.read, ["name"]))

        self._each_case(check)

    def test_message_about_a_record_of_another_is_given_out(self):
        """X-ACCESS: the messages of a record are seen by whoever sees the record."""

        def check(user, record):
            values = {"body": SECRET, "message_type": "comment"}
            values |= {"model": record._name, "res_id": record.id}
            message = self.env["mail.message"].create(values).with_user(user)
            self.assertFalse(self._seen(message.search, [("id", "=", message.id)]))
            self.assertFalse(self._seen(message.read, ["body"]))

        self._each_case(check)

    def test_view_shows_rows_of_another(self):
        """X-ACCESS: what is counted from the records of a producer is its own too."""
        views = [
            name
            for name, model in self.env.registry.items()
            if name.startswith("recall.")
            and not model._auto
            and not model._abstract
            and "producer_id" in model._fields
        ]
        self.assertTrue(views)
        other = self.producers["other"] | self.records["recall.producer", "other"]
        for user in self.users:
            for name in views:
                with self.subTest(role=user.login, view=name):
                    view = self.env[name].with_user(user)
                    domain = [("producer_id", "in", other.ids)]
                    self.assertFalse(self._seen(view.search_count, domain))

    def test_document_about_a_record_of_another_is_printed(self):
        """X-ACCESS: a printed document holds no more than its account may read."""
        reports = self.env["ir.actions.report"].search([("model", "=like", "recall.%")])
        self.assertTrue(reports)
        for report in reports:
            if report.model in SHARED:
                continue
            record = self.records[report.model, "other"]
            plain = report._render_qweb_html(report.report_name, [])[0]
            for user in self.users:
                with self.subTest(role=user.login, report=report.report_name):
                    render = report.with_user(user)._render_qweb_html
                    printed = self._seen(render, report.report_name, record.ids)
                    # A document may be printed of what its caller gives it only.
                    self.assertIn(printed and printed[0], (None, plain))

    def test_own_record_is_hidden_as_well(self):
        """X-ACCESS: that nothing of others is seen is not from seeing nothing."""
        for user in self.users:
            with self.subTest(role=user.login):
                record = self.records["recall.completion", "own"].with_user(user)
                found = self._seen(record.search, [("id", "=", record.id)])
                self.assertTrue(found)
