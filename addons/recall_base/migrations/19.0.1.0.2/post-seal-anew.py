# SPDX-License-Identifier: LGPL-3.0-only
def migrate(cr, _version):
    """Have the events that are there wait for the sealer, in their order."""
    cr.execute(
        """INSERT INTO recall_audit_pending (kind, entry_id)
           SELECT 'e', id FROM recall_audit_event ORDER BY id
           ON CONFLICT (entry_id, kind) DO NOTHING"""
    )
