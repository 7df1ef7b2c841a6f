# SPDX-License-Identifier: LGPL-3.0-only
import secrets

from odoo import fields, models


class RecallDelivery(models.Model):
    """A batch of confirmed records that was handed to the management terminal.

    A request that names the delivery's cursor acknowledges it and gets the next one;
    until then the same delivery is given again. A record belongs to the delivery that
    carries its present version, so that none is asked for by "greater than the last":
    that would lose rows which commit late.
    """

    _name = "recall.delivery"
    _description = "Delivery to the management terminal"
    _audited = frozenset()
    _order = "id desc"
    _rec_name = "cursor"

    producer_id = fields.Many2one(
        "recall.producer", required=True, readonly=True, index=True, ondelete="restrict"
    )
    interface_id = fields.Many2one(
        "recall.interface",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    cursor = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: secrets.token_urlsafe(18),
    )
    mode = fields.Selection(
        [("acknowledged", "With acknowledgement"), ("plain", "Plain: last days")],
        required=True,
        readonly=True,
    )
    record_count = fields.Integer(string="Records", readonly=True)
    completion_count = fields.Integer(
        string="New reports", readonly=True, help="Records of the kind completion."
    )
    correction_count = fields.Integer(string="Corrections", readonly=True)
    withdrawal_count = fields.Integer(string="Withdrawals", readonly=True)
    left_out_count = fields.Integer(
        string="Left out",
        readonly=True,
        help="Records of the window that did not fit into a plain answer; the next "
        "answers hold them.",
    )
    position = fields.Integer(
        readonly=True, help="Where the next plain answer goes on when one is too small."
    )
    sent_at = fields.Datetime(
        string="First sent at", readonly=True, default=fields.Datetime.now
    )
    acknowledged_at = fields.Datetime(readonly=True)
    seconds = fields.Float(
        string="Acknowledged after (s)",
        readonly=True,
        aggregator="avg",
        digits=(12, 1),
        help="From the first sending to the acknowledgement.",
    )
    state = fields.Selection(
        [
            ("waiting", "Waits for acknowledgement"),
            ("acknowledged", "Acknowledged"),
            ("plain", "Plain answer"),
        ],
        compute="_compute_state",
    )
    completion_ids = fields.One2many(
        "recall.completion", "delivery_id", string="Repair reports", readonly=True
    )

    _cursor_uniq = models.Constraint("UNIQUE(cursor)", "This cursor is in use.")
    _pending_uniq = models.UniqueIndex(
        "(producer_id) WHERE acknowledged_at IS NULL AND mode = 'acknowledged'",
        "The producer has a delivery that waits for its acknowledgement.",
    )

    def _compute_state(self):
        for delivery in self:
            if delivery.mode == "plain":
                delivery.state = "plain"
            else:
                delivery.state = (
                    "acknowledged" if delivery.acknowledged_at else "waiting"
                )
