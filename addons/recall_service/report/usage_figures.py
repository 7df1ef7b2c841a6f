# SPDX-License-Identifier: LGPL-3.0-only
from datetime import datetime, time, timedelta
from functools import cached_property

from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..models.recall_data_user import KINDS
from ..models.recall_lookup_usage import ANSWERS

ROLE = "recall_service.group_department"
SUCCESS, LIMITED = 200, 429


class UsageFigures:
    """S-REPORT: how search, sharing and messages were used between two days.

    Counts by kind of partner, method and day; of no person, vehicle or single partner.
    """

    def __init__(self, env, first, last):
        """Figures of the days from ``first`` to ``last``, both with them."""
        if not env.user.has_group(ROLE):
            raise AccessError(env._("This report is not part of your role."))
        self.env = env
        # Counts alone are read, also of tables that the role may not see.
        self.first, self.last = first, last

    def _within(self, column):
        begin = datetime.combine(self.first, time.min)
        end = datetime.combine(self.last + timedelta(days=1), time.min)
        name = SQL.identifier(*column.split("."))
        return SQL("%s >= %s AND %s < %s", name, begin, name, end)

    def _read(self, query):
        self.env.flush_all()
        self.env.cr.execute(query)
        return self.env.cr.dictfetchall()

    def _get_labels(self, model, field):
        return dict(self.env[model]._fields[field]._description_selection(self.env))

    # === Public search === #

    @cached_property
    def lookup_days(self):
        """Look-ups by day (UTC) and answer; ``lookups`` are those that were answered,
        whatever the answer."""
        names = [name for name, _label in ANSWERS]
        rows = self._read(
            SQL(
                "SELECT hour::date AS day, %s FROM recall_lookup_usage WHERE %s"
                " GROUP BY 1 ORDER BY 1",
                SQL(", ").join(
                    SQL(
                        "sum(lookup_count) FILTER (WHERE answer = %s) AS %s",
                        name,
                        SQL.identifier(name),
                    )
                    for name in names
                ),
                self._within("hour"),
            )
        )
        days = self._fill_days(rows, names)
        for day in days:
            day["lookups"] = sum(day[name] for name in names if name != "hurdle")
        return days

    @cached_property
    def lookup_answers(self):
        """Look-ups of the period by answer, in the order of the page's cases."""
        labels = self._get_labels("recall.lookup.usage", "answer")
        return [
            {
                "answer": name,
                "name": labels[name],
                "lookups": sum(day[name] for day in self.lookup_days),
            }
            for name, _label in ANSWERS
        ]

    @cached_property
    def lookup_languages(self):
        """Look-ups by the language of the page, the most used first."""
        labels = self._get_labels("recall.lookup.usage", "lang")
        rows = self._read(
            SQL(
                """SELECT lang, sum(lookup_count)::bigint AS lookups
                     FROM recall_lookup_usage
                    WHERE answer != 'hurdle' AND %s
                    GROUP BY 1 ORDER BY lookups DESC, 1""",
                self._within("hour"),
            )
        )
        return [{**row, "name": labels.get(row["lang"], row["lang"])} for row in rows]

    @cached_property
    def hours(self):
        """Public search and sharing by the hour of the day, in the reader's time zone.

        :returns: list of 24 dicts ``name``, ``search`` and ``share``: requests
        """
        rows = self._read(
            SQL(
                """SELECT extract(hour FROM hour AT TIME ZONE 'UTC'
                                  AT TIME ZONE %s)::int AS hour,
                          sum(request_count) FILTER (WHERE channel = 'search')
                              AS search,
                          sum(request_count) FILTER (WHERE channel = 'share') AS share
                     FROM recall_usage_comparison WHERE %s GROUP BY 1""",
                self.zone,
                self._within("hour"),
            )
        )
        found = {row["hour"]: row for row in rows}
        return [
            {
                "name": f"{hour:02}:00",
                **{
                    name: int(found.get(hour, {}).get(name) or 0)
                    for name in ("search", "share")
                },
            }
            for hour in range(24)
        ]

    @property
    def zone(self):
        return self.env.user.tz or "Asia/Shanghai"

    # === Sharing === #

    @cached_property
    def sharing_days(self):
        """Requests by day (UTC): answered, over the quota, refused or failed."""
        rows = self._read(
            SQL(
                """SELECT hour::date AS day,
                          sum(request_count) FILTER (WHERE api_status = %(ok)s)
                              AS answered,
                          sum(request_count) FILTER (WHERE api_status = %(limited)s)
                              AS limited,
                          sum(request_count) FILTER (
                              WHERE api_status NOT IN (%(ok)s, %(limited)s))
                              AS refused,
                          sum(vin_count) FILTER (WHERE api_status = %(ok)s) AS vins
                     FROM recall_share_usage
                    WHERE %(within)s GROUP BY 1 ORDER BY 1""",
                ok=SUCCESS,
                limited=LIMITED,
                within=self._within("hour"),
            )
        )
        return self._fill_days(rows, ("answered", "limited", "refused", "vins"))

    @cached_property
    def sharing_kinds(self):
        """Requests and VINs by kind of partner and method, the most used first."""
        kinds = self._get_labels("recall.data.user", "kind")
        methods = self._get_labels("recall.share.usage", "method")
        rows = self._read(
            SQL(
                """SELECT data_user.kind, usage.method,
                          count(DISTINCT usage.data_user_id) AS partners,
                          sum(usage.request_count) AS requests,
                          sum(usage.request_count) FILTER (
                              WHERE usage.api_status = %s) AS answered,
                          sum(usage.vin_count) FILTER (
                              WHERE usage.api_status = %s) AS vins
                     FROM recall_share_usage usage
                     LEFT JOIN recall_data_user data_user
                       ON data_user.id = usage.data_user_id
                    WHERE %s GROUP BY 1, 2 ORDER BY requests DESC, 1, 2""",
                SUCCESS,
                SUCCESS,
                self._within("usage.hour"),
            )
        )
        for row in rows:
            row["kind"] = kinds.get(row["kind"]) or self.env._("Not known")
            row["method"] = methods[row["method"]]
            row["name"] = f"{row['kind']}: {row['method']}"
            row["vins"] = int(row["vins"] or 0)
            row["answered"] = row["answered"] or 0
        return rows

    @cached_property
    def sharing_statuses(self):
        """Requests by status of annex C."""
        return self._read(
            SQL(
                """SELECT api_status AS status, sum(request_count) AS requests
                     FROM recall_share_usage
                    WHERE %s GROUP BY 1 ORDER BY requests DESC, 1""",
                self._within("hour"),
            )
        )

    @cached_property
    def partners(self):
        """Data users by kind: how many there are, and how many came in the period."""
        rows = self._read(
            SQL(
                """SELECT kind, count(*) FILTER (WHERE active) AS enabled,
                          count(*) FILTER (WHERE NOT active) AS suspended,
                          count(*) FILTER (WHERE %s) AS fresh
                     FROM recall_data_user GROUP BY kind""",
                self._within("create_date"),
            )
        )
        found = {row["kind"]: row for row in rows}
        labels = self._get_labels("recall.data.user", "kind")
        return [
            {**found[kind], "name": labels[kind]} for kind, _l in KINDS if kind in found
        ]

    # === Subscriptions and messages === #

    @cached_property
    def subscription_days(self):
        """Subscriptions confirmed, by day."""
        return self._fill_days(
            self._read(
                SQL(
                    """SELECT confirmed_at::date AS day, count(*) AS confirmed
                         FROM recall_subscription
                        WHERE %s GROUP BY 1 ORDER BY 1""",
                    self._within("confirmed_at"),
                )
            ),
            ("confirmed",),
        )

    @cached_property
    def push_days(self):
        """Messages handed over, by day."""
        return self._fill_days(
            self._read(
                SQL(
                    """SELECT sent_at::date AS day, count(*) AS sent
                         FROM recall_push
                        WHERE %s GROUP BY 1 ORDER BY 1""",
                    self._within("sent_at"),
                )
            ),
            ("sent",),
        )

    @cached_property
    def totals(self):
        """The figures of the period in one row."""
        [active] = self._read(
            SQL(
                "SELECT count(*) AS count FROM recall_subscription"
                " WHERE state = 'active'"
            )
        )
        days = self.sharing_days
        names = ("answered", "limited", "refused", "vins")
        return {
            **{name: sum(day[name] for day in days) for name in names},
            **{row["answer"]: row["lookups"] for row in self.lookup_answers},
            "lookups": sum(day["lookups"] for day in self.lookup_days),
            "partners": sum(row["enabled"] for row in self.partners),
            "subscriptions": active["count"],
            "confirmed": sum(day["confirmed"] for day in self.subscription_days),
            "sent": sum(day["sent"] for day in self.push_days),
        }

    def _fill_days(self, rows, names):
        """Every day of the period, with 0 where nothing was."""
        found = {row["day"]: row for row in rows}
        days = (self.last - self.first).days + 1
        return [
            {
                "day": day,
                **{name: int(found.get(day, {}).get(name) or 0) for name in names},
            }
            for day in (self.first + timedelta(days=n) for n in range(days))
        ]
