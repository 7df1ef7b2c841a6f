# SPDX-License-Identifier: LGPL-3.0-only
import functools
from collections import defaultdict
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..tools import cipher, deadline, vin

#: More vehicles of one batch than this under one phone number are worth a question.
PHONE_LIMIT = 5

#: Columns a staged report has: ``found`` holds the codes that need no database,
#: ``replaces_id`` the stored report whose place it takes.
STAGED_COLUMNS = {
    "idx": "int",
    "producer_id": "int",
    "recall_number": "varchar",
    "vin": "varchar",
    "repair_date": "date",
    "repair_number": "varchar",
    "dealer_name": "varchar",
    "phone_sealed": "varchar",
    "phone_digest": "varchar",
    "phone_masked": "varchar",
    "part_numbers": "varchar",
    "reported_measure": "varchar",
    "found": "varchar",
    "replaces_id": "int",
}


class Report(NamedTuple):
    """What a repair report says, wherever it came from (annex A names in brackets)."""

    recall_number: str  # recallNum
    vin: str  # vehicleVin
    repair_date: str  # recallTime, CCYY-MM-DD
    repair_number: str  # repairNum
    dealer_name: str  # dealerName
    phone: str  # telNum
    part_numbers: str | None = None  # separated by commas
    measure: str | None = None  # repairMethod
    replaces_id: int | None = None

    @classmethod
    def from_message(cls, record, **others):
        """What a record of a message says, with ``others`` of the fields here."""
        return cls(
            record.recallNum,
            record.vehicleVin,
            record.recallTime,
            record.repairNum,
            record.dealerName,
            record.telNum,
            **others,
        )

    @property
    def natural_key(self):
        return self.recall_number, self.vin, self.repair_number


#: The dealer that was reported by its number (7.2: “name or number”). It is looked up
#: where no name matches; a number that two of them have names none.
DEALER_BY_NUMBER = SQL(
    """SELECT min(numbered.id) FROM recall_dealer numbered
        WHERE numbered.producer_id = row.producer_id
          AND numbered.code = row.dealer_name AND numbered.active
       HAVING count(*) = 1"""
)
#: Which stored report a staged one replaces: the one that it names.
REPLACED = SQL("other.id = row.replaces_id")
#: Codes of the findings that refuse a report.
ERROR_CODES = SQL("SELECT code FROM recall_finding WHERE severity = 'error'")


class Policy(NamedTuple):
    """What a producer has settled about its checks; the regulator's is the default."""

    switched_off: frozenset[str] = frozenset()  # codes of findings
    burst_limit: int = 0  # reports of a dealer for one day; 0: not counted
    heeds_reviewers: bool = False  # what one of them rejected stays so


DEFAULT_POLICY = Policy()


class Batch(NamedTuple):
    """What the rules that need no database know beside the report."""

    today: str  # CCYY-MM-DD, where the producer is
    shared_phones: frozenset[str]


