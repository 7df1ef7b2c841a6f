# SPDX-License-Identifier: LGPL-3.0-only
from . import recall_usage_report, recall_usage_workbook, recall_years_workbook
