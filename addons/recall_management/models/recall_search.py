# SPDX-License-Identifier: LGPL-3.0-only
import re

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.recall_base.tools import vin

from .end_of_vin_mixin import TAIL_LENGTH

#: Entries of a kind that are shown; the whole list is behind "All".
LIMIT = 20
#: The beginning of a recall number: S2025, S2025M01, S2025M0149I.
NUMBER = re.compile(r"[SE]20[0-9]{2}([A-Z][0-9]{0,4}[VIO]?)?\Z")
#: A VIN that does not meet GB 16735 may be shorter.
SHORTEST_VIN = 7
LEVELS = {"done": "success", "open": "warning", "unreachable": "warning"}


class RecallSearch(models.AbstractModel):
    """The search of the regulator's application: VIN, its last six, recall number.

    What an account may not see it does not find: all is read with its own rights. Each
    kind of text is one index probe, and what is shown of a kind is bounded.
    """

    _name = "recall.search"
    _description = "Search for a vehicle or a recall"

    @api.model
    @api.readonly
    def find(self, text):
        """Find what a text of people's may mean.

        :param str text: a VIN, its last six characters, or a recall number or the
            beginning of one; blanks around it and small letters do not matter
        :returns: dict of ``text`` as it was looked for, ``kind`` (``vin``, ``tail``,
            ``number`` or ``none``: none of these), ``advice`` (a sentence or ``""``)
            and ``groups``: dicts of ``key``, ``title``, ``items`` (``title``,
            ``subtitle``, ``badge``, ``level``, ``action``) and ``more`` (an action,
            or False when all is shown)
        """
        if not self.env.user.has_group("recall_base.group_reader"):
            raise AccessError(self.env._("This page is not part of your role."))
        wanted = vin.normalise_typed(text)
        kind = self._tell_kind(wanted)
        groups = getattr(self, f"_find_by_{kind}")(wanted)
        groups = [group for group in groups if group["items"]]
        return {
            "text": wanted,
            "kind": kind,
            "groups": groups,
            "advice": self._prepare_advice(wanted, kind, groups),
        }

    @staticmethod
    def _tell_kind(text):
        if NUMBER.match(text):
            return "number"
        if len(text) == TAIL_LENGTH:
            return "tail"
        return "vin" if SHORTEST_VIN <= len(text) <= vin.LENGTH else "none"

    def _prepare_advice(self, text, kind, groups):
        if kind == "none":
            return self.env._(
                "Type the whole VIN (17 characters), its last 6 characters, or a "
                "recall number such as S2025M0149I."
            )
        if groups:
            return ""
        if kind == "vin" and len(text) != vin.LENGTH:
            return self.env._(
                "Nothing was found. A VIN has 17 characters, this text has "
                "%(count)s: compare it with the vehicle.",
                count=len(text),
            )
        if kind == "vin" and not vin.is_vin(text):
            return self.env._(
                "Nothing was found. The check digit does not fit: one character is "
                "probably wrong. Compare it with the vehicle."
            )
        return self.env._("Nothing was found: in no recall and not in quarantine.")

    # === One way of looking for each kind of text === #

    def _find_by_none(self, text):
        return []

    def _find_by_vin(self, text):
        domain = Domain("vin", "=", text)
        return [
            self._find_vehicles(domain),
            self._find_reports(domain),
            self._find_quarantine(domain),
        ]

    def _find_by_tail(self, text):
        domain = Domain("vin_tail", "=", text)
        vehicles = self._find_vehicles(domain)
        vins = list({item["vin"] for item in vehicles["items"]})
        return [
            vehicles,
            self._find_reports(Domain("vin", "in", vins)),
            self._find_quarantine(domain),
        ]

    def _find_by_number(self, text):
        plans, more = self._search(
            "recall.plan", Domain("recall_number", "=like", f"{text}%")
        )
        producers = plans.producer_id.ids
        numbers = plans.mapped("recall_number")
        return [
            self._group(
                "plans",
                self.env._("Recall plans"),
                [self._plan_item(plan) for plan in plans],
                more and self._list("recall.plan", self.env._("Recall plans"), more),
            ),
            self._find_quarantine(
                Domain("enterprise_id.producer_id", "in", producers)
                & Domain("recall_number", "in", numbers)
                & Domain("state", "=", "open")
            ),
        ]

    def _find_vehicles(self, domain):
        title = self.env._("Vehicles in the scope of a recall")
        vehicles, more = self._search("recall.vehicle", domain)
        return self._group(
            "vehicles",
            title,
            [self._vehicle_item(vehicle) for vehicle in vehicles],
            more and self._list("recall.vehicle", title, more),
        )

    def _find_reports(self, domain):
        title = self.env._("Repair reports")
        reports, more = self._search("recall.completion", domain)
        return self._group(
            "reports",
            title,
            [self._report_item(report) for report in reports],
            more and self._list("recall.completion", title, more),
        )

    def _find_quarantine(self, domain):
        title = self.env._("Quarantine")
        entries, more = self._search("recall.quarantine", domain)
        return self._group(
            "quarantine",
            title,
            [self._quarantine_item(entry) for entry in entries],
            more and self._list("recall.quarantine", title, more),
        )

    def _search(self, model, domain):
        """Return the newest few, and the domain where there are more of them."""
        records = self.env[model]
        if not records.has_access("read"):
            return records, False
        found = records.search(domain, limit=LIMIT + 1)
        return found[:LIMIT], len(found) > LIMIT and list(domain)

    # === Shapes === #

    def _group(self, key, title, items, more):
        return {"key": key, "title": title, "items": items, "more": more}

    def _item(self, record, title, subtitle, badge, level, **more):
        return {
            "id": record.id,
            "title": title,
            "subtitle": " · ".join(str(part) for part in subtitle if part),
            "badge": badge,
            "level": level,
            "action": self._form(record),
            **more,
        }

    def _plan_item(self, plan):
        return self._item(
            plan,
            plan.display_name,
            (plan.producer_id.name, self._date(plan.recall_start)),
            self._label(plan, "state"),
            "info",
        )

    def _vehicle_item(self, vehicle):
        return {
            **self._item(
                vehicle,
                vehicle.vin,
                (vehicle.plan_id.display_name, vehicle.plan_id.producer_id.name),
                " ".join(
                    (self._label(vehicle, "state"), self._date(vehicle.state_date))
                ).strip(),
                LEVELS.get(vehicle.state, "secondary"),
                vin=vehicle.vin,
            ),
            # A vehicle has no form of its own: it is a line of its plan's list.
            "action": self._form(vehicle.plan_id),
        }

    def _report_item(self, report):
        return self._item(
            report,
            f"{report.vin} · {report.repair_number}",
            (report.recall_number, self._date(report.repair_date), report.dealer_name),
            self._label(report, "state"),
            "success" if report.state == "confirmed" else "secondary",
        )

    def _quarantine_item(self, entry):
        reasons = ", ".join(entry.finding_ids.mapped("name"))
        return self._item(
            entry,
            entry.vin or entry.repair_number or str(entry.id),
            (entry.recall_number, reasons),
            self._label(entry, "state"),
            "danger" if entry.state == "open" else "secondary",
        )

    def _label(self, record, name):
        labels = dict(record._fields[name]._description_selection(self.env))
        return labels.get(record[name], "")

    def _date(self, day):
        return format_date(self.env, day) if day else ""

    @staticmethod
    def _form(record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }

    @staticmethod
    def _list(model, title, domain):
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": domain,
        }
