# SPDX-License-Identifier: LGPL-3.0-only
def migrate(cr, _version):
    """Look once a day for what each repair marks by itself now; it was each hour."""
    cr.execute(
        """UPDATE ir_cron SET interval_type = 'days'
             FROM ir_model_data data
            WHERE data.module = 'recall_enterprise' AND data.model = 'ir.cron'
              AND data.name = 'ir_cron_notice_repaired' AND data.res_id = ir_cron.id
              AND ir_cron.interval_number = 1 AND ir_cron.interval_type = 'hours'"""
    )
