# SPDX-License-Identifier: LGPL-3.0-only
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, hmac

from .recall_lookup import PUBLIC_STATES
from .recall_objection import ANSWER_DAYS, LIVE

#: Objections from one network address in an hour: many people can share one.
PER_ADDRESS_HOUR = 20
#: Objections about one vehicle and recall in a month.
PER_VEHICLE_MONTH = 3
#: Objections in an hour that name the same e-mail address.
PER_EMAIL_HOUR = 5
#: Letters of a receipt number: none that is mistaken for another.
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class RecallObjection(models.Model):
    """What a visitor does: object, add a photo, withdraw (S-QUERY)."""

    _inherit = "recall.objection"

    @api.model
    def _file(self, said, photo, form, network_address):
        """Take a visitor's objection, with a photo where there is one.

        The same form sent again gives the objection that it made. Nothing is taken when
        the vehicle is not open in that recall or a limit was met; which of these it was
        is not told, so that nobody learns here what the search does not tell.

        :param dict said: ``vin``, ``recall_number``, ``repair_date``, ``workshop``,
            ``repair_number`` and ``email`` as the visitor wrote them, checked
        :param bytes photo: the file, or nothing
        :param str form: what is unique to the form that was filled in
        :param str network_address: where the request came from
        :raises tools.proof.ProofError: the photo is not taken, nor is anything else
        :returns: the objection (sudo), or none
        """
        # sudo: a visitor has no right on any model; what is written is fixed here.
        Objection = self.sudo()
        digest = hmac(self.env(su=True), "recall-objection-form", form)
        known = Objection.search([("form_digest", "=", digest)])
        if known:
            return known
        with self.env.cr.savepoint():
            objection = Objection._insert(said, digest, network_address)
            if objection and photo:
                objection.photo_ids._add(objection, photo)
        return objection

    def _insert(self, said, form_digest, network_address):
        """One statement that cannot fail on a value: no log gets to see what it holds.

        The same form sent twice at once makes the second request start again, and find
        the objection of the first.
        """
        self.flush_model()
        query = self._insert_sql(said, form_digest, network_address)
        self.env.cr.execute(query, log_exceptions=False)
        objection = self.browse(row[0] for row in self.env.cr.fetchall())
        self.invalidate_model()
        if objection:
            self.env["recall.audit.event"]._record("objection.create", objection)
            if objection.mail_due:
                objection._trigger_mails()
        return objection

    def _insert_sql(self, said, form_digest, network_address):
        now = fields.Datetime.now()
        receipt = "-".join(_draw(4) for _group in range(3))
        values = {
            **said,
            "receipt": receipt,
            **self._prepare_email(said["email"], receipt),
            "mail_due": bool(said["email"]),
            "form_digest": form_digest,
            "lang": self.env.lang or "en_US",
            "origin": self._get_origin(network_address),
            "due_on": self._get_term(ANSWER_DAYS),
            "now": now,
            "hour": now - timedelta(hours=1),
            "month": now - timedelta(days=30),
            "states": PUBLIC_STATES,
            "uid": self.env.uid,
            "per_address": PER_ADDRESS_HOUR,
            "per_vehicle": PER_VEHICLE_MONTH,
            "per_email": PER_EMAIL_HOUR,
        }
        return SQL(
            """INSERT INTO recall_objection
                      (receipt, form_digest, state, plan_id, producer_id, vehicle_id,
                       vin, repair_date, workshop, repair_number, photo_count, lang,
                       email_sealed, email_digest, email_masked, mail_due, origin,
                       received_at, due_on,
                       create_uid, create_date, write_uid, write_date)
               SELECT %(receipt)s, %(form_digest)s, 'received', plan.id,
                      plan.producer_id, vehicle.id, vehicle.vin, %(repair_date)s,
                      %(workshop)s, %(repair_number)s, 0, %(lang)s,
                      %(email_sealed)s, %(email_digest)s, %(email_masked)s,
                      %(mail_due)s, %(origin)s, %(now)s, %(due_on)s,
                      %(uid)s, %(now)s, %(uid)s, %(now)s
                 FROM recall_vehicle vehicle
                 JOIN recall_plan plan ON plan.id = vehicle.plan_id
                WHERE vehicle.vin = %(vin)s AND plan.recall_number = %(recall_number)s
                  AND vehicle.state NOT IN ('done', 'removed')
                  AND plan.state IN %(states)s
                  AND %(per_address)s > (
                          SELECT count(*) FROM recall_objection
                           WHERE origin = %(origin)s AND received_at > %(hour)s)
                  AND %(per_vehicle)s > (
                          SELECT count(*) FROM recall_objection
                           WHERE vehicle_id = vehicle.id AND received_at > %(month)s)
                  AND %(per_email)s > (
                          SELECT count(*) FROM recall_objection
                           WHERE email_digest = %(email_digest)s
                             AND received_at > %(hour)s)
               ON CONFLICT (form_digest) DO NOTHING RETURNING id""",
            **values,
        )

    def _withdraw(self):
        """End this objection by its visitor's wish; once more does nothing."""
        for objection in self.filtered(lambda item: item.state in LIVE):
            objection._move_to("withdrawn")
            self.env["recall.audit.event"]._record("objection.withdraw", objection)

    def _move_to(self, state, **vals):
        """Give these objections a state; whoever left an address is told of it, but
        not of the own withdrawal."""
        now = fields.Datetime.now()
        ended = False if state in LIVE else now
        for objection in self:
            objection.write(
                {
                    "state": state,
                    "ended_at": ended,
                    "mail_due": bool(objection.email_sealed) and state != "withdrawn",
                    **vals,
                }
            )
        if self.filtered("mail_due"):
            self._trigger_mails()

    # === Settled by itself === #

    @api.model
    def _cron_settle(self):
        """Settle the objections whose vehicle is open no more, however that came."""
        settled = self._settle()
        self.env["ir.cron"]._commit_progress(len(settled), remaining=0)

    @api.model
    def _settle(self, only=None):
        """Settle objections by one statement, through the vehicles' key.

        :param only: limit to these objections
        :returns: the objections that were settled
        """
        self.flush_model()
        self.env["recall.vehicle"].flush_model(["state"])
        self.env.cr.execute(
            SQL(
                """UPDATE recall_objection objection
                      SET state = 'settled', ended_at = %(now)s, write_date = %(now)s,
                          mail_due = objection.email_sealed IS NOT NULL
                     FROM recall_vehicle vehicle
                    WHERE vehicle.id = objection.vehicle_id
                      AND vehicle.state IN ('done', 'removed')
                      AND objection.state IN %(live)s AND %(only)s
                RETURNING objection.id""",
                now=fields.Datetime.now(),
                live=LIVE,
                only=SQL("objection.id IN %s", only._ids or (0,))
                if only is not None
                else SQL("TRUE"),
            )
        )
        settled = self.browse(row[0] for row in self.env.cr.fetchall())
        self.invalidate_model()
        if settled:
            settled._log_many("settle")
            settled._trigger_mails()
        return settled


def _draw(count):
    return "".join(secrets.choice(_LETTERS) for _letter in range(count))
