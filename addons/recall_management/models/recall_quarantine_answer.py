# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

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
#: What every way of settling an entry writes. Whoever may know of it is told this too.
SETTLED = SQL(
    """closed_at = now() AT TIME ZONE 'UTC', write_date = now() AT TIME ZONE 'UTC',
       untold = offered IS TRUE OR told_at IS NOT NULL"""
)


class RecallQuarantine(models.Model):
    """Entries that are answered by themselves: their record has come corrected."""

    _inherit = "recall.quarantine"

    @api.model
    def _close_answered(self, enterprise):
        """Settle entries whose record has come corrected with this answer.

        A record of the same key answers an entry. One that shares two parts of the key
        answers it when the entry's findings blame the third: a repair number belongs to
        one vehicle, and a vehicle is repaired once under a recall. But one visit to a
        dealer can be for several recalls: another recall number answers only where the
        vehicle is in the scope of no other plan, and not while the entry's plan may
        just be late.

        An outdated version is answered by the version that stands, sent once more.

        Entries are looked up for the records, by index: a producer with a million of
        them is not slower than others.
        """
        if not self._has_pending(enterprise):
            return
        answers = SQL(" UNION ALL ").join(
            [
                self._repeats_sql(enterprise),
                *(self._answers_sql(enterprise, *item) for item in BLAMES.items()),
            ]
        )
        self.env.cr.execute(
            SQL(
                """WITH answered AS (
                       SELECT found.id, max(stored.id) AS completion_id
                         FROM (%(answers)s) found
                         JOIN recall_completion stored
                           ON stored.vin = found.vin
                          AND stored.recall_number = found.recall_number
                          AND stored.repair_number = found.repair_number
                          AND stored.state = 'confirmed'
                        GROUP BY found.id)
                   UPDATE recall_quarantine entry
                      SET state = 'answered', completion_id = answered.completion_id,
                          %(settled)s
                     FROM answered WHERE entry.id = answered.id""",
                answers=answers,
                settled=SETTLED,
            )
        )
        self.invalidate_model()

    def _has_pending(self, enterprise):
        self.env.cr.execute(
            SQL(
                """SELECT 1 FROM recall_quarantine
                    WHERE enterprise_id = %s AND state IN ('open', 'returned')
                    LIMIT 1""",
                enterprise.id,
            )
        )
        return bool(self.env.cr.fetchone())

    def _answers_sql(self, enterprise, part, codes):
        """Query of the pending entries that a record answers which may differ in
        ``part``: ``id`` and the key of the record.

        :param str part: column of the record's key
        :param codes: findings that blame this part
        """
        blamed = SQL(
            "(entry.%s IS NULL OR %s)", SQL.identifier(part), _has_finding(codes)
        )
        if part == "recall_number":
            only_plan = """SELECT count(*) FROM recall_vehicle
                            WHERE vin = answer.vin AND state != 'removed'"""
            blamed = SQL("%s AND (%s) = 1", blamed, SQL(only_plan))
        same = SQL(" AND ").join(
            SQL("entry.%(name)s = answer.%(name)s", name=SQL.identifier(name))
            for name in BLAMES
            if name != part
        )
        return SQL(
            """SELECT entry.id, answer.recall_number, answer.vin, answer.repair_number
                 FROM recall_report_checked answer
                 JOIN recall_quarantine entry
                   ON entry.enterprise_id = %(enterprise)s
                  AND entry.state IN ('open', 'returned') AND %(same)s
                WHERE answer.action IN ('new', 'corrected')
                  AND (entry.%(part)s = answer.%(part)s OR (%(blamed)s))""",
            enterprise=enterprise.id,
            same=same,
            part=SQL.identifier(part),
            blamed=blamed,
        )

    def _repeats_sql(self, enterprise):
        """Query of entries for outdated versions whose present version has come."""
        return SQL(
            """SELECT entry.id, answer.recall_number, answer.vin, answer.repair_number
                 FROM recall_report_checked answer
                 JOIN recall_quarantine entry
                   ON entry.enterprise_id = %s AND entry.state IN ('open', 'returned')
                  AND entry.vin = answer.vin
                  AND entry.recall_number = answer.recall_number
                  AND entry.repair_number = answer.repair_number
                WHERE answer.action = 'same' AND %s""",
            enterprise.id,
            _has_finding(("version_outdated",)),
        )


def _has_finding(codes):
    """Condition: one of these findings stands against ``entry``."""
    return SQL(
        """EXISTS (SELECT FROM recall_finding_recall_quarantine_rel rel
                     JOIN recall_finding finding ON finding.id = rel.recall_finding_id
                    WHERE rel.recall_quarantine_id = entry.id
                      AND finding.code IN %s)""",
        tuple(codes),
    )
