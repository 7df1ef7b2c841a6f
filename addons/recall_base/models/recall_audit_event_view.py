# SPDX-License-Identifier: LGPL-3.0-only
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .recall_audit_event_names import FACTS, NAMES

#: Names of records that a cell shows.
SHOWN = 5
_DIGEST = re.compile(r"(sm3:)?[0-9a-f]{64}")


class RecallAuditEvent(models.Model):
    """How people read an event: in words, with the record's name and its fields'.

    Names are looked up as they are now, with the reader's own rights: what that account
    may not see, or what is gone, stays a number.
    """

    _inherit = "recall.audit.event"

    deed = fields.Char(compute="_compute_deed")
    record_name = fields.Char(string="Of what", compute="_compute_record_name")
    summary = fields.Char(string="What changed", compute="_compute_changes")
    changes = fields.Html(compute="_compute_changes", sanitize=False)

    @api.depends("action")
    @api.depends_context("lang")
    def _compute_deed(self):
        for event in self:
            action = event.action or ""
            name = NAMES.get(action) or NAMES.get(action.rpartition(".")[2])
            event.deed = self.env._(name) if name else action

    @api.depends("deed")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for event in self:
            event.display_name = event.deed

    @api.depends("res_model", "res_id")
    @api.depends_context("lang", "uid")
    def _compute_record_name(self):
        for model, events in self.grouped("res_model").items():
            known = model in self.env
            title = self.env["ir.model"]._get(model).name if known else model
            names = self._read_names(model, events.mapped("res_id")) if known else {}
            for event in events:
                number = f"#{event.res_id}" if event.res_id else ""
                name = names.get(event.res_id) or number
                event.record_name = ": ".join(filter(None, (title, name)))

    @api.depends("detail", "res_model")
    @api.depends_context("lang", "uid")
    def _compute_changes(self):
        for event in self:
            rows = event._list_changes()
            event.summary = ", ".join(row[0] for row in rows)
            event.changes = self.env["ir.qweb"]._render(
                "recall_base.recall_audit_event_changes",
                {"rows": rows, "facts": event._list_facts()},
            )

    def action_open_record(self):
        """Open the record that the event is of."""
        self.ensure_one()
        if not self.env[self.res_model].browse(self.res_id).exists():
            raise UserError(self.env._("The record is no longer there."))
        return {
            "type": "ir.actions.act_window",
            "name": self.record_name,
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }

    def _list_changes(self):
        """``(label, before, after)`` of each field that changed."""
        changes = (self.detail or {}).get("changes") or {}
        shown = self.env[self.res_model]._fields if self.res_model in self.env else {}
        rows = []
        for name, values in changes.items():
            field = shown.get(name)
            label = field._description_string(self.env) if field else name
            texts = (
                [self._show(field, value) for value in values]
                if values
                else ["", self.env._("changed, not kept")]
            )
            rows.append((label, *texts))
        return rows

    def _list_facts(self):
        """``(name, text)`` of what an event tells besides."""
        return [
            (
                self.env._(FACTS[name]) if name in FACTS else name,
                ", ".join(map(str, value)) if isinstance(value, list) else value,
            )
            for name, value in (self.detail or {}).items()
            if name != "changes"
        ]

    def _show(self, field, value):
        """A value as people read it."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return self.env._("Yes") if value else self.env._("No")
        if isinstance(value, str) and _DIGEST.fullmatch(value):
            return self.env._("hidden (%(digest)s)", digest=value[-8:])
        if field and field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if field and field.relational and field.comodel_name in self.env:
            ids = value if isinstance(value, list) else [value]
            names = self._read_names(field.comodel_name, ids[:SHOWN])
            more = [f"+{len(ids) - SHOWN}"] if len(ids) > SHOWN else []
            return ", ".join([*(names.get(i) or f"#{i}" for i in ids[:SHOWN]), *more])
        return str(value)

    def _read_names(self, model, ids):
        """Names of records that are there still and that the account may read."""
        records = self.env[model].browse({one for one in ids if one}).exists()
        try:
            return {record.id: record.display_name for record in records}
        except AccessError:
            return {}
