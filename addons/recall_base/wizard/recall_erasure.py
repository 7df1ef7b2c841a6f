# SPDX-License-Identifier: LGPL-3.0-only
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.person_mixin import EMAIL, PHONE, VIN
from ..tools import contacts, phone
from ..tools.vin import is_vin


class RecallErasure(models.TransientModel):
    """Dialogue that finds and erases how one person is reached.

    What is typed is never stored: the records that it leads to are.
    """

    _name = "recall.erasure"
    _description = "Erase a person's contact data"

    sought = fields.Char(
        string="Phone number, mail address or VIN",
        compute="_compute_sought",
        inverse="_inverse_sought",
    )
    kind = fields.Selection(
        [(PHONE, "Phone number"), (EMAIL, "Mail address"), (VIN, "VIN")], readonly=True
    )
    shown = fields.Char(string="Sought", readonly=True, help="Masked.")
    line_ids = fields.One2many("recall.erasure.line", "erasure_id", string="Found")
    erased = fields.Boolean(readonly=True)

    def _compute_sought(self):
        self.sought = False  # write-only

    def _inverse_sought(self):
        for erasure in self:
            if text := (erasure.sought or "").strip():
                erasure._search_person(*erasure._recognise(text))
        # What was typed must not be in the answer either.
        self.invalidate_recordset(["sought"])

    def _recognise(self, text):
        """Tell what was typed: its kind, and its normal form."""
        if is_vin(text.upper()):
            return VIN, text.upper()
        if "@" in text:
            return EMAIL, text.lower()
        number = phone.normalize(text)
        if number:
            return PHONE, number
        raise UserError(
            self.env._(
                "This is no phone number (7 to 15 digits), no mail address and no VIN."
            )
        )

    def _search_person(self, kind, value):
        self.write(
            {
                "kind": kind,
                "shown": _mask(kind, value),
                "erased": False,
                "line_ids": [
                    fields.Command.clear(),
                    *map(fields.Command.create, self._prepare_lines(kind, value)),
                ],
            }
        )
        self.env["recall.audit.event"]._record(
            "person.seek", self, kind=kind, found=len(self.line_ids)
        )

    @api.model
    def _prepare_lines(self, kind, value):
        # sudo: keepers answer for all records; digests are hidden from every role.
        names = self.env["ir.model"].sudo()
        for name in self._get_models():
            # sudo: as above
            for record in self.env[name].sudo()._find_person(kind, value):
                kept = record._why_person_kept()
                yield {
                    "res_model": name,
                    "res_id": record.id,
                    "kind_name": names._get(name).name,
                    "name": record.display_name,
                    "shown": record._tell_person(),
                    "kept": kept,
                    "chosen": not kept,
                }

    @api.model
    def _get_models(self):
        """Names of the models that hold contact data."""
        found = self.env.registry.descendants(["recall.person.mixin"], "_inherit")
        return sorted(name for name in found if not self.env[name]._abstract)

    def action_search(self):
        """Show what was found; the search ran when the dialogue was saved."""
        self.ensure_one()
        if not self.kind:
            raise UserError(self.env._("Enter what the person is to be found by."))
        return self._show()

    def action_erase(self):
        """Erase what was chosen, for ever, and log how much of what it was."""
        self.ensure_one()
        self.check_access("write")
        chosen = self.line_ids.filtered(lambda line: line.chosen and not line.kept)
        if not chosen:
            raise UserError(self.env._("Choose what is to be erased."))
        counts = Counter()
        for name, lines in chosen.grouped("res_model").items():
            # sudo: as in the search; what may not go yet is looked at once more.
            records = self.env[name].sudo().browse(lines.mapped("res_id")).exists()
            records = records.filtered(lambda one: not one._why_person_kept())
            if records:
                counts[name] = len(records)
                records._forget_person()
        chosen.unlink()
        self.erased = True
        self.env["recall.audit.event"]._record(
            "person.erase", self, kind=self.kind, counts=dict(counts)
        )
        return self._show()

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Erase a person's contact data"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }


def _mask(kind, value):
    if kind == PHONE:
        return phone.mask_phone(value)
    return contacts.mask_email(value) if kind == EMAIL else value
