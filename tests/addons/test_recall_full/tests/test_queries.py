# SPDX-License-Identifier: LGPL-3.0-only
import psycopg2

from odoo.tests import tagged
from odoo.tools import mute_logger

from .fixtures import FIXTURES
from .two_producers import TwoProducersCommon

#: What a statement does that such a text became part of.
DEED = "set_config('recall.canary', 'sung', false)"
PAYLOADS = (
    f"id, (SELECT {DEED})",
    f"id; SELECT {DEED} --",
    f"id' || {DEED} || '",
    f'id" || {DEED} || "',
    f"id) OR 1 = 1 OR '' = {DEED} --",
    f"%s %(x)s %% {DEED}",
)
CLERKS = ("recall_enterprise.group_clerk", "recall_management.group_producer")


@tagged("post_install", "-at_install")
class TestQueries(TwoProducersCommon):
    """SQL in what the web client's calls take as order, domain, grouping and fields."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = [
            cls.make_bound_user(f"query_{number}", group)
            for number, group in enumerate(CLERKS)
        ]
        cls.env.flush_all()

    def _calls(self, model, text):
        """Calls of an account with a text where a name or a value belongs."""
        name = model._rec_name or "id"
        for domain in (
            [(text, "=", 1)],
            [("id", text, 1)],
            [(f"{name}.{text}", "=", 1)],
            [(name, "ilike", text)],
            [("display_name", "=", text)],
            [("id", "in", [text])],
            [("id", "any", [(text, "=", 1)])],
        ):
            yield lambda domain=domain: model.search_read(domain, ["id"])
        yield lambda: model.web_search_read([], {"id": {}}, order=text)["records"]
        yield lambda: model.web_search_read([], {"id": {}}, order=f"id {text}")
        yield lambda: model.web_search_read([], {"id": {}}, limit=text)
        yield lambda: model.web_search_read([], {text: {}})
        yield lambda: model.search_read([], [text])
        yield lambda: model.name_search(text)
        yield lambda: model.formatted_read_group([], [text], ["__count"])
        yield lambda: model.formatted_read_group([], [f"create_date:{text}"], [])
        yield lambda: model.formatted_read_group([], ["id"], [f"id:{text}"])
        yield lambda: model.formatted_read_group([], ["id"], [text], order=text)
        yield lambda: model.formatted_read_group(
            [], ["id"], ["__count"], having=[(text, ">", 0)]
        )
        yield lambda: model.web_read_group([], ["id"], aggregates=[text], order=text)
        yield lambda: model.export_data([text])

    def _ask(self, call):
        """The answer, or none where the call refused the text."""
        try:
            with self.env.cr.savepoint():
                return call()
        except psycopg2.ProgrammingError:
            raise  # the text has become part of a statement
        except Exception:  # noqa: BLE001 - a refusal, in whatever words
            return None

    @mute_logger(
        *("odoo.sql_db", "odoo.models", "odoo.domains", "odoo.orm.domains"),
        "py.warnings",  # an operator in capitals is one of the attacks
    )
    def test_statement_is_made_of_a_name_in_a_call(self):
        """X-ATTACK: no text in a call of the web client gets into a statement, or
        brings up a record of another producer."""
        query = "SELECT coalesce(current_setting('recall.canary', true), '')"
        for user in self.users:
            for name in FIXTURES:
                model = self.env[name].with_user(user)
                if not model.has_access("read"):
                    continue
                foreign = self.records[name, "other"]
                hidden = not foreign.with_user(user).search_count(
                    [("id", "=", foreign.id)]
                )
                with self.subTest(role=user.login, model=name):
                    for text in PAYLOADS:
                        for call in self._calls(model, text):
                            rows = self._ask(call)
                            if hidden and isinstance(rows, list):
                                ids = [row["id"] for row in rows if "id" in row]
                                self.assertNotIn(foreign.id, ids)
                        self.env.cr.execute(query)
                        self.assertEqual(self.env.cr.fetchone()[0], "", text)
