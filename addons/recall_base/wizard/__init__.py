# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    recall_erasure,
    recall_erasure_line,
    recall_plan_removal,
    recall_plan_step,
    recall_token_issue,
)
