# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

_LINKS = "recall_completion_recall_finding_rel"
#: Taken in with findings, of which all are warnings unless an officer overruled errors.
_WARNED = SQL("action IN ('new', 'corrected') AND codes != '{}'")


class RecallIntake(models.AbstractModel):
    """Keeping what was found in records that were taken in all the same.

    The link table has rows only for records with findings; an answer without any costs
    two looks at the checked records, which are in memory.
    """

    _inherit = "recall.intake"

    def _create_exchange(self, enterprise, fetched, parsed, counts, withdrawn):
        exchange = super()._create_exchange(
            enterprise, fetched, parsed, counts, withdrawn
        )
        warned = self.env.execute_query(
            SQL("SELECT count(*) FROM recall_report_checked WHERE %s", _WARNED)
        )[0][0]
        if warned:
            self.env.cr.execute(
                SQL(
                    "UPDATE recall_exchange SET warned_count = %s WHERE id = %s",
                    warned,
                    exchange.id,
                )
            )
            exchange.invalidate_recordset(["warned_count"], flush=False)
        return exchange

    @api.model
    def _apply_corrections(self, exchange):
        super()._apply_corrections(exchange)
        self._link_warnings()

    def _link_warnings(self):
        """Write the findings of the records that were stored; those of the version
        before go."""
        [[warned, corrected]] = self.env.execute_query(
            SQL(
                """SELECT bool_or(%s), bool_or(action = 'corrected')
                     FROM recall_report_checked""",
                _WARNED,
            )
        )
        if corrected:
            self.env.cr.execute(
                SQL(
                    """DELETE FROM %s link USING recall_report_checked row
                        WHERE row.action = 'corrected'
                          AND link.recall_completion_id = row.replaces_id""",
                    SQL.identifier(_LINKS),
                )
            )
        if warned:
            self.env["recall.completion.check"]._link_findings(
                _LINKS,
                "recall_completion_id",
                SQL(
                    # OFFSET 0: one probe of the index for each, whatever was estimated.
                    """SELECT row.idx, stored.id
                         FROM (SELECT * FROM recall_report_checked WHERE %s) row,
                      LATERAL (SELECT id FROM recall_completion
                                WHERE vin = row.vin
                                  AND recall_number = row.recall_number
                                  AND repair_number = row.repair_number
                                  AND state = 'confirmed' OFFSET 0) stored""",
                    _WARNED,
                ),
            )
        if corrected or warned:
            self.env["recall.completion"].invalidate_model(["finding_ids"], flush=False)
