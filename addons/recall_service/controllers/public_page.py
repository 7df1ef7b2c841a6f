# SPDX-License-Identifier: LGPL-3.0-only
"""What the routes of public pages have in common."""

from odoo.addons.recall_base.controllers.read_route import READ

#: A page that anybody reads.
READ_PAGE = {"auth": "public", "website": True, **READ}
