# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.recall_base.models.person_mixin import PHONE, VIN
from odoo.addons.recall_base.models.sealed_mixin import YEAR
from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.messages import SyncRecord

_KEY_MEMBERS = ("recallNum", "vehicleVin", "repairNum")
_SHOWN_MEMBERS = tuple(name for name in SyncRecord.model_fields if name != "telNum")
#: What an index can hold of texts that come from outside.
TEXT_LENGTH = 200
#: States in which an entry waits: for an officer, or for the producer.
PENDING = ("open", "returned")
#: The record as it came: columns of an entry, as they are staged or selected.
CONTENT_COLUMNS = {
    "recall_number": "varchar",
    "vin": "varchar",
    "repair_number": "varchar",
    "repair_date": "varchar",
    "dealer_name": "varchar",
    "phone_sealed": "varchar",
    "phone_digest": "varchar",
    "phone_masked": "varchar",
    "record": "jsonb",
    "content_digest": "varchar",
    "note": "text",
}


class RecallQuarantine(models.Model):
    """A record that did not pass the verification (clause 7.2), with its reasons.

    Nothing is dropped: the record stands here as it came, its phone number sealed,
    beside the version that stood under its key. The same record sent again does not
    stand here twice, as long as nothing was decided for it or an officer closed it.

    States: an entry is **open** until an officer releases it (**released**: the record
    counts), gives it back to the producer (**returned**: it waits for a correction) or
    finds that nothing needs doing (**closed**). When the record comes corrected, or is
    withdrawn, an open or returned entry is **answered** by itself; so it is when all
    that stood against it was filed late (``recall.quarantine.recheck``).
    """

    _name = "recall.quarantine"
    _inherit = [
        "recall.kept.for.ever.mixin",
        "recall.person.mixin",
        "recall.sealed.mixin",
    ]
    _description = "Quarantined record"
    _order = "id desc"
    _sealed = {"phone_sealed": YEAR}
    _person_keys = {PHONE: "phone_digest", VIN: "vin"}
    _personal_columns = ("phone_sealed", "phone_digest", "phone_masked")
    _rec_name = "vin"
    _rec_names_search = ["vin", "repair_number", "recall_number"]

    enterprise_id = fields.Many2one(
        "recall.enterprise",
        string="Producer",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    exchange_id = fields.Many2one(
        "recall.exchange", required=True, readonly=True, index=True, ondelete="restrict"
    )
    state = fields.Selection(
        [
            ("open", "Open"),
            ("returned", "Returned"),
            ("released", "Released"),
            ("closed", "Closed"),
            ("answered", "Answered"),
        ],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    closed_at = fields.Datetime(
        string="Settled at",
        readonly=True,
        help="When it was released, closed or answered.",
    )
    recall_number = fields.Char(string="Recall number", readonly=True)
    vin = fields.Char(string="VIN", readonly=True, index=True)
    repair_number = fields.Char(string="Repair record number", readonly=True)
    repair_date = fields.Char(readonly=True, help="As it came.")
    dealer_name = fields.Char(string="Dealer as reported", readonly=True)
    phone_sealed = fields.Char(readonly=True, groups="base.group_system")
    phone_digest = fields.Char(readonly=True, groups="base.group_system")
    phone_masked = fields.Char(string="Contact phone", readonly=True)
    record = fields.Json(
        readonly=True, help="The record as it came, without the phone number."
    )
    standing = fields.Json(
        readonly=True,
        help="The version that stood under the same key when the record came.",
    )
    content_digest = fields.Char(readonly=True)
    note = fields.Text(readonly=True, help="What exactly is wrong with the format.")
    finding_ids = fields.Many2many("recall.finding", string="Reasons", readonly=True)
    completion_id = fields.Many2one(
        "recall.completion",
        string="Record that stands",
        readonly=True,
        index="btree_not_null",
        help="The version taken in before, or the one that answered this entry.",
    )

    _kept_uniq = models.UniqueIndex(
        """(enterprise_id, content_digest)
           WHERE state IN ('open', 'returned', 'closed')""",
        "This record is in quarantine already.",
    )
    # For records that answer entries: each shares two parts of the key with its entry.
    _pending_vin_idx = models.Index(
        """(enterprise_id, vin, recall_number, repair_number)
           WHERE state IN ('open', 'returned')"""
    )
    _pending_repair_idx = models.Index(
        """(enterprise_id, repair_number, recall_number)
           WHERE state IN ('open', 'returned')"""
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._("Entries of the quarantine are kept. Close them instead.")
        )

    def _get_seal_context(self, column):
        """As of the report that it becomes."""
        return self.env["recall.completion"]._phone_context(
            *(self[name] or None for name in ("recall_number", "vin", "repair_number"))
        )

    def _prepare_digests(self, keys, column, text):
        return {"phone_digest": keys.blind(text)}

    @api.model
    def _get_stale_conditions(self, keys, redigest):
        """Entries that came in before there were digests have none yet."""
        return [
            *super()._get_stale_conditions(keys, redigest),
            SQL("(phone_sealed IS NOT NULL AND phone_digest IS NULL)"),
        ]

    def _why_person_kept(self):
        return self.state in PENDING and self.env._(
            "It waits for a decision, which needs the number: decide first."
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
        described = [(index, *_describe(records[index].model_dump())) for index in kept]
        staged = self.env["recall.staging"]._load(
            "recall_quarantine_staging",
            {"idx": "int", "record": "jsonb", "content_digest": "varchar"},
            [
                (index, shown, self._renew_digest(exchange, digests))
                for index, shown, digests in described
            ],
        )
        self._insert(
            exchange,
            SQL(
                """SELECT row.idx, row.recall_number, row.vin, row.repair_number,
                          row.repair_date::text, row.dealer_name, row.phone_sealed,
                          row.phone_digest, row.phone_masked, staged.record,
                          staged.content_digest, NULL AS note, row.codes,
                          stored.id AS completion_id,
                          CASE WHEN stored.id IS NOT NULL THEN jsonb_build_object(
                               'recallTime', stored.repair_date::text,
                               'dealerName', stored.dealer_name,
                               'telNum', stored.phone_masked,
                               'otherPhone', stored.phone_digest != row.phone_digest
                                   AND stored.phone_digest != ALL(
                                       coalesce(row.older_digests, '{}')),
                               'recordVersion', stored.version,
                               'state', stored.state) END AS standing
                     FROM %s staged
                     JOIN recall_report_checked row ON row.idx = staged.idx
                     LEFT JOIN recall_completion stored
                            ON stored.recall_number = row.recall_number
                           AND stored.vin = row.vin
                           AND stored.repair_number = row.repair_number
                           AND stored.state != 'rejected'""",
                staged,
            ),
        )

    @api.model
    def _add_refused(self, exchange, refused):
        """Keep the records that do not even have the format of annex A.

        What can be judged of them all the same is judged: a producer that mends the
        format only to learn of a wrong VIN would have to mend each record twice.

        :param refused: list of ``tools.messages.Refused``
        """
        if not refused:
            return
        producer = exchange.enterprise_id.producer_id
        codes = self.env["recall.quarantine.judge"]._judge_refused(producer, refused)
        # A list: the statements it makes must be over before the rows are copied.
        rows = [
            (
                index,
                *self._prepare_refused(exchange, item.record).values(),
                "\n".join(finding["message"] for finding in item.findings),
                f"{{{','.join(sorted(codes[index]))}}}",
            )
            for index, item in enumerate(refused)
        ]
        staged = self.env["recall.staging"]._load(
            "recall_quarantine_refused",
            {"idx": "int", **CONTENT_COLUMNS, "codes": "varchar[]"},
            rows,
        )
        self._insert(
            exchange,
            SQL(
                "SELECT *, NULL::int completion_id, NULL::jsonb standing FROM %s",
                staged,
            ),
        )

    @api.model
    def _renew_digest(self, exchange, digests):
        """Have an entry of the same record, with a digest under an older key, known by
        the one under the active key; returns that."""
        active, *older = digests
        if older:
            self.env.cr.execute(
                SQL(
                    """UPDATE recall_quarantine SET content_digest = %(active)s
                        WHERE id = (
                              SELECT min(id) FROM recall_quarantine
                               WHERE enterprise_id = %(enterprise)s
                                 AND state IN ('open', 'returned', 'closed')
                                 AND content_digest = ANY(%(digests)s)
                              HAVING count(*) FILTER (
                                     WHERE content_digest = %(active)s) = 0)""",
                    active=active,
                    enterprise=exchange.enterprise_id.id,
                    digests=digests,
                )
            )
        return active

    def _insert(self, exchange, source):
        """Insert entries with their findings, but for records that stand here already.

        :param SQL source: query of ``idx``, ``CONTENT_COLUMNS``, ``codes`` (array),
            ``completion_id`` and ``standing``
        """
        columns = SQL(", ").join(
            SQL.identifier(name)
            for name in (*CONTENT_COLUMNS, "completion_id", "standing")
        )
        self.env.cr.execute(
            SQL(
                """WITH source AS MATERIALIZED (%(source)s), added AS (
                       INSERT INTO recall_quarantine (
                              enterprise_id, exchange_id, state, untold, %(columns)s,
                              create_date, write_date, create_uid, write_uid)
                       SELECT %(enterprise)s, %(exchange)s, 'open', TRUE, %(columns)s,
                              now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                              %(user)s, %(user)s
                         FROM source ORDER BY idx
                       ON CONFLICT (enterprise_id, content_digest)
                             WHERE state IN ('open', 'returned', 'closed') DO NOTHING
                    RETURNING id, content_digest)
                   INSERT INTO recall_finding_recall_quarantine_rel (
                          recall_quarantine_id, recall_finding_id)
                   SELECT DISTINCT added.id, finding.id
                     FROM added JOIN source USING (content_digest)
                     JOIN recall_finding finding ON finding.code = ANY(source.codes)""",
                source=source,
                columns=columns,
                enterprise=exchange.enterprise_id.id,
                exchange=exchange.id,
                user=self.env.uid,
            )
        )
        self.invalidate_model()

    def _prepare_refused(self, exchange, record):
        """Values of ``CONTENT_COLUMNS`` but ``note``, in their order."""
        members = record if isinstance(record, dict) else {"record": record}
        phone = members.get("telNum")
        shown, digests = _describe(members)
        key = [_text(members.get(name)) for name in _KEY_MEMBERS]
        Completion = self.env["recall.completion"]
        sealed, digest, masked = (
            Completion._prepare_phone(str(phone), *key) if phone else (None,) * 3
        )
        return {
            "recall_number": key[0],
            "vin": key[1],
            "repair_number": key[2],
            "repair_date": _text(members.get("recallTime")),
            "dealer_name": _text(members.get("dealerName")),
            "phone_sealed": sealed,
            "phone_digest": digest,
            "phone_masked": masked,
            "record": shown,
            "content_digest": self._renew_digest(exchange, digests),
        }


def _describe(members):
    """Return of a record ``(JSON without the phone number, keyed digests of it all)``:
    one under each key, the active first.

    Only members of annex A are shown: others might hold a phone number too. Of the
    digest the time of the synchronisation is no part.
    """
    shown = {name: members[name] for name in _SHOWN_MEMBERS if name in members}
    content = {name: value for name, value in members.items() if name != "collectTime"}
    digests = cipher.KeyRing.from_environment().blinds(
        json.dumps(content, sort_keys=True)
    )
    return json.dumps(shown, ensure_ascii=False), digests


def _text(value):
    """A value of the record as text; it may be anything JSON has, of any length."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:TEXT_LENGTH]
