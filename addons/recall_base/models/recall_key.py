# SPDX-License-Identifier: LGPL-3.0-only
from datetime import date

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..tools import cipher
from ..tools.notification import notify


class RecallKey(models.Model):
    """What still needs a key of the key file: id and figures, never the key itself.

    Written by the job that seals anew, so that no screen counts big tables.
    """

    _name = "recall.key"
    _description = "Key of the key file"
    _order = "section, kid desc"
    _rec_name = "kid"
    _log_access = False

    section = fields.Selection(
        [
            ("seal", "Sealing"),
            ("blind", "Digests"),
            ("token", "Tokens"),
            ("sign", "Signing of the log"),
        ],
        string="Use",
        required=True,
        readonly=True,
    )
    kid = fields.Char(string="Key id", required=True, readonly=True)
    year = fields.Char(readonly=True, help="Year whose contact data it seals.")
    state = fields.Selection(
        [
            ("active", "In use"),
            ("ahead", "Made ahead"),
            ("holds", "Holds the data of its year"),
            ("needed", "Still needed"),
            ("free", "May be retired"),
            ("destroyed", "Destroyed: its data is erased"),
        ],
        required=True,
        readonly=True,
    )
    value_count = fields.Integer(string="Values", readonly=True)
    counts = fields.Json(readonly=True, help="Values under it, by model.")
    detail = fields.Text(string="What needs it", compute="_compute_detail")
    counted_at = fields.Datetime(
        readonly=True, help="When the oldest of the counts was made."
    )

    _kid_uniq = models.UniqueIndex("(section, kid)")

    @api.depends("section", "counts", "value_count")
    @api.depends_context("lang")
    def _compute_detail(self):
        for key in self:
            key.detail = key._tell_need()

    def _tell_need(self):
        if self.section == "seal":
            # sudo: names of models, for readers of this list.
            names = self.env["ir.model"].sudo()
            return "\n".join(
                f"{names._get(model).name}: {count}"
                for model, count in (self.counts or {}).items()
            )
        if self.section == "blind":
            return self.env._(
                "Repeats of reports and of quarantined records are recognised by "
                "digests that cannot be made anew: keep the key as long as such "
                "repeats are to be expected."
            )
        if self.section == "token":
            return self.value_count and self.env._("Live tokens: issue them anew.")
        return self.env._("Checkpoints are verified with its public half.")

    @api.model
    def _refresh(self):
        """Write anew what needs each key, by the last counts of the job."""
        keys = cipher.KeyRing.from_environment()
        jobs = self.env["recall.reseal"].search([])
        rows = [
            *self._describe_seal(keys, jobs),
            *self._describe_blind(keys, jobs),
            *self._describe_token(keys),
            *self._describe_sign(keys),
        ]
        self.search([]).unlink()
        self.create(rows)

    def _describe_seal(self, keys, jobs):
        counts = jobs.mapped("counted_at")
        counted = bool(counts) and all(counts) and min(counts)
        settled = all(job._is_settled() for job in jobs)
        used = {kid for job in jobs for kid in job.counts or {}}
        for kid in [*keys.seal_keys, *sorted(used.difference(keys.seal_keys))]:
            counts = {
                job.res_model: job.counts[kid]
                for job in jobs
                if kid in (job.counts or {})
            }
            yield {
                "section": "seal",
                "kid": kid,
                "year": cipher.year_of(kid),
                "state": self._seal_state(keys, kid, bool(counts), settled),
                "value_count": sum(counts.values()),
                "counts": counts,
                "counted_at": counted,
            }

    @staticmethod
    def _seal_state(keys, kid, has_values, settled):
        if kid not in keys.seal_keys:
            return "destroyed"
        if kid == keys.sealing_kid():
            return "active"
        if (cipher.year_of(kid) or 0) > date.today().year:
            return "ahead"
        if has_values and keys.successor(kid) == kid:
            return "holds"
        return "free" if settled and not has_values else "needed"

    def _describe_blind(self, keys, jobs):
        done = all(
            job._is_settled() and job.blind_kid == keys.active["blind"] for job in jobs
        )
        for kid in keys.blind_keys:
            is_active = kid == keys.active["blind"]
            yield {
                "section": "blind",
                "kid": kid,
                "state": "active" if is_active else "free" if done else "needed",
            }

    def _describe_token(self, keys):
        for kid in keys.token_keys:
            # sudo: tokens are counted, not shown.
            live = self.env["recall.token"].sudo()._count_live_under(kid)
            is_active = kid == keys.active["token"]
            yield {
                "section": "token",
                "kid": kid,
                "state": "active" if is_active else "needed" if live else "free",
                "value_count": live,
            }

    def _describe_sign(self, keys):
        for kid in keys.sign_keys:
            yield {
                "section": "sign",
                "kid": kid,
                "state": "active" if kid == keys.active["sign"] else "needed",
            }

    @api.model
    def _is_destroyed(self, kid):
        """Whether the last count found values under a key for sealing that is gone.

        :param str kid: id of a key; one that a file lacks may only be missing there
        """
        found = [
            ("section", "=", "seal"),
            ("kid", "=", kid),
            ("state", "=", "destroyed"),
        ]
        return bool(self.search_count(found, limit=1))

    @api.model
    def action_count(self):
        """Have the job run now: it seals anew what is left, and counts."""
        if not self.env.user.has_group("recall_base.group_keeper"):
            raise AccessError(
                self.env._("Only keepers of the records may start the job.")
            )
        # sudo: nobody writes how far the job is but for it and this.
        self.env["recall.reseal"].sudo().search([]).write({"counted_at": False})
        # sudo: the scheduled action belongs to nobody.
        self.env.ref("recall_base.ir_cron_reseal").sudo()._trigger()
        return notify(
            self.env._("The job starts within a minute. Open this list again then."),
            kind="info",
        )
