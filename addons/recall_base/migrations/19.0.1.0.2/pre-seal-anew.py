# SPDX-License-Identifier: LGPL-3.0-only
def migrate(cr, _version):
    """Note where the old chain ended, as an event: the log is sealed anew.

    Its seals were columns of the events, without tree and signature.
    """
    cr.execute(
        """INSERT INTO recall_audit_event (time, action, detail)
           SELECT now() AT TIME ZONE 'UTC', 'log.seal_anew',
                  jsonb_build_object('size', size, 'chain_hash', chain_hash)
             FROM recall_audit_checkpoint ORDER BY size DESC LIMIT 1"""
    )
    cr.execute("DELETE FROM recall_audit_checkpoint")
    cr.execute(
        """ALTER TABLE recall_audit_event
            DROP COLUMN IF EXISTS sequence, DROP COLUMN IF EXISTS chain_hash"""
    )
