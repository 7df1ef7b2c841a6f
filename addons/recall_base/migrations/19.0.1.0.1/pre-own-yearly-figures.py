# SPDX-License-Identifier: LGPL-3.0-only
def migrate(cr, _version):
    """Take over the published figures, which the management terminal had."""
    cr.execute(
        """UPDATE ir_model_data SET module = 'recall_base'
            WHERE module = 'recall_management'
              AND name LIKE 'recall\\_yearly\\_figure\\_%'"""
    )
