# SPDX-License-Identifier: LGPL-3.0-only
from werkzeug.wsgi import wrap_file

from odoo.http import Response, content_disposition, request


def send_file(file, name, mimetype):
    """Answer with a file to save, streamed from its beginning; no cache keeps it.

    :param file: open binary file; it is closed with the response
    """
    file.seek(0)
    stream = wrap_file(request.httprequest.environ, file, 1 << 16)
    headers = save_as(name, mimetype)
    return Response(stream, headers=headers, direct_passthrough=True)


def save_as(name, mimetype):
    """Headers of an answer that is a file to save; no cache keeps it."""
    return [
        ("Content-Type", mimetype),
        ("Content-Disposition", content_disposition(name)),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ]
