# SPDX-License-Identifier: LGPL-3.0-only
"""What the add-ons' sources must say where they set Odoo's protection aside."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stack.settings import ADDONS

LEFT_OUT = {"tests", "static", "i18n", "migrations"}
#: Calls of sudo() in the controllers, each with its reason beside it.
APPROVED = {
    "recall_service/controllers/code_page.py": 1,
    "recall_service/controllers/my_vehicles.py": 5,
    "recall_service/controllers/objection.py": 1,
    "recall_service/controllers/open_data.py": 1,
    "recall_service/controllers/partners.py": 1,
    "recall_service/controllers/phone.py": 4,
    "recall_service/controllers/portal.py": 3,
    "recall_service/controllers/portal_fleet.py": 1,
    "recall_service/controllers/portal_webhook.py": 1,
    "recall_service/controllers/subscription.py": 2,
}


def parse_sources() -> Iterator[tuple[Path, ast.Module]]:
    """Path below addons/ and syntax tree of each source of the product."""
    for path in sorted(ADDONS.glob("*/**/*.py")):
        relative = path.relative_to(ADDONS)
        if not LEFT_OUT & set(relative.parts):
            yield relative, ast.parse(path.read_text())


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements without others inside, with which a comment can stand."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            yield node


def _find_sudo() -> Iterator[tuple[Path, int, bool]]:
    """Path, line, and whether a comment stands by, of each call of sudo()."""
    for path, tree in parse_sources():
        lines = (ADDONS / path).read_text().splitlines()
        for call in ast.walk(tree):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "sudo"
                and not call.args
            ):
                yield path, call.end_lineno, _has_comment(lines, tree, call)


def _has_comment(lines: list[str], tree: ast.Module, call: ast.Call) -> bool:
    around = [
        node
        for node in _statements(tree)
        if node.lineno <= call.lineno and call.end_lineno <= node.end_lineno
    ]
    statement = min(around, key=lambda node: node.end_lineno - node.lineno)
    above = lines[statement.lineno - 2].strip()
    within = lines[statement.lineno - 1 : statement.end_lineno]
    if isinstance(statement, ast.With | ast.For | ast.If):
        within = within[: call.end_lineno - statement.lineno + 1]
    return above.startswith("#") or any("# " in line for line in within)


def test_controller_acts_as_superuser_unapproved():
    """X-ACCESS: the doors of the server escalate in a listed few places only."""
    found = Counter(
        str(path)
        for path, _line, _reason in _find_sudo()
        if "controllers" in path.parts
    )
    assert dict(found) == APPROVED


def test_superuser_acts_without_a_reason():
    """X-ACCESS: each escalation says why, where it happens."""
    silent = [f"{path}:{line}" for path, line, reason in _find_sudo() if not reason]
    assert not silent, "\n".join(silent)


def test_token_of_forms_is_waived_without_a_reason():
    """X-ATTACK: a route without CSRF token says why none is needed."""
    for path, tree in parse_sources():
        lines = (ADDONS / path).read_text().splitlines()
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call):
                continue
            options = {word.arg: word.value for word in call.keywords}
            csrf = options.get("csrf")
            if not isinstance(csrf, ast.Constant) or csrf.value:
                continue
            kind = options.get("type")
            is_message = isinstance(kind, ast.Constant) and kind.value == "recall"
            near = lines[csrf.lineno - 2 : csrf.lineno]
            assert is_message or any("#" in line for line in near), (
                f"{path}:{csrf.lineno}"
            )
