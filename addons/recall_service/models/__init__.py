# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    recall_data_user,
    recall_lookup,
    recall_openapi,
    recall_plan,
    recall_publication,
    recall_push,
    recall_share,
    recall_share_change,
    recall_share_export,
    recall_share_export_file,
    recall_share_interface,
    recall_share_usage,
    recall_share_usage_meter,
    recall_subscription,
    recall_token,
)
