# SPDX-License-Identifier: LGPL-3.0-only
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: What the regulator says of a case that the producer has to do something about.
TO_DO = ("open", "returned")

_NOTE = """
    INSERT INTO recall_refusal (
           producer_id, reference, status, state, recall_number, vin, repair_number,
           record_version, codes, message, completion_id, received_at, told_at)
    SELECT %(producer)s, told."refusalId", told.status,
           CASE WHEN told.status NOT IN %(to_do)s THEN 'settled'
                WHEN report.version > coalesce(told."recordVersion", 1)
                     AND report.delivery_id IS NOT NULL THEN 'answered'
                ELSE 'open' END,
           told."recallNum", told."vehicleVin", told."repairNum",
           coalesce(told."recordVersion", 1),
           array_to_string(ARRAY(SELECT jsonb_array_elements_text(told.codes)), ', '),
           told.message, report.id, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM jsonb_to_recordset(%(refusals)s::jsonb) AS told (
           "refusalId" int, status varchar, "recallNum" varchar, "vehicleVin" varchar,
           "repairNum" varchar, "recordVersion" int, codes jsonb, message varchar)
      LEFT JOIN recall_completion report
             ON report.vin = told."vehicleVin"
            AND report.recall_number = told."recallNum"
            AND report.repair_number = told."repairNum"
            AND report.producer_id = %(producer)s
            AND report.state NOT IN ('draft', 'rejected')
     ORDER BY told."refusalId"
    ON CONFLICT (producer_id, reference) DO UPDATE
       SET status = excluded.status, state = excluded.state, codes = excluded.codes,
           message = excluded.message, told_at = excluded.told_at,
           recall_number = excluded.recall_number, vin = excluded.vin,
           repair_number = excluded.repair_number,
           record_version = excluded.record_version,
           completion_id = coalesce(excluded.completion_id,
                                    recall_refusal.completion_id)
     WHERE (recall_refusal.status, recall_refusal.codes, recall_refusal.message,
            recall_refusal.vin, recall_refusal.repair_number,
            recall_refusal.recall_number, recall_refusal.record_version)
           IS DISTINCT FROM (excluded.status, excluded.codes, excluded.message,
            excluded.vin, excluded.repair_number,
            excluded.recall_number, excluded.record_version)
    RETURNING id
"""


class RecallRefusal(models.Model):
    """A record that the regulator did not take in, as its request told (E-SYNC).

    The member ``api_refused`` of sync requests brings it. It is **open** until a newer
    version of the report, or its withdrawal, is on its way (**answered**), or until the
    regulator says that nothing needs doing (**settled**). Never deleted.
    """

    _name = "recall.refusal"
    _description = "Record refused by the regulator"
    _order = "id desc"
    _rec_name = "repair_number"
    _rec_names_search = ["vin", "repair_number", "recall_number"]
    _log_access = False

    producer_id = fields.Many2one(
        "recall.producer", required=True, readonly=True, ondelete="restrict"
    )
    reference = fields.Integer(
        string="Regulator's case number",
        required=True,
        readonly=True,
        aggregator=None,
    )
    status = fields.Selection(
        [
            ("open", "Refused"),
            ("returned", "Returned by an officer"),
            ("released", "Released: it counts"),
            ("closed", "Closed: nothing to do"),
            ("answered", "Correction received"),
        ],
        string="The regulator says",
        required=True,
        readonly=True,
    )
    state = fields.Selection(
        [("open", "To correct"), ("answered", "Answered"), ("settled", "Settled")],
        required=True,
        readonly=True,
        index=True,
    )
    recall_number = fields.Char(string="Recall number", readonly=True)
    vin = fields.Char(string="VIN", readonly=True, index="btree_not_null")
    repair_number = fields.Char(string="Repair record number", readonly=True)
    record_version = fields.Integer(
        string="Refused version", readonly=True, aggregator=None
    )
    codes = fields.Char(readonly=True, help="Findings, as the regulator's codes.")
    message = fields.Char(string="The regulator's words", readonly=True)
    finding_ids = fields.Many2many("recall.finding", string="Reasons", readonly=True)
    completion_id = fields.Many2one(
        "recall.completion",
        string="Repair report",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    received_at = fields.Datetime(string="Since", readonly=True)
    told_at = fields.Datetime(string="Told last", readonly=True)
    answered_at = fields.Datetime(string="Answered at", readonly=True)

    _reference_uniq = models.UniqueIndex(
        "(producer_id, reference)", "This case is known already."
    )
    _open_report_idx = models.Index("(completion_id) WHERE state = 'open'")

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What the regulator refused is kept."))

    @api.model
    def _note(self, producer, refusals):
        """Keep what the regulator told; what is known and unchanged stays as it is.

        :param producer: ``recall.producer`` whose token the request had
        :param refusals: list of ``tools.messages.Refusal``, bounded by the message
        """
        told = {item.refusalId: item.model_dump() for item in refusals or ()}
        if not told:
            return
        # Another request may tell the same: the later one is tried again.
        self.env.cr.execute(
            SQL(
                _NOTE,
                producer=producer.id,
                to_do=TO_DO,
                refusals=json.dumps([*told.values()]),
            ),
            log_exceptions=False,
        )
        changed = self.browse(row[0] for row in self.env.cr.fetchall())
        if not changed:
            return
        changed._link_findings()
        self.invalidate_model()
        self.env["recall.audit.event"]._record(
            "refusal.receive", producer, count=len(changed)
        )

    def _link_findings(self):
        self.env.cr.execute(
            SQL(
                """WITH gone AS (
                       DELETE FROM recall_finding_recall_refusal_rel rel
                        USING recall_refusal refusal, recall_finding finding
                        WHERE rel.recall_refusal_id = refusal.id
                          AND finding.id = rel.recall_finding_id
                          AND refusal.id = ANY(%(ids)s)
                          AND finding.code != ALL(
                              string_to_array(refusal.codes, ', ')))
                   INSERT INTO recall_finding_recall_refusal_rel (
                          recall_refusal_id, recall_finding_id)
                   SELECT refusal.id, finding.id
                     FROM recall_refusal refusal
                     JOIN recall_finding finding
                       ON finding.code = ANY(string_to_array(refusal.codes, ', '))
                    WHERE refusal.id = ANY(%(ids)s)
                   ON CONFLICT DO NOTHING""",
                ids=self.ids,
            )
        )

    @api.model
    def _answer(self, report_ids):
        """Note that newer versions of these reports are on their way.

        :param report_ids: ids of the reports of a delivery
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_refusal refusal
                      SET state = 'answered', answered_at = now() AT TIME ZONE 'UTC'
                     FROM recall_completion report
                    WHERE refusal.completion_id = report.id
                      AND refusal.state = 'open' AND report.id = ANY(%s)
                      AND report.version > refusal.record_version""",
                report_ids,
            )
        )
        self.invalidate_model(["state", "answered_at"])

    def action_open_report(self):
        """Open the report that was refused."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "recall.completion",
            "res_id": self.completion_id.id,
            "views": [(False, "form")],
        }
