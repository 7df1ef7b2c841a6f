# SPDX-License-Identifier: LGPL-3.0-only
import time

from odoo import models

#: Seconds after which a process reads again what it remembers.
REMEMBERED_SECONDS = 30


def current_period():
    """Number of the period that a process remembers things for: part of their key."""
    return time.monotonic() // REMEMBERED_SECONDS


class RecallRememberedMixin(models.AbstractModel):
    """``recall.remembered.mixin``: fields that look-ups remember instead of reading.

    A look-up has milliseconds; what a plan says and what a token permits is the same
    in thousands of them. Each process keeps it by Odoo's ``ormcache``, and Odoo tells
    all of them to forget it: every request asks first whether something has changed.
    Whatever else changed it, ``current_period`` in the key ends it soon.
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
