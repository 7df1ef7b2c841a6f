# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models

from ..tools.vin import check_vin, is_vin
from ..tools.vin_scan import find_vin


class RecallVin(models.AbstractModel):
    """Tells a person at once what is wrong with a VIN, before anything is stored."""

    _name = "recall.vin"
    _description = "VIN"

    @api.model
    @api.readonly
    def check(self, text):
        """Judge what was typed or scanned; it needs no data and no role.

        :returns: dict with the normalised ``vin``, whether it is ``valid``, what is
            wrong as ``sentences`` in the reader's language, the wrong ``positions``
            (from 1) and the only VIN it can stand for as ``suggestion``, or False
        """
        vin = find_vin(text, is_vin)
        report = check_vin(vin)
        errors = [item for item in report.findings if item.severity == "error"]
        return {
            "vin": vin,
            "valid": report.valid,
            "sentences": self._say(errors, len(vin)),
            "positions": sorted({item.position for item in errors if item.position}),
            "suggestion": report.suggestion or False,
        }

    def _say(self, errors, length):
        """One sentence for each kind of error, with the places where it occurs."""
        # sudo: the catalogue of findings holds no data of anyone.
        findings = self.env["recall.finding"].sudo()
        names = {item.code: item.name for item in findings.search([])}
        positions = {}
        for item in errors:
            positions.setdefault(item.code, []).append(item.position)
        return [
            self._say_one(code, names.get(code, code), places, length)
            for code, places in positions.items()
        ]

    def _say_one(self, code, name, places, length):
        if code == "vin_length":
            return self.env._(
                "%(finding)s: there are %(count)s.", finding=name, count=length
            )
        return self.env._(
            "%(finding)s (position %(positions)s).",
            finding=name,
            positions=", ".join(str(place) for place in places if place),
        )
