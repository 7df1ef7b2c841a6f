# SPDX-License-Identifier: LGPL-3.0-only
import logging
import time

from odoo.tests import tagged

from .common import SubscriptionCommon

_logger = logging.getLogger(__name__)

SUBSCRIBERS = 100_000
#: Of reading and of foreign keys: rows can be written beside them.
HARMLESS = {"AccessShareLock", "RowShareLock"}
#: Seconds that finding all of them may take.
LIMIT = 30


@tagged("post_install", "-at_install")
class TestPushScale(SubscriptionCommon):
    def make_subscribers(self, brand):
        """Confirmed subscribers of a brand, a third of them with a daily digest."""
        self.env.flush_all()
        self.env.cr.execute(
            """WITH made AS (
                   INSERT INTO recall_subscriber (channel, email_digest, lang, rhythm)
                   SELECT 'mail', 'digest ' || n, 'en_US',
                          CASE n %% 3 WHEN 0 THEN 'daily' ELSE 'now' END
                     FROM generate_series(1, %s) n RETURNING id, email_digest)
               INSERT INTO recall_subscription
                      (email_digest, brand, subscriber_id, lang, state, asked_at,
                       confirmed_at, mail_due)
               SELECT email_digest, %s, id, 'en_US', 'active', now(), now(), false
                 FROM made""",
            [SUBSCRIBERS, brand],
        )
        # As autovacuum does soon after the commit that this transaction lacks: where
        # it came by before, it counted none of the rows, and every join is a loop.
        self.env.cr.execute("ANALYZE recall_subscriber, recall_subscription")

    def get_locks(self):
        """What this connection locks, by table: the set of modes."""
        self.env.cr.execute(
            """SELECT relation::regclass::text, array_agg(DISTINCT mode)
                 FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'
                  AND relation::regclass::text LIKE 'recall%%' GROUP BY 1"""
        )
        return {table: set(modes) for table, modes in self.env.cr.fetchall()}

    def test_hundred_thousand_subscribers(self):
        """S-PUSH: a plan for 100,000 subscribers is expanded in under 30 s.

        It locks no row and no table that other work needs: intakes write plans and
        vehicles, visitors subscribe meanwhile.
        """
        self.make_subscribers("Newbrand")
        plan = self.make_plan(self.producer, brand="Newbrand")
        self.add_vehicles(plan)
        self.env.flush_all()
        # Rows that this transaction has made are locked anyhow: compare with before.
        before = self.get_locks()
        started = time.monotonic()
        made = self.env["recall.push"]._expand()
        seconds = time.monotonic() - started
        self.assertGreaterEqual(made, SUBSCRIBERS)
        self.assertLess(seconds, LIMIT)
        _logger.info("Expanded for %s subscribers in %.1f s", made, seconds)
        written = {
            table
            for table, modes in self.get_locks().items()
            if modes - before.get(table, set()) - HARMLESS
            and not table.endswith(("_idx", "_uniq", "_once", "_pkey", "_index"))
        }
        self.assertLessEqual(
            {name.removesuffix("_id_seq") for name in written},
            {"recall_push", "recall_publication", "recall_fleet_match"},
        )
        started = time.monotonic()
        self.assertEqual(self.env["recall.push"]._expand(), 0)
        self.assertLess(time.monotonic() - started, LIMIT)
        self.env.cr.execute("SELECT count(*) FROM recall_push WHERE digest")
        self.assertEqual(self.env.cr.fetchone()[0], SUBSCRIBERS // 3)
