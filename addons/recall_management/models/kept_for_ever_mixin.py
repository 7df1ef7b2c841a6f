# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

_FUNCTION = """
CREATE OR REPLACE FUNCTION recall_keep_for_ever() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'Records of % are kept for ever (GB/T 41047-2021, 7.4)',
              TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION 'Record % of % is kept for ever (GB/T 41047-2021, 7.4)',
          OLD.id, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


class RecallKeptForEverMixin(models.AbstractModel):
    """``recall.kept.for.ever.mixin``: what the management terminal never deletes.

    Clause 7.4 b. A model with this mixin refuses ``unlink`` by a guard of its own;
    triggers refuse what reaches the database past it, as the application's role:
    statements, cascades, TRUNCATE.
    """

    _name = "recall.kept.for.ever.mixin"
    _description = "Records that are kept for ever"

    def init(self):
        super().init()
        if not self._abstract:
            self._install_keeper()

    @api.model
    def _install_keeper(self):
        """Make the triggers of the table; again and again the same."""
        self.env.cr.execute(_FUNCTION)
        # Of a table's triggers the first by name fires first.
        self.env.cr.execute(
            SQL(
                """CREATE OR REPLACE TRIGGER kept_for_ever BEFORE DELETE ON %(table)s
                   FOR EACH ROW EXECUTE FUNCTION recall_keep_for_ever();
                   CREATE OR REPLACE TRIGGER kept_for_ever_all
                   BEFORE TRUNCATE ON %(table)s
                   FOR EACH STATEMENT EXECUTE FUNCTION recall_keep_for_ever()""",
                table=SQL.identifier(self._table),
            )
        )
