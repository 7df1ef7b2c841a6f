# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    test_access,
    test_legacy_vin,
    test_lookup,
    test_lookup_scope,
    test_neutralize,
    test_page,
    test_page_tour,
    test_push,
    test_share,
    test_share_interface,
    test_subscription,
    test_subscription_pages,
)
