# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.tools import format_date

from odoo.addons.recall_base.tools.messages import STATUS_TEXT
from odoo.addons.recall_base.tools.workbook import make_workbook

from .usage_figures import UsageFigures


class RecallUsageWorkbook(models.AbstractModel):
    """S-REPORT: the usage as an XLSX workbook with charts, in the user's language."""

    _name = "recall.usage.workbook"
    _description = "Workbook of the usage"

    @api.model
    def _make(self, first, last):
        """Make the workbook of the days from ``first`` to ``last``.

        :returns: bytes of an XLSX file
        """
        figures = UsageFigures(self.env, first, last)
        with make_workbook(self.env._("Usage of search and sharing")) as writer:
            self._add_overview(writer, figures)
            self._add_lookups(writer, figures)
            self._add_hours(writer, figures)
            self._add_days(writer, figures)
            self._add_kinds(writer, figures)
            self._add_statuses(writer, figures)
            self._add_messages(writer, figures)
        return writer.content

    def _add_overview(self, writer, figures):
        sheet = writer.add_sheet(self.env._("Overview"), widths=(40, 18, 18, 18))
        title = self.env._("Usage of search and sharing")
        sheet.write(0, 0, title, writer.title)
        sheet.write(1, 0, self._describe_period(figures))
        for row, (label, value) in enumerate(self._get_facts(figures), 3):
            sheet.write(row, 0, label, writer.text)
            sheet.write(row, 1, value, writer.number)
        columns = [
            (self.env._("Kind of partner"), "name", writer.text),
            (self.env._("Enabled"), "enabled", writer.number),
            (self.env._("Suspended"), "suspended", writer.number),
            (self.env._("New in the period"), "fresh", writer.number),
        ]
        writer.add_table(sheet, columns, figures.partners, top=18)

    @api.model
    def _describe_period(self, figures):
        return self.env._(
            "%(first)s to %(last)s (days of UTC); without personal data",
            first=format_date(self.env, figures.first),
            last=format_date(self.env, figures.last),
        )

    @api.model
    def _get_facts(self, figures):
        """List of ``(label, number)`` of the whole period."""
        totals = figures.totals
        return [
            (self.env._("Look-ups on the public page"), totals["lookups"]),
            (self.env._("Look-ups that found an open recall"), totals["open"]),
            (self.env._("Look-ups that could not be checked"), totals["unavailable"]),
            (self.env._("Look-ups held up by the puzzle"), totals["hurdle"]),
            (self.env._("Data users, enabled"), totals["partners"]),
            (self.env._("Requests answered"), totals["answered"]),
            (self.env._("VINs asked"), totals["vins"]),
            (self.env._("Requests over the quota"), totals["limited"]),
            (self.env._("Requests refused or failed"), totals["refused"]),
            (self.env._("Subscriptions that run"), totals["subscriptions"]),
            (self.env._("Subscriptions confirmed"), totals["confirmed"]),
            (self.env._("Messages to subscribers"), totals["sent"]),
        ]

    def _add_lookups(self, writer, figures):
        answers = figures.lookup_answers
        columns = [
            (self.env._("Day"), "day", writer.date),
            *((row["name"], row["answer"], writer.number) for row in answers),
            (self.env._("Look-ups"), "lookups", writer.number),
        ]
        rows = figures.lookup_days
        sheet = writer.add_sheet(
            self.env._("Public search by day"), widths=(14, *(14,) * len(columns))
        )
        writer.add_table(sheet, columns, rows)
        title = self.env._("Look-ups by day")
        shown = range(1, len(answers) + 1)
        writer.add_chart(
            *(sheet, "column", 0, len(rows), 0, shown, columns, title),
            at=(1, len(columns) + 1),
        )
        languages = [
            (self.env._("Language"), "name", writer.text),
            (self.env._("Look-ups"), "lookups", writer.number),
        ]
        writer.add_charted(
            *(self.env._("Languages"), languages, figures.lookup_languages, 1),
            self.env._("Look-ups by language"),
        )

    def _add_hours(self, writer, figures):
        columns = [
            (self.env._("Hour of the day"), "name", writer.text),
            (self.env._("Public search"), "search", writer.number),
            (self.env._("Sharing interface"), "share", writer.number),
        ]
        sheet = writer.add_sheet(self.env._("Hours"), widths=(18, 18, 18))
        writer.add_table(sheet, columns, figures.hours)
        title = self.env._("Requests by hour of the day (%(zone)s)", zone=figures.zone)
        writer.add_chart(
            *(sheet, "column", 0, len(figures.hours), 0, (1, 2), columns, title),
            at=(1, 4),
        )

    def _add_days(self, writer, figures):
        columns = [
            (self.env._("Day"), "day", writer.date),
            (self.env._("Requests answered"), "answered", writer.number),
            (self.env._("VINs asked"), "vins", writer.number),
            (self.env._("Over the quota"), "limited", writer.number),
            (self.env._("Refused or failed"), "refused", writer.number),
        ]
        rows = figures.sharing_days
        sheet = writer.add_sheet(self.env._("Sharing by day"), widths=(14, *(16,) * 4))
        writer.add_table(sheet, columns, rows)
        title = self.env._("Requests by day")
        writer.add_chart(
            *(sheet, "column", 0, len(rows), 0, (1, 3, 4), columns, title), at=(1, 6)
        )

    def _add_kinds(self, writer, figures):
        columns = [
            (self.env._("Partner and method"), "name", writer.text),
            (self.env._("Requests"), "requests", writer.number),
            (self.env._("Requests answered"), "answered", writer.number),
            (self.env._("VINs asked"), "vins", writer.number),
            (self.env._("Partners"), "partners", writer.number),
        ]
        writer.add_charted(
            *(self.env._("Partners and methods"), columns, figures.sharing_kinds, 1),
            self.env._("Requests"),
        )

    def _add_statuses(self, writer, figures):
        columns = [
            (self.env._("Status"), "name", writer.text),
            (self.env._("Requests"), "requests", writer.number),
        ]
        rows = [
            {**row, "name": f"{row['status']} {STATUS_TEXT.get(row['status'], '')}"}
            for row in figures.sharing_statuses
        ]
        writer.add_charted(
            *(self.env._("Statuses"), columns, rows, 1), self.env._("Requests")
        )

    def _add_messages(self, writer, figures):
        columns = [
            (self.env._("Day"), "day", writer.date),
            (self.env._("Subscriptions confirmed"), "confirmed", writer.number),
            (self.env._("Messages to subscribers"), "sent", writer.number),
        ]
        pairs = zip(figures.subscription_days, figures.push_days, strict=True)
        rows = [{**confirmed, **sent} for confirmed, sent in pairs]
        sheet = writer.add_sheet(self.env._("Subscriptions"), widths=(14, 22, 22))
        writer.add_table(sheet, columns, rows)
        title = self.env._("Subscriptions and messages by day")
        writer.add_chart(
            *(sheet, "line", 0, len(rows), 0, (1, 2), columns, title), at=(1, 4)
        )
