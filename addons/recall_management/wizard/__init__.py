# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    recall_department_report,
    recall_enterprise_call,
    recall_quarantine_decide,
    recall_token_issue_filing,
)
