# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.models.person_mixin import EMAIL, PHONE, VIN


class RecallSubscription(models.Model):
    """A subscription of a mobile number: it begins with the code that confirms it."""

    _name = "recall.subscription"
    _inherit = ["recall.subscription"]
    _person_keys = {PHONE: "phone_digest", EMAIL: "email_digest", VIN: "vin"}

    phone_digest = fields.Char(groups="base.group_system", copy=False)
    phone_masked = fields.Char(related="subscriber_id.phone_masked")
    channel = fields.Selection(related="subscriber_id.channel")

    _one_address = models.Constraint(
        "CHECK(num_nonnulls(email_digest, phone_digest) = 1)",
        "A subscription has one address: e-mail or mobile number.",
    )

    def _tell_person(self):
        return self.phone_masked or self.email_masked

    def _forget_person(self):
        """Override: the subscription ends, and nothing is left of it."""
        self.action_cancel()
        self.unlink()

    @api.model
    def _subscribe_phone(self, subscriber, about):
        """Start telling a confirmed number of something; once more does nothing.

        :param subscriber: ``recall.subscriber`` whose channel is ``sms``
        :param dict about: ``vin``, or ``plan_id``, or ``brand`` and perhaps ``series``
        :returns: the subscription, new or known
        """
        self.env.flush_all()
        key, same, target = self._same_sql(about)
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_subscription
                          (phone_digest, vin, plan_id, brand, series, subscriber_id,
                           lang, state, asked_at, confirmed_at, mail_due,
                           create_uid, create_date, write_uid, write_date)
                   SELECT phone_digest, %(vin)s, %(plan)s::integer, %(brand)s,
                          %(series)s, id, lang, 'active', %(now)s, %(now)s, false,
                          %(uid)s, %(now)s, %(uid)s, %(now)s
                     FROM recall_subscriber WHERE id = %(id)s
                   ON CONFLICT (%(key)s)
                         WHERE state != 'cancelled' AND %(target)s IS NOT NULL
                   DO NOTHING""",
                vin=about.get("vin"),
                plan=about.get("plan_id"),
                brand=about.get("brand"),
                series=about.get("series") or None,
                id=subscriber.id,
                key=key,
                target=target,
                now=fields.Datetime.now(),
                uid=self.env.uid,
            ),
            log_exceptions=False,
        )
        is_new = self.env.cr.rowcount
        self.env.cr.execute(
            SQL(
                """SELECT id FROM recall_subscription
                    WHERE subscriber_id = %s AND state = 'active' AND %s""",
                subscriber.id,
                same,
            )
        )
        subscription = self.browse(self.env.cr.fetchone()[0])
        self.env.invalidate_all()
        if is_new:
            self.env["recall.audit.event"]._record("subscription.confirm", subscription)
            # sudo: nobody may start actions; it only begins early.
            self.env.ref("recall_service.ir_cron_expand").sudo()._trigger()
        return subscription
