# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import recall_notice_sender
from .notice_common import NoticeCommon


@tagged("post_install", "-at_install")
class TestNoticeOutbox(NoticeCommon):
    """What happens to owners and their vehicles between the start and the sending."""

    def get_contact(self, vin):
        return self.env["recall.owner.contact"].search([("vin", "=", vin)])

    def lay_out(self, **result):
        """Replace the program that lays letters out, which takes long."""
        Report = type(self.env["ir.actions.report"])
        self.startPatcher(patch.object(Report, "_run_wkhtmltopdf", **result))

    def break_off(self):
        """Make a letter round whose letters cannot be laid out; returns it."""
        self.lay_out(side_effect=UserError("There is no memory left."))
        return self.start(self.make_round("letter", told="all"))

    def read_mails(self, server):
        """Receiver -> the indexes of the vehicles named to it."""
        return {
            receiver: [
                index
                for index, vin in enumerate(self.vins)
                if vin in message.get_body(("plain",)).get_content()
            ]
            for receiver, message in server.received
        }

    # === The message of an owner of several vehicles === #

    def test_repair_of_one_vehicle_stops_the_owners_messages(self):
        """E-NOTIFY: the first of two vehicles is repaired; the gateway refuses once."""
        gateway = self.use_gateway()
        self.make_contacts(self.vins[:2], phone="13900000001")
        notice_round = self.start(self.make_round("sms"))
        other = self.start(self.make_round("sms", told="all"))
        self.make_completion(self.plan, self.vins[0])
        gateway.answers = {"+8613900000001": "insufficient_credit"}
        self.run_sender()
        gateway.answers = {}
        self.run_sender()
        for sent in (notice_round, other):
            states = self.states(sent)
            self.assertEqual(
                [states[vin] for vin in self.vins[:2]], ["skipped", "sent"]
            )
        references = [item["uuid"] for item in gateway.sent()]
        self.assertEqual(len(references), len(set(references)))

    def test_owner_on_the_phone_makes_the_message_nameless(self):
        """E-NOTIFY: one of two vehicles is noted as reached while the message waits."""
        gateway = self.use_gateway()
        self.make_contacts(self.vins[:4], phone="13900000001")
        notice_round = self.start(self.make_round("sms"))
        self.get_notice(notice_round, self.vins[0])._set_result("reached", "hand")
        self.run_sender()
        for item in gateway.sent():
            self.assertTrue(item["uuid"])
            self.report_sms(item["uuid"], "delivered")
        states = self.states(notice_round)
        self.assertEqual(
            [states[vin] for vin in self.vins[:4]], ["reached"] + ["delivered"] * 3
        )

    # === What changed since the start === #

    def test_vehicle_is_named_to_its_former_owner(self):
        """E-NOTIFY X-ACCESS: addresses count as they are when the message goes out."""
        old, new = "old@example.com", "new@example.com"
        # Changes of the contacts of three vehicles of one owner -> who is told of what.
        cases = (
            ({0: new}, {new: [0], old: [1, 2]}),
            ({2: new}, {old: [0, 1], new: [2]}),
            ({0: new, 2: new}, {new: [0, 2], old: [1]}),
            ({0: new, 1: new, 2: new}, {new: [0, 1, 2]}),
            ({0: False}, {old: [1, 2]}),
            ({1: False}, {old: [0, 2]}),
            ({0: False, 1: new}, {new: [1], old: [2]}),
        )
        self.make_contacts(self.vins[:3], email=old)
        contacts = [self.get_contact(vin) for vin in self.vins[:3]]
        for changes, expected in cases:
            server = self.use_smtp()
            for contact in contacts:
                contact.email = old
            notice_round = self.start(self.make_round("mail", told="all"))
            for index, address in changes.items():
                contacts[index].email = address
            with (
                self.subTest(changes=changes),
                patch.dict(recall_notice_sender.BATCH, mail=1),
            ):
                self.run_sender()
                self.assertEqual(self.read_mails(server), expected)
                states = self.states(notice_round)
                for index in range(3):
                    known = changes.get(index, old)
                    self.assertEqual(
                        states[self.vins[index]], "sent" if known else "no_address"
                    )
                self.assertEqual(notice_round.state, "done")

    def test_deleted_contact_stops_the_owners_messages(self):
        """E-NOTIFY: who cannot be written to any more is told apart, and only that."""
        self.make_contacts(self.vins[:3], email="zhang@example.com")
        server = self.use_smtp()
        notice_round = self.start(self.make_round("mail"))
        self.get_contact(self.vins[0]).unlink()
        self.run_sender()
        self.assertEqual(self.read_mails(server), {"zhang@example.com": [1, 2]})
        without = self.get_notice(notice_round, self.vins[0])
        self.assertEqual(without.state, "no_address")
        # Nobody wrote to it: the next round need not wait.
        self.assertFalse(without.handed_at)

    # === Faults of one round === #

    def test_fault_of_one_round_stops_the_others(self):
        """E-NOTIFY X-FAULT: a round that breaks off says so; the others go on."""
        self.make_contacts(self.vins[:2])
        server = self.use_smtp()
        broken = self.break_off()
        later = self.start(self.make_round("mail", told="all"))
        with self.assertLogs("odoo.addons.recall_enterprise", "ERROR"):
            self.run_sender()
        self.assertEqual(later.state, "done")
        self.assertEqual(len(server.received), 2)
        self.assertEqual((broken.state, broken.queued_count), ("running", 2))
        self.assertIn("(There is no memory left)", broken.problem)
        self.assertIn("administrator", broken.problem)

    @mute_logger("odoo.addons.recall_enterprise.models.recall_notice_sender_fault")
    def test_fault_is_told_in_a_language_that_nobody_at_the_producer_reads(self):
        """E-NOTIFY: the words are those of whoever started the round."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env.user.lang = "zh_CN"
        self.make_contacts(self.vins[:2])
        notice_round = self.break_off()
        self.run_sender()
        self.assertIn("发送中断（There is no memory left）", notice_round.problem)

    @mute_logger("odoo.addons.recall_enterprise.models.recall_notice_sender_fault")
    def test_mended_fault_stays_on_the_round(self):
        """E-NOTIFY: what waited is sent once the fault is mended."""
        self.make_contacts(self.vins[:2])
        notice_round = self.break_off()
        self.run_sender()
        self.assertTrue(notice_round.problem)
        self.lay_out(return_value=b"%PDF")
        self.run_sender()
        self.assertFalse(notice_round.problem)
        self.assertEqual(notice_round.file_ids.letter_count, 2)

    @mute_logger("odoo.addons.recall_enterprise.models.recall_notice_sender_fault")
    def test_fault_while_handing_over_uses_up_one_batch_after_the_other(self):
        """E-NOTIFY X-FAULT: messages that may have left stop their round."""
        Sender = type(self.env["recall.notice.sender"])
        self.make_contacts(self.vins[:3])
        notice_round = self.start(self.make_round("mail"))
        with (
            patch.object(Sender, "_hand_over_mail", side_effect=KeyError),
            patch.dict(recall_notice_sender.BATCH, mail=1),
        ):
            self.run_sender()
            self.run_sender()
        states = Counter(self.states(notice_round).values())
        self.assertEqual((states["queued"], states["sending"]), (2, 1))
        self.assertEqual(notice_round.state, "stopped")
        self.assertIn("decide about those that hang", notice_round.problem)

    def send_while_reports_come(self, times):
        """Send a round of two mails; so many tries to store what became of them meet
        a delivery report."""
        Sender = type(self.env["recall.notice.sender"])
        original, tries = Sender._write_outcomes, []

        def meet(sender, outcomes):
            sender.env.cr.execute("SELECT")  # a test's cursor begins with that only
            original(sender, outcomes)
            tries.append(outcomes)
            if len(tries) <= times:
                raise SerializationFailure("could not serialize access")

        self.make_contacts(self.vins[:2])
        server = self.use_smtp()
        notice_round = self.start(self.make_round("mail"))
        with patch.object(Sender, "_write_outcomes", meet):
            self.run_sender()
        self.assertEqual(len(server.received), 2)
        return notice_round

    def get_told_states(self, notice_round):
        states = self.states(notice_round)
        return {states[vin] for vin in self.vins[:2]}

    def test_delivery_report_that_is_faster_leaves_the_batch_hanging(self):
        """E-NOTIFY X-FAULT: what became of it is stored anew."""
        notice_round = self.send_while_reports_come(2)
        self.assertEqual(self.get_told_states(notice_round), {"sent"})
        self.assertEqual((notice_round.state, notice_round.problem), ("done", False))

    @mute_logger("odoo.addons.recall_enterprise.models.recall_notice_sender_fault")
    def test_results_that_cannot_be_stored_go_unnoticed(self):
        """E-NOTIFY X-FAULT: the round is stopped, a person decides about the batch."""
        notice_round = self.send_while_reports_come(1000)
        self.assertEqual(self.get_told_states(notice_round), {"sending"})
        self.assertEqual(notice_round.state, "stopped")
        self.assertIn("could not be stored)", notice_round.problem)

    def test_altered_contact_of_one_vehicle_leaves_its_owner_untold(self):
        """E-NOTIFY X-TAMPER: another contact of the same address opens."""
        self.make_contacts(self.vins[:3], email="zhang@example.com")
        server = self.use_smtp()
        self.start(self.make_round("mail"))
        altered, other = (self.get_contact(vin).sudo() for vin in self.vins[:2])
        altered.sealed = other.sealed
        self.run_sender()
        self.assertEqual(self.read_mails(server), {"zhang@example.com": [0, 1, 2]})

    def test_altered_contact_stops_its_round(self):
        """E-NOTIFY X-TAMPER: one contact that opens no more holds nobody else up."""
        self.make_contacts(self.vins[:3])
        server = self.use_smtp()
        notice_round = self.start(self.make_round("mail"))
        altered, other = (self.get_contact(vin).sudo() for vin in self.vins[:2])
        altered.sealed = other.sealed
        self.run_sender()
        self.assertEqual(len(server.received), 2)
        self.assertEqual(notice_round.state, "done")
        letters = self.start(self.make_round("letter", told="all"))
        self.lay_out(return_value=b"%PDF")
        self.run_sender()
        self.assertEqual(letters.file_ids.letter_count, 2)
        for told in (notice_round, letters):
            notice = self.get_notice(told, self.vins[0])
            self.assertEqual((notice.state, len(notice.file_id)), ("undeliverable", 0))
            self.assertIn("enter it anew", notice.reason)

    def test_repaired_batch_makes_the_others_wait(self):
        """E-NOTIFY: a batch of which nobody is left to be told does not end the run."""
        self.make_contacts(self.vins[:3])
        server = self.use_smtp()
        notice_round = self.start(self.make_round("mail"))
        self.make_completion(self.plan, self.vins[0])
        with patch.dict(recall_notice_sender.BATCH, mail=1):
            self.run_sender()
        self.assertEqual(len(server.received), 2)
        self.assertEqual(notice_round.state, "done")
