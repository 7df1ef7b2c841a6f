# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.recall_base.tools import vin

#: Days in which a confirmation link works; unconfirmed subscriptions end with it.
CONFIRM_DAYS = 7
#: Days after which a cancelled subscription and its address are deleted.
KEEP_CANCELLED_DAYS = 30
#: Confirmation mails to one address in an hour, whatever they are about.
MAILS_PER_HOUR = 5
#: Requests from one network address in an hour: many people can share one.
REQUESTS_PER_HOUR = 60
_TARGETS = ("vin", "plan_id", "brand", "data_user_id")
#: What makes a subscription another one: it cannot be changed, mails name it.
_FIXED = {"email", "series", *_TARGETS}


class RecallSubscription(models.Model):
    """Who wants to be told by mail of which recalls.

    Nobody is told anything before the confirmation link in a first mail was used:
    ``waiting`` -> ``active`` -> ``cancelled``. The address is sealed, is in no log and
    no URL, and goes with the subscription soon after its end. Public
    requests only leave a row; the mail is made by a scheduled action, so that the time
    of the answer does not tell whether an address was known.
    """

    _name = "recall.subscription"
    _description = "Subscription to recalls"
    _audit_personal = {"vin"}
    _audit_ignored = {"mail_due"}
    _inherit = ["recall.typed.email.mixin"]
    _order = "id desc"
    _link_path = "/recall/subscription"

    partner_id = fields.Many2one(
        "res.partner", string="Contact", index="btree_not_null", ondelete="set null"
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        default=lambda self: self.env.lang or "en_US",
    )
    vin = fields.Char(string="VIN", size=17, help="Recalls of this vehicle.")
    plan_id = fields.Many2one(
        "recall.plan", string="Recall plan", ondelete="cascade", help="This one recall."
    )
    brand = fields.Char(help="Recalls of this brand published after the confirmation.")
    series = fields.Char(help="Only this series of the brand. Empty: all of them.")
    state = fields.Selection(
        [
            ("waiting", "To be confirmed"),
            ("active", "Confirmed"),
            ("cancelled", "Ended"),
        ],
        default="waiting",
        required=True,
        readonly=True,
        copy=False,
    )
    asked_at = fields.Datetime(
        string="Requested on", default=fields.Datetime.now, required=True, readonly=True
    )
    confirmed_at = fields.Datetime(string="Confirmed on", readonly=True, copy=False)
    mail_due = fields.Boolean(
        string="Confirmation mail due", default=True, readonly=True, copy=False
    )
    origin = fields.Char(
        readonly=True,
        copy=False,
        help="Keyed hash of the day and the network address that asked.",
    )
    push_ids = fields.One2many("recall.push", "subscription_id", string="Messages")

    _one_target = models.Constraint(
        "CHECK(num_nonnulls(vin, plan_id, brand, data_user_id) = 1 "
        "AND vin != '' AND brand != '' "
        "AND (series IS NULL OR (brand IS NOT NULL AND series != '')))",
        "A subscription is about one thing: VIN, recall plan, brand or fleet.",
    )
    _vin_uniq = models.UniqueIndex(
        "(coalesce(email_digest, phone_digest), vin) "
        "WHERE state != 'cancelled' AND vin IS NOT NULL",
        "This address is subscribed to this vehicle already.",
    )
    _plan_uniq = models.UniqueIndex(
        "(coalesce(email_digest, phone_digest), plan_id) "
        "WHERE state != 'cancelled' AND plan_id IS NOT NULL",
        "This address is subscribed to this recall already.",
    )
    _brand_uniq = models.UniqueIndex(
        "(coalesce(email_digest, phone_digest), lower(brand), "
        "lower(coalesce(series, ''))) WHERE state != 'cancelled' AND brand IS NOT NULL",
        "This address is subscribed to this brand already.",
    )
    _vin_idx = models.Index("(vin) WHERE state = 'active' AND vin IS NOT NULL")
    _plan_idx = models.Index("(plan_id) WHERE plan_id IS NOT NULL")
    _brand_idx = models.Index(
        "(lower(brand)) WHERE state = 'active' AND brand IS NOT NULL"
    )
    _mail_due_idx = models.Index("(id) WHERE mail_due")
    _asked_idx = models.Index("(email_digest, asked_at)")
    _origin_idx = models.Index("(origin, asked_at) WHERE origin IS NOT NULL")

    @api.depends("vin", "plan_id", "brand", "series")
    def _compute_display_name(self):
        for subscription in self:
            names = filter(None, (subscription.brand, subscription.series))
            subscription.display_name = (
                subscription.vin or " ".join(names) or subscription.plan_id.display_name
            )

    @api.constrains("vin")
    def _check_vin(self):
        for subscription in self:
            if subscription.vin and not vin.is_vin(subscription.vin):
                raise ValidationError(self.env._("This is not a VIN of GB 16735."))

    @api.model_create_multi
    def create(self, vals_list):
        cleaned = [self._clean(vals) for vals in vals_list]
        self._refuse_known(cleaned)
        subscriptions = super().create(cleaned)
        if subscriptions:
            self._trigger_mails()
        return subscriptions

    def write(self, vals):
        if _FIXED & set(vals):
            raise UserError(
                self.env._("End this subscription and make another one instead.")
            )
        return super().write(vals)

    # These two refuse what the database would refuse too, with an entry in the server's
    # log that holds the values.

    def _clean(self, vals):
        address = self._normalise_email(vals.get("email"))
        if not address:
            raise ValidationError(self.env._("This is not an e-mail address."))
        texts = {
            name: (vals.get(name) or "").strip() or False
            for name in ("vin", "brand", "series")
        }
        # Nobody is subscribed by somebody else: every address is asked first.
        vals = {**vals, **texts, "email": address, "state": "waiting"}
        if sum(bool(vals.get(name)) for name in _TARGETS) != 1:
            raise ValidationError(
                self.env._(
                    "A subscription is about one thing: VIN, recall plan, brand or "
                    "fleet."
                )
            )
        return vals

    def _refuse_known(self, vals_list):
        """Refuse what is there already."""
        for vals in vals_list:
            domain = [("email", "=", vals["email"]), ("state", "!=", "cancelled")]
            for name in _TARGETS:
                value = vals.get(name) or False
                domain.append((name, "=ilike" if name == "brand" else "=", value))
            # Without a series, all of the brand are meant.
            domain.append(("series", "=ilike", vals.get("series") or False))
            if self.search_count(domain, limit=1):
                raise ValidationError(
                    self.env._("This address is subscribed to this already.")
                )

    # === Asking === #

    @api.model
    def _ask(self, address, about, network_address):
        """Take a public request to be told of recalls.

        Nothing is returned, as nothing may be told: not whether the address was known,
        nor whether a limit was met. One address gets at most one confirmation mail a
        day for the same thing and ``MAILS_PER_HOUR`` in all.

        :param str address: as returned by ``_normalise_email``
        :param dict about: ``vin``, or ``plan_id``, or ``brand`` and perhaps ``series``,
            or ``data_user_id`` and ``rhythm``
        :param str network_address: where the request came from
        """
        self.flush_model()
        # One statement that cannot fail on a value: no log gets to see the address.
        self.env.cr.execute(
            self._ask_sql(address, about, self._get_origin(network_address)),
            log_exceptions=False,
        )
        asked = self.browse(row[0] for row in self.env.cr.fetchall())
        self.invalidate_model()
        if asked:
            self.env["recall.audit.event"]._record("subscription.ask", asked)
            self._trigger_mails()

    def _same_sql(self, about):
        """What makes two subscriptions of an address the same: key and condition."""
        address = SQL("coalesce(email_digest, phone_digest)")
        if about.get("vin"):
            return SQL("%s, vin", address), SQL("vin = %s", about["vin"]), SQL("vin")
        if about.get("plan_id"):
            same = SQL("plan_id = %s", about["plan_id"])
            return SQL("%s, plan_id", address), same, SQL("plan_id")
        if about.get("data_user_id"):
            same = SQL("data_user_id = %s", about["data_user_id"])
            return SQL("%s, data_user_id", address), same, SQL("data_user_id")
        key = SQL("%s, lower(brand), lower(coalesce(series, ''))", address)
        same = SQL(
            "lower(brand) = lower(%s) AND lower(coalesce(series, '')) = lower(%s)",
            about["brand"],
            about.get("series") or "",
        )
        return key, same, SQL("brand")

    def _ask_sql(self, address, about, origin):
        now = fields.Datetime.now()
        columns = self._prepare_new_email(address)
        key, same, target = self._same_sql(about)
        return SQL(
            """INSERT INTO recall_subscription AS old
                   (%(names)s, vin, plan_id, brand, series, data_user_id, rhythm,
                    lang, state, asked_at, mail_due,
                    origin, create_uid, create_date, write_uid, write_date)
               SELECT %(values)s, %(vin)s, %(plan)s::integer, %(brand)s, %(series)s,
                      %(fleet)s::integer, %(rhythm)s, %(lang)s,
                      'waiting', %(now)s, true,
                      %(origin)s, %(uid)s, %(now)s, %(uid)s, %(now)s
                WHERE %(per_hour)s > (
                          SELECT count(*) FROM recall_subscription
                           WHERE email_digest = %(digest)s AND asked_at > %(hour)s)
                  AND %(from_one)s > (
                          SELECT count(*) FROM recall_subscription
                           WHERE origin = %(origin)s AND asked_at > %(hour)s)
                  AND NOT EXISTS (
                          SELECT FROM recall_subscription
                           WHERE email_digest = %(digest)s AND %(same)s
                             AND asked_at > %(day)s)
               ON CONFLICT (%(key)s)
                     WHERE state != 'cancelled' AND %(target)s IS NOT NULL
               DO UPDATE SET asked_at = excluded.asked_at, mail_due = true,
                             lang = excluded.lang, origin = excluded.origin
                     WHERE old.state = 'waiting' AND old.asked_at <= %(day)s
               RETURNING id""",
            names=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(SQL("%s", value) for value in columns.values()),
            digest=columns["email_digest"],
            vin=about.get("vin"),
            plan=about.get("plan_id"),
            brand=about.get("brand"),
            series=about.get("series") or None,
            fleet=about.get("data_user_id"),
            rhythm=about.get("rhythm"),
            key=key,
            same=same,
            target=target,
            lang=self.env.lang or "en_US",
            now=now,
            hour=now - timedelta(hours=1),
            day=now - timedelta(days=1),
            per_hour=MAILS_PER_HOUR,
            from_one=REQUESTS_PER_HOUR,
            origin=origin,
            uid=self.env.uid,
        )

    def _trigger_mails(self):
        # sudo: the public asks, the scheduled action belongs to nobody.
        self.sudo().env.ref("recall_service.ir_cron_ask")._trigger()

    @api.model
    def _cron_ask(self):
        """Make the confirmation mails that are due; what fails is tried next time."""
        due = [("mail_due", "=", True), ("state", "=", "waiting")]
        make, failure = type(self)._make_confirmation, "No mail was made"
        if self.env["ir.cron"]._go_through(self, due, make, failure):
            self.env["recall.subscriber"]._send_links()

    def _make_confirmation(self):
        template = self.env.ref("recall_service.mail_template_confirm")
        if self._is_erased():
            return  # until its key is back, or the request has ended
        self.mail_due = False
        self._queue_mails(template, self, self)

    def _queue_mails(self, template, records, subscriptions):
        """Make one mail for each of ``records``, with one-click unsubscribing.

        The mails are rows of Odoo's own queue, committed with what is noted here.

        :param template: ``mail.template`` on the model of ``records``
        :param subscriptions: who gets each mail, in the same order: a subscription or
            a subscriber
        :returns: the mails, in the same order
        """
        mails = template.send_mail_batch(records.ids)
        for mail, subscription in zip(mails, subscriptions, strict=True):
            mail.email_to = subscription._open_email()
            mail.headers = repr(subscription._prepare_headers())
        mails.recall_once = True
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
        return mails

    def _prepare_headers(self):
        """Headers of RFC 8058 for a mail to this subscriber."""
        return {
            "List-Unsubscribe": f"<{self._get_url('unsubscribe')}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Auto-Response-Suppress": "OOF",
        }

    # === Confirmation === #

    def _can_be_confirmed(self):
        self.ensure_one()
        oldest = fields.Datetime.now() - timedelta(days=CONFIRM_DAYS)
        return self.state == "active" or (
            self.state == "waiting" and self.asked_at > oldest
        )

    def _confirm(self):
        """Start telling this subscriber; once more does nothing."""
        for subscription in self.filtered(lambda item: item.state == "waiting"):
            subscription.write(
                {
                    "state": "active",
                    "confirmed_at": fields.Datetime.now(),
                    "mail_due": False,
                    "origin": False,
                }
            )
            self.env["recall.audit.event"]._record("subscription.confirm", subscription)
            # sudo: nobody may start actions; it only begins early.
            self.env.ref("recall_service.ir_cron_expand").sudo()._trigger()

    def action_cancel(self):
        """End these subscriptions, and what is waiting to be sent to them."""
        ending = self.filtered(lambda item: item.state != "cancelled")
        ending.write({"state": "cancelled", "mail_due": False, "origin": False})
        ending.push_ids.filtered(
            lambda push: push.state == "waiting"
        ).state = "cancelled"
        for subscription in ending:
            self.env["recall.audit.event"]._record("subscription.cancel", subscription)

    # === Retention === #

    @api.autovacuum
    def _gc_ended(self):
        """Delete what was never confirmed, and what ended, with the address."""
        now = fields.Datetime.now()
        ended = self.search(
            [
                "|",
                "&",
                ("state", "=", "waiting"),
                ("asked_at", "<", now - timedelta(days=CONFIRM_DAYS)),
                "&",
                ("state", "=", "cancelled"),
                ("write_date", "<", now - timedelta(days=KEEP_CANCELLED_DAYS)),
            ]
        )
        ended.unlink()
