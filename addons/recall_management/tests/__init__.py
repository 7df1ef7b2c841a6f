# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    test_enterprise,
    test_intake,
    test_intake_versions,
    test_lease,
    test_privacy,
    test_pull,
    test_pull_faults,
    test_quarantine,
    test_random,
    test_sql_plans,
    test_verify,
)
