# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

#: Messages at once to one subscriber from which they come in one mail.
MANY = 5
#: Subscribers whose digests are made between two commits.
BATCH = 50


class RecallPush(models.Model):
    """Digest: what a subscriber is told in a period comes in one mail.

    The message's time is that of the digest, so all of a period fall due together.
    They turn sent in the transaction that makes the mail. What a fleet's address is
    told always comes like this, apart from what the same address is told besides.
    """

    _inherit = "recall.push"

    _digest_idx = models.Index("(next_try_at) WHERE state = 'waiting' AND digest")

    @api.model
    def _gather(self):
        """Put the messages of one subscriber into one mail where they are many."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_push push SET digest = true
                     FROM (SELECT subscriber_id FROM recall_push
                            WHERE state = 'waiting' AND NOT digest AND attempts = 0
                              AND subscriber_id IS NOT NULL
                            GROUP BY subscriber_id HAVING count(*) > %s) many
                    WHERE push.subscriber_id = many.subscriber_id
                      AND push.state = 'waiting' AND NOT push.digest""",
                MANY,
            )
        )
        self.invalidate_model()

    def _get_digest_domain(self):
        return self._get_waiting_domain() & Domain("digest", "=", True)

    @api.model
    def _cron_digest(self):
        """Make the digests that are due, one mail for each subscriber and fleet."""
        domain = self._get_digest_domain()
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        fleet = Domain("event", "=", "fleet")
        if self._send_digests("subscriber_id", domain & ~fleet):
            self._send_digests("subscription_id", domain & fleet)

    def _send_digests(self, addressee, domain):
        """Make one mail for each ``addressee``; returns whether there is time left."""
        while groups := self._read_group(
            domain, [addressee], ["id:recordset"], limit=BATCH
        ):
            for told, pushes in groups:
                pushes = pushes.try_lock_for_update()
                if pushes:
                    pushes._send_digest(told)
            done = sum(len(pushes) for _told, pushes in groups)
            if not self.env["ir.cron"]._commit_progress(done):
                return False
        return True

    def _send_digest(self, told):
        pushes = self._pick_wanted()
        if not pushes:
            return
        template = self.env.ref(told._digest_template)
        template = template.with_context(digest_push_ids=pushes.ids)
        with self.env["ir.cron"]._guard(pushes, "No mail was made") as guarded:
            pushes._note_sent()
            pushes.mail_id = self.env["recall.subscription"]._queue_mails(
                template, told, told
            )
        if guarded.error:
            for push in pushes:
                push._note_failure(guarded.error)
            return
        self.env["recall.audit.event"]._record("push.digest", pushes, count=len(pushes))
