# SPDX-License-Identifier: LGPL-3.0-only
from datetime import date, datetime
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from .recall_lookup import PUBLIC_STATES, STATEMENT_LIMIT

#: Recalls on a page of the list.
PAGE_SIZE = 20
#: Choices of a filter; the search finds the rest.
CHOICES = 300
#: States of a plan as the public is told of them.
RUNNING = ("published", "running")
FINISHED = ("finished",)

# The day by which recalls are ordered: always there.
DAY = SQL("coalesce(plan.announced, plan.published_on, plan.recall_start)")
COUNTABLE = SQL(
    """(plan.vehicle_count - plan.exported_count - plan.scrapped_count
        - plan.stolen_count)"""
)


class Filters(NamedTuple):
    """What a visitor wants to see; None: whatever it is."""

    text: str | None = None
    year: int | None = None
    state: str | None = None
    producer: int | None = None
    brand: str | None = None
    series: str | None = None
    warned: bool = False


class ListedRecall(NamedTuple):
    """A recall in the list, in a feed or beside another one."""

    number: str
    state: str
    producer: str
    brand: str
    series: str
    day: date
    announced_count: int | None
    countable: int
    done: int
    over_the_air: bool
    do_not_drive: bool
    defect: str
    published: datetime
    updated: datetime

    @property
    def rate(self):
        return self.done / self.countable if self.countable else None

    @property
    def running(self):
        return self.state in RUNNING


