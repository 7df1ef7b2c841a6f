# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import SQL

#: Name by which the refusal of the trigger is known.
STOPPED = "recall_audit_behind"

# By a trigger: one look a statement, and no way of writing goes round it.
_STOP = """
CREATE OR REPLACE FUNCTION recall_audit_stop() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF public.recall_audit_behind_since() < clock_timestamp() - interval '4 hours' THEN
        RAISE EXCEPTION 'The operation log was not sealed for 4 hours'
              USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME,
                    CONSTRAINT = 'recall_audit_behind',
                    HINT = 'Start the scheduled actions: they seal it.';
    END IF;
    RETURN NULL;
END $$;
"""


class RecallHashedMixin(models.AbstractModel):
    """Business data: the log has hashes of its rows, and must not fall behind it.

    Where the log was not sealed for 4 hours, nobody changes such data any more, until
    it is sealed again.
    """

    _name = "recall.hashed.mixin"
    _description = "Data whose rows are hashed in the operation log"

    #: Columns that the hash of a row covers: what it says, not what is counted or only
    #: marks a way of working. Other columns are of no concern to it.
    _hashed = ()

    def init(self):
        super().init()
        Seal = self.env["recall.audit.seal"]
        if self._abstract or Seal._is_guarded("recall_audit_seal"):
            return
        Seal._make_tables()
        if self._hashed:
            self.env["recall.audit.rows"]._watch(self._table, self._hashed)
        self.env.cr.execute(_STOP)
        self.env.cr.execute(
            SQL(
                """CREATE OR REPLACE TRIGGER recall_audit_stop
                   BEFORE INSERT OR UPDATE OR DELETE ON %s
                   FOR EACH STATEMENT EXECUTE FUNCTION recall_audit_stop()""",
                SQL.identifier(self._table),
            )
        )

    def action_prove(self):
        """Save the proof that the log knows this record as it is now."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/recall/log/proof/{self._name}/{self.id}",
            "target": "download",
        }


class Base(models.AbstractModel):
    _inherit = "base"

    @api.model
    def _sql_error_to_message(self, exc):
        if exc.diag.constraint_name != STOPPED:
            return super()._sql_error_to_message(exc)
        return self.env._(
            "Nothing can be changed now: the operation log has not been sealed for 4 "
            "hours. Ask the administrator to see that the scheduled actions run; then "
            "do this again."
        )
