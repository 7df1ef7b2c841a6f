# SPDX-License-Identifier: LGPL-3.0-only
"""Starts Odoo; a file, since Odoo starts its websocket process by this very path."""

from odoo.cli.command import main

main()
