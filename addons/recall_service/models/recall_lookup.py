# SPDX-License-Identifier: LGPL-3.0-only
import re
import time
from datetime import date, datetime
from functools import partial
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL, ormcache

from odoo.addons.recall_base.tools.vin import is_vin, normalise_typed
from odoo.addons.recall_base.tools.vin_scan import find_vin

from .remembered_mixin import remember

#: Plans whose vehicles the public and the data users are told of.
PUBLIC_STATES = ("published", "running", "finished")
#: Milliseconds after which a statement is given up: clause 8.3.2 wants the answer
#: within 3 s, also when the database is slow or a table is locked.
STATEMENT_LIMIT = 2500
#: What a number from before GB 16735 may look like.
LEGACY_VIN = re.compile(r"[0-9A-Z-]{5,17}")
#: Characters of what is no VIN that are looked at.
LONGEST = 100


class Recall(NamedTuple):
    """One recall of one vehicle: all that may become public (clause 8.2)."""

    vin: str
    done: bool
    done_on: date | None
    # As in the statement of ``_remember_plan``.
    producer: str
    hotline: str | None
    brand: str
    series: str
    model: str
    recall_number: str
    announced: date | None
    recall_start: date
    defect: str
    consequence: str
    measure: str
    over_the_air: bool
    do_not_drive: bool
    park_outside: bool
    parts_state: str | None
    parts_from: date | None


class Coverage(NamedTuple):
    """What a look-up can know; ``taken_in`` is UTC, None when there are no data."""

    plan_count: int
    producer_count: int
    taken_in: datetime | None


