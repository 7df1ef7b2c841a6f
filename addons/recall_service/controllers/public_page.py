# SPDX-License-Identifier: LGPL-3.0-only
"""What the routes of public pages have in common."""

#: A page that anybody reads: it takes nothing, keeps nothing and needs no session.
READ_PAGE = {
    "type": "http",
    "auth": "public",
    "website": True,
    "methods": ["GET"],
    "save_session": False,
    "readonly": True,
    "max_content_length": 0,
}
