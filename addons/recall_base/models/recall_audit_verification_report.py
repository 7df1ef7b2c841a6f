# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models


class RecallAuditVerification(models.Model):
    """What a verification found, in words: place and kind of each difference."""

    _inherit = "recall.audit.verification"

    @api.depends("state", "differences")
    @api.depends_context("lang")
    def _compute_report(self):
        for job in self:
            if job.differences:
                lines = map(job._tell, job.differences)
                job.report = "\n".join(lines)
            elif job.state == "unbroken":
                job.report = self.env._(
                    "The log is unbroken: %(size)s entries agree with their seals and "
                    "with every checkpoint, and all business records are as they were "
                    "logged.",
                    size=job.verified_count,
                )
            else:
                job.report = ""

    def _tell(self, difference):
        """One difference as a sentence."""
        kind = difference["kind"]
        if kind == "unreadable":
            return self.env._(
                "The checkpoint file could not be compared: %(reason)s", **difference
            )
        if "table" in difference:
            kinds, place = (
                self._row_kinds(),
                {
                    "model": self._name_of(difference["table"]),
                    "id": difference["id"],
                },
            )
        else:
            kinds, place = (
                self._log_kinds(),
                {
                    "first": difference["sequence"],
                    "last": difference["until"],
                },
            )
        return kinds[kind] % place

    def _name_of(self, table):
        model = next((name for name in self.env if self.env[name]._table == table), "")
        return self.env[model]._description if model else table

    def _row_kinds(self):
        return {
            "changed": self.env._(
                "%(model)s %(id)s was changed in the database, past the application."
            ),
            "missing": self.env._(
                "%(model)s %(id)s was deleted in the database, past the application."
            ),
            "inserted": self.env._(
                "%(model)s %(id)s was inserted in the database, past the application."
            ),
        }

    def _log_kinds(self):
        return {
            "changed": self.env._(
                "Entry %(first)s of the log is not the one that was sealed."
            ),
            "missing": self.env._("Entry %(first)s of the log is missing."),
            "repeated": self.env._("Entry %(first)s of the log is there twice."),
            "cut": self.env._(
                "The log was cut or set back: it ends before entry %(first)s, while a "
                "checkpoint covers %(last)s."
            ),
            "rewritten": self.env._(
                "The log was written anew between the entries %(first)s and %(last)s: "
                "it does not fit the signed checkpoint at %(last)s."
            ),
            "uncovered": self.env._(
                "No checkpoint covers the log from entry %(first)s on: checkpoints "
                "were removed, or could not be signed."
            ),
            "forged": self.env._(
                "The checkpoint of %(first)s entries has no valid signature, or says "
                "something else than was signed."
            ),
            "split": self.env._(
                "Two signed checkpoints of %(first)s entries name different logs."
            ),
        }
