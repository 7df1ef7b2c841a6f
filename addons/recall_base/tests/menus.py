# SPDX-License-Identifier: LGPL-3.0-only
from lxml import etree

from odoo.tests import Form
from odoo.tools.safe_eval import safe_eval

from .common import RecallCommon


class MenuCase(RecallCommon):
    """Opens what a role is shown in the menu, as the web client does."""

    def open_menus(self, user, module):
        """Open every action in the menus of ``module`` that ``user`` is shown.

        Each list is read with all its fields and searched by each of its filters, and
        the form of the first record is opened.

        :returns: names of the menus opened
        """
        menus = self.env["ir.ui.menu"].with_user(user).load_menus(False)
        prefix = f"{module}."
        opened = []
        for menu_id, menu in menus.items():
            if menu_id == "root" or not (menu["xmlid"] or "").startswith(prefix):
                continue
            if menu["action_model"] == "ir.actions.act_window":
                with self.subTest(user=user.login, menu=menu["name"]):
                    self._open_action(user, menu["action_id"])
                    opened.append(menu["name"])
        return opened

    def _open_action(self, user, action_id):
        env = self.env(user=user)
        action = env["ir.actions.act_window"]._for_xml_id(
            self.env["ir.actions.act_window"]
            .browse(action_id)
            .get_external_id()[action_id]
        )
        model = env[action["res_model"]]
        views = model.get_views([*map(tuple, action["views"]), (False, "search")])
        for kind, view in views["views"].items():
            arch = etree.fromstring(view["arch"])
            if kind == "list":
                self._read_list(model, arch, action)
            elif kind == "search":
                self._search_by_filters(model, arch)
            elif kind == "graph":
                model.formatted_read_group([], self._groupby(model, arch), ["__count"])
            elif kind == "form" and not model._transient:
                first = model.search([], limit=1)
                if first:
                    Form(first)

    def _read_list(self, model, arch, action):
        fields = {
            node.get("name"): (
                {"fields": {"display_name": {}}}
                if model._fields[node.get("name")].relational
                else {}
            )
            for node in arch.iterfind("./field")
        }
        domain = self._evaluate(model, action["domain"] or "[]")
        model.web_search_read(domain, fields, limit=80)

    def _search_by_filters(self, model, arch):
        for node in arch.iter("filter"):
            if node.get("domain"):
                model.search(self._evaluate(model, node.get("domain")), limit=1)
            if node.get("context"):
                groupby = self._evaluate(model, node.get("context"))["group_by"]
                model.formatted_read_group([], [groupby], ["__count"])

    def _evaluate(self, model, text):
        return safe_eval(text, {"uid": model.env.uid})

    def _groupby(self, model, arch):
        return [
            self._with_interval(model, node)
            for node in arch.iterfind("./field")
            if node.get("type") != "measure"
        ]

    def _with_interval(self, model, node):
        """What the client asks for: dates by month, if the view says nothing else."""
        name = node.get("name")
        if model._fields[name].type not in ("date", "datetime"):
            return name
        return f"{name}:{node.get('interval', 'month')}"
