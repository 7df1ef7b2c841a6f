# SPDX-License-Identifier: LGPL-3.0-only
import ast
import csv
import pathlib
import re
from datetime import datetime

import psycopg2
from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.modules import get_module_path
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.recall_base.tests.common import RecallCommon

from .approved import OWN_MODULES
from .fixtures import FIXTURES

_LIST = pathlib.Path(__file__).parent / "sql_writes.csv"
_WRITE = re.compile(
    r"(?<!FOR )(?<!ON )(?<!DO )\b(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+"
    r'(?:public\.)?("?[a-z_%{][\w%(){}]*)'
)
#: Tables of a transaction: they end with it.
_STAGED = {
    "recall_report_staging",
    "recall_report_checked",
    "recall_report_standing",
}
_VERBS = ("create", "write", "unlink")
#: Models of ours whose records leave no event of their own through the ORM: the deeds
#: that do instead, or why none is needed.
UNLOGGED = {
    "recall.availability.day": "figures",
    "recall.completion.event": "shown with a report, beside its event",
    "recall.delivery": "delivery.create, delivery.acknowledge",
    "recall.enterprise.history": "figures; an incident has events",
    "recall.exchange": "exchange.take_in",
    "recall.fleet.match": "found by the expansion: outbox",
    "recall.heartbeat": "signs of life",
    "recall.import.chunk": "import.upload",
    "recall.import.error": "import.batch",
    "recall.interface.log": "log of calls of its own",
    "recall.lookup.usage": "figures",
    "recall.notice": "notice_round.start, notice_round.send, notice.result",
    "recall.phone.code": "outbox: phone_code.ask, phone_code.send",
    "recall.plan.interface.log": "log of calls of its own",
    "recall.plan.progress": "figures",
    "recall.plan.statistic": "figures",
    "recall.publication": "plan.step",
    "recall.punctuality": "figures",
    "recall.push": "outbox: push.send, push.retry",
    "recall.quarantine.event": "shown with an entry, beside its event",
    "recall.quarantine.recheck": "queue: quarantine.recheck",
    "recall.share.usage": "figures",
    "recall.statistic.age": "figures",
    "recall.statistic.day": "figures",
    "recall.statistic.dealer": "figures",
    "recall.statistic.month": "figures",
    "recall.vehicle.report.line": "vehicle_report.apply",
    "recall.webhook.message": "outbox: webhook.resend",
    "recall.audit.event": "the log",
    "recall.audit.checkpoint": "the log's seals",
    "recall.audit.verification": "log.verify",
}
#: The same for one verb of a model.
UNLOGGED_VERBS = {
    ("recall.import", "create"): "import.upload",
    ("recall.import.column", "create"): "import.upload",
    ("recall.import.column", "unlink"): "import.upload: another sheet was chosen",
    ("recall.incident", "write"): "incident.acknowledge; the watch keeps the rest",
    ("recall.share.export", "write"): "share_export.done",
    ("recall.token", "create"): "token.issue",
    ("recall.vin.exception", "create"): "vin_exception.request",
}


def _sources():
    """Yield ``(path from the add-ons' folder, text)`` of our Python files."""
    for module in OWN_MODULES:
        folder = pathlib.Path(get_module_path(module))
        for path in sorted(folder.rglob("*.py")):
            if "tests" not in path.parts:
                yield path.relative_to(folder.parent).as_posix(), path.read_text()


@tagged("post_install", "-at_install")
class TestSqlCensus(TransactionCase):
    """Statements that write past the ORM, each with the events that tell of it."""

    def _listed(self):
        with _LIST.open(newline="", encoding="utf-8") as file:
            return {tuple(row[:3]): row[3] for row in [*csv.reader(file)][1:]}

    def _found(self):
        return {
            (path, verb, table)
            for path, text in _sources()
            for verb, table in _WRITE.findall(text)
            if table not in _STAGED
        }

    def _named(self):
        """The events that are listed; the rest of the list tells why none is needed."""
        covers = self._listed().values()
        self.assertTrue(all(covers))
        texts = (text for text in covers if not text.startswith("- "))
        return {action for text in texts for action in text.split()}

    def _actions(self):
        """Patterns of all texts and f-strings in the sources: an action is one."""
        for _path, text in _sources():
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.JoinedStr):
                    yield "".join(
                        re.escape(part.value)
                        if isinstance(part, ast.Constant)
                        else r"\w+"
                        for part in node.values
                    )
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield re.escape(node.value)

    def test_bulk_statement_leaves_no_event(self):
        """X-LOG: each INSERT, UPDATE and DELETE of ours is listed with its events."""
        found, listed = self._found(), self._listed()
        self.assertTrue(found)
        self.assertEqual(
            (sorted(found - listed.keys()), sorted(listed.keys() - found)),
            ([], []),
            f"Not in {_LIST.name}, or no longer in the sources. Log what the statement "
            "does, one event for all its rows, and name the event there.",
        )

    def test_listed_event_is_recorded_nowhere(self):
        """X-LOG: the events that cover the statements exist."""
        known = re.compile("|".join(f"(?:{text})" for text in {*self._actions()}))
        named = self._named()
        unknown = sorted(action for action in named if not known.fullmatch(action))
        self.assertEqual(unknown, [])

    def _recorded(self):
        """Actions that the sources record under a fixed name."""
        for _path, text in _sources():
            for node in ast.walk(ast.parse(text)):
                name = getattr(getattr(node, "func", None), "attr", "")
                if name in ("_record", "_note") and node.args:
                    action = getattr(node.args[0], "value", "")
                    if isinstance(action, str) and "." in action:
                        yield action

    def test_event_is_shown_by_its_code(self):
        """X-LOG: an auditor reads every deed in words."""
        Event = self.env["recall.audit.event"]
        actions = {*self._recorded(), *self._named()}
        self.assertGreater(len(actions), 80)
        shown = {action: Event.new({"action": action}).deed for action in actions}
        coded = [action for action, deed in shown.items() if deed == action]
        self.assertEqual(coded, [])


