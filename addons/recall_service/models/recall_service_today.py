# SPDX-License-Identifier: LGPL-3.0-only
from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.recall_base.models.recall_token import SOON
from odoo.addons.recall_base.tools.messages import ApiStatus

#: Share of a quota from which it is nearly used.
NEARLY = 0.8
#: Days of the plot.
DAYS = 14
#: Answers of the public search that the plot counts together.
LOOKUPS = (("open",), ("done", "none", "invalid"), ("unavailable",))
#: Interfaces that the page names.
ROWS = 10


class RecallServiceToday(models.AbstractModel):
    """The service operator's landing page: what must be done today."""

    _name = "recall.service.today"
    _inherit = "recall.dashboard"
    _description = "Board of the service terminal"
    _roles = ("recall_service.group_operator",)

    # === Tiles === #

    def _prepare_tiles(self, producers, chosen):
        return [
            self._tile_alarms(),
            self._tile_waiting(),
            self._tile_asked(),
            *self._tiles_tokens(),
            self._tile_quotas(),
            self._tile_pushes(),
            *self._tiles_mails(),
            self._tile_objections(),
            self._tile_webhooks(),
            *self._tiles_log(),
        ]

    def _tile_alarms(self):
        return self._count_tile(
            "lookup_alarms",
            self.env._("Alarms about look-ups"),
            "recall.lookup.alarm",
            Domain("acknowledged_at", "=", False),
            None,
            level="danger",
        )

    def _tile_waiting(self):
        oldest = self.env["recall.data.application"].search(
            [("state", "=", "waiting")], order="confirmed_at", limit=1
        )
        hint = oldest and self.env._(
            "the oldest of %(day)s", day=format_date(self.env, oldest.confirmed_at)
        )
        return self._count_tile(
            "applications",
            self.env._("Applications to decide on"),
            "recall.data.application",
            Domain("state", "=", "waiting"),
            None,
            hint=hint or "",
            level="warning",
        )

    def _tile_asked(self):
        return self._count_tile(
            "asked",
            self.env._("Waiting for the applicant"),
            "recall.data.application",
            Domain("state", "=", "more"),
            None,
        )

    def _tiles_tokens(self):
        """Tokens about to expire; for those who keep tokens."""
        if not self.env["recall.token"].has_access("read"):
            return []
        now = fields.Datetime.now()
        domain = (
            Domain("data_user_id.active", "=", True)
            & Domain("revoked_at", "=", False)
            & Domain("probe", "=", False)
            & Domain("expires_at", ">", now)
            & Domain("expires_at", "<=", now + timedelta(days=SOON))
        )
        return [
            self._count_tile(
                "tokens",
                self.env._("Tokens about to expire"),
                "recall.token",
                domain,
                None,
                hint=self.env._(
                    "within %(days)s days; their users are told", days=SOON
                ),
                level="warning",
            )
        ]

    def _tile_quotas(self):
        nearly = [interface.id for interface, _used in self._get_nearly_used()]
        return self._count_tile(
            "quotas",
            self.env._("Quotas nearly used today"),
            "recall.share.interface",
            Domain("id", "in", nearly),
            None,
            hint=self.env._("from %(share)s%% on", share=round(NEARLY * 100)),
            level="warning",
        )

    def _tile_pushes(self):
        return self._count_tile(
            "pushes",
            self.env._("Messages that failed"),
            "recall.push",
            Domain("state", "=", "failed") | Domain("unclear", "=", True),
            None,
            level="danger",
        )

    def _tiles_mails(self):
        """Mails besides messages that were refused or given up; for those who may see
        mails."""
        Mail = self.env["mail.mail"]
        if not Mail.has_access("read"):
            return []
        return [
            self._count_tile(
                "mails",
                self.env._("Mails that failed"),
                "mail.mail",
                Mail._get_own_domain()
                & Mail._get_failed_domain()
                & Domain("recall_push_ids", "=", False),
                None,
                level="danger",
            )
        ]

    def _tile_objections(self):
        return self._count_tile(
            "objections",
            self.env._("Objections overdue"),
            "recall.objection",
            Domain("overdue", "=", True),
            None,
            level="danger",
        )

    def _tile_webhooks(self):
        """Receivers that take nothing, those given up after three days among them."""
        failing = Domain("failing_since", "!=", False)
        oldest = self.env["recall.webhook"].search(
            failing, order="failing_since", limit=1
        )
        hint = oldest and self.env._(
            "%(data_user)s since %(day)s",
            data_user=oldest.data_user_id.name,
            day=format_date(self.env, oldest.failing_since),
        )
        return self._count_tile(
            "webhooks",
            self.env._("Webhooks that fail"),
            "recall.webhook",
            failing,
            None,
            hint=hint or "",
            level="danger",
        )

    def _get_nearly_used(self):
        """List of ``(interface, VINs today)``, the most used first."""
        interfaces = self.env["recall.share.interface"].search(
            [("sandbox", "=", False), ("data_user_id.active", "=", True)]
        )
        used = self.env["recall.share.usage"]._read_today(interfaces)
        nearly = [
            (interface, used[interface])
            for interface in interfaces
            if used[interface] >= NEARLY * interface.quota_day
        ]
        return sorted(nearly, key=lambda pair: -pair[1] / pair[0].quota_day)

    # === Plot and table === #

    def _prepare_plots(self, producers, chosen):
        today = fields.Date.today()
        first = today - timedelta(days=DAYS - 1)
        return [self._plot_lookups(first, today), self._plot_requests(first, today)]

    def _plot_lookups(self, first, last):
        days = self.env["recall.lookup.usage"]._read_days([], first, last)
        names = (
            self.env._("Open recall"),
            self.env._("Other answers"),
            self.env._("Could not be checked"),
        )
        series = [
            (name, [sum(counts[answer] for answer in part) for counts in days.values()])
            for name, part in zip(names, LOOKUPS, strict=True)
        ]
        return self._plot(
            "lookups",
            self.env._("Look-ups on the public page, last %(days)s days", days=DAYS),
            "days",
            [self._name_day(day) for day in days],
            series,
            more=self._open("recall_service.recall_lookup_usage_action"),
        )

    def _name_day(self, day):
        return format_date(self.env, day, date_format="MM-dd")

    def _plot_requests(self, first, last):
        days = self.env["recall.share.usage"]._read_days([], first, last)
        limited = int(ApiStatus.RATE_LIMITED)
        answered = [counts[int(ApiStatus.SUCCESS)] for counts in days.values()]
        over = [counts[limited] for counts in days.values()]
        refused = [
            counts.total() - good - above
            for counts, good, above in zip(days.values(), answered, over, strict=True)
        ]
        return self._plot(
            "requests",
            self.env._("Requests of data users, last %(days)s days", days=DAYS),
            "days",
            [self._name_day(day) for day in days],
            [
                (self.env._("Answered"), answered),
                (self.env._("Over the quota"), over),
                (self.env._("Refused or failed"), refused),
            ],
            more=self._open("recall_service.recall_share_usage_action"),
        )

    def _prepare_tables(self, producers, chosen):
        rows = [
            {
                "cells": [
                    interface.data_user_id.name,
                    interface.name,
                    f"{used:,} / {interface.quota_day:,}",
                ],
                "action": {
                    "type": "ir.actions.act_window",
                    "res_model": "recall.share.interface",
                    "res_id": interface.id,
                    "views": [(False, "form")],
                },
            }
            for interface, used in self._get_nearly_used()[:ROWS]
        ]
        return [
            {
                "key": "quotas",
                "title": self.env._("Quotas nearly used today"),
                "columns": [
                    self.env._("Data user"),
                    self.env._("Interface"),
                    self.env._("VINs today"),
                ],
                "rows": rows,
                "empty": self.env._("Everybody is well within the quota."),
            }
        ]
