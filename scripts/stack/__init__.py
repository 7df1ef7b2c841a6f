# SPDX-License-Identifier: LGPL-3.0-only
"""The servers of this product on one machine: database, gateway, Odoo."""
