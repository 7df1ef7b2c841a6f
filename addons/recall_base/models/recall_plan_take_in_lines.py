# SPDX-License-Identifier: LGPL-3.0-only
from collections import defaultdict
from typing import NamedTuple

from odoo import Command, fields, models

from .recall_plan_version import LINE_FIELDS

_PRODUCT = ("brand", "series", "model")
#: What a line of a filing and one that is here must have in common to be the same, and
#: whether only a single pair may be taken for it: the first rule that fits wins.
_RULES = (
    (LINE_FIELDS, False),
    ((*_PRODUCT, "production_start", "production_end"), False),
    (_PRODUCT, True),
)


class _Comparison(NamedTuple):
    """A filing's product lines beside those of the plan."""

    wanted: list  # values of each line of the filing
    found: dict  # position in it -> line that is here; a missing one is new
    kept: models.Model  # lines that it does not list, in use
    gone: models.Model  # the others that it does not list


class RecallPlan(models.Model):
    """Taking in the product lines of a filing.

    Vehicles refer to lines: their model, and from when it was built, is what the public
    is told. So a line is found by what it says, wherever in the list it stands, and one
    that vehicles in scope are of is never deleted.
    """

    _inherit = "recall.plan"

    def _match_lines(self, wanted):
        """Find the lines that a filing means.

        :param wanted: list of values of lines, as ``_prepare_lines`` gives them
        :returns: dict position in ``wanted`` -> ``recall.plan.line``; a position that
            is missing is a new line
        """
        left, found = list(self.line_ids), {}
        for names, alone in _RULES:
            here, filed = defaultdict(list), defaultdict(list)
            for line in left:
                here[_key(line, names)].append(line)
            for position, vals in enumerate(wanted):
                if position not in found:
                    filed[_key(vals, names)].append(position)
            for key, positions in filed.items():
                if not alone or len(positions) == len(here[key]) == 1:
                    found |= zip(positions, here[key], strict=False)
            taken = set(found.values())
            left = [line for line in left if line not in taken]
        new = [position for position in range(len(wanted)) if position not in found]
        if len(new) == len(left) == 1 and left[0] == self.line_ids[new[0] : new[0] + 1]:
            found[new[0]] = left[0]  # nothing else was changed: it has another name
        return found

    def _compare_lines(self, message):
        """Lay the product lines of a filing beside those of the plan."""
        wanted = self._prepare_lines(message)
        found = self._match_lines(wanted)
        listed = set(found.values())
        unlisted = self.line_ids.filtered(lambda line: line not in listed)
        kept = unlisted._filter_in_use()
        return _Comparison(wanted, found, kept, unlisted - kept)

    def _prepare_line_commands(self, message):
        """Commands that make the product lines what a filing says; none if they are."""
        wanted, found, _kept, gone = self._compare_lines(message)
        commands = [Command.delete(line.id) for line in gone]
        for position, vals in enumerate(wanted):
            line = found.get(position)
            if not line:
                commands.append(Command.create(vals))
            elif differs(line, vals):
                commands.append(Command.update(line.id, vals))
        return commands

    def _drop_unlisted(self, message):
        """Delete the lines that a filing does not list, but for those in use.

        :returns: names of the lines that are kept
        """
        lines = self._compare_lines(message)
        if lines.gone:
            self.write({"line_ids": [Command.delete(line.id) for line in lines.gone]})
        return lines.kept.mapped("display_name")

    def _prepare_lines(self, message):
        lines = message.lines or [message]
        return [self._prepare_line_vals(line, message) for line in lines]

    def _prepare_line_vals(self, line, message):
        """Values of a product line; what it does not give is as in the plan."""
        return {
            "brand": line.brand or message.brand,
            "series": line.series or message.series,
            "model": line.model or message.model,
            "production_start": fields.Date.to_date(line.productionStart),
            "production_end": fields.Date.to_date(line.productionEnd),
            "announced_count": line.numRecall,
            "vin_range": line.vinRange,
        }


def differs(record, vals):
    """Whether writing ``vals`` would change ``record``."""
    now = record._convert_to_write({name: record[name] for name in vals})
    return any((now[name] or False) != (vals[name] or False) for name in vals)


def _key(line, names):
    return tuple(line[name] or False for name in names)