@tagged("post_install", "-at_install")
class TestCallLog(RecallCommon):
    """Calls of interfaces in the operation log."""

    def test_calls_of_an_interface_leave_no_event(self):
        """X-LOG: once an hour, for each kind of interface, every call counts once."""
        Log = self.env["recall.interface.log"]
        self.assertEqual(
            set(self.env["recall.call.log.mixin"]._inherit_children),
            {"recall.interface.log", "recall.plan.interface.log", "recall.share.usage"},
        )
        for minute, status in ((5, 200), (59, 200), (30, 403)):
            Log.create(
                {
                    "time": datetime(2024, 3, 1, 8, minute),
                    "kind": "sync",
                    "api_status": status,
                }
            )
        self.env["recall.share.usage"].create(
            {
                "hour": datetime(2024, 3, 1, 8),
                "method": "one",
                "api_status": 200,
                "request_count": 7,
            }
        )
        last = self.env["recall.audit.event"].search([], limit=1).id
        for now in ("2024-03-01 09:09:00", "2024-03-01 09:10:00") * 2:
            with freeze_time(now):
                self.env["recall.call.log.mixin"]._cron_log_calls()
        events = self.env["recall.audit.event"].search(
            [("id", ">", last), ("action", "=", "interface.calls")], order="id"
        )
        self.assertEqual(
            {event.res_model: event.detail["calls"] for event in events},
            {
                "recall.interface": [[None, 200, 2], [None, 403, 1]],
                "recall.share.interface": [[None, 200, 7]],
            },
        )
        self.assertEqual(len(events), 2)


@tagged("post_install", "-at_install")
class TestOrmCensus(RecallCommon):
    """What each model of ours leaves in the log when its records change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.records = {}
        for model, (prepare_vals, _changes) in FIXTURES.items():
            vals = prepare_vals(cls, cls.producer)
            cls.records[model, "own"] = cls.env[model].create(vals)
        cls.env.flush_all()

    @classmethod
    def get(cls, model, producer):
        """Return the record of a model for those that refer to it."""
        return cls.records[model, "own"]

    def _do(self, model, verb):
        """Do something to a new record; returns it, None if a rule forbids it."""
        prepare_vals, changes = FIXTURES[model]
        try:
            with self.env.cr.savepoint():
                record = self.env[model].create(prepare_vals(self, self.producer))
                self.last = self.env["recall.audit.event"].search([], limit=1).id
                if verb == "create":
                    self.last = self.before
                elif verb == "write":
                    record.write(changes)
                else:
                    record.unlink()
                self.env.flush_all()
                return record
        except (UserError, psycopg2.IntegrityError):
            return None

    def _is_logged(self, record, verb):
        subject = record._name.removeprefix("recall.").replace(".", "_")
        return bool(
            self.env["recall.audit.event"].search_count(
                [
                    ("id", ">", self.last),
                    ("action", "=", f"{subject}.{verb}"),
                    ("res_model", "=", record._name),
                    ("res_id", "=", record.id),
                ],
                limit=1,
            )
        )

    def test_change_of_a_record_leaves_no_event(self):
        """X-LOG: creating, writing and deleting through the ORM is in the log for
        every model of ours, but for those listed with the deeds that tell instead."""
        silent = set()
        with mute_logger("odoo.sql_db", "odoo.models.unlink"):
            for model in FIXTURES:
                if self.env[model]._transient or model in UNLOGGED:
                    continue
                for verb in _VERBS:
                    self.before = self.env["recall.audit.event"].search([], limit=1).id
                    record = self._do(model, verb)
                    if record is not None and not self._is_logged(record, verb):
                        silent.add((model, verb))
        self.assertEqual(silent - UNLOGGED_VERBS.keys(), set())

    def test_list_of_silent_models_names_one_that_logs(self):
        """X-LOG: who is listed as leaving no event does not leave one."""
        for model in UNLOGGED:
            verbs = [verb for verb in _VERBS if self.env[model]._is_audited(verb)]
            self.assertEqual(verbs, [], model)
