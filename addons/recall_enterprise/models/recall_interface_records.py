# SPDX-License-Identifier: LGPL-3.0-only
from datetime import UTC
from typing import NamedTuple
from zoneinfo import ZoneInfo

from odoo import models
from odoo.tools import SQL

from odoo.addons.recall_base.tools import cipher
from odoo.addons.recall_base.tools.phone import NO_NUMBER

_TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
#: So many records whose key is gone mean that the key file is wrong, not the records.
LOST_KEYS = 10


class Row(NamedTuple):
    """What a delivery reads of a report; the phone is sealed, masked or in clear."""

    id: int
    recall_number: str
    vin: str
    repair_date: str
    repair_number: str
    dealer_name: str
    version: int
    state: str
    phone: str


class Opened(NamedTuple):
    """Rows whose phone is in clear or not told, and those whose phone does not open."""

    rows: list
    shut: list
    lost: cipher.SealError | None = None  # of a key that is not there


class RecallInterface(models.Model):
    """Reports as records of a sync answer (annex A, elements 5 and 12 to 17)."""

    _inherit = "recall.interface"

    def _read_rows(self, where, order, *, masked=False):
        phone = SQL("phone_masked" if masked else "phone_sealed")
        self.env.cr.execute(
            SQL(
                """SELECT id, recall_number, vin, repair_date::text, repair_number,
                          dealer_name, version, state, %s
                     FROM recall_completion WHERE %s ORDER BY %s""",
                phone,
                where,
                order,
            )
        )
        return [*map(Row._make, self.env.cr.fetchall())]

    def _open_phones(self, rows):
        """Return the rows with phones in clear; set those aside that do not open.

        :raises SealError: when it is the key file that is at fault
        """
        opened = self._phone_opener()(rows)
        self._set_shut_aside(opened)
        return opened.rows

    def _phone_opener(self):
        """Make the function that opens the phones of rows; it may run in a thread.

        :returns: function ``(rows) -> Opened``
        """
        keys = cipher.KeyRing.from_environment()
        context = self.env["recall.completion"]._phone_context

        def open_phones(rows):
            opened, shut, lost = [], [], None
            for row in rows:
                if row.state == "withdrawn":
                    opened.append(row)  # goes without a number
                    continue
                if not row.phone:
                    continue  # erased on request, which is after it was handed over
                bound = context(row.recall_number, row.vin, row.repair_number)
                try:
                    opened.append(Row(*row[:-1], keys.open(row.phone, bound)))
                except cipher.SealError as error:
                    shut.append(row)
                    lost = error if error.code == "key" else lost
            return Opened(opened, shut, lost)

        return open_phones

    def _set_shut_aside(self, opened):
        """Keep what does not open out of deliveries.

        :raises SealError: when it is the key file that is at fault
        """
        rows, shut, lost = opened
        if lost and not rows and len(shut) >= LOST_KEYS:
            raise lost
        if shut:
            self.env["recall.completion"]._set_aside([row.id for row in shut])

    def _prepare_records(self, rows, sent_at, *, extended):
        """Records of annex A, elements 5 and 12 to 17, as message members.

        A withdrawal tells no phone number: its key is enough to know the report by.

        :param rows: ``Row`` tuples whose ``phone`` is what shall be told
        :param bool extended: with the project's optional members
        """
        zone = ZoneInfo(self.producer_id.timezone)
        collect_time = (
            sent_at.replace(tzinfo=UTC).astimezone(zone).strftime(_TIME_FORMAT)
        )
        return [
            {
                "recallNum": row.recall_number,
                "vehicleVin": row.vin,
                "recallTime": row.repair_date,
                "repairNum": row.repair_number,
                "dealerName": row.dealer_name,
                "telNum": NO_NUMBER if row.state == "withdrawn" else row.phone,
                "collectTime": collect_time,
                **(_extension(row.version, row.state) if extended else {}),
            }
            for row in rows
        ]


def _extension(version, state):
    """The project's optional members of a record."""
    if state == "withdrawn":
        kind = "withdrawal"
    else:
        kind = "correction" if version > 1 else "completion"
    return {"recordKind": kind, "recordVersion": version}
