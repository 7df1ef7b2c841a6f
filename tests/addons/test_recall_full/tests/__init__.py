# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    test_access_matrix,
    test_contact_census,
    test_import_examples,
    test_isolation,
    test_log_census,
    test_method_census,
    test_one_database,
    test_queries,
    test_route_census,
    test_staff,
    test_translations,
)
