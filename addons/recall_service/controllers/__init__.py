# SPDX-License-Identifier: LGPL-3.0-only
from . import (
    catalogue,
    developers,
    feeds,
    lookup,
    my_vehicles,
    objection,
    open_data,
    partners,
    phone,
    portal,
    portal_fleet,
    portal_webhook,
    share,
    share_export,
    subscription,
    usage,
)
