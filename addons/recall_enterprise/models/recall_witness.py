# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.recall_base.tools import verify_log

#: Checkpoints without fault that are kept of a regulator; all others stay.
KEPT = 1000


class RecallWitness(models.Model):
    """A checkpoint of the regulator's operation log, as it came with a request.

    The producer is a witness: a log that was set back or written anew does not fit the
    checkpoints that producers hold. The first key that came is trusted, another one
    only when an administrator says so.
    """

    _name = "recall.witness"
    _description = "Witnessed checkpoint of the regulator's log"
    _order = "id desc"
    _rec_name = "size"
    _log_access = False

    producer_id = fields.Many2one(
        "recall.producer", required=True, readonly=True, ondelete="cascade"
    )
    received_at = fields.Datetime(
        required=True, readonly=True, default=fields.Datetime.now
    )
    origin = fields.Char(string="Log", readonly=True)
    size = fields.Integer(string="Entries", readonly=True)
    root_hash = fields.Char(readonly=True)
    signed_at = fields.Char(string="Signed at", readonly=True, help="UTC.")
    note = fields.Text(string="Signed checkpoint", required=True, readonly=True)
    key = fields.Char(string="Public key", required=True, readonly=True)
    trusted = fields.Boolean(
        readonly=True, help="Checkpoints signed with this key are accepted."
    )
    verdict = fields.Selection(
        [
            ("fits", "Fits"),
            ("shrunk", "The log was set back"),
            ("split", "The log was written anew"),
            ("forged", "Not validly signed"),
            ("other_key", "Another log or key"),
        ],
        required=True,
        readonly=True,
    )
    acknowledged_id = fields.Many2one(
        "res.users", string="Acknowledged by", readonly=True
    )

    _note_uniq = models.UniqueIndex("(producer_id, md5(note))")
    _size_idx = models.Index("(producer_id, size)")
    _alarm_idx = models.Index(
        "(producer_id) WHERE verdict != 'fits' AND acknowledged_id IS NULL"
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What was witnessed is kept."))

    @api.model
    def _note(self, producer, head):
        """Keep a checkpoint that came with an authorised request, and judge it.

        :param producer: ``recall.producer`` whose token the request had
        :param head: ``tools.messages.LogHead`` or None
        """
        if not head or self._is_known(producer, head.note):
            return
        vals = self._judge(producer, head)
        columns = SQL(", ").join(map(SQL.identifier, vals))
        # Another request may bring the same at the same moment.
        self.env.cr.execute(
            SQL(
                """INSERT INTO recall_witness (%s) VALUES %s
                   ON CONFLICT (producer_id, md5(note)) DO NOTHING RETURNING id""",
                columns,
                tuple(vals.values()),
            )
        )
        row = self.env.cr.fetchone()
        if row and vals["verdict"] != "fits":
            self.env["recall.audit.event"]._record(
                "witness.alarm", self.browse(row[0]), verdict=vals["verdict"]
            )
        self._forget(producer)

    def _is_known(self, producer, note):
        self.env.cr.execute(
            SQL(
                """SELECT EXISTS (SELECT FROM recall_witness
                                   WHERE producer_id = %s AND md5(note) = md5(%s))""",
                producer.id,
                note,
            )
        )
        return self.env.cr.fetchone()[0]

    def _judge(self, producer, head):
        """Values of a new record."""
        vals = {
            "producer_id": producer.id,
            "received_at": fields.Datetime.now(),
            "note": head.note,
            "key": head.key,
            "verdict": "forged",
        }
        try:
            point = verify_log.Checkpoint.parse(head.note)
            signed = point.is_signed_by([verify_log.Key.parse(head.key)])
        except verify_log.LogError:
            return vals
        if not signed or point.size > 2**31 - 1:
            return vals
        trusted = self.search(
            [("producer_id", "=", producer.id), ("trusted", "=", True)]
        )
        known = trusted.filtered(lambda item: item.key == head.key)
        return {
            **vals,
            "origin": point.origin,
            "size": point.size,
            "root_hash": point.root.hex(),
            "signed_at": point.facts.get("time", ""),
            "trusted": not trusted,
            "verdict": "fits"
            if not trusted
            else self._compare(producer, point)
            if known
            else "other_key",
        }

    def _compare(self, producer, point):
        """Compare a checkpoint with those that came before."""
        own = Domain("producer_id", "=", producer.id) & Domain("verdict", "=", "fits")
        same = self.search(own & Domain("size", "=", point.size))
        if set(same.mapped("root_hash")) - {point.root.hex()}:
            return "split"
        # A request that was long on its way brings an older one: that was signed
        # earlier, too.
        later = self.search(own, order="size desc", limit=1)
        signed_at = point.facts.get("time", "")
        if later.size > point.size and later.signed_at <= signed_at:
            return "shrunk"
        return "fits"

    def _forget(self, producer):
        """Delete what fits and is older than ``KEPT`` others."""
        self.env.cr.execute(
            SQL(
                """DELETE FROM recall_witness
                    WHERE producer_id = %s AND verdict = 'fits' AND NOT trusted
                      AND id < (SELECT id FROM recall_witness WHERE producer_id = %s
                                 ORDER BY id DESC OFFSET %s LIMIT 1)""",
                producer.id,
                producer.id,
                KEPT,
            )
        )
        self.invalidate_model()

    # === The administrator === #

    def action_acknowledge(self):
        """Take an alarm off the board; it stays in the list."""
        self._check_administrator()
        # sudo: nobody writes what was witnessed but for this and the next.
        self.sudo().acknowledged_id = self.env.uid

    def action_trust(self):
        """Accept the key of a checkpoint: the regulator said that it is its own."""
        self._check_administrator()
        self.ensure_one()
        # sudo: no role writes witnesses; who may trust a key was checked.
        self.sudo().write({"trusted": True, "acknowledged_id": self.env.uid})
        self.env["recall.audit.event"]._record("witness.trust", self, key=self.key)

    def _check_administrator(self):
        self.check_access("read")
        if not self.env.user.has_group("recall_enterprise.group_administrator"):
            raise UserError(
                self.env._("Only administrators decide about the regulator's log.")
            )
