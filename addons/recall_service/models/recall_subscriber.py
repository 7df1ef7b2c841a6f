# SPDX-License-Identifier: LGPL-3.0-only
import time
from datetime import timedelta
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher, deadline

#: Days in which the link to a subscriber's own page works.
LINK_DAYS = 30
#: Minutes before another link is sent to the same address.
LINK_PAUSE = 10
#: Hour at which digests are sent, weekly ones on Monday.
DIGEST_HOUR, DIGEST_ZONE = 8, ZoneInfo(deadline.ZONE)
#: VINs of one recall that a digest names; the page shows all.
NAMED = 30


class RecallSubscriber(models.Model):
    """A confirmed address: what holds for all of its subscriptions.

    It is made by the first confirmation and goes with the last subscription. Whoever
    has a link of a mail to this address may see and change its subscriptions; that link
    ends after ``LINK_DAYS``, the one that ends all mails does not.
    """

    _name = "recall.subscriber"
    _description = "Subscriber"
    _inherit = ["recall.typed.email.mixin"]
    _audit_ignored = {"link_due", "link_asked_at"}
    _order = "id desc"
    _rec_name = "email_masked"
    _link_path = "/recall/my-vehicles"
    _link_scope = "recall-subscriber"
    _digest_template = "recall_service.mail_template_digest"

    channel = fields.Selection(
        [("mail", "E-mail"), ("sms", "Short message")],
        required=True,
        readonly=True,
        default="mail",
    )
    lang = fields.Selection(
        lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        default="en_US",
    )
    rhythm = fields.Selection(
        [("now", "At once"), ("daily", "Once a day"), ("weekly", "Once a week")],
        string="Rhythm",
        required=True,
        default="now",
    )
    link_due = fields.Boolean(readonly=True, copy=False)
    link_asked_at = fields.Datetime(readonly=True, copy=False)
    subscription_ids = fields.One2many("recall.subscription", "subscriber_id")
    push_ids = fields.One2many("recall.push", "subscriber_id")

    _email_uniq = models.UniqueIndex(
        "(email_digest)", "This address is a subscriber already."
    )
    _link_due_idx = models.Index("(id) WHERE link_due")

    @api.model
    def _make(self, address, lang):
        """Return the subscriber with this confirmed address, made if need be."""
        columns = self._prepare_new_email(address)
        self.flush_model()
        # Two confirmations may come at once: the second waits for the first.
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_subscriber
                          (channel, %(names)s, lang, rhythm, create_uid, create_date)
                   VALUES ('mail', %(values)s, %(lang)s, 'now', %(uid)s, %(now)s)
                   ON CONFLICT (email_digest)
                   DO UPDATE SET email_masked = excluded.email_masked
                   RETURNING id""",
                names=SQL(", ").join(map(SQL.identifier, columns)),
                values=SQL(", ").join(SQL("%s", value) for value in columns.values()),
                lang=lang,
                uid=self.env.uid,
                now=fields.Datetime.now(),
            ),
            log_exceptions=False,
        )
        return self.browse(self.env.cr.fetchone()[0])

    @api.model
    def _next_digests(self, now=None):
        """When the next daily and the next weekly digest leave, in UTC."""
        local = (now or fields.Datetime.now()).replace(tzinfo=ZoneInfo("UTC"))
        local = local.astimezone(DIGEST_ZONE)
        day = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
        if day <= local:
            day += timedelta(days=1)
        week = day + timedelta(days=-day.weekday() % 7)
        return {
            rhythm: moment.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
            for rhythm, moment in (("daily", day), ("weekly", week))
        }

    def _set_choices(self, rhythm, lang):
        """Take what the subscriber chose; what waits follows the new rhythm."""
        self.ensure_one()
        self.write({"rhythm": rhythm, "lang": lang})
        self.subscription_ids.write({"lang": lang})
        # What a fleet's address is told has its own rhythm.
        waiting = self.push_ids.filtered(
            lambda push: push.state == "waiting" and push.event != "fleet"
        )
        due = self._next_digests().get(rhythm, fields.Datetime.now())
        waiting.write({"digest": rhythm != "now", "next_try_at": due})
        self.env["recall.audit.event"]._record("subscriber.choose", self, rhythm=rhythm)

    # === Links === #

    def _get_key(self, purpose="open"):
        """What a link carries: id, end and proof, and nothing of the address."""
        self.ensure_one()
        end = int(time.time()) + LINK_DAYS * 86400 if purpose == "open" else 0
        return f"{self.id}.{end}.{self._get_token(purpose, end)}"

    def _get_path(self, purpose="open"):
        """Override: the page (``open``), or the end of all mails (``end``)."""
        path = self._link_path + ("/unsubscribe" if purpose == "end" else "")
        return f"{path}?key={self._get_key(purpose)}"

    def _get_url(self, purpose="open"):
        """Override: the page is meant if nothing else is."""
        return super()._get_url(purpose)

    @api.model
    def _from_key(self, key, purpose="open"):
        """Return the subscriber a key belongs to (sudo), or none.

        :param key: whatever came with the request
        """
        parts = key.split(".") if isinstance(key, str) else []
        if len(parts) != 3 or not all(
            part.isascii() and part.isdigit() and len(part) < 11 for part in parts[:2]
        ):
            return self.browse()
        number, end = int(parts[0]), int(parts[1])
        # sudo: the key is the right to this one subscriber.
        subscriber = self.sudo().browse(number if number < 2**31 else 0).exists()
        if not subscriber or (purpose == "open" and end < time.time()):
            return self.browse()
        proven = subscriber._is_token(parts[2], purpose, end)
        return subscriber if proven else self.browse()

    @api.model
    def _ask_link(self, address):
        """Note that somebody asks for the link of this address, known or not.

        Nothing is returned and the mail is made later: the answer does not tell whether
        the address is known.
        """
        self.flush_model()
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """UPDATE recall_subscriber SET link_due = true, link_asked_at = %s
                    WHERE email_digest = ANY(%s) AND NOT coalesce(link_due, false)
                      AND coalesce(link_asked_at, '-infinity') < %s""",
                now,
                cipher.KeyRing.from_environment().blinds(address),
                now - timedelta(minutes=LINK_PAUSE),
            ),
            log_exceptions=False,
        )
        self.invalidate_model()
        self.env["recall.subscription"]._trigger_mails()

    @api.model
    def _send_links(self):
        """Make the mails with links that were asked for; what fails is tried again."""
        due = [("link_due", "=", True)]
        make, failure = type(self)._make_link, "No mail was made"
        self.env["ir.cron"]._go_through(self, due, make, failure)

    def _make_link(self):
        template = self.env.ref("recall_service.mail_template_link")
        self.link_due = False
        if not self._is_erased():
            self.env["recall.subscription"]._queue_mails(template, self, self)

    def _prepare_headers(self):
        """Headers of RFC 8058: one click ends all mails to this address."""
        return {
            "List-Unsubscribe": f"<{self._get_url('end')}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "X-Auto-Response-Suppress": "OOF",
        }

    def _end_all(self):
        """End every subscription of this address."""
        self.subscription_ids.action_cancel()

    # === Digest === #

    def _get_digest(self):
        """What the digest mail tells: a list of dicts, one for each recall.

        Called by the template; the messages come in the context.
        """
        pushes = self.env["recall.push"].browse(self.env.context["digest_push_ids"])
        told = []
        for plan, of_plan in pushes.grouped("plan_id").items():
            vins = sorted(filter(None, of_plan.subscription_id.mapped("vin")))
            told.append({"plan": plan, "vins": vins[:NAMED], "more": len(vins[NAMED:])})
        # Own vehicles come first.
        return sorted(told, key=lambda item: (not item["vins"], item["plan"].id))

    def unlink(self):
        """Extension: with an address goes what the mail queue holds for it."""
        self.env["mail.mail"]._forget_about(self)
        return super().unlink()

    @api.autovacuum
    def _gc_empty(self):
        """Delete addresses that no subscription is left of."""
        self.search([("subscription_ids", "=", False)]).unlink()