class RecallCompletionCheck(models.AbstractModel):
    """The checks of repair reports, for both terminals (clauses 5.2.1.2 and 7.2).

    Reports are staged in bulk; each rule is a code of ``recall.finding`` and an SQL
    condition under which a staged row is at fault. One statement applies them all. The
    rules themselves are in ``recall_completion_check_rules``.
    """

    _name = "recall.completion.check"
    _description = "Checks of repair reports"

    @api.model
    def _stage(self, producer_id, reports, extra_columns=None, extra_rows=None):
        """Stage reports with what can be judged without the database.

        :param reports: list of ``Report``
        :param dict extra_columns: further columns of the staging table
        :param extra_rows: for each report a tuple of their values
        :returns: name of the staging table as ``SQL``
        """
        prepare = self._preparer(producer_id)
        rows = prepare(reports, self._judge_vins(producer_id, reports), extra_rows)
        return self.env["recall.staging"]._load(
            "recall_report_staging", {**STAGED_COLUMNS, **(extra_columns or {})}, rows
        )

    @api.model
    def _preparer(self, producer_id):
        """Make the function that judges reports without the database and seals.

        It may run in a thread: from reports, for each whether the form of its VIN is
        right, and for each a tuple of further values or None, it gives rows to stage.
        """
        today = self._today(producer_id)
        find_in_text = self._find_in_text
        prepare_phone = functools.partial(
            self.env["recall.completion"]._prepare_phone,
            keys=cipher.KeyRing.from_environment(),
        )

        def prepare(reports, vins_good, extra_rows=None):
            batch = Batch(today, _find_shared_phones(reports))
            # Neighbours in an index are looked up, and entered, one after the other.
            order = sorted(enumerate(reports), key=lambda item: item[1].vin)
            return (
                (
                    index,
                    producer_id,
                    *report[:5],
                    *prepare_phone(report.phone, *report[:2], report[3]),
                    report.part_numbers,
                    report.measure,
                    ",".join(find_in_text(report, vins_good[index], batch)),
                    report.replaces_id,
                    *(extra_rows[index] if extra_rows else ()),
                )
                for index, report in order
            )

        return prepare

    def _today(self, producer_id):
        """The day it is where the producer is, as CCYY-MM-DD."""
        producer = self.env["recall.producer"].browse(producer_id)
        return deadline.today(producer.timezone).isoformat()

    def _judge_vins(self, producer_id, reports):
        """For each report whether there is nothing to say about the form of its VIN."""
        return judge_vins(
            reports,
            functools.partial(
                self.env["recall.vin.exception"]._find_approved, producer_id
            ),
        )

    @api.model
    def _check(self, staged, policy=DEFAULT_POLICY):
        """Match staged reports with plan, vehicle, line and dealer and apply all rules.

        The result is the temporary table ``recall_report_checked``: the staged columns,
        ``plan_id``, ``vehicle_id``, ``dealer_id``, ``codes`` (array of all findings)
        and ``refused`` (whether one of them is an error).

        :param SQL staged: table made by ``_stage``
        :param Policy policy: what the producer has settled
        """
        self._find_standing(staged)
        self._judge(staged, policy)

    @api.model
    def _find_standing(self, staged, replaced=REPLACED):
        """Find what stands already for the vehicles of staged reports.

        One look-up for each report, however many ask: it costs as much as all the rules
        together. The result is the temporary table ``recall_report_standing``: ``idx``
        of the staged report, ``id`` and ``state`` of the stored one, whether it is the
        same producer's (``own``), has the same repair number (``same_repair``) and is
        ``replaced``.

        :param SQL staged: table made by ``_stage``
        :param SQL replaced: whether ``row`` takes the place of ``other``
        """
        self.env["recall.completion"].flush_model()
        self.env.cr.execute("DROP TABLE IF EXISTS pg_temp.recall_report_standing")
        self.env.cr.execute(
            SQL(
                """CREATE TEMPORARY TABLE recall_report_standing ON COMMIT DROP AS
                   SELECT row.idx, other.id, other.state,
                          other.producer_id = row.producer_id AS own,
                          other.repair_number = row.repair_number AS same_repair,
                          (%s) IS TRUE AS replaced
                     FROM %s row
                     JOIN recall_completion other ON other.vin = row.vin
                          AND other.recall_number = row.recall_number
                    WHERE other.state != 'rejected'""",
                replaced,
                staged,
            )
        )

    def _judge(self, staged, policy=DEFAULT_POLICY):
        """Apply all rules, once it is known what stands."""
        self._apply_rules(staged, policy)
        self._check_batch(policy)
        self._check_within_batch()

    def _apply_rules(self, staged, policy):
        """Apply, in one statement, the rules that look at one report at a time."""
        self.env["recall.completion"].flush_model()
        self.env["recall.finding"].flush_model()
        codes = SQL(", ").join(
            SQL("CASE WHEN %s THEN %s END", condition, code)
            for code, condition in self._rules().items()
            if code not in policy.switched_off
        )
        cr = self.env.cr
        cr.execute("DROP TABLE IF EXISTS pg_temp.recall_report_checked")
        cr.execute(
            SQL(
                """CREATE TEMPORARY TABLE recall_report_checked ON COMMIT DROP AS
                   SELECT *, coalesce(codes && ARRAY(%(errors)s), FALSE) AS refused
                     FROM (
                   SELECT row.*, plan.id AS plan_id, vehicle.id AS vehicle_id,
                          coalesce(dealer.id, (%(numbered)s)) AS dealer_id,
                          %(found)s
                          || array_remove(ARRAY[%(codes)s]::varchar[], NULL) AS codes
                     FROM %(staged)s row
                     LEFT JOIN recall_plan plan
                            ON plan.recall_number = row.recall_number
                     -- OFFSET 0: else all plans' vehicles of a VIN would be read.
                     LEFT JOIN LATERAL (
                          SELECT * FROM recall_vehicle
                           WHERE vin = row.vin AND plan_id = plan.id
                             AND state != 'removed' OFFSET 0
                          ) vehicle ON TRUE
                     -- OFFSET 0: else all lines would be read for each vehicle.
                     LEFT JOIN LATERAL (
                          SELECT * FROM recall_plan_line
                           WHERE id = vehicle.line_id OFFSET 0
                          ) line ON TRUE
                     -- OFFSET 0: else the dealers of all producers would be read.
                     LEFT JOIN LATERAL (
                          SELECT * FROM recall_dealer
                           WHERE producer_id = row.producer_id
                             AND name = row.dealer_name AND active OFFSET 0
                          ) dealer ON TRUE
                   OFFSET 0) matched  -- or each rule would be applied twice""",
                errors=ERROR_CODES,
                found=_found_codes(policy),
                numbered=DEALER_BY_NUMBER,
                codes=codes,
                staged=staged,
            )
        )

    def _check_batch(self, policy):
        """Apply rules that look at many reports at once, by ``_add_finding``."""

    def _add_finding(self, code, at_fault):
        """Give a finding to checked reports.

        :param SQL at_fault: a query of their ``idx``
        """
        self.env.cr.execute(
            SQL(
                """UPDATE recall_report_checked
                      SET codes = codes || %(code)s::varchar,
                          refused = refused OR %(code)s IN (%(errors)s)
                    WHERE idx IN (%(at_fault)s)""",
                code=code,
                errors=ERROR_CODES,
                at_fault=at_fault,
            )
        )

    def _check_within_batch(self):
        """Refuse reports against which a good one stands earlier in the same batch.

        Those that repeat something are looked at one by one: a report that is refused
        stands against none after it.
        """
        cr = self.env.cr
        cr.execute(
            """SELECT idx, refused, recall_number, vin, repair_number
                 FROM recall_report_checked
                WHERE repair_number IN (SELECT repair_number FROM recall_report_checked
                                         GROUP BY 1 HAVING min(vin) != max(vin))
                   OR (recall_number, vin) IN (SELECT recall_number, vin
                                                 FROM recall_report_checked
                                                GROUP BY 1, 2 HAVING count(*) > 1)
                ORDER BY idx"""
        )
        vin_of, number_of, repeats = {}, {}, []
        for idx, refused, recall, vin_text, number in cr.fetchall():
            vehicle, codes = (recall, vin_text), []
            if vin_of.get(number, vin_text) != vin_text:
                codes.append("repair_number_repeated")
            if number_of.get(vehicle, number) != number or (
                vehicle in number_of and not refused
            ):
                codes.append("vehicle_repeated")
            repeats += [(idx, code) for code in codes]
            if not codes and not refused:
                vin_of[number], number_of[vehicle] = vin_text, number
        if repeats:
            cr.execute_values(
                """UPDATE recall_report_checked row
                      SET refused = TRUE, codes = row.codes || v.codes
                     FROM (SELECT idx, array_agg(code::varchar) AS codes
                             FROM (VALUES %s) AS found(idx, code) GROUP BY 1) v
                    WHERE v.idx = row.idx""",
                repeats,
                page_size=len(repeats),
            )

    @api.model
    def _link_findings(self, table, record_column, record_ids):
        """Write the findings of checked reports to a many2many table.

        :param str table: relation table
        :param str record_column: its column of the record
        :param SQL record_ids: a query of ``(idx, record id)``
        """
        self.env.cr.execute(
            SQL(
                """INSERT INTO %(table)s (%(column)s, recall_finding_id)
                   SELECT record.id, finding.id
                     FROM (%(record_ids)s) AS record(idx, id)
                     JOIN recall_report_checked checked ON checked.idx = record.idx
                     JOIN recall_finding finding ON finding.code = ANY(checked.codes)
                   ON CONFLICT DO NOTHING""",
                table=SQL.identifier(table),
                column=SQL.identifier(record_column),
                record_ids=record_ids,
            )
        )


