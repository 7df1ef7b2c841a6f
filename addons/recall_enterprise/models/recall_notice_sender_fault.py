# SPDX-License-Identifier: LGPL-3.0-only
import logging
import traceback
from datetime import timedelta

from odoo import fields, models

from .recall_notice_sender import name_fault

_logger = logging.getLogger(__name__)

#: A batch that was begun within this time is the one that broke off.
LATELY = timedelta(minutes=10)


class RecallNoticeSender(models.AbstractModel):
    """What becomes of a round whose sending breaks off in a way nobody expected."""

    _inherit = "recall.notice.sender"

    def _note_fault(self, notice_round, error):
        """Say on the round, and in the log, why its sending broke off.

        A round of which messages may have left is stopped: the next batch would hang
        as well.
        """
        self.env.cr.rollback()
        # Without the error's text: that can hold an address.
        _logger.error(
            "Notices of round %s broke off: %s\n%s",
            notice_round.id,
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        words = {"why": name_fault(error), "number": notice_round.id}
        if not self._find_begun(notice_round):
            problem = self.env._(
                "Sending broke off (%(why)s). It is tried again by itself; if it "
                'breaks off again, ask the administrator to look for "Notices of round '
                "%(number)s\" in the server's log.",
                **words,
            )
        else:
            problem = self.env._(
                "Sending broke off (%(why)s) while messages were handed over, and the "
                "round was stopped: decide about those that hang, and resume it when "
                "the administrator has mended what the server's log says under "
                '"Notices of round %(number)s".',
                **words,
            )
            notice_round.state = "stopped"
            notice_round._log("notice_round.stop")
        self._note_problem(notice_round, problem)

    def _find_begun(self, notice_round):
        """Messages of the batch that broke off which may have left."""
        return self.env["recall.notice"].search(
            [
                ("round_id", "=", notice_round.id),
                ("state", "=", "sending"),
                ("handed_at", ">=", fields.Datetime.now() - LATELY),
            ],
            limit=1,
        )
