# SPDX-License-Identifier: LGPL-3.0-only
"""Command line of the stack: see `scripts/recall help`."""

import sys

from .commands import main

sys.exit(main(sys.argv[1:]))
