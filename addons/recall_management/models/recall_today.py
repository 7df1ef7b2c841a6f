# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

from .recall_enterprise_watch_state import ATTENTION

#: Days after which an open quarantine entry is pointed out.
OLD_DAYS = 7
#: Days of repairs whose late reports are counted.
LATE_DAYS = 30
#: Terminals with trouble that the page names.
ROWS = 10
#: States of a terminal, by what is to be done.
DOWN, SLOW, EXPIRING = ("down", "failing"), ("slow", "silent"), ("certificate", "token")


class RecallToday(models.AbstractModel):
    """The regulator's landing page: what must be done today (M-MONITOR).

    Everything is counted with the account's own rights: the account of a producer sees
    its own figures on the same page. No tile counts a big table.
    """

    _name = "recall.today"
    _inherit = "recall.dashboard"
    _description = "Board of the management terminal"
    _roles = ("recall_management.group_viewer", "recall_management.group_producer")

    def _get_producers(self):
        return self.env["recall.producer"].search([])

    def _get_empty_sentence(self, producers):
        if not producers and not self._is_engineer():
            return self.env._(
                "No producer is here for your account yet. An administrator assigns "
                "producers under Settings, Users."
            )
        if not self.env["recall.plan"].search_count(
            [("producer_id", "in", producers.ids)], limit=1
        ) and not self.env["recall.enterprise"].search_count([], limit=1):
            return self.env._(
                "Nothing to do yet. Figures appear when the first plan is imported and "
                "the first terminal is connected."
            )
        return ""

    def _is_engineer(self):
        return self.env.user.has_group("recall_management.group_engineer")

    # === Tiles === #

    def _prepare_tiles(self, producers, chosen):
        return [
            *self._tiles_terminals(chosen),
            self._tile_incidents(chosen),
            self._tile_quarantine(chosen),
            self._tile_behind(chosen),
            self._tile_late(chosen),
            self._tile_filed(chosen),
            *self._tiles_imports(chosen),
        ]

    def _tiles_terminals(self, chosen):
        for key, label, states, level in (
            ("down", self.env._("Terminals down or failing"), DOWN, "danger"),
            ("slow", self.env._("Slow or silent"), SLOW, "warning"),
            (
                "expiring",
                self.env._("Certificate or token expires"),
                EXPIRING,
                "warning",
            ),
        ):
            yield self._count_tile(
                key,
                label,
                "recall.enterprise",
                Domain("state", "in", states),
                chosen,
                level=level,
            )

    def _tile_incidents(self, chosen):
        waiting = Domain("closed_at", "=", False)
        fresh = waiting & Domain("acknowledged_id", "=", False)
        path = "enterprise_id.producer_id"
        if chosen:
            fresh &= Domain(path, "=", chosen.id)
        return self._count_tile(
            "incidents",
            self.env._("Open incidents"),
            "recall.incident",
            waiting,
            chosen,
            path=path,
            hint=self.env._(
                "%(count)s not acknowledged",
                count=self.env["recall.incident"].search_count(fresh),
            ),
            level="danger",
        )

    def _tile_behind(self, chosen):
        return self._count_tile(
            "behind",
            self.env._("Plans behind"),
            "recall.plan",
            Domain("is_behind", "=", True),
            chosen,
            hint=self.env._("below what is usual"),
            level="warning",
        )

    def _tile_late(self, chosen):
        """Reports that came after 24:00 of the next day (7.3), from the day figures."""
        since = fields.Date.context_today(self) - timedelta(days=LATE_DAYS)
        domain = Domain("day", ">=", since) & Domain("late", ">", 0)
        if chosen:
            domain &= Domain("plan_id.producer_id", "=", chosen.id)
        days = self.env["recall.statistic.day"]
        [(late, plans)] = days._read_group(
            domain, [], ["late:sum", "plan_id:recordset"]
        )
        label = self.env._("Late reports")
        action = {
            "type": "ir.actions.act_window",
            "name": label,
            "res_model": "recall.plan",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", plans.ids)],
        }
        return self._tile(
            "late",
            label,
            late or 0,
            action,
            hint=self.env._(
                "repaired in the last %(days)s days, of %(count)s plans",
                days=LATE_DAYS,
                count=len(plans),
            ),
            level="warning",
        )

    def _tile_quarantine(self, chosen):
        path = "enterprise_id.producer_id"
        limit = fields.Datetime.now() - timedelta(days=OLD_DAYS)
        waiting = Domain("state", "=", "open")
        long_ago = waiting & Domain("create_date", "<", limit)
        if chosen:
            long_ago &= Domain(path, "=", chosen.id)
        old = self.env["recall.quarantine"].search_count(long_ago)
        return self._count_tile(
            "quarantine",
            self.env._("In quarantine"),
            "recall.quarantine",
            waiting,
            chosen,
            path=path,
            hint=self.env._(
                "%(count)s for more than %(days)s days", count=old, days=OLD_DAYS
            ),
            level="danger" if old else "warning",
        )

    def _tile_filed(self, chosen):
        return self._count_tile(
            "filed",
            self.env._("Plans to publish"),
            "recall.plan",
            Domain("state", "=", "filed"),
            chosen,
            hint=self.env._("filed, not published"),
            level="warning",
        )

    def _tiles_imports(self, chosen):
        """Imports that wait for somebody; for those who import."""
        if not self.env["recall.import"].has_access("read"):
            return []
        unended = Domain("state", "not in", ("done", "stopped"))
        refused = unended & Domain("refused_count", ">", 0)
        return [
            self._count_tile(
                "imports",
                self.env._("Imports with errors"),
                "recall.import",
                refused | Domain("state", "=", "failed"),
                chosen,
                level="warning",
            )
        ]

    # === Terminals === #

    def _prepare_tables(self, producers, chosen):
        domain = Domain("state", "in", ATTENTION)
        if chosen:
            domain &= Domain("producer_id", "=", chosen.id)
        # The few that are in trouble, not the fleet.
        terminals = self.env["recall.enterprise"].search(domain)
        ranked = terminals.sorted(lambda item: ATTENTION.index(item.state))
        return [
            {
                "key": "terminals",
                "title": self.env._("Terminals with trouble"),
                "columns": [
                    self.env._("Terminal"),
                    self.env._("State"),
                    self.env._("What is wrong"),
                ],
                "rows": [self._terminal_row(terminal) for terminal in ranked[:ROWS]],
                "empty": self.env._("All terminals answer."),
            }
        ]

    def _terminal_row(self, terminal):
        states = dict(terminal._fields["state"]._description_selection(self.env))
        return {
            "cells": [terminal.name, states[terminal.state], terminal.trouble or ""],
            "action": {
                "type": "ir.actions.act_window",
                "res_model": "recall.enterprise",
                "res_id": terminal.id,
                "views": [(False, "form")],
            },
        }

    def _prepare_checklist(self, producers):
        if not self.env.user.has_group("recall_management.group_administrator"):
            return False
        return self._checklist(
            self.env["recall.today.checklist"]._prepare_steps(),
            self.env._("All is set up: the terminals are asked on schedule."),
        )
