# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .recall_objection import ANSWER_DAYS, REPORT_DAYS
from .recall_phone_code import CODES_PER_DAY, SWITCH

LICENCE = "recall_service.open_data_licence"


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    recall_open_data_licence = fields.Char(
        string="Licence of the open data", config_parameter=LICENCE
    )
    recall_sms = fields.Boolean(
        string="Tell subscribers by short message", config_parameter=SWITCH
    )
    recall_sms_codes_per_day = fields.Integer(
        string="Codes a day at most",
        config_parameter=CODES_PER_DAY[0],
        default=CODES_PER_DAY[1],
        help="For all numbers together: so much a stranger can make you pay for.",
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

    @api.constrains("recall_sms_codes_per_day")
    def _check_recall_sms_codes(self):
        for settings in self:
            if not 1 <= settings.recall_sms_codes_per_day <= 1_000_000:
                raise ValidationError(
                    self.env._("Choose from 1 to 1,000,000 codes a day.")
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
