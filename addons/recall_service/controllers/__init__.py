# SPDX-License-Identifier: LGPL-3.0-only
from . import developers, lookup, objection, share, share_export, subscription
