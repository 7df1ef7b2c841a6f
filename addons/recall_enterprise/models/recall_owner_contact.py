# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.recall_base.models.person_mixin import EMAIL, PHONE, VIN
from odoo.addons.recall_base.models.sealed_mixin import YEAR
from odoo.addons.recall_base.tools import cipher, contacts
from odoo.addons.recall_base.tools import phone as numbers
from odoo.addons.recall_base.tools.notification import notify
from odoo.addons.recall_base.tools.vin import is_vin

from ..tools import owner_contact

#: What an owner's contact holds; shown masked, kept in one sealed text.
PARTS = ("name", "phone", "email", "address")
LANGUAGES = [("zh_CN", "Chinese"), ("en_US", "English")]
#: Columns of the staging table by which contacts are taken in.
STAGED_COLUMNS = {
    "vin": "varchar",
    "lang": "varchar",
    "sealed": "varchar",
    "content_digest": "varchar",
    **{f"{part}_masked": "varchar" for part in PARTS},
    "phone_digest": "varchar",
    "mobile_digest": "varchar",
    "email_digest": "varchar",
    "letter_digest": "varchar",
}


class ContactFault(Exception):
    """A part of a contact cannot be kept; ``code`` is that of a ``recall.finding``."""

    def __init__(self, code, part):
        super().__init__(code)
        self.code = code
        self.part = part


def _seal_context(producer_id, vin):
    """What a sealed contact is bound to: it opens in no other record."""
    return f"recall.owner.contact:sealed:{producer_id}|{vin}"


def _normalize(parts):
    clean = {part: owner_contact.clean(parts.get(part)) for part in PARTS}
    for part, code, normalize in (
        ("phone", "phone_format", numbers.normalize),
        ("email", "email_format", owner_contact.normalize_email),
    ):
        if clean[part]:
            clean[part] = normalize(clean[part])
            if clean[part] is None:
                raise ContactFault(code, part)
    return clean


def seal_contact(keys, producer_id, vin, parts):
    """Check and seal an owner's addresses. No database: threads may call it.

    :param keys: ``tools.cipher.KeyRing``
    :param dict parts: ``PARTS`` -> text as typed
    :returns: dict of the columns of ``STAGED_COLUMNS`` that depend on them
    :raises ContactFault: when a phone number or mail address is none
    """
    clean = _normalize(parts)
    phone, email, address = clean["phone"], clean["email"], clean["address"]
    text = json.dumps(clean, ensure_ascii=False)
    return {
        "sealed": keys.seal(text, _seal_context(producer_id, vin)),
        "name_masked": owner_contact.mask_name(clean["name"]) or None,
        "phone_masked": numbers.mask_phone(phone) or None,
        "email_masked": contacts.mask_email(email) or None,
        "address_masked": owner_contact.mask_address(address) or None,
        **_digest_contact(keys, text, clean),
    }


def _digest_contact(keys, text, clean):
    """Columns that tell equal contacts and equal parts of them."""
    phone, email, address = clean["phone"], clean["email"], clean["address"]
    letter = address and owner_contact.letter_key(clean["name"], address)
    phone_digest = keys.blind(phone) if phone else None
    return {
        "content_digest": keys.blind(text),
        "phone_digest": phone_digest,
        "mobile_digest": phone_digest if numbers.is_mobile(phone) else None,
        "email_digest": keys.blind(email) if email else None,
        "letter_digest": keys.blind(letter) if letter else None,
    }


def _part(part, **attributes):
    """A field that is typed in clear, shown masked and stored in the sealed text."""

    @api.depends(f"{part}_masked")
    def compute(contacts):
        for contact in contacts:
            contact[part] = contact[f"{part}_masked"]

    return fields.Char(compute=compute, inverse="_inverse_parts", **attributes)


