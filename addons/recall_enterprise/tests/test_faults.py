# SPDX-License-Identifier: LGPL-3.0-only
from unittest.mock import patch

import psycopg2

from odoo.exceptions import ConcurrencyError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.recall_enterprise.models.recall_collection import RecallCollection
from odoo.addons.recall_enterprise.models.recall_interface_sync import (
    RecallInterface,
)

from .common import COLLECT, SYNC, EnterpriseHttpCase

DISPATCHER = "odoo.addons.recall_base.controllers.dispatcher"


@tagged("post_install", "-at_install")
class TestFaults(EnterpriseHttpCase):
    """What a peer is told when our side breaks, and what is left behind."""

    def assertAnswers(self, status, path, message):
        before = self.stored()
        with mute_logger(DISPATCHER):
            answer = self.post_json(path, message)
        self.assertEqual((answer["api_status"], answer["count"]), (status, 0))
        self.assertNotIn("secret detail", str(answer))
        self.assertEqual(self.stored(), before)

    def _break_after_the_work(self, error):
        """Patch both interfaces to fail when all is done but the commit."""
        for model, name in (
            (RecallCollection, "_answer_collect"),
            (RecallInterface, "_answer_sync"),
        ):
            whole = getattr(model, name)

            def answer(self, *args, whole=whole):
                whole(self, *args)
                raise error("secret detail")

            self.startPatcher(patch.object(model, name, answer))

    def _messages(self):
        self.collect_confirmed(self.make_record(self.vins[1]))
        yield COLLECT, self.collect_message(self.make_record())
        yield SYNC, self.sync_message(api_cursor="")

    def _fail_twice(self, whole):
        """Wrap a method so that its first two calls end in a conflict."""
        conflicts = [ConcurrencyError("conflict") for _ in range(2)]

        def answer(model, *args):
            result = whole(model, *args)
            if conflicts:
                raise conflicts.pop()
            return result

        return answer

    def test_bug_leaves_half_done_work_or_shows_a_traceback(self):
        """X-FAULT: a fault of ours is -1; what was begun is undone."""
        messages = list(self._messages())
        self._break_after_the_work(RuntimeError)
        for path, message in messages:
            self.assertAnswers(-1, path, message)

    def test_broken_database_leaves_half_done_work(self):
        """X-FAULT: a fault of the database is 501; what was begun is undone."""
        messages = list(self._messages())
        self._break_after_the_work(psycopg2.OperationalError)
        for path, message in messages:
            self.assertAnswers(501, path, message)

    def test_answer_that_is_no_json_leaves_half_done_work(self):
        """X-FAULT: an answer that is no JSON is 503; what was begun is undone."""
        messages = list(self._messages())
        for value in (object(), float("nan"), "\ud800"):
            for model, name in (
                (RecallCollection, "_answer_collect"),
                (RecallInterface, "_answer_sync"),
            ):
                whole = getattr(model, name)

                def answer(self, *args, whole=whole, value=value):
                    return {**whole(self, *args), "message": value}

                with patch.object(model, name, answer):
                    path, message = messages[model is RecallInterface]
                    self.assertAnswers(503, path, message)

    def test_second_try_after_a_conflict_finds_no_body(self):
        """X-FAULT: a conflicting transaction is tried again with the same message."""
        messages = dict(self._messages())
        for model, name, path in (
            (RecallCollection, "_answer_collect", COLLECT),
            (RecallInterface, "_answer_sync", SYNC),
        ):
            answer = self._fail_twice(getattr(model, name))
            with (
                patch.object(model, name, answer),
                patch("odoo.service.model.time.sleep") as sleep,
            ):
                result = self.post_json(path, messages[path])
            self.assertEqual((result["api_status"], result["count"]), (200, 1), result)
            self.assertEqual(sleep.call_count, 2)
        self.assertEqual(self.plan.done_count, 1)

    def test_conflict_without_end_is_taken_for_the_peer_s_fault(self):
        """X-FAULT: a conflict that does not end is our fault, and nothing is stored."""
        messages = list(self._messages())
        self._break_after_the_work(ConcurrencyError)
        with patch("odoo.service.model.time.sleep"):
            for path, message in messages:
                self.assertAnswers(-1, path, message)

    def test_fault_is_not_logged(self):
        """X-LOG: a fault is logged with the request id that the peer was told."""
        self._break_after_the_work(RuntimeError)
        with self.assertLogs(DISPATCHER, "ERROR") as logs:
            answer = self.post_json(SYNC, self.sync_message())
        self.assertIn(answer["request_id"], logs.output[0])
        self.assertIn("secret detail", logs.output[0])
        self.assertEqual(len(logs.output), 1)
