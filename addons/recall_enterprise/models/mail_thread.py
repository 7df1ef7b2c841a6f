# SPDX-License-Identifier: LGPL-3.0-only
import re

from odoo import api, models

_REFERENCE = re.compile(r"<?([0-9a-f]{32})@")


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        super()._routing_handle_bounce(email_message, message_dict)
        found = map(_REFERENCE.match, message_dict["bounced_msg_ids"] or [])
        references = [match[1] for match in found if match]
        if references:
            # sudo: a mail came in; nobody is logged in.
            self.env["recall.notice"].sudo()._take_report(
                references, "undeliverable", self.env._("The mail came back.")
            )
