# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    recall_data_application_decide,
    recall_data_user_suspend,
    recall_fleet_mail,
    recall_objection_decide,
    recall_token_issue,
    recall_usage_report,
    recall_webhook_secret,
)
