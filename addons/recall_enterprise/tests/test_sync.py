# SPDX-License-Identifier: LGPL-3.0-only
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.recall_base.tools import answers, messages

from .common import SYNC, EnterpriseHttpCase

STANDARD = {
    "recallNum",
    "vehicleVin",
    "recallTime",
    "repairNum",
    "dealerName",
    "telNum",
    "collectTime",
}


@tagged("post_install", "-at_install")
class TestSyncPlain(EnterpriseHttpCase):
    """A peer that knows the standard's members only."""

    def _age(self, reports, days):
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE recall_completion
                  SET changed_at = now() AT TIME ZONE 'UTC' - %s WHERE id IN %s""",
            [timedelta(days=days), tuple(reports.ids)],
        )
        self.env.invalidate_all()

    def test_plain_peer_sees_more_than_the_standard(self):
        """E-SYNC: a plain request is answered in exactly the standard's members."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        answer = self.sync()
        self.assertEqual(set(answer), {"records", "count", "api_status"})
        [sent] = answer["records"]
        self.assertEqual(set(sent), STANDARD)
        for member in STANDARD - {"collectTime"}:
            self.assertEqual(sent[member], record[member])
        # No. 17 is the time of this answer, in the producer's zone.
        now = fields.Datetime.context_timestamp(
            report.with_context(tz="Asia/Shanghai"), fields.Datetime.now()
        ).replace(tzinfo=None)
        sent_at = datetime.strptime(sent["collectTime"], "%Y-%m-%d %H:%M:%S")
        self.assertLess(abs(now - sent_at), timedelta(seconds=30))

    def test_plain_peer_without_records_is_refused(self):
        """E-SYNC: nothing to give is a success with an empty list."""
        self.assertEqual(self.sync(), {"records": [], "count": 0, "api_status": 200})

    def test_plain_peer_loses_what_it_did_not_get(self):
        """E-SYNC, X-FAULT: a plain peer gets the records of the window each time."""
        self.collect_confirmed(*map(self.make_record, self.vins[:3]))
        first = self.sync()
        self.assertEqual(first["count"], 3)
        again = self.sync()
        for record in (*first["records"], *again["records"]):
            del record["collectTime"]
        self.assertEqual(again, first)

    def _age_given(self, reports, days):
        """Age reports that were given as soon as they were confirmed."""
        self._age(reports, days)
        self.env.cr.execute(
            "UPDATE recall_completion SET synced_at = changed_at WHERE id IN %s",
            [tuple(reports.ids)],
        )
        self.env.invalidate_all()

    def test_window_does_not_end(self):
        """E-SYNC: what was given is given again as long as it is in the window."""
        reports = self.collect_confirmed(*map(self.make_record, self.vins[:3]))
        old, edge, fresh = reports
        self.assertEqual(self.sync()["count"], 3)
        self._age_given(old, 7.01)
        self._age_given(edge, 6.99)
        sent = {record["repairNum"] for record in self.sync()["records"]}
        self.assertEqual(sent, {edge.repair_number, fresh.repair_number})
        self.sync_interface.window_days = 8
        self.assertEqual(self.sync()["count"], 3)

    def test_record_that_was_never_given_leaves_the_window(self):
        """E-SYNC X-FAULT: a plain peer that did not ask for weeks loses nothing; what
        it has been given once follows the window."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        self._age(report, 30)
        self.assertEqual(self.sync()["count"], 1)
        self.assertEqual(self.sync()["count"], 0)
        self.assertTrue(report.first_delivery_id)

    def test_correction_that_was_never_given_leaves_the_window(self):
        """E-SYNC X-FAULT: the present version counts, however old it is."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        self.sync()
        self._age_given(report, 60)
        self.assertEqual(self.sync()["count"], 0)
        self.collect_one({**record, "telNum": "13912043678"})
        self._age(report, 30)
        self.assertEqual(self.sync()["records"][0]["telNum"], "13912043678")
        self.assertEqual(self.sync()["count"], 0)

    def test_search_for_what_was_never_given_reads_the_whole_table(self):
        """E-SYNC X-PERF: an index holds what a plain peer still has to get."""
        # A table of a few rows is read by anything else as fast.
        for other in ("seqscan", "bitmapscan", "sort"):
            self.env.cr.execute(f"SET LOCAL enable_{other} = off")
        plan = self.env.execute_query(
            SQL(
                "EXPLAIN SELECT id FROM recall_completion WHERE %s ORDER BY id LIMIT 9",
                self.sync_interface._ungiven(),
            )
        )
        self.assertIn("recall_completion_ungiven_idx", str(plan))

    def test_unconfirmed_or_withdrawn_record_is_given_to_a_plain_peer(self):
        """E-SYNC: a plain peer never gets unconfirmed, rejected, withdrawn records."""
        withdrawn = self.collect_confirmed(self.make_record())
        self.sync(api_cursor="")
        self.withdraw(withdrawn)
        self.producer.auto_confirm = False
        self.collect(
            self.make_record(self.vins[1]),
            self.make_record(self.vins[2], dealerName="Nobody"),
        )
        self.assertEqual(self.sync()["count"], 0)

    def test_records_of_another_producer_are_given(self):
        """X-ACCESS: an interface gives its own producer's records only."""
        other = self.make_producer()
        plan = self.make_plan(other)
        [vin] = self.add_vehicles(plan)
        self.make_completion(plan, vin, changed_at=fields.Datetime.now())
        self.assertEqual(self.sync()["count"], 0)
        self.assertEqual(self.sync(api_cursor="")["count"], 0)

    def test_plain_answers_are_not_known(self):
        """E-SYNC, X-LOG: what was given to a plain peer is known as a delivery."""
        self.collect_confirmed(self.make_record())
        self.sync()
        delivery = self.sync_interface.delivery_ids
        self.assertRecordValues(delivery, [{"mode": "plain", "record_count": 1}])
        self.assertFalse(delivery.acknowledged_at)
        event = self.env["recall.audit.event"].search(
            [("action", "=", "delivery.create"), ("res_id", "=", delivery.id)]
        )
        self.assertEqual(event.detail, {"records": 1, "token": self.sync_token.id})

    def test_withdrawal_of_what_a_plain_peer_got_is_kept_from_it(self):
        """E-SYNC: it travels once the peer asks with a cursor."""
        report = self.collect_confirmed(self.make_record())
        self.sync()
        self.withdraw(report)
        [record] = self.sync(api_cursor="")["records"]
        self.assertEqual(record["recordKind"], "withdrawal")

    def test_plain_request_takes_records_from_the_deliveries(self):
        self.collect_confirmed(self.make_record())
        self.sync()
        self.assertEqual(self.sync(api_cursor="")["count"], 1)
        self.assertEqual(self.sync()["count"], 1)


