# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models, tools
from odoo.tools import SQL


class RecallUsageComparison(models.Model):
    """S-REPORT: public search and sharing side by side, by the hour."""

    _name = "recall.usage.comparison"
    _description = "Usage of search and sharing"
    _auto = False
    _order = "hour desc, channel, outcome"
    _rec_name = "hour"

    hour = fields.Datetime(readonly=True, help="Begin of the hour.")
    channel = fields.Selection(
        [("search", "Public search"), ("share", "Sharing interface")], readonly=True
    )
    outcome = fields.Selection(
        [
            ("answered", "Answered"),
            ("limited", "Held up or over the quota"),
            ("refused", "Not a VIN, refused or failed"),
        ],
        readonly=True,
    )
    request_count = fields.Integer(string="Requests", readonly=True)

    def init(self):
        tools.drop_view_if_exists(self.env.cr, self._table)
        self.env.cr.execute(
            SQL(
                """CREATE VIEW %s AS
                   SELECT row_number() OVER (ORDER BY hour, channel, outcome) AS id, *
                     FROM (
                   SELECT hour, 'search' AS channel,
                          CASE answer WHEN 'hurdle' THEN 'limited'
                                      WHEN 'invalid' THEN 'refused'
                                      WHEN 'unavailable' THEN 'refused'
                                      ELSE 'answered' END AS outcome,
                          sum(lookup_count)::int AS request_count
                     FROM recall_lookup_usage GROUP BY 1, 2, 3
                   UNION ALL
                   SELECT hour, 'share',
                          CASE api_status WHEN 200 THEN 'answered'
                                          WHEN 429 THEN 'limited'
                                          ELSE 'refused' END,
                          sum(request_count)::int
                     FROM recall_share_usage GROUP BY 1, 2, 3) usage""",
                SQL.identifier(self._table),
            )
        )
