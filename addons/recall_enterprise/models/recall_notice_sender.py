# SPDX-License-Identifier: LGPL-3.0-only
import logging
import uuid
from collections import Counter
from functools import partial
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher, phone
from odoo.addons.recall_base.tools.notification import notify

from ..tools import owner_contact
from .recall_notice_audience import ADDRESSES

_logger = logging.getLogger(__name__)

#: Messages handed over between two commits: what one kill can leave undecided.
BATCH = {"mail": 100, "sms": 100, "letter": 1000}
#: Times a message is handed over before a temporary refusal counts as final.
MAX_ATTEMPTS = 3
#: Minutes before it is handed over again.
PAUSE_MINUTES = 10


class Outcome(NamedTuple):
    """What became of handing over the message of a lead."""

    lead_id: int
    state: str  # "sent", "undeliverable", "queued" (was not sent), "sending" (unknown)
    reason: str | None = None


class HandOver(NamedTuple):
    """What became of a batch; ``problem`` says why the channel takes no more."""

    outcomes: list
    problem: str | None = None


def name_fault(error):
    """Name an error in words that hold no address: only those meant for people."""
    if isinstance(error, UserError):
        return error.args[0].rstrip(".。")
    return type(error).__name__


def _begun(messages, outcomes):
    """Outcomes of a whole batch: what has none was not begun and waits again."""
    tried = {outcome.lead_id for outcome in outcomes}
    return outcomes + [
        Outcome(message.lead_id, "queued")
        for message in messages
        if message.lead_id not in tried
    ]


