# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .recall_objection import ANSWER_DAYS, REPORT_DAYS

LICENCE = "recall_service.open_data_licence"


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    recall_open_data_licence = fields.Char(
        string="Licence of the open data", config_parameter=LICENCE
    )
    recall_objection_answer_days = fields.Integer(
        string="Working days to answer",
        config_parameter=ANSWER_DAYS[0],
        default=ANSWER_DAYS[1],
        help="From the day an objection comes in. Monday to Friday count.",
    )
    recall_objection_report_days = fields.Integer(
        string="Working days to report",
        config_parameter=REPORT_DAYS[0],
        default=REPORT_DAYS[1],
        help="From the day an objection was accepted. Monday to Friday count.",
    )

    @api.constrains("recall_objection_answer_days", "recall_objection_report_days")
    def _check_recall_objection_days(self):
        for settings in self:
            days = (
                settings.recall_objection_answer_days,
                settings.recall_objection_report_days,
            )
            if not all(1 <= count <= 60 for count in days):
                raise ValidationError(self.env._("Choose from 1 to 60 working days."))
