# SPDX-License-Identifier: LGPL-3.0-only
import errno
import os
from pathlib import Path
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestAttachment(TransactionCase):
    def test_file_that_a_full_disk_cut_off_refuses_the_whole_one(self):
        """X-FAULT: nothing of it stays, and the next try is taken."""
        Attachment = self.env["ir.attachment"]
        content = os.urandom(10_000)
        checksum = Attachment._compute_checksum(content)
        folder = Path(Attachment._get_path(content, checksum)[1]).parent
        before = set(folder.iterdir())
        full = OSError(errno.ENOSPC, "No space left on device")
        with patch.object(os, "fsync", side_effect=full), self.assertRaises(OSError):
            Attachment.create({"name": "photo", "raw": content})
        self.assertEqual(set(folder.iterdir()), before)
        kept = Attachment.create({"name": "photo", "raw": content})
        kept.invalidate_recordset()
        self.assertEqual(kept.raw, content)
