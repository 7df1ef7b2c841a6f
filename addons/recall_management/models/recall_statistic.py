# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools.vin import FIRST_YEAR, YEAR_CODES

#: Reports that count: confirmed ones of a known plan.
_COUNTED = "state = 'confirmed' AND plan_id IS NOT NULL"
_COLUMNS = "plan_id, dealer_id, producer_id, repair_date, vin, synced_at"

# Position 10 of the VIN names the model year, every 30 years the same; of the years it
# can stand for it is the latest that was on sale at the repair (at most a year ahead).
_AGE = f"""CASE WHEN length(vin) = 17
                 AND strpos('{YEAR_CODES}', substr(vin, 10, 1)) > 0 THEN
     greatest((year - {FIRST_YEAR - 2} + 3000
               - strpos('{YEAR_CODES}', substr(vin, 10, 1))) % 30 - 1, 0) END"""

# Adds weighted reports to the four tables. What the clock has to say is asked once a
# day of repair: ``passed`` is the first moment of UTC at which a report is late, also
# where the clocks skip midnight or show it twice.
_ADD = f"""
WITH change AS ({{changes}}),
     clock AS MATERIALIZED (
         SELECT producer.id AS producer, repair_date AS day, month,
                extract(year FROM repair_date)::int AS year,
                passed - CASE WHEN ((passed - interval '1 hour') AT TIME ZONE 'UTC'
                                    AT TIME ZONE timezone)::date > repair_date + 1
                              THEN interval '1 hour' ELSE '0' END AS passed
           FROM (SELECT DISTINCT producer_id, repair_date FROM change) day
           JOIN recall_producer producer ON producer.id = day.producer_id,
                LATERAL (SELECT date_trunc('month', repair_date::timestamp)::date,
                                (repair_date + 2)::timestamp AT TIME ZONE timezone
                                AT TIME ZONE 'UTC') moment(month, passed)),
     cell AS MATERIALIZED (
         SELECT plan_id, dealer_id, day, month, {_AGE} AS age,
                sum(weight)::int AS repairs,
                sum(CASE WHEN synced_at >= passed THEN weight ELSE 0 END)::int AS late
           FROM change JOIN clock ON producer = producer_id AND day = repair_date
          GROUP BY 1, 2, 3, 4, 5),
     days AS (
         INSERT INTO recall_statistic_day AS known (plan_id, day, repairs, late)
         SELECT plan_id, day, sum(repairs), sum(late) FROM cell
          GROUP BY 1, 2 HAVING sum(repairs) != 0 OR sum(late) != 0 ORDER BY 1, 2
         ON CONFLICT (plan_id, day) DO UPDATE
            SET repairs = known.repairs + excluded.repairs,
                late = known.late + excluded.late),
     dealers AS (
         INSERT INTO recall_statistic_dealer AS known
                     (plan_id, dealer_id, repairs, late)
         SELECT plan_id, dealer_id, sum(repairs), sum(late) FROM cell
          GROUP BY 1, 2 HAVING sum(repairs) != 0 OR sum(late) != 0 ORDER BY 1, 2
         ON CONFLICT (plan_id, coalesce(dealer_id, 0)) DO UPDATE
            SET repairs = known.repairs + excluded.repairs,
                late = known.late + excluded.late),
     ages AS (
         INSERT INTO recall_statistic_age AS known (plan_id, age, repairs)
         SELECT plan_id, age, sum(repairs) FROM cell
          GROUP BY 1, 2 HAVING sum(repairs) != 0 ORDER BY 1, 2
         ON CONFLICT (plan_id, coalesce(age, -1)) DO UPDATE
            SET repairs = known.repairs + excluded.repairs)
INSERT INTO recall_statistic_month AS known
            (plan_id, month, dealer_id, repairs, late)
SELECT plan_id, month, dealer_id, sum(repairs), sum(late) FROM cell
 GROUP BY 1, 2, 3 HAVING sum(repairs) != 0 OR sum(late) != 0 ORDER BY 1, 2, 3
ON CONFLICT (plan_id, month, coalesce(dealer_id, 0)) DO UPDATE
   SET repairs = known.repairs + excluded.repairs, late = known.late + excluded.late
"""  # noqa: S608  constants of ours