@tagged("post_install", "-at_install")
class TestSyncCursor(EnterpriseHttpCase):
    """Deliveries that are acknowledged by their cursor (design 4)."""

    def numbers(self, answer):
        return [record["repairNum"] for record in answer["records"]]

    def test_first_page_lacks_the_optional_members(self):
        """E-SYNC: an empty cursor starts the deliveries."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        answer = self.sync(api_cursor="")
        self.assertEqual(
            set(answer),
            {"records", "count", "api_status", "next_cursor", "has_more", "request_id"},
        )
        self.assertIs(answer["has_more"], False)
        [sent] = answer["records"]
        self.assertEqual(set(sent), STANDARD | {"recordKind", "recordVersion"})
        self.assertEqual((sent["recordKind"], sent["recordVersion"]), ("completion", 1))
        delivery = report.delivery_id
        self.assertRecordValues(
            delivery,
            [
                {
                    "cursor": answer["next_cursor"],
                    "record_count": 1,
                    "mode": "acknowledged",
                    "producer_id": self.producer.id,
                    "interface_id": self.sync_interface.id,
                    "acknowledged_at": False,
                }
            ],
        )
        self.assertTrue(report.handed_out)
        self.assertEqual(report.synced_at, delivery.sent_at)

    def test_unacknowledged_delivery_is_not_given_again(self):
        """E-SYNC, X-FAULT: without acknowledgement the same delivery comes again."""
        self.collect_confirmed(self.make_record(self.vins[0]))
        first = self.sync(api_cursor="")
        self.collect_confirmed(self.make_record(self.vins[1]))
        for cursor in ("", ""):
            again = self.sync(api_cursor=cursor)
            self.assertEqual(again["records"], first["records"])
            self.assertEqual(again["next_cursor"], first["next_cursor"])
            self.assertIs(again["has_more"], True)

    def test_acknowledged_delivery_is_given_again(self):
        """E-SYNC: a cursor acknowledges its delivery and gets the next one."""
        self.collect_confirmed(self.make_record(self.vins[0]))
        first = self.sync(api_cursor="")
        second_record = self.make_record(self.vins[1])
        self.collect_confirmed(second_record)
        second = self.sync(api_cursor=first["next_cursor"])
        self.assertEqual(self.numbers(second), [second_record["repairNum"]])
        self.assertNotEqual(second["next_cursor"], first["next_cursor"])
        deliveries = self.sync_interface.delivery_ids.sorted("id")
        self.assertTrue(deliveries[0].acknowledged_at)
        self.assertFalse(deliveries[1].acknowledged_at)
        last = self.sync(api_cursor=second["next_cursor"])
        self.assertEqual((last["records"], last["has_more"]), ([], False))
        self.assertEqual(last["next_cursor"], second["next_cursor"])
        self.assertTrue(deliveries[1].acknowledged_at)

    def test_old_cursor_loses_the_pending_delivery(self):
        """E-SYNC, X-FAULT: a peer restored from a backup gets what waits, no more."""
        self.collect_confirmed(self.make_record(self.vins[0]))
        first = self.sync(api_cursor="")
        self.collect_confirmed(self.make_record(self.vins[1]))
        second = self.sync(api_cursor=first["next_cursor"])
        again = self.sync(api_cursor=first["next_cursor"])
        self.assertEqual(again["records"], second["records"])
        self.assertEqual(again["next_cursor"], second["next_cursor"])

    def test_peer_restored_from_a_backup_loses_what_it_had_acknowledged(self):
        """E-SYNC M-KEEP X-FAULT: an older cursor, or none, gets all that came after.

        Each record comes in its present version, once, and then what waits.
        """
        answers, reports, cursor = [], [], ""
        for vin in self.vins[:3]:
            reports.append(self.collect_confirmed(self.make_record(vin)))
            answers.append(self.sync(api_cursor=cursor))
            cursor = answers[-1]["next_cursor"]
        self.sync(api_cursor=cursor)
        acknowledged = self.sync_interface.delivery_ids.mapped("acknowledged_at")
        waiting = self.make_record(self.vins[3])
        self.collect_confirmed(waiting)
        for start in range(4):
            given, cursor = [], answers[start - 1]["next_cursor"] if start else ""
            while (answer := self.sync(api_cursor=cursor))["records"]:
                given += self.numbers(answer)
                cursor = answer["next_cursor"]
            with self.subTest(start=start):
                expected = [report.repair_number for report in reports[start:]]
                self.assertEqual(given, [*expected, waiting["repairNum"]])
        deliveries = self.sync_interface.delivery_ids.sorted("id")[:3]
        self.assertEqual(deliveries.mapped("acknowledged_at"), acknowledged[::-1])

    def test_time_of_an_acknowledgement_moves_with_a_repeated_one(self):
        self.collect_confirmed(self.make_record())
        answer = self.sync(api_cursor="")
        with freeze_time(datetime(2030, 1, 1)):
            self.sync(api_cursor=answer["next_cursor"])
        delivery = self.sync_interface.delivery_ids
        first = delivery.acknowledged_at
        self.sync(api_cursor=answer["next_cursor"])
        self.assertEqual(delivery.acknowledged_at, first)

    def test_unknown_cursor_is_taken(self):
        """E-SYNC: a cursor that names no delivery of this producer is 407."""
        self.collect_confirmed(self.make_record())
        other = self.make_producer()
        foreign = self.env["recall.delivery"].create(
            {
                "producer_id": other.id,
                "interface_id": self.make_interface(other, "sync").id,
                "mode": "acknowledged",
            }
        )
        before = self.stored()
        for cursor in ("unknown", foreign.cursor, " "):
            answer = self.post_json(SYNC, self.sync_message(api_cursor=cursor))
            self.assertEqual(answer["api_status"], 407)
            self.assertIn("empty api_cursor", answer["message"])
        self.assertEqual(self.stored(), before)
        self.assertFalse(foreign.acknowledged_at)

    def test_limit_of_the_peer_is_exceeded(self):
        """E-SYNC: a peer may ask for smaller deliveries; has_more tells of the rest."""
        records = [self.make_record(vin) for vin in self.vins]
        self.collect_confirmed(*records)
        cursor, numbers, sizes, more = "", [], [], []
        for _ in range(4):
            answer = self.sync(api_cursor=cursor, api_limit=4)
            cursor = answer["next_cursor"]
            numbers += self.numbers(answer)
            sizes.append(answer["count"])
            more.append(answer["has_more"])
        self.assertEqual(sizes, [4, 4, 2, 0])
        self.assertEqual(more, [True, True, False, False])
        self.assertEqual(numbers, [record["repairNum"] for record in records])

    def test_limit_of_the_interface_is_exceeded(self):
        """X-ATTACK: a peer cannot ask for more than the interface gives at once."""
        self.collect_confirmed(*map(self.make_record, self.vins))
        self.sync_interface.page_size = 3
        self.assertEqual(self.sync(api_cursor="", api_limit=1000)["count"], 3)

    def test_other_limit_changes_a_delivery_that_waits(self):
        self.collect_confirmed(*map(self.make_record, self.vins))
        self.assertEqual(self.sync(api_cursor="", api_limit=4)["count"], 4)
        self.assertEqual(self.sync(api_cursor="", api_limit=2)["count"], 4)
        self.assertEqual(self.sync(api_cursor="")["count"], 4)

    def test_withdrawal_after_delivery_is_not_told(self):
        """E-SYNC: a record that was handed out is withdrawn by a later delivery."""
        record = self.make_record()
        report = self.collect_confirmed(record)
        first = self.sync(api_cursor="")
        self.withdraw(report)
        second = self.sync(api_cursor=first["next_cursor"])
        [sent] = second["records"]
        self.assertEqual((sent["recordKind"], sent["recordVersion"]), ("withdrawal", 2))
        self.assertEqual(sent["repairNum"], record["repairNum"])
        report.action_restore()
        third = self.sync(api_cursor=second["next_cursor"])
        [sent] = third["records"]
        self.assertEqual((sent["recordKind"], sent["recordVersion"]), ("correction", 3))
        self.assertEqual(self.sync(api_cursor=third["next_cursor"])["count"], 0)

    def test_withdrawal_before_delivery_is_told(self):
        """E-SYNC: the regulator is not told of what it never saw."""
        report = self.collect_confirmed(self.make_record())
        self.withdraw(report)
        self.assertEqual(self.sync(api_cursor="")["count"], 0)
        report.action_restore()
        [sent] = self.sync(api_cursor="")["records"]
        self.assertEqual((sent["recordKind"], sent["recordVersion"]), ("correction", 3))

    def test_answer_is_not_written_as_the_model_writes_it(self):
        """E-SYNC: each kind of record is, byte by byte, what annex B's model gives."""
        records = [*map(self.make_record, self.vins[:3])]
        records[2] |= {"repairNum": 'RO "甲"/\\\t7', "telNum": "+86 010-6666"}
        reports = self.collect_confirmed(*records)
        first = self.sync(api_cursor="")
        self.withdraw(reports[0])
        self.collect_one({**records[1], "telNum": "13912043678"})
        self.collect_confirmed(self.make_record(self.vins[3]))
        second = self.sync(api_cursor=first["next_cursor"])
        records = first["records"] + second["records"]
        kinds = {record["recordKind"] for record in second["records"]}
        self.assertEqual(kinds, {"completion", "correction", "withdrawal"})
        for record in records:
            written = messages.validate(messages.SyncRecord, record).model_dump_json()
            self.assertEqual(answers.encode(record), written)

    def test_change_while_a_delivery_waits_is_lost(self):
        """E-SYNC, X-FAULT: a change to a waiting record goes with the next delivery."""
        records = [self.make_record(vin) for vin in self.vins[:3]]
        reports = self.collect_confirmed(*records)
        first = self.sync(api_cursor="")
        self.assertEqual(first["count"], 3)
        self.withdraw(reports[0])
        self.collect_one({**records[1], "telNum": "13912043678"})
        again = self.sync(api_cursor="")
        self.assertEqual(self.numbers(again), [records[2]["repairNum"]])
        following = self.sync(api_cursor=again["next_cursor"])
        self.assertEqual(
            {
                record["repairNum"]: (record["recordKind"], record["recordVersion"])
                for record in following["records"]
            },
            {
                records[0]["repairNum"]: ("withdrawal", 2),
                records[1]["repairNum"]: ("correction", 2),
            },
        )

    def test_unconfirmed_record_is_delivered(self):
        """E-SYNC: only confirmed records are delivered."""
        self.producer.auto_confirm = False
        checked = self.make_record(self.vins[0])
        self.collect(checked, self.make_record(self.vins[1], dealerName="Nobody"))
        self.assertEqual(self.sync(api_cursor="")["count"], 0)
        self.assertFalse(self.sync_interface.delivery_ids)
        self.find_report(checked).action_confirm()
        self.assertEqual(self.sync(api_cursor="")["count"], 1)

    def test_record_with_a_smaller_id_that_is_confirmed_later_is_lost(self):
        """E-SYNC: no delivery asks for what is greater than the last."""
        self.producer.auto_confirm = False
        records = [self.make_record(vin) for vin in self.vins[:2]]
        self.collect(*records)
        early, late = map(self.find_report, records)
        late.action_confirm()
        first = self.sync(api_cursor="")
        self.assertEqual(self.numbers(first), [records[1]["repairNum"]])
        early.action_confirm()
        second = self.sync(api_cursor=first["next_cursor"])
        self.assertEqual(self.numbers(second), [records[0]["repairNum"]])

    def test_reopened_interface_loses_the_deliveries(self):
        """E-OPEN: another interface of the producer goes on with its deliveries."""
        self.collect_confirmed(self.make_record(self.vins[0]))
        first = self.sync(api_cursor="")
        self.sync_interface.active = False
        self.env.flush_all()
        fresh = self.make_interface(self.producer, "sync")
        again = self.sync(api_cursor="", api_cfg=fresh.api_cfg)
        self.assertEqual(again["records"], first["records"])
        self.collect_confirmed(self.make_record(self.vins[1]))
        following = self.sync(api_cursor=first["next_cursor"], api_cfg=fresh.api_cfg)
        self.assertEqual(following["count"], 1)

    def test_time_of_a_repeated_delivery_changes(self):
        """E-SYNC: no. 17 is the first sending, in the producer's zone."""
        self.producer.timezone = "America/New_York"
        report = self.collect_confirmed(self.make_record())
        with freeze_time(datetime(2030, 7, 1, 2, 30, 15)):
            # The database's clock goes on; the delivery takes Python's.
            first = self.sync(api_cursor="")
        self.assertEqual(first["records"][0]["collectTime"], "2030-06-30 22:30:15")
        self.assertEqual(report.synced_at, datetime(2030, 7, 1, 2, 30, 15))
        again = self.sync(api_cursor="")
        self.assertEqual(again["records"], first["records"])

    def test_deliveries_leave_no_trace_in_the_log(self):
        """X-LOG: that a delivery was made and acknowledged is in the log."""
        self.collect_confirmed(self.make_record())
        answer = self.sync(api_cursor="")
        self.sync(api_cursor=answer["next_cursor"])
        events = self.env["recall.audit.event"].search(
            [
                ("res_model", "=", "recall.delivery"),
                ("res_id", "in", self.sync_interface.delivery_ids.ids),
            ],
            order="id",
        )
        self.assertEqual(
            events.mapped("action"), ["delivery.create", "delivery.acknowledge"]
        )
        expected = {"records": 1, "token": self.sync_token.id}
        self.assertEqual(events.mapped("detail"), [expected, expected])

    def test_second_request_at_the_same_time_is_a_fault(self):
        """X-FAULT: two requests that make the same delivery are put in order."""
        self.collect_confirmed(self.make_record())
        pending = self.sync(api_cursor="")
        Delivery = type(self.env["recall.delivery"])
        search = Delivery.search
        blind = [True]

        def search_blindly_once(model, *args, **kwargs):
            # The first try does not see the delivery that another request made.
            if model._name == "recall.delivery" and blind:
                blind.clear()
                return model.browse()
            return search(model, *args, **kwargs)

        self.collect_confirmed(self.make_record(self.vins[1]))
        with (
            patch.object(Delivery, "search", search_blindly_once),
            patch("odoo.service.model.time.sleep"),
            self.assertNoLogs("odoo.sql_db", "ERROR"),
        ):
            answer = self.sync(api_cursor="")
        self.assertEqual(blind, [])
        self.assertEqual(answer["records"], pending["records"])
