# SPDX-License-Identifier: LGPL-3.0-only
from odoo.tests import TransactionCase, tagged

from .approved import OWN_MODULES, ApprovedCase

HEADER = (
    "module",
    "path",
    "controller",
    "type",
    "auth",
    "csrf",
    "methods",
    "readonly",
    "save_session",
    "max_content_length",
)

#: Odoo's routes that we extend, and leave as they are but for what we add.
ODOOS_OWN = {"/web/session/destroy", "/web/session/logout"}


def _module(cls):
    return cls.__module__.removeprefix("odoo.addons.").partition(".")[0]


def _text(value):
    return "callable" if callable(value) else str(value)


@tagged("post_install", "-at_install")
class TestRouteCensus(ApprovedCase, TransactionCase):
    """Every door of the server that is ours or that stands open without a session."""

    def _routes(self):
        """Yield ``(controller that defines it last, whether one of ours does, rule)``;
        one of ours goes first."""
        for rule in self.env["ir.http"].routing_map().iter_rules():
            method = rule.endpoint.func
            definers = [
                cls
                for cls in type(method.__self__).__mro__
                if method.__name__ in vars(cls)
            ]
            own = [cls for cls in definers if _module(cls) in OWN_MODULES]
            # Of Odoo's add-ons it depends on the installation which comes last.
            yield (own or definers)[0], bool(own), rule

    def _row(self, definer, rule):
        routing = rule.endpoint.routing
        return (
            _module(definer),
            rule.rule,
            f"{definer.__qualname__}.{rule.endpoint.func.__name__}",
            routing["type"],
            routing["auth"],
            _text(routing.get("csrf", True)),
            " ".join(sorted(routing["methods"] or ["any"])),
            _text(routing["readonly"]),
            _text(routing.get("save_session", routing["auth"] != "bearer")),
            _text(routing.get("max_content_length", "default")),
        )

    def _is_open(self, rule):
        """Whether no session or no token of a form is asked for."""
        routing = rule.endpoint.routing
        unguarded = routing["type"] == "http" and not routing.get("csrf", True)
        return routing["auth"] == "none" or unguarded

    def test_route_was_added_or_changed_without_approval(self):
        """X-ATTACK, X-ACCESS: each route of ours and each open one is approved."""
        installed = set(self.env.registry._init_modules)
        self.assertApproved(
            "routes.csv",
            HEADER,
            (
                self._row(definer, rule)
                for definer, own, rule in self._routes()
                if own or self._is_open(rule)
            ),
            # A database for tests may have more or fewer of Odoo's own add-ons.
            may_lack=lambda row: row[0] not in installed,
        )

    def test_route_of_ours_has_no_limit_or_shows_tracebacks(self):
        """X-ATTACK: our routes bound the body and are of no type that shows faults."""
        for definer, own, rule in self._routes():
            if not own or rule.rule in ODOOS_OWN:
                continue
            routing = rule.endpoint.routing
            with self.subTest(module=_module(definer), path=rule.rule):
                self.assertIn(routing["type"], ("http", "recall"))
                self.assertIsInstance(routing.get("max_content_length"), int)
                if routing["type"] == "recall":
                    self.assertEqual(routing["auth"], "none")
                    self.assertIs(routing["save_session"], False)
                    self.assertIs(routing["csrf"], False)
