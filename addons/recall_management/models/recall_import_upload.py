# SPDX-License-Identifier: LGPL-3.0-only
import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.recall_base.models.recall_import import KEEP_DAYS, OPEN
from odoo.addons.recall_base.tools.messages import ApiStatus, MessageError

#: VIN lists that one filing system may have waiting for a plan, and their bytes.
MAX_WAITING = 20
MAX_WAITING_BYTES = 2 << 30
#: Refused rows that an answer names; the count is whole.
MAX_NAMED = 100


class RecallImport(models.Model):
    """A VIN list that a filing system uploaded, for a plan that names it later.

    It is an import of the kind *vins* without a plan: the file is looked at and kept
    sealed at once. The plan that names it by its reference starts it; the job then goes
    on in the background as any other. One that no plan names is deleted after
    ``KEEP_DAYS``, as every file that nobody goes on with.
    """

    _inherit = "recall.import"

    filing_system_id = fields.Many2one(
        "recall.filing.system",
        string="Uploaded by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The filing system that sent the file by its interface.",
    )
    reference = fields.Char(
        string="Reference of the upload",
        readonly=True,
        copy=False,
        help="By this a plan of the filing system names the file (vinFile).",
    )
    announced_rows = fields.Integer(
        string="Rows announced",
        readonly=True,
        copy=False,
        help="How many VINs the list has, as the plan says that names it.",
    )

    _reference_uniq = models.UniqueIndex("(reference) WHERE reference IS NOT NULL")

    @api.model
    def _check_quota(self, system):
        """Refuse a further upload where too many wait for a plan already."""
        waiting = self.search(self._waiting_domain(system))
        if len(waiting) >= MAX_WAITING or sum(waiting.mapped("size")) >= (
            MAX_WAITING_BYTES
        ):
            raise MessageError(
                ApiStatus.NOT_PERMITTED,
                f"{len(waiting)} uploads wait for a plan that names them: send the "
                f"plans first. An upload is deleted after {KEEP_DAYS} days.",
            )

    def _waiting_domain(self, system):
        return [
            ("filing_system_id", "=", system.id),
            ("plan_id", "=", False),
            ("state", "in", OPEN),
        ]

    @api.model
    def _take_upload(self, system, file):
        """Keep an uploaded VIN list; the same one again is the one that waits.

        :param file: werkzeug's ``FileStorage``
        :returns: the job
        :raises MessageError: when it is no table with a column of VINs
        """
        job = self.create(
            {
                "kind": "vins",
                "filing_system_id": system.id,
                "reference": secrets.token_urlsafe(16),
            }
        )
        try:
            job._upload(file.stream, file.filename or job.reference)
        except UserError as error:
            raise MessageError(ApiStatus.PARAMETER_FORMAT, str(error)) from error
        if job.state != "mapped":
            raise MessageError(
                ApiStatus.PARAMETER_FORMAT,
                "The file has no column of VINs: name it VIN in the first row.",
            )
        same = self.search(
            [
                *self._waiting_domain(system),
                ("sha256", "=", job.sha256),
                ("id", "!=", job.id),
            ],
            limit=1,
        )
        if same:
            job.unlink()
        return same or job

    @api.model
    def _name_upload(self, system, plan, named):
        """Have the upload taken in that a plan names; once, whoever names it again.

        :param named: ``tools.plan_messages.PlanVinFile``
        :returns: dict as ``tools.plan_messages.PlanVinFileResult`` describes it
        :raises MessageError: when it cannot be the list of this plan
        """
        job = self.search(
            [
                ("reference", "=", named.reference),
                ("filing_system_id", "=", system.id),
            ]
        )
        if fault := job._find_fault(plan, named):
            raise MessageError(ApiStatus.PARAMETER_FORMAT, fault, "vinFile")
        if job.state in OPEN:
            job.write({"plan_id": plan.id, "announced_rows": named.rows})
            job.action_start()
        return job._tell_state()

    def _find_fault(self, plan, named):
        if not self or (self.state == "stopped" and not self.plan_id):
            return (
                "No upload has this reference: send the file again. An upload that no "
                f"plan names is deleted after {KEEP_DAYS} days."
            )
        if self.sha256 != named.sha256:
            return (
                "The upload has another SHA-256 than vinFile says: the file was "
                "changed on its way. Send it again and name the new reference."
            )
        if self.plan_id and self.plan_id != plan:
            return "This upload is the VIN list of another plan: upload one for each."
        return None

    def _tell_state(self):
        """How far the job is, for the answer to the filing system."""
        told = {
            "reference": self.reference,
            "state": self.state,
            "read": self.read_count,
            "added": self.taken_count,
            "repeated": self.repeated_count,
            "refused": self.refused_count,
        }
        errors = self.env["recall.import.error"].search(
            [("import_id", "=", self.id)], order="row, id", limit=MAX_NAMED
        )
        if errors:
            told["errors"] = [{"row": e.row, "code": e.code} for e in errors]
        if self.failure:
            told["message"] = self.failure
        elif self.state == "done" and self.read_count != self.announced_rows:
            told["message"] = (
                f"The file has {self.read_count} rows; the plan said "
                f"{self.announced_rows}."
            )
        return told
