# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from odoo.addons.recall_base.tools import answers
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

from .recall_completion import DELIVERABLE, UNGIVEN

#: Records of one plain answer: 3 MB, found, opened and marked well within 5 s (7.5.2).
PLAIN_LIMIT = 10_000
#: A count on the screen stops here: the whole might be a hundred million.
COUNT_LIMIT = 100_000
#: The present version is not one that cannot be delivered.
FAULTLESS = SQL("fault_version IS DISTINCT FROM version")


class RecallInterface(models.Model):
    _inherit = "recall.interface"

    @api.model
    def _answer_sync(self, request, request_id, address):
        """Answer annex B's request.

        A request without ``api_cursor`` is a plain one: it gets the records of the last
        days in the standard's members only. With a cursor (empty at first) it gets
        deliveries, each until it is acknowledged.
        """
        grant = self._authorise(request.api_token, request.api_cfg, "sync", address)
        interface = self.browse(grant.interface_id)
        if request.api_cursor is None:
            return interface._answer_plain(grant)
        interface._note_refusals(request)
        self.env["recall.witness"]._note(interface.producer_id, request.api_log)
        named = interface._acknowledge(request.api_cursor, grant)
        delivery, records = interface._repeat_after(named)
        if not delivery:
            delivery, records = interface._next_page(request.api_limit, grant)
        if not delivery:
            return answers.sync_answer(
                [],
                next_cursor=request.api_cursor,
                has_more=False,
                request_id=request_id,
            )
        return answers.sync_answer(
            records,
            next_cursor=delivery.cursor,
            has_more=bool(delivery.acknowledged_at) or interface._has_deliverable(),
            request_id=request_id,
        )

    # === Deliveries with acknowledgement === #

    def _acknowledge(self, cursor, grant):
        """Note that the delivery named by ``cursor`` has arrived; "" names none.

        :returns: the delivery
        """
        if not cursor:
            return self.env["recall.delivery"]
        delivery = self.env["recall.delivery"].search(
            [("cursor", "=", cursor), ("producer_id", "=", self.producer_id.id)]
        )
        if not delivery:
            raise MessageError(
                ApiStatus.PARAMETER_FORMAT,
                "The cursor names no delivery. Start again with an empty api_cursor.",
                "api_cursor",
            )
        if not delivery.acknowledged_at:
            # Whoever loses the race for it is tried again: no error to be logged.
            self.env.cr.execute(
                SQL(
                    "SELECT FROM recall_delivery WHERE id = %s FOR UPDATE", delivery.id
                ),
                log_exceptions=False,
            )
            now = fields.Datetime.now()
            delivery.write(
                {
                    "acknowledged_at": now,
                    "seconds": (now - delivery.sent_at).total_seconds(),
                }
            )
            delivery.flush_recordset()
            delivery._note_arrival()
            self._log(delivery, "delivery.acknowledge", grant)
        return delivery

    def _repeat_after(self, named):
        """Return the delivery after the named one, if that was acknowledged before.

        A peer that names an older cursor than its last has been restored from a backup,
        and one that names none begins anew: what it had taken in meanwhile is given
        once more, each record by the delivery that carries its present version.

        :returns: ``(delivery, records as message members)``, empty ones for a peer that
            is where it was
        """
        self.env.cr.execute(
            SQL(
                """SELECT id FROM recall_delivery delivery
                    WHERE producer_id = %s AND mode = 'acknowledged' AND id > %s
                      AND acknowledged_at IS NOT NULL
                      AND EXISTS (SELECT FROM recall_completion
                                   WHERE delivery_id = delivery.id)
                    ORDER BY id LIMIT 1""",
                self.producer_id.id,
                named.id or 0,
            )
        )
        delivery = named.browse(row[0] for row in self.env.cr.fetchall())
        return delivery, self._read_again(delivery) if delivery else []

    def _next_page(self, limit, grant):
        """Return the delivery that waits for acknowledgement, else a new one.

        :returns: ``(delivery, records as message members)``
        """
        pending = self._find_pending()
        if pending:
            return pending, self._read_again(pending)
        if not self._has_deliverable():
            return pending, []
        try:
            delivery = self._open_delivery()
        except psycopg2.errors.UniqueViolation as error:
            # Another request has made it meanwhile: tried again, this one sees it.
            raise ConcurrencyError("A delivery was made at the same time.") from error
        records = self._fill(delivery, min(limit or self.page_size, self.page_size))
        if not records:
            delivery.unlink()
            return pending, []
        delivery.write(_prepare_counts(records))
        delivery.flush_recordset()
        self._log(delivery, "delivery.create", grant)
        return delivery, records

    def _open_delivery(self):
        """Make the delivery that is to be acknowledged.

        By SQL: to lose the race against another request is no error to be logged.
        """
        Delivery = self.env["recall.delivery"]
        vals = {
            **Delivery.default_get(["cursor", "sent_at"]),
            **self._prepare_delivery_vals("acknowledged"),
            **dict.fromkeys(("create_uid", "write_uid"), self.env.uid),
            **dict.fromkeys(("create_date", "write_date"), fields.Datetime.now()),
        }
        self.env.cr.execute(
            SQL(
                "INSERT INTO recall_delivery (%s) VALUES %s RETURNING id",
                SQL(", ").join(map(SQL.identifier, vals)),
                tuple(vals.values()),
            ),
            log_exceptions=False,
        )
        return Delivery.browse(self.env.cr.fetchone()[0])

    def _find_pending(self):
        return self.env["recall.delivery"].search(
            [
                ("producer_id", "=", self.producer_id.id),
                ("acknowledged_at", "=", False),
                ("mode", "=", "acknowledged"),
            ]
        )

    def _fill(self, delivery, limit):
        """Put up to ``limit`` waiting records into a delivery; return them."""
        order = SQL("id LIMIT %s FOR UPDATE SKIP LOCKED", limit)
        while rows := self._read_rows(self._deliverable(), order):
            opened = self._assign_opening(delivery, rows)
            self._set_shut_aside(opened)
            if opened.rows or not opened.shut:
                return self._prepare_records(
                    opened.rows, delivery.sent_at, extended=True
                )
        return []

    def _assign_opening(self, delivery, rows):
        """Put rows into a delivery while a thread opens their phone numbers.

        One that does not open is rare: then all are taken out again, and the others
        are put in.

        :returns: ``Opened``
        """
        with (
            ThreadPoolExecutor(1, thread_name_prefix="recall_sync") as thread,
            self.env.cr.savepoint(flush=False) as marks,
        ):
            opening = thread.submit(self._phone_opener(), rows)
            self._assign(delivery, [row.id for row in rows])
            opened = opening.result()
            if len(opened.rows) < len(rows):
                marks.rollback()
                self._assign(delivery, [row.id for row in opened.rows])
        return opened

    def _assign(self, delivery, ids):
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion
                      SET delivery_id = %s, handed_out = TRUE, synced_at = %s,
                          first_delivery_id = coalesce(first_delivery_id, %s)
                    WHERE id = ANY(%s)""",
                delivery.id,
                delivery.sent_at,
                delivery.id,
                ids,
            )
        )
        self.env["recall.completion"].invalidate_model(
            ["delivery_id", "handed_out", "synced_at", "first_delivery_id"]
        )

    def _read_again(self, delivery):
        """Records of a delivery that was given before, in their present version."""
        rows = self._read_rows(SQL("delivery_id = %s", delivery.id), SQL("id"))
        rows = self._open_phones(rows)
        return self._prepare_records(rows, delivery.sent_at, extended=True)

    def _deliverable(self):
        """Condition of the index that finds what no delivery carries yet."""
        return SQL(
            "producer_id = %s AND %s AND %s",
            self.producer_id.id or None,
            DELIVERABLE,
            FAULTLESS,
        )

    def _has_deliverable(self):
        self.env.cr.execute(
            SQL("SELECT 1 FROM recall_completion WHERE %s LIMIT 1", self._deliverable())
        )
        return bool(self.env.cr.fetchone())

    def _count_deliverable(self):
        """Records that wait for a delivery, at most ``COUNT_LIMIT``."""
        self.env.cr.execute(
            SQL(
                """SELECT count(*) FROM (
                       SELECT 1 FROM recall_completion WHERE %s LIMIT %s) waiting""",
                self._deliverable(),
                COUNT_LIMIT,
            )
        )
        return self.env.cr.fetchone()[0]

    # === Plain answers === #

    def _answer_plain(self, grant):
        """Answer a peer that knows the standard's members only.

        It gets every record that was never given in its present version, however old,
        and each time those confirmed or changed within the window. The standard has no
        paging, so where these are more than ``PLAIN_LIMIT`` an answer holds that many:
        first what was never given, then what was, going round from where the last
        answer stopped. Each record is given again in the window as long as the peer
        asks more often than (records of the window / ``PLAIN_LIMIT``) times; the
        delivery says how many were left out.
        """
        now = fields.Datetime.now()
        ungiven, given = self._ungiven(), self._given_since(now)
        rows = self._read_rows(ungiven, SQL("id LIMIT %s", PLAIN_LIMIT))
        rows += self._read_rows(given, self._plain_order(PLAIN_LIMIT - len(rows)))
        position = rows[-1].id if len(rows) == PLAIN_LIMIT else 0
        rows = sorted(self._open_phones(rows))
        records = self._prepare_records(rows, now, extended=False)
        if records:
            total = position and self._count_plain(ungiven) + self._count_plain(given)
            delivery = self.env["recall.delivery"].create(
                {
                    **self._prepare_delivery_vals("plain"),
                    "record_count": len(records),
                    "left_out_count": max(total - len(rows), 0),
                    "position": position,
                }
            )
            self._note_plain([row.id for row in rows], now, delivery)
            self._log(delivery, "delivery.create", grant)
        return answers.sync_answer(records)

    def _ungiven(self):
        """Condition of the index that finds what a plain peer never got."""
        return SQL(
            "producer_id = %s AND %s AND %s", self.producer_id.id, UNGIVEN, FAULTLESS
        )

    def _given_since(self, now):
        """Condition of what was given and stays in the answers: the window."""
        return SQL(
            """producer_id = %s AND state = 'confirmed' AND changed_at >= %s
               AND synced_at >= changed_at AND phone_sealed IS NOT NULL AND %s""",
            self.producer_id.id,
            now - timedelta(days=self.window_days),
            FAULTLESS,
        )

    def _plain_order(self, limit):
        """Order that goes round the records from where the last answer stopped."""
        last = self.env["recall.delivery"].search(
            [("producer_id", "=", self.producer_id.id), ("mode", "=", "plain")], limit=1
        )
        return SQL("id <= %s, id LIMIT %s", last.position, limit)

    def _note_plain(self, ids, now, delivery):
        # A withdrawal of what a plain peer got must reach it once it uses cursors.
        pending = self._find_pending()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_completion SET handed_out = TRUE, synced_at = %s,
                          first_delivery_id = CASE
                              WHEN first_delivery_id IS NULL
                                   OR first_delivery_id = %s
                              THEN %s ELSE first_delivery_id END
                    WHERE id = ANY(%s) AND (handed_out IS NOT TRUE
                          OR first_delivery_id = %s
                          OR synced_at IS NULL OR synced_at < changed_at)""",
                now,
                # What waits for an acknowledgement has arrived by this answer.
                pending.id or None,
                delivery.id,
                ids,
                pending.id or None,
            )
        )
        self.env["recall.completion"].invalidate_model(
            ["handed_out", "synced_at", "first_delivery_id"]
        )
        delivery._note_arrival()

    def _count_plain(self, where):
        self.env.cr.execute(
            SQL("SELECT count(*) FROM recall_completion WHERE %s", where)
        )
        return self.env.cr.fetchone()[0]

    def _prepare_delivery_vals(self, mode):
        """Values of a new delivery of this interface."""
        return {
            "producer_id": self.producer_id.id,
            "interface_id": self.id,
            "mode": mode,
        }

    def _log(self, delivery, action, grant):
        self.env["recall.audit.event"]._record(
            action, delivery, token=grant.token_id, records=delivery.record_count
        )


def _prepare_counts(records):
    """Values of a delivery that say how many records of each kind it carries."""
    kinds = Counter(record["recordKind"] for record in records)
    return {
        "record_count": len(records),
        "completion_count": kinds["completion"],
        "correction_count": kinds["correction"],
        "withdrawal_count": kinds["withdrawal"],
    }
