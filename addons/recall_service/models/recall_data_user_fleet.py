# SPDX-License-Identifier: LGPL-3.0-only
from odoo import models
from odoo.exceptions import UserError

#: Files of one fleet that wait or are at work; each is kept sealed meanwhile.
MOST_FILES = 10
ENDED = ("done", "stopped")


class RecallDataUser(models.Model):
    """What a data user does with its fleet, on its own page."""

    _inherit = "recall.data.user"

    def _check_enabled(self):
        """Refuse what a suspended data user asks for."""
        self.ensure_one()
        # sudo: whether it is suspended decides here, whoever asks.
        if not self.sudo().active:
            raise UserError(
                self.env._("The data user is suspended: nothing of it can be changed.")
            )

    def _get_fleet_files(self, limit=None):
        """Imports of this fleet that the account may see, the newest first."""
        return self.env["recall.import"].search(
            [("data_user_id", "in", self.ids), ("kind", "=", "fleet")], limit=limit
        )

    def _upload_fleet(self, stream, name, mode):
        """Keep a file of VINs, to be taken in when its import is started.

        :param stream: seekable binary file
        :param str mode: ``add``, ``replace`` or ``remove``
        :returns: the import
        :raises UserError: that says what is wrong with the file
        """
        self.check_access("read")
        self._check_enabled()
        waiting = self._get_fleet_files().filtered(lambda job: job.state not in ENDED)
        if len(waiting) >= MOST_FILES:
            raise UserError(
                self.env._(
                    "%(count)s files of this fleet wait already: take them in or "
                    "discard them first.",
                    count=len(waiting),
                )
            )
        # sudo: accounts of data users write nothing but by these methods.
        job = (
            self.env["recall.import"]
            .sudo()
            .create({"kind": "fleet", "data_user_id": self.id, "fleet_mode": mode})
        )
        job._upload(stream, name)
        return job.sudo(False)

    def _get_fleet_file(self, job_id):
        """The import with that id, if the account may see it (sudo), or none."""
        job = self.env["recall.import"].search(
            [("id", "=", job_id), ("kind", "=", "fleet")]
        )
        # sudo: found with the account's own rights, to be run by its buttons.
        return job.sudo()

    def _delete_fleet(self):
        """Take all vehicles out and end the files that wait; returns the number."""
        self.check_access("read")
        self._check_enabled()
        # sudo: accounts of data users write nothing but by these methods.
        data_user_sudo = self.sudo()
        for job in data_user_sudo._get_fleet_files():
            if job.state in ("draft", "mapped", "tested"):
                job.action_discard()
            elif job.state not in ENDED:
                job.action_stop()
        removed = data_user_sudo.env["recall.fleet.vehicle"]._clear(self)
        self.env["recall.audit.event"]._record("fleet.delete", self, removed=removed)
        return removed
