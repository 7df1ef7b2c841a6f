# SPDX-License-Identifier: LGPL-3.0-only
import time

from odoo import models

#: Seconds after which a process reads again what it remembers.
REMEMBERED_SECONDS = 30


def remember(place, read):
    """What was read in this period: a process reads it once.

    It takes the place of what was read before. An entry of Odoo's cache for each period
    would push out Odoo's own.

    :param list place: empty at first, and kept by an ``ormcache``
    :param read: function without arguments
    """
    period = time.monotonic() // REMEMBERED_SECONDS
    if not place or place[0][0] != period:
        place[:] = [(period, read())]
    return place[0][1]


class RecallRememberedMixin(models.AbstractModel):
    """``recall.remembered.mixin``: fields that look-ups remember instead of reading.

    A look-up has milliseconds; what a plan says and what a token permits is the same
    in thousands of them. Each process keeps it by Odoo's ``ormcache``, and Odoo tells
    all of them to forget it: every request asks first whether something has changed.
    Whatever else changed it, ``remember`` reads it anew soon.
    """

    _name = "recall.remembered.mixin"
    _description = "Fields that look-ups remember"

    #: Names of the fields whose change is to be known at once.
    _remembered_fields = frozenset()

    def write(self, vals):
        if not self._remembered_fields.isdisjoint(vals):
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
