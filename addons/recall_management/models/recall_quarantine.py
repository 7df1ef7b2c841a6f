# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.messages import SyncRecord

_KEY_MEMBERS = ("recallNum", "vehicleVin", "repairNum")
_SHOWN_MEMBERS = tuple(name for name in SyncRecord.model_fields if name != "telNum")
#: What an index can hold of texts that come from outside.
TEXT_LENGTH = 200
#: Parts of a record's key, and the findings that blame them.
BLAMES = {
    "recall_number": ("recall_number_format", "producer_mismatch"),
    "vin": (
        "vin_length",
        "vin_character",
        "vin_check_digit",
        "vin_year_code",
        "vin_scope",
        "vehicle_repeated",
    ),
    "repair_number": ("repair_number_repeated",),
}


class RecallQuarantine(models.Model):
    """A record that did not pass the verification (clause 7.2), with its reasons.

    Nothing is dropped: the record stands here as it came, its phone number sealed. The
    same record sent again does not stand here twice; when it comes corrected, its
    entries are closed by themselves.
    """

    _name = "recall.quarantine"
    _description = "Quarantined record"
    _order = "id desc"
    _rec_name = "vin"
    _rec_names_search = ["vin", "repair_number", "recall_number"]

    enterprise_id = fields.Many2one(
        "recall.enterprise",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    exchange_id = fields.Many2one(
        "recall.exchange", required=True, readonly=True, index=True, ondelete="restrict"
    )
    state = fields.Selection(
        [("open", "Open"), ("closed", "Closed")],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    closed_at = fields.Datetime(readonly=True)
    recall_number = fields.Char(readonly=True)
    vin = fields.Char(string="VIN", readonly=True, index=True)
    repair_number = fields.Char(string="Repair record number", readonly=True)
    repair_date = fields.Char(readonly=True, help="As it came.")
    dealer_name = fields.Char(string="Dealer as reported", readonly=True)
    phone_sealed = fields.Char(readonly=True, groups="base.group_system")
    phone_masked = fields.Char(string="Contact phone", readonly=True)
    record = fields.Json(
        readonly=True, help="The record as it came, without the phone number."
    )
    content_digest = fields.Char(readonly=True)
    note = fields.Text(readonly=True, help="What exactly is wrong with the format.")
    finding_ids = fields.Many2many("recall.finding", string="Reasons", readonly=True)
    completion_id = fields.Many2one(
        "recall.completion",
        string="Record that stands",
        readonly=True,
        index="btree_not_null",
        help="The version taken in before, where the content differs.",
    )

    _open_uniq = models.UniqueIndex(
        "(enterprise_id, content_digest) WHERE state = 'open'",
        "This record is in quarantine already.",
    )
    _open_key_idx = models.Index(
        "(enterprise_id, recall_number, vin) WHERE state = 'open'"
    )

    @api.model
    def _add_checked(self, exchange, records):
        """Keep the checked records that were not taken in, with their findings.

        :param records: list of ``tools.messages.SyncRecord``, as they were staged
        """
        cr = self.env.cr
        cr.execute("SELECT idx FROM recall_report_checked WHERE action = 'quarantined'")
        kept = [row[0] for row in cr.fetchall()]
        if not kept:
            return
        staged = self.env["recall.staging"]._load(
            "recall_quarantine_staging",
            {"idx": "int", "record": "jsonb", "content_digest": "varchar"},
            [(index, *_describe(records[index].model_dump())) for index in kept],
        )
        cr.execute(
            SQL(
                """INSERT INTO recall_quarantine (
                          enterprise_id, exchange_id, state, recall_number, vin,
                          repair_number, repair_date, dealer_name, phone_sealed,
                          phone_masked, record, content_digest, completion_id,
                          create_date, write_date, create_uid, write_uid)
                   SELECT %(enterprise)s, %(exchange)s, 'open', row.recall_number,
                          row.vin, row.repair_number, row.repair_date::text,
                          row.dealer_name, row.phone_sealed, row.phone_masked,
                          staged.record, staged.content_digest, stored.id,
                          now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                          %(user)s, %(user)s
                     FROM %(staged)s staged
                     JOIN recall_report_checked row ON row.idx = staged.idx
                     LEFT JOIN recall_completion stored
                            ON stored.recall_number = row.recall_number
                           AND stored.vin = row.vin
                           AND stored.repair_number = row.repair_number
                           AND stored.state != 'rejected'
                    ORDER BY row.idx
                   ON CONFLICT (enterprise_id, content_digest) WHERE state = 'open'
                   DO NOTHING""",
                enterprise=exchange.enterprise_id.id,
                exchange=exchange.id,
                staged=staged,
                user=self.env.uid,
            )
        )
        self.env["recall.completion.check"]._link_findings(
            "recall_finding_recall_quarantine_rel",
            "recall_quarantine_id",
            SQL(
                """SELECT staged.idx, entry.id
                     FROM %s staged
                     JOIN recall_quarantine entry
                       ON entry.content_digest = staged.content_digest
                    WHERE entry.exchange_id = %s""",
                staged,
                exchange.id,
            ),
        )

    @api.model
    def _add_refused(self, exchange, refused):
        """Keep the records that do not even have the format of annex A.

        :param refused: list of ``tools.messages.Refused``
        """
        if not refused:
            return
        findings = self.env["recall.finding"].search([]).grouped("code")
        entries = {}
        for item in refused:
            vals = self._prepare_refused_vals(exchange, item.record)
            codes = {finding["code"] for finding in item.findings}
            entries[vals["content_digest"]] = {
                **vals,
                "note": "\n".join(finding["message"] for finding in item.findings),
                "finding_ids": [findings[code].id for code in sorted(codes)],
            }
        known = self.search(
            [
                ("enterprise_id", "=", exchange.enterprise_id.id),
                ("state", "=", "open"),
                ("content_digest", "in", list(entries)),
            ]
        )
        for digest in known.mapped("content_digest"):
            del entries[digest]
        self.create(list(entries.values()))

    def _prepare_refused_vals(self, exchange, record):
        members = record if isinstance(record, dict) else {"record": record}
        phone = members.get("telNum")
        shown, digest = _describe(members)
        key = [_text(members.get(name)) for name in _KEY_MEMBERS]
        context = self.env["recall.completion"]._phone_context(*key)
        keys = cipher.KeyRing.from_environment()
        return {
            "enterprise_id": exchange.enterprise_id.id,
            "exchange_id": exchange.id,
            "recall_number": key[0],
            "vin": key[1],
            "repair_number": key[2],
            "repair_date": _text(members.get("recallTime")),
            "dealer_name": _text(members.get("dealerName")),
            "phone_sealed": bool(phone) and keys.seal(str(phone), context),
            "phone_masked": bool(phone) and cipher.mask_phone(str(phone)),
            "record": json.loads(shown),
            "content_digest": digest,
        }

    @api.model
    def _close_answered(self, enterprise):
        """Close entries whose record has come corrected with this answer.

        A record of the same key answers an entry. One that shares two parts of the key
        answers it when the entry's findings blame the third: a repair number belongs to
        one vehicle, and a vehicle is repaired once under a recall. But one visit to a
        dealer can be for several recalls: another recall number answers only where the
        vehicle is in the scope of no other plan, and not while the entry's plan may
        just be late.
        """
        answers = SQL(" UNION ALL ").join(
            self._answers_sql(part, codes) for part, codes in BLAMES.items()
        )
        self.env.cr.execute(
            SQL(
                """UPDATE recall_quarantine
                      SET state = 'closed', closed_at = now() AT TIME ZONE 'UTC'
                    WHERE id IN (WITH answer AS (
                                     SELECT recall_number, vin, repair_number
                                       FROM recall_report_checked
                                      WHERE action IN ('new', 'corrected')),
                                 entry AS (
                                     SELECT id, recall_number, vin, repair_number
                                       FROM recall_quarantine
                                      WHERE enterprise_id = %s AND state = 'open')
                                 %s)""",
                enterprise.id,
                answers,
            )
        )
        self.invalidate_model()

    def _answers_sql(self, part, codes):
        """Query of the open entries which a record answers that may differ in ``part``.

        :param str part: column of the record's key
        :param codes: findings that blame this part
        """
        blamed = SQL(
            """(entry.%s IS NULL OR EXISTS (
                       SELECT FROM recall_finding_recall_quarantine_rel rel
                         JOIN recall_finding finding
                           ON finding.id = rel.recall_finding_id
                        WHERE rel.recall_quarantine_id = entry.id
                          AND finding.code IN %s))""",
            SQL.identifier(part),
            codes,
        )
        if part == "recall_number":
            only_plan = "SELECT count(*) FROM recall_vehicle WHERE vin = answer.vin"
            blamed = SQL("%s AND (%s) = 1", blamed, SQL(only_plan))
        columns = [SQL.identifier(name) for name in BLAMES if name != part]
        return SQL(
            """SELECT entry.id FROM entry JOIN answer USING (%(columns)s)
                WHERE entry.%(part)s = answer.%(part)s OR (%(blamed)s)""",
            columns=SQL(", ").join(columns),
            part=SQL.identifier(part),
            blamed=blamed,
        )


def _describe(members):
    """Return of a record ``(JSON without the phone number, keyed digest of it all)``.

    Only members of annex A are shown: others might hold a phone number too. Of the
    digest the time of the synchronisation is no part.
    """
    shown = {name: members[name] for name in _SHOWN_MEMBERS if name in members}
    content = {name: value for name, value in members.items() if name != "collectTime"}
    digest = cipher.KeyRing.from_environment().blind(
        json.dumps(content, sort_keys=True)
    )
    return json.dumps(shown, ensure_ascii=False), digest


def _text(value):
    """A value of the record as text; it may be anything JSON has, of any length."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:TEXT_LENGTH]
