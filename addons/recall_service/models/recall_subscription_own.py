# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

#: Vehicles that one address can watch.
MOST_VEHICLES = 50_000


class RecallSubscription(models.Model):
    """What a subscriber does on its own page: the link in its mail is the proof."""

    _inherit = "recall.subscription"

    subscriber_id = fields.Many2one(
        "recall.subscriber",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )

    def _confirm(self):
        """Extension: from the confirmation on the address is a subscriber."""
        for subscription in self.filtered(lambda item: item.state == "waiting"):
            # sudo: the table of addresses is nobody's but the system's.
            Subscriber = self.env["recall.subscriber"].sudo()
            subscription.subscriber_id = Subscriber._make(
                subscription._open_email(), subscription.lang
            )
        super()._confirm()

    @api.model
    def _watch(self, subscriber, vins, replace=False):
        """Watch these vehicles for a subscriber, by one statement.

        :param vins: VINs of GB 16735
        :param bool replace: end the vehicles that are not among them
        :returns: ``(added, ended)``
        """
        self.flush_model()
        self.env.cr.execute(
            self._watch_sql(subscriber, list(vins)), log_exceptions=False
        )
        added = self.env.cr.rowcount
        self.invalidate_model()
        ended = 0
        if replace:
            kept = set(vins)
            gone = subscriber.subscription_ids.filtered(
                lambda item: item.vin and item.vin not in kept
            )
            ended = len(gone.filtered(lambda item: item.state != "cancelled"))
            gone._cancel_many()
        self.env["recall.audit.event"]._record(
            "subscriber.watch", subscriber, added=added, ended=ended
        )
        if added:
            # sudo: nobody may start actions; it only begins early.
            self.env.ref("recall_service.ir_cron_expand").sudo()._trigger()
        return added, ended

    @api.model
    def _unwatch(self, subscriber, vins):
        """End the vehicles of a subscriber that are among these; returns how many."""
        named = set(vins)
        gone = subscriber.subscription_ids.filtered(
            lambda item: item.vin in named and item.state != "cancelled"
        )
        gone._cancel_many()
        return len(gone)

    def _watch_sql(self, subscriber, vins):
        now = fields.Datetime.now()
        return SQL(
            """INSERT INTO recall_subscription AS old
                      (email_sealed, email_digest, email_masked, email_seed,
                       phone_digest, vin, subscriber_id, lang, state, asked_at,
                       confirmed_at, mail_due, create_uid, create_date, write_uid,
                       write_date)
               SELECT email_sealed, email_digest, email_masked, email_seed,
                      phone_digest, listed.vin, subscriber.id, lang, 'active',
                      %(now)s, %(now)s, false, %(uid)s, %(now)s, %(uid)s, %(now)s
                 FROM recall_subscriber subscriber, unnest(%(vins)s) AS listed(vin)
                WHERE subscriber.id = %(id)s
               ON CONFLICT (coalesce(email_digest, phone_digest), vin)
                     WHERE state != 'cancelled' AND vin IS NOT NULL
               DO UPDATE SET state = 'active', confirmed_at = excluded.confirmed_at,
                             subscriber_id = excluded.subscriber_id, mail_due = false,
                             origin = NULL
                     WHERE old.state = 'waiting'""",
            id=subscriber.id,
            now=now,
            uid=self.env.uid,
            vins=vins,
        )

    def _cancel_many(self):
        """``action_cancel`` for a fleet: two statements and one entry in the log."""
        self.flush_model()
        if not self:
            return
        self.env.cr.execute(
            SQL(
                """WITH ended AS (
                       UPDATE recall_subscription
                          SET state = 'cancelled', mail_due = false, origin = NULL,
                              write_date = %(now)s
                        WHERE id = ANY(%(ids)s) AND state != 'cancelled'
                    RETURNING id)
                   UPDATE recall_push SET state = 'cancelled'
                     FROM ended
                    WHERE subscription_id = ended.id AND state = 'waiting'""",
                now=fields.Datetime.now(),
                ids=self.ids,
            )
        )
        self.invalidate_model()
        self.env["recall.push"].invalidate_model()
        self.env["recall.audit.event"]._record(
            "subscription.cancel", self, count=len(self)
        )
