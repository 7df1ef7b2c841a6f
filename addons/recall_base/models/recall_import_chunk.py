# SPDX-License-Identifier: LGPL-3.0-only
import base64
import io
import zlib

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import cipher
from .sealed_mixin import PASSING

CHUNK = 1 << 20


class RecallImportChunk(models.Model):
    """A piece of an uploaded file, packed and sealed (see ``recall.import``)."""

    _name = "recall.import.chunk"
    _description = "Piece of an uploaded file"
    _audited = frozenset()
    _inherit = ["recall.sealed.mixin"]
    _log_access = False
    _order = "number"
    _sealed = {"sealed": PASSING}

    import_id = fields.Many2one(
        "recall.import", required=True, index=True, readonly=True, ondelete="cascade"
    )
    number = fields.Integer(required=True, readonly=True)
    sealed = fields.Char(
        required=True, readonly=True, groups="base.group_system", prefetch=False
    )

    _number_uniq = models.UniqueIndex("(import_id, number)")

    @api.model
    def _store(self, job, stream):
        """Keep a file piece by piece, in place of the one the job had."""
        self._delete_of(job)
        keys = cipher.KeyRing.from_environment()
        number = 0
        while piece := stream.read(CHUNK):
            self.env.cr.execute(
                SQL(
                    """INSERT INTO recall_import_chunk (import_id, number, sealed)
                       VALUES (%s, %s, %s)""",
                    job.id,
                    number,
                    keys.seal(_pack(piece), _context(job.id, number)),
                )
            )
            number += 1
        self.invalidate_model()

    @api.model
    def _delete_of(self, jobs):
        self.env.cr.execute(
            SQL(
                "DELETE FROM recall_import_chunk WHERE import_id IN %s",
                tuple(jobs.ids or [0]),
            )
        )
        self.invalidate_model()

    @api.model
    def _open_file(self, job, offset=0):
        """The uploaded file as a seekable binary file, which needs no database.

        Its pieces stay sealed and packed in memory until they are read.

        :param int offset: nothing before it will be read
        """
        first = offset // CHUNK
        self.env.cr.execute(
            SQL(
                """SELECT number, sealed FROM recall_import_chunk
                    WHERE import_id = %s AND (number >= %s OR number = 0)""",
                job.id,
                first,
            )
        )
        return io.BufferedReader(
            _SealedFile(job.id, job.size, dict(self.env.cr.fetchall())), 1 << 18
        )


class _SealedFile(io.RawIOBase):
    """Reads a file from its sealed pieces; one is held in clear at a time."""

    def __init__(self, job_id, size, pieces):
        super().__init__()
        self._job_id = job_id
        self._size = size
        self._pieces = pieces
        self._keys = cipher.KeyRing.from_environment()
        self._position = 0
        self._open = (None, b"")

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self._position

    def seek(self, offset, whence=io.SEEK_SET):
        base = {
            io.SEEK_SET: 0,
            io.SEEK_CUR: self._position,
            io.SEEK_END: self._size,
        }[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer):
        number, start = divmod(self._position, CHUNK)
        if self._position >= self._size:
            return 0
        if self._open[0] != number:
            sealed = self._pieces[number]
            text = self._keys.open(sealed, _context(self._job_id, number))
            self._open = (number, _unpack(text))
        part = memoryview(self._open[1])[start : start + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)


def _context(job_id, number):
    return f"recall.import:file:{job_id}|{number}"


def _pack(piece):
    return base64.b64encode(zlib.compress(piece, 1)).decode("ascii")


def _unpack(text):
    return zlib.decompress(base64.b64decode(text))
