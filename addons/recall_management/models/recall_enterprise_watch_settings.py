# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models

from .recall_enterprise_watch_cause import LIMITS


class ResConfigSettings(models.TransientModel):
    """Whom alarms go to and what sets one off (M-MONITOR)."""

    _inherit = "res.config.settings"

    recall_alarm_addresses = fields.Char(
        string="Alarms to the operator",
        config_parameter="recall_management.alarm_addresses",
        help="Mail addresses, separated by commas. Empty: all officers.",
    )
    recall_slow_seconds = fields.Float(
        string="Slow from (s)",
        config_parameter="recall_management.slow_seconds",
        default=LIMITS["slow_seconds"],
        help="Average of about the last 20 answers. Clause 9.1 allows 5 s.",
    )
    recall_silent_days = fields.Integer(
        string="Silent after (days)",
        config_parameter="recall_management.silent_days",
        default=LIMITS["silent_days"],
        help="Without a new record, while recalls of the producer run.",
    )
    recall_expiry_days = fields.Integer(
        string="Warn of an expiry (days before)",
        config_parameter="recall_management.expiry_days",
        default=LIMITS["expiry_days"],
        help="Of certificates and tokens; again 7 days and 1 day before.",
    )
    recall_quarantine_percent = fields.Float(
        string="Too many refused from (%)",
        config_parameter="recall_management.quarantine_percent",
        default=LIMITS["quarantine_percent"],
        help="Share of the latest records that go to quarantine.",
    )
    recall_metrics_networks = fields.Char(
        string="Networks of the monitoring",
        config_parameter="recall_management.metrics_networks",
        help="Separated by commas, e.g. 10.1.0.0/16. Empty: the server only.",
    )
