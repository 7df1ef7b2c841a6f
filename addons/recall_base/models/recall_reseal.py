# SPDX-License-Identifier: LGPL-3.0-only
import logging
from datetime import date, timedelta

from odoo import api, fields, models

from ..tools import cipher
from .sealed_mixin import PASSING

_logger = logging.getLogger(__name__)

#: What holds a key ring longer than a request ends within this time: work that began
#: before a rotation may seal with the older key until then.
SETTLE = timedelta(hours=1)
#: So old may a count of passing values be that names other keys than the one in use:
#: nobody tells of what went by itself. Others are counted by the button alone.
RECOUNT = timedelta(days=1)
#: Day from which a missing key of the next year is warned of.
WARN_FROM = (12, 1)


class RecallReseal(models.Model):
    """How far the values of one model have followed the keys in the key file.

    The goal names the keys. When it changes, all records are gone through in the order
    of their ids; what was done is committed batch by batch, so that a job that was
    killed goes on where it stopped.
    """

    _name = "recall.reseal"
    _description = "Sealing anew of a model's values"
    _order = "res_model"

    res_model = fields.Char(string="Model", required=True, readonly=True)
    goal = fields.Char(readonly=True, help="Keys in the file when the run began.")
    goal_at = fields.Datetime(readonly=True)
    position = fields.Integer(
        readonly=True, help="Id of the last record that was done."
    )
    blind_kid = fields.Char(
        readonly=True, help="Key that all digests beside a sealed text are made with."
    )
    moved = fields.Integer(readonly=True, help="Values sealed anew in this run.")
    done = fields.Boolean(readonly=True)
    counts = fields.Json(readonly=True, help="Values under each key.")
    counted_at = fields.Datetime(readonly=True)

    _model_uniq = models.UniqueIndex("(res_model)")

    @api.model
    def _cron_run(self):
        """Move what is sealed under older keys, then count what is under each."""
        try:
            keys = cipher.KeyRing.from_environment()
        except cipher.KeyFileError as error:
            _logger.error("Nothing can be sealed anew: %s", error)
            return
        self._warn_of_next_year(keys)
        jobs = self._prepare_jobs()
        self.env["ir.cron"]._commit_progress(remaining=len(jobs))
        for job in jobs:
            if not job._run():
                break
        self.env["recall.key"]._refresh()

    @api.model
    def _warn_of_next_year(self, keys):
        today = date.today()
        years = map(cipher.year_of, keys.seal_keys)
        if (today.month, today.day) >= WARN_FROM and today.year + 1 not in years:
            _logger.warning(
                "There is no sealing key for %(year)s yet: run python key_file.py "
                "rotate --year %(year)s on the key file.",
                {"year": today.year + 1},
            )

    @api.model
    def _get_models(self):
        """Names of the models that have sealed columns."""
        found = self.env.registry.descendants(["recall.sealed.mixin"], "_inherit")
        return sorted(name for name in found if not self.env[name]._abstract)

    @api.model
    def _prepare_jobs(self):
        names = self._get_models()
        jobs = self.search([])
        jobs.filtered(lambda job: job.res_model not in names).unlink()
        jobs = jobs.exists()
        missing = set(names) - set(jobs.mapped("res_model"))
        jobs |= self.create([{"res_model": name} for name in sorted(missing)])
        return jobs.sorted("res_model")

    def _run(self):
        """Do what is left of this model; returns whether there is time for more."""
        self.ensure_one()
        Cron = self.env["ir.cron"]
        while True:
            # Read again each time: a rotation can come in between.
            keys = cipher.KeyRing.from_environment()
            self._follow(keys)
            if self.done:
                break
            if not self._run_batch(keys):
                self._finish(keys)
            if not Cron._commit_progress():
                return False
        if self._is_count_due(keys):
            self._count()
            # Something came in under an older key after the run had passed it.
            if self._has_stale(keys):
                self.write({"position": 0, "done": False})
        return bool(Cron._commit_progress(1))

    def _follow(self, keys):
        """Begin anew when the keys are no longer those of the goal."""
        goal = " ".join((*keys.seal_keys, keys.sealing_kid(), keys.active["blind"]))
        if goal != self.goal:
            self.write(
                {
                    "goal": goal,
                    "goal_at": fields.Datetime.now(),
                    "position": 0,
                    "moved": 0,
                    "done": False,
                }
            )

    def _run_batch(self, keys):
        """Seal the next records anew; returns whether there were any."""
        redigest = self.blind_kid != keys.active["blind"] and len(keys.blind_keys) > 1
        # Archived ones as well.
        Model = self.env[self.res_model].with_context(active_test=False)
        records = Model._find_stale(keys, self.position, redigest)
        if not records:
            return False
        moved = records._reseal(keys)
        records.invalidate_recordset()
        self.write({"position": records[-1].id, "moved": self.moved + moved})
        return True

    def _finish(self, keys):
        self.write({"done": True, "blind_kid": keys.active["blind"]})
        self._count()
        if self.moved:
            self.env["recall.audit.event"]._record(
                "key.reseal",
                self,
                model=self.res_model,
                count=self.moved,
                kid=keys.sealing_kid(),
            )

    def _is_settled(self):
        """Whether the count was made when nothing used the older keys any more."""
        return bool(
            self.done and self.counted_at and self.counted_at >= self.goal_at + SETTLE
        )

    def _is_count_due(self, keys):
        now = fields.Datetime.now()
        if not self.counted_at:
            return True
        if not self._is_settled():
            return now >= self.goal_at + SETTLE
        if PASSING not in self.env[self.res_model]._sealed.values():
            return False
        others = {*(self.counts or {})} - {keys.sealing_kid()}
        return bool(others) and now >= self.counted_at + RECOUNT

    def _count(self):
        counts = self.env[self.res_model]._count_kids()
        self.write({"counts": counts, "counted_at": fields.Datetime.now()})

    def _has_stale(self, keys):
        Model = self.env[self.res_model]
        return any(
            (self.counts or {}).get(kid)
            for kind in set(Model._sealed.values())
            for kid in Model._stale_kids(keys, kind)
        )