_TABLES = tuple(
    f"recall_statistic_{name}" for name in ("day", "age", "dealer", "month")
)

# What a statement on the reports brings in, and takes out.
_BROUGHT = f"SELECT {_COLUMNS}, 1 AS weight FROM {{}} WHERE {_COUNTED}"  # noqa: S608
_TAKEN = f"SELECT {_COLUMNS}, -1 AS weight FROM {{}} WHERE {_COUNTED}"  # noqa: S608
_OPERATIONS = {
    "insert": (_BROUGHT.format("new_rows"), "NEW TABLE AS new_rows"),
    "delete": (_TAKEN.format("old_rows"), "OLD TABLE AS old_rows"),
    "update": (
        f"{_TAKEN.format('old_rows')} UNION ALL {_BROUGHT.format('new_rows')}",
        "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    ),
}

_TRIGGER = """
CREATE OR REPLACE FUNCTION recall_statistic_{operation}() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    {add};
    RETURN NULL;
EXCEPTION WHEN undefined_table OR undefined_column THEN
    RETURN NULL;  -- the add-on of the statistics is gone
END $$;
CREATE OR REPLACE TRIGGER recall_statistic_{operation}
AFTER {operation} ON recall_completion REFERENCING {transition}
FOR EACH STATEMENT EXECUTE FUNCTION recall_statistic_{operation}();
"""

# Another time zone makes other reports late.
_ZONE_TRIGGER = """
CREATE OR REPLACE FUNCTION recall_statistic_zone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM recall_statistic_recount(
        ARRAY(SELECT id FROM recall_plan WHERE producer_id = NEW.id));
    RETURN NULL;
EXCEPTION WHEN undefined_table OR undefined_column THEN
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER recall_statistic_zone
AFTER UPDATE OF timezone ON recall_producer
FOR EACH ROW WHEN (OLD.timezone IS DISTINCT FROM NEW.timezone)
EXECUTE FUNCTION recall_statistic_zone();
"""

_RECOUNT = """
CREATE OR REPLACE FUNCTION recall_statistic_recount(plans int[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    {delete};
    {add};
END $$;
"""

_STATEMENTS = (
    *(
        _TRIGGER.format(
            operation=operation,
            transition=transition,
            add=_ADD.format(changes=changes),
        )
        for operation, (changes, transition) in _OPERATIONS.items()
    ),
    _RECOUNT.format(
        delete="; ".join(
            f"DELETE FROM {table} WHERE plan_id = ANY(plans)"  # noqa: S608
            for table in _TABLES
        ),
        add=_ADD.format(
            changes=f"{_BROUGHT.format('recall_completion')} AND plan_id = ANY(plans)"
        ),
    ),
    _ZONE_TRIGGER,
)


class RecallStatistic(models.AbstractModel):
    """M-STAT: confirmed reports counted by the statements that change them.

    Triggers on ``recall_completion`` add what each statement brings in and take off
    what it takes out, in its transaction: whoever writes (taking in, correction,
    withdrawal, import, SQL), the counts follow, and no screen counts reports. A report
    counts by what it says itself: plan, dealer, day, VIN, time of synchronisation; its
    producer's time zone is the one thing beside that, and counts anew when it changes.

    Rows are keyed by plan, so that producers do not meet; they are written in the order
    of their keys. A cell of which all reports were withdrawn stays with 0.
    """

    _name = "recall.statistic"
    _description = "Counting of repair reports"

    @api.model
    def _install(self):
        """Make the triggers; count what is there when they are made first."""
        cr = self.env.cr
        cr.execute("SELECT 1 FROM pg_trigger WHERE tgname = 'recall_statistic_insert'")
        installed = cr.fetchone()
        for statement in _STATEMENTS:
            cr.execute(statement)
        if not installed:
            self._recount()

    @api.model
    def _recount(self, plans=None):
        """Count the reports of plans anew; for repairs and tests, not screens.

        :param plans: ``recall.plan`` records; all by default
        """
        self.env.flush_all()
        chosen = (
            SQL("ARRAY(SELECT id FROM recall_plan)")
            if plans is None
            else SQL("%s::int[]", plans.ids)
        )
        self.env.cr.execute(SQL("SELECT recall_statistic_recount(%s)", chosen))
        for table in _TABLES:
            self.env[table.replace("_", ".")].invalidate_model()
