# SPDX-License-Identifier: LGPL-3.0-only
"""What routes that only give something have in common."""

#: It takes nothing, keeps nothing and needs no session.
READ = {
    "type": "http",
    "methods": ["GET"],
    "save_session": False,
    "readonly": True,
    "max_content_length": 0,
}
#: For programs and auditors outside: nobody is logged in.
READ_BY_ANYBODY = {"auth": "none", **READ}
