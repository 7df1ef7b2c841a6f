# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields, models

#: After so many failed cycles in a row the breaker opens.
OPENS_AFTER = 3
#: How often a terminal is tried while its breaker is open.
TRY_EVERY = timedelta(hours=1)
#: Outcomes for which no terminal is to blame: our storage, keys, settings, faults.
OURS = frozenset({"storage", "token", "address", "request"})


class RecallEnterprise(models.Model):
    """The circuit breaker: a terminal that keeps failing is spared, and so are we.

    A *cycle* is one scheduled request with all its pages, from lease to release. It has
    failed when its last answer was none or none that could be used: no connection, no
    answer in time, TLS, HTTP status, wrong length or type, a malformed message, or a
    refusal by ``api_status``. What is our own fault (``OURS``) counts neither way.

    After three failed cycles the breaker opens: the terminal is tried once an hour, and
    is *half open* while it is. One success closes it; so does whoever asks by hand and
    gets an answer.
    """

    _inherit = "recall.enterprise"
    _kept_fields = {"breaker", "breaker_since", "failed_cycles", "cycle_failed"}

    breaker = fields.Selection(
        [
            ("closed", "Closed: asked as scheduled"),
            ("open", "Open: tried once an hour"),
            ("half_open", "Half open: being tried"),
        ],
        string="Circuit breaker",
        default="closed",
        required=True,
        readonly=True,
        copy=False,
        help="Closed: asked as scheduled. Open: after 3 failed cycles the terminal is "
        "tried once an hour only; one success closes the breaker.",
    )
    breaker_since = fields.Datetime(
        string="Circuit breaker open since", readonly=True, copy=False
    )
    failed_cycles = fields.Integer(
        string="Failed cycles in a row",
        readonly=True,
        copy=False,
        help="A cycle is one scheduled request with all its pages.",
    )
    cycle_failed = fields.Boolean(readonly=True, copy=False)

    def _prepare_request(self):
        if self.breaker == "open":
            self.breaker = "half_open"
        return super()._prepare_request()

    def _note_success(self, fetched, parsed):
        result = super()._note_success(fetched, parsed)
        self.write(
            {
                "cycle_failed": False,
                "failed_cycles": 0,
                "breaker": "closed",
                "breaker_since": False,
            }
        )
        return result

    def _note_failure(self, fetched, outcome, error, api_status=False):
        result = super()._note_failure(fetched, outcome, error, api_status)
        if outcome not in OURS:
            self.cycle_failed = True
        return result

    def _release(self, *, due_again):
        if self.cycle_failed:
            self._count_failed_cycle()
        elif self.breaker == "half_open":
            self.breaker = "open"  # tried, but nothing is known: our own fault
        return super()._release(due_again=due_again)

    def _count_failed_cycle(self):
        failed = self.failed_cycles + 1
        opens = failed >= OPENS_AFTER
        self.write(
            {
                "cycle_failed": False,
                "failed_cycles": failed,
                "breaker": "open" if opens else "closed",
                "breaker_since": opens
                and (self.breaker_since or fields.Datetime.now()),
            }
        )

    def _pull_wait(self):
        """Extension: an open breaker makes the wait longer, never shorter."""
        wait = super()._pull_wait()
        return max(wait, TRY_EVERY) if self.breaker == "open" else wait
