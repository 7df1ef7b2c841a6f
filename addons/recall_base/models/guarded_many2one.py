# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields
from odoo.tools import SQL

# Arguments: the referring table and its column, and one that both tables have, if the
# referring rows are found by it. The column that they are found by has an index.
_FUNCTION = """
CREATE OR REPLACE FUNCTION recall_guard_referred() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I = $1',
                   TG_ARGV[0], TG_ARGV[1])
            || CASE WHEN TG_NARGS > 2
                    THEN format(' AND %1$I = ($2).%1$I', TG_ARGV[2]) ELSE '' END || ')'
       INTO found USING OLD.id, OLD;
    IF found THEN
        RAISE EXCEPTION '% % is referred to by %', TG_TABLE_NAME, OLD.id, TG_ARGV[0]
              USING ERRCODE = 'foreign_key_violation', TABLE = TG_ARGV[0],
                    CONSTRAINT = TG_NAME;
    END IF;
    RETURN OLD;
EXCEPTION WHEN undefined_column OR undefined_table THEN
    RETURN OLD;  -- the add-on of the reference is gone
END $$;
"""


class GuardedMany2one(fields.Many2one):
    """A reference from a table of millions of rows that is filled in bulk.

    A foreign key costs a look-up and a row lock for every row that is inserted: six of
    them took a third of the time a repair report needs, to check what the same
    statement had just joined. Here only the other side is guarded: a trigger refuses to
    delete a record that is referred to, as ``ON DELETE RESTRICT`` does. Whoever writes
    ids by SQL takes them from a join, as the bulk paths do. (Left open is a delete at
    the very moment of the first reference; plans, vehicles, dealers and producers are
    not deleted by any role, and product lines are joined by what fills them in.)

    :param within: name of a column that both tables have, such as the plan of a vehicle
        and of its line, by whose index the referring rows are found: the reference
        itself then needs none
    """

    within = None

    def update_db_foreign_key(self, model, column):
        """Override of ``Many2one``: no key, but the guard of the referred table."""
        comodel = model.env[self.comodel_name]
        name = f"{model._table}_{self.name}_fkey"
        arguments = filter(None, (model._table, self.name, self.within))
        cr = model.env.cr
        cr.execute(_FUNCTION)
        cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
                SQL.identifier(model._table),
                SQL.identifier(name),
            )
        )
        cr.execute(
            SQL(
                """CREATE OR REPLACE TRIGGER %s BEFORE DELETE ON %s
                   FOR EACH ROW EXECUTE FUNCTION recall_guard_referred(%s)""",
                SQL.identifier(name),
                SQL.identifier(comodel._table),
                SQL(", ").join(SQL("%s", text) for text in arguments),
            )
        )