class RecallOwnerContact(models.Model):
    """How the owner of a vehicle is reached, by the producer's own records.

    Up to millions of rows, taken in by COPY: no chatter, no log columns. Several
    recalls of one VIN share its contact. Name, numbers and address are one sealed text,
    bound to producer and VIN; digests under a secret key tell equal addresses without
    showing them.
    """

    _name = "recall.owner.contact"
    _description = "Owner contact of a vehicle"
    _audit_personal = {"vin", "name_masked", "address_masked"}
    _inherit = [
        "recall.kept.fields.mixin",
        "recall.person.mixin",
        "recall.sealed.mixin",
    ]
    _order = "id desc"
    _rec_name = "vin"
    _rec_names_search = ["vin"]
    _log_access = False
    _sealed = {"sealed": YEAR}
    _person_keys = {PHONE: "phone_digest", EMAIL: "email_digest", VIN: "vin"}
    _personal_columns = tuple(STAGED_COLUMNS)[2:]
    # They follow from what is typed, and are sealed or masked.
    _kept_fields = {"changed_at", *STAGED_COLUMNS} - {"vin", "lang"}

    producer_id = fields.Many2one(
        "recall.producer",
        required=True,
        ondelete="restrict",
        default=lambda self: self._default_producer(),
    )
    vin = fields.Char(string="VIN", size=17, required=True)
    lang = fields.Selection(
        LANGUAGES,
        string="Language",
        default="zh_CN",
        required=True,
        help="In which notices are written to this owner.",
    )
    changed_at = fields.Datetime(
        readonly=True, default=fields.Datetime.now, help="Last change of the contact."
    )
    sealed = fields.Char(groups="base.group_system", copy=False)
    content_digest = fields.Char(
        groups="base.group_system", copy=False, help="Tells whether anything changed."
    )
    phone_digest = fields.Char(groups="base.group_system", copy=False)
    mobile_digest = fields.Char(groups="base.group_system", copy=False)
    email_digest = fields.Char(groups="base.group_system", copy=False)
    letter_digest = fields.Char(groups="base.group_system", copy=False)
    name_masked = fields.Char(readonly=True, copy=False)
    phone_masked = fields.Char(readonly=True, copy=False)
    email_masked = fields.Char(readonly=True, copy=False)
    address_masked = fields.Char(readonly=True, copy=False)
    name = _part("name", string="Owner")
    phone = _part("phone", search="_search_phone")
    email = _part("email", string="Mail address")
    address = _part("address", string="Postal address")

    _vin_uniq = models.UniqueIndex(
        "(producer_id, vin)", "The vehicle has an owner contact already: amend it."
    )
    _vin_idx = models.Index("(vin)")
    _phone_idx = models.Index("(phone_digest) WHERE phone_digest IS NOT NULL")

    def _default_producer(self):
        producers = self.env.user.recall_producer_ids
        return producers if len(producers) == 1 else False

    def _search_phone(self, operator, value):
        """Find the vehicles of a telephone number: an owner is on the line."""
        if operator != "in":
            return NotImplemented
        keys = cipher.KeyRing.from_environment()
        found = filter(None, map(numbers.normalize, value))
        digests = [digest for number in found for digest in keys.blinds(number)]
        # sudo: the digest is hidden; the caller's rules hold for what is found.
        found = self.sudo()._search([("phone_digest", "in", digests)])
        return [("id", "in", found)]

    def _inverse_parts(self):
        """Seal what was typed; a part that was left as shown keeps its value."""
        keys = cipher.KeyRing.from_environment()
        for contact in self:
            # sudo: the sealed columns are hidden from every role; only the row that
            # the account may write is written.
            own = contact.sudo()
            kept = (own._open_kept(own._open) if own.sealed else None) or {}
            parts = {
                part: kept.get(part, "")
                if contact[part] == contact[f"{part}_masked"]
                else contact[part] or ""
                for part in PARTS
            }
            self._refuse_masked(parts)
            try:
                vals = seal_contact(keys, contact.producer_id.id, contact.vin, parts)
            except ContactFault as fault:
                self._refuse_fault(fault)
            # sudo: sealed values are nobody's to write.
            contact.sudo().write({**vals, "changed_at": fields.Datetime.now()})

    def _refuse_masked(self, parts):
        masked = [text for text in parts.values() if "**" in text]
        if masked:
            raise UserError(
                self.env._(
                    "Type the whole value, without asterisks: %(shown)s.",
                    shown=masked[0],
                )
            )

    @api.constrains("vin")
    def _check_vin(self):
        for contact in self:
            excepted = self.env["recall.vin.exception"]._find_approved(
                contact.producer_id.id, {contact.vin}
            )
            if not (is_vin(contact.vin) or contact.vin in excepted):
                raise ValidationError(
                    self.env._(
                        "%(vin)s is not a VIN of GB 16735: read it again.",
                        vin=contact.vin,
                    )
                )

    def write(self, vals):
        # The seal is bound to both: another vehicle has a contact of its own.
        if {"vin", "producer_id"} & set(vals) and self.ids:
            raise UserError(
                self.env._(
                    "A contact stays with its vehicle. Enter another contact for "
                    "another VIN."
                )
            )
        return super().write(vals)

    # === Sealing === #

    def _refuse_fault(self, fault):
        """Say in a sentence why an address cannot be kept."""
        sentences = {
            "phone_format": self.env._(
                "This is no phone number: it has 7 to 15 digits, + for abroad."
            ),
            "email_format": self.env._(
                "This is no mail address: it looks like name@example.com."
            ),
        }
        raise ValidationError(sentences[fault.code]) from fault

    def _get_seal_context(self, column):
        return _seal_context(self.producer_id.id, self.vin)

    def _prepare_digests(self, keys, column, text):
        return _digest_contact(keys, text, json.loads(text))

    def _open(self, keys=None):
        """Return the parts in clear. The caller answers for who sees them."""
        self.ensure_one()
        keys = keys or cipher.KeyRing.from_environment()
        # sudo: the sealed text is hidden from every role; callers check their own.
        sealed = self.sudo().sealed
        if not sealed:
            return dict.fromkeys(PARTS, "")
        return json.loads(keys.open(sealed, self._get_seal_context("sealed")))

    def action_reveal(self):
        """Show the contact in clear to a reader of personal data, and log it."""
        self.ensure_one()
        self._check_personal_reader(
            self.env._("Only readers of personal data may see an owner's contact.")
        )
        self.env["recall.audit.event"]._record("owner_contact.reveal", self)
        message = self._open_for_reader(
            lambda: "\n".join(filter(None, self._open().values()))
        )
        return notify(message, kind="info", title=self.vin)

    # === Taking in many === #

    @api.model
    def _merge(self, producer, staged):
        """Take in staged contacts: the last row of a VIN stands.

        :param SQL staged: table with ``position`` and ``STAGED_COLUMNS``
        :returns: number of contacts that are new or changed
        """
        self.flush_model()
        columns = SQL(", ").join(map(SQL.identifier, STAGED_COLUMNS))
        changes = SQL(", ").join(
            SQL("%(name)s = excluded.%(name)s", name=SQL.identifier(column))
            for column in list(STAGED_COLUMNS)[1:]
        )
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_owner_contact AS contact
                               (producer_id, %(columns)s, changed_at)
                   SELECT %(producer)s, %(columns)s, now() AT TIME ZONE 'UTC'
                     FROM (SELECT DISTINCT ON (vin) * FROM %(staged)s
                            ORDER BY vin, position DESC) newest
                   ON CONFLICT (producer_id, vin) DO UPDATE
                      SET %(changes)s, changed_at = excluded.changed_at
                    WHERE (contact.lang, contact.content_digest)
                          IS DISTINCT FROM (excluded.lang, excluded.content_digest)""",
                producer=producer.id,
                columns=columns,
                staged=staged,
                changes=changes,
            )
        )
        taken = self.env.cr.rowcount
        self.invalidate_model()
        return taken
