# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, fields, models


class RecallImportColumn(models.Model):
    """A column of an uploaded file and what it is read as."""

    _name = "recall.import.column"
    _description = "Column of an imported file"
    _audited = {"write"}
    _inherit = ["recall.kept.fields.mixin"]
    _log_access = False
    _order = "import_id, position"
    _rec_name = "header"
    _written_fields = {"target"}

    import_id = fields.Many2one(
        "recall.import", required=True, index=True, readonly=True, ondelete="cascade"
    )
    position = fields.Integer(required=True, readonly=True)
    header = fields.Char(string="Column of the file", required=True, readonly=True)
    sample = fields.Char(string="For example", readonly=True, help="Masked.")
    target = fields.Selection(
        selection="_select_target",
        string="Is read as",
        help="Columns without it are not read.",
    )
    targets = fields.Char(compute="_compute_targets")

    @api.model
    def _select_target(self):
        """The columns of every kind; ``targets`` says which ones fit the job."""
        kinds = self.env["recall.import"]._fields["kind"].get_values(self.env)
        return [
            (f"{kind}.{column.name}", column.label)
            for kind in kinds
            for column in self.env[f"recall.import.kind.{kind}"]._columns()
        ]

    @api.depends("import_id.kind")
    def _compute_targets(self):
        for column in self:
            job = column.import_id
            names = [item.name for item in job._kind()._columns()] if job.kind else []
            column.targets = ",".join(f"{job.kind}.{name}" for name in names)

    def write(self, vals):
        if not self.env.su:
            self.import_id._check_rights()
            self.import_id._check_open()
        done = super().write(vals)
        if not self.env.su:
            self.import_id._after_mapping()
        return done