class RecallLookup(models.AbstractModel):
    """Recalls of a vehicle by its VIN: the one source of the page and of sharing.

    It reads by statements with fixed columns instead of the ORM, so that the public
    needs no access to any model, and no personal data can come along.
    """

    _name = "recall.lookup"
    _description = "Recall look-up"

    @api.model
    def _read_typed(self, text):
        """Return the VIN in what was typed or scanned, else the text to be judged.

        :param text: whatever came; a code on a vehicle holds more than the VIN
        """
        found = find_vin(text, is_vin)
        plain = normalise_typed(text)
        # A number from before GB 16735 keeps its dashes.
        legacy = not is_vin(found) and LEGACY_VIN.fullmatch(plain)
        return (plain if legacy else found)[:LONGEST]

    @api.model
    def _find(self, vin):
        """Return the recalls of one vehicle: open ones first, then the newest.

        A vehicle that was not repaired counts as open, also where it was reported as
        exported, scrapped or stolen: whoever asks has it in front of them.

        :param str vin: a VIN of GB 16735
        :rtype: list[Recall]
        """
        # What was changed in this transaction is seen too.
        self.env.flush_all()
        return self._read_recalls(SQL("vehicle.vin = %s", vin), time.monotonic())

    @api.model
    def _find_legacy(self, text):
        """Return the recalls of a vehicle whose number does not meet GB 16735.

        Such a number is in the scope of a plan by an approved exception only, so what
        is found is no mistyped VIN (M-LEGACY).

        :param str text: what was typed, that is no VIN
        :rtype: list[Recall]
        """
        return self._find(text) if LEGACY_VIN.fullmatch(text) else []

    def _read_recalls(self, condition, started=None):
        """Read recalls in one round trip: open ones first, then the newest.

        :param SQL condition: on ``vehicle``
        :param started: moment (``time.monotonic``) from which the time limit runs;
            None for no limit
        :rtype: list[Recall]
        """
        # A failing statement must not be logged: it holds VINs.
        self.env.cr.execute(
            SQL("%s; %s", _limit(started), self._find_sql(condition)),
            log_exceptions=False,
        )
        recalls = [
            Recall(vin, state == "done", day if state == "done" else None, *told)
            for vin, state, day, plan_id, line_id in self.env.cr.fetchall()
            if state != "removed"
            and (told := self._remember_plan(plan_id, line_id, started))
        ]
        return sorted(recalls, key=_order) if len(recalls) > 1 else recalls

    def _find_sql(self, condition):
        """What vehicles have of their own, by the index on their VIN and plan.

        Whatever more it says is planned anew for each look-up, so the rest is Python.

        :param SQL condition: on ``vehicle``
        """
        return SQL(
            """SELECT vehicle.vin, vehicle.state, vehicle.state_date, vehicle.plan_id,
                      vehicle.line_id
                 FROM recall_vehicle vehicle
                WHERE %s""",
            condition,
        )

    def _remember_plan(self, plan_id, line_id, started):
        """What a plan says of all vehicles of a line."""
        read = partial(self._read_plan, plan_id, line_id, started)
        return remember(self._get_place((plan_id, line_id)), read)

    @ormcache("_key")
    def _get_place(self, _key):
        """A list to remember something in, until Odoo forgets what it remembers."""
        return []

    def _read_plan(self, plan_id, line_id, started):
        """Read what a plan says of a line; None unless the plan is public.

        PostgreSQL plans a statement anew for each look-up: to join the vehicle's plan,
        line and producer cost more than all else that it does (docs/performance).
        """
        self.env.cr.execute(
            SQL(
                """%s;
                   SELECT producer.name,
                          producer.hotline,
                          coalesce(line.brand, plan.brand),
                          coalesce(line.series, plan.series),
                          coalesce(line.model, plan.model),
                          plan.recall_number,
                          plan.announced,
                          plan.recall_start,
                          plan.defect,
                          plan.consequence,
                          plan.measure,
                          coalesce(plan.over_the_air, false),
                          coalesce(plan.do_not_drive, false),
                          coalesce(plan.park_outside, false),
                          plan.parts_state,
                          plan.parts_from
                     FROM recall_plan plan
                     JOIN recall_producer producer ON producer.id = plan.producer_id
                     LEFT JOIN recall_plan_line line ON line.id = %s
                    WHERE plan.id = %s AND plan.state IN %s""",
                _limit(started),
                line_id,
                plan_id,
                PUBLIC_STATES,
            )
        )
        return self.env.cr.fetchone()

    @api.model
    def _get_coverage(self):
        """Tell what is searched and how fresh it is.

        The time is that of the newest repair report (by primary key) or plan (by
        index), whichever is later: two probes, no scan of a big table.

        :rtype: Coverage
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """%s;
                   SELECT greatest(
                              (SELECT max(write_date) FROM recall_plan),
                              (SELECT coalesce(create_date, synced_at)
                                 FROM recall_completion ORDER BY id DESC LIMIT 1))""",
                _limit(time.monotonic()),
            )
        )
        [taken_in] = self.env.cr.fetchone()
        counts = remember(self._get_place("counts"), self._count_searched)
        return Coverage(*counts, taken_in)

    def _count_searched(self):
        """How many plans and producers a look-up searches: a scan of all plans."""
        self.env.cr.execute(
            SQL(
                """SELECT count(*), count(DISTINCT producer_id)
                     FROM recall_plan WHERE state IN %s""",
                PUBLIC_STATES,
            )
        )
        return self.env.cr.fetchone()

    @api.model
    def _limit_time(self):
        """Let no statement of this transaction take longer than a look-up may."""
        self.env.cr.execute(_limit(time.monotonic()))

    # === Sentences for people === #

    @api.model
    def _explain(self, report):
        """Say to a person why a text is not a VIN.

        :param report: ``tools.vin.VinReport``
        :returns: list of sentences in the language of the context
        """
        errors = [item for item in report.findings if item.severity == "error"]
        wrong = {}
        for finding in errors:
            if finding.code == "vin_character":
                char = report.text[finding.position - 1]
                wrong.setdefault(char, []).append(finding.position)
        return [
            *(self._explain_character(*item) for item in wrong.items()),
            *(
                self._explain_finding(item, report.text)
                for item in errors
                if item.code != "vin_character"
            ),
        ]

    def _explain_finding(self, finding, text):
        if finding.code == "vin_length" and len(text) >= LONGEST:
            return self.env._("A VIN has 17 characters; this is much longer.")
        if finding.code == "vin_length":
            return self.env._(
                "A VIN has 17 characters; this one has %(number)s.", number=len(text)
            )
        char = text[finding.position - 1]
        if finding.code == "vin_year_code":
            return self.env._(
                "Position 10: %(char)s stands for no model year.", char=char
            )
        if finding.code != "vin_check_digit":
            return finding.message
        return self.env._(
            "Position 9: %(char)s is a check digit, and the other characters do not "
            "agree with it. One of the 17 was misread.",
            char=char,
        )

    def _explain_character(self, char, positions):
        where = ", ".join(map(str, positions))
        if char in "IOQ":
            return self.env._(
                "Position %(positions)s: the letter %(char)s is in no VIN. Is it the "
                "digit %(digit)s?",
                positions=where,
                char=char,
                digit="1" if char == "I" else "0",
            )
        if char.isspace() or not char.isprintable():
            return self.env._(
                "Position %(positions)s: a blank or something that cannot be seen.",
                positions=where,
            )
        return self.env._(
            "Position %(positions)s: %(char)s is in no VIN, which has only the digits "
            "0 to 9 and the letters A to Z without I, O and Q.",
            positions=where,
            char=char,
        )


def _limit(started):
    """Limit the statements that follow to what a look-up begun then has left."""
    left = 0
    if started is not None:
        left = max(100, int(STATEMENT_LIMIT - 1000 * (time.monotonic() - started)))
    return SQL("SET LOCAL statement_timeout = %s", left)


def _order(recall):
    """Open recalls first, then the newest; in the same order whenever it is asked."""
    return recall.done, -recall.recall_start.toordinal(), recall.recall_number
