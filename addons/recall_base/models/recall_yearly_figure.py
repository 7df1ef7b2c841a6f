# SPDX-License-Identifier: LGPL-3.0-only
from odoo import fields, models


class RecallYearlyFigure(models.Model):
    """M-STAT: what was published on the recalls of a year, to compare with our own.

    Counts of vehicles are in units of ten thousand, as they are published. Sources
    disagree here and there: each row names its own.
    """

    _name = "recall.yearly.figure"
    _description = "Published figures of a year"
    _order = "year desc"
    _rec_name = "year"

    year = fields.Integer(required=True, aggregator=None)
    recalls = fields.Integer(help="Number of recalls filed in the year.")
    vehicles = fields.Float(string="Vehicles (10,000)", digits=(12, 2))
    total_recalls = fields.Integer(
        string="Recalls so far", help="Since 2004.", aggregator=None
    )
    total_vehicles = fields.Float(
        string="Vehicles so far (10,000)", digits=(12, 2), aggregator=None
    )
    ota_recalls = fields.Integer(string="Over-the-air recalls")
    ota_vehicles = fields.Float(string="Over the air (10,000)", digits=(12, 2))
    influenced_recalls = fields.Integer(
        string="Recalls after investigation",
        help="Carried out under the influence of an investigation by the authority.",
    )
    influenced_vehicles = fields.Float(
        string="After investigation (10,000)", digits=(12, 2)
    )
    emission_recalls = fields.Integer(string="Emission recalls")
    emission_vehicles = fields.Float(string="Emission (10,000)", digits=(12, 4))
    source = fields.Char(required=True, help="Page or document.")

    _year_uniq = models.Constraint(
        "UNIQUE(year)", "The figures of this year are here already."
    )
