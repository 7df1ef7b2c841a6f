# SPDX-License-Identifier: LGPL-3.0-only
from datetime import date
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from .recall_lookup import PUBLIC_STATES


class PublicRecall(NamedTuple):
    """All that is public of one recall: annex A no. 1 to 11, and what came of it."""

    id: int
    number: str
    state: str
    producer: str
    hotline: str | None
    brand: str
    series: str
    model: str
    announced: date | None
    recall_start: date
    published_on: date | None
    finished_on: date | None
    announced_count: int | None
    vin_range: str | None
    defect: str
    consequence: str
    measure: str
    over_the_air: bool
    do_not_drive: bool
    park_outside: bool
    parts_state: str | None
    parts_from: date | None
    vehicle_count: int
    done_count: int
    exported_count: int
    scrapped_count: int
    stolen_count: int
    unreachable_count: int
    extends: str | None
    announcement_id: int | None
    announcement: str | None
    announcement_title: str | None
    announcement_url: str | None

    @property
    def countable(self):
        gone = self.exported_count + self.scrapped_count + self.stolen_count
        return self.vehicle_count - gone

    @property
    def rate(self):
        return self.done_count / self.countable if self.countable else None

    @property
    def raw_rate(self):
        return self.done_count / self.vehicle_count if self.vehicle_count else None

    @property
    def start(self):
        """Day from which progress is counted: that of publication."""
        return self.announced or self.published_on or self.recall_start

    @property
    def running(self):
        return self.state != "finished"


class PublicLine(NamedTuple):
    """A product line: what was built, when, and how many."""

    brand: str
    series: str
    model: str | None
    production_start: date | None
    production_end: date | None
    announced_count: int | None
    vin_range: str | None


class RecallCatalogue(models.AbstractModel):
    """S-QUERY: one published recall, and what belongs to it."""

    _inherit = "recall.catalogue"

    @api.model
    def _find(self, number):
        """Return one recall, None when there is none that is public.

        :param str number: recall number in capitals
        :rtype: PublicRecall | None
        """
        rows = self._read(
            SQL(
                """SELECT plan.id, plan.recall_number, plan.state, producer.name,
                          producer.hotline, plan.brand, plan.series, plan.model,
                          plan.announced, plan.recall_start, plan.published_on,
                          plan.finished_on, plan.announced_count, plan.vin_range,
                          plan.defect, plan.consequence, plan.measure,
                          coalesce(plan.over_the_air, false),
                          coalesce(plan.do_not_drive, false),
                          coalesce(plan.park_outside, false), plan.parts_state,
                          plan.parts_from, plan.vehicle_count, plan.done_count,
                          plan.exported_count, plan.scrapped_count,
                          plan.stolen_count, plan.unreachable_count,
                          earlier.recall_number, plan.announcement_id,
                          announcement.number, announcement.title, announcement.url
                     FROM recall_plan plan
                     JOIN recall_producer producer ON producer.id = plan.producer_id
                     LEFT JOIN recall_plan earlier ON earlier.id = plan.extends_id
                                                  AND earlier.state IN %(states)s
                     LEFT JOIN recall_announcement announcement
                            ON announcement.id = plan.announcement_id
                    WHERE plan.recall_number = %(number)s
                      AND plan.state IN %(states)s""",
                number=number,
                states=PUBLIC_STATES,
            )
        )
        return PublicRecall(*rows[0]) if rows else None

    @api.model
    def _find_lines(self, recall):
        """Product lines of a recall, as filed.

        :rtype: list[PublicLine]
        """
        rows = self._read(
            SQL(
                """SELECT brand, series, model, production_start, production_end,
                          announced_count, vin_range
                     FROM recall_plan_line WHERE plan_id = %s ORDER BY sequence, id""",
                recall.id,
            )
        )
        return [PublicLine(*row) for row in rows]

    @api.model
    def _find_parts(self, recall):
        """Parts that the repair uses: list of ``(number, name)``."""
        return self._read(
            SQL(
                """SELECT number, name FROM recall_plan_part WHERE plan_id = %s
                    ORDER BY number""",
                recall.id,
            )
        )

    @api.model
    def _find_extensions(self, recall):
        """Numbers of the later recalls that widen this one."""
        return self._find_numbers(SQL("extends_id = %s", recall.id))

    @api.model
    def _find_sisters(self, recall):
        """Numbers of the other recalls of the same announcement."""
        if not recall.announcement_id:
            return []
        return self._find_numbers(
            SQL("announcement_id = %s AND id != %s", recall.announcement_id, recall.id)
        )

    def _find_numbers(self, condition):
        rows = self._read(
            SQL(
                """SELECT recall_number FROM recall_plan
                    WHERE %s AND state IN %s ORDER BY recall_number""",
                condition,
                PUBLIC_STATES,
            )
        )
        return [number for (number,) in rows]

    @api.model
    def _read_progress(self, recall):
        """How the rate has grown: list of ``(day, done, countable)``, by day."""
        return self._read(
            SQL(
                """SELECT day, done, countable FROM recall_plan_progress
                    WHERE plan_id = %s AND countable > 0 ORDER BY day""",
                recall.id,
            )
        )
