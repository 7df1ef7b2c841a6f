# SPDX-License-Identifier: LGPL-3.0-only
from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain


class RecallDashboard(models.AbstractModel):
    """The landing page of a terminal: what must be done, and how things stand.

    A terminal inherits it under a name of its own, says in ``_roles`` who may open it,
    and shows it by a client action with the tag ``recall_dashboard`` and the parameter
    ``model``. One call brings the page; the component (static/src/dashboard) draws it.
    """

    _name = "recall.dashboard"
    _description = "Dashboard"

    #: XML ids of the groups that may open the page.
    _roles = ()

    @api.model
    @api.readonly
    def get_figures(self, producer_id=None):
        """Return all that the page shows.

        :param int producer_id: show this producer's figures only
        :returns: dict of ``producers``, ``tiles``, ``plots``, ``tables``,
            ``checklist`` (False: no part of this account's page) and ``empty``, the
            sentence for a page without figures
        """
        self._check_role()
        producers = self._get_producers()
        chosen = producers.filtered(lambda item: item.id == producer_id)
        shown = chosen or producers
        empty = self._get_empty_sentence(shown)
        return {
            "producers": [{"id": item.id, "name": item.name} for item in producers],
            "producer_id": chosen.id,
            "tiles": [] if empty else self._prepare_tiles(shown, chosen),
            "plots": [] if empty else self._prepare_plots(shown, chosen),
            "tables": [] if empty else self._prepare_tables(shown, chosen),
            "checklist": self._prepare_checklist(shown),
            "empty": empty,
        }

    @api.model
    def set_checklist_hidden(self, hidden):
        """Hide the checklist from this account's page, or show it again."""
        self._check_role()
        # sudo: an account may not write to itself; this is its own page only.
        self.env.user.sudo().recall_checklist_hidden = bool(hidden)

    def _check_role(self):
        if not any(self.env.user.has_group(role) for role in self._roles):
            raise AccessError(self.env._("This page is not part of your role."))

    # === What a terminal fills in === #

    def _get_producers(self):
        """Producers whose figures the account may see."""
        return self.env["recall.producer"]

    def _get_empty_sentence(self, producers):
        """What to say on a page that has no figures yet; "" when it has."""
        return ""

    def _prepare_tiles(self, producers, chosen):
        """List of ``_tile``."""
        return []

    def _prepare_plots(self, producers, chosen):
        """List of ``_plot``."""
        return []

    def _prepare_tables(self, producers, chosen):
        """List of dicts ``key``, ``title``, ``columns`` (names), ``rows`` (dicts of
        ``cells`` and ``action``) and ``empty``, the sentence for no rows."""
        return []

    def _prepare_checklist(self, producers):
        """``_checklist`` of the first steps; False for who has no part in them."""
        return False

    # === Shapes === #

    @api.model
    def _tile(self, key, label, value, action, *, hint="", level=""):
        """A figure that leads to its list.

        :param action: XML id, or dict of an action; False where there is no list
        :param str level: ``danger`` or ``warning`` where something must be done
        """
        return {
            "key": key,
            "label": label,
            "value": value,
            "hint": hint,
            "level": level if value else "",
            "action": action,
        }

    def _tiles_log(self):
        """What is wrong with the operation log, if anything.

        That it is not sealed is told to everybody: after some hours nothing can be
        written any more.
        """
        troubles = self.env["recall.audit.seal"]._find_troubles()
        reads = self.env["recall.audit.verification"].has_access("read")
        hints = {
            "unsealed": self.env._("not sealed: see that scheduled actions run"),
            "tampered": self.env._("it differs: open the last verification"),
        }
        tile = self._tile(
            "log",
            self.env._("Own operation log"),
            len(troubles),
            reads and self._open("recall_base.recall_audit_verification_action"),
            hint=", ".join(hints[trouble] for trouble in troubles),
            level="danger",
        )
        return [tile] if troubles else []

    def _count_tile(
        self, key, label, model, domain, chosen, *, path="producer_id", **shown
    ):
        """A tile of the records in ``domain`` that leads to the list of the same.

        :param Domain domain: what is counted and listed
        :param chosen: ``recall.producer``; if one, only its records, by ``path``
        :param shown: ``hint`` and ``level`` of ``_tile``
        """
        if chosen:
            domain &= Domain(path, "=", chosen.id)
        action = {
            "type": "ir.actions.act_window",
            "name": label,
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": list(domain),
        }
        count = self.env[model].search_count(domain)
        return self._tile(key, label, count, action, **shown)

    @api.model
    def _plot(self, key, title, kind, labels, series, *, actions=None, unit="", **more):
        """A plot with its table.

        :param str kind: ``bars`` (lying, one a label) or ``days`` (lines)
        :param series: list of ``(name, values)``
        :param actions: an action for each label
        """
        return {
            "key": key,
            "title": title,
            "kind": kind,
            "labels": labels,
            "series": [{"name": name, "values": values} for name, values in series],
            "actions": actions or [],
            "unit": unit,
            **more,
        }

    @api.model
    def _step(self, key, title, sentence, done, button, action):
        """A step of the checklist; ``action`` is where its button leads."""
        return {
            "key": key,
            "title": title,
            "sentence": sentence,
            "done": bool(done),
            "button": button,
            "action": action,
        }

    @api.model
    def _checklist(self, steps, done=""):
        """The first steps, and the sentence for when all are done."""
        hidden = self.env.user.recall_checklist_hidden
        return {"hidden": hidden, "steps": steps, "done": done}

    @api.model
    def _open(self, xml_id, *, chosen=None, **context):
        """An action by its XML id, with filters of its search view switched on."""
        if chosen:
            context["search_default_producer_id"] = chosen.id
        return {"xml_id": xml_id, "context": context}
