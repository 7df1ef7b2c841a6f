# SPDX-License-Identifier: LGPL-3.0-only
import contextlib
import os
import uuid

from odoo import api, models


class IrAttachment(models.Model):
    """Files are stored whole or not at all, and before their transaction is."""

    _inherit = "ir.attachment"

    @api.model
    def _file_write(self, bin_value, checksum):
        """Override: a file gets its name when all of it is on the disk.

        Odoo writes under the final name. A full disk or a kill leaves half a file then,
        and the same content is refused ever after as a collision with it.
        """
        fname, full_path = self._get_path(bin_value, checksum)
        if not os.path.exists(full_path):
            _write_whole(full_path, bin_value)
            # Should the transaction abort, the file is garbage.
            self._mark_for_gc(fname)
        return fname


def _write_whole(path, content):
    part = f"{path}.{uuid.uuid4().hex}.part"
    try:
        with open(part, "xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
    _sync_folder(os.path.dirname(path))


def _sync_folder(path):
    """Have the names in a folder outlive a loss of power."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
