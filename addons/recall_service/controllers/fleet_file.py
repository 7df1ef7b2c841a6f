# SPDX-License-Identifier: LGPL-3.0-only
from odoo.http import request

from odoo.addons.recall_base.controllers.download import send_file
from odoo.addons.recall_base.tools.workbook import MIMETYPE

TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": MIMETYPE}


def send_fleet(owner, rows, form):
    """Answer with the rows of ``recall.fleet._look_up`` as a file to save, and log it.

    :param owner: the data user or subscriber whose vehicles they are
    :param list rows: what is in the file
    :param str form: ``csv`` or ``xlsx``
    """
    Event = request.env["recall.audit.event"]
    subject = Event._get_subject(owner)
    Event._record(f"{subject}.download", owner, kind=form, rows=len(rows))
    file = request.env["recall.fleet"]._write_file(rows, form)
    return send_file(file, f"recalls.{form}", TYPES[form])
