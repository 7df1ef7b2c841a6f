# SPDX-License-Identifier: LGPL-3.0-only
def migrate(cr, _version):
    """Have the job go through the quarantine: its phone numbers get digests."""
    cr.execute(
        """UPDATE recall_reseal SET goal = NULL
            WHERE res_model = 'recall.quarantine'"""
    )
