# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools.messages import MAX_INTEGER, MAX_REFUSALS

#: Bytes of the member; the request as a whole must stay under MAX_SYNC_REQUEST.
TOLD_BYTES = 96 * 1024
#: Characters of a sentence; a member of the key as long as it can be in a right one.
SENTENCE_LENGTH = 500
MEMBER_LENGTH = 64


class RecallQuarantine(models.Model):
    """Telling the producer which records were refused, and what became of them.

    An entry is told in the optional member ``api_refused`` of sync requests, until one
    of these was answered with success; when it is decided on, it is told anew. A
    request that was not answered may have arrived all the same: that it was **offered**
    is noted before it goes out.
    """

    _inherit = "recall.quarantine"

    untold = fields.Boolean(
        string="To be told",
        readonly=True,
        help="Goes to the producer's terminal with the next request.",
    )
    told_at = fields.Datetime(
        string="Producer told at",
        readonly=True,
        help="When the producer's terminal has answered a request that told of it.",
    )

    offered = fields.Boolean(
        string="Sent to the producer",
        readonly=True,
        help="A request told of it: the producer's terminal may know of it, even where "
        "no answer came.",
    )

    _untold_idx = models.Index("(enterprise_id, id) WHERE untold")

    @api.model
    def _prepare_refusals(self, enterprise):
        """Prepare ``api_refused``: the oldest of what the producer was not told of.

        The entries are noted as offered: commit before the request goes out.

        :returns: list of ``tools.messages.Refusal`` as dicts, bounded in number and
            bytes; no phone numbers
        """
        entries = self._lock_untold(enterprise)
        refusals, size = [], 0
        for entry in entries._for_contact(enterprise):
            refusal = entry._prepare_refusal()
            size += len(json.dumps(refusal)) + 2
            if size > TOLD_BYTES:
                break
            refusals.append(refusal)
        entries[: len(refusals)]._note_offered()
        return refusals

    @api.model
    def _lock_untold(self, enterprise):
        """The oldest entries to be told, but those on which somebody decides right now:
        no request waits for that.
        """
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """SELECT id FROM recall_quarantine
                    WHERE enterprise_id = %s AND untold
                    ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED""",
                enterprise.id,
                MAX_REFUSALS,
            ),
            log_exceptions=False,
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _for_contact(self, enterprise):
        """These entries in the language of the producer's technical contact."""
        _addresses, lang = enterprise._get_technical_contact()
        return self.with_context(lang=lang)

    def _note_offered(self):
        self.env.cr.execute(
            SQL(
                """UPDATE recall_quarantine SET offered = TRUE
                    WHERE id = ANY(%s) AND offered IS NOT TRUE""",
                self.ids,
            )
        )
        self.invalidate_recordset(["offered"], flush=False)

    def _prepare_refusal(self):
        self.ensure_one()
        version = self.record.get("recordVersion") if self.record else None
        refusal = {
            "refusalId": self.id,
            "status": self.state,
            "recallNum": (self.recall_number or "")[:MEMBER_LENGTH],
            "vehicleVin": (self.vin or "")[:MEMBER_LENGTH],
            "repairNum": (self.repair_number or "")[:MEMBER_LENGTH],
            "recordVersion": _is_count(version) and version,
            "codes": sorted(self.finding_ids.mapped("code")),
            "message": self._explain_refusal()[:SENTENCE_LENGTH],
        }
        return {name: value for name, value in refusal.items() if value}

    def _explain_refusal(self):
        """The officer's words, or what is wrong with the format; the rest is in the
        codes, which each terminal explains in the language of its reader."""
        if self.state == "answered" and self.reason_id.purpose == "recheck":
            return self.reason_id.name
        if self.state in ("open", "answered"):
            return self.note or ""
        return ": ".join(filter(None, (self.reason_id.name, self.decision_note)))

    @api.model
    def _note_told(self, enterprise, refusals):
        """Note that the producer's terminal knows what was told.

        An entry of which something else is to be told by now is told again.

        :param refusals: the member ``api_refused`` of the request
        """
        if not refusals:
            return
        told = {refusal["refusalId"]: refusal for refusal in refusals}
        entries = self.search(
            [("enterprise_id", "=", enterprise.id), ("id", "in", list(told))]
        )
        known = entries._for_contact(enterprise).filtered(
            lambda entry: entry._prepare_refusal() == told[entry.id]
        )
        self.env.cr.execute(
            SQL(
                """UPDATE recall_quarantine
                      SET untold = FALSE, told_at = now() AT TIME ZONE 'UTC'
                    WHERE id = ANY(%s)""",
                known.ids,
            )
        )
        self.invalidate_model(["untold", "told_at"])


def _is_count(value):
    return type(value) is int and 1 <= value <= MAX_INTEGER
