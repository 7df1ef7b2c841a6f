# SPDX-License-Identifier: LGPL-3.0-only
import atexit
import logging
from collections import Counter, defaultdict
from datetime import UTC, datetime, time, timedelta
from functools import partial

from odoo import SUPERUSER_ID, api, fields, models
from odoo.modules.registry import Registry
from odoo.tools import SQL

from ..tools.meter import Meter

_logger = logging.getLogger(__name__)

#: The counts of this process, by the name of the database and of the model.
meters = defaultdict(Meter)


class CounterMixin(models.AbstractModel):
    """A table of counts by the hour that no request writes to.

    Each server process counts in memory. Every few seconds (``tools.meter.PERIOD``) it
    hands its counts over, by one statement in a transaction of its own; what fails is
    kept and handed over later. A process that ends in order leaves nothing behind; one
    that is killed loses the counts of these seconds.

    A model names in ``_counted_by`` the fields that tell its rows of an hour apart, for
    which it has a unique index, in ``_counted`` the fields that are summed up (how
    often first), and in ``_shown_by`` the field by which a day's figures are shown.
    """

    _name = "recall.counter.mixin"
    _description = "Counts by the hour"

    _counted_by = ()
    _counted = ()
    _shown_by = None

    hour = fields.Datetime(readonly=True, required=True, help="Begin of the hour.")

    @api.model
    def _count(self, key, amounts):
        """Count within a request; handed over when its transaction has ended."""
        registry = self.env.registry
        meters[registry.db_name, self._name].count(key, amounts)
        self.env.cr.postcommit.add(partial(hand_over, registry, self._name))

    @api.model
    def _store_counts(self, counts):
        """Add the counts of one process to the table.

        :param dict counts: as ``tools.meter.Meter.take`` gives them
        """
        names = ("hour", *self._counted_by, *self._counted)
        # In one order for all processes: they wait for each other, and never in a ring.
        rows = sorted(
            ((_to_time(hour), *key, *counts[hour, *key]) for hour, *key in counts),
            key=lambda row: [(value is not None, value) for value in row],
        )
        types = [SQL(self._fields[name].column_type[1]) for name in names]
        more, counted = self._complete_counts(
            SQL(
                "(VALUES %s) AS v(%s)",
                SQL(", ").join(
                    SQL("(%s)", SQL(", ").join(map(_cast, row, types))) for row in rows
                ),
                _identifiers(names),
            )
        )
        # No answer hangs on it: a crash of the database server may lose the last half
        # second, and who holds a row up is not waited for.
        self.env.cr.execute(
            SQL(
                """SET LOCAL synchronous_commit = off; SET LOCAL lock_timeout = 500;
                   INSERT INTO %s AS known (%s) %s
                   ON CONFLICT (%s) DO UPDATE SET %s""",
                SQL.identifier(self._table),
                _identifiers((*names, *more)),
                counted,
                _identifiers(("hour", *self._counted_by)),
                SQL(", ").join(
                    SQL("%(name)s = known.%(name)s + excluded.%(name)s", name=name)
                    for name in map(SQL.identifier, self._counted)
                ),
            )
        )
        self.invalidate_model()

    @api.model
    def _read_days(self, domain, first, last):
        """Count by day and ``_shown_by``, with the account's own rights.

        Days are those of the quotas: of UTC.

        :param date first: first and ``last`` day, both with it
        :returns: dict of every day between -> ``Counter``
        """
        begin = datetime.combine(first, time.min)
        end = datetime.combine(last + timedelta(days=1), time.min)
        groups = self.with_context(tz="UTC")._read_group(
            [*domain, ("hour", ">=", begin), ("hour", "<", end)],
            ["hour:day", self._shown_by],
            [f"{self._counted[0]}:sum"],
        )
        counted = defaultdict(Counter)
        for day, name, count in groups:
            counted[day.date()][name] += count
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        return {day: counted[day] for day in days}

    def _complete_counts(self, counted):
        """Names of the columns that are stored beside, and the query of all columns."""
        return (), SQL("SELECT v.* FROM %s", counted)

    @api.model
    def _prepare_stored(self, counts):
        """What to call when counts are stored for good, or None."""
        return


def hand_over(registry, model, *, all_of_it=False):
    """Store the counts of this process in a transaction of their own, if it is time."""
    meter = meters[registry.db_name, model]
    counts = meter.take(all_of_it=all_of_it)
    if not counts:
        return
    try:
        with registry.cursor() as cr:
            usage = api.Environment(cr, SUPERUSER_ID, {})[model]
            usage._store_counts(counts)
            stored = usage._prepare_stored(counts)
    except Exception:  # nobody's answer depends on our counts
        meter.give_back(counts)
        _logger.warning("Usage is not stored yet; it is tried again", exc_info=True)
    else:
        if stored:
            stored()


@atexit.register
def _hand_over_the_rest():
    """A process that ends in order leaves no counts behind."""
    for (name, model), meter in list(meters.items()):
        if meter.pending():
            hand_over(Registry(name), model, all_of_it=True)


def _to_time(seconds):
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _cast(value, column_type):
    return SQL("%s::%s", value, column_type)


def _identifiers(names):
    return SQL(", ").join(map(SQL.identifier, names))
