# SPDX-License-Identifier: LGPL-3.0-only
"""The product's own domain tools, loaded without Odoo."""

import importlib.util
from types import ModuleType

from stack.settings import ADDONS


def _load(name: str) -> ModuleType:
    path = ADDONS / "recall_base" / "tools" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"recall_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


vin = _load("vin")
