# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    recall_appointment_postpone,
    recall_completion_review,
    recall_dealer_assignment,
    recall_interface_test,
    recall_interface_test_line,
    recall_notice_result,
)