def judge_vins(reports, find_excepted):
    """For each report whether there is nothing to say about the form of its VIN.

    :param find_excepted: function that gives, of a set of odd VINs, those excepted
    """
    verdicts = [
        good and report.vin[-4:].isdecimal()
        for report, good in zip(
            reports, vin.check_many(report.vin for report in reports), strict=True
        )
    ]
    odd = {
        report.vin for report, good in zip(reports, verdicts, strict=True) if not good
    }
    if not odd:
        return verdicts
    excepted = find_excepted(odd)
    return [
        good or report.vin in excepted
        for report, good in zip(reports, verdicts, strict=True)
    ]


def _find_shared_phones(reports):
    """The phone numbers that more than ``PHONE_LIMIT`` vehicles of a batch share."""
    vins_of = defaultdict(set)
    for report in reports:
        vins_of[report.phone].add(report.vin)
    return frozenset(
        phone for phone, vins in vins_of.items() if len(vins) > PHONE_LIMIT
    )


def _found_codes(policy):
    """The codes found before staging, as SQL, without those that are switched off."""
    codes = SQL(
        "coalesce(string_to_array(nullif(row.found, ''), ','), '{}')::varchar[]"
    )
    if not policy.switched_off:
        return codes
    return SQL(
        "ARRAY(SELECT code FROM unnest(%s) AS code WHERE code != ALL(%s))",
        codes,
        sorted(policy.switched_off),
    )
