# SPDX-License-Identifier: LGPL-3.0-only
import secrets

from odoo import api, fields, models
from odoo.tools import SQL, consteq

from odoo.addons.recall_base.models.person_mixin import EMAIL, PHONE
from odoo.addons.recall_base.models.sealed_mixin import YEAR
from odoo.addons.recall_base.tools import cipher, phone
from odoo.addons.recall_base.tools.notification import notify

#: Hexadecimal digits of the proof in the short link: 96 bits.
_PROOF_DIGITS = 24


def _bind(seed):
    """What a sealed number is bound to: it opens for no other subscriber."""
    return f"recall.subscriber:phone:{seed}"


class RecallSubscriber(models.Model):
    """Told by short message instead of mail: a mobile number confirmed by a code.

    The number is sealed, found by its keyed digest and shown masked; a reader of
    personal data may reveal it, which is logged.
    """

    _name = "recall.subscriber"
    _inherit = ["recall.subscriber"]
    _sealed = {"phone_sealed": YEAR, "email_sealed": YEAR}
    _person_keys = {PHONE: "phone_digest", EMAIL: "email_digest"}

    phone_masked = fields.Char(string="Mobile number", readonly=True, copy=False)
    phone_sealed = fields.Char(groups="base.group_system", copy=False)
    phone_digest = fields.Char(groups="base.group_system", copy=False)
    link_seed = fields.Char(
        groups="base.group_system",
        copy=False,
        help="What links and the sealed number are bound to: the digest changes with "
        "its key, and links in messages go on working.",
    )

    _one_address = models.Constraint(
        "CHECK(CASE channel "
        "WHEN 'sms' THEN email_digest IS NULL AND phone_digest IS NOT NULL "
        "ELSE email_digest IS NOT NULL AND phone_digest IS NULL END)",
        "A subscriber has one address: e-mail or mobile number.",
    )
    _phone_uniq = models.UniqueIndex(
        "(phone_digest) WHERE phone_digest IS NOT NULL",
        "This number is a subscriber already.",
    )

    @api.depends("email_masked", "phone_masked")
    def _compute_display_name(self):
        for subscriber in self:
            subscriber.display_name = subscriber._tell_person()

    @api.model
    def _find_phone(self, number):
        """Return the subscriber with this normalised mobile number, or none."""
        digests = cipher.KeyRing.from_environment().blinds(number)
        return self.search([("phone_digest", "in", digests)], limit=1)

    @api.model
    def _make_phone(self, number, lang):
        """Return the subscriber with this confirmed number, made if need be."""
        if known := self._find_phone(number):
            return known
        keys = cipher.KeyRing.from_environment()
        digest, seed = keys.blind(number), secrets.token_hex(16)
        # Two confirmations may come at once: the second waits for the first.
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_subscriber
                          (channel, phone_sealed, link_seed, phone_digest,
                           phone_masked, lang, rhythm, create_uid, create_date)
                   VALUES ('sms', %s, %s, %s, %s, %s, 'now', %s, %s)
                   ON CONFLICT (phone_digest) WHERE phone_digest IS NOT NULL
                   DO UPDATE SET phone_masked = excluded.phone_masked
                   RETURNING id""",
                keys.seal(number, _bind(seed)),
                seed,
                digest,
                phone.mask_phone(number),
                lang,
                self.env.uid,
                fields.Datetime.now(),
            ),
            log_exceptions=False,
        )
        return self.browse(self.env.cr.fetchone()[0])

    def _get_seal_context(self, column):
        if column == "phone_sealed":
            return _bind(self.link_seed)
        return super()._get_seal_context(column)

    def _prepare_digests(self, keys, column, text):
        if column == "phone_sealed":
            return {"phone_digest": keys.blind(text)}
        return super()._prepare_digests(keys, column, text)

    def _after_reseal(self):
        """Subscriptions have the digest, too: it tells one that is there already."""
        self.env.cr.execute(
            SQL(
                """UPDATE recall_subscription told
                      SET phone_digest = subscriber.phone_digest
                     FROM recall_subscriber subscriber
                    WHERE subscriber.id = told.subscriber_id AND subscriber.id IN %s
                      AND told.phone_digest != subscriber.phone_digest""",
                tuple(self.ids),
            )
        )
        self.env["recall.subscription"].invalidate_model(["phone_digest"])

    def _tell_person(self):
        return self.phone_masked or self.email_masked

    def _forget_person(self):
        """Override: the subscriptions end, and nothing is left of them."""
        self._end_all()
        self.subscription_ids.unlink()
        self.unlink()

    def _open_phone(self, keys=None):
        """Return the number in clear. The caller answers for who sees it.

        :param keys: ``tools.cipher.KeyRing``, where there are many to open
        :raises SealError: it was sealed with a key that is gone, or taken out
        """
        self.ensure_one()
        keys = keys or cipher.KeyRing.from_environment()
        # sudo: the sealed text is hidden from every role; callers check their own.
        subscriber = self.sudo()
        return keys.open(subscriber.phone_sealed, _bind(subscriber.link_seed))

    def _prepare_number(self, keys):
        """The number in the form a gateway takes (E.164)."""
        return phone.international(self._open_phone(keys))

    def action_reveal_phone(self):
        """Show the number to a reader of personal data, and log it."""
        self.ensure_one()
        self._check_personal_reader(
            self.env._("Only readers of personal data may see a phone number.")
        )
        self.env["recall.audit.event"]._record("subscriber.reveal_phone", self)
        return notify(
            self._open_for_reader(self._open_phone),
            kind="info",
            title=self.env._("Mobile number"),
        )

    # === Short link === #

    def _get_link_proof(self):
        """Extension: proofs of a number's links are bound to a seed of their own."""
        by_sms = self.channel == "sms"
        return self.link_seed if by_sms else super()._get_link_proof()

    def _get_short_url(self):
        """Address in a short message, of the page that ends all of them."""
        self.ensure_one()
        return f"{self._get_site()}/recall/s/{self.id:x}-{self._get_short_token()}"

    def _get_short_token(self):
        return self._get_token("end", 0)[:_PROOF_DIGITS]

    @api.model
    def _from_short_link(self, text):
        """Return the subscriber a short link belongs to (sudo), or none.

        :param text: what came behind ``/recall/s/``
        """
        number, _mark, proof = text.partition("-")
        try:
            number = int(number, 16)
        except ValueError:
            return self.browse()
        # sudo: the link is the right to this one subscriber.
        subscriber = self.sudo().browse(number if 0 < number < 2**31 else 0).exists()
        shown = proof.encode(errors="replace")
        expected = subscriber and subscriber._get_short_token().encode()
        if not subscriber or not consteq(expected, shown):
            return self.browse()
        return subscriber
