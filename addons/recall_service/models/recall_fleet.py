# SPDX-License-Identifier: LGPL-3.0-only
import csv
import io
import itertools
import tempfile
from typing import NamedTuple

import xlsxwriter

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.recall_base.models.recall_import_kind import vin_column
from odoo.addons.recall_base.tools import cells, tabular, vin, workbook

#: Rows that are named when they hold no VIN.
NAMED = 20
#: Recalls that the public is told of.
PUBLIC_STATES = ("published", "running", "finished")


class Listed(NamedTuple):
    """What a file holds: its VINs once each, and rows that have none."""

    vins: list
    refused: list  # numbers of rows, as a spreadsheet shows them


class RecallFleet(models.AbstractModel):
    """What is known of many vehicles at once, and a subscriber's file of VINs.

    It serves subscribers (their vehicles are subscriptions) and partners (their
    vehicles are ``recall.fleet.vehicle``; their files go through ``recall.import``).
    """

    _name = "recall.fleet"
    _description = "Lists of vehicles"

    # === Files === #

    @api.model
    def _read_file(self, content):
        """Read the column of VINs of a CSV or XLSX file.

        :param bytes content: the file
        :returns: ``Listed``
        :raises UserError: that says what is wrong with the file
        """
        file = io.BytesIO(content)
        try:
            layout = tabular.detect(file)
            index = self._find_column(layout.header)
            rows = [
                (row.number, cells.clean(row.cells[index]).upper())
                for row in tabular.read(file, layout)
                if index < len(row.cells)
            ]
        except tabular.TableError as error:
            raise UserError(
                self.env["recall.import"]._explain(error.code, error.facts)
            ) from error
        good = vin.check_many(text for _number, text in rows)
        return Listed(
            list(
                dict.fromkeys(
                    text
                    for (_number, text), fits in zip(rows, good, strict=True)
                    if fits
                )
            ),
            [number for (number, _), fits in zip(rows, good, strict=True) if not fits],
        )

    def _find_column(self, header):
        column = vin_column(self.env)
        known = {
            text.casefold() for text in (column.name, column.label, *column.aliases)
        }
        for index, text in enumerate(header):
            if text.casefold() in known:
                return index
        if len(header) == 1:
            return 0
        raise UserError(
            self.env._('The file has no column "VIN". Write VIN above the numbers.')
        )

    @api.model
    def _tell(self, listed, added, out):
        """What became of a file, in plain words."""
        told = self.env._(
            "%(added)s vehicles added, %(out)s taken out.", added=added, out=out
        )
        if not listed.refused:
            return told
        rows = ", ".join(str(number) for number in listed.refused[:NAMED])
        refused = self.env._(
            "%(count)s rows hold no VIN of GB 16735 and were left out: row %(rows)s.",
            count=len(listed.refused),
            rows=rows + ("…" if len(listed.refused) > NAMED else ""),
        )
        return f"{told} {refused}"

    # === What is known === #

    @api.model
    def _subscriber_sql(self, subscriber):
        """Vehicles of a subscriber, as ``(id, vin)``."""
        return SQL(
            """SELECT id, vin FROM recall_subscription
                WHERE subscriber_id = %s AND vin IS NOT NULL AND state = 'active'""",
            subscriber.id,
        )

    @api.model
    def _data_user_sql(self, data_user):
        """Vehicles of a partner's fleet, as ``(id, vin)``."""
        return SQL(
            "SELECT id, vin FROM recall_fleet_vehicle WHERE data_user_id = %s",
            data_user.id,
        )

    @api.model
    def _look_up(self, source, only="", text="", limit=None, offset=0, recall=""):
        """What is known of many vehicles: a list of dicts, open recalls first.

        Callers see that the account may read ``source``.

        :param SQL source: selects ``id`` and ``vin``
        :param str only: ``open``, ``done`` or ``none``
        :param str text: part of the VIN
        :param str recall: number of a recall that is open for the vehicle
        """
        where = [SQL("true")]
        if only in ("open", "done", "none"):
            where.append(SQL("state = %s", only))
        if text:
            # What else than letters and digits is typed, no VIN holds.
            part = SQL("strpos(vin, %s) > 0", text.upper())
            where.append(part if text.isalnum() else SQL("false"))
        if recall:
            where.append(SQL("%s = ANY(string_to_array(recalls, ', '))", recall))
        self.env.cr.execute(
            SQL(
                """SELECT id, vin, state, brand, recalls FROM (%s) looked_up WHERE %s
                    ORDER BY array_position('{open,done,none}', state), vin
                    LIMIT %s OFFSET %s""",
                self._look_up_sql(source),
                SQL(" AND ").join(where),
                limit,
                offset,
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _count(self, source):
        """Number of vehicles by state: dict of ``open``, ``done``, ``none``."""
        self.env.cr.execute(
            SQL(
                "SELECT state, count(*) FROM (%s) looked_up GROUP BY state",
                self._look_up_sql(source),
            )
        )
        return {"open": 0, "done": 0, "none": 0, **dict(self.env.cr.fetchall())}

    def _look_up_sql(self, source):
        return SQL(
            """SELECT listed.id, listed.vin, coalesce(known.state, 'none') AS state,
                      known.brand, known.recalls
                 FROM (%(source)s) listed
                 LEFT JOIN (
                     SELECT vehicle.vin,
                            CASE WHEN bool_or(vehicle.state != 'done') THEN 'open'
                                 ELSE 'done' END AS state,
                            max(plan.brand || ' ' || plan.series) AS brand,
                            string_agg(plan.recall_number, ', '
                                       ORDER BY plan.recall_number)
                                FILTER (WHERE vehicle.state != 'done') AS recalls
                       FROM (%(source)s) sought
                       JOIN recall_vehicle vehicle ON vehicle.vin = sought.vin
                        AND vehicle.state != 'removed'
                       JOIN recall_plan plan ON plan.id = vehicle.plan_id
                        AND plan.state IN %(states)s
                      GROUP BY vehicle.vin) known ON known.vin = listed.vin""",
            source=source,
            states=PUBLIC_STATES,
        )

    @api.model
    def _get_state_labels(self):
        return {
            "open": self.env._("Open recall"),
            "done": self.env._("All recalls done"),
            "none": self.env._("No recall known"),
        }

    @api.model
    def _write_file(self, rows, form):
        """The rows of ``_look_up`` as an open file; ``form``: ``csv`` or ``xlsx``."""
        labels = self._get_state_labels()
        header = [
            self.env._("VIN"),
            self.env._("State"),
            self.env._("Vehicle"),
            self.env._("Open recalls"),
        ]
        table = (
            [row["vin"], labels[row["state"]], row["brand"] or "", row["recalls"] or ""]
            for row in rows
        )
        write = self._write_csv if form == "csv" else self._write_xlsx
        return write(header, table)

    def _write_csv(self, header, table):
        stream = io.StringIO(newline="")
        writer = csv.writer(stream)
        rows = itertools.chain([header], table)
        writer.writerows([workbook.guard(cell) for cell in row] for row in rows)
        return io.BytesIO(stream.getvalue().encode("utf-8-sig"))

    def _write_xlsx(self, header, table):
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the response
        with xlsxwriter.Workbook(file, workbook.STREAMED) as book:
            sheet = book.add_worksheet()
            bold = book.add_format({"bold": True})
            sheet.set_column(0, len(header) - 1, 24)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, header, bold)
            number = 0
            for number, row in enumerate(table, start=1):
                sheet.write_row(number, 0, row)
            sheet.autofilter(0, 0, number, len(header) - 1)
        return file
