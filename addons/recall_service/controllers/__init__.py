# SPDX-License-Identifier: LGPL-3.0-only
from . import developers, lookup, share, share_export, subscription
