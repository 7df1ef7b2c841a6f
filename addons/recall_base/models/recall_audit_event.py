# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.http import request

from ..tools import audit_values

#: Events of one call of the ORM; of more records one event tells.
BATCH = 50


class RecallAuditEvent(models.Model):
    """One entry of the operation log.

    Events are inserted in the transaction they describe, so that a deed and its event
    are committed together or not at all. The sealer numbers and chains them later
    (``recall.audit.seal``). Nobody writes or deletes events.
    """

    _name = "recall.audit.event"
    _description = "Operation log event"
    _order = "id desc"
    _log_access = False

    time = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one(
        "res.users",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",  # else the user's end would change sealed events
    )
    address = fields.Char(readonly=True, help="Address the request came from.")
    action = fields.Char(required=True, readonly=True, index=True)
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="res_model", readonly=True)
    detail = fields.Json(readonly=True, help="What was done, free of personal data.")

    @api.model
    def _record(self, action, record=None, **detail):
        """Log a deed in the current transaction.

        :param str action: what was done, as ``subject.verb``
        :param record: the record concerned (the first one names a batch)
        :param detail: JSON-able facts; never personal data, tokens or whole bodies
        """
        return self._insert([self._prepare(action, record, detail)])

    @api.model
    def _get_subject(self, records):
        """How actions name what is done to records of this model: ``data_user``."""
        return records._name.removeprefix("recall.").replace(".", "_")

    @api.model
    def _record_changes(self, verb, records, before, after, unread=()):
        """Log that records were created, written or deleted.

        Each has an event of its own; where one call concerns more than ``BATCH`` of
        them, there is one for all, with their number and the digest of their changes.

        :param str verb: "create", "write" or "unlink"
        :param dict before: id -> values as ``base._audit_values`` gives them
        :param dict after: the same, as it is now
        :param unread: names of what was written besides and cannot be read
        """
        subject = self._get_subject(records)
        facts = {}
        for record_id in records.ids:
            changes = audit_values.compare(
                before.get(record_id, {}), after.get(record_id, {})
            )
            changes.update(dict.fromkeys(unread))
            if changes or verb != "write":
                facts[record_id] = changes
        if len(facts) > BATCH:
            detail = {
                "count": len(facts),
                "ids": [*facts][: audit_values.LIST_LENGTH],
                "fields": sorted(set().union(*facts.values())),
                "digest": audit_values.digest([*facts.items()]),
            }
            events = [(records.browse([*facts][:1]), detail)]
        else:
            events = [
                (records.browse(record_id), {"changes": changes} if changes else {})
                for record_id, changes in facts.items()
            ]
        return self._insert(
            [self._prepare(f"{subject}.{verb}", *event) for event in events]
        )

    def _prepare(self, action, record, detail):
        return {
            "user_id": self.env.uid,
            "address": request.httprequest.remote_addr if request else False,
            "action": action,
            "res_model": record._name if record is not None else False,
            "res_id": record[:1].id if record else False,
            "detail": detail,
        }

    def _insert(self, vals_list):
        # sudo: the log takes entries of every account, and nobody may write to it.
        return self.sudo().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("Entries of the operation log cannot be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Entries of the operation log cannot be deleted."))