class RecallNoticeSender(models.AbstractModel):
    """Hands the messages of running rounds over, at most once each.

    A batch is marked as being sent and that is committed before anything leaves; what
    became of it is committed after. A server that dies in between leaves messages that
    are "being sent": a person decides about those, nothing is sent twice by itself.
    Odoo's mail queue is not used: it keeps addresses and texts in clear, and takes a
    mail as not sent when the server dies behind the hand-over.
    """

    _name = "recall.notice.sender"
    _description = "Sender of owner notices"

    @api.model
    def _cron_send(self):
        """Send what waits in running rounds, batch by batch."""
        Cron = self.env["ir.cron"]
        rounds = self.env["recall.notice.round"].search(
            [("state", "=", "running")], order="id"
        )
        Cron._commit_progress(remaining=sum(rounds.mapped("queued_count")))
        for notice_round in rounds:
            # What is noted of a round is for those who started it.
            lang = self.env["res.lang"]._get_code(notice_round.started_by_id.lang)
            if not self.with_context(lang=lang)._send_round(notice_round):
                return
        # What still waits has its reason: there is no more to do in this run.
        Cron._commit_progress(remaining=0)

    @api.model
    def _send_round(self, notice_round):
        """Send what waits in a round; whether there is time for another one.

        Never raises: what goes wrong is the round's own, the others go on.
        """
        Cron = self.env["ir.cron"]
        try:
            while self._send_batch(notice_round):
                if not Cron._commit_progress(BATCH[notice_round.channel]):
                    return False
            notice_round._finish_done()
        except Exception as error:  # noqa: BLE001 channels and reports fail in any way
            self._note_fault(notice_round, error)
        return bool(Cron._commit_progress())

    @api.model
    def _send_batch(self, notice_round):
        """Send one batch of a round; whether there may be more to send now."""
        # A reviewer may have stopped it since the last commit.
        notice_round.invalidate_recordset()
        if notice_round.state != "running":
            return False
        taken = self._take(notice_round)
        opened = self._open_contacts(
            taken.filtered(lambda notice: notice.state == "sending")
        )
        told = taken.filtered(lambda notice: notice.lead_id in opened)
        messages = self.env["recall.notice.writer"]._write_messages(told, opened)
        if not messages:
            return bool(taken)
        self._note_digests(messages)
        if notice_round.channel == "letter":
            return self._make_letters(notice_round, told, messages)
        if notice_round.channel == "sms":
            self._track(messages)
        self.env["ir.cron"]._commit_progress()
        hand_over = getattr(self, f"_hand_over_{notice_round.channel}")
        outcomes, problem = hand_over(notice_round, messages)
        outcomes = _begun(messages, outcomes)
        # A delivery report may be faster.
        store = partial(self._settle, notice_round, outcomes, problem)
        if not self.env["ir.cron"]._commit_guarded(store):
            raise UserError(self.env._("What became of them could not be stored."))
        return not problem

    def _note_problem(self, notice_round, problem):
        if (notice_round.problem or None) != problem:
            notice_round.problem = problem
        if problem:
            _logger.info("Notices of round %s wait", notice_round.id)

    # === The outbox === #

    def _take(self, notice_round):
        """Mark the next messages as being sent; returns the notices that changed.

        Who was refused for a while waits some minutes. Left out is who has no open
        vehicle or no address any more. Addresses count as they are now: of an owner's
        vehicles those that another address belongs to by now are parted from the others
        and wait for a message of their own.
        """
        self.env["recall.notice"].flush_model()
        self.env["recall.vehicle"].flush_model()
        self.env["recall.owner.contact"].flush_model()
        self.env.cr.execute(
            SQL(
                """WITH batch AS MATERIALIZED (
                       SELECT DISTINCT lead_id FROM recall_notice
                        WHERE round_id = %(round)s AND state = 'queued'
                          AND (handed_at IS NULL OR handed_at < now() AT TIME ZONE 'UTC'
                                                 - make_interval(mins => %(pause)s))
                        ORDER BY lead_id LIMIT %(limit)s),
                   grouped AS (%(grouped)s),
                   parted AS (
                       UPDATE recall_notice notice SET lead_id = grouped.lead_id
                         FROM grouped
                        WHERE notice.id = grouped.id AND grouped.lead_id != first_id)
                   UPDATE recall_notice notice
                      SET state = grouped.state, source = 'sending',
                          lead_id = grouped.lead_id,
                          attempts = attempts + (grouped.state = 'sending')::int,
                          handed_at = CASE WHEN grouped.state = 'sending'
                                           THEN now() AT TIME ZONE 'UTC' END,
                          reference = CASE WHEN grouped.state = 'sending'
                                            AND notice.id = grouped.lead_id
                              THEN replace(gen_random_uuid()::text, '-', '') END
                     FROM grouped
                    WHERE notice.id = grouped.id AND grouped.lead_id = first_id
                RETURNING notice.id""",
                round=notice_round.id,
                limit=BATCH[notice_round.channel],
                pause=PAUSE_MINUTES,
                grouped=self._group_batch(notice_round),
            )
        )
        ids = sorted(row[0] for row in self.env.cr.fetchall())
        self.env["recall.notice"].invalidate_model()
        return self.env["recall.notice"].browse(ids)

    def _group_batch(self, notice_round):
        """Query of ``(id, state, lead_id, first_id)`` of what waits of ``batch``.

        ``lead_id`` is the first of those with one address, ``first_id`` the first of
        those that had one lead. A lead is always told itself.
        """
        return SQL(
            """SELECT id, state,
                      min(id) OVER (PARTITION BY lead_id, state, address) AS lead_id,
                      min(id) OVER (PARTITION BY lead_id, state) AS first_id
                 FROM (SELECT notice.id, notice.lead_id,
                              CASE WHEN vehicle.state = 'open'
                                   THEN %(address)s END AS address,
                              CASE WHEN vehicle.state != 'open' THEN 'skipped'
                                   WHEN %(address)s IS NULL THEN 'no_address'
                                   ELSE 'sending' END AS state
                         FROM batch
                         JOIN recall_notice notice
                              ON notice.lead_id = batch.lead_id
                             AND notice.round_id = %(round)s AND notice.state = 'queued'
                         JOIN recall_vehicle vehicle ON vehicle.id = notice.vehicle_id
                         LEFT JOIN recall_owner_contact contact
                                ON contact.id = notice.contact_id) waiting""",
            address=ADDRESSES[notice_round.channel],
            round=notice_round.id,
        )

    def _open_contacts(self, notices):
        """Open the addresses of those who are to be told; returns lead -> parts.

        Left out is whose address opens no more: it was erased, with the key of its
        year, or altered.
        """
        keys, opened = cipher.KeyRing.from_environment(), {}
        for lead, told in notices.grouped("lead_id").items():
            # Of one address: whichever of its contacts opens will do.
            for contact in told.sorted("id").contact_id:
                try:
                    opened[lead] = contact._open(keys)
                    break
                except cipher.SealError as error:
                    fault = error
            else:
                told.write(self._explain_sealed(fault))
        return opened

    def _explain_sealed(self, error):
        nothing_left = {"handed_at": False, "reference": False}
        if error.code == "key":
            return {**nothing_left, "state": "no_address"}
        return {
            **nothing_left,
            "state": "undeliverable",
            "result_at": fields.Datetime.now(),
            "reason": self.env._(
                "The owner contact was altered outside the application and cannot be "
                "opened: enter it anew."
            ),
        }

    def _note_digests(self, messages):
        """Keep the digest of each text with the notice it is sent for."""
        self.env.cr.execute_values(
            """UPDATE recall_notice notice SET content_digest = v.digest
                 FROM (VALUES %s) AS v(lead_id, digest) WHERE notice.id = v.lead_id""",
            [(message.lead_id, message.digest) for message in messages],
        )

    def _settle(self, notice_round, outcomes, problem):
        """Note what became of a batch, and what keeps the round from going on."""
        self._write_outcomes(outcomes)
        self.env["recall.notice"].invalidate_model()
        self._note_problem(notice_round, problem)
        self.env["recall.audit.event"]._record(
            "notice_round.send",
            notice_round,
            **Counter(outcome.state for outcome in outcomes),
        )

    def _write_outcomes(self, outcomes):
        # What was not begun (no reason) counts as no attempt and waits no pause.
        self.env.cr.execute_values(
            """UPDATE recall_notice notice
                  SET state = v.state, reason = v.reason,
                      attempts = notice.attempts
                          - (v.state = 'queued' AND v.reason IS NULL)::int,
                      handed_at = CASE WHEN v.state = 'queued' AND v.reason IS NULL
                                       THEN NULL ELSE notice.handed_at END,
                      sent_at = CASE WHEN v.state = 'sent' THEN notice.handed_at END,
                      result_at = CASE WHEN v.state = 'undeliverable'
                                       THEN now() AT TIME ZONE 'UTC' END
                 FROM (VALUES %s) AS v(lead_id, state, reason)
                WHERE notice.lead_id = v.lead_id AND notice.state = 'sending'
                  AND v.state != 'sending'""",
            outcomes,
            template="(%s, %s, %s::varchar)",
        )
        self.env.cr.execute(
            SQL(
                """UPDATE recall_notice
                      SET state = 'undeliverable', result_at = handed_at
                    WHERE lead_id IN %s AND state = 'queued' AND attempts >= %s
                      AND reason IS NOT NULL""",
                tuple(outcome.lead_id for outcome in outcomes),
                MAX_ATTEMPTS,
            )
        )

    # === Letters === #

    def _make_letters(self, notice_round, told, messages):
        """Put a batch of letters in one file. They are sent when a person posts them.

        Nothing leaves the database here: file and states are committed together.
        """
        content = self.env["recall.notice.writer"]._render_letters(
            notice_round, messages
        )
        file = self.env["recall.notice.file"]._create_sealed(
            notice_round, content, len(messages)
        )
        told.write({"file_id": file.id})
        self._note_problem(notice_round, None)
        return True

    # === Test === #

    @api.model
    def _send_test(self, notice_round):
        """Send a sample, with masked data, to the account; returns an action."""
        address = self._get_own_address(notice_round.channel)
        found = self.env["recall.notice.audience"]._find_sample(notice_round)
        samples = [
            self.env["recall.notice.writer"]
            ._write_sample(notice_round, lang, *found)
            ._replace(reference=uuid.uuid4().hex)
            for lang in ("zh_CN", "en_US")
        ]
        if notice_round.channel == "letter":
            return self._offer_sample(notice_round, samples)
        samples = [
            sample._replace(lead_id=index, parts={**sample.parts, **address})
            for index, sample in enumerate(samples)
        ]
        hand_over = getattr(self, f"_hand_over_{notice_round.channel}")
        outcomes, problem = hand_over(notice_round, samples)
        faults = [outcome for outcome in outcomes if outcome.state != "sent"]
        if problem or faults:
            raise UserError(
                problem or faults[0].reason or self.env._("Nobody answered.")
            )
        return notify(self.env._("Sent to you, in both languages: have a look."))

    def _get_own_address(self, channel):
        user = self.env.user
        if channel == "letter":
            return {}
        if channel == "mail":
            address = {"email": owner_contact.normalize_email(user.email_normalized)}
        else:
            address = {"phone": phone.normalize(user.phone)}
        if not all(address.values()):
            raise UserError(
                self.env._("Enter your own mail address and phone in your preferences.")
            )
        return address

    def _offer_sample(self, notice_round, samples):
        content = self.env["recall.notice.writer"]._render_letters(
            notice_round, samples
        )
        attachment = self.env["ir.attachment"].create(
            {
                "name": f"{notice_round.name}.pdf",
                "raw": content,
                "mimetype": "application/pdf",
                "res_model": notice_round._name,
                "res_id": notice_round.id,
            }
        )
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{attachment.id}?download=true",
            "target": "download",
        }
