# SPDX-License-Identifier: LGPL-3.0-only
import base64
import hashlib
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import deadline

from ..tools import open_data
from .recall_lookup import PUBLIC_STATES

#: Days for which older files stay: a reader may have the page open.
KEEP_DAYS = 7
#: Columns of a file: name, type (of XML Schema) and SQL. Names are those of annex A.
RECALL_COLUMNS = (
    ("recallNum", "string", "plan.recall_number"),
    ("state", "string", "plan.state"),
    ("producerName", "string", "producer.name"),
    ("brand", "string", "plan.brand"),
    ("series", "string", "plan.series"),
    ("model", "string", "plan.model"),
    ("announced", "date", "plan.announced"),
    ("recallStartTime", "date", "plan.recall_start"),
    ("finished", "date", "plan.finished_on"),
    ("numRecall", "integer", "plan.announced_count"),
    ("vinRange", "string", "plan.vin_range"),
    ("defectDesc", "string", "plan.defect"),
    ("possibleConsequence", "string", "plan.consequence"),
    ("repairMethod", "string", "plan.measure"),
    ("overTheAir", "boolean", "coalesce(plan.over_the_air, false)"),
    ("doNotDrive", "boolean", "coalesce(plan.do_not_drive, false)"),
    ("parkOutside", "boolean", "coalesce(plan.park_outside, false)"),
    ("extends", "string", "earlier.recall_number"),
    ("announcement", "string", "announcement.number"),
    ("vehicles", "integer", "plan.vehicle_count"),
    ("done", "integer", "plan.done_count"),
    ("exported", "integer", "plan.exported_count"),
    ("scrapped", "integer", "plan.scrapped_count"),
    ("stolen", "integer", "plan.stolen_count"),
    ("unreachable", "integer", "plan.unreachable_count"),
    ("completionRate", "decimal", "round(plan.completion_rate::numeric, 4)"),
    ("rawRate", "decimal", "round(plan.raw_rate::numeric, 4)"),
)
RATE_COLUMNS = (
    ("recallNum", "string", "plan.recall_number"),
    ("day", "date", "progress.day"),
    ("vehicles", "integer", "progress.vehicles"),
    ("countable", "integer", "progress.countable"),
    ("done", "integer", "progress.done"),
    (
        "completionRate",
        "decimal",
        "coalesce(round(progress.done::numeric / nullif(progress.countable, 0), 4), 0)",
    ),
)
COLUMNS = {"recalls": RECALL_COLUMNS, "rates": RATE_COLUMNS}
FORMATS = ("csv", "json")


class RecallOpenData(models.Model):
    """S-REPORT: a file of open data, made once a day and given as it was made.

    Whoever downloads it can compare the digest on the page: the bytes do not change
    while it is the newest. The rows are the plans', so that no file holds a VIN.
    """

    _name = "recall.open.data"
    _description = "Open data file"
    _order = "day desc, name"

    name = fields.Char(string="File", required=True, readonly=True)
    day = fields.Date(required=True, readonly=True)
    row_count = fields.Integer(string="Rows", required=True, readonly=True)
    size = fields.Integer(string="Bytes", required=True, readonly=True)
    sha256 = fields.Char(string="SHA-256", required=True, readonly=True)
    content = fields.Binary(attachment=True, required=True, readonly=True)

    _name_day_uniq = models.Constraint(
        "UNIQUE(name, day)", "The file of this day is there already."
    )

    @api.model
    def _cron_publish(self):
        """Make the files of today, unless they are there already."""
        today = deadline.today()
        if not self.search_count([("day", "=", today)], limit=1):
            for kind in COLUMNS:
                self._publish(kind, today)

    def _publish(self, kind, day):
        columns = COLUMNS[kind]
        names = [name for name, _type, _sql in columns]
        rows = self._read_rows(kind)
        about = {"published": day.isoformat(), "rowCount": len(rows)}
        contents = {
            "csv": open_data.to_csv(names, rows),
            "json": open_data.to_json(names, rows, about),
        }
        self.create(
            [
                {
                    "name": f"{kind}.{extension}",
                    "day": day,
                    "row_count": len(rows),
                    "size": len(content),
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "content": base64.b64encode(content),
                }
                for extension, content in contents.items()
            ]
        )

    def _read_rows(self, kind):
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """SELECT %s FROM recall_plan plan %s
                    WHERE plan.state IN %s ORDER BY 1, 2""",
                SQL(", ").join(SQL(sql) for _name, _type, sql in COLUMNS[kind]),
                self._joins(kind),
                PUBLIC_STATES,
            )
        )

    def _joins(self, kind):
        if kind == "rates":
            return SQL("JOIN recall_plan_progress progress ON plan_id = plan.id")
        return SQL(
            """JOIN recall_producer producer ON producer.id = plan.producer_id
               LEFT JOIN recall_plan earlier
                      ON earlier.id = plan.extends_id AND earlier.state IN %s
               LEFT JOIN recall_announcement announcement
                      ON announcement.id = plan.announcement_id""",
            PUBLIC_STATES,
        )

    @api.model
    def _find_newest(self, name=None):
        """Return the newest files (sudo), or the newest of this name.

        :param str name: file name, e.g. ``recalls.csv``
        """
        # sudo: these files are made for everybody; the public has no right on a model.
        Data = self.sudo()
        newest = Data.search([], order="day desc", limit=1).day
        domain = [("day", "=", newest)]
        return Data.search([*domain, ("name", "=", name)] if name else domain)

    @api.autovacuum
    def _gc_old(self):
        """Delete the files of past days, but never the newest."""
        newest = self.search([], order="day desc", limit=1).day
        if newest:
            oldest = newest - timedelta(days=KEEP_DAYS)
            self.search([("day", "<", oldest)]).unlink()
