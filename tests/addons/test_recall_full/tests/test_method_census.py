# SPDX-License-Identifier: LGPL-3.0-only
import inspect

from odoo import models
from odoo.tests import TransactionCase, tagged

from .approved import OWN_MODULES, ApprovedCase


@tagged("post_install", "-at_install")
class TestMethodCensus(ApprovedCase, TransactionCase):
    """Every method of ours that an account can call over RPC, past the views."""

    def _methods(self):
        for name, model in self.env.registry.items():
            for cls in model.__mro__:
                module = cls.__module__.removeprefix("odoo.addons.").partition(".")[0]
                if module in OWN_MODULES:
                    yield from ((name, method) for method in self._callable(cls))

    def _callable(self, cls):
        for name, value in vars(cls).items():
            inherited = hasattr(models.BaseModel, name)
            private = getattr(value, "_api_private", False)
            if (
                inspect.isfunction(value)
                and not name.startswith("_")
                and not inherited
                and not private
            ):
                yield name

    def test_method_became_callable_without_approval(self):
        """X-ACCESS: each method that RPC reaches is approved."""
        self.assertApproved("methods.csv", ("model", "method"), self._methods())