class RecallCatalogue(models.AbstractModel):
    """S-QUERY: the published recalls, as anybody may read them.

    It reads plans by statements with fixed columns, as ``recall.lookup`` does: the
    public needs no right on any model, and nothing else can come along. Figures are
    the plan's counters; vehicles and reports are not touched.
    """

    _name = "recall.catalogue"
    _description = "Published recalls"

    @api.model
    def _list(self, filters, offset=0, limit=PAGE_SIZE):
        """Return the recalls that pass the filters, the newest first.

        :param Filters filters: what to show
        :rtype: list[ListedRecall]
        """
        return [
            ListedRecall(*row)
            for row in self._read(
                SQL(
                    """%s WHERE %s ORDER BY %s DESC, plan.recall_number DESC
                       LIMIT %s OFFSET %s""",
                    self._select_listed(),
                    self._where(filters),
                    DAY,
                    limit,
                    offset,
                )
            )
        ]

    @api.model
    def _list_published(self, filters, offset=0, limit=PAGE_SIZE):
        """The same in the order of publication: a feed ends where one has read before.

        :rtype: list[ListedRecall]
        """
        return [
            ListedRecall(*row)
            for row in self._read(
                SQL(
                    """%s WHERE %s ORDER BY published DESC, plan.recall_number DESC
                       LIMIT %s OFFSET %s""",
                    self._select_listed(),
                    self._where(filters),
                    limit,
                    offset,
                )
            )
        ]

    @api.model
    def _count(self, filters):
        """Return how many recalls pass the filters."""
        [[count]] = self._read(
            SQL(
                """SELECT count(*) FROM recall_plan plan
                     JOIN recall_producer producer ON producer.id = plan.producer_id
                    WHERE %s""",
                self._where(filters),
            )
        )
        return count

    @api.model
    def _site_map(self):
        """Numbers of all public recalls, with the day of their last change."""
        return self._read(
            SQL(
                """SELECT plan.recall_number,
                          greatest(%s, (SELECT max(time)::date
                                          FROM recall_plan_version version
                                         WHERE version.plan_id = plan.id))
                     FROM recall_plan plan WHERE plan.state IN %s ORDER BY 1""",
                DAY,
                PUBLIC_STATES,
            )
        )

    # === Filters === #

    @api.model
    def _choices(self, filters):
        """Return what each filter can be set to while the others stay as they are.

        :returns: dict filter -> list of ``(value, name, number of recalls)``; under
            ``warned`` the number alone
        """
        return {
            "year": self._choose(
                filters._replace(year=None),
                SQL("extract(year FROM %s)::int", DAY),
                order=SQL("1 DESC"),
            ),
            "warned": self._count(filters._replace(warned=True)),
            "state": self._choose(
                filters._replace(state=None),
                SQL(
                    "CASE WHEN plan.state IN %s THEN 'running' ELSE 'finished' END",
                    RUNNING,
                ),
                order=SQL("1 DESC"),
            ),
            "producer": self._choose(
                filters._replace(producer=None),
                SQL.identifier("producer", "id"),
                name=SQL.identifier("producer", "name"),
            ),
            "brand": self._choose(
                filters._replace(brand=None, series=None), SQL("line.brand"), lines=True
            ),
            "series": self._choose(
                filters._replace(series=None), SQL("line.series"), lines=True
            ),
        }

    def _choose(self, filters, value, *, name=None, order=None, lines=False):
        return self._read(
            SQL(
                """SELECT %(value)s, %(name)s, count(DISTINCT plan.id)
                     FROM recall_plan plan
                     JOIN recall_producer producer ON producer.id = plan.producer_id
                     %(lines)s
                    WHERE %(where)s GROUP BY 1, 2 ORDER BY %(order)s LIMIT %(limit)s""",
                value=value,
                name=name or value,
                lines=SQL("CROSS JOIN LATERAL %s", self._lines()) if lines else SQL(),
                where=self._where(filters),
                order=order or SQL("2"),
                limit=CHOICES,
            )
        )

    def _lines(self):
        """Product lines of a plan; the plan itself where none was filed."""
        return SQL(
            """(SELECT brand, series FROM recall_plan_line WHERE plan_id = plan.id
                 UNION ALL
                SELECT plan.brand, plan.series
                 WHERE NOT EXISTS (SELECT FROM recall_plan_line
                                    WHERE plan_id = plan.id)) line"""
        )

    def _where(self, filters):
        states = {"running": RUNNING, "finished": FINISHED}
        conditions = [
            SQL("plan.state IN %s", states.get(filters.state, PUBLIC_STATES)),
        ]
        if filters.text:
            conditions += [self._matches(word) for word in filters.text.split()]
        if filters.year:
            first, after = date(filters.year, 1, 1), date(filters.year + 1, 1, 1)
            conditions.append(
                SQL("%s >= %s AND %s < %s", DAY, first, DAY, after),
            )
        if filters.producer:
            conditions.append(SQL("plan.producer_id = %s", filters.producer))
        if filters.warned:
            conditions.append(SQL("(plan.do_not_drive OR plan.park_outside)"))
        if filters.brand or filters.series:
            conditions.append(self._has_line(filters.brand, filters.series))
        return SQL(" AND ").join(conditions)

    def _matches(self, word):
        """A word of the search: in the number, the names or a product line."""
        pattern = f"%{self._escape(word)}%"
        return SQL(
            """(plan.recall_number ILIKE %(word)s OR plan.brand ILIKE %(word)s
                OR plan.series ILIKE %(word)s OR plan.model ILIKE %(word)s
                OR producer.name ILIKE %(word)s
                OR EXISTS (SELECT FROM recall_plan_line line
                            WHERE line.plan_id = plan.id
                              AND (line.brand ILIKE %(word)s
                                   OR line.series ILIKE %(word)s
                                   OR line.model ILIKE %(word)s)))""",
            word=pattern,
        )

    def _escape(self, word):
        return word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")

    def _has_line(self, brand, series):
        wanted = [
            SQL("%s = %s", SQL.identifier("line", name), value)
            for name, value in (("brand", brand), ("series", series))
            if value
        ]
        return SQL(
            "EXISTS (SELECT FROM %s WHERE %s)", self._lines(), SQL(" AND ").join(wanted)
        )

    # === Statements === #

    def _select_listed(self):
        """Columns of ``ListedRecall``.

        Counters do not move the time of the last change: a feed would tell of each
        repair. Amendments of the plan do.
        """
        return SQL(
            """SELECT plan.recall_number, plan.state, producer.name, plan.brand,
                      plan.series, %(day)s, plan.announced_count, %(countable)s,
                      plan.done_count, coalesce(plan.over_the_air, false),
                      coalesce(plan.do_not_drive, false), plan.defect,
                      told.published,
                      greatest(told.published, (
                          SELECT max(time) FROM recall_plan_version version
                           WHERE version.plan_id = plan.id)) AS updated
                 FROM recall_plan plan
                 JOIN recall_producer producer ON producer.id = plan.producer_id
                CROSS JOIN LATERAL (
                      SELECT coalesce((
                          SELECT time FROM recall_publication publication
                           WHERE publication.plan_id = plan.id),
                          plan.published_on, %(day)s)::timestamp AS published) told""",
            day=DAY,
            countable=COUNTABLE,
        )

    def _read(self, query):
        self.env.flush_all()
        # A hostile search may be slow, and never for long.
        self.env.cr.execute(SQL("SET LOCAL statement_timeout = %s", STATEMENT_LIMIT))
        self.env.cr.execute(query)
        return self.env.cr.fetchall()
