# SPDX-License-Identifier: LGPL-3.0-only
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: Clause 7.4 a: years that a producer keeps its data.
KEEP_YEARS = 10
CLAUSE = "GB/T 41047-2021, 7.4"

# Arguments: years to keep (empty: for ever), then the columns that date a report. It
# is dated by the latest of them. Through jsonb: an add-on's columns may be gone.
_FUNCTION = """
CREATE OR REPLACE FUNCTION recall_completion_keep() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    kept_from timestamp;
    row_data jsonb;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        IF EXISTS (SELECT FROM recall_completion
                    WHERE state IN ('confirmed', 'withdrawn')) THEN
            RAISE EXCEPTION 'Confirmed repair reports are kept (GB/T 41047-2021, 7.4)'
                  USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    END IF;
    row_data := to_jsonb(OLD);
    IF OLD.state NOT IN ('confirmed', 'withdrawn')
       AND row_data ->> 'confirmed_at' IS NULL THEN
        RETURN OLD;
    END IF;
    SELECT max((row_data ->> name)::timestamp) INTO kept_from
      FROM unnest(TG_ARGV[1:]) name;
    IF TG_ARGV[0] = '' OR kept_from IS NULL
       OR kept_from + make_interval(years => TG_ARGV[0]::int)
          > now() AT TIME ZONE 'UTC' THEN
        RAISE EXCEPTION
              'Repair report % is kept (GB/T 41047-2021, 7.4)', OLD.id
              USING ERRCODE = 'restrict_violation',
                    HINT = 'Archive it: an archived report stays and leaves the lists.';
    END IF;
    RETURN OLD;
END $$;
"""


class RecallCompletion(models.Model):
    """Keeping (clause 7.4): what was confirmed is not deleted, by nobody.

    The ORM refuses with a sentence, triggers refuse whatever reaches the database as
    the application's role: statements, cascades, TRUNCATE. They are made on each
    install and update and stay when an add-on goes.
    """

    _inherit = "recall.completion"

    #: Years to keep a confirmed report; None: for ever.
    _keep_years = KEEP_YEARS
    #: Columns that date a report: the latest counts.
    _keep_since = ("create_date",)

    def init(self):
        super().init()
        self._install_keeper()

    @api.model
    def _install_keeper(self):
        """Make the triggers that keep confirmed reports; again and again the same.

        Where a role of its own owns the table they stay as they are
        (``deploy/postgresql/log_owner.sql``).
        """
        if self.env["recall.audit.seal"]._is_guarded(self._table):
            return
        arguments = [str(self._keep_years or ""), *self._keep_since]
        self.env.cr.execute(_FUNCTION)
        self.env.cr.execute(
            SQL(
                """CREATE OR REPLACE TRIGGER recall_completion_keep
                   BEFORE DELETE ON recall_completion
                   FOR EACH ROW EXECUTE FUNCTION recall_completion_keep(%s);
                   CREATE OR REPLACE TRIGGER recall_completion_keep_all
                   BEFORE TRUNCATE ON recall_completion
                   FOR EACH STATEMENT EXECUTE FUNCTION recall_completion_keep()""",
                SQL(", ").join(SQL("%s", text) for text in arguments),
            )
        )

    def _was_confirmed(self):
        """Whether the report was confirmed once: then it is kept."""
        self.ensure_one()
        return self.state in ("confirmed", "withdrawn")

    def _kept_until(self):
        """Return the moment from which the report may be deleted; None: never."""
        self.ensure_one()
        if not self._keep_years:
            return None
        since = max(filter(None, (self[name] for name in self._keep_since)))
        return since + relativedelta(years=self._keep_years)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept(self):
        now = fields.Datetime.now()
        for report in self:
            until = report._was_confirmed() and report._kept_until()
            if until is None:
                raise UserError(
                    self.env._(
                        "Repair report %(number)s is kept for ever (%(clause)s).",
                        number=report.repair_number,
                        clause=CLAUSE,
                    )
                )
            if until and until > now:
                raise UserError(
                    self.env._(
                        "Repair report %(number)s must be kept for at least %(years)s "
                        "years (%(clause)s a): it can be deleted from %(date)s on. "
                        "Archive it, if it shall leave the lists.",
                        number=report.repair_number,
                        years=self._keep_years,
                        clause=CLAUSE,
                        date=until.date() + relativedelta(days=1),
                    )
                )

    @api.model
    def _has_kept(self):
        """Whether there is any report that may not go."""
        self.env.cr.execute(
            """SELECT EXISTS (SELECT FROM recall_completion
                               WHERE state IN ('confirmed', 'withdrawn'))"""
        )
        return self.env.cr.fetchone()[0]
