# SPDX-License-Identifier: LGPL-3.0-only
def migrate(cr, _version):
    """Have the alarm's mail made anew, as it tells of failed mails too by now.

    One that somebody has written anew stays.
    """
    cr.execute(
        """DELETE FROM mail_template template USING ir_model_data data
            WHERE data.module = 'recall_service' AND data.model = 'mail.template'
              AND data.name = 'mail_template_push_stuck' AND data.res_id = template.id
              AND template.body_html->>'en_US' LIKE '%Look at the outbox%'
        RETURNING data.id"""
    )
    if gone := [row[0] for row in cr.fetchall()]:
        cr.execute("DELETE FROM ir_model_data WHERE id = ANY(%s)", [gone])
