# SPDX-License-Identifier: LGPL-3.0-only
import logging
import secrets
import uuid
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.models.sealed_mixin import PASSING
from odoo.addons.recall_base.tools import cipher, phone, short_message

from .sms_failure_mixin import LATE

_logger = logging.getLogger(__name__)

#: Setting: subscribers can be told by short message.
SWITCH = "recall_service.sms"
#: Setting: codes sent in a day, to all numbers together, and its default.
CODES_PER_DAY = ("recall_service.sms_codes_per_day", 2000)
#: How long a code works, and how often it may be tried.
VALID = timedelta(minutes=10)
MAX_TRIES = 5
DIGITS = 6
#: From one code to the next for the same number.
PAUSE = timedelta(seconds=60)
#: Codes to one number in a day, and numbers asked for by one network in an hour.
PER_NUMBER_DAY = 10
PER_ORIGIN_HOUR = 20
#: Codes handed over between two commits: what one kill can lose.
BATCH = 50


def _bind(digest):
    return f"recall.phone.code:phone:{digest}"


class RecallPhoneCode(models.Model):
    """Proof that a visitor holds a mobile number: a code sent to it.

    One row a number, known or not: what it asks for stays, sealed, on the visitor's
    page, and nothing tells whether the number is a subscriber. A request only leaves
    the row; the scheduled action draws the code, keeps its keyed digest (the key is
    outside the database), commits, and hands it over. A worker that dies in between
    loses the code at most: the visitor asks for another.
    """

    _name = "recall.phone.code"
    _description = "Code sent to a mobile number"
    _audited = frozenset()
    _inherit = ["recall.sms.failure.mixin", "recall.sealed.mixin"]
    _sealed = {"phone_sealed": PASSING}
    _log_access = False
    _order = "id desc"
    _rec_name = "id"

    phone_digest = fields.Char(
        required=True, readonly=True, groups="base.group_system", copy=False
    )
    phone_sealed = fields.Char(
        readonly=True,
        groups="base.group_system",
        copy=False,
        help="Until the code is handed over.",
    )
    lang = fields.Char(readonly=True)
    origin = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="Keyed hash of the day and the network address that asked.",
    )
    state = fields.Selection(
        [
            ("due", "To be sent"),
            ("sending", "Being sent"),
            ("sent", "Sent"),
            ("failed", "Failed"),
            ("used", "Used"),
        ],
        required=True,
        readonly=True,
    )
    asked_at = fields.Datetime(string="Requested on", readonly=True)
    day = fields.Date(readonly=True)
    day_count = fields.Integer(
        string="Codes of the day", readonly=True, aggregator="sum"
    )
    code_digest = fields.Char(readonly=True, groups="base.group_system", copy=False)
    expires_at = fields.Datetime(string="Works until", readonly=True)
    tries = fields.Integer(readonly=True, default=0)
    failure = fields.Char(readonly=True, help="What the message gateway answered.")

    _phone_uniq = models.UniqueIndex("(phone_digest)")
    _due_idx = models.Index("(id) WHERE state = 'due'")
    _origin_idx = models.Index("(origin, asked_at)")
    _day_idx = models.Index("(day)")

    @api.model
    def _is_on(self):
        """Whether visitors can choose short messages: switched on, and with keys."""
        # sudo: the setting; only whether it is on is told.
        if not self.env["ir.config_parameter"].sudo().get_param(SWITCH):
            return False
        try:
            cipher.KeyRing.from_environment()
        except cipher.KeyFileError as error:
            _logger.error("Short messages cannot be offered: %s", error)
            return False
        return True

    @api.model
    def _normalise(self, text):
        """Return a mobile number of mainland China as digits, or None.

        Others are not taken: numbers abroad are what premium-rate fraud lives on.
        """
        number = phone.normalize(text)
        return number if phone.is_chinese_mobile(number) else None

    # === Asking === #

    @api.model
    def _ask(self, number, network_address):
        """Note that a code is to be sent to a number.

        Nothing is returned, as nothing may be told: within a limit nothing happens, and
        the code that was sent before goes on working.

        :param str number: as returned by ``_normalise``
        :param str network_address: where the request came from
        """
        if not self._is_on():
            return
        self.flush_model()
        # One statement that cannot fail on a value: no log gets to see the number.
        self.env.cr.execute(
            self._ask_sql(number, network_address), log_exceptions=False
        )
        asked = self.browse(row[0] for row in self.env.cr.fetchall())
        self.invalidate_model()
        if asked:
            self.env["recall.audit.event"]._record("phone_code.ask", asked)
            # sudo: the public asks, the scheduled action belongs to nobody.
            self.sudo().env.ref("recall_service.ir_cron_phone_code")._trigger()

    def _ask_sql(self, number, network_address):
        keys = cipher.KeyRing.from_environment()
        now, digest = fields.Datetime.now(), keys.blind(number)
        name, default = CODES_PER_DAY
        # sudo: the setting.
        per_day = self.env["ir.config_parameter"].sudo().get_param(name, default)
        return SQL(
            """INSERT INTO recall_phone_code AS old
                   (phone_digest, phone_sealed, lang, origin, state, asked_at, day,
                    day_count, tries)
               SELECT %(digest)s, %(sealed)s, %(lang)s, %(origin)s, 'due', %(now)s,
                      %(day)s, 1, 0
                WHERE %(from_one)s > (
                          SELECT count(*) FROM recall_phone_code
                           WHERE origin = %(origin)s AND asked_at > %(hour)s)
                  AND %(per_day)s > (
                          SELECT coalesce(sum(day_count), 0) FROM recall_phone_code
                           WHERE day = %(day)s)
               ON CONFLICT (phone_digest) DO UPDATE
                  SET state = 'due', phone_sealed = excluded.phone_sealed,
                      lang = excluded.lang, origin = excluded.origin,
                      asked_at = excluded.asked_at, day = excluded.day,
                      day_count = CASE WHEN old.day = excluded.day
                                       THEN old.day_count + 1 ELSE 1 END
                WHERE old.asked_at <= %(before)s
                  AND (old.day != excluded.day OR old.day_count < %(per_number)s)
               RETURNING id""",
            digest=digest,
            sealed=keys.seal(number, _bind(digest)),
            lang=self.env.lang or "en_US",
            origin=self.env["recall.subscription"]._get_origin(network_address),
            now=now,
            day=now.date(),
            hour=now - timedelta(hours=1),
            before=now - PAUSE,
            per_day=int(per_day),
            from_one=PER_ORIGIN_HOUR,
            per_number=PER_NUMBER_DAY,
        )

    # === Sending === #

    @api.model
    def _cron_send(self):
        """Draw and send the codes that are due, batch by batch."""
        Cron = self.env["ir.cron"]
        domain = [("state", "=", "due")]
        Cron._commit_progress(remaining=self.search_count(domain))
        while due := self.search(domain, limit=BATCH, order="id").try_lock_for_update():
            due._send()
            if not Cron._commit_progress(len(due)):
                break

    def _send(self):
        """Send these codes; nobody waits any more for one asked for long ago."""
        stale = self.filtered(lambda row: row.asked_at < fields.Datetime.now() - VALID)
        stale.write({"state": "failed", "phone_sealed": False, "failure": LATE})
        rows = self - stale
        if not rows:
            return
        messages = {uuid.uuid4().hex: row for row in rows}
        keys = cipher.KeyRing.from_environment()
        batch = [row._draw(reference, keys) for reference, row in messages.items()]
        # From here on the code counts as sent, whatever ends the server.
        Cron = self.env["ir.cron"]
        Cron._commit_progress()
        gateway = self.env.company._get_sms_api_class()(self.env)
        answers = short_message.hand_over(gateway, batch)
        # Visitors may have been quicker than the gateway.
        if not Cron._commit_guarded(partial(rows._note_answers, messages, answers)):
            _logger.warning("Answers about %s codes are lost", len(rows))

    def _note_answers(self, messages, answers):
        """Note what became of codes, but for those that were used or asked for anew.

        :param dict messages: reference -> the row of its code
        :param dict answers: reference -> ``short_message.Answer``
        """
        sending = self.exists().filtered(lambda row: row.state == "sending")
        for reference, answer in answers.items():
            is_out = answer.state in (short_message.SENT, short_message.UNCLEAR)
            (messages[reference] & sending).write(
                {
                    "state": "sent" if is_out else "failed",
                    "failure": answer.state != short_message.SENT and answer.code,
                }
            )
        self.env["recall.audit.event"]._record("phone_code.send", self, count=len(self))

    def _draw(self, reference, keys):
        """Draw a code and keep its digest; returns the message that carries it."""
        number = keys.open(self.phone_sealed, _bind(self.phone_digest))
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        self.write(
            {
                "state": "sending",
                "phone_sealed": False,
                "code_digest": keys.blind(self._bind_code(code)),
                "expires_at": fields.Datetime.now() + VALID,
                "tries": 0,
                "failure": False,
            }
        )
        text = self.with_context(lang=self.lang).env._(
            "Vehicle recalls: your code is %(code)s. It works for 10 minutes. If you "
            "did not ask for it, do nothing and tell it to nobody.",
            code=code,
        )
        return short_message.ShortMessage(reference, phone.international(number), text)

    def _bind_code(self, code):
        return f"recall.phone.code:code:{self.phone_digest}:{code}"

    # === Checking === #

    @api.model
    def _check(self, number, code):
        """Whether the code proves that its bearer holds the number; it works once.

        :param str number: as returned by ``_normalise``
        :param str code: digits, as typed
        """
        self.flush_model()
        keys = cipher.KeyRing.from_environment()
        # Two tries at once: the second begins again and finds the first one counted.
        self.env.cr.execute(
            SQL(
                """SELECT id FROM recall_phone_code
                    WHERE phone_digest = ANY(%s) AND code_digest IS NOT NULL
                      AND expires_at > %s AND tries < %s
                      FOR UPDATE""",
                keys.blinds(number),
                fields.Datetime.now(),
                MAX_TRIES,
            )
        )
        row = self.browse([found for (found,) in self.env.cr.fetchall()][:1])
        if not row:
            return False
        is_right = row.code_digest in keys.blinds(row._bind_code(code))
        row.write(
            {"state": "used", "code_digest": False}
            if is_right
            else {"tries": row.tries + 1}
        )
        return is_right

    @api.autovacuum
    def _gc_old(self):
        """Delete rows that no limit needs any more."""
        old = fields.Date.today() - timedelta(days=1)
        self.search([("day", "<", old)]).unlink()
