# SPDX-License-Identifier: LGPL-3.0-only
import logging
import os
from datetime import timedelta
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import cipher, signed_note, verify_log

_logger = logging.getLogger(__name__)

#: Environment variable: file outside the database to which checkpoints are appended.
#: "{database}" in it stands for the name of the database.
FILE_VARIABLE = "RECALL_CHECKPOINT_FILE"
#: System parameter with the name under which the log signs.
ORIGIN_PARAMETER = "recall_base.log_origin"
#: A checkpoint follows the last one no sooner; the sealer runs each minute at least.
INTERVAL = timedelta(seconds=20)


class RecallAuditCheckpoint(models.Model):
    """A signed statement of the operation log's size and root.

    Whoever keeps one can tell later whether the log was altered, cut or written anew.
    It is published, goes to the producers with each request, and to a file outside the
    database. ``docs/evidence.md`` says how to check it.
    """

    _name = "recall.audit.checkpoint"
    _description = "Operation log checkpoint"
    _order = "size desc, id desc"
    _rec_name = "size"
    _log_access = False

    time = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    size = fields.Integer(required=True, readonly=True, help="Entries sealed so far.")
    algorithm = fields.Char(string="Hash", required=True, readonly=True)
    root_hash = fields.Char(required=True, readonly=True)
    chain_hash = fields.Char(required=True, readonly=True)
    note = fields.Text(
        string="Signed checkpoint",
        required=True,
        readonly=True,
        help="What is published, and checked with the public key of the log.",
    )

    _size_uniq = models.Constraint("UNIQUE(size)", "This size is sealed already.")

    def init(self):
        super().init()
        if not self.env["recall.audit.seal"]._is_guarded(self._table):
            self.env["recall.audit.seal"]._forbid_changes(self._table)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("Checkpoints of the log cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Checkpoints of the log cannot be deleted."))

    @api.model
    def _cron_seal(self):
        """Seal what is new (``recall.audit.seal``)."""
        self.env["recall.audit.seal"]._cron_seal()

    @api.model
    def _sign(self, now=None):
        """Sign the log as it is sealed, if that is new and the last one old enough.

        :returns: the new checkpoint, or an empty one
        """
        now = now or fields.Datetime.now()
        last = self.search([], limit=1)
        size, chain = self.env["recall.audit.seal"]._get_last()
        if size <= last.size or (last and now - last.time < INTERVAL):
            return self.browse()
        try:
            seed = cipher.KeyRing.from_environment().signing_key()
        except cipher.KeyFileError as error:
            _logger.error("The operation log is not signed: %s", error)
            return self.browse()
        log_hash = self.env["recall.audit.seal"]._get_hash()
        roots = self.env["recall.audit.seal"]._get_tree(log_hash).frontier(size)
        root = verify_log.Frontier(log_hash, size, roots).root()
        facts = {
            "time": f"{now.isoformat()}Z",
            "hash": log_hash.name,
            "chain": chain.hex(),
        }
        point = self.create(
            {
                "time": now,
                "size": size,
                "algorithm": log_hash.name,
                "root_hash": root.hex(),
                "chain_hash": chain.hex(),
                "note": signed_note.sign_checkpoint(
                    self._get_origin(), size, root, facts, seed
                ),
            }
        )
        self.env.cr.postcommit.add(partial(point._append_to_file, point.note))
        return point

    @api.model
    def _get_origin(self):
        """Name under which the log of this database signs."""
        # sudo: parameters are the administrator's; the name is public.
        parameters = self.env["ir.config_parameter"].sudo()
        name = parameters.get_param(ORIGIN_PARAMETER)
        return name or f"recall.{parameters.get_param('database.uuid')}"

    @api.model
    def _get_keys(self):
        """Public keys of the log, the active one first, as text.

        :raises cipher.KeyFileError: when there is none
        """
        ring = cipher.KeyRing.from_environment()
        active = ring.signing_key()
        others = [seed for seed in ring.sign_keys.values() if seed != active]
        origin = self._get_origin()
        return [
            verify_log.key_text(origin, signed_note.public_key(seed))
            for seed in (active, *others)
        ]

    @api.model
    def _prepare_head(self):
        """Newest checkpoint as ``tools.messages.LogHead``, for witnesses; None."""
        point = self.search([], limit=1)
        if not point:
            return None
        try:
            return {"note": point.note, "key": self._get_keys()[0]}
        except cipher.KeyFileError:
            return None

    @api.model
    def _parse_keys(self):
        return [*map(verify_log.Key.parse, self._get_keys())]

    def _check_signed(self):
        """Check signatures, and that the columns say what the notes do.

        :returns: ``(dict size -> tools.verify_log.Checkpoint, fault or None)``
        """
        if not self:
            return {}, None
        points = []
        for record in self:
            try:
                point = verify_log.Checkpoint.parse(record.note)
            except verify_log.LogError:
                return {}, verify_log.Fault(record.size, "forged", record.size)
            stated = (record.size, record.root_hash, record.algorithm)
            signed = (point.size, point.root.hex(), point.facts.get("hash"))
            if stated != signed or record.algorithm not in verify_log.ALGORITHMS:
                return {}, verify_log.Fault(record.size, "forged", record.size)
            points.append(point)
        return verify_log.check_witnessed(points, self._parse_keys())

    @api.model
    def _verify(self):
        """Verify log and business rows at once; None, or the first difference.

        A log of millions is verified by ``recall.audit.verification`` piece by piece.
        """
        differences = self.env["recall.audit.verification"]._verify_now()
        return differences[0] if differences else None

    def action_verify(self):
        """Ask for a verification and show it."""
        self.check_access("read")
        # sudo: nobody writes verifications; whoever reads checkpoints may ask for one.
        job = self.env["recall.audit.verification"].sudo().create({})
        # sudo: the scheduled action belongs to nobody.
        self.env.ref("recall_base.ir_cron_verify").sudo()._trigger()
        return {
            "type": "ir.actions.act_window",
            "name": job.display_name,
            "res_model": job._name,
            "res_id": job.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    def action_prove_growth(self):
        """Save the proof that the log only grew from the first chosen to the last.

        With one chosen, up to the newest.
        """
        sizes = self.mapped("size")
        if len(sizes) == 1:
            sizes += self.search([], limit=1).mapped("size")
        return {
            "type": "ir.actions.act_url",
            "url": f"/recall/log/growth/{min(sizes)}/{max(sizes)}",
            "target": "download",
        }

    # === The file outside the database === #

    @api.model
    def _get_file(self):
        """Path of the file of checkpoints, or None."""
        path = os.environ.get(FILE_VARIABLE)
        return path and path.replace("{database}", self.env.cr.dbname)

    @api.model
    def _append_to_file(self, note):
        """Append a note to the file, after the commit: what is undone was never signed.

        A failure is logged and stops nothing: the note is in the database, and
        published.
        """
        path = self._get_file()
        if not path:
            return
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            with open(descriptor, "ab") as file:
                file.write(f"{note}\n".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            _logger.error("The checkpoint file %s is not written: %s", path, error)

    @api.model
    def _read_file(self):
        """Text of the file of checkpoints; "" where there is none.

        :raises UserError: when it cannot be read
        """
        path = self._get_file()
        if not path:
            return ""
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(
                self.env._("The checkpoint file cannot be read: %s", error)
            ) from error
