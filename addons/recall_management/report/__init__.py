# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    recall_age_report,
    recall_department_report,
    recall_department_workbook,
    recall_rate_report,
    recall_repair_report,
    recall_stage_report,
    recall_statistic_workbook,
)
