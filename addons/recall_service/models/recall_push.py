# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: Plans that subscribers are told of: the recall can still be carried out.
TOLD_STATES = ("published", "running")
#: Vehicles that their owners are told of: the repair is still to be done.
OPEN_VEHICLE = SQL("vehicle.state NOT IN ('done', 'removed')")
#: Messages that are made between two commits.
BATCH = 100
#: Tries of one message; the wait doubles from five minutes to a day.
MAX_ATTEMPTS = 11
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(days=1)


class RecallPush(models.Model):
    """Outbox: one message to one subscriber about one recall.

    The unique index is the promise that each message is made at most once. It turns
    ``sent`` in the transaction that puts its mail into Odoo's queue: a worker that is
    killed leaves both or neither.
    """

    _name = "recall.push"
    _description = "Message to a subscriber"
    _audited = frozenset()
    _order = "id desc"
    _rec_name = "plan_id"
    _log_access = False

    subscription_id = fields.Many2one(
        "recall.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    subscriber_id = fields.Many2one(
        "recall.subscriber", readonly=True, index=True, ondelete="set null"
    )
    plan_id = fields.Many2one(
        "recall.plan",
        string="Recall plan",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    event = fields.Selection(
        [
            ("published", "Recall published"),
            ("vehicle", "Vehicle in scope"),
            ("fleet", "Fleet vehicles in scope"),
        ],
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    channel = fields.Selection(
        [("mail", "E-mail"), ("sms", "Short message")],
        required=True,
        readonly=True,
        default="mail",
    )
    attempts = fields.Integer(default=0, readonly=True)
    next_try_at = fields.Datetime(
        string="Next try", default=fields.Datetime.now, readonly=True
    )
    sent_at = fields.Datetime(
        string="Sent on",
        readonly=True,
        help="Handed over to the mail queue or the message gateway.",
    )
    failure = fields.Char(readonly=True, help="Kind of the last failure.")
    digest = fields.Boolean(
        readonly=True, default=False, help="Comes in one mail with others."
    )
    mail_id = fields.Many2one(
        "mail.mail",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_system",
        help="As long as the mail is in the queue.",
    )
    unclear = fields.Boolean(
        compute="_compute_unclear",
        search="_search_unclear",
        compute_sudo=True,
        help="The server or the connection ended while the mail was handed over: "
        "nobody knows whether it was taken.",
    )

    _once = models.UniqueIndex(
        "(plan_id, subscription_id, event, coalesce(last_match, 0))",
        "The subscriber is told of this already.",
    )
    _told_once = models.UniqueIndex(
        "(subscriber_id, plan_id) WHERE event = 'published' AND state != 'cancelled'",
        "The subscriber is told of this already.",
    )
    _due_idx = models.Index("(next_try_at, id) WHERE state = 'waiting'")

    @api.depends("mail_id.state")
    def _compute_unclear(self):
        for push in self:
            push.unclear = push.mail_id.state == "exception"

    def _search_unclear(self, operator, value):
        if operator != "in":
            return NotImplemented
        # sudo: mails are the system's; only which messages they carry is told.
        mails = self.env["mail.mail"].sudo()._search([("state", "=", "exception")])
        # sudo: as the mails.
        found = self.sudo()._search([("mail_id", "in", mails)])
        return [("id", "in" if True in value else "not in", found)]

    # === Expansion === #

    @api.model
    def _cron_expand(self):
        """Find who is to be told of what, by one statement for all subscribers."""
        made = self._expand()
        if made:
            self._gather()
            self.env.ref("recall_service.ir_cron_send")._trigger()
            self.env.ref("recall_service.ir_cron_digest")._trigger()
            self.env.ref("recall_service.ir_cron_sms")._trigger()
        # The publications found above are told in the same transaction.
        made += self.env["recall.webhook.message"]._expand()
        self.env["ir.cron"]._commit_progress(made, remaining=0)

    @api.model
    def _expand(self):
        """Put a message in the outbox for each subscriber and recall that lacks it.

        Vehicles are read by subscribed VIN through the index on ``(vin, plan_id)``:
        the cost grows with the subscriptions, not with the vehicles, and the bulk
        paths that add vehicles do nothing for it.

        :returns: number of messages made
        """
        self.env.flush_all()
        # A subscription holds personal data: no log gets to see a failing row.
        self.env.cr.execute(self._expand_sql(), log_exceptions=False)
        made = self.env.cr.rowcount
        self.invalidate_model()
        return made

    def _expand_sql(self):
        # The anti-join comes first: ON CONFLICT alone would use up a number of the
        # sequence for every message that was made long ago, at each run.
        return SQL(
            """WITH seen AS (
                   INSERT INTO recall_publication (plan_id, time)
                   SELECT plan.id, %(now)s::timestamp FROM recall_plan plan
                    WHERE plan.state IN %(states)s AND plan.vehicle_count > 0
                      AND NOT EXISTS (SELECT FROM recall_publication known
                                       WHERE known.plan_id = plan.id)
                   ON CONFLICT DO NOTHING RETURNING plan_id),
               found AS (%(vehicles)s UNION %(plans)s UNION %(brands)s)
               INSERT INTO recall_push
                      (subscription_id, subscriber_id, plan_id, event, channel, state,
                       attempts, digest, next_try_at)
               SELECT DISTINCT ON (coalesce(subscription.subscriber_id,
                                            -subscription.id),
                                   plan_id, event, subscription.vin)
                      subscription.id, subscription.subscriber_id, found.plan_id,
                      found.event, coalesce(subscriber.channel, 'mail'), 'waiting', 0,
                      coalesce(subscriber.rhythm != 'now', false),
                      CASE subscriber.rhythm WHEN 'daily' THEN %(daily)s::timestamp
                           WHEN 'weekly' THEN %(weekly)s::timestamp
                           ELSE %(now)s::timestamp END
                 FROM found
                 JOIN recall_subscription subscription
                   ON subscription.id = found.subscription_id
                 LEFT JOIN recall_subscriber subscriber
                   ON subscriber.id = subscription.subscriber_id
                WHERE NOT EXISTS (
                          SELECT FROM recall_push push
                           WHERE push.subscription_id = found.subscription_id
                             AND push.plan_id = found.plan_id
                             AND push.event = found.event)
                  AND NOT EXISTS (
                          SELECT FROM recall_push push
                           WHERE found.event = 'published'
                             AND push.subscriber_id = subscription.subscriber_id
                             AND push.plan_id = found.plan_id
                             AND push.event = 'published'
                             AND push.state != 'cancelled')
                ORDER BY coalesce(subscription.subscriber_id, -subscription.id),
                         plan_id, event, subscription.vin, subscription.id
               ON CONFLICT DO NOTHING""",
            **self.env["recall.subscriber"]._next_digests(),
            now=fields.Datetime.now(),
            states=TOLD_STATES,
            vehicles=self._vehicle_matches_sql(),
            plans=self._plan_matches_sql(),
            brands=self._brand_matches_sql(),
        )

    def _vehicle_matches_sql(self):
        """Open vehicles of subscribers, whenever plan and vehicle came in."""
        return SQL(
            """SELECT subscription.id AS subscription_id, vehicle.plan_id,
                      'vehicle' AS event
                 FROM recall_subscription subscription
                 JOIN recall_vehicle vehicle ON vehicle.vin = subscription.vin
                 JOIN recall_plan plan ON plan.id = vehicle.plan_id
                WHERE subscription.state = 'active' AND subscription.vin IS NOT NULL
                  AND %s AND plan.state IN %s""",
            OPEN_VEHICLE,
            TOLD_STATES,
        )

    def _plan_matches_sql(self):
        return SQL(
            """SELECT subscription.id AS subscription_id, plan.id AS plan_id,
                      'published' AS event
                 FROM recall_subscription subscription
                 JOIN recall_plan plan ON plan.id = subscription.plan_id
                WHERE subscription.state = 'active'
                  AND plan.state IN %s AND plan.vehicle_count > 0""",
            TOLD_STATES,
        )

    def _brand_matches_sql(self):
        """Subscribers of a brand, for plans seen published for the first time."""
        return SQL(
            """SELECT subscription.id AS subscription_id, seen.plan_id,
                      'published' AS event
                 FROM seen
                 JOIN (SELECT id AS plan_id, brand, series FROM recall_plan
                       UNION
                       SELECT plan_id, brand, series FROM recall_plan_line) named
                   ON named.plan_id = seen.plan_id
                 JOIN recall_subscription subscription
                   ON lower(subscription.brand) = lower(named.brand)
                  AND (subscription.series IS NULL
                       OR lower(subscription.series) = lower(named.series))
                WHERE subscription.state = 'active'
                  AND subscription.brand IS NOT NULL"""
        )

    # === Sending === #

    @api.model
    def _cron_send(self):
        """Turn what is due into mails, batch by batch."""
        Cron = self.env["ir.cron"]
        domain = self._get_due_domain()
        Cron._commit_progress(remaining=self.search_count(domain))
        while due := self.search(
            domain, limit=BATCH, order="next_try_at, id"
        ).try_lock_for_update():
            due._send()
            if not Cron._commit_progress(len(due)):
                break

    def _send(self):
        """Send these messages; one that cannot be made does not stop the others."""
        pushes = self._pick_wanted()
        if pushes and not pushes._try_send() and len(pushes) > 1:
            for push in pushes:
                push._try_send()

    def _try_send(self):
        """Make the mails of these messages, all or none; returns whether it went."""
        with self.env["ir.cron"]._guard(self, "No mails were made") as guarded:
            self._note_sent()
            template = self.env.ref("recall_service.mail_template_push")
            subscriptions = self.subscription_id.browse(
                push.subscription_id.id for push in self
            )
            mails = subscriptions._queue_mails(template, self, subscriptions)
            for push, mail in zip(self, mails, strict=True):
                push.mail_id = mail
        if guarded.error:
            if len(self) == 1:
                self._note_failure(guarded.error)
            return False
        self.env["recall.audit.event"]._record("push.send", self, count=len(self))
        return True

    def _get_product(self):
        """Brand and series on one line, as a mail's subject has to be."""
        plan = self.plan_id
        return " ".join(f"{plan.brand} {plan.series}".split())

    def _note_sent(self):
        now = fields.Datetime.now()
        self.write({"state": "sent", "sent_at": now, "failure": False})

    def _note_failure(self, error):
        self.attempts += 1
        # Without its text: that can hold the address.
        self._wait_again(type(error).__name__)

    def _wait_again(self, failure):
        """What was not sent is tried again, later and later; not for ever."""
        wait = min(FIRST_WAIT * 2 ** (self.attempts - 1), LONGEST_WAIT)
        self.write(
            {
                "failure": failure,
                "next_try_at": fields.Datetime.now() + wait,
                "state": "failed" if self.attempts >= MAX_ATTEMPTS else "waiting",
            }
        )

    def action_retry(self):
        """Try failed messages again, from the start, and hand unclear mails over."""
        self.check_access("write")
        # sudo: mails are the system's; these belong to messages the account may write.
        unclear = self.filtered("unclear").sudo()
        unclear.mail_id.mark_outgoing()
        failed = self.filtered(lambda push: push.state == "failed")
        failed.write(
            {
                "state": "waiting",
                "attempts": 0,
                "failure": False,
                "next_try_at": fields.Datetime.now(),
            }
        )
        self.env["recall.audit.event"]._record("push.retry", failed, count=len(failed))
        # sudo: nobody may start actions; it only begins early.
        self.env.ref("recall_service.ir_cron_send").sudo()._trigger()
