# SPDX-License-Identifier: LGPL-3.0-only
import json
from pathlib import Path

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .recall_audit_rows import content_of
from .recall_audit_seal import BATCH


class RecallAuditSeal(models.AbstractModel):
    """What somebody outside checks with ``tools/verify_log.py``: export and proofs."""

    _inherit = "recall.audit.seal"

    @api.model
    def _export(self):
        """Yield the lines of the log up to the last checkpoint, a piece at a time."""
        last = self._get_newest().size
        head = {
            "log": self.env["recall.audit.checkpoint"]._get_origin(),
            "hash": self._get_hash_name(),
            "size": last,
        }
        yield _line(head)
        for start in range(1, last + 1, BATCH):
            end = min(start + BATCH - 1, last)
            yield "".join(
                _line({"sequence": sequence, "chain": chain.hex(), "entry": entry})
                for sequence, chain, entry in self._read_sealed(start, end)
            )

    @api.model
    def _export_checkpoints(self):
        """Yield all checkpoints, as in the file outside the database."""
        size = 0
        while points := self.env["recall.audit.checkpoint"].search(
            [("size", ">", size)], order="size", limit=BATCH
        ):
            yield "".join(f"{point.note}\n" for point in points)
            size = points[-1].size

    @api.model
    def _write_export(self, folder):
        """Write both files into a folder of the server; for logs of many millions."""
        for name, parts in (
            ("log.jsonl", self._export()),
            ("checkpoints.txt", self._export_checkpoints()),
        ):
            with (Path(folder) / name).open("w", encoding="utf-8") as file:
                file.writelines(parts)

    @api.model
    def _prove_event(self, event):
        """Proof that an event is in the log, as a dict."""
        return self._prove("e", event.id)

    @api.model
    def _prove_record(self, record):
        """Proof that the log knows a business record as it is now, as a dict."""
        record.ensure_one()
        columns = self.env["recall.audit.rows"]._get_tables().get(record._table)
        if not columns:
            raise UserError(self.env._("The log has no hashes of such records."))
        record.flush_recordset()
        self.env.cr.execute(
            SQL(
                """SELECT entry.id, (SELECT %s FROM %s fresh WHERE id = %s)
                     FROM recall_audit_rows entry
                    WHERE res_table = %s AND high >= %s AND low <= %s
                      AND %s = ANY(ids) ORDER BY id DESC LIMIT 1""",
                SQL(content_of(columns)),  # pylint: disable=sql-injection
                SQL.identifier(record._table),
                record.id,
                record._table,
                record.id,
                record.id,
                record.id,
            )
        )
        entry_id, text = self.env.cr.fetchone() or (0, "")
        proof = self._prove("r", entry_id)
        return {**proof, "row": {"id": str(record.id), "text": text}}

    def _prove(self, kind, entry_id):
        self.env.cr.execute(
            SQL(
                """SELECT sequence FROM recall_audit_seal
                    WHERE entry_id = %s AND kind = %s""",
                entry_id,
                kind,
            )
        )
        row = self.env.cr.fetchone()
        point = self._get_newest()
        if not row or row[0] > point.size:
            raise UserError(
                self.env._("This is not sealed yet. Try again in a minute.")
            )
        [entry] = self._read_entries(kind, [entry_id]).values()
        return {
            "hash": point.algorithm,
            "sequence": row[0],
            "entry": entry,
            "path": self._hex(self._get_tree().inclusion(row[0] - 1, point.size)),
            "checkpoints": [point.note],
        }

    @api.model
    def _prove_growth(self, older, newer):
        """Proof that the log at the newer checkpoint begins with the older one."""
        path = self._get_tree().consistency(older.size, newer.size)
        return {
            "hash": newer.algorithm,
            "path": self._hex(path),
            "checkpoints": [older.note, newer.note],
        }

    def _get_newest(self):
        return self.env["recall.audit.checkpoint"].search([], limit=1)

    @staticmethod
    def _hex(path):
        return [node.hex() for node in path]


def _line(document):
    return json.dumps(document, ensure_ascii=False) + "\n"
