# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    recall_completion,
    recall_enterprise,
    recall_enterprise_pull,
    recall_exchange,
    recall_intake,
    recall_quarantine,
)
