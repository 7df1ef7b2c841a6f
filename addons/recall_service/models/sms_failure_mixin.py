# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models

from odoo.addons.recall_base.tools import short_message

#: The number cannot be read: it was taken out, or sealed with a key that is gone.
NO_NUMBER = "no_number"
#: The mail address cannot be read: it was sealed with a key that is gone.
NO_ADDRESS = "no_address"
#: It was not sent in time to be of use.
LATE = "late"


class RecallSmsFailureMixin(models.AbstractModel):
    """What went wrong with a short message, in words that say what to do.

    A model has a field ``failure``: the code of a message gateway, or one of ours.
    """

    _name = "recall.sms.failure.mixin"
    _description = "Failure of a short message"

    failure_text = fields.Char(
        string="What went wrong", compute="_compute_failure_text"
    )

    @api.depends("failure")
    @api.depends_context("lang")
    def _compute_failure_text(self):
        texts = self._get_failure_texts()
        for record in self:
            code = record._get_failure_code()
            record.failure_text = texts.get(code) or code

    def _get_failure_code(self):
        return self.failure

    def _get_failure_texts(self):
        """Code -> what people read; a code that is not there is shown as it is."""
        no_answer = self.env._(
            "The message gateway did not answer: the message may have been sent or not."
        )
        return {
            short_message.NO_ANSWER: no_answer,
            "server_error": no_answer,
            "unregistered": self.env._(
                "The account at the message gateway is not activated: set it up in the "
                "settings."
            ),
            "insufficient_credit": self.env._(
                "The account at the message gateway has no credit left: top it up."
            ),
            "wrong_number_format": self.env._(
                "The message gateway does not know this number."
            ),
            "country_not_supported": self.env._(
                "The message gateway does not send to this country."
            ),
            "registration_needed": self.env._(
                "The sender or the text has to be registered at the message gateway "
                "first."
            ),
            NO_NUMBER: self.env._(
                "The number cannot be read: its key is not in the key file."
            ),
            NO_ADDRESS: self.env._(
                "The address cannot be read: its key is not in the key file."
            ),
            LATE: self.env._(
                "It waited for more than 10 minutes and was not sent: see whether the "
                "scheduled actions run."
            ),
        }
