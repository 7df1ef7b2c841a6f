# SPDX-License-Identifier: LGPL-3.0-only
"""How many kills there are, and of what."""

import os

#: Kills in all: `make test` does 100, `make faults` 300 and every forced point.
KILLS = int(os.environ.get("RECALL_FAULTS") or 100)
EVERY_POINT = KILLS >= 300
DATABASE = ("backend", "postmaster")
#: The database server and a whole Odoo take longest to come back.
AT_RANDOM = (*("worker", "proxy") * 8, "server", "machine")
